//! The sources and documentation of dependencies: indexed on demand, in an index of their own, and searched there.
//!
//! The index lies beside that of the repositories, so that packages never show up as somebody's code, and can be thrown
//! away as a whole. Its vectors come from the model inside the program whatever the settings say: packages are indexed
//! while somebody waits, and a paid service is not asked to read megabytes for one question.

mod likely;
mod ranking;
mod wanted;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aiex_config::{EmbedderKind, Home, Settings};
use aiex_evidence::Origin;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{
    Constant, Engine, Hit, IndexError, IndexSettings, Observer, Progress, RepoIndex, Scope, SearchError,
    SearchRequest,
};
use aiex_page::untrusted::instructs;
use aiex_research::{Found, Search, SearchFailure};

use super::code::request;
use super::file::{Files, package_root};
use super::merging::words;
use super::passage::{Passage, passages};
use super::shelf::Shelf;
use super::stop::{Stop, blocking};
use crate::embedder;
use crate::error::chain;
pub(super) use likely::Likely;
use wanted::MAX_WANTED;
pub(super) use wanted::{Wanted, names_one, wanted};

/// The share of a search's time that indexing may take.
const INDEXING: f64 = 0.75;
/// …and the most of it.
const MAX_INDEXING: Duration = Duration::from_secs(60);
/// Packages that the index keeps, if they fit into the room that the settings give them; those not used for longest go
/// first.
const MAX_KEPT: usize = 96;
/// Packages that stay open between searches: each holds a few file handles and a few megabytes.
const MAX_OPEN: usize = MAX_WANTED;
/// Folders of packages that say nothing to their users.
const LEFT_OUT: &[&str] = &[
    "node_modules/",
    "test/",
    "tests/",
    "__tests__/",
    "testdata/",
    "fixtures/",
    "benches/",
    "benchmarks/",
];

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
}

struct Open {
    engine: Arc<Engine>,
    shelf: Mutex<Shelf>,
    /// Held while an index is opened or closed: none is opened again while somebody still has it.
    doors: Mutex<()>,
}

impl Open {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of a package.
    fn index(&self, folder: &Path) -> Result<Arc<RepoIndex>, IndexError> {
        let _doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        self.engine.open_repo(package_root(folder), true)
    }

    /// Every folder that there is an index of, the one used last first.
    fn folders(&self) -> Vec<PathBuf> {
        let registered = self.engine.registered().into_iter();
        let folders = registered.map(|registered| registered.root).collect();
        self.shelf().latest_first(folders)
    }

    /// Closes the packages that were not used for longest and that nobody has, beyond those that stay open.
    fn close(&self) {
        let _doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in self.folders().iter().skip(MAX_OPEN) {
            // One for the engine and one for this look.
            let is_idle = self
                .engine
                .opened(folder)
                .is_some_and(|index| Arc::strong_count(&index) == 2);
            if is_idle {
                self.engine.close_repo(folder);
            }
        }
    }

    /// Notes what a package takes on disk: its own stores, and its share of the contents, whose texts, outlines and
    /// vectors together take less than the files.
    fn weigh(&self, folder: &Path) {
        if let Some(index) = self.engine.opened(folder) {
            let facts = index.facts();
            self.shelf()
                .weighed(folder, facts.disk_bytes.saturating_add(facts.source_bytes));
        }
    }

