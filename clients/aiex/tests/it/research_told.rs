//! How `aiex research` tells what happens, from journals that a daemon without a model and a network never writes.

use std::io::{Read, Write};

use aiex_protocol::journal::{RunEntry, RunEvent, RunStage, StopRule};
use aiex_protocol::research::{
    Depth, Document, Ledger, Limits, Plan, ReportFormat, RunState, RunSummary, SubQuestion,
};
use aiex_protocol::search::{Hits, Stage};
use aiex_protocol::source::{Found, FoundList, Origin, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{Call, ErrorCode, Event, WireError};
use rustix::process::{Pid, Signal, kill_process};

use crate::scripted::Scripted;
use crate::world::{World, first_line, wait_for};

const RUN: &str = "20260131-0af3c9";
const ALL: &[&str] = &["research", "sources", "cache"];
const DONE: Event = Event::Done { summary: None };

/// What to ask for when no repository is wanted.
const ASK: &[&str] = &["research", "what is lost?", "--sources", "web"];

fn summary(state: RunState) -> RunSummary {
    RunSummary {
        id: RUN.into(),
        question: "what is lost?".into(),
        depth: Depth::Standard,
        state,
        stage: None,
        created_ms: 1,
        changed_ms: 1,
        reason: None,
    }
}

fn created() -> RunEvent {
    RunEvent::Created {
        question: "what is lost?".into(),
        depth: Depth::Standard,
        limits: Limits {
            wall_ms: 300_000,
            tokens: 100_000,
            micro_dollars: Some(500_000),
            fetches: 40,
            searches: 60,
        },
        model: true,
    }
}

fn plan() -> Plan {
    Plan {
        sub_questions: vec![SubQuestion {
            question: "what does dropping it do?".into(),
            sources: vec![SourceKind::Web],
            queries: vec![],
        }],
    }
}

fn done(partial: Option<&str>) -> RunEvent {
    RunEvent::Done {
        partial: partial.map(str::to_owned),
        ledger: Ledger {
            wall_ms: 41_000,
            input_tokens: 30_000,
            output_tokens: 4_000,
            micro_dollars: 21_000,
            searches: 2,
            fetches: 1,
            model_calls: 12,
        },
    }
}

fn searched(query: &str, failure: Option<&str>) -> RunEvent {
    RunEvent::Searched {
        round: 1,
        sub_question: 0,
        source: SourceKind::Web,
        query: query.into(),
        found: 2,
        failure: failure.map(str::to_owned),
        engines: Vec::new(),
    }
}

/// The entries of a journal from one on, and its end if it has one.
fn journal(events: &[RunEvent], from_seq: u64, is_over: bool) -> Vec<Event> {
    let entries = events.iter().zip(1..).filter(|(_, seq)| *seq >= from_seq);
    let mut told: Vec<Event> = entries
        .map(|(event, seq)| {
            Event::RunEntry(Box::new(RunEntry {
                seq,
                at_ms: 1_000 + seq,
                event: event.clone(),
            }))
        })
        .collect();
    told.extend(is_over.then_some(DONE));
    told
}

/// A daemon with one run, whose journal is this.
fn with_journal(world: &World, events: Vec<RunEvent>) -> Scripted {
    Scripted::start(world, ALL, move |call| match call {
        Call::ResearchStart(_) => vec![Event::Run(summary(RunState::Running)), DONE],
        Call::ResearchList {} => vec![
            Event::Runs {
                runs: vec![summary(RunState::Done)],
            },
            DONE,
        ],
        Call::ResearchFollow(follow) => journal(&events, follow.from_seq, true),
        Call::ResearchReport(report) => {
            let text = match report.format {
                ReportFormat::Json => "{\"title\":\"Shutting down\"}",
                _ => "# Shutting down\n\nTasks are aborted\u{1b}[2J [1].\n",
            };
            let document = Document {
                run: Some(RUN.into()),
                format: "markdown".into(),
                text: text.into(),
            };
            vec![Event::Document(document), DONE]
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_run_is_told_on_standard_error_and_its_report_printed() {
    let world = World::new();
    let _daemon = with_journal(
        &world,
        vec![
            created(),
            RunEvent::StageBegan {
                stage: RunStage::Gather,
            },
            RunEvent::Planned { plan: plan() },
            RunEvent::RoundBegan {
                round: 1,
                searches: 2,
            },
            searched("runtime drop", None),
            searched("abort", Some("the key is rejected")),
            RunEvent::RoundEnded {
                round: 1,
                new_quotes: 3,
                answered: 1,
                stop: Some(StopRule::Answered),
            },
            done(Some("the time was over")),
        ],
    );
    let outcome = world.ok(&world.home(), ASK);
    assert_eq!(
        outcome.stdout,
        "# Shutting down\n\nTasks are aborted\u{fffd}[2J [1].\n"
    );
    insta::assert_snapshot!(outcome.stderr, @r#"
    research 20260131-0af3c9 · standard · at most 5 min, 100,000 tokens, $0.50, 60 searches, 40 fetches
    plan 1 question
      1 what does dropping it do?  web
      failed web for "abort": the key is rejected
    round 1 2 searches (1 failed), 0 sources read, 3 new quotes; evidence for 1 of 1 question; the last: there is evidence for every question
    warning: the report is partial: the time was over
    41 s: 2 searches, 1 fetch, 12 model calls, 34,000 tokens, $0.02 · `aiex research export 20260131-0af3c9 --out FILE` writes the report to a file
    "#);
    let rows = world.ok(
        &world.home(),
        &["research", "follow", "0af", "--from", "8", "--json"],
    );
    insta::assert_snapshot!(rows.stdout, @r#"
    {"run":"20260131-0af3c9","seq":8,"at_ms":1008,"kind":"done","partial":"the time was over","ledger":{"wall_ms":41000,"input_tokens":30000,"output_tokens":4000,"micro_dollars":21000,"searches":2,"fetches":1,"model_calls":12}}
    {"run":"20260131-0af3c9","kind":"report","report":{"title":"Shutting down"}}
    "#);
}

#[test]
fn a_run_without_a_report_is_a_failure_of_its_own() {
    let world = World::new();
    let failed = RunEvent::Failed {
        reason: "no model\nanswered".into(),
        hint: "check the keys".into(),
    };
    let _daemon = with_journal(&world, vec![created(), failed]);
    let outcome = world.run(&world.home(), ASK);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(9), ""));
    assert!(
        outcome
            .stderr
            .ends_with("error: there is no report: no model answered\nhint: check the keys\n"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_run_that_failed_and_was_retried_is_judged_by_its_last_end() {
    let world = World::new();
    let failed = RunEvent::Failed {
        reason: "no model answered".into(),
        hint: String::new(),
    };
    let _daemon = with_journal(&world, vec![created(), failed, RunEvent::Resumed, done(None)]);
    let outcome = world.ok(&world.home(), &["research", "follow"]);
    assert!(
        outcome.stdout.starts_with("# Shutting down"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn without_a_terminal_a_plan_is_printed_and_left_waiting() {
    let world = World::new();
    let events = vec![
        created(),
        RunEvent::Planned { plan: plan() },
        RunEvent::AwaitingApproval,
    ];
    let _daemon = Scripted::start(&world, ALL, move |call| match call {
        Call::ResearchStart(args) if args.approve => vec![Event::Run(summary(RunState::Running)), DONE],
        Call::ResearchFollow(follow) => journal(&events, follow.from_seq, false),
        other => panic!("{other:?}"),
    });
    let mut args = ASK.to_vec();
    args.push("--approve");
    let outcome = world.ok(&world.home(), &args);
    insta::assert_snapshot!(outcome.stdout, @r#"
    # The plan of run 20260131-0af3c9. Change, add or delete questions, then:
    #   aiex research approve 20260131-0af3c9 --plan THIS-FILE
    # Sources are code, docs, git, web, reports.
    # Without queries, the question's own words are searched for.

    [[question]]
    ask = "what does dropping it do?"
    sources = ["web"]
    queries = []
    "#);
    assert!(
        outcome.stderr.ends_with(&format!(
            "the run waits: `aiex research approve {RUN}` goes on, `--plan FILE` with another plan; \
             `aiex research cancel {RUN}` ends it, and `remove` forgets it\n"
        )),
        "{}",
        outcome.stderr
    );
}

/// A terminal: the end that a person sits at, and the one that a program gets.
fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (person.into(), program)
}

#[test]
fn at_a_terminal_a_plan_is_asked_about() {
    for (answer, is_approved, note) in [
        ("y\n", true, None),
        ("n\n", false, None),
        ("only the async part\n", true, Some("only the async part")),
    ] {
        let world = World::new();
        let events = vec![
            created(),
            RunEvent::Planned { plan: plan() },
            RunEvent::AwaitingApproval,
        ];
        let rest = vec![RunEvent::Approved { plan: plan() }, done(None)];
        let _daemon = Scripted::start(&world, ALL, move |call| match call {
            Call::ResearchStart(_) => vec![Event::Run(summary(RunState::Running)), DONE],
            Call::ResearchFollow(follow) if follow.from_seq == 1 => journal(&events, 1, false),
            Call::ResearchFollow(follow) => {
                let all: Vec<RunEvent> = events.iter().chain(&rest).cloned().collect();
                journal(&all, follow.from_seq, true)
            }
            Call::ResearchApprove(approval) => {
                assert!(is_approved && approval.plan.is_none());
                assert_eq!(approval.note.as_deref(), note);
                vec![Event::Run(summary(RunState::Running)), DONE]
            }
            Call::ResearchReport(_) => {
                let document = Document {
                    run: Some(RUN.into()),
                    format: "markdown".into(),
                    text: "# Shutting down\n".into(),
                };
                vec![Event::Document(document), DONE]
            }
            other => panic!("{other:?}"),
        });
        let (mut person, program) = terminal();
        let mut args = ASK.to_vec();
        args.push("--approve");
        let child = world
            .aiex(&world.home(), &args)
            .stdin(program.try_clone().unwrap())
            .stderr(program)
            .spawn()
            .unwrap();
        let mut shown = String::new();
        let mut buffer = [0; 4096];
        while !shown.contains("go on with this plan? [y, n, or what it should know] ") {
            let read = person.read(&mut buffer).unwrap();
            shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        assert!(shown.contains("what does dropping it do?"), "{shown}");
        person.write_all(answer.as_bytes()).unwrap();
        let ended = wait_for(child);
        assert_eq!(ended.code, Some(0), "{shown}");
        let expected = if is_approved { "# Shutting down\n" } else { "" };
        assert_eq!(ended.stdout, expected);
    }
}

#[test]
fn ctrl_c_at_the_question_leaves_the_run_waiting_and_is_no_yes_or_no() {
    let world = World::new();
    let events = vec![
        created(),
        RunEvent::Planned { plan: plan() },
        RunEvent::AwaitingApproval,
    ];
    let _daemon = Scripted::start(&world, ALL, move |call| match call {
        Call::ResearchStart(_) => vec![Event::Run(summary(RunState::Running)), DONE],
        Call::ResearchFollow(follow) => journal(&events, follow.from_seq, false),
        other => panic!("{other:?}"),
    });
    let (mut person, program) = terminal();
    let mut args = ASK.to_vec();
    args.push("--approve");
    let child = world
        .aiex(&world.home(), &args)
        .stdin(program.try_clone().unwrap())
        .stderr(program)
        .spawn()
        .unwrap();
    let mut shown = String::new();
    let mut read_until = |wanted: &str| {
        let mut buffer = [0; 4096];
        while !shown.contains(wanted) {
            let read = person.read(&mut buffer).unwrap();
            shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    };
    read_until("go on with this plan? [y, n, or what it should know] ");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    read_until(&format!("the run waits: `aiex research approve {RUN}` goes on"));
    read_until(&format!("`aiex research cancel {RUN}` ends it"));
    let left = wait_for(child);
    assert_eq!((left.code, left.stdout.as_str()), (Some(130), ""));
}

#[test]
fn a_slip_in_an_actions_name_starts_no_run() {
    let world = World::new();
    let events = vec![created()];
    let _daemon = Scripted::start(&world, ALL, move |call| match call {
        Call::ResearchStart(args) => {
            assert_eq!(args.question, "pasue");
            vec![Event::Run(summary(RunState::Running)), DONE]
        }
        Call::ResearchFollow(follow) => journal(&events, follow.from_seq, true),
        other => panic!("{other:?}"),
    });
    for slip in [&["pasue"][..], &["pasue", "latest"], &["pasue", "--detach"]] {
        let refused = world.run(&world.home(), &[&["research"], slip].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("did you mean `pause`?"),
            "{}",
            refused.stderr
        );
    }
    let meant = world.ok(
        &world.home(),
        &["research", "--detach", "--sources", "web", "--", "pasue"],
    );
    assert_eq!(meant.stdout, format!("{RUN}\n"));
}

#[test]
fn ctrl_c_leaves_the_run_to_the_daemon() {
    let world = World::new();
    let events = vec![created()];
    let _daemon = Scripted::start(&world, ALL, move |call| match call {
        Call::ResearchStart(_) => vec![Event::Run(summary(RunState::Running)), DONE],
        Call::ResearchFollow(follow) => journal(&events, follow.from_seq, false),
        other => panic!("{other:?}"),
    });
    let mut args = ASK.to_vec();
    args.push("--json");
    let mut child = world.aiex(&world.home(), &args).spawn().unwrap();
    let (line, _reader) = first_line(&mut child);
    assert!(line.contains("\"kind\":\"created\""), "{line}");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let left = wait_for(child);
    assert_eq!(left.code, Some(130));
    assert_eq!(
        left.stderr,
        format!(
            "the run goes on: `aiex research follow {RUN}` shows it, `aiex research cancel {RUN}` ends it\n"
        )
    );
}

#[test]
fn a_daemon_of_an_older_build_is_not_asked_what_it_would_misread() {
    let world = World::new();
    let _daemon = Scripted::start(&world, &["gap"], |call| panic!("{call:?}"));
    for args in [
        &["research", "list"][..],
        &["cache", "stats"],
        &["graph"],
        &["search", "x", "--sources", "web"],
    ] {
        let outcome = world.run(&world.home(), args);
        assert_eq!(outcome.code, Some(3), "{args:?}\n{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("`aiex daemon restart`"),
            "{}",
            outcome.stderr
        );
    }
}

fn source(source: SourceKind, state: SourceState, failure: Option<&str>) -> Event {
    Event::Source(SourceStatus {
        source,
        state,
        found: 1,
        took_ms: 12,
        failure: failure.map(str::to_owned),
        hint: failure.map(|_| "wait a minute".to_owned()),
        engines: vec![],
    })
}

fn found(rank: u32, score: f32) -> Found {
    Found {
        rank,
        score,
        source: SourceKind::Docs,
        title: "Runtime".into(),
        origin: Origin::Docs {
            package: "tokio".into(),
            version: "1.48.0".into(),
            root: "/x".into(),
            path: "src/runtime.rs".into(),
            first_line: 80,
            last_line: 95,
        },
        snippet: "Tasks are aborted.\n".into(),
        date: None,
        licence: None,
        also: vec![],
    }
}

#[test]
fn a_slow_or_broken_source_does_not_keep_the_others_back() {
    let world = World::new();
    let list = |stage, found| Event::Found(FoundList { stage, found });
    let _daemon = Scripted::start(&world, ALL, move |call| match call {
        Call::Search(args) => {
            assert_eq!(args.sources, [SourceKind::Docs, SourceKind::Web]);
            vec![
                source(SourceKind::Docs, SourceState::Searching, None),
                source(SourceKind::Web, SourceState::Searching, None),
                list(Stage::Early, vec![found(1, 0.1), found(2, 0.05)]),
                source(SourceKind::Docs, SourceState::Done, None),
                source(SourceKind::Web, SourceState::Failed, Some("rate limited")),
                Event::Hits(Hits {
                    stage: Stage::Final,
                    hits: vec![],
                }),
                list(Stage::Final, vec![found(1, 0.5)]),
                DONE,
            ]
        }
        other => panic!("{other:?}"),
    });
    let outcome = world.ok(&world.home(), &["search", "shutdown", "--sources", "docs,web"]);
    insta::assert_snapshot!(outcome.stdout, @r"
    tokio 1.48.0 src/runtime.rs:80-95  Runtime  docs  0.500
        Tasks are aborted.
    ");
    insta::assert_snapshot!(outcome.stderr, @r"
    warning: web: rate limited; wait a minute
    docs 1 hit, 12 ms · web failed
    ");
}

#[test]
fn when_every_source_fails_each_says_why() {
    let world = World::new();
    let _daemon = Scripted::start(&world, ALL, |_| {
        vec![
            source(SourceKind::Web, SourceState::Failed, Some("the key is rejected")),
            Event::Error(WireError::new(ErrorCode::Provider, "no source answered")),
        ]
    });
    let outcome = world.run(&world.home(), &["search", "shutdown", "--sources", "web"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(7), ""));
    assert_eq!(
        outcome.stderr,
        "warning: web: the key is rejected; wait a minute\nerror: no source answered\n"
    );
}
