//! Samples of what research, sources and caches say.

use aiex_protocol::cache::{CacheCleared, CacheKind, CacheProblem, CacheReport, ClearCache};
use aiex_protocol::journal::{EngineRun, QuoteRef, RunEntry, RunEvent, RunStage, StopRule};
use aiex_protocol::research::{
    ApproveArgs, Brief, Budget, Depth, Document, Drift, Estimate, FollowArgs, GraphArgs, GraphFormat,
    GraphKind, GraphMatch, GraphNeighbour, GraphNode, GraphRelation, GraphView, Ledger, Limits, Plan,
    QuestionKind, QuoteState, ReportArgs, ReportFormat, ResearchArgs, RunArgs, RunState, RunSummary, RunView,
    SubQuestion, TemplateInfo, Verification,
};
use aiex_protocol::search::{SearchArgs, Stage};
use aiex_protocol::source::{Found, FoundList, Origin, Since, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{Call, Event};

const RUN: &str = "20260131-0af3c9";

pub(crate) fn calls() -> Vec<(&'static str, Call)> {
    let run = || RunArgs { run: RUN.into() };
    vec![
        (
            "request-search-sources",
            Call::Search(SearchArgs {
                query: "how does the runtime shut down?".into(),
                repo: "/src/queue".into(),
                sources: vec![
                    SourceKind::Code,
                    SourceKind::Docs,
                    SourceKind::Git,
                    SourceKind::Web,
                ],
                ..SearchArgs::default()
            }),
        ),
        (
            "request-search-since",
            Call::Search(SearchArgs {
                query: "what changed in the runtime".into(),
                repo: "/src/queue".into(),
                sources: vec![SourceKind::Web],
                since: Some(Since::Month),
                ..SearchArgs::default()
            }),
        ),
        ("request-research-start", Call::ResearchStart(research_args())),
        (
            "request-research-estimate",
            Call::ResearchEstimate(research_args()),
        ),
        ("request-research-list", Call::ResearchList {}),
        ("request-research-show", Call::ResearchShow(run())),
        (
            "request-research-follow",
            Call::ResearchFollow(FollowArgs {
                run: RUN.into(),
                from_seq: 12,
            }),
        ),
        ("request-research-pause", Call::ResearchPause(run())),
        ("request-research-resume", Call::ResearchResume(run())),
        ("request-research-cancel", Call::ResearchCancel(run())),
        ("request-research-retry", Call::ResearchRetry(run())),
        ("request-research-finish", Call::ResearchFinish(run())),
        (
            "request-research-approve",
            Call::ResearchApprove(ApproveArgs {
                run: RUN.into(),
                plan: Some(plan()),
                note: Some("only what works without a server".into()),
            }),
        ),
        (
            "request-research-report",
            Call::ResearchReport(ReportArgs {
                run: RUN.into(),
                format: ReportFormat::Bibtex,
            }),
        ),
        (
            "request-research-graph",
            Call::ResearchGraph(GraphArgs {
                run: Some(RUN.into()),
                format: None,
                name: Some("JoinSet".into()),
                limit: 5,
                ..GraphArgs::default()
            }),
        ),
        (
            "request-research-graph-whole",
            Call::ResearchGraph(GraphArgs {
                format: Some(GraphFormat::Graphml),
                ..GraphArgs::default()
            }),
        ),
        (
            "request-research-graph-filtered",
            Call::ResearchGraph(GraphArgs {
                kinds: vec![GraphKind::Claim, GraphKind::Source],
                relations: vec![GraphRelation::Contradicts, GraphRelation::CoOccurs],
                ..GraphArgs::default()
            }),
        ),
        (
            "request-research-graph-way",
            Call::ResearchGraph(GraphArgs {
                name: Some("JoinSet".into()),
                to: Some("tokio".into()),
                ..GraphArgs::default()
            }),
        ),
        ("request-research-verify", Call::ResearchVerify(run())),
        ("request-research-remove", Call::ResearchRemove(run())),
        ("request-research-templates", Call::ResearchTemplates {}),
        ("request-cache-stats", Call::CacheStats {}),
        (
            "request-cache-clear",
            Call::CacheClear(ClearCache {
                kinds: vec!["pages".into()],
            }),
        ),
    ]
}

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let mut events = vec![
        (
            "event-source",
            Event::Source(SourceStatus {
                source: SourceKind::Web,
                state: SourceState::Failed,
                found: 3,
                took_ms: 812,
                failure: Some("tavily: the key is rejected".into()),
                hint: Some("put a valid key into `TAVILY_API_KEY`".into()),
                engines: vec![],
            }),
        ),
        (
            "event-found",
            Event::Found(FoundList {
                stage: Stage::Early,
                found: vec![
                    found(1, SourceKind::Docs, docs()),
                    found(3, SourceKind::Git, commit()),
                    found(4, SourceKind::Web, web()),
                ],
            }),
        ),
        ("event-run", Event::Run(run(RunState::Running))),
        (
            "event-runs",
            Event::Runs {
                runs: vec![run(RunState::AwaitingApproval), run(RunState::Failed)],
            },
        ),
        (
            "event-run-view",
            Event::RunView(Box::new(RunView {
                summary: run(RunState::Done),
                request: research_args(),
                brief: Some(brief()),
                plan: Some(plan()),
                ledger: ledger(),
                limits: limits(),
                last_seq: 140,
            })),
        ),
        (
            "event-estimate",
            Event::Estimate(Estimate {
                searches: 40,
                fetches: 24,
                model_calls: 30,
                tokens: 90_000,
                micro_dollars: Some(120_000),
                wall_seconds_low: 40,
                wall_seconds_high: 300,
                limits: limits(),
            }),
        ),
        (
            "event-document",
            Event::Document(Document {
                run: Some(RUN.into()),
                format: "markdown".into(),
                text: "# Shutting down\n\nTasks are aborted [1].\n".into(),
            }),
        ),
        ("event-graph", Event::Graph(graph())),
        ("event-verification", Event::Verification(verification())),
        (
            "event-templates",
            Event::Templates {
                templates: vec![TemplateInfo {
                    name: "compare-libraries".into(),
                    title: "Libraries compared".into(),
                    about: "sets libraries side by side".into(),
                    sections: vec!["In short".into(), "What they do".into()],
                    text: String::new(),
                }],
            },
        ),
        (
            "event-cache",
            Event::Cache(CacheReport {
                kinds: vec![CacheKind {
                    name: "pages".into(),
                    entries: 120,
                    disk_bytes: 3 << 20,
                    memory_hits: 10,
                    disk_hits: 5,
                    misses: 7,
                    shared: 2,
                    evicted: 1,
                    ttl_s: Some(86_400),
                }],
                disk_bytes: 3 << 20,
                max_disk_bytes: 512 << 20,
                memory_bytes: 1 << 20,
                max_memory_bytes: 16 << 20,
                problem: None,
            }),
        ),
        (
            "event-cache-cleared",
            Event::CacheCleared(CacheCleared {
                entries: 120,
                disk_bytes: 3 << 20,
            }),
        ),
    ];
    events.extend(entries().into_iter().zip(1..).map(|((name, event), seq)| {
        let entry = RunEntry {
            seq,
            at_ms: 1_767_225_600_000 + seq,
            event,
        };
        (name, Event::RunEntry(Box::new(entry)))
    }));
    events
}

