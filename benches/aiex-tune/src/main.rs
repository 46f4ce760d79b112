//! Finds the constants of ranking by coordinate ascent over a file of graded queries, and says what each signal is
//! worth. Asks the index in this process, once; ranks as often as it takes.

mod grade;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_embed::static_model::StaticModel;
use aiex_files::root::Root;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::search::RankSettings;
use aiex_index::search::lab::Case;
use aiex_index::{Engine, IndexSettings, Scope, Silent};
use clap::Parser;

use grade::Query;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

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

struct Graded {
    query: Query,
    case: Option<Case>,
    fold: usize,
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
    let graded = ask(&options, &settings)?;
    println!("before: {}", Report::of(&graded, &settings, &|_| true)?);
    if options.folds {
        folds(&options, &graded, &settings)?;
    } else if options.rounds > 0 {
        let tuned = climb(&options, &graded, settings.clone(), &|_| true)?;
        println!("after:  {}", Report::of(&graded, &tuned, &|_| true)?);
        print_changes(&settings, &tuned);
    }
    if let Some(out) = &options.out {
        write(out, &graded, &settings)?;
    }
    if options.ablate {
        ablate(&graded, &settings)?;
    }
    Ok(())
}

/// Indexes the corpora and asks every query.
fn ask(options: &Options, settings: &RankSettings) -> Outcome<Vec<Graded>> {
    let text = std::fs::read_to_string(&options.queries)?;
    let mut by_corpus: BTreeMap<String, Vec<Query>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let query: Query = serde_json::from_str(line)?;
        by_corpus.entry(query.corpus.clone()).or_default().push(query);
    }
    let model = StaticModel::built_in()?;
    let engine = Engine::open(&options.index, Some(model), IndexSettings::default())?;
    let mut graded = Vec::new();
    for (at, (corpus, queries)) in by_corpus.into_iter().enumerate() {
        let root = Root::discover(&options.corpora.join(&corpus), None, true)?;
        let repo = engine.open_repo(root, true)?;
        let rules = Rules::load(repo.root(), RulesOptions::default());
        repo.update(Scope::All, &rules, &Silent)?;
        repo.embed(&Silent)?;
        for query in queries {
            let case = Case::ask(&repo, &query.query, settings)?;
            graded.push(Graded {
                query,
                case,
                fold: at % 5,
            });
        }
    }
    Ok(graded)
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

/// Means by suite, and their mean.
struct Report {
    suites: BTreeMap<String, (f64, usize)>,
}

impl Report {
    fn of(graded: &[Graded], settings: &RankSettings, takes: &dyn Fn(&Graded) -> bool) -> Outcome<Self> {
        let chosen: Vec<&Graded> = graded.iter().filter(|one| takes(one)).collect();
        let next = AtomicUsize::new(0);
        let work = || -> Outcome<Vec<(usize, f64)>> {
            let mut mine = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = chosen.get(at) else {
                    return Ok(mine);
                };
                let placed = match &one.case {
                    Some(case) => case.rank(settings, 30)?,
                    None => Vec::new(),
                };
                mine.push((
                    at,
                    grade::ndcg(&one.query, placed.iter().map(|hit| hit.path.as_str())),
                ));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let scores = std::thread::scope(|scope| -> Outcome<Vec<(usize, f64)>> {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::new();
            for worker in workers {
                all.extend(worker.join().map_err(|_| "a worker panicked")??);
            }
            Ok(all)
        })?;
        let mut suites: BTreeMap<String, (f64, usize)> = BTreeMap::new();
        for (at, score) in scores {
            let query = &chosen[at].query;
            for key in [query.suite.clone(), format!("{}/{}", query.suite, query.kind)] {
                let entry = suites.entry(key).or_default();
                entry.0 += score;
                entry.1 += 1;
            }
        }
        Ok(Self { suites })
    }

    fn mean(&self, suite: &str) -> f64 {
        self.suites
            .get(suite)
            .map_or(0.0, |(sum, count)| sum / *count as f64)
    }

    /// What is climbed: the mean of the suites, of which small ones count less.
    fn goal(&self) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (suite, (_, count)) in self.suites.iter().filter(|(suite, _)| !suite.contains('/')) {
            let weight = (*count as f64 / 100.0).min(1.0);
            sum += weight * self.mean(suite);
            weights += weight;
        }
        sum / f64::max(weights, 1e-9)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.4} |", self.goal())?;
        for suite in self.suites.keys() {
            write!(f, " {suite} {:.4}", self.mean(suite))?;
        }
        Ok(())
    }
}

