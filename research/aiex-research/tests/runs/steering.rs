//! Plans are approved, runs are paused, resumed, cancelled, retried, and told to finish.

use std::sync::Arc;
use std::time::Duration;

use aiex_research::{
    Approval, Event, Plan, Request, ResearchError, RunState, SourceKind, StopRule, SubQuestion,
};

use super::world::{Fated, World, events, idle, open, request, until};

/// A world whose searches take until they are dropped.
fn hanging(what: &'static str) -> World {
    let fate = move |call: &str| Fated {
        waits: if call.starts_with(what) {
            Duration::from_secs(600)
        } else {
            Duration::ZERO
        },
        ..Fated::default()
    };
    World {
        fate: Arc::new(fate),
        ..World::with_model()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_for_a_yes_and_can_be_edited() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    let run = research
        .start(Request {
            plan_only: true,
            ..request()
        })
        .await
        .unwrap();
    until(&research, &run, |event| *event == Event::AwaitingApproval).await;
    idle(&research).await;
    let view = research.show(&run).await.unwrap();
    assert_eq!(view.summary.state, RunState::AwaitingApproval);
    assert_eq!(view.plan.unwrap().sub_questions.len(), 3);
    assert_eq!(world.spent(&run).searches, 0);

    let edited = Plan {
        sub_questions: vec![SubQuestion {
            question: "How long is the pause before a retry?".to_owned(),
            sources: vec![SourceKind::Code],
            queries: vec!["pause before retry".to_owned()],
        }],
    };
    let approval = Approval {
        plan: Some(edited.clone()),
        note: Some("only our own code counts".to_owned()),
    };
    research.approve(&run, approval).await.unwrap();
    let events = events(&research, &run).await;
    assert!(events.contains(&Event::Approved { plan: edited.clone() }));
    let view = research.show(&run).await.unwrap();
    assert_eq!(view.plan, Some(edited));
    assert!(
        view.brief
            .unwrap()
            .constraints
            .contains(&"only our own code counts".to_owned())
    );
    let report = research.report(&run).await.unwrap();
    assert!(
        report
            .searches
            .iter()
            .any(|search| search.query == "pause before retry")
    );
    assert!(matches!(
        research.approve(&run, Approval::default()).await,
        Err(ResearchError::WrongState { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_sources_that_are_not_there_is_refused_and_still_waits() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        sources: vec![SourceKind::Code],
        ..World::plain()
    });
    let research = open(folder.path(), &world).await;
    let run = research
        .start(Request {
            plan_only: true,
            ..request()
        })
        .await
        .unwrap();
    until(&research, &run, |event| *event == Event::AwaitingApproval).await;
    let plan = Plan {
        sub_questions: vec![SubQuestion {
            question: "What do others say?".to_owned(),
            sources: vec![SourceKind::Web],
            queries: Vec::new(),
        }],
    };
    let approval = Approval {
        plan: Some(plan),
        note: None,
    };
    let refused = research.approve(&run, approval).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`What do others say?` is to be searched in web, which cannot be searched now; there are code, reports"
    );
    let view = research.show(&run).await.unwrap();
    assert_eq!(view.summary.state, RunState::AwaitingApproval);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_waits_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    let run = research
        .start(Request {
            approve: true,
            ..request()
        })
        .await
        .unwrap();
    until(&research, &run, |event| *event == Event::AwaitingApproval).await;
    research.shutdown(Duration::ZERO).await;
    drop(research);
    let research = open(folder.path(), &world).await;
    assert_eq!(research.busy(), 0, "it still waits");
    research.approve(&run, Approval::default()).await.unwrap();
    events(&research, &run).await;
    assert!(research.report(&run).await.is_ok());
    assert!(world.finished().values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_stays_paused_over_a_restart_and_goes_on_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(hanging("read"));
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    until(&research, &run, |event| matches!(event, Event::Read { .. })).await;
    research.pause(&run).await.unwrap();
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Paused);
    assert_eq!(research.busy(), 0);
    assert!(matches!(
        research.pause(&run).await,
        Err(ResearchError::WrongState { .. })
    ));
    research.shutdown(Duration::ZERO).await;
    drop(research);

    let well = Arc::new(World::with_model());
    let research = open(folder.path(), &well).await;
    assert_eq!(research.busy(), 0, "a pause holds");
    research.resume(&run).await.unwrap();
    events(&research, &run).await;
    assert!(research.report(&run).await.unwrap().tally().supported > 0);
    let repeated: Vec<String> = well
        .finished()
        .into_keys()
        .filter(|call| world.finished().contains_key(call))
        .collect();
    assert!(repeated.is_empty(), "{repeated:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_at_once_and_can_be_retried() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(hanging("search web"));
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    until(&research, &run, |event| matches!(event, Event::Searched { .. })).await;
    research.cancel(&run).await.unwrap();
    let told = events(&research, &run).await;
    assert_eq!(told.last(), Some(&Event::Cancelled));
    assert!(matches!(
        research.report(&run).await,
        Err(ResearchError::NoReport(_))
    ));
    research.shutdown(Duration::ZERO).await;
    drop(research);

    let well = Arc::new(World::with_model());
    let research = open(folder.path(), &well).await;
    assert_eq!(research.busy(), 0);
    research.retry(&run).await.unwrap();
    events(&research, &run).await;
    assert!(research.report(&run).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_told_to_finish_reports_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(hanging("search web"));
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    until(
        &research,
        &run,
        |event| matches!(event, Event::Searched { source: SourceKind::Code, found, .. } if *found > 0),
    )
    .await;
    research.finish_now(&run).await.unwrap();
    let events = events(&research, &run).await;
    let stop = events.iter().find_map(|event| {
        if let Event::RoundEnded { stop, .. } = event {
            *stop
        } else {
            None
        }
    });
    assert!(
        matches!(stop, Some(StopRule::Told | StopRule::Answered)),
        "{stop:?}"
    );
    let report = research.report(&run).await.unwrap();
    assert!(report.tally().supported > 0);
    assert!(report.partial.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_leaves_runs_that_go_on_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(hanging("ask Write"));
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    until(&research, &run, |event| matches!(event, Event::Outlined { .. })).await;
    research.shutdown(Duration::from_millis(20)).await;
    assert_eq!(research.busy(), 0);
    assert!(matches!(
        research.start(request()).await,
        Err(ResearchError::Closed)
    ));
    drop(research);
    let well = Arc::new(World::with_model());
    let research = open(folder.path(), &well).await;
    let events = events(&research, &run).await;
    assert!(events.contains(&Event::Resumed));
    assert_eq!(well.spent(&run).searches, 0, "nothing is searched twice");
    assert!(research.report(&run).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_twice_with_its_ticket_begins_one_run() {
    let world = Arc::new(World::with_model());
    let folder = tempfile::tempdir().unwrap();
    let asked = Request {
        ticket: Some("mine".to_owned()),
        ..request()
    };
    let research = open(folder.path(), &world).await;
    let (one, other) = tokio::join!(research.start(asked.clone()), research.start(asked.clone()));
    let run = one.unwrap();
    assert_eq!(other.unwrap(), run);
    events(&research, &run).await;
    drop(research);
    // In the next process, too.
    let research = open(folder.path(), &world).await;
    assert_eq!(research.start(asked).await.unwrap(), run);
    assert_eq!(research.list().await.unwrap().len(), 1);
    let without = research.start(request()).await.unwrap();
    assert_ne!(without, run, "without a ticket each request is a run");
}
