//! The arms: full text, vectors, names of definitions, words of paths, places named by line. Each gives chunk ids, best first.

use std::collections::HashSet;
use std::time::Duration;

use aiex_embed::Cost;
use aiex_lexical::{Rarity, Scored};
use tracing::trace_span;

use super::filter::Filter;
use super::meaning;
use super::nowhere::nowhere;
use super::query::{Query, Route};
use super::settings::RankSettings;
use crate::error::{IndexError, SearchError};
use crate::repo::{RepoIndex, Served, told};

/// How the notice begins of an answer that vectors had no part in.
const WITHOUT_MEANING: &str = "ranked without meaning";

/// How long the first list waits for vectors before it is shown without them.
const EARLY_AFTER: Duration = Duration::from_millis(120);

/// Chunks from which on vectors are searched beside full text instead of behind it: below, a
/// thread costs more than it saves.
const PARALLEL_FROM_CHUNKS: u64 = 50_000;

/// A name that more chunks hold is told from its parts by full text alone: it is no rare thing.
const HOLDING_AT_MOST: usize = 2_000;

/// A chunk and an arm's own score of it.
pub(crate) type Found = (u64, f32);

/// What the arms found, each best first.
#[derive(Debug, Default)]
pub(crate) struct Arms {
    pub(crate) lexical: Vec<Found>,
    pub(crate) dense: Vec<Found>,
    pub(crate) symbol: Vec<Found>,
    pub(crate) path: Vec<Found>,
    /// Places that the query names by file and line.
    pub(crate) place: Vec<Found>,
    /// How many spans define each of the query's names, in their order.
    pub(crate) definers: Vec<usize>,
    /// The chunks where the one name of the query stands whole, when nothing defines it: a setting, a key of a map, a
    /// variable of the environment. Nothing when it stands nowhere.
    pub(crate) holding: Option<HashSet<u64>>,
    /// How much each of the query's stems tells, in their order.
    pub(crate) rarity: Vec<Rarity>,
    /// Words of the query that stand nowhere in the index.
    pub(crate) nowhere: Vec<String>,
    /// What the user should know about arms that could not answer.
    pub(crate) notices: Vec<String>,
}

/// Asks all arms. `early` is shown what the quick ones found when vectors take long.
pub(crate) fn ask(
    repo: &RepoIndex,
    served: &Served,
    query: &Query,
    filter: &Filter,
    settings: &RankSettings,
    early: &mut dyn FnMut(&Arms),
) -> Result<Arms, SearchError> {
    let embedder = repo.shared().embedder().map(|embedder| embedder.as_ref());
    let wants_vectors =
        query.route != Route::Path && served.vectors.is_some() && served.snapshot.num_embedded > 0;
    let dense = || -> Result<Vec<Found>, IndexError> {
        let (Some(embedder), Some(store)) = (embedder, &served.vectors) else {
            return Ok(Vec::new());
        };
        let text = meaning::embedded(query, repo.own_words());
        let vector = trace_span!("embed").in_scope(|| embedder.embed_query(&text))?;
        if vector.iter().all(|value| *value == 0.0) {
            return Ok(Vec::new());
        }
        let allowed = filter.allowed_ids(&served.snapshot);
        let allowed = allowed.as_deref().map(aiex_vector::Filter::Allow);
        let near = trace_span!("vectors")
            .in_scope(|| store.search(&vector, RankSettings::limit(settings.dense_candidates), allowed))
            .map_err(|e| repo.vector_error(e))?;
        Ok(near
            .into_iter()
            .filter(|near| near.similarity > 0.0)
            .map(|near| (near.id, near.similarity))
            .collect())
    };
    let is_slow = embedder.is_some_and(|embedder| embedder.cost() == Cost::Expensive)
        || served.vectors.as_ref().is_some_and(|store| store.is_remote());
    if !wants_vectors || (!is_slow && served.snapshot.num_chunks < PARALLEL_FROM_CHUNKS) {
        let mut arms = text_arms(repo, served, query, filter, settings)?;
        if wants_vectors {
            settle(&mut arms, dense())?;
        } else if query.route != Route::Path {
            arms.notices.extend(absence(repo, served));
        }
        return Ok(arms);
    }
    std::thread::scope(|scope| {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        scope.spawn(move || sender.send(dense()));
        let mut arms = text_arms(repo, served, query, filter, settings)?;
        let found = match receiver.recv_timeout(EARLY_AFTER) {
            Ok(found) => Some(found),
            Err(_) => {
                early(&arms);
                receiver.recv().ok()
            }
        };
        match found {
            Some(found) => settle(&mut arms, found)?,
            None => arms
                .notices
                .push("the search by meaning failed: a bug".to_owned()),
        }
        Ok(arms)
    })
}

