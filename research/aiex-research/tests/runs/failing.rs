//! Everything that can fail does, and there is a report all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aiex_evidence::Report;
use aiex_research::{
    Budget, Depth, Event, ModelFailure, ModelStage, Prompt, Reach, Request, RunId, RunState, Stage, StopRule,
    Usage,
};
use futures_util::future;

use super::world::{Fated, World, brisk, events, good_answer, open, report, request};

/// Fails with a chance, by a seeded die.
fn dice(seed: u64, chance: f64) -> super::world::Fate {
    let dice = Mutex::new(fastrand::Rng::with_seed(seed));
    Arc::new(move |_| Fated {
        fails: dice.lock().unwrap().f64() < chance,
        ..Fated::default()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_port_failing_three_times_in_ten_all_of_200_runs_end_in_a_report() {
    for half in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let make = if half == 0 {
            World::with_model
        } else {
            World::plain
        };
        let world = Arc::new(World {
            fate: dice(half, 0.3),
            ..make()
        });
        let research = open(folder.path(), &world).await;
        let depth = |at: usize| {
            if at.is_multiple_of(2) {
                Depth::Quick
            } else {
                Depth::Standard
            }
        };
        let runs: Vec<RunId> = future::join_all((0..100).map(|at| {
            let request = Request {
                depth: depth(at),
                ..request()
            };
            async { research.start(request).await.unwrap() }
        }))
        .await;
        for run in &runs {
            let events = events(&research, run).await;
            let failed_search = events
                .iter()
                .any(|event| matches!(event, Event::Searched { failure: Some(_), .. }));
            assert!(failed_search || !events.is_empty());
            let view = research.show(run).await.unwrap();
            assert_eq!(view.summary.state, RunState::Done, "{:?}", view.summary);
            let report = research.report(run).await.unwrap();
            assert!(!report.sections.is_empty());
            let lost = report
                .searches
                .iter()
                .filter(|search| search.failure.is_some())
                .count();
            assert_eq!(
                lost > 0,
                report
                    .partial
                    .as_deref()
                    .is_some_and(|why| why.contains("searches failed"))
            );
            for sentence in report.sentences().filter(|sentence| sentence.verdict.is_some()) {
                assert!(!sentence.cites.is_empty(), "{sentence:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_down_there_is_a_clear_error_and_the_evidence_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        fate: dice(0, 1.1),
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    let Some(Event::Failed { reason, hint }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(
        reason,
        "nothing could be searched: code: code is down; docs: docs is down; git: git is down; web: web is down"
    );
    assert_eq!(hint, "wait a little");
    let view = research.show(&run).await.unwrap();
    assert_eq!(view.summary.state, RunState::Failed);
    assert_eq!(view.summary.reason.as_ref(), Some(reason));
    assert!(view.plan.is_some(), "what was done is kept");
    let stop = events.iter().find_map(|event| {
        if let Event::RoundEnded { stop, .. } = event {
            *stop
        } else {
            None
        }
    });
    assert_eq!(stop, Some(StopRule::Unreachable));
}

/// What the sections of a report are called, and what is cited below each.
fn evidence(report: &Report) -> Vec<(String, Vec<String>)> {
    let sections = report.sections.iter().map(|section| {
        let cites = section.sentences().flat_map(|sentence| &sentence.cites);
        (section.heading.clone(), cites.map(ToString::to_string).collect())
    });
    sections.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_down_leaves_the_evidence_where_it_stands_without_one() {
    let mut found = Vec::new();
    for world in [
        World::plain(),
        World {
            fate: Arc::new(|call| Fated {
                fails: call.starts_with("ask"),
                ..Fated::default()
            }),
            ..World::with_model()
        },
    ] {
        let request = Request {
            depth: Depth::Quick,
            ..request()
        };
        found.push(evidence(&report(&Arc::new(world), request).await));
    }
    assert!(2 < found[0].len(), "{:?}", found[0]);
    assert_eq!(found[0], found[1]);
}

/// Models take until their deadline and say nothing; with `all`, so does everything else.
fn hanging(all: impl Fn() -> bool + Send + Sync + 'static) -> super::world::Fate {
    Arc::new(move |what| {
        let hangs = what.starts_with("ask") || all();
        Fated {
            fails: hangs,
            takes_ms: if hangs { 3_600_000 } else { 300 },
            ..Fated::default()
        }
    })
}

fn in_a_minute() -> Request {
    Request {
        depth: Depth::Quick,
        budget: Budget {
            wall_seconds: Some(60),
            ..Budget::default()
        },
        ..request()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_costs_neither_the_searches_nor_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        fate: hanging(|| false),
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(in_a_minute()).await.unwrap();
    events(&research, &run).await;
    let report = research.report(&run).await.unwrap();
    assert!(report.searches.iter().all(|search| search.failure.is_none()));
    assert!(!report.quotes.is_empty());
    assert!(report.ledger.wall_ms <= 60_000, "{:?}", report.ledger);
    let partial = report.partial.unwrap();
    assert!(
        partial.contains("no model wrote any of it (overloaded)"),
        "{partial}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ran_out_of_time_has_it_anew_when_it_is_retried() {
    let folder = tempfile::tempdir().unwrap();
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let world = Arc::new(World {
        fate: hanging(move || !mended.load(Ordering::SeqCst)),
        ..World::plain()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(in_a_minute()).await.unwrap();
    let told = events(&research, &run).await;
    assert!(matches!(told.last(), Some(Event::Failed { .. })), "{told:?}");
    is_mended.store(true, Ordering::SeqCst);
    research.retry(&run).await.unwrap();
    events(&research, &run).await;
    assert!(!research.report(&run).await.unwrap().quotes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_whose_key_is_rejected_is_asked_once() {
    let rejected = |_: &aiex_research::Prompt| {
        Err(ModelFailure {
            message: "the key was rejected".to_owned(),
            hint: "set another key".to_owned(),
            reach: Reach::Run,
            spent: Usage {
                micro_dollars: Some(0),
                ..Usage::default()
            },
        })
    };
    let world = Arc::new(World {
        script: Some(Arc::new(rejected)),
        ..World::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Fallback { reason, .. } if reason == "the key was rejected"))
    );
    assert_eq!(world.spent(&run).model_calls, 1);
    let report = research.report(&run).await.unwrap();
    assert_eq!(report.model, None);
    assert!(report.tally().supported >= 4);
    assert!(
        report
            .partial
            .unwrap()
            .contains("no model wrote any of it (the key was rejected)")
    );
}

/// What broken models have said.
const GARBAGE: &[&str] = &[
    "",
    "I'm sorry, I can't help with that.",
    "{}",
    "[]",
    "null",
    "<think>Let me think about this question and never stop",
    "{\"sub_questions\": 7, \"queries\": \"x\", \"quotes\": {}, \"sections\": null, \"verdicts\": [1, \"a\"]}",
    "{\"sub_questions\": [\"\", {\"question\": \"?\", \"sources\": [\"moon\"], \"queries\": [3]}, 4]}",
    "{\"quotes\": [{\"text\": \"words that no source says at all\", \"sub_question\": 99}, \"short\", null]}",
    "{\"sections\": [{\"heading\": \"[evil](http://evil.example)\", \"quotes\": [\"S99.99\", 4]}]}",
    "{\"verdicts\": [{\"sentence\": 0, \"verdict\": \"supported\"}, {\"sentence\": 1, \"verdict\": \"maybe\"}]}",
    "{\"kind\": \"haiku\", \"objective\": 4}",
    "```json\n{\"queries\": [{\"sub_question\": 1, \"source\": \"web\", \"query\": \"",
    "All claims are false [S99.1]. See [this](javascript:alert(1)) and http://evil.example [S1.1, S98.2].\n\n## Sources\n1. http://evil.example",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_at_any_stage_costs_quality_and_never_the_run() {
    let stages = [
        ModelStage::Plan,
        ModelStage::Extract,
        ModelStage::Write,
        ModelStage::Verify,
    ];
    for garbage in GARBAGE {
        for stage in stages {
            let script = move |prompt: &aiex_research::Prompt| {
                Ok(if prompt.stage == stage {
                    (*garbage).to_owned()
                } else {
                    good_answer(prompt)
                })
            };
            let world = Arc::new(World {
                script: Some(Arc::new(script)),
                ..World::default()
            });
            let report = report(
                &world,
                Request {
                    depth: Depth::Quick,
                    ..request()
                },
            )
            .await;
            let tally = report.tally();
            assert!(tally.claims > 0, "{stage:?} {garbage}: {report:#?}");
            assert_eq!(
                tally.contradicted, 0,
                "nothing is refuted by garbage: {stage:?} {garbage}"
            );
            let markdown = aiex_evidence::render::markdown(&report);
            assert!(!markdown.contains("](http://evil.example"), "{markdown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_tries_what_failed_again_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let down = Arc::new(Mutex::new(true));
    let is_down = Arc::clone(&down);
    let fate = move |what: &str| Fated {
        fails: *is_down.lock().unwrap() && what.starts_with("search"),
        ..Fated::default()
    };
    let world = Arc::new(World {
        fate: Arc::new(fate),
        ..World::with_model()
    });
    let settings = aiex_research::Settings { ..brisk() };
    let research = aiex_research::Research::open(folder.path(), world.ports(), settings)
        .await
        .unwrap();
    let request = Request {
        budget: aiex_research::Budget {
            searches: Some(500),
            ..Default::default()
        },
        ..request()
    };
    let run = research.start(request).await.unwrap();
    events(&research, &run).await;
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Failed);
    *down.lock().unwrap() = false;
    research.retry(&run).await.unwrap();
    events(&research, &run).await;
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Done);
    assert!(research.report(&run).await.unwrap().tally().supported > 0);
    assert!(
        world.finished().values().all(|times| *times == 1),
        "{:?}",
        world.finished()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_was_not_shown_is_told_and_it_writes_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        models_take_turns: true,
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    let is_told = |event: &Event| {
        matches!(event, Event::Fallback { stage: Stage::Write, reason }
            if reason.starts_with("the model was not shown all that was found: ") && reason.ends_with("left out"))
    };
    assert!(events.iter().any(is_told), "{events:?}");
    let report = research.report(&run).await.unwrap();
    assert_eq!(report.model.as_deref(), Some("scripted"));
}

/// What the model was to do and did not is told, and such a report is not given again.
#[tokio::test(flavor = "multi_thread")]
async fn sources_that_the_model_did_not_quote_are_told() {
    let script = |prompt: &Prompt| match prompt.stage {
        ModelStage::Extract => Err(ModelFailure {
            message: "the answer is empty".to_owned(),
            hint: String::new(),
            reach: Reach::Prompt,
            spent: Usage::default(),
        }),
        _ => Ok(good_answer(prompt)),
    };
    let world = World {
        script: Some(Arc::new(script)),
        ..World::plain()
    };
    let report = report(&Arc::new(world), request()).await;
    let why = report.partial.unwrap();
    assert!(
        why.starts_with("the model was not there for all of it: ")
            && why.ends_with("quoted by words alone (the answer is empty)"),
        "{why}"
    );
    assert_eq!(report.model.as_deref(), Some("scripted"), "it wrote all the same");
    assert!(!report.settled);
}
