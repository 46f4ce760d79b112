//! Where the time of a query goes: each arm, each step of ranking, on the folder named. No daemon, no socket, no cache.
//!
//! ```text
//! cargo run --release -p aiex-index --example query_stages -- FOLDER [QUERY …]
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aiex_embed::static_model::StaticModel;
use aiex_files::root::Root;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Engine, IndexSettings, Scope, SearchRequest, Silent};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

const QUESTIONS: &[&str] = &[
    "HashMap",
    "Iterator::next",
    "parse_args",
    "where are errors converted into io errors",
    "how does the thread pool decide how many workers to start",
    "read a file into a string",
    "compute crc32 checksum",
    "Deserialize derive field attributes",
    "lock free queue push",
    "unicode normalisation table",
];

/// How often each question is asked; under another limit each time, because answers are kept.
const ROUNDS: usize = 40;

type Times = Arc<Mutex<BTreeMap<&'static str, Vec<f64>>>>;

/// Notes how long each span of the index took, in microseconds.
struct Clock(Times);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Clock {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        context.span(id).unwrap().extensions_mut().insert(Instant::now());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let took = span.extensions().get::<Instant>().unwrap().elapsed();
        let mut times = self.0.lock().unwrap();
        times
            .entry(span.name())
            .or_default()
            .push(took.as_secs_f64() * 1e6);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder to index");
    let own: Vec<String> = arguments.collect();
    let questions: Vec<&str> = if own.is_empty() {
        QUESTIONS.to_vec()
    } else {
        own.iter().map(String::as_str).collect()
    };
    let home = tempfile::tempdir().unwrap();
    let model = StaticModel::built_in().unwrap();
    let engine = Engine::open(home.path(), Some(model), IndexSettings::default()).unwrap();
    let root = Root::discover(Path::new(&folder), None, true).unwrap();
    let repo = engine.open_repo(root, true).unwrap();
    let rules = Rules::load(repo.root(), RulesOptions::default());
    repo.update(Scope::All, &rules, &Silent).unwrap();
    repo.embed(&Silent).unwrap();
    repo.warm(&Silent).unwrap();

    let times = Times::default();
    let subscriber = tracing_subscriber::registry().with(Clock(times.clone()));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut whole = Vec::new();
    for round in 0..ROUNDS {
        for question in &questions {
            let request = SearchRequest {
                query: (*question).to_owned(),
                limit: 5 + round,
                ..SearchRequest::default()
            };
            let began = Instant::now();
            repo.search(&request, &mut |_| {}, &|| false).unwrap();
            whole.push(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    let mut times = times.lock().unwrap();
    times.insert("whole", whole);
    println!("| stage | asked | p50, µs | p99, µs | mean, µs |\n|---|---|---|---|---|");
    for (stage, times) in &mut *times {
        times.sort_by(f64::total_cmp);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let (half, last) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!(
            "| {stage} | {} | {half:.0} | {last:.0} | {mean:.0} |",
            times.len()
        );
    }
}