/// Takes in what vectors gave. An embedder or a store of vectors that cannot be reached costs its arm, not the answer.
fn settle(arms: &mut Arms, dense: Result<Vec<Found>, IndexError>) -> Result<(), SearchError> {
    match dense {
        Ok(found) => arms.dense = found,
        Err(IndexError::Embed(error)) => arms.notices.push(without_meaning(&error, error.hint())),
        Err(IndexError::VectorServer(error)) => arms.notices.push(without_meaning(&error, error.hint())),
        Err(error) if error.leaves_full_text() => {
            arms.notices.push(format!("{WITHOUT_MEANING}: {}", told(&error)))
        }
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// Why there are no vectors at all, when a disk or a server is to blame.
fn absence(repo: &RepoIndex, served: &Served) -> Option<String> {
    if let Some(why) = repo.without_vectors().as_deref() {
        return Some(format!("{WITHOUT_MEANING}: {why}"));
    }
    let is_remote = served.vectors.as_ref().is_some_and(|store| store.is_remote());
    let trouble = repo.shared().settings.vector_server.trouble();
    let error = trouble.filter(|_| is_remote && served.snapshot.num_embedded == 0)?;
    Some(without_meaning(&error, error.hint()))
}

fn without_meaning(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{WITHOUT_MEANING}: {error}{hint}")
}

fn text_arms(
    repo: &RepoIndex,
    served: &Served,
    query: &Query,
    filter: &Filter,
    settings: &RankSettings,
) -> Result<Arms, SearchError> {
    let snapshot = &served.snapshot;
    let fail = |e| SearchError::Index(repo.lexical_error(e));
    let allows = |id: u64| filter.allows(id);
    let allowed: Option<&(dyn Fn(u64) -> bool + Sync)> = if filter.is_open() { None } else { Some(&allows) };
    let weights: Vec<f32> = query
        .languages
        .iter()
        .map(|language| match language {
            Some(language) if snapshot.layout().has_language(*language) => settings.language_word,
            _ => 1.0,
        })
        .collect();
    let pieces = pieces(query, &weights, settings);
    let lexical = aiex_lexical::Query {
        pieces: &pieces,
        limit: RankSettings::limit(settings.lexical_candidates),
    };
    let limit = RankSettings::limit(settings.candidates);
    let scored = |list: Vec<Scored>| list.into_iter().map(|found| (found.chunk, found.score)).collect();
    let found = trace_span!("full text").in_scope(|| served.lexical.search(&lexical, allowed));
    let rarity = trace_span!("rarity").in_scope(|| served.lexical.rarity(&query.stems));
    let rarity = rarity.map_err(fail)?;
    let mut arms = Arms {
        lexical: scored(found.map_err(fail)?),
        nowhere: nowhere(query, &rarity, &served.lexical).map_err(fail)?,
        rarity: weighted(rarity, &weights),
        ..Arms::default()
    };
    let symbols = trace_span!("symbols").entered();
    for name in &query.names {
        let found = served.lexical.symbols(&name.name, limit).map_err(fail)?;
        arms.definers.push(found.len());
        arms.symbol
            .extend(found.into_iter().filter(|id| allows(*id)).map(|id| (id, 1.0)));
    }
    if let ([name], [0]) = (query.names.as_slice(), arms.definers.as_slice())
        && query.route == Route::Symbol
    {
        let holding = served
            .lexical
            .holding(&name.name, HOLDING_AT_MOST)
            .map_err(fail)?;
        arms.holding = holding
            .filter(|chunks| !chunks.is_empty())
            .map(HashSet::from_iter);
    }
    let mut score = 1.0;
    for frame in &query.frames {
        let chunks = frame.chunks(snapshot);
        let is_known = !chunks.is_empty();
        arms.place
            .extend(chunks.into_iter().filter(|id| allows(*id)).map(|id| (id, score)));
        // Frames of other programs do not push those of the repository back.
        if is_known {
            score *= settings.outer_frame;
        }
    }
    drop(symbols);
    if query.route != Route::Symbol {
        let _span = trace_span!("paths").entered();
        let whole = [(query.text.as_str(), 1.0)];
        let found = served
            .lexical
            .path_search(&aiex_lexical::Query {
                pieces: if query.route == Route::Path {
                    &whole
                } else {
                    &pieces
                },
                limit,
            })
            .map_err(fail)?;
        arms.path = found
            .into_iter()
            .filter(|found| allows(found.chunk))
            .map(|found| (found.chunk, found.score))
            .collect();
    }
    Ok(arms)
}

/// The query as full text gets it: its words without those that say nothing, and its names as they are written.
fn pieces<'a>(query: &'a Query, weights: &[f32], settings: &RankSettings) -> Vec<(&'a str, f32)> {
    if query.words.is_empty() {
        return vec![(&query.text, 1.0)];
    }
    let names = query
        .names
        .iter()
        .map(|name| (name.name.as_str(), settings.name_term));
    let words = query
        .words
        .iter()
        .map(String::as_str)
        .zip(weights.iter().copied());
    words.chain(names).collect()
}

/// A word that weighs little tells little, however rare it is.
fn weighted(mut rarity: Vec<Rarity>, weights: &[f32]) -> Vec<Rarity> {
    for (rarity, weight) in rarity.iter_mut().zip(weights) {
        rarity.text *= weight;
        rarity.path *= weight;
    }
    rarity
}
