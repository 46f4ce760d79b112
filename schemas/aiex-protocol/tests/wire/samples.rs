//! One message of each kind, every field filled in.

mod keys;
mod research;
mod sessions;

use std::collections::BTreeMap;

use aiex_protocol::code::{
    FileOutline, OutlineArgs, OutlineReport, PackArgs, PackReport, PackedSpan, Place, Reference, RefsArgs,
    RefsReport, SimilarArgs, Symbol, SymbolsArgs, SymbolsReport,
};
use aiex_protocol::hello::Build;
use aiex_protocol::repos::{
    AddRepo, IndexProgress, MoveVectors, Phase, ReindexRepo, RemoveRepo, RepoStatus, VectorPlace, WatchMode,
};
use aiex_protocol::search::{
    Answer, ArmPlace, AskArgs, Citation, Explanation, Filters, Hit, Hits, Matches, Mode, ScoreStep,
    SearchArgs, SearchSummary, Stage, TokenUsage,
};
use aiex_protocol::status::{
    Budgets, CacheStatus, ComponentState, ComponentStatus, DaemonStatus, Handles, ReasonCount, RestingKey,
    RestingKeyState, ServiceKind, ServiceRest, ServiceStatus, SkippedArgs, SkippedFile, SkippedReport,
    StatusArgs,
};
use aiex_protocol::{
    Call, ClientFrame, DaemonInfo, Envelope, ErrorCode, Event, Hello, Refusal, RefusalReason, Request,
    RequestId, ServerFrame, StreamId, Welcome, WireError,
};

fn build() -> Build {
    Build {
        version: "0.1.0".into(),
        digest: "ab12cd34ef567890".into(),
    }
}

pub(crate) fn daemon_info() -> DaemonInfo {
    DaemonInfo {
        contract: 1,
        pid: 4711,
        socket: "/home/ada/.local/state/aiex/c1/aiexd.sock".into(),
        tcp: Some("127.0.0.1:40123".into()),
        build: build(),
        token: "0123456789abcdef".into(),
        started_at_ms: 1_767_225_600_000,
    }
}

pub(crate) fn client_frames() -> Vec<(&'static str, ClientFrame)> {
    let request = |call| {
        ClientFrame::Request(Request {
            id: RequestId(7),
            call,
            deadline_ms: Some(5_000),
            trace: Some("3f2a".into()),
        })
    };
    let later = research::calls()
        .into_iter()
        .chain(sessions::calls())
        .chain(keys::calls())
        .chain([("request-search-page", search_page())])
        .map(|(name, call)| (name, request(call)));
    let mut frames = vec![
        (
            "hello",
            ClientFrame::Hello(Hello {
                contract: 1,
                build: build(),
                capabilities: vec!["gap".into()],
                client: "cli".into(),
                token: Some("0123456789abcdef".into()),
            }),
        ),
        ("cancel", ClientFrame::Cancel { id: RequestId(7) }),
        (
            "resume",
            ClientFrame::Resume {
                id: RequestId(8),
                stream: StreamId("4711-7".into()),
                after: 12,
            },
        ),
        ("request-search", request(Call::Search(search_args()))),
        (
            "request-ask",
            request(Call::Ask(AskArgs {
                search: search_args(),
                extractive: true,
                provider: Some("local".into()),
            })),
        ),
        (
            "request-outline",
            request(Call::Outline(OutlineArgs {
                place: place(),
                from: "/src/queue/src".into(),
                paths: vec!["retry.rs".into()],
                limit: 100,
            })),
        ),
        (
            "request-symbols",
            request(Call::Symbols(SymbolsArgs {
                place: place(),
                query: "next_delay".into(),
                limit: 20,
                filters: search_args().filters,
            })),
        ),
        (
            "request-refs",
            request(Call::Refs(RefsArgs {
                place: place(),
                name: "next_delay".into(),
                limit: 20,
                filters: search_args().filters,
            })),
        ),
        (
            "request-pack",
            request(Call::Pack(PackArgs {
                search: search_args(),
                tokens: 4_000,
            })),
        ),
        (
            "request-similar",
            request(Call::Similar(SimilarArgs {
                search: search_args(),
                from: "/src/queue/src".into(),
                path: "retry.rs".into(),
                line: 12,
            })),
        ),
        (
            "request-status",
            request(Call::Status(StatusArgs {
                repo: Some("/src/queue".into()),
            })),
        ),
        (
            "request-skipped",
            request(Call::Skipped(SkippedArgs {
                repo: "/src/queue".into(),
                reason: Some("binary".into()),
                limit: 50,
            })),
        ),
        (
            "request-add-repo",
            request(Call::AddRepo(AddRepo {
                path: "/src/queue".into(),
                yes: true,
                wait: true,
            })),
        ),
        (
            "request-remove-repo",
            request(Call::RemoveRepo(RemoveRepo {
                path: "/src/queue".into(),
            })),
        ),
        (
            "request-reindex-repo",
            request(Call::ReindexRepo(ReindexRepo {
                path: "/src/queue".into(),
                wait: true,
            })),
        ),
        (
            "request-move-vectors",
            request(Call::MoveVectors(MoveVectors {
                path: "/src/queue".into(),
                to: VectorPlace::Server,
                wait: true,
            })),
        ),
        ("request-list-repos", request(Call::ListRepos {})),
        (
            "request-drain",
            request(Call::Drain {
                reason: "a newer build takes over".into(),
            }),
        ),
    ];
    frames.extend(later);
    frames
}