    /// Forgets the packages that were not used for longest, beyond those that are kept. Whether there were any. Those
    /// that are wanted now stay in any case.
    fn forget(&self, wanted: &[Wanted], room: u64) -> Result<bool, IndexError> {
        let registered = self.engine.registered().into_iter();
        let folders = registered.map(|registered| registered.root).collect();
        let beyond = self.shelf().beyond(folders, MAX_KEPT, room);
        let mut has_forgotten = false;
        for folder in beyond {
            if wanted.iter().any(|package| package.folder == folder) {
                continue;
            }
            self.engine.forget(&folder)?;
            self.shelf().removed(&folder);
            has_forgotten = true;
        }
        Ok(has_forgotten)
    }
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
        }
    }

    /// Indexes what is wanted and not there yet, for as long as there is time, and searches what is there.
    pub(super) async fn search(
        self: Arc<Self>,
        wanted: Vec<Wanted>,
        search: &Search,
        stop: &Stop,
    ) -> Result<Vec<Found>, SearchFailure> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
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
            match self.index(open, package, stop) {
                Ok(true) => open.shelf().completed(&package.folder, &package.version),
                Ok(false) | Err(IndexError::Cancelled) => {}
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(package = package.name, version = package.version, %error, "not indexed");
                }
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

    /// Brings the index of one package in line with its folder. Whether it is complete.
    fn index(&self, open: &Open, package: &Wanted, stop: &Stop) -> Result<bool, IndexError> {
        let index = open.index(&package.folder)?;
        let options = RulesOptions {
            patterns: LEFT_OUT.iter().map(|pattern| (*pattern).to_owned()).collect(),
            exclude: vec![self.home.cache_dir(), self.home.state.clone()],
            ..RulesOptions::default()
        };
        let rules = Rules::load(index.root(), options);
        let until = Until(stop);
        index.update(Scope::All, &rules, &until)?;
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
mod tests {
    use std::fs;

    use aiex_research::SourceKind;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn packages(top: &Path) -> Arc<Packages> {
        packages_in(top, u64::MAX)
    }

    fn packages_in(top: &Path, room: u64) -> Arc<Packages> {
        let home = Home::at(&top.join("home"));
        let mut settings = Settings::default();
        settings.cache.dependencies = room;
        settings.embedder.kind = EmbedderKind::Off;
        let files = Files::new(None, settings.index.max_file_size);
        Arc::new(Packages::new(&home, &settings, files))
    }

    fn installed(top: &Path, version: &str, readme: &str) -> Vec<Wanted> {
        let folder = top.join("repo/node_modules/retry-kit");
        fs::create_dir_all(folder.join("test")).unwrap();
        fs::write(folder.join("README.md"), readme).unwrap();
        fs::write(folder.join("index.js"), "exports.attempt = () => {}\n").unwrap();
        fs::write(folder.join("test/attempts.js"), "attempts attempts attempts\n").unwrap();
        vec![Wanted {
            name: "retry-kit".to_owned(),
            version: version.to_owned(),
            folder,
            is_named: true,
        }]
    }

    async fn ask(packages: &Arc<Packages>, wanted: &[Wanted], deadline: Duration) -> Vec<Found> {
        let search = Search {
            run: String::new(),
            source: SourceKind::Docs,
            query: "how many attempts".to_owned(),
            limit: 5,
            repos: Vec::new(),
            deadline,
        };
        let stop = Stop::new(deadline, &CancellationToken::new());
        let found = packages.clone().search(wanted.to_vec(), &search, &stop).await;
        found.unwrap()
    }

    #[tokio::test]
    async fn a_package_is_indexed_when_it_is_asked_for_and_again_at_another_version() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("repo/.git")).unwrap();
        let packages = packages(&top);
        let patience = Duration::from_secs(120);

        let wanted = installed(&top, "1.0.0", "# Retry kit\n\nIt makes three attempts.\n");
        let found = ask(&packages, &wanted, patience).await;
        assert_eq!(found[0].title.split(':').next(), Some("retry-kit 1.0.0"));
        assert!(
            found[0].text.as_deref().unwrap().contains("three attempts"),
            "{found:#?}"
        );
        let Origin::Docs { root, path, .. } = &found[0].origin else {
            panic!("{:?}", found[0].origin)
        };
        assert_eq!(Path::new(root), wanted[0].folder);
        assert_eq!(path, "README.md");
        assert!(!found.iter().any(|found| format!("{found:?}").contains("test/")));
        assert!(packages.is_ready(&wanted).unwrap());

        let wanted = installed(
            &top,
            "2.0.0",
            "# Retry kit\n\nNow it makes five attempts at most.\n",
        );
        assert!(!packages.is_ready(&wanted).unwrap());
        let found = ask(&packages, &wanted, patience).await;
        assert!(found[0].text.as_deref().unwrap().contains("five attempts"));
        assert!(packages.is_ready(&wanted).unwrap());
    }

    #[tokio::test]
    async fn packages_that_were_not_asked_about_for_longest_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let package = |name: &str| {
            let folder = top.join("modules").join(name);
            fs::create_dir_all(&folder).unwrap();
            let line = format!("{name} makes as many attempts as it takes, and each of them is logged.\n\n");
            fs::write(folder.join("README.md"), line.repeat(4000)).unwrap();
            vec![Wanted {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                folder,
                is_named: true,
            }]
        };
        let wanted = ["first", "second", "third"].map(package);
        let patience = Duration::from_secs(120);
        let scale = packages_in(&top.join("scale"), u64::MAX);
        ask(&scale, &wanted[0], patience).await;
        let facts = scale.open().unwrap().index(&wanted[0][0].folder).unwrap().facts();
        let weight = facts.disk_bytes + facts.source_bytes;
        // Room for two.
        let packages = packages_in(&top, weight * 5 / 2);
        for package in &wanted[..2] {
            ask(&packages, package, patience).await;
        }
        assert!(packages.is_ready(&wanted[1]).unwrap() && packages.is_ready(&wanted[0]).unwrap());
        ask(&packages, &wanted[2], patience).await;
        let is_ready = |at: usize| packages.is_ready(&wanted[at]).unwrap();
        assert_eq!(
            [0, 1, 2].map(is_ready),
            [true, false, true],
            "the second was used longest ago"
        );
        let registered = packages.open().unwrap().engine.registered();
        assert!(!registered.iter().any(|index| index.root == wanted[1][0].folder));

        // What does not fit at all is kept as long as somebody asks about it.
        let packages = packages_in(&top.join("small"), 1);
        let found = ask(&packages, &wanted[0], patience).await;
        assert!(!found.is_empty() && packages.is_ready(&wanted[0]).unwrap());
    }

    #[tokio::test]
    async fn without_time_nothing_is_indexed_and_nothing_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let packages = packages(&top);
        let wanted = installed(&top, "1.0.0", "three attempts");
        assert_eq!(ask(&packages, &wanted, Duration::ZERO).await, Vec::new());
        assert!(!packages.is_ready(&wanted).unwrap());
    }
}
