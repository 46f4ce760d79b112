//! The table of bars: what was measured, what it is to be, and what the machine would allow, in one run.

mod limits;
mod many;

use std::path::Path;
use std::time::{Duration, Instant};

use aiex_protocol::search::SearchArgs;

use self::limits::Limits;
use crate::Failure;
use crate::corpus::{Corpus, Enough, lay_out, lay_out_until};
use crate::crowd;
use crate::measure::{self, QUESTIONS, saved_to_found};
use crate::process;
use crate::quantile::Times;
use crate::rejoin;
use crate::subject::Subject;

/// Bytes of a vector as it is kept.
const VECTOR: u64 = 256;
/// Runs of what is done once in the life of a repository.
const ROUNDS: usize = 5;
/// Files of a tree that is looked through.
const TREE: u64 = 5_000;

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A number beside its bar and beside what bounds it, all in the same unit.
struct Row<'a> {
    what: &'a str,
    unit: &'a str,
    measured: f64,
    bar: f64,
    /// What bounds it, and how much of the unit that takes by itself.
    limit: Option<(&'a str, f64)>,
}

impl Row<'_> {
    fn print(&self) {
        let is_met = if self.measured <= self.bar {
            "met"
        } else {
            "**missed**"
        };
        let limit = match self.limit {
            Some((what, alone)) => {
                format!(
                    "{what}: {} {}, {:.1} ×",
                    short(alone),
                    self.unit,
                    self.measured / alone
                )
            }
            None => "–".to_owned(),
        };
        println!(
            "| {} | {} {} | ≤ {} {} | {is_met} | {limit} |",
            self.what,
            short(self.measured),
            self.unit,
            short(self.bar),
            self.unit
        );
    }
}

/// Three digits that tell.
fn short(number: f64) -> String {
    match number {
        n if 100.0 <= n => format!("{n:.0}"),
        n if 10.0 <= n => format!("{n:.1}"),
        n if 0.1 <= n => format!("{n:.2}"),
        n => format!("{n:.3}"),
    }
}

/// Measures every row of the table. `small` and `large` are sizes in chunks.
pub(crate) async fn all(program: &Path, scratch: &Path, small: u64, large: u64) -> Result<(), Failure> {
    let limits = Limits::measured(program, scratch)?;
    println!(
        "A write of 4 KiB on the disk {:.2} ms, memory {:.1} GB/s a thread, a message to another thread and back {:.1} µs, \
         the program started {:.1} ms.\n",
        ms(limits.fsync),
        limits.memory / 1e9,
        limits.handover.as_secs_f64() * 1e6,
        ms(limits.start)
    );
    println!("| what | measured | bar | | bound by |\n|---|---|---|---|---|");
    one_small(program, scratch, &limits, small).await?;
    one_large(program, scratch, &limits, large).await?;
    unchanged(scratch)?;
    many::all(program, scratch).await
}

async fn one_small(program: &Path, scratch: &Path, limits: &Limits, chunks: u64) -> Result<(), Failure> {
    let corpus = lay_out(scratch, chunks)?;
    let (mut cold, mut first) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let home = tempfile::tempdir_in(scratch)?;
        let subject = Subject::start(program, home.path()).await?;
        cold.push(subject.index(&corpus.root).await?);
        drop(subject);
        let home = tempfile::tempdir_in(scratch)?;
        let subject = Subject::start(program, home.path()).await?;
        let began = Instant::now();
        subject.search(&corpus.root, ask("error conversion", 10)).await?;
        first.push(began.elapsed());
    }
    let (_, read) = limits::looking(&corpus.root)?;
    let parsed = limits::parsing(&corpus.root)?;
    let cold_limit = read + parsed / 2 + 2 * limits.fsync;
    Row {
        what: &format!("cold index, {} files, durable", corpus.files),
        unit: "ms",
        measured: ms(Times::new(cold).at(0.5)),
        bar: 110.0,
        limit: Some(("reading, parsing on two cores, two writes", ms(cold_limit))),
    }
    .print();
    Row {
        what: "first lexical answer, the same",
        unit: "ms",
        measured: ms(Times::new(first).at(0.5)),
        bar: 50.0,
        limit: Some(("reading, parsing on two cores", ms(read + parsed / 2))),
    }
    .print();
    let home = tempfile::tempdir_in(scratch)?;
    let subject = Subject::start(program, home.path()).await?;
    subject.index(&corpus.root).await?;
    queries(&subject, &corpus, limits, (0.33, 2.0), "small repository").await?;
    command_line(&subject, &corpus, limits)?;
    disk(&subject).await
}