fn place() -> Place {
    Place {
        repo: "/src/queue".into(),
        wait_fresh_ms: Some(60_000),
        wait_complete: true,
        yes: true,
    }
}

fn search_args() -> SearchArgs {
    SearchArgs {
        query: "where are retries decided?".into(),
        repo: "/src/queue".into(),
        limit: 20,
        mode: Mode::Literal,
        filters: Filters {
            paths: vec!["src/**".into(), "!**/tests/**".into()],
            languages: vec!["rust".into()],
            kinds: vec!["function".into()],
        },
        explain: true,
        wait_fresh_ms: Some(60_000),
        wait_complete: true,
        yes: true,
        sources: vec![],
        ranking: BTreeMap::new(),
        ..SearchArgs::default()
    }
}

pub(crate) fn server_frames() -> Vec<(&'static str, ServerFrame)> {
    let mut frames = vec![
        (
            "welcome",
            ServerFrame::Welcome(Welcome {
                contract: 1,
                build: build(),
                capabilities: vec!["resume".into()],
                config_digest: "00ff00ff00ff00ff".into(),
                pid: 4711,
            }),
        ),
        (
            "refused",
            ServerFrame::Refused(Refusal {
                reason: RefusalReason::ClientTooOld,
                message: "this daemon speaks contract 2".into(),
                hint: "update aiex".into(),
                build: build(),
            }),
        ),
    ];
    let events = events()
        .into_iter()
        .chain(research::events())
        .chain(sessions::events())
        .chain(keys::events())
        .chain(research::later_events())
        .chain([("event-done-page", done_page())])
        .chain(research::latest_events())
        .chain([("event-status-services", status_with_services())])
        .chain([("event-status-memory", status_with_memory())])
        .chain([("event-status-at-rest", status_with_a_repository_at_rest())])
        .chain([("event-done-nowhere", done_with_words_that_stand_nowhere())])
        .chain([("event-source-in-part", research::source_in_part())])
        .chain([("event-bookmarks-targets", sessions::bookmarks_of_targets())])
        .chain([("event-templates-with-text", research::templates_with_text())])
        .chain([("event-status-handles", status_with_handles())])
        .chain([("event-status-disk", status_with_a_budget_of_disk())]);
    let events = events.enumerate().map(|(seq, (name, event))| {
        (
            name,
            ServerFrame::Event(Envelope {
                id: RequestId(7),
                seq: seq as u64,
                event,
            }),
        )
    });
    frames.extend(events);
    frames
}

