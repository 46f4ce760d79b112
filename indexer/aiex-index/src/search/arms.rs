//! The arms: full text, vectors, names of definitions, words of paths. Each gives chunk ids, best first.

use std::time::Duration;

use aiex_embed::Cost;
use aiex_lexical::{Scored, Weights};

use super::filter::Filter;
use super::query::{Query, Route};
use super::settings::RankSettings;
use super::words::stem;
use crate::error::{IndexError, SearchError};
use crate::repo::{RepoIndex, Served};

/// How long the first list waits for vectors before it is shown without them.
const EARLY_AFTER: Duration = Duration::from_millis(120);

/// Chunks from which on vectors are searched beside full text instead of behind it: below, a
/// thread costs more than it saves.
const PARALLEL_FROM_CHUNKS: u64 = 4_000;

/// A chunk and an arm's own score of it.
pub(crate) type Found = (u64, f32);

/// What the arms found, each best first.
#[derive(Debug, Default)]
pub(crate) struct Arms {
    pub(crate) lexical: Vec<Found>,
    pub(crate) dense: Vec<Found>,
    pub(crate) symbol: Vec<Found>,
    pub(crate) path: Vec<Found>,
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
    let embedder = repo.shared().embedder.as_deref();
    let wants_vectors =
        query.route != Route::Path && served.vectors.is_some() && served.snapshot.num_embedded > 0;
    let dense = || -> Result<Vec<Found>, IndexError> {
        let (Some(embedder), Some(store)) = (embedder, &served.vectors) else {
            return Ok(Vec::new());
        };
        let vector = embedder.embed_query(&query.text)?;
        if vector.iter().all(|value| *value == 0.0) {
            return Ok(Vec::new());
        }
        let allowed = filter.allowed_ids(&served.snapshot);
        let allowed = allowed.as_deref().map(aiex_vector::Filter::Allow);
        let near = store
            .search(&vector, settings.candidates, allowed)
            .map_err(|e| IndexError::vector(&repo.vector_dir(), e))?;
        Ok(near
            .into_iter()
            .filter(|near| near.similarity > 0.0)
            .map(|near| (near.id, near.similarity))
            .collect())
    };
    let is_slow = embedder.is_some_and(|embedder| embedder.cost() == Cost::Expensive);
    if !wants_vectors || (!is_slow && served.snapshot.num_chunks < PARALLEL_FROM_CHUNKS) {
        let mut arms = text_arms(repo, served, query, filter, settings)?;
        if wants_vectors {
            settle(&mut arms, dense())?;
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

/// Takes in what vectors gave. An embedder that cannot be reached costs its arm, not the answer.
fn settle(arms: &mut Arms, dense: Result<Vec<Found>, IndexError>) -> Result<(), SearchError> {
    match dense {
        Ok(found) => arms.dense = found,
        Err(IndexError::Embed(error)) => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            arms.notices
                .push(format!("ranked without meaning: {error}{hint}"));
        }
        Err(other) => return Err(other.into()),
    }
    Ok(())
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
    let allows = |id: u64| filter.allows(id, snapshot);
    let allowed: Option<&(dyn Fn(u64) -> bool + Sync)> = if filter.is_open() { None } else { Some(&allows) };
    let text = with_stems(query);
    let lexical = aiex_lexical::Query {
        text: &text,
        limit: settings.candidates,
        weights: Weights::default(),
    };
    let scored = |list: Vec<Scored>| list.into_iter().map(|found| (found.chunk, found.score)).collect();
    let mut arms = Arms {
        lexical: scored(served.lexical.search(&lexical, allowed).map_err(fail)?),
        ..Arms::default()
    };
    for name in &query.names {
        let found = served
            .lexical
            .symbols(&name.name, settings.candidates)
            .map_err(fail)?;
        arms.symbol
            .extend(found.into_iter().filter(|id| allows(*id)).map(|id| (id, 1.0)));
    }
    if query.route == Route::Path || query.route == Route::Natural || query.route == Route::Mixed {
        let text = if query.route == Route::Path {
            query.text.clone()
        } else {
            query.words.join(" ")
        };
        let found = served
            .lexical
            .path_search(&text, settings.candidates)
            .map_err(fail)?;
        arms.path = found
            .into_iter()
            .filter(|found| allows(found.chunk))
            .map(|s| (s.chunk, s.score))
            .collect();
    }
    Ok(arms)
}

/// The query as full text gets it: sentences also with the stems of their words, because the index
/// keeps words as they are written.
fn with_stems(query: &Query) -> String {
    if !matches!(query.route, Route::Natural | Route::Mixed) {
        return query.text.clone();
    }
    let mut text = if query.words.is_empty() {
        query.text.clone()
    } else {
        String::new()
    };
    for word in &query.words {
        text.push_str(word);
        text.push(' ');
        if word.is_ascii() {
            let stem = stem(word);
            let singular = if word.ends_with("ies") {
                format!("{stem}y")
            } else {
                stem.to_owned()
            };
            if singular != *word && singular.len() >= 4 {
                text.push_str(&singular);
                text.push(' ');
            }
        }
    }
    for name in &query.names {
        text.push_str(&name.name);
        text.push(' ');
    }
    text
}
