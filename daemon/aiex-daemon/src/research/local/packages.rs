//! The sources and documentation of dependencies: indexed on demand, in an index of their own, and searched there.
//!
//! The index lies beside that of the repositories, so that packages never show up as somebody's code, and can be thrown
//! away as a whole. Its vectors come from the model inside the program whatever the settings say: packages are indexed
//! while somebody waits, and a paid service is not asked to read megabytes for one question.
//!
//! What is indexed is looked over for every question, under an unchanged version too: packages are patched where they lie,
//! linked to a folder that somebody works on, or half installed when they are first asked for.

mod likely;
mod opened;
mod ranking;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aiex_config::{EmbedderKind, Home, Settings};
use aiex_evidence::Origin;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{
    Constant, Engine, Hit, IndexError, IndexSettings, Observer, Progress, RepoIndex, Scope, SearchError,
    SearchRequest,
};
use aiex_page::untrusted::instructs;
use aiex_research::{Found, Search, SearchFailure};
use tokio::sync::OwnedMutexGuard;

use super::code::request;
use super::file::Files;
use super::merging::words;
use super::passage::{Passage, passages};
use super::shelf::Shelf;
use super::stop::{Stop, blocking};
use crate::embedder;
use crate::error::chain;
pub(super) use likely::Likely;
use opened::Open;
pub(super) use wanted::{Wanted, names_one, wanted};

/// The share of a search's time that looking over what is indexed may take.
const LOOKING: f64 = 0.2;
/// …and the most of it. A package that is as it was takes a few milliseconds.
const MAX_LOOKING: Duration = Duration::from_secs(2);
/// The share of a search's time that indexing may take.
const INDEXING: f64 = 0.75;
/// …and the most of it.
const MAX_INDEXING: Duration = Duration::from_secs(60);
/// Folders of packages that say nothing to their users.
pub(super) const LEFT_OUT: &[&str] = &[
    "node_modules/",
    "test/",
    "tests/",
    "__tests__/",
    "testdata/",
    "fixtures/",
    "benches/",
    "benchmarks/",
];

/// When the last look over each package began.
type Looks = HashMap<PathBuf, Instant>;

/// The index of packages.
pub(super) struct Packages {
    folder: PathBuf,
    home: Home,
    settings: Settings,
    files: Files,
    opened: OnceLock<Open>,
    opening: Mutex<()>,
    /// Held while packages are indexed or forgotten: one search at a time does that.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Held while packages are looked over: searches that are asked for together look once.
    looks: Arc<tokio::sync::Mutex<Looks>>,
}

/// Stops indexing when it is time to.
struct Until<'a>(&'a Stop);

impl Observer for Until<'_> {
    fn progress(&self, _: Progress) {}
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        self.0.is_due()
    }
}

impl Packages {
    /// An index in the cache folder of `home`. Nothing is opened yet.
    pub(super) fn new(home: &Home, settings: &Settings, files: Files) -> Self {
        Self {
            folder: home.cache_dir().join("dependencies"),
            home: home.clone(),
            settings: settings.clone(),
            files,
            opened: OnceLock::new(),
            opening: Mutex::new(()),
            turn: Arc::default(),
            looks: Arc::default(),
        }
    }