fn events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "event-accepted",
            Event::Accepted {
                stream: StreamId("4711-7".into()),
            },
        ),
        (
            "event-progress",
            Event::Progress(IndexProgress {
                repo: "/src/queue".into(),
                phase: Phase::Embedding,
                done: 512,
                total: 2048,
                rate: 1024.5,
            }),
        ),
        (
            "event-notice",
            Event::Notice {
                message: "watching by polling: the watch limit is reached".into(),
            },
        ),
        (
            "event-hits",
            Event::Hits(Hits {
                stage: Stage::Final,
                hits: vec![hit()],
            }),
        ),
        (
            "event-answer-delta",
            Event::AnswerDelta {
                text: "Retries are decided in ".into(),
            },
        ),
        ("event-answer", Event::Answer(answer())),
        ("event-status", Event::Status(Box::new(status()))),
        (
            "event-skipped",
            Event::Skipped(SkippedReport {
                reasons: vec![ReasonCount {
                    reason: "binary".into(),
                    files: 3,
                }],
                files: vec![SkippedFile {
                    path: "logo\\xff.png".into(),
                    reason: "binary".into(),
                    detail: "a NUL byte at 1".into(),
                }],
                redactions: 2,
            }),
        ),
        (
            "event-repos",
            Event::Repos {
                repos: vec![
                    repo(WatchMode::Events { watches: 120 }),
                    repo(WatchMode::Polling {
                        interval_s: 5,
                        reason: "the watch budget is spent".into(),
                    }),
                    repo(WatchMode::Off {
                        reason: "the folder is gone".into(),
                    }),
                ],
            },
        ),
        ("event-gap", Event::Gap { missed: 31 }),
        (
            "event-done",
            Event::Done {
                summary: Some(summary()),
            },
        ),
        (
            "event-error",
            Event::Error(
                WireError::new(ErrorCode::RootRefused, "the home directory is not indexed")
                    .with_hint("name a project, or pass --yes"),
            ),
        ),
        // New kinds stand at the end: the number of an event is its place in this list.
        (
            "event-outline",
            Event::Outline(OutlineReport {
                files: vec![FileOutline {
                    path: "src/retry.rs".into(),
                    language: Some("rust".into()),
                    symbols: vec![symbol()],
                }],
                is_whole: true,
            }),
        ),
        (
            "event-symbols",
            Event::Symbols(SymbolsReport {
                symbols: vec![Symbol {
                    fit: Some("exact".into()),
                    ..symbol()
                }],
                total: 1,
            }),
        ),
        (
            "event-refs",
            Event::Refs(RefsReport {
                definitions: vec![reference(10, Some("method"))],
                uses: vec![reference(40, None)],
                total_definitions: 1,
                total_uses: 2,
                is_whole: false,
            }),
        ),
        (
            "event-pack",
            Event::Pack(PackReport {
                spans: vec![PackedSpan {
                    path: "src/retry.rs".into(),
                    start_line: 10,
                    end_line: 42,
                    symbol: Some("Retry > next_delay".into()),
                    language: Some("rust".into()),
                    heading: "src/retry.rs:10-42 (Retry > next_delay)".into(),
                    tokens: 120,
                    text: "fn next_delay(&self) -> Duration {\n    …\n}".into(),
                    is_cut: true,
                }],
                tokens: 150,
                budget: 4_000,
                left_out: vec!["src/wait.rs:1-9".into()],
                total_left_out: 1,
                repeats: 2,
            }),
        ),
    ]
}

fn symbol() -> Symbol {
    Symbol {
        path: "src/retry.rs".into(),
        name: "next_delay".into(),
        container: "Retry".into(),
        kind: "method".into(),
        language: Some("rust".into()),
        line: 12,
        start_line: 10,
        end_line: 42,
        fit: None,
    }
}

fn reference(line: u32, kind: Option<&str>) -> Reference {
    Reference {
        path: "src/retry.rs".into(),
        line,
        columns: vec![4, 20],
        text: "fn next_delay(&self) -> Duration {".into(),
        symbol: Some("Retry > next_delay".into()),
        kind: kind.map(str::to_owned),
        language: Some("rust".into()),
    }
}

fn hit() -> Hit {
    Hit {
        rank: 1,
        score: 0.75,
        repo: "/src/queue".into(),
        path: "src/retry.rs".into(),
        start_line: 10,
        end_line: 42,
        symbol: Some("Retry::next_delay".into()),
        kind: Some("function".into()),
        language: Some("rust".into()),
        snippet: "fn next_delay(&self) -> Duration {\n    …\n}".into(),
        focus_line: 12,
        why: vec!["defines \"retry\"".into(), "meaning".into()],
        explain: Some(Explanation {
            route: "natural".into(),
            arms: BTreeMap::from([
                ("dense".to_owned(), ArmPlace { rank: 2, score: 0.5 }),
                (
                    "lexical".to_owned(),
                    ArmPlace {
                        rank: 1,
                        score: 12.25,
                    },
                ),
            ]),
            steps: vec![ScoreStep {
                rule: "definition".into(),
                detail: "defines next_delay".into(),
                score: 0.75,
            }],
        }),
    }
}

fn answer() -> Answer {
    Answer {
        text: "Retries are decided in `next_delay` [1].".into(),
        citations: vec![Citation {
            id: 1,
            path: "src/retry.rs".into(),
            start_line: 10,
            end_line: 42,
        }],
        author: "local/qwen3-coder".into(),
        rejected_citations: vec![9],
        usage: Some(TokenUsage {
            input: 2_048,
            output: 64,
        }),
    }
}

/// A page of an exhaustive search behind another.
fn search_page() -> Call {
    Call::Search(SearchArgs {
        query: "retry".into(),
        repo: "/src/queue".into(),
        limit: 10,
        mode: Mode::Literal,
        after: "7-340-src/retry.rs".into(),
        ..SearchArgs::default()
    })
}

fn done_page() -> Event {
    Event::Done {
        summary: Some(SearchSummary {
            is_exhaustive: false,
            matches: Some(Matches {
                lines: 1_204,
                files: 87,
                next: Some("7-12-src/state.rs".into()),
            }),
            ..summary()
        }),
    }
}

fn done_with_words_that_stand_nowhere() -> Event {
    Event::Done {
        summary: Some(SearchSummary {
            nowhere: vec!["kubernetes".into(), "pods".into()],
            ..summary()
        }),
    }
}

