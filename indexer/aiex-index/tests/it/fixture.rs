//! A repository on disk, an engine beside it, and what is asked of both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aiex_embed::Embedder;
use aiex_embed::static_model::StaticModel;
use aiex_files::root::Root;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{
    Engine, Hit, IndexSettings, Mode, RepoIndex, Scope, SearchOutcome, SearchRequest, Silent, UpdateReport,
};

pub(crate) struct Fixture {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) engine: Arc<Engine>,
    pub(crate) repo: Arc<RepoIndex>,
}

pub(crate) const LIB_RS: &str = r#"//! A tiny queue with retries.

/// Decides how long to wait before the next attempt: exponential back-off with a cap.
pub fn retry_delay(attempt: u32) -> u64 {
    let base = 100_u64;
    (base << attempt.min(6)).min(5_000)
}

/// Holds work until a worker takes it.
pub struct TaskQueue {
    items: Vec<String>,
}

impl TaskQueue {
    /// Puts a task at the end.
    pub fn push(&mut self, task: String) {
        self.items.push(task);
    }
}
"#;

pub(crate) const APP_PY: &str = r#"import json


class SessionStore:
    """Keeps sessions of users in memory."""

    def expire_sessions(self, now):
        """Drop every session whose deadline has passed."""
        self.sessions = {k: v for k, v in self.sessions.items() if v > now}


def load_settings(path):
    with open(path) as handle:
        return json.load(handle)
"#;

pub(crate) fn engine_at(dir: &Path) -> Arc<Engine> {
    engine_with(dir, IndexSettings::default())
}

pub(crate) fn engine_with(dir: &Path, settings: IndexSettings) -> Arc<Engine> {
    let model = StaticModel::built_in().unwrap();
    Engine::open(dir, Some(model), settings).unwrap()
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(StaticModel::built_in().unwrap())
    }

    pub(crate) fn with(embedder: Arc<dyn Embedder>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("repo");
        std::fs::create_dir_all(root.join("src")).unwrap();
        git(&root, &["init", "-q"]);
        std::fs::write(root.join("src/lib.rs"), LIB_RS).unwrap();
        std::fs::write(root.join("src/app.py"), APP_PY).unwrap();
        std::fs::write(
            root.join("README.md"),
            "# Queue\n\nA queue with retries and sessions.\n",
        )
        .unwrap();
        let settings = IndexSettings::default();
        let engine = Engine::open(&dir.path().join("index"), Some(embedder), settings).unwrap();
        let repo = engine.open_repo(root_of(&root), false).unwrap();
        let fixture = Self { dir, engine, repo };
        fixture.sync();
        fixture
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.repo.root().path.clone()
    }

    pub(crate) fn index_dir(&self) -> PathBuf {
        self.dir.path().join("index")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let full = self.root().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    pub(crate) fn sync(&self) -> UpdateReport {
        sync(&self.repo)
    }

    pub(crate) fn search(&self, query: &str) -> Vec<Hit> {
        search(&self.repo, query).hits
    }

    /// Closes everything and opens it again, as a new daemon would.
    pub(crate) fn reopened(self) -> Self {
        let Self { dir, engine, repo } = self;
        let root = repo.root().clone();
        drop(repo);
        drop(engine);
        let engine = engine_at(&dir.path().join("index"));
        let repo = engine.open_repo(root, false).unwrap();
        Self { dir, engine, repo }
    }

    /// Closes everything, lets `change` work on the index's folder, and opens it again.
    pub(crate) fn reopened_after(self, change: impl FnOnce(&Path)) -> Self {
        self.reopened_with(IndexSettings::default(), change)
    }

    /// As [`reopened_after`](Self::reopened_after), as a repository that is too large to be looked over at once, and too large
    /// for its outlines to stay in memory.
    pub(crate) fn reopened_as_large(self, change: impl FnOnce(&Path)) -> Self {
        let settings = IndexSettings {
            looked_over_bytes: 0,
            outline_bytes: 0,
            ..IndexSettings::default()
        };
        self.reopened_with(settings, change)
    }

    pub(crate) fn reopened_with(self, settings: IndexSettings, change: impl FnOnce(&Path)) -> Self {
        let Self { dir, engine, repo } = self;
        let root = repo.root().clone();
        drop(repo);
        drop(engine);
        change(&dir.path().join("index"));
        let engine = engine_with(&dir.path().join("index"), settings);
        let repo = engine.open_repo(root, false).unwrap();
        Self { dir, engine, repo }
    }
}

pub(crate) fn root_of(path: &Path) -> Root {
    Root::discover(path, None, true).unwrap()
}

pub(crate) fn sync(repo: &RepoIndex) -> UpdateReport {
    let rules = Rules::load(repo.root(), RulesOptions::default());
    let report = repo.update(Scope::All, &rules, &Silent).unwrap();
    assert!(repo.embed(&Silent).unwrap().is_complete);
    report
}

pub(crate) fn search(repo: &RepoIndex, query: &str) -> SearchOutcome {
    let request = SearchRequest {
        query: query.to_owned(),
        limit: 10,
        ..SearchRequest::default()
    };
    repo.search(&request, &mut |_| {}, &|| false).unwrap()
}

pub(crate) fn grep(repo: &RepoIndex, pattern: &str, limit: usize) -> SearchOutcome {
    let request = SearchRequest {
        query: pattern.to_owned(),
        limit,
        mode: Mode::Regex,
        ..SearchRequest::default()
    };
    repo.search(&request, &mut |_| {}, &|| false).unwrap()
}

/// Everything that a user can observe of an index: for each query, the paths and lines in their order, and the text.
/// Scores are left out: full text counts what is deleted but not yet merged away, so they differ in the last digits.
pub(crate) fn observe(repo: &RepoIndex) -> BTreeMap<String, Vec<(String, u32, u32, String)>> {
    let queries = [
        "retry_delay",
        "TaskQueue",
        "expire sessions",
        "where is the back-off decided",
        "load settings",
    ];
    let mut seen = BTreeMap::new();
    for query in queries {
        let hits = search(repo, query).hits;
        seen.insert(
            query.to_owned(),
            hits.into_iter()
                .map(|h| (h.path, h.start_line, h.end_line, h.snippet))
                .collect(),
        );
    }
    let lines = grep(repo, ".", 100_000).hits;
    seen.insert(
        "every line".to_owned(),
        lines
            .into_iter()
            .map(|h| (h.path, h.start_line, h.end_line, h.snippet))
            .collect(),
    );
    seen
}

/// What a fresh index of the same tree shows.
pub(crate) fn observe_fresh(root: &Path) -> BTreeMap<String, Vec<(String, u32, u32, String)>> {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_at(dir.path());
    let repo = engine.open_repo(root_of(root), false).unwrap();
    sync(&repo);
    observe(&repo)
}

pub(crate) fn git(root: &Path, args: &[&str]) {
    let output = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