    /// Looks over what is there of what is wanted, indexes what is not, both for as long as there is time, and searches what
    /// is there then.
    pub(super) async fn search(
        self: Arc<Self>,
        wanted: Vec<Wanted>,
        search: &Search,
        stop: &Stop,
    ) -> Result<Vec<Found>, SearchFailure> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.look_over(&wanted, &stop.part(LOOKING, MAX_LOOKING)).await?;
        let (of, checked) = (self.clone(), wanted.clone());
        let is_ready = blocking(stop, move |_| of.is_ready(&checked))
            .await?
            .map_err(|error| unusable(&error))?;
        if !is_ready {
            self.index_on_demand(&wanted, &stop.part(INDEXING, MAX_INDEXING))
                .await?;
            let (of, checked) = (self.clone(), wanted.clone());
            let is_ready = blocking(stop, move |_| of.is_ready(&checked)).await?;
            if !is_ready.map_err(|error| unusable(&error))? {
                stop.fall_short();
            }
        }
        let (query, limit) = (search.query.clone(), search.limit);
        blocking(stop, move |stop| self.look(&wanted, &query, limit, stop))
            .await?
            .map_err(|error| unusable(&error))
    }

    /// Brings what is indexed already in line with the disk. What cannot be looked over in time is searched as it is.
    async fn look_over(self: &Arc<Self>, wanted: &[Wanted], stop: &Stop) -> Result<(), SearchFailure> {
        let looks = tokio::select! {
            looks = self.looks.clone().lock_owned() => looks,
            () = stop.due() => {
                stop.fall_short();
                return Ok(());
            }
        };
        let (of, wanted) = (self.clone(), wanted.to_vec());
        // They go with the work and not with the future that waits for it.
        let looked = blocking(stop, move |stop| of.look_over_held(&wanted, looks, stop)).await?;
        looked.map_err(|error| unusable(&error))
    }

    /// Looks over the packages that are indexed, but for those that somebody has looked over since this search was asked
    /// for: whatever was on disk by then is found by it.
    fn look_over_held(
        &self,
        wanted: &[Wanted],
        mut looks: OwnedMutexGuard<Looks>,
        stop: &Stop,
    ) -> Result<(), IndexError> {
        let open = self.open()?;
        looks.retain(|_, began| began.elapsed() < MAX_INDEXING);
        for package in wanted {
            let is_held = open.shelf().holds(&package.folder, &package.version);
            let is_seen = looks
                .get(&package.folder)
                .is_some_and(|began| stop.began() <= *began);
            if !is_held || is_seen {
                continue;
            }
            if stop.is_due() {
                stop.fall_short();
                break;
            }
            let began = Instant::now();
            if self.take_in(open, package, stop) {
                looks.insert(package.folder.clone(), began);
            } else {
                // It is indexed as what is new is, which has more time.
                open.shelf().doubted(&package.folder);
            }
            open.weigh(&package.folder);
        }
        Ok(())
    }

    /// Indexes what is wanted when it is this search's turn, until it is time to stop.
    async fn index_on_demand(self: &Arc<Self>, wanted: &[Wanted], stop: &Stop) -> Result<(), SearchFailure> {
        let turn = tokio::select! {
            turn = self.turn.clone().lock_owned() => turn,
            () = stop.due() => return Ok(()),
        };
        let (of, wanted) = (self.clone(), wanted.to_vec());
        // The turn goes with the work and not with the future that waits for it.
        let (has_forgotten, turn) = blocking(stop, move |stop| (of.prepare(&wanted, stop), turn)).await?;
        if has_forgotten.map_err(|error| unusable(&error))? {
            let of = self.clone();
            // Nobody waits for it. It ends at the latest when nothing else has the index any more.
            tokio::task::spawn_blocking(move || {
                let _turn = turn;
                of.sweep(&|| Arc::strong_count(&of) == 1);
            });
        }
        Ok(())
    }

    /// Whether everything wanted is indexed. Notes that it is asked for.
    fn is_ready(&self, wanted: &[Wanted]) -> Result<bool, IndexError> {
        let mut shelf = self.open()?.shelf();
        for package in wanted.iter().rev() {
            shelf.used(&package.folder);
        }
        Ok(wanted
            .iter()
            .all(|package| shelf.holds(&package.folder, &package.version)))
    }

    fn open(&self) -> Result<&Open, IndexError> {
        if let Some(open) = self.opened.get() {
            return Ok(open);
        }
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.opened.get() {
            return Ok(open);
        }
        let embedder = match self.settings.embedder.kind {
            EmbedderKind::Off => None,
            _ => embedder::built_in().embedder,
        };
        let mut settings = IndexSettings::default();
        if self.settings.index.workers > 0 {
            settings.workers = self.settings.index.workers;
        }
        let engine = Engine::open(&self.folder, embedder, settings)?;
        let shelf = Mutex::new(Shelf::open(&self.folder));
        Ok(self.opened.get_or_init(|| Open {
            engine,
            shelf,
            doors: Mutex::new(()),
        }))
    }

    /// Indexes the packages in their order until it is time to stop, and forgets others if there are too many.
    /// Whether something was forgotten.
    fn prepare(&self, wanted: &[Wanted], stop: &Stop) -> Result<bool, IndexError> {
        let open = self.open()?;
        for package in wanted {
            if stop.is_due() {
                break;
            }
            if open.shelf().holds(&package.folder, &package.version) {
                continue;
            }
            if self.take_in(open, package, stop) {
                open.shelf().completed(&package.folder, &package.version);
            }
            open.weigh(&package.folder);
        }
        let has_forgotten = open.forget(wanted, self.settings.cache.dependencies)?;
        if let Err(error) = open.shelf().save() {
            tracing::warn!(%error, "the list of indexed packages cannot be written; they are compared with the disk again");
        }
        Ok(has_forgotten)
    }

    /// Deletes contents that no package uses.
    fn sweep(&self, is_cancelled: &dyn Fn() -> bool) {
        let swept = self
            .open()
            .and_then(|open| open.engine.collect_garbage(0, is_cancelled));
        match swept {
            Ok(_) | Err(IndexError::Cancelled) => {}
            Err(error) => tracing::warn!(error = %chain(&error), "contents of forgotten packages stay"),
        }
    }

    /// Brings the index of one package in line with its folder. Whether it has all of it now; why not is logged.
    fn take_in(&self, open: &Open, package: &Wanted, stop: &Stop) -> bool {
        match self.index(open, package, stop) {
            Ok(is_complete) => is_complete,
            Err(IndexError::Cancelled) => false,
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(package = package.name, version = package.version, %error, "not indexed");
                false
            }
        }
    }

    fn index(&self, open: &Open, package: &Wanted, stop: &Stop) -> Result<bool, IndexError> {
        let index = open.index(&package.folder)?;
        let options = RulesOptions {
            patterns: LEFT_OUT.iter().map(|pattern| (*pattern).to_owned()).collect(),
            exclude: vec![self.home.cache_dir(), self.home.state.clone()],
            ..RulesOptions::default()
        };
        let rules = Rules::load(index.root(), options);
        let until = Until(stop);
        let report = index.update(Scope::All, &rules, &until)?;
        let facts = index.facts();
        let is_as_it_was = report.changed == 0 && report.removed == 0;
        // Most are as they were whenever they are looked over; stores that nothing was put into need no settling.
        if is_as_it_was && facts.chunks <= facts.chunks_embedded {
            return Ok(true);
        }
        let is_complete = index.embed(&until)?.is_complete;
        index.warm(&until)?;
        Ok(is_complete)
    }

    /// Searches the packages that are indexed, in whole or in part.
    fn look(
        &self,
        wanted: &[Wanted],
        query: &str,
        limit: usize,
        stop: &Stop,
    ) -> Result<Vec<Found>, IndexError> {
        let open = self.open()?;
        // What a package says to its users is what is looked for first.
        let request = SearchRequest {
            ranking: vec![Constant::new("prose", 1.0)],
            ..request(query.to_owned(), limit)
        };
        let words = words(query);
        let indexed: HashSet<PathBuf> = open.folders().into_iter().collect();
        let mut all: Vec<(&Wanted, Hit)> = Vec::new();
        let mut failed = None;
        for package in wanted.iter().filter(|package| indexed.contains(&package.folder)) {
            if stop.is_due() {
                break;
            }
            match open
                .index(&package.folder)
                .and_then(|index| ask(&index, &request, stop))
            {
                Ok(hits) => all.extend(hits.into_iter().map(|mut hit| {
                    hit.score = ranking::score(package, &hit, &words);
                    (package, hit)
                })),
                Err(error) => {
                    tracing::debug!(package = package.name, error = %chain(&error), "not searched");
                    failed.get_or_insert(error);
                }
            }
        }
        open.close();
        if let (Some(error), true) = (failed, all.is_empty()) {
            return Err(error);
        }
        all.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        all.truncate(request.limit);
        let mut found: Vec<Found> = wanted
            .iter()
            .flat_map(|package| {
                let of_package = all.iter().filter(|(of, _)| *of == package);
                let hits: Vec<Hit> = of_package.map(|(_, hit)| hit.clone()).collect();
                self.results(package, hits)
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        Ok(found)
    }

    fn results(&self, package: &Wanted, hits: Vec<Hit>) -> Vec<Found> {
        if hits.is_empty() {
            return Vec::new();
        }
        let tree = self.files.of_package(&package.folder);
        passages(hits, Some(&tree))
            .into_iter()
            .map(|(hit, passage)| result(package, hit, passage))
            .collect()
    }
}

fn result(package: &Wanted, hit: Hit, passage: Passage) -> Found {
    let inside = hit.symbol.as_deref().unwrap_or(&hit.path);
    Found {
        title: format!("{} {}: {inside}", package.name, package.version),
        origin: Origin::Docs {
            package: package.name.clone(),
            version: package.version.clone(),
            root: package.folder.display().to_string(),
            path: hit.path,
            first_line: passage.first_line,
            last_line: passage.last_line,
        },
        snippet: hit.snippet,
        score: hit.score,
        instructs: instructs(&passage.text).is_some(),
        text: Some(passage.text),
        date: None,
        licence: None,
    }
}

fn ask(index: &RepoIndex, request: &SearchRequest, stop: &Stop) -> Result<Vec<Hit>, IndexError> {
    match index.search(request, &mut |_| {}, &|| stop.is_due()) {
        Ok(outcome) => Ok(outcome.hits),
        Err(SearchError::Index(error)) => Err(error),
        Err(SearchError::Cancelled) => Err(IndexError::Cancelled),
        // A question that an index cannot read finds nothing in any package.
        Err(error) => {
            tracing::debug!(%error, "no search of packages");
            Ok(Vec::new())
        }
    }
}

fn unusable(error: &IndexError) -> SearchFailure {
    SearchFailure {
        message: format!("the index of dependencies: {}", chain(error)),
        hint: error.hint().map_or_else(
            || "leave `docs` out of the sources".to_owned(),
            |hint| hint.to_string(),
        ),
        retryable: matches!(error, IndexError::Cancelled),
    }
}

#[cfg(test)]
mod tests;