async fn one_large(program: &Path, scratch: &Path, limits: &Limits, chunks: u64) -> Result<(), Failure> {
    let corpus = lay_out(scratch, chunks)?;
    let home = tempfile::tempdir_in(scratch)?;
    let subject = Subject::start(program, home.path()).await?;
    let took = subject.index(&corpus.root).await?;
    let (resident, peak) = process::memory(subject.pid())?;
    let parsed = limits::parsing(&corpus.root)?;
    let status = subject.status().await?;
    let repo = status.repos.first().ok_or("the repository is not listed")?;
    let written = limits::writing(scratch, status.budgets.disk_used)?;
    let indexed = repo.chunks;
    // The bar is of a million chunks; this is its share.
    Row {
        what: &format!("cold index, {indexed} chunks, durable (the bar's share of a million)"),
        unit: "s",
        measured: took.as_secs_f64(),
        bar: 70.0 * indexed as f64 / 1e6,
        limit: Some((
            "parsing on two cores, writing",
            (parsed / 2 + written).as_secs_f64(),
        )),
    }
    .print();
    memory_row(&format!("resident memory, {indexed} chunks"), resident, 150.0);
    memory_row("… at its peak while indexing", peak, 256.0);
    let name = format!("{indexed} chunks");
    queries(&subject, &corpus, limits, (10.0, 40.0), &name).await?;
    let path = corpus.root.join("bar_probe.rs");
    let mut saved = Vec::new();
    for round in 0..100 {
        let name = format!("bar_probe_{round}_{}", std::process::id());
        saved.push(saved_to_found(&subject, &corpus.root, &path, &name).await?);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Row {
        what: "save → searchable, p99",
        unit: "ms",
        measured: ms(Times::new(saved).at(0.99)),
        bar: 100.0,
        limit: Some((
            "40 ms of quiet (`index.debounce`), two writes",
            40.0 + 2.0 * ms(limits.fsync),
        )),
    }
    .print();
    disk(&subject).await?;
    let [alone, together] = crowd::both(program, home.path(), &subject, &corpus).await?;
    Row {
        what: "64 clients while files change, p99, as many times that of one",
        unit: "×",
        measured: ms(together.at(0.99)) / ms(alone.at(0.99)),
        bar: 5.0,
        limit: None,
    }
    .print();
    let known = rejoin::ready(&subject, scratch, &corpus).await?;
    let (listed, _) = limits::looking(&corpus.root)?;
    for (what, times) in known {
        Row {
            what: &format!("{what}, {} files", corpus.files),
            unit: "ms",
            measured: ms(times.at(0.5)),
            bar: 500.0,
            limit: Some((
                "listing the tree, writing the index",
                ms(listed + written.mul_f64(0.5)),
            )),
        }
        .print();
    }
    Ok(())
}

fn memory_row(what: &str, bytes: u64, bar: f64) {
    Row {
        what,
        unit: "MiB",
        measured: mib(bytes),
        bar,
        limit: None,
    }
    .print();
}

fn ask(question: &str, limit: usize) -> SearchArgs {
    SearchArgs {
        query: question.to_owned(),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        ..SearchArgs::default()
    }
}

async fn queries(
    subject: &Subject,
    corpus: &Corpus,
    limits: &Limits,
    bars: (f64, f64),
    name: &str,
) -> Result<(), Failure> {
    let (inside, _, repeated) = measure::asked(subject, corpus).await?;
    let status = subject.status().await?;
    let chunks = status.repos.first().map_or(0, |repo| repo.chunks);
    let pass = (chunks * VECTOR) as f64 / limits.memory * 1e3;
    for (share, what, bar) in [(0.5, "p50", bars.0), (0.99, "p99", bars.1)] {
        Row {
            what: &format!("query in the daemon, {name}, {what}"),
            unit: "ms",
            measured: ms(inside.at(share)),
            bar,
            limit: Some(("reading every vector once", pass)),
        }
        .print();
    }
    Row {
        what: &format!("the same query again, {name}, p50"),
        unit: "µs",
        measured: repeated.at(0.5).as_secs_f64() * 1e6,
        bar: 50.0,
        limit: Some((
            "a message to another thread and back",
            limits.handover.as_secs_f64() * 1e6,
        )),
    }
    .print();
    Ok(())
}

fn command_line(subject: &Subject, corpus: &Corpus, limits: &Limits) -> Result<(), Failure> {
    let mut times = Vec::new();
    let before = process::cpu(subject.pid())? + process::cpu_of_children()?;
    let rounds = 200;
    for round in 0..rounds {
        let question = QUESTIONS[round % QUESTIONS.len()];
        let limit = (5 + round).to_string();
        let began = Instant::now();
        let output = subject
            .command()
            .args(["search", question, "--limit", &limit])
            .current_dir(&corpus.root)
            .output()?;
        times.push(began.elapsed());
        if output.stdout.is_empty() {
            return Err(format!("no hits: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
    }
    let used = (process::cpu(subject.pid())? + process::cpu_of_children()?).saturating_sub(before);
    let start = Some(("starting the program", ms(limits.start)));
    Row {
        what: "`aiex search`, whole process, warm, p50",
        unit: "ms",
        measured: ms(Times::new(times).at(0.5)),
        bar: 15.0,
        limit: start,
    }
    .print();
    Row {
        what: "… CPU, the daemon's included, mean",
        unit: "ms",
        measured: ms(used) / rounds as f64,
        bar: 10.0,
        limit: start,
    }
    .print();
    Ok(())
}

async fn disk(subject: &Subject) -> Result<(), Failure> {
    let status = subject.status().await?;
    let repo = status.repos.first().ok_or("the repository is not listed")?;
    let source = repo.source_bytes as f64;
    Row {
        what: &format!("index / source on disk, {} chunks", repo.chunks),
        unit: "×",
        measured: status.budgets.disk_used as f64 / source,
        bar: 1.2,
        limit: Some(("vectors, once", (repo.chunks * VECTOR) as f64 / source)),
    }
    .print();
    Ok(())
}

fn unchanged(scratch: &Path) -> Result<(), Failure> {
    let corpus = lay_out_until(scratch, "tree", Enough::Files(TREE))?;
    let (listed, _) = limits::looking(&corpus.root)?;
    let times = rejoin::looked_through(scratch, &corpus)?;
    Row {
        what: &format!("looking through an unchanged tree, {} files, p50", corpus.files),
        unit: "ms",
        measured: ms(times.at(0.5)),
        bar: 50.0,
        limit: Some(("listing it and its files' times", ms(listed))),
    }
    .print();
    Ok(())
}
