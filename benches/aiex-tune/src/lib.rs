//! Graded queries over folders of source: how well the index ranks, with which constants, and what each is worth.
//!
//! The index is asked once for each query, in this process; what the arms found is ranked as often as it takes.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod climb;
mod grade;
mod report;

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_files::root::Root;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::search::RankSettings;
use aiex_index::search::lab::Case;
use aiex_index::search::pack::PackRequest;
use aiex_index::{Engine, IndexSettings, Scope, SearchRequest, Silent};

pub use aiex_embed::static_model::StaticModel;
pub use climb::{climb, folds, worth};
pub use grade::{Query, Relevant, leads, ndcg};
pub use report::Report;

/// What may go wrong, told as it is.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The budget in which packs are judged, in tokens.
pub const PACK_TOKENS: u32 = 2_000;

/// A graded query and what the arms found for it.
pub struct Graded {
    /// The query.
    pub query: Query,
    /// What the arms found; nothing for an empty query.
    pub case: Option<Case>,
    /// How long the arms took.
    pub asking: Duration,
    /// How long a whole search for ten hits took.
    pub searching: Duration,
    /// Paths of which something is packed into [`PACK_TOKENS`].
    pub packed: HashSet<String>,
    /// The fifth of the repositories that its own is in.
    pub fold: usize,
}

/// Reads queries, one JSON object a line.
///
/// # Errors
/// When the file cannot be read or a line is no query.
pub fn read_queries(path: &Path) -> Outcome<Vec<Query>> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Indexes the corpora that the queries name, in `index`, with `model`, and asks every query. `folder` tells where a corpus is.
///
/// # Errors
/// When a corpus or the index cannot be read.
pub fn ask(
    queries: Vec<Query>,
    folder: &dyn Fn(&str) -> PathBuf,
    index: &Path,
    model: Arc<StaticModel>,
    settings: &RankSettings,
) -> Outcome<Vec<Graded>> {
    let mut by_corpus: BTreeMap<String, Vec<Query>> = BTreeMap::new();
    for query in queries {
        by_corpus.entry(query.corpus.clone()).or_default().push(query);
    }
    let engine = Engine::open(index, Some(model), IndexSettings::default())?;
    let mut graded = Vec::new();
    for (at, (corpus, queries)) in by_corpus.into_iter().enumerate() {
        let root = Root::discover(&folder(&corpus), None, true)?;
        let repo = engine.open_repo(root, true)?;
        let rules = Rules::load(repo.root(), RulesOptions::default());
        repo.update(Scope::All, &rules, &Silent)?;
        repo.embed(&Silent)?;
        repo.warm(&Silent)?;
        for query in queries {
            let began = Instant::now();
            let case = Case::ask(&repo, &query.query, settings)?;
            let asking = began.elapsed();
            let request = SearchRequest {
                query: query.query.clone(),
                limit: 10,
                ..SearchRequest::default()
            };
            let began = Instant::now();
            repo.search(&request, &mut |_| {}, &|| false)?;
            let searching = began.elapsed();
            let packed = repo.pack(
                &PackRequest {
                    search: request,
                    tokens: PACK_TOKENS,
                },
                &|| false,
            )?;
            let packed = packed.spans.into_iter().map(|span| span.path).collect();
            graded.push(Graded {
                query,
                case,
                asking,
                searching,
                packed,
                fold: at % 5,
            });
        }
    }
    Ok(graded)
}