/// A run's journal, one entry of each kind.
fn entries() -> Vec<(&'static str, RunEvent)> {
    vec![
        (
            "entry-created",
            RunEvent::Created {
                question: research_args().question,
                depth: Depth::Deep,
                limits: limits(),
                model: true,
            },
        ),
        (
            "entry-stage-began",
            RunEvent::StageBegan {
                stage: RunStage::Scope,
            },
        ),
        (
            "entry-stage-ended",
            RunEvent::StageEnded {
                stage: RunStage::Scope,
                took_ms: 1_200,
            },
        ),
        ("entry-briefed", RunEvent::Briefed { brief: brief() }),
        ("entry-planned", RunEvent::Planned { plan: plan() }),
        ("entry-awaiting-approval", RunEvent::AwaitingApproval),
        ("entry-approved", RunEvent::Approved { plan: plan() }),
        (
            "entry-round-began",
            RunEvent::RoundBegan {
                round: 1,
                searches: 12,
            },
        ),
        (
            "entry-searched",
            RunEvent::Searched {
                round: 1,
                sub_question: 0,
                source: SourceKind::Web,
                query: "runtime shutdown".into(),
                found: 0,
                failure: Some("the key is rejected".into()),
                engines: Vec::new(),
            },
        ),
        (
            "entry-read",
            RunEvent::Read {
                number: 3,
                origin: code(),
                title: "runtime.rs".into(),
                instructs: true,
            },
        ),
        (
            "entry-read-failed",
            RunEvent::ReadFailed {
                origin: web(),
                failure: "robots.txt forbids it".into(),
            },
        ),
        (
            "entry-quoted",
            RunEvent::Quoted {
                quote: QuoteRef { source: 3, number: 2 },
                sub_question: Some(0),
                text: "Tasks are aborted when the runtime is dropped.".into(),
            },
        ),
        (
            "entry-round-ended",
            RunEvent::RoundEnded {
                round: 1,
                new_quotes: 9,
                answered: 2,
                stop: Some(StopRule::Answered),
            },
        ),
        (
            "entry-outlined",
            RunEvent::Outlined {
                headings: vec!["In short".into(), "Shutting down".into()],
            },
        ),
        (
            "entry-draft",
            RunEvent::Draft {
                section: 1,
                offset: 12,
                text: "Tasks are aborted".into(),
            },
        ),
        (
            "entry-written",
            RunEvent::Written {
                section: 1,
                sentences: 4,
                unknown_cites: 1,
            },
        ),
        (
            "entry-checked",
            RunEvent::Checked {
                supported: 5,
                partial: 2,
                unsupported: 1,
                contradicted: 1,
                unchecked: 3,
                repaired: 1,
            },
        ),
        (
            "entry-fallback",
            RunEvent::Fallback {
                stage: RunStage::Plan,
                reason: "the model's answer is not a plan".into(),
            },
        ),
        ("entry-spent", RunEvent::Spent { ledger: ledger() }),
        ("entry-resumed", RunEvent::Resumed),
        ("entry-paused", RunEvent::Paused),
        ("entry-finishing", RunEvent::Finishing),
        ("entry-cancelled", RunEvent::Cancelled),
        (
            "entry-failed",
            RunEvent::Failed {
                reason: "no source could be searched".into(),
                hint: "add a repository".into(),
            },
        ),
        (
            "entry-done",
            RunEvent::Done {
                partial: Some("the time was over".into()),
                ledger: ledger(),
            },
        ),
    ]
}