fn summary() -> SearchSummary {
    SearchSummary {
        repo: "/src/queue".into(),
        route: "natural".into(),
        generation: 7,
        stale_files: 1,
        is_complete: true,
        files_indexed: 100,
        files_total: 101,
        chunks_embedded: 900,
        chunks_total: 1_000,
        is_cached: true,
        took_us: 4_200,
        is_exhaustive: true,
        matches: None,
        nowhere: Vec::new(),
    }
}

fn status() -> DaemonStatus {
    DaemonStatus {
        pid: 4711,
        build: build(),
        socket: "/home/ada/.local/state/aiex/c1/aiexd.sock".into(),
        tcp: Some("127.0.0.1:40123".into()),
        home: "/home/ada/.local/state/aiex".into(),
        started_at_ms: 1_767_225_600_000,
        idle_exit_s: 1_800,
        clients: 2,
        running_requests: 1,
        budgets: Budgets {
            memory_used: 100 << 20,
            memory_of_files: None,
            memory_budget: 256 << 20,
            watches_used: 120,
            watches_budget: 8_192,
            disk_used: 10 << 20,
            disk_budget: None,
            handles: None,
        },
        cache: CacheStatus {
            hits: 5,
            misses: 10,
            entries: 10,
        },
        cache_problem: None,
        embedder: "built-in (256)".into(),
        embedder_problem: Some("ONNX Runtime was not found".into()),
        vector_server: None,
        vector_server_problem: None,
        services: Vec::new(),
        components: vec![ComponentStatus {
            name: "watch".into(),
            state: ComponentState::BackingOff,
            restarts: 1,
            last_error: Some("too many open files".into()),
        }],
        repos: vec![repo(WatchMode::Events { watches: 120 })],
    }
}

fn status_with_services() -> Event {
    Event::Status(Box::new(DaemonStatus {
        services: services(),
        ..status()
    }))
}

fn status_with_memory() -> Event {
    let status = status();
    Event::Status(Box::new(DaemonStatus {
        budgets: Budgets {
            memory_of_files: Some(400 << 20),
            ..status.budgets.clone()
        },
        ..status
    }))
}

fn status_with_handles() -> Event {
    let status = status();
    Event::Status(Box::new(DaemonStatus {
        budgets: Budgets {
            handles: Some(Handles {
                files_open: 120,
                files_budget: 4_096,
                threads: 24,
            }),
            ..status.budgets.clone()
        },
        ..status
    }))
}

fn status_with_a_budget_of_disk() -> Event {
    let status = status();
    Event::Status(Box::new(DaemonStatus {
        budgets: Budgets {
            disk_budget: Some(20 << 30),
            ..status.budgets.clone()
        },
        ..status
    }))
}

fn status_with_a_repository_at_rest() -> Event {
    let watch = WatchMode::Off {
        reason: "at rest until it is asked for".into(),
    };
    Event::Status(Box::new(DaemonStatus {
        repos: vec![RepoStatus {
            is_at_rest: true,
            ..repo(watch)
        }],
        ..status()
    }))
}

fn services() -> Vec<ServiceStatus> {
    let engine = ServiceStatus {
        kind: ServiceKind::Engine,
        name: "searxng".into(),
        rest: Some(ServiceRest {
            reason: "it was not reached".into(),
            left_s: 20,
        }),
        ..ServiceStatus::default()
    };
    let key = |number, state, message: &str, left_s| RestingKey {
        number,
        state,
        message: message.into(),
        left_s,
    };
    let provider = ServiceStatus {
        kind: ServiceKind::Provider,
        name: "hosted".into(),
        model: Some("large-1".into()),
        rest: None,
        keys: vec![
            key(1, RestingKeyState::Rejected, "Incorrect API key", None),
            key(2, RestingKeyState::Exhausted, "no credit", Some(21_600)),
            key(3, RestingKeyState::Limited, "", Some(5)),
        ],
    };
    vec![provider, engine]
}

fn repo(watch: WatchMode) -> RepoStatus {
    RepoStatus {
        root: "/src/queue".into(),
        branch: Some("main".into()),
        phase: Phase::Idle,
        done: 0,
        total: 0,
        rate: 0.5,
        generation: 7,
        is_complete: true,
        files_seen: 104,
        files_indexed: 100,
        files_skipped: 3,
        files_failed: 1,
        stale_files: 1,
        chunks: 1_000,
        chunks_embedded: 900,
        symbols: 400,
        source_bytes: 1 << 20,
        disk_bytes: 2 << 20,
        watch,
        fresh_at_ms: 1_767_225_700_000,
        problem: Some("the disk is full".into()),
        quarantined: vec!["lexical".into()],
        vector_collection: None,
        vectors_moving_to: None,
        is_at_rest: false,
    }
}
