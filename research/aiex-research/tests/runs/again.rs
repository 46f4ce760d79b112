//! A question that is asked again, and whether its report may be told again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aiex_evidence::Origin;
use aiex_research::{Request, Research, RunId, SourceKind};

use super::world::{Fated, World, brisk, events, open, request};

const DAY_MS: u64 = 24 * 3600 * 1000;

fn in_world(name: &str) -> Request {
    Request {
        world: Some(name.to_owned()),
        ..request()
    }
}

async fn made(research: &Research, request: Request) -> RunId {
    let run = research.start(request).await.unwrap();
    events(research, &run).await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_in_the_same_world_is_answered_by_its_newest_report() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    assert_eq!(research.answered(&in_world("as it was")).await.unwrap(), None);
    made(&research, in_world("as it was")).await;
    world.clock_ms.fetch_add(1000, Ordering::SeqCst);
    let newest = made(&research, in_world("as it was")).await;
    let again = Request {
        ticket: Some("another".to_owned()),
        question: format!(" {}\n", request().question),
        ..in_world("as it was")
    };
    assert_eq!(research.answered(&again).await.unwrap(), Some(newest.clone()));
    // It survives the process.
    drop(research);
    let research = open(folder.path(), &world).await;
    assert_eq!(research.answered(&again).await.unwrap(), Some(newest.clone()));
    for other in [
        in_world("changed"),
        request(),
        Request {
            question: "How are retries counted?".to_owned(),
            ..in_world("as it was")
        },
        Request {
            approve: true,
            ..in_world("as it was")
        },
        Request {
            budget: aiex_research::Budget {
                searches: Some(3),
                ..Default::default()
            },
            ..in_world("as it was")
        },
    ] {
        assert_eq!(research.answered(&other).await.unwrap(), None, "{other:?}");
    }
    world.clock_ms.fetch_add(DAY_MS + 1, Ordering::SeqCst);
    assert_eq!(
        research.answered(&again).await.unwrap(),
        None,
        "pages may say something else by now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_may_come_out_better_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        fate: Arc::new(|call| Fated {
            fails: call.starts_with("search web"),
            ..Fated::default()
        }),
        ..World::plain()
    });
    let research = open(folder.path(), &world).await;
    let run = made(&research, in_world("as it was")).await;
    let partial = research.report(&run).await.unwrap().partial;
    assert!(partial.is_some_and(|why| why.contains("searches failed")));
    assert_eq!(research.answered(&in_world("as it was")).await.unwrap(), None);

    let world = Arc::new(World {
        fate: Arc::new(|call| Fated {
            is_unready: call.starts_with("search docs"),
            ..Fated::default()
        }),
        ..World::plain()
    });
    let folder = tempfile::tempdir().unwrap();
    let research = open(folder.path(), &world).await;
    let run = made(&research, in_world("as it was")).await;
    assert_eq!(research.report(&run).await.unwrap().partial, None);
    assert_eq!(research.answered(&in_world("as it was")).await.unwrap(), None);

    let short = Request {
        budget: aiex_research::Budget {
            searches: Some(1),
            ..Default::default()
        },
        ..in_world("as it was")
    };
    let world = Arc::new(World::plain());
    let folder = tempfile::tempdir().unwrap();
    let research = open(folder.path(), &world).await;
    made(&research, short.clone()).await;
    assert_eq!(research.answered(&short).await.unwrap(), None);
    let removed = made(&research, in_world("as it was")).await;
    research.remove(&removed).await.unwrap();
    assert_eq!(research.answered(&in_world("as it was")).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_being_answered_is_joined_and_not_begun_beside() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        fate: Arc::new(|_| Fated {
            waits: Duration::from_millis(20),
            ..Fated::default()
        }),
        ..World::plain()
    });
    let research = open(folder.path(), &world).await;
    let mine = in_world("as it was");
    let others = Request {
        ticket: Some("another".to_owned()),
        ..mine.clone()
    };
    assert_eq!(research.under_way(&mine).await.unwrap(), None);
    let (one, two) = tokio::join!(research.start(mine.clone()), research.start(others.clone()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    assert_eq!(research.under_way(&others).await.unwrap(), Some(one.clone()));
    let other_worlds = research.start(in_world("changed")).await.unwrap();
    let fresh = Request {
        fresh: true,
        ..mine.clone()
    };
    let of_its_own = research.start(fresh).await.unwrap();
    assert!(one != other_worlds && one != of_its_own && other_worlds != of_its_own);
    let told = events(&research, &one).await;
    assert_eq!(told.len(), events(&research, &two).await.len());
    for run in [&other_worlds, &of_its_own] {
        events(&research, run).await;
    }
    assert_eq!(research.under_way(&mine).await.unwrap(), None, "it is over");
    assert_eq!(research.list().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_run_takes_nothing_that_was_kept_before_it_and_answers_those_who_would() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    made(&research, in_world("as it was")).await;
    let take = || std::mem::take(&mut *world.kept_since.lock().unwrap());
    let usual = take();
    assert!(
        usual.len() > 10 && usual.iter().all(|since| *since == 0),
        "{usual:?}"
    );
    world.clock_ms.fetch_add(1000, Ordering::SeqCst);
    let fresh = Request {
        fresh: true,
        ..in_world("as it was")
    };
    assert_eq!(research.answered(&fresh).await.unwrap(), None);
    let run = made(&research, fresh).await;
    let began = research.show(&run).await.unwrap().summary.created_ms;
    let since = take();
    assert_eq!(since.len(), usual.len());
    assert!(since.iter().all(|since| *since == began), "{began}: {since:?}");
    assert_eq!(
        research.answered(&in_world("as it was")).await.unwrap(),
        Some(run)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_quotes_a_removed_one_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    let earlier = made(&research, request()).await;
    let of_reports = Request {
        sources: vec![SourceKind::Reports],
        ..in_world("as it was")
    };
    let run = made(&research, of_reports.clone()).await;
    let cited = Origin::Report {
        run: earlier.0.clone(),
    };
    let sources = research.report(&run).await.unwrap().sources;
    assert!(sources.find(&cited).is_some(), "{sources:?}");
    assert_eq!(research.answered(&of_reports).await.unwrap(), Some(run));
    research.remove(&earlier).await.unwrap();
    assert_eq!(research.answered(&of_reports).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_compared_by_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    let write = |name: &str, ask: &str| {
        let section = format!("[[section]]\nheading = \"A\"\nask = \"{ask}\"\n");
        let text = format!("title = \"T\"\nabout = \"t\"\n\n{section}");
        std::fs::write(templates.join(name).with_extension("toml"), text).unwrap();
    };
    write("mine", "{question}");
    let settings = aiex_research::Settings {
        templates: Some(templates.clone()),
        ..brisk()
    };
    let world = Arc::new(World::plain());
    let opened = Research::open(folder.path(), world.ports(), settings).await;
    let research = opened.unwrap();
    let said = async |name| research.wording(name).await.unwrap();
    let (mine, all) = (said(Some("mine")).await, said(None).await);
    assert_eq!(said(Some("mine")).await, mine);
    write("other", "{terms}");
    assert_eq!(said(Some("mine")).await, mine);
    assert_ne!(said(None).await, all);
    write("mine", "Why {question}");
    assert_ne!(said(Some("mine")).await, mine);
    std::fs::remove_file(templates.join("mine.toml")).unwrap();
    let gone = research.wording(Some("mine")).await.unwrap_err().to_string();
    assert!(gone.starts_with("there is no template `mine`"), "{gone}");
}
