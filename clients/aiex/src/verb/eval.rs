//! `aiex eval`: answers a file of queries through the daemon, so that the quality of the answers can be measured.
//!
//! Scoring the answers is another program's business. Only what a signal of ranking is worth is told here, because only
//! the daemon can rank without it.

mod ablation;
mod grade;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aiex_protocol::repos::AddRepo;
use aiex_protocol::search::{Hit, SearchArgs};
use aiex_protocol::{Call, Event};
use clap::Args;
use serde::{Deserialize, Serialize};

use self::grade::Relevant;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::quantity::{counted, span};
use crate::repository;
use crate::session::{Session, Step};

const EXAMPLES: &str = "\
Example:
  aiex eval dev.jsonl --corpora corpora --out results.jsonl
  aiex eval dev.jsonl --corpora corpora --ablate > signals.md

A query is one JSON object a line: {\"id\": \"…\", \"corpus\": \"…\", \"query\": \"…\"}. For --ablate it also holds
\"relevant\": [{\"path\": \"…\", \"grade\": 1}, …], and \"suite\" if there are several; other keys are ignored.
A result is {\"id\": \"…\", \"results\": [{\"path\", \"start_line\", \"end_line\", \"score\"}, …]}, best first, paths
relative to the corpus folder.
";

/// Answer a file of queries, to measure how good the answers are
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct EvalVerb {
    /// The queries, one JSON object a line
    #[arg(value_name = "QUERIES.jsonl", value_hint = clap::ValueHint::FilePath)]
    queries: PathBuf,

    /// The folder that holds one folder for each corpus
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    corpora: PathBuf,

    /// Where to write the results
    #[arg(long, value_name = "RESULTS.jsonl", value_hint = clap::ValueHint::FilePath)]
    #[arg(required_unless_present = "ablate")]
    out: Option<PathBuf>,

    /// Ask everything again without each signal of ranking, and print what each is worth
    #[arg(long, conflicts_with_all = ["out", "limit"])]
    ablate: bool,

    /// Hits for each query at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// One line of the queries.
#[derive(Debug, Deserialize)]
struct Query {
    id: String,
    corpus: String,
    query: String,
    #[serde(default)]
    suite: String,
    #[serde(default)]
    relevant: Vec<Relevant>,
}

/// A folder that is indexed, and what is asked of it.
struct Corpus<'a> {
    name: &'a str,
    root: String,
    queries: Vec<&'a Query>,
}

/// One line of the results.
#[derive(Debug, Serialize)]
struct Answered<'a> {
    id: &'a str,
    results: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    path: String,
    start_line: u32,
    end_line: u32,
    score: f32,
}

/// What happened, for the closing lines.
#[derive(Debug, Default)]
struct Tally {
    took: Vec<Duration>,
    missing_corpora: u64,
    failed_corpora: u64,
    unanswered: u64,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: EvalVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let queries = read_queries(&verb.queries)?;
    let mut by_corpus: BTreeMap<&str, Vec<&Query>> = BTreeMap::new();
    for query in &queries {
        by_corpus.entry(&query.corpus).or_default().push(query);
    }
    let session = Session::open(false, printer, interrupt).await?;
    let mut tally = Tally::default();
    let count = by_corpus.len();
    let mut corpora = Vec::new();
    for (name, queries) in by_corpus {
        let number = queries.len() as u64;
        match prepare(&verb.corpora.join(name), &session, printer, interrupt).await? {
            Prepared::Root(root) => corpora.push(Corpus { name, root, queries }),
            Prepared::Missing => {
                tally.missing_corpora += 1;
                tally.unanswered += number;
            }
            Prepared::Failed => {
                printer.warning(&format!(
                    "corpus {name} could not be indexed; its queries are left out"
                ));
                tally.failed_corpora += 1;
                tally.unanswered += number;
            }
        }
    }
    match &verb.out {
        Some(out) => {
            answer_all(
                &corpora, out, verb.limit, &session, &mut tally, printer, interrupt,
            )
            .await?
        }
        None => ablation::run(&corpora, &session, &mut tally.took, printer, interrupt).await?,
    }
    tally.report(count, started.elapsed(), printer);
    Ok(tally.exit())
}

/// What became of a corpus before anything was asked.
enum Prepared {
    Root(String),
    Missing,
    Failed,
}

/// Indexes a corpus.
async fn prepare(
    folder: &Path,
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Prepared, Failure> {
    if !folder.is_dir() {
        printer.warning(&format!(
            "there is no folder `{}`; its queries are left out",
            folder.display()
        ));
        return Ok(Prepared::Missing);
    }
    let root = repository::absolute(Some(folder))?;
    let add = Call::AddRepo(AddRepo {
        path: root.clone(),
        yes: true,
        wait: true,
    });
    match session.complete(add, printer, interrupt).await {
        Ok(()) => Ok(Prepared::Root(root)),
        Err(failure @ Failure::Diagnostic(_)) => {
            printer.failure(&failure);
            Ok(Prepared::Failed)
        }
        Err(failure) => Err(failure),
    }
}

/// Answers every query and writes the results.
async fn answer_all(
    corpora: &[Corpus<'_>],
    path: &Path,
    limit: u32,
    session: &Session,
    tally: &mut Tally,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let file = File::create(path).map_err(|error| file_failure("write", path, &error))?;
    let mut out = BufWriter::new(file);
    for (place, corpus) in corpora.iter().enumerate() {
        let mut progress = Progress::new(printer);
        for (done, query) in corpus.queries.iter().enumerate() {
            let label = format!("{} {}/{}", corpus.name, place + 1, corpora.len());
            progress.step(&label, done as u64, corpus.queries.len() as u64, "queries", "");
            match ask(session, query, &corpus.root, limit, BTreeMap::new(), interrupt).await {
                Ok((results, took)) => {
                    tally.took.push(took);
                    let line = serde_json::to_string(&Answered {
                        id: &query.id,
                        results,
                    })
                    .map_err(std::io::Error::from)?;
                    writeln!(out, "{line}").map_err(|error| file_failure("write", path, &error))?;
                }
                Err(failure @ Failure::Diagnostic(_)) => {
                    progress.clear();
                    printer.warning(&format!("query {} was not answered", query.id));
                    printer.failure(&failure);
                    tally.unanswered += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    out.flush().map_err(|error| file_failure("write", path, &error))
}

async fn ask(
    session: &Session,
    query: &Query,
    root: &str,
    limit: u32,
    ranking: BTreeMap<String, f32>,
    interrupt: &mut Interrupt,
) -> Result<(Vec<Place>, Duration), Failure> {
    let started = Instant::now();
    let request = SearchArgs {
        query: query.query.clone(),
        repo: root.to_owned(),
        limit,
        wait_complete: true,
        yes: true,
        ranking,
        // A list of questions is no history of a person.
        unrecorded: true,
        ..SearchArgs::default()
    };
    let mut latest = Vec::new();
    let mut running = session.start(Call::Search(request), None).await?;
    loop {
        match running.next(interrupt, None).await? {
            Step::Event(Event::Hits(hits)) => latest = hits.hits,
            Step::Event(Event::Done { .. }) => break,
            Step::Event(Event::Error(error)) => return Err(error.into()),
            _ => {}
        }
    }
    let took = started.elapsed();
    Ok((
        latest.iter().filter_map(|hit| place_of(hit, root)).collect(),
        took,
    ))
}

/// A hit relative to the corpus. The repository may be a folder around it, and then hits outside do not count.
fn place_of(hit: &Hit, root: &str) -> Option<Place> {
    let absolute = Path::new(&hit.repo).join(&hit.path);
    let path = absolute.strip_prefix(root).ok()?.to_str()?.to_owned();
    Some(Place {
        path,
        start_line: hit.start_line,
        end_line: hit.end_line,
        score: hit.score,
    })
}

fn read_queries(path: &Path) -> Result<Vec<Query>, Failure> {
    let file = File::open(path).map_err(|error| file_failure("read", path, &error))?;
    let mut queries = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| file_failure("read", path, &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let query = serde_json::from_str(&line).map_err(|error| {
            Failure::new(
                ExitCode::Usage,
                format!("line {} of {} is not a query", number + 1, path.display()),
            )
            .because(&error)
            .hint("a query is one JSON object a line, with the keys id, corpus and query")
        })?;
        queries.push(query);
    }
    Ok(queries)
}

fn file_failure(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        ExitCode::RequestFailed,
        format!("cannot {what} {}", path.display()),
    )
    .because(error)
}

impl Tally {
    fn report(&self, corpora: usize, elapsed: Duration, printer: &Printer) {
        let mut took = self.took.clone();
        took.sort_unstable();
        let mut line = format!(
            "answered {} over {} in {}",
            counted(took.len() as u64, "query"),
            counted(
                corpora as u64 - self.missing_corpora - self.failed_corpora,
                "folder"
            ),
            span(elapsed)
        );
        if let (Some(middle), Some(slow)) = (took.get(took.len() / 2), took.get(took.len() * 99 / 100)) {
            line.push_str(&format!(
                "; a query took {} (half), {} (99 %)",
                span(*middle),
                span(*slow)
            ));
        }
        printer.notice(&line);
        if self.unanswered > 0 {
            printer.warning(&format!(
                "{} not answered: {} missing, {} not indexed",
                counted(self.unanswered, "query"),
                counted(self.missing_corpora, "folder"),
                counted(self.failed_corpora, "folder")
            ));
        }
    }

    fn exit(&self) -> ExitCode {
        if self.missing_corpora > 0 {
            ExitCode::RepositoryRefused
        } else if self.unanswered > 0 {
            ExitCode::RequestFailed
        } else {
            ExitCode::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_relative_to_the_corpus() {
        let hit = |repo: &str, path: &str| Hit {
            rank: 1,
            score: 1.0,
            repo: repo.to_owned(),
            path: path.to_owned(),
            start_line: 1,
            end_line: 2,
            symbol: None,
            kind: None,
            language: None,
            snippet: String::new(),
            focus_line: 1,
            why: Vec::new(),
            explain: None,
        };
        let path_of = |hit: &Hit| place_of(hit, "/c/one").map(|place| place.path);
        assert_eq!(path_of(&hit("/c/one", "a/b.rs")).as_deref(), Some("a/b.rs"));
        assert_eq!(path_of(&hit("/c", "one/b.rs")).as_deref(), Some("b.rs"));
        assert_eq!(path_of(&hit("/c", "two/b.rs")), None);
    }
}
