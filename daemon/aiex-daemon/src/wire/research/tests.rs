//! Every shape of the machine is carried over to the protocol's, and nothing is lost on the way.

mod graph;

use std::time::Duration;

use aiex_config::Settings;
use aiex_evidence::{EngineRun, Ledger, Origin, QuoteId};
use aiex_research::{
    Brief, Budget, Depth, Drift, Event, Limits, Plan, QuestionKind, QuoteState, Request, RunId, RunState,
    Stage, StopRule, SubQuestion, Verification,
};
use serde_json::json;

use super::*;

fn plan() -> Plan {
    let sub = SubQuestion {
        question: "which errors?".to_owned(),
        sources: aiex_research::SourceKind::ALL.to_vec(),
        queries: vec!["retry errors".to_owned()],
    };
    Plan {
        sub_questions: vec![sub],
    }
}

fn ledger() -> Ledger {
    Ledger {
        wall_ms: 1,
        input_tokens: 2,
        output_tokens: 3,
        micro_dollars: 4,
        searches: 5,
        fetches: 6,
        model_calls: 7,
        lost_calls: 0,
    }
}

fn limits() -> Limits {
    Limits {
        wall_ms: 60_000,
        tokens: 1,
        micro_dollars: Some(4),
        fetches: 2,
        searches: 3,
    }
}

fn quote() -> QuoteId {
    serde_json::from_value(json!({"source": 2, "number": 1})).unwrap()
}

fn origins() -> Vec<Origin> {
    let (repo, root) = ("shop".to_owned(), "/home/ada/shop".to_owned());
    let path = "src/retry.rs".to_owned();
    let (first_line, last_line) = (3, 9);
    vec![
        Origin::Web {
            url: "https://example.org/".to_owned(),
        },
        Origin::Code {
            repo: repo.clone(),
            root: root.clone(),
            commit: Some("0af3".to_owned()),
            path: path.clone(),
            first_line,
            last_line,
        },
        Origin::Docs {
            package: "retry-kit".to_owned(),
            version: "1.0.0".to_owned(),
            root: root.clone(),
            path,
            first_line,
            last_line,
        },
        Origin::Commit {
            repo,
            root,
            commit: "0af3".to_owned(),
        },
        Origin::Report { run: "r1".to_owned() },
    ]
}

/// Every event, with every word that it may hold.
fn events() -> Vec<Event> {
    let text = || "text".to_owned();
    let mut events = vec![
        Event::Created {
            question: text(),
            depth: Depth::Deep,
            limits: limits(),
            model: true,
        },
        Event::StageEnded {
            stage: Stage::Report,
            took_ms: 5,
        },
        Event::Briefed {
            brief: Brief {
                kind: QuestionKind::Cause,
                objective: text(),
                ..Brief::default()
            },
        },
        Event::Planned { plan: plan() },
        Event::AwaitingApproval,
        Event::Approved { plan: plan() },
        Event::RoundBegan {
            round: 1,
            searches: 2,
        },
        Event::Quoted {
            quote: quote(),
            sub_question: Some(1),
            text: text(),
        },
        Event::Outlined {
            headings: vec![text()],
        },
        Event::Draft {
            section: 1,
            offset: 7,
            text: text(),
        },
        Event::Written {
            section: 1,
            sentences: 2,
            unknown_cites: 3,
        },
        Event::Checked {
            supported: 1,
            partial: 2,
            unsupported: 3,
            contradicted: 4,
            unchecked: 5,
            repaired: 6,
        },
        Event::Spent { ledger: ledger() },
        Event::Resumed,
        Event::Paused,
        Event::Finishing,
        Event::Cancelled,
        Event::Failed {
            reason: text(),
            hint: text(),
        },
        Event::Done {
            partial: Some(text()),
            ledger: ledger(),
        },
    ];
    for stage in [
        Stage::Scope,
        Stage::Plan,
        Stage::Gather,
        Stage::Outline,
        Stage::Write,
        Stage::Check,
        Stage::Report,
    ] {
        events.push(Event::StageBegan { stage });
        events.push(Event::Fallback {
            stage,
            reason: text(),
        });
    }
    for stop in [
        StopRule::Answered,
        StopRule::Rounds,
        StopRule::Stalled,
        StopRule::Duplicates,
        StopRule::Budget,
        StopRule::Told,
        StopRule::Unreachable,
    ] {
        events.push(Event::RoundEnded {
            round: 1,
            new_quotes: 2,
            answered: 3,
            stop: Some(stop),
        });
    }
    for source in aiex_research::SourceKind::ALL {
        events.push(Event::Searched {
            round: 1,
            sub_question: 2,
            source,
            query: text(),
            found: 3,
            failure: Some(text()),
            engines: vec![EngineRun {
                engine: text(),
                found: 2,
                failure: Some(text()),
            }],
        });
    }
    for origin in origins() {
        events.push(Event::Read {
            source: quote().source,
            origin: origin.clone(),
            title: text(),
            instructs: true,
        });
        events.push(Event::ReadFailed {
            origin,
            failure: text(),
        });
    }
    events
}

