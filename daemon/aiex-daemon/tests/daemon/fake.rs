//! Repositories without an index. What a search does is written in its query.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aiex_daemon::repository::{EngineFacts, NotFresh, Repositories, Repository, Skipped};
use aiex_index::{
    Defined, FileOutline, Hit, IndexError, OutlineOutcome, OutlineRequest, PackOutcome, PackRequest,
    PackedSpan, Reference, RefsOutcome, RefsRequest, SearchError, SearchOutcome, SearchRequest,
    SimilarRequest, SymbolsOutcome, SymbolsRequest,
};
use aiex_protocol::repos::{Phase, RepoStatus, WatchMode};
use aiex_protocol::{ErrorCode, WireError};
use tokio::sync::watch;

/// One repository at `/fake`; any other place is refused.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) hanging: Arc<AtomicUsize>,
}

pub(crate) struct FakeRepository {
    hanging: Arc<AtomicUsize>,
    tick: watch::Sender<u64>,
}

impl Repositories for Fake {
    fn open(&self, place: &Path, insist: bool) -> Result<Arc<dyn Repository>, WireError> {
        if place.starts_with("/fake") || insist {
            let tick = watch::Sender::new(0);
            return Ok(Arc::new(FakeRepository {
                hanging: self.hanging.clone(),
                tick,
            }));
        }
        Err(WireError::new(ErrorCode::RootRefused, "no repository").with_hint("pass --yes"))
    }

    fn find(&self, place: &Path) -> Result<Arc<dyn Repository>, WireError> {
        self.open(place, false)
    }

    fn remove(&self, _: &Path) -> Result<PathBuf, WireError> {
        Err(WireError::new(ErrorCode::NotFound, "not registered"))
    }

    fn wait_resumed(&self, _: Duration) {}

    fn list(&self) -> Vec<RepoStatus> {
        vec![status()]
    }

    fn facts(&self) -> EngineFacts {
        EngineFacts {
            embedder: "fake (2)".to_owned(),
            ..EngineFacts::default()
        }
    }

    fn is_building(&self) -> bool {
        false
    }

    fn tidy(&self, _: &dyn Fn() -> bool) {}
}

impl Repository for FakeRepository {
    fn root(&self) -> &Path {
        Path::new("/fake")
    }

    fn status(&self) -> RepoStatus {
        status()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }

    fn search(
        &self,
        request: &SearchRequest,
        early: &mut dyn FnMut(Vec<Hit>),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError> {
        match request.query.as_str() {
            "hang" => {
                self.hanging.fetch_add(1, Ordering::SeqCst);
                while !is_cancelled() {
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                self.hanging.fetch_sub(1, Ordering::SeqCst);
                return Err(SearchError::Cancelled);
            }
            "panic" => panic!("a bug in the search"),
            "invalid" => {
                return Err(SearchError::InvalidQuery {
                    reason: "unclosed group".to_owned(),
                });
            }
            "flood" => {
                for _ in 0..5000 {
                    early(vec![hit("flood.rs", &"x".repeat(2000))]);
                }
            }
            _ => early(vec![hit("early.rs", "fn early() {}")]),
        }
        let mut hits = vec![
            hit("src/retry.rs", "fn retry() {}"),
            hit("src/wait.rs", "fn wait() {}"),
        ];
        if request.query.starts_with("hang ") {
            hits.push(hit("src/hang.rs", "fn hang() {}"));
        }
        Ok(SearchOutcome {
            hits,
            route: "symbol",
            generation: 7,
            is_cached: false,
            is_exhaustive: false,
            matches: None,
            nowhere: Vec::new(),
            notices: Vec::new(),
        })
    }

    fn outline(&self, request: &OutlineRequest) -> Result<OutlineOutcome, SearchError> {
        if request.paths.iter().any(|path| path == "missing.rs") {
            return Err(SearchError::NotFound {
                message: "there is no `missing.rs` in /fake".to_owned(),
                hint: "name the path from this folder or from the repository's root",
            });
        }
        Ok(OutlineOutcome {
            files: vec![FileOutline {
                path: format!("{}/{}", request.from.display(), request.paths[0]),
                language: Some("rust"),
                definitions: vec![defined(); request.limit.min(3)],
            }],
            is_whole: request.limit >= 3,
            generation: 7,
        })
    }

    fn symbols(&self, request: &SymbolsRequest) -> Result<SymbolsOutcome, SearchError> {
        Ok(SymbolsOutcome {
            symbols: vec![(defined(), Some("exact")); request.limit.min(60)],
            total: 60,
            generation: 7,
        })
    }

    fn refs(
        &self,
        request: &RefsRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<RefsOutcome, SearchError> {
        if request.name == "hang" {
            self.hanging.fetch_add(1, Ordering::SeqCst);
            while !is_cancelled() {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            self.hanging.fetch_sub(1, Ordering::SeqCst);
            return Err(SearchError::Cancelled);
        }
        Ok(RefsOutcome {
            definitions: vec![reference(Some("function"))],
            uses: vec![reference(None)],
            num_definitions: 1,
            num_uses: 2,
            is_whole: false,
            notices: vec!["a text is damaged".to_owned()],
            generation: 7,
        })
    }

    fn pack(&self, request: &PackRequest, _: &dyn Fn() -> bool) -> Result<PackOutcome, SearchError> {
        Ok(PackOutcome {
            spans: vec![PackedSpan {
                path: "src/retry.rs".to_owned(),
                start_line: 3,
                end_line: 9,
                symbol: Some("retry".to_owned()),
                language: Some("rust"),
                heading: "src/retry.rs:3-9 (retry)".to_owned(),
                tokens: request.tokens / 2,
                text: "fn retry() {}".to_owned(),
                is_cut: false,
            }],
            tokens: request.tokens,
            route: "symbol",
            generation: 7,
            ..PackOutcome::default()
        })
    }

    fn similar(&self, request: &SimilarRequest, _: &dyn Fn() -> bool) -> Result<SearchOutcome, SearchError> {
        if request.line > 9 {
            return Err(SearchError::InvalidSubject {
                message: "`src/retry.rs` has 9 lines".to_owned(),
                hint: "choose one of them",
            });
        }
        Ok(SearchOutcome {
            hits: vec![hit("src/wait.rs", "fn wait() {}")],
            route: "similar",
            generation: 7,
            is_cached: false,
            is_exhaustive: false,
            matches: None,
            nowhere: Vec::new(),
            notices: Vec::new(),
        })
    }

    fn skipped(&self, _: Option<&str>, _: usize) -> Result<Skipped, IndexError> {
        Ok(Skipped {
            reasons: vec![("binary".to_owned(), 1), ("secret".to_owned(), 3)],
            files: Vec::new(),
            redactions: 2,
        })
    }

    fn wait_fresh(&self, deadline: Instant, is_cancelled: &dyn Fn() -> bool) -> Result<(), NotFresh> {
        while Instant::now() < deadline && !is_cancelled() {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Err(NotFresh::Deadline { pending: 4 })
    }

    fn reindex(&self) {}
}

fn hit(path: &str, snippet: &str) -> Hit {
    Hit {
        score: 1.0,
        path: path.to_owned(),
        start_line: 3,
        end_line: 9,
        symbol: Some("retry".to_owned()),
        kind: Some("function"),
        language: Some("rust"),
        snippet: snippet.to_owned(),
        focus_line: 3,
        why: vec!["defines \"retry\"".to_owned()],
        explain: None,
    }
}

fn defined() -> Defined {
    Defined {
        path: "src/retry.rs".to_owned(),
        name: "retry".to_owned(),
        container: "Policy".to_owned(),
        kind: "method",
        language: Some("rust"),
        line: 4,
        start_line: 3,
        end_line: 9,
    }
}

fn reference(kind: Option<&'static str>) -> Reference {
    Reference {
        path: "src/retry.rs".to_owned(),
        line: 4,
        columns: vec![8],
        text: "    fn retry() {".to_owned(),
        symbol: Some("Policy > retry".to_owned()),
        kind,
        language: Some("rust"),
    }
}

fn status() -> RepoStatus {
    RepoStatus {
        root: "/fake".to_owned(),
        branch: Some("main".to_owned()),
        phase: Phase::Idle,
        done: 0,
        total: 0,
        rate: 0.0,
        generation: 7,
        is_complete: true,
        files_seen: 3,
        files_indexed: 2,
        files_skipped: 1,
        files_failed: 0,
        stale_files: 0,
        chunks: 2,
        chunks_embedded: 2,
        symbols: 2,
        source_bytes: 100,
        disk_bytes: 200,
        watch: WatchMode::Events { watches: 1 },
        fresh_at_ms: 1,
        problem: None,
        quarantined: Vec::new(),
        vector_collection: None,
        vectors_moving_to: None,
        is_at_rest: false,
    }
}
