//! Measures the real program on real sources: speed, size, freshness, idleness.
//!
//! ```text
//! cargo build --release && cargo run --release -p aiex-bench -- [--chunks 1000,10000,100000] [--only NAME]
//! ```
//!
//! The sources are the dependencies of aiex itself, which lie unpacked in cargo's registry folder on every
//! machine that built it. Rows are Markdown, as `benches/RESULTS.md` keeps them.

#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bars;
mod corpus;
mod crowd;
mod down;
mod exhaustive;
mod measure;
mod process;
mod quantile;
mod rejoin;
mod runs;
mod soak;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Measures aiex on the sources of its own dependencies.
#[derive(Debug, Parser)]
struct Args {
    /// Sizes of the repositories, in chunks.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    chunks: Vec<u64>,
    /// Only these measurements: cold, first, query, cli, fresh, memory, disk, idle, regex, same, known, crowd, and down, which is made only
    /// when it is named: research while every service outside is down. Likewise soak: hours of edits and questions; and runs of
    /// research against stand-ins: killed-runs, failing-runs, small-budgets, followers, repeated. And bars: the smallest and the largest
    /// size, beside what they are to be and what the machine allows.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How long the soak lasts, in minutes.
    #[arg(long, default_value_t = 120)]
    minutes: u64,
    /// Where the picture of the soak is written.
    #[arg(long, default_value = "soak.svg")]
    plot: PathBuf,
    /// The program under test.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Where to lay out the repositories; a temporary folder beside the program otherwise.
    #[arg(long)]
    scratch: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a measurement could not be made.
type Failure = Box<dyn std::error::Error>;

fn run(args: &Args) -> Result<(), Failure> {
    let program = match &args.program {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("aiex"),
    };
    if !program.exists() {
        return Err(format!(
            "{} is not built: run `cargo build --release` first",
            program.display()
        )
        .into());
    }
    let beside = program.parent().map(PathBuf::from).unwrap_or_default();
    let scratch = match &args.scratch {
        Some(path) => {
            std::fs::create_dir_all(path)?;
            tempfile::tempdir_in(path)?
        }
        None => tempfile::tempdir_in(beside)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if args.only.iter().any(|only| only == "down") {
        runtime.block_on(down::all(&program, scratch.path()))?;
        if args.only.len() == 1 {
            return Ok(());
        }
    }
    let mut rest = args
        .only
        .iter()
        .filter(|only| !runs::NAMES.contains(&only.as_str()));
    let has_rest = rest.next().is_some() || args.only.is_empty();
    for name in runs::NAMES {
        if args.only.iter().any(|only| only == name) {
            runtime.block_on(runs::one(name, &program, scratch.path()))?;
        }
    }
    if !has_rest {
        return Ok(());
    }
    if args.only.iter().any(|only| only == "soak") {
        let lasting = Duration::from_secs(60 * args.minutes);
        return runtime.block_on(soak::all(
            &program,
            scratch.path(),
            &args.chunks,
            lasting,
            &args.plot,
        ));
    }
    if args.only.iter().any(|only| only == "bars") {
        let small = args.chunks.iter().min().copied().unwrap_or(1_000);
        let large = args.chunks.iter().max().copied().unwrap_or(100_000);
        return runtime.block_on(bars::all(&program, scratch.path(), small, large));
    }
    println!("| what | repository | result |\n|---|---|---|");
    for chunks in &args.chunks {
        let corpus = corpus::lay_out(scratch.path(), *chunks)?;
        let wants = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
        if wants("regex") {
            exhaustive::all(scratch.path(), &corpus)?;
        }
        if wants("same") {
            rejoin::reconcile(scratch.path(), &corpus)?;
        }
        let here = |only: &String| only == "regex" || only == "same";
        if args.only.iter().all(here) && !args.only.is_empty() {
            continue;
        }
        runtime.block_on(measure::all(&program, scratch.path(), &corpus, &wants))?;
    }
    Ok(())
}
