//! The measurements. Each prints one row.

use std::path::Path;
use std::time::{Duration, Instant};

use aiex_protocol::search::SearchArgs;

use crate::Failure;
use crate::corpus::Corpus;
use crate::crowd;
use crate::process;
use crate::quantile::Times;
use crate::rejoin;
use crate::subject::Subject;

/// Questions over the sources of crates: names, sentences, mixtures. Each is asked under several
/// limits, because the daemon remembers an answer to the same request.
pub(crate) const QUESTIONS: &[&str] = &[
    "HashMap",
    "fn drop",
    "Iterator::next",
    "parse_args",
    "where are errors converted into io errors",
    "how does the thread pool decide how many workers to start",
    "read a file into a string",
    "compute crc32 checksum",
    "memory mapped file",
    "split a string on whitespace",
    "Deserialize derive field attributes",
    "SIMD dispatch at runtime",
    "utf8 validation",
    "base64 decode",
    "lock free queue push",
    "timeout while waiting for a condition",
    "format a floating point number",
    "unicode normalisation table",
    "builder pattern for options",
    "allocator alignment",
];

pub(crate) fn row(what: &str, corpus: &Corpus, result: &str) {
    println!("| {what} | {} | {result} |", corpus.name);
}

pub(crate) fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Runs the measurements that `wants` names, on one repository.
pub(crate) async fn all(
    program: &Path,
    scratch: &Path,
    corpus: &Corpus,
    wants: &dyn Fn(&str) -> bool,
) -> Result<(), Failure> {
    let size = format!(
        "{} files, {} lines, {:.1} MB",
        corpus.files,
        corpus.lines,
        mb(corpus.bytes)
    );
    row("source", corpus, &size);
    if wants("first") {
        first_answer(program, scratch, corpus).await?;
    }
    let home = tempfile::tempdir_in(scratch)?;
    let subject = Subject::start(program, home.path()).await?;
    let took = subject.index(&corpus.root).await?;
    let status = subject.status().await?;
    let repo = status.repos.first().ok_or("the repository is not listed")?;
    if wants("cold") {
        let rate = corpus.lines as f64 / took.as_secs_f64();
        let result = format!(
            "{:.2} s, {rate:.0} lines/s; {} chunks, {} symbols",
            took.as_secs_f64(),
            repo.chunks,
            repo.symbols
        );
        row("cold index, full text and vectors, durable", corpus, &result);
    }
    if wants("memory") {
        let (now, peak) = process::memory(subject.pid())?;
        let result = format!("{:.0} MB after indexing, {:.0} MB at the peak", mb(now), mb(peak));
        row("resident memory", corpus, &result);
    }
    if wants("disk") {
        let used = status.budgets.disk_used;
        let result = format!(
            "{:.1} MB, {:.2} × the indexed source",
            mb(used),
            used as f64 / repo.source_bytes as f64
        );
        row("index on disk", corpus, &result);
    }
    if wants("query") {
        queries(&subject, corpus).await?;
    }
    if wants("cli") {
        command_line(&subject, corpus)?;
    }
    if wants("fresh") {
        freshness(&subject, corpus).await?;
    }
    if wants("crowd") {
        crowd::all(program, home.path(), &subject, corpus).await?;
    }
    if wants("known") {
        rejoin::known(&subject, scratch, corpus).await?;
    }
    if wants("idle") {
        idle(&subject, corpus).await?;
    }
    Ok(())
}

/// From an empty home and no daemon to the first hits.
async fn first_answer(program: &Path, scratch: &Path, corpus: &Corpus) -> Result<(), Failure> {
    let home = tempfile::tempdir_in(scratch)?;
    let began = Instant::now();
    let subject = Subject::start(program, home.path()).await?;
    let args = SearchArgs {
        query: "error conversion".to_owned(),
        ..SearchArgs::default()
    };
    let answer = subject.search(&corpus.root, args).await?;
    let took = began.elapsed();
    let result = format!(
        "{:.0} ms from no daemon, {} hits, {} of {} files in the index",
        took.as_secs_f64() * 1e3,
        answer.hits.len(),
        answer.summary.files_indexed,
        answer.summary.files_total
    );
    row("first answer, unknown repository", corpus, &result);
    Ok(())
}