/// A value without what says nothing: the protocol leaves it out.
fn told(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let said = fields.into_iter().filter(|(_, value)| !value.is_null());
            said.map(|(name, value)| (name, told(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(told).collect(),
        plain => plain,
    }
}

#[test]
fn every_event_is_carried_over_whole() {
    for (place, event) in events().into_iter().enumerate() {
        let mut expected = serde_json::to_value(&event).unwrap();
        let fields = expected.as_object_mut().unwrap();
        let kind = fields.remove("event").unwrap();
        if kind == "read" {
            let number = fields.remove("source").unwrap();
            fields.insert("number".to_owned(), number);
        }
        fields.insert("kind".to_owned(), kind);
        let seq = place as u64 + 1;
        let carried = entry(&Entry { seq, at_ms: 9, event }).unwrap();
        assert_eq!((carried.seq, carried.at_ms), (seq, 9));
        let carried = serde_json::to_value(&carried.event).unwrap();
        assert_eq!(told(carried), told(expected));
    }
}

#[test]
fn every_state_of_a_run_is_carried_over_whole() {
    for state in [
        RunState::Running,
        RunState::AwaitingApproval,
        RunState::Paused,
        RunState::Done,
        RunState::Failed,
        RunState::Cancelled,
    ] {
        let told = aiex_research::RunView {
            summary: aiex_research::RunSummary {
                id: RunId("r1".to_owned()),
                question: "why?".to_owned(),
                depth: Depth::Quick,
                state,
                stage: Some(Stage::Gather),
                created_ms: 1,
                changed_ms: 2,
                reason: Some("because".to_owned()),
            },
            request: Request {
                question: "why?".to_owned(),
                depth: Depth::Quick,
                sources: aiex_research::SourceKind::ALL.to_vec(),
                ..Request::default()
            },
            brief: Some(Brief::default()),
            plan: Some(plan()),
            ledger: ledger(),
            limits: limits(),
            last_seq: 12,
        };
        let carried = view(&told).unwrap();
        assert_eq!(carried.last_seq, 12);
        assert_eq!(
            self::told(serde_json::to_value(&carried.summary).unwrap()),
            self::told(serde_json::to_value(&told.summary).unwrap())
        );
        assert_eq!(
            serde_json::to_value(&carried.plan).unwrap(),
            serde_json::to_value(&told.plan).unwrap()
        );
        assert_eq!(
            serde_json::to_value(carried.ledger).unwrap(),
            serde_json::to_value(&told.ledger).unwrap()
        );
    }
}

#[test]
fn a_verification_is_carried_over_whole() {
    let unknown = QuoteState::Unknown {
        reason: "offline".to_owned(),
    };
    let moved = QuoteState::Moved {
        first_line: 3,
        last_line: 4,
    };
    let states = [
        QuoteState::Kept,
        moved,
        QuoteState::Changed,
        QuoteState::Gone,
        unknown,
    ];
    let told = Verification {
        quotes: 5,
        kept: 2,
        drifted: states
            .into_iter()
            .map(|state| Drift {
                quote: quote(),
                place: "src/retry.rs:3".to_owned(),
                state,
                sentences: vec!["It retries.".to_owned()],
            })
            .collect(),
        claims: 4,
        standing: 3,
        unknown: 1,
    };
    let carried = serde_json::to_value(verification("r1", &told).unwrap()).unwrap();
    let mut expected = serde_json::to_value(&told).unwrap();
    expected
        .as_object_mut()
        .unwrap()
        .insert("run".to_owned(), json!("r1"));
    assert_eq!(carried, expected);
}

#[test]
fn where_a_request_says_nothing_the_settings_do() {
    let mut settings = Settings::default().research;
    settings.depth = ResearchDepth::Deep;
    settings.wall_time = Duration::from_secs(90);
    settings.micro_dollars = 500_000;
    settings.searches = 7;
    let args = ResearchArgs {
        question: "why?".to_owned(),
        ..ResearchArgs::default()
    };
    let read = request(&args, &settings, "Languages: rust.".to_owned()).unwrap();
    assert_eq!(read.depth, Depth::Deep);
    assert_eq!(read.context, "Languages: rust.");
    let of_the_settings = Budget {
        wall_seconds: Some(90),
        tokens: None,
        micro_dollars: Some(500_000),
        fetches: None,
        searches: Some(7),
    };
    assert_eq!(read.budget, of_the_settings);

    let mut args = args;
    args.depth = Some(aiex_protocol::research::Depth::Quick);
    args.budget.searches = Some(2);
    let read = request(&args, &settings, String::new()).unwrap();
    assert_eq!((read.depth, read.budget.searches), (Depth::Quick, Some(2)));
}