/// Coordinate ascent: each constant in turn is tried larger and smaller, and keeps what helps.
fn climb(
    options: &Options,
    graded: &[Graded],
    mut settings: RankSettings,
    takes: &dyn Fn(&Graded) -> bool,
) -> Outcome<RankSettings> {
    let mut best = Report::of(graded, &settings, takes)?.goal();
    for round in 0..options.rounds {
        let before = best;
        for (at, name) in RankSettings::NAMES.iter().enumerate() {
            // What the arms were asked with cannot be changed by ranking anew.
            let is_asked = ["candidates", "lexical_candidates", "name_term"].contains(name);
            if is_asked || !(options.only.is_empty() || options.only.iter().any(|only| only == name)) {
                continue;
            }
            let value = *settings.fields_mut()[at];
            let step = [1.5, 1.25, 1.1][round.min(2)];
            let mut tries = vec![value * step, value / step];
            if value == 0.0 {
                tries = vec![0.1];
            }
            for tried in tries {
                let mut other = settings.clone();
                *other.fields_mut()[at] = tried;
                let goal = Report::of(graded, &other, takes)?.goal();
                // Less than this is noise that would be learnt by heart.
                if goal > best + 1e-4 {
                    eprintln!("round {round}: {name} {value} -> {tried:.4}: {goal:.4}");
                    best = goal;
                    settings = other;
                }
            }
        }
        if best - before < 2e-4 {
            break;
        }
    }
    Ok(settings)
}

/// Tunes on four fifths of the repositories and measures on the rest.
fn folds(options: &Options, graded: &[Graded], settings: &RankSettings) -> Outcome<()> {
    let (mut before, mut after) = (0.0, 0.0);
    for fold in 0..5 {
        let tuned = climb(options, graded, settings.clone(), &|one| one.fold != fold)?;
        let held_out = |one: &Graded| one.fold == fold;
        let (old, new) = (
            Report::of(graded, settings, &held_out)?,
            Report::of(graded, &tuned, &held_out)?,
        );
        println!("fold {fold}, held out: {:.4} -> {:.4}", old.goal(), new.goal());
        before += old.goal() / 5.0;
        after += new.goal() / 5.0;
    }
    println!("held out, mean: {before:.4} -> {after:.4}");
    Ok(())
}

/// What each signal is worth: the loss when it is switched off.
fn ablate(graded: &[Graded], settings: &RankSettings) -> Outcome<()> {
    let whole = Report::of(graded, settings, &|_| true)?;
    let suites: Vec<&String> = whole.suites.keys().filter(|suite| !suite.contains('/')).collect();
    let neutral = |name: &str| -> Option<f32> {
        match name {
            "candidates" | "lexical_candidates" | "name_term" | "standout_lead" => None,
            "test" | "legacy" | "example" | "bench" | "vendored" | "derived" | "reexport" | "declaration"
            | "prose" | "data" | "changelog" | "saturation" | "other_case" | "other_container"
            | "minor_kind" | "stem_is_name" | "upkeep" | "older" | "documented" | "weak_name" => Some(1.0),
            _ => Some(0.0),
        }
    };
    println!(
        "| signal | worth | {} |",
        suites
            .iter()
            .map(|suite| suite.as_str())
            .collect::<Vec<_>>()
            .join(" | ")
    );
    println!("|---|---|{}", "---|".repeat(suites.len()));
    for (at, name) in RankSettings::NAMES.iter().enumerate() {
        let Some(value) = neutral(name) else { continue };
        let mut without = settings.clone();
        *without.fields_mut()[at] = value;
        let report = Report::of(graded, &without, &|_| true)?;
        let by_suite: Vec<String> = suites
            .iter()
            .map(|suite| format!("{:+.4}", whole.mean(suite) - report.mean(suite)))
            .collect();
        println!(
            "| {name} | {:+.4} | {} |",
            whole.goal() - report.goal(),
            by_suite.join(" | ")
        );
    }
    Ok(())
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