async fn queries(subject: &Subject, corpus: &Corpus) -> Result<(), Failure> {
    let (inside, outside, repeated) = asked(subject, corpus).await?;
    row("query, in the daemon", corpus, &inside.show());
    row("query, over the socket", corpus, &outside.show());
    row("the same query again, in the daemon", corpus, &repeated.show());
    Ok(())
}

/// Every question in many lengths: what each takes in the daemon, over the socket, and in the daemon when it is asked again.
pub(crate) async fn asked(subject: &Subject, corpus: &Corpus) -> Result<(Times, Times, Times), Failure> {
    let (mut inside, mut outside, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for limit in 5..25 {
        for question in QUESTIONS {
            let args = SearchArgs {
                query: (*question).to_owned(),
                limit,
                ..SearchArgs::default()
            };
            let began = Instant::now();
            let answer = subject.search(&corpus.root, args.clone()).await?;
            outside.push(began.elapsed());
            inside.push(Duration::from_micros(answer.summary.took_us));
            let again = subject.search(&corpus.root, args).await?;
            repeated.push(Duration::from_micros(again.summary.took_us));
        }
    }
    Ok((Times::new(inside), Times::new(outside), Times::new(repeated)))
}

fn command_line(subject: &Subject, corpus: &Corpus) -> Result<(), Failure> {
    let mut times = Vec::new();
    for round in 0..50 {
        let question = QUESTIONS[round % QUESTIONS.len()];
        let limit = (30 + round).to_string();
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
    row(
        "`aiex search`, end to end, warm",
        corpus,
        &Times::new(times).show(),
    );
    Ok(())
}

/// From the moment a file is saved to the first answer that shows it.
async fn freshness(subject: &Subject, corpus: &Corpus) -> Result<(), Failure> {
    let path = corpus.root.join("freshness_probe.rs");
    let mut times = Vec::new();
    for round in 0..100 {
        let name = format!("saved_probe_{round}_{}", std::process::id());
        times.push(saved_to_found(subject, &corpus.root, &path, &name).await?);
        // A person does not save every few milliseconds; bursts are another measurement.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    row("save → searchable", corpus, &Times::new(times).show());
    Ok(())
}

/// Saves a function of this name in the repository at `root`, and asks for it until it is there.
pub(crate) async fn saved_to_found(
    subject: &Subject,
    root: &Path,
    path: &Path,
    name: &str,
) -> Result<Duration, Failure> {
    std::fs::write(
        path,
        format!("/// A probe.\npub fn {name}() -> u32 {{\n    1\n}}\n"),
    )?;
    let saved = Instant::now();
    loop {
        let args = SearchArgs {
            query: name.to_owned(),
            limit: 1,
            ..SearchArgs::default()
        };
        let answer = subject.search(root, args).await?;
        if answer.hits.first().is_some_and(|hit| hit.snippet.contains(name)) {
            return Ok(saved.elapsed());
        }
        if saved.elapsed() > Duration::from_secs(30) {
            return Err(format!("{name} was not found within 30 s of being saved").into());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn idle(subject: &Subject, corpus: &Corpus) -> Result<(), Failure> {
    let span = Duration::from_secs(60);
    // What the last measurement caused is not idleness.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = process::cpu(subject.pid())?;
    tokio::time::sleep(span).await;
    let used = process::cpu(subject.pid())?.saturating_sub(before);
    let (now, _) = process::memory(subject.pid())?;
    let share = 100.0 * used.as_secs_f64() / span.as_secs_f64();
    row(
        "idle for 60 s",
        corpus,
        &format!("{share:.3} % of one core, {:.0} MB resident", mb(now)),
    );
    Ok(())
}
