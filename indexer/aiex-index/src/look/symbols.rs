//! Definitions by name, over the whole repository.

use super::Defined;
use super::name::{Fit, Wanted};
use crate::error::SearchError;
use crate::repo::RepoIndex;
use crate::search::filter::Filter;
use crate::search::request::SearchRequest;
use crate::snapshot::Snapshot;

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
struct Found {
    fit: Option<Fit>,
    defined: Defined,
}

impl Found {
    /// The order of the list. Of names that merely begin so, or hold the words, the shorter is the nearer.
    fn order(&self) -> (Option<Fit>, usize, &str, u32) {
        let length = match self.fit {
            Some(Fit::Prefix | Fit::Words) => self.defined.name.len(),
            _ => 0,
        };
        (self.fit, length, &self.defined.path, self.defined.line)
    }
}

/// The best so far, and how many there are.
struct List {
    found: Vec<Found>,
    limit: usize,
    total: u64,
}

impl List {
    fn new(limit: usize) -> Self {
        Self {
            found: Vec::new(),
            limit,
            total: 0,
        }
    }

    fn take(&mut self, found: Found) {
        self.total += 1;
        self.found.push(found);
        if self.found.len() >= 2 * self.limit + SPARE {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.found.sort_by(|a, b| a.order().cmp(&b.order()));
        self.found.truncate(self.limit);
    }
}

/// Definitions beyond those wanted that are gathered before the best of them are kept.
const SPARE: usize = 1024;

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
    let list = |with_typos| all(snapshot, &filter, wanted.as_ref(), with_typos, request.limit);
    let mut found = list(false);
    if found.total == 0 && wanted.is_some() {
        // A misspelt name is only looked for when it is none that is spelt well.
        found = list(true);
    }
    found.cut();
    Ok(SymbolsOutcome {
        symbols: found
            .found
            .into_iter()
            .map(|found| (found.defined, found.fit.map(Fit::name)))
            .collect(),
        total: found.total,
        generation: snapshot.generation,
    })
}

fn all(
    snapshot: &Snapshot,
    filter: &Filter,
    wanted: Option<&Wanted>,
    with_typos: bool,
    limit: usize,
) -> List {
    let parts = snapshot.in_parts(|files| {
        let mut list = List::new(limit);
        for file in files.iter().filter(|file| filter.allows_file(file.version)) {
            let Some(outline) = file.outline_in_passing() else {
                continue;
            };
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
                list.take(Found {
                    fit,
                    defined: Defined::new(file, &outline, definition),
                });
            }
        }
        list
    });
    let mut all = List::new(limit);
    for part in parts {
        all.total += part.total;
        all.found.extend(part.found);
    }
    all
}