fn research_args() -> ResearchArgs {
    ResearchArgs {
        question: "what happens to running tasks at shutdown?".into(),
        template: Some("architecture-tour".into()),
        depth: Some(Depth::Deep),
        budget: Budget {
            wall_seconds: Some(300),
            tokens: Some(100_000),
            micro_dollars: Some(500_000),
            fetches: Some(40),
            searches: Some(60),
        },
        sources: vec![SourceKind::Code, SourceKind::Reports],
        repos: vec!["/src/queue".into()],
        yes: true,
        plan_only: true,
        approve: true,
        fresh: false,
        ticket: None,
    }
}

fn run(state: RunState) -> RunSummary {
    RunSummary {
        id: RUN.into(),
        question: research_args().question,
        depth: Depth::Quick,
        state,
        stage: Some(RunStage::Gather),
        created_ms: 1_767_225_600_000,
        changed_ms: 1_767_225_700_000,
        reason: Some("no source could be searched".into()),
    }
}

fn brief() -> Brief {
    Brief {
        kind: QuestionKind::Tour,
        objective: "to know what is lost at shutdown".into(),
        constraints: vec!["tokio 1.48".into()],
        clarify: Some("which runtime?".into()),
    }
}

fn plan() -> Plan {
    Plan {
        sub_questions: vec![SubQuestion {
            question: "what does dropping the runtime do?".into(),
            sources: vec![SourceKind::Docs, SourceKind::Git],
            queries: vec!["runtime drop abort tasks".into()],
        }],
    }
}

fn ledger() -> Ledger {
    Ledger {
        wall_ms: 41_000,
        input_tokens: 30_000,
        output_tokens: 4_000,
        micro_dollars: 21_000,
        searches: 24,
        fetches: 9,
        model_calls: 12,
    }
}

fn limits() -> Limits {
    Limits {
        wall_ms: 300_000,
        tokens: 100_000,
        micro_dollars: Some(500_000),
        fetches: 40,
        searches: 60,
    }
}

fn found(rank: u32, source: SourceKind, origin: Origin) -> Found {
    Found {
        rank,
        score: 0.5,
        source,
        title: "Runtime in tokio::runtime".into(),
        origin,
        snippet: "Tasks are aborted when the runtime is dropped.".into(),
        date: Some("2026-01-05".into()),
        licence: None,
        also: vec![SourceKind::Web],
    }
}

