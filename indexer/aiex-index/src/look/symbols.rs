//! Definitions by name, over the whole repository.

use super::Defined;
use super::name::{Fit, Wanted};
use crate::error::SearchError;
use crate::repo::RepoIndex;
use crate::search::filter::Filter;
use crate::search::request::SearchRequest;
use crate::snapshot::{Definition, FileEntry, Snapshot};

/// Which definitions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SymbolsRequest {
    /// The name, a part of it, or its words; all definitions when empty.
    pub query: String,
    /// How many at most.
    pub limit: usize,
    /// Globs over paths; a leading `!` excludes.
    pub paths: Vec<String>,
    /// Language names.
    pub languages: Vec<String>,
    /// Symbol kinds.
    pub kinds: Vec<String>,
}

/// Definitions found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SymbolsOutcome {
    /// With how each name fits, if a name was asked for; best first, then by path and line.
    pub symbols: Vec<(Defined, Option<&'static str>)>,
    /// How many there are, listed or not.
    pub total: u64,
    /// The generation looked at.
    pub generation: u64,
}

/// A definition in the running.
struct Found<'a> {
    fit: Option<Fit>,
    file: &'a FileEntry,
    definition: &'a Definition,
}

impl Found<'_> {
    /// The order of the list. Of names that merely begin so, or hold the words, the shorter is the nearer.
    fn order(&self) -> (Option<Fit>, usize, &str, u32) {
        let length = match self.fit {
            Some(Fit::Prefix | Fit::Words) => self.file.outline.name(self.definition).len(),
            _ => 0,
        };
        (self.fit, length, &self.file.path, self.definition.line)
    }
}

pub(crate) fn run(repo: &RepoIndex, request: &SymbolsRequest) -> Result<SymbolsOutcome, SearchError> {
    let served = repo.served();
    let snapshot = &served.snapshot;
    let filter = Filter::new(
        &SearchRequest {
            paths: request.paths.clone(),
            languages: request.languages.clone(),
            kinds: request.kinds.clone(),
            ..SearchRequest::default()
        },
        snapshot,
    )?;
    let wanted = (!request.query.trim().is_empty()).then(|| Wanted::new(&request.query));
    let mut found = all(snapshot, &filter, wanted.as_ref(), false);
    if found.is_empty() && wanted.is_some() {
        // A misspelt name is only looked for when it is none that is spelt well.
        found = all(snapshot, &filter, wanted.as_ref(), true);
    }
    found.sort_by(|a, b| a.order().cmp(&b.order()));
    let total = found.len() as u64;
    let symbols = found
        .into_iter()
        .take(request.limit)
        .map(|found| {
            let defined = Defined::new(found.file, found.definition);
            (defined, found.fit.map(Fit::name))
        })
        .collect();
    Ok(SymbolsOutcome {
        symbols,
        total,
        generation: snapshot.generation,
    })
}

fn all<'a>(
    snapshot: &'a Snapshot,
    filter: &Filter,
    wanted: Option<&Wanted>,
    with_typos: bool,
) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for file in snapshot.files() {
        if !filter.allows_file(file.version) {
            continue;
        }
        let outline = &file.outline;
        for definition in outline.all_definitions() {
            if !filter.allows_kind(definition.kind()) {
                continue;
            }
            let fit = match wanted {
                None => None,
                Some(wanted) => {
                    let (name, container) = (outline.name(definition), outline.container(definition));
                    match wanted.fit(name, container, with_typos) {
                        None => continue,
                        fit => fit,
                    }
                }
            };
            found.push(Found {
                fit,
                file,
                definition,
            });
        }
    }
    found
}
