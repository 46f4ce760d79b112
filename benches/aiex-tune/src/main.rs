//! Finds the constants of ranking by coordinate ascent over a file of graded queries, and says what each signal is
//! worth.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_index::search::RankSettings;
use aiex_tune::{Graded, Outcome, PACK_TOKENS, Report, StaticModel, ask, climb, folds, read_queries, worth};
use clap::Parser;

/// Finds the constants of ranking
#[derive(Debug, Parser)]
struct Options {
    /// Graded queries, one JSON object a line
    queries: PathBuf,
    /// The folder that holds one folder for each corpus
    #[arg(long)]
    corpora: PathBuf,
    /// Where to keep the indexes between runs
    #[arg(long)]
    index: PathBuf,
    /// A static model to embed with instead of the built-in one
    #[arg(long)]
    model: Option<PathBuf>,
    /// Constants to begin with: NAME=VALUE
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Rounds of coordinate ascent; 0 only measures
    #[arg(long, default_value_t = 0)]
    rounds: usize,
    /// Switch each signal off in turn and say what that costs
    #[arg(long)]
    ablate: bool,
    /// Only these constants are changed
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write the rankings, one JSON object a line
    #[arg(long)]
    out: Option<PathBuf>,
    /// Leave the repositories of one fold of five out while tuning, and measure on them
    #[arg(long)]
    folds: bool,
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    let mut settings = RankSettings::default();
    for pair in &options.set {
        let (name, value) = pair.split_once('=').ok_or("--set takes NAME=VALUE")?;
        settings
            .set(name, value.parse()?)
            .map_err(|known| format!("no constant {name}; there are {}", known.join(", ")))?;
    }
    let folder = |corpus: &str| options.corpora.join(corpus);
    let model = match &options.model {
        // Read once for the life of the process, as the built-in one is.
        Some(path) => Arc::new(StaticModel::from_bytes(Vec::leak(std::fs::read(path)?))?),
        None => StaticModel::built_in()?,
    };
    let graded = ask(
        read_queries(&options.queries)?,
        &folder,
        &options.index,
        model,
        &settings,
    )?;
    let asking: Duration = graded.iter().map(|one| one.asking).sum();
    let searching: Duration = graded.iter().map(|one| one.searching).sum();
    let began = Instant::now();
    let mut ranked = 0;
    for one in graded.iter().filter_map(|one| one.case.as_ref()) {
        ranked += one.rank(&settings, 10)?.len();
    }
    let count = u32::try_from(graded.len().max(1))?;
    println!(
        "a query: {:?} to ask the arms, {:?} to rank, {:?} in all; {ranked} spans",
        asking / count,
        began.elapsed() / count,
        searching / count
    );
    print_packed(&graded);
    println!("before: {}", Report::of(&graded, &settings, &|_| true)?);
    if options.folds {
        folds(&options.only, options.rounds.max(1), &graded, &settings)?;
    } else if options.rounds > 0 {
        let tuned = climb(&options.only, options.rounds, &graded, settings.clone(), &|_| {
            true
        })?;
        println!("after:  {}", Report::of(&graded, &tuned, &|_| true)?);
        print_changes(&settings, &tuned);
    }
    if let Some(out) = &options.out {
        write(out, &graded, &settings)?;
    }
    if options.ablate {
        worth(&graded, &settings)?;
    }
    Ok(())
}

/// Writes the rankings as `aiex eval` does.
fn write(out: &Path, graded: &[Graded], settings: &RankSettings) -> Outcome<()> {
    let mut text = String::new();
    for one in graded {
        let placed = match &one.case {
            Some(case) => case.rank(settings, 30)?,
            None => Vec::new(),
        };
        let results: Vec<_> = placed
            .iter()
            .map(|hit| {
                serde_json::json!({"path": hit.path, "start_line": hit.start_line, "end_line": hit.end_line,
                    "score": hit.score})
            })
            .collect();
        let line = serde_json::json!({"id": one.query.id, "results": results});
        text.push_str(&line.to_string());
        text.push('\n');
    }
    Ok(std::fs::write(out, text)?)
}

fn print_changes(before: &RankSettings, after: &RankSettings) {
    let (mut before, mut after) = (before.clone(), after.clone());
    let pairs = before.fields_mut().into_iter().zip(after.fields_mut());
    for (name, (old, new)) in RankSettings::NAMES.iter().zip(pairs) {
        if old != new {
            println!("{name} = {new:.4} (was {old})");
        }
    }
}

/// The share of relevant files of which something is in the pack, by suite.
fn print_packed(graded: &[Graded]) {
    let mut suites: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
    for one in graded {
        let wanted: HashSet<&str> = one
            .query
            .relevant
            .iter()
            .map(|relevant| relevant.path.as_str())
            .collect();
        let packed = wanted.iter().filter(|path| one.packed.contains(**path)).count();
        let entry = suites.entry(&one.query.suite).or_default();
        entry.0 += packed as f64 / wanted.len().max(1) as f64;
        entry.1 += 1;
    }
    for (suite, (sum, count)) in suites {
        println!(
            "packed into {PACK_TOKENS} tokens, {suite}: {:.4} of the relevant files",
            sum / count as f64
        );
    }
}