fn code() -> Origin {
    Origin::Code {
        repo: "queue".into(),
        root: "/src/queue".into(),
        commit: Some("1a2b3c4d5e6f".into()),
        path: "src/runtime.rs".into(),
        first_line: 10,
        last_line: 42,
    }
}

fn docs() -> Origin {
    Origin::Docs {
        package: "tokio".into(),
        version: "1.48.0".into(),
        root: "/home/ada/.cargo/tokio-1.48.0".into(),
        path: "src/runtime/runtime.rs".into(),
        first_line: 80,
        last_line: 95,
    }
}

fn commit() -> Origin {
    Origin::Commit {
        repo: "queue".into(),
        root: "/src/queue".into(),
        commit: "1a2b3c4d5e6f".into(),
    }
}

fn web() -> Origin {
    Origin::Web {
        url: "https://tokio.rs/tokio/topics/shutdown".into(),
    }
}

fn verification() -> Verification {
    let drift = |number, state| Drift {
        quote: QuoteRef { source: 1, number },
        place: "src/runtime.rs:80-95@0af3c9d".into(),
        state,
        sentences: vec!["Tasks are aborted when the runtime is dropped.".into()],
    };
    Verification {
        run: RUN.into(),
        quotes: 6,
        kept: 3,
        drifted: vec![
            drift(1, QuoteState::Kept),
            drift(
                2,
                QuoteState::Moved {
                    first_line: 90,
                    last_line: 92,
                },
            ),
            drift(3, QuoteState::Changed),
            drift(4, QuoteState::Gone),
            drift(
                5,
                QuoteState::Unknown {
                    reason: "offline".into(),
                },
            ),
        ],
        claims: 4,
        standing: 2,
        unknown: 1,
    }
}

fn graph() -> GraphView {
    let node = |kind: &str, name: &str| GraphNode {
        kind: kind.into(),
        name: name.into(),
        verdict: (kind == "claim").then(|| "supported".into()),
        runs: vec![RUN.into()],
    };
    GraphView {
        nodes: 42,
        edges: 60,
        matches: vec![GraphMatch {
            node: node("identifier", "JoinSet"),
            neighbours: vec![GraphNeighbour {
                relation: "mentions".into(),
                weight: 3,
                node: node("claim", "A JoinSet aborts its tasks when it is dropped."),
            }],
            total: 7,
        }],
        total: 2,
    }
}

/// Samples that came later, behind all others: a sample keeps its number.
pub(crate) fn later_events() -> Vec<(&'static str, Event)> {
    vec![(
        "event-cache-problem",
        Event::Cache(CacheReport {
            problem: Some(CacheProblem {
                is_off: true,
                message: "the cache cannot be written: database or disk is full".into(),
                hint: "make room on the disk".into(),
            }),
            ..CacheReport::default()
        }),
    )]
}

/// Those that came after these.
pub(crate) fn latest_events() -> Vec<(&'static str, Event)> {
    let searched = RunEvent::Searched {
        round: 1,
        sub_question: 0,
        source: SourceKind::Web,
        query: "runtime shutdown".into(),
        found: 7,
        failure: None,
        engines: vec![
            EngineRun {
                engine: "searxng".into(),
                found: 8,
                failure: None,
            },
            EngineRun {
                engine: "serper".into(),
                found: 0,
                failure: Some("the key is out of credit".into()),
            },
        ],
    };
    let entry = RunEntry {
        seq: 40,
        at_ms: 1_767_225_600_040,
        event: searched,
    };
    vec![("entry-searched-in-part", Event::RunEntry(Box::new(entry)))]
}

/// A source of which one engine failed.
pub(crate) fn templates_with_text() -> Event {
    Event::Templates {
        templates: vec![TemplateInfo {
            name: "compare-libraries".into(),
            title: "Libraries compared".into(),
            about: "sets libraries side by side".into(),
            sections: vec!["In short".into(), "What they do".into()],
            text: "title = \"Libraries compared\"\n".into(),
        }],
    }
}

pub(crate) fn source_in_part() -> Event {
    Event::Source(SourceStatus {
        source: SourceKind::Web,
        state: SourceState::Done,
        found: 5,
        took_ms: 812,
        failure: Some("serper: the key is out of credit".into()),
        hint: Some("buy credit, or set another key".into()),
        engines: vec![
            EngineRun {
                engine: "searxng".into(),
                found: 5,
                failure: None,
            },
            EngineRun {
                engine: "serper".into(),
                found: 0,
                failure: Some("the key is out of credit".into()),
            },
        ],
    })
}
