//! Kills the real daemon at random instants while files change and questions are asked, and proves again and again
//! that its index is the one that a fresh daemon makes, and that nothing it promised to keep is lost.
//!
//! ```text
//! cargo build --release && cargo run --release -p aiex-crash -- [--kills 1000] [--jobs 2] [--seed N]
//! ```
//!
//! What is done is a function of the seed: the same steps and the same instants. What a blow hits is not, for that
//! depends on the machine. Besides kills at an instant, operations of the daemon on its files fail, end it or take long,
//! below every store: at random, or with `--sweep` one after the other, until none is left. Kills leave the system's own memory of files alone; a power cut is not tested by this.

#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod blow;
mod comparison;
mod control;
mod corpus;
mod failure;
mod fault;
mod job;
mod ledger;
mod program;
mod question;
mod ranking;
mod sweep;
mod tally;
mod tree;
mod workload;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;

use crate::failure::Failure;
use crate::job::{Job, Plan};
use crate::sweep::Sweep;
use crate::tally::Tally;

/// Kills aiex at random while it works, and proves that nothing is lost or wrong.
#[derive(Debug, Parser)]
struct Args {
    /// Where all chance comes from; drawn from the clock otherwise. Job N of several works with SEED + N.
    #[arg(long)]
    seed: Option<u64>,
    /// How often the daemons are killed, all together.
    #[arg(long, default_value_t = 1_000)]
    kills: u64,
    /// Kills of a daemon after which everything is compared with a fresh index.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..))]
    check_every: u64,
    /// Daemons that are hurt side by side, each with a home and a repository of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
    /// Seconds that no command may take, whatever is done to the daemon. More where much else goes on.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(6..=3_600))]
    deadline: u64,
    /// Files in a repository.
    #[arg(long, default_value_t = 300)]
    files: usize,
    /// Instead of chance, each operation on the daemon's files in turn: of a start, and of a change and what is asked
    /// about it. It is killed before the operation, in its midst, or the operation fails. With a number N every N-th.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    sweep: Option<u64>,
    /// The program under test; the one beside this otherwise.
    #[arg(long)]
    program: Option<PathBuf>,
    /// An empty folder, or one to make, with a short path; it stays if something is wrong.
    #[arg(long)]
    scratch: PathBuf,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let seed = args.seed.unwrap_or_else(from_clock);
    let exe = match &args.program {
        Some(exe) => exe.clone(),
        None => {
            let here = std::env::current_exe().map_err(Failure::at(&PathBuf::from("aiex-crash")))?;
            here.with_file_name("aiex")
        }
    };
    let exe = exe.canonicalize().map_err(Failure::at(&exe))?;
    fs::create_dir_all(&args.scratch).map_err(Failure::at(&args.scratch))?;
    let scratch = args.scratch.canonicalize().map_err(Failure::at(&args.scratch))?;
    println!("seed {seed}, {} kills, {} jobs", args.kills, args.jobs);
    let began = Instant::now();
    let is_over = AtomicBool::new(false);
    let (total, failed) = (Mutex::new(Tally::default()), Mutex::new(Ok(())));
    std::thread::scope(|scope| {
        for number in 0..args.jobs {
            let plan = Plan {
                exe: exe.clone(),
                folder: job::folder(&scratch, number),
                seed: seed.wrapping_add(number),
                files: args.files,
                sweep: args
                    .sweep
                    .map(|every| Sweep::new(number * every, every * args.jobs)),
                kills: args.kills / args.jobs + u64::from(number < args.kills % args.jobs),
                check_every: args.check_every,
                deadline: Duration::from_secs(args.deadline),
            };
            let (is_over, total, failed) = (&is_over, &total, &failed);
            scope.spawn(move || match one(plan, is_over, began) {
                Ok(tally) => held(total).add(tally),
                Err(failure) => {
                    is_over.store(true, Ordering::Relaxed);
                    *held(failed) = Err(failure);
                }
            });
        }
    });
    let failed = std::mem::replace(&mut *held(&failed), Ok(()));
    failed?;
    println!("{}", std::mem::take(&mut *held(&total)).row(began.elapsed()));
    for number in 0..args.jobs {
        let folder = job::folder(&scratch, number);
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    Ok(())
}

/// One job to its end. What is wrong is told at once, with the place.
fn one(plan: Plan, is_over: &AtomicBool, began: Instant) -> Result<Tally, Failure> {
    let mut job = Job::new(plan)?;
    let tell = |job: &Job| {
        println!(
            "{:.0} s: fine after {}",
            began.elapsed().as_secs_f64(),
            job.place()
        );
    };
    match job.run(&|| is_over.load(Ordering::Relaxed), &tell) {
        Ok(()) => Ok(std::mem::take(&mut job.tally)),
        Err(failure) => {
            println!("WRONG: {}\n{failure}", job.place());
            Err(failure)
        }
    }
}

fn from_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros() as u64)
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
