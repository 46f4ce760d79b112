//! How a run is told, from journals with one entry of every kind that matters.

use aiex_protocol::journal::QuoteRef;
use aiex_protocol::research::{Brief, SubQuestion};
use aiex_protocol::source::Origin;

use super::*;

const RUN: &str = "20260131-0af3c9";

/// The lines of all events, each followed by what is going on then.
fn told(events: &[RunEvent]) -> String {
    let mut story = Story::new(RUN, Palette::new(false));
    let mut text = String::new();
    for event in events {
        for line in story.tell(event) {
            text.push_str(&format!("{line}\n"));
        }
        let now = format!("    ~ {}\n", story.now());
        if !text.ends_with(&now) {
            text.push_str(&now);
        }
    }
    text.push_str(&story.spent());
    text
}

fn created(model: bool) -> RunEvent {
    RunEvent::Created {
        question: "what is lost at shutdown?".into(),
        depth: Depth::Standard,
        limits: Limits {
            wall_ms: 600_000,
            tokens: 100_000,
            micro_dollars: Some(500_000),
            fetches: 24,
            searches: 80,
        },
        model,
    }
}

fn began(stage: RunStage) -> RunEvent {
    RunEvent::StageBegan { stage }
}

fn searched(source: SourceKind, query: &str, failure: Option<&str>) -> RunEvent {
    RunEvent::Searched {
        round: 1,
        sub_question: 0,
        source,
        query: query.into(),
        found: 3,
        failure: failure.map(str::to_owned),
        engines: Vec::new(),
    }
}

fn web(url: &str) -> Origin {
    Origin::Web { url: url.into() }
}

fn read(number: u32, instructs: bool) -> RunEvent {
    RunEvent::Read {
        number,
        origin: web("https://example.org/a"),
        title: "Shutting down\u{1b}[2J".into(),
        instructs,
    }
}

fn quoted(number: u32) -> RunEvent {
    RunEvent::Quoted {
        quote: QuoteRef { source: 1, number },
        sub_question: Some(0),
        text: "Tasks are aborted.".into(),
    }
}

fn plan() -> Plan {
    Plan {
        sub_questions: vec![
            SubQuestion {
                question: "what does dropping it do?".into(),
                sources: vec![SourceKind::Code, SourceKind::Docs],
                queries: vec![],
            },
            SubQuestion {
                question: "since when?".into(),
                ..SubQuestion::default()
            },
        ],
    }
}

fn ledger() -> Ledger {
    Ledger {
        wall_ms: 41_000,
        input_tokens: 30_000,
        output_tokens: 4_000,
        micro_dollars: 21_000,
        searches: 3,
        fetches: 2,
        model_calls: 12,
    }
}

#[test]
fn a_run_with_a_model_is_told() {
    let events = [
        created(true),
        began(RunStage::Scope),
        RunEvent::Briefed {
            brief: Brief {
                objective: "to know what\nis lost".into(),
                clarify: Some("which runtime?".into()),
                ..Brief::default()
            },
        },
        began(RunStage::Plan),
        RunEvent::Planned { plan: plan() },
        RunEvent::AwaitingApproval,
        RunEvent::Approved { plan: plan() },
        began(RunStage::Gather),
        RunEvent::RoundBegan {
            round: 1,
            searches: 4,
        },
        searched(SourceKind::Code, "runtime drop", None),
        searched(SourceKind::Web, "runtime drop", Some("the key is rejected")),
        // The same again, which is not told twice.
        searched(SourceKind::Web, "runtime abort", Some("the key is rejected")),
        read(1, false),
        read(2, true),
        RunEvent::ReadFailed {
            origin: web("https://example.org/b"),
            failure: "robots.txt forbids it".into(),
        },
        quoted(1),
        quoted(2),
        RunEvent::Spent { ledger: ledger() },
        RunEvent::RoundEnded {
            round: 1,
            new_quotes: 2,
            answered: 1,
            stop: Some(StopRule::Budget),
        },
        began(RunStage::Outline),
        RunEvent::Outlined {
            headings: vec!["In short".into(), "Dropping".into()],
        },
        began(RunStage::Write),
        RunEvent::Draft {
            section: 0,
            offset: 0,
            text: "Tasks".into(),
        },
        RunEvent::Written {
            section: 0,
            sentences: 3,
            unknown_cites: 0,
        },
        RunEvent::Written {
            section: 1,
            sentences: 1,
            unknown_cites: 2,
        },
        began(RunStage::Check),
        RunEvent::Checked {
            supported: 2,
            partial: 0,
            unsupported: 1,
            contradicted: 0,
            unchecked: 1,
            repaired: 1,
        },
        began(RunStage::Report),
        RunEvent::Done {
            partial: None,
            ledger: ledger(),
        },
    ];
    insta::assert_snapshot!(told(&events));
}

#[test]
fn a_run_without_a_model_says_so_and_what_was_done_instead() {
    let events = [
        created(false),
        began(RunStage::Plan),
        RunEvent::Fallback {
            stage: RunStage::Plan,
            reason: "there is no model".into(),
        },
        RunEvent::Paused,
        RunEvent::Resumed,
        RunEvent::Finishing,
        RunEvent::RoundEnded {
            round: 2,
            new_quotes: 0,
            answered: 0,
            stop: None,
        },
        RunEvent::Cancelled,
    ];
    insta::assert_snapshot!(told(&events));
}

#[test]
fn nothing_from_outside_reaches_the_terminal_raw() {
    let mut story = Story::new(RUN, Palette::new(false));
    let evil = "a\u{1b}[2Jb\nc";
    let events = [
        RunEvent::Planned {
            plan: Plan {
                sub_questions: vec![SubQuestion {
                    question: evil.into(),
                    ..SubQuestion::default()
                }],
            },
        },
        searched(SourceKind::Web, evil, Some(evil)),
        read(1, true),
        RunEvent::ReadFailed {
            origin: web(evil),
            failure: evil.into(),
        },
        RunEvent::Outlined {
            headings: vec![evil.into()],
        },
        RunEvent::Fallback {
            stage: RunStage::Write,
            reason: evil.into(),
        },
    ];
    for event in events {
        for line in story.tell(&event) {
            assert!(!line.contains(['\u{1b}', '\n']), "{line:?}");
        }
        assert!(!story.now().contains(['\u{1b}', '\n']));
    }
}
