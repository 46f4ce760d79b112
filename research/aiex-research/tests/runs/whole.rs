//! From a question to a report.

use std::sync::Arc;

use aiex_evidence::{Verdict, render};
use aiex_research::{Depth, Event, RunState, SourceKind, Stage};

use super::world::{World, events, open, report, request};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_the_report_is_made_of_quotes_and_says_so() {
    let world = Arc::new(World::plain());
    let report = report(&world, request()).await;
    assert_eq!(report.model, None);
    let tally = report.tally();
    assert!(tally.claims >= 4, "{tally:?}");
    assert_eq!(
        tally.claims, tally.supported,
        "a quote bears itself out: {report:#?}"
    );
    let markdown = render::markdown(&report);
    assert!(markdown.contains("retries stop after 3 attempts"), "{markdown}");
    assert!(markdown.contains("src/retry.rs:1"), "{markdown}");
    assert!(markdown.contains("https://host"), "pages are cited: {markdown}");
    assert_eq!(report.ledger.model_calls, 0);
    assert!(report.ledger.searches > 0 && report.ledger.fetches > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_model_every_sentence_is_cited_and_checked() {
    let world = Arc::new(World::with_model());
    let report = report(&world, request()).await;
    assert_eq!(report.model.as_deref(), Some("scripted"));
    assert_eq!(report.partial, None);
    let headings: Vec<&str> = report
        .sections
        .iter()
        .map(|section| section.heading.as_str())
        .collect();
    assert_eq!(
        headings,
        ["In short", "How retries are decided", "Back-off and errors"]
    );
    for sentence in report.sentences() {
        assert!(!sentence.cites.is_empty(), "{sentence:?}");
        assert_eq!(sentence.verdict, Some(Verdict::Supported), "{sentence:?}");
    }
    let ledger = &report.ledger;
    assert!(
        ledger.input_tokens + ledger.output_tokens <= 100_000,
        "{ledger:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stages_come_in_their_order_and_the_ledger_is_live() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    let stages: Vec<Stage> = events
        .iter()
        .filter_map(|event| {
            if let Event::StageBegan { stage } = event {
                Some(*stage)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        stages,
        [
            Stage::Scope,
            Stage::Plan,
            Stage::Gather,
            Stage::Outline,
            Stage::Write,
            Stage::Check,
            Stage::Report
        ]
    );
    let last = events.iter().rev().find_map(|event| {
        if let Event::Spent { ledger } = event {
            Some(ledger)
        } else {
            None
        }
    });
    let spent = world.spent(&run);
    let last = last.unwrap();
    assert_eq!(
        (
            last.searches,
            last.fetches,
            last.model_calls,
            last.input_tokens + last.output_tokens,
            last.micro_dollars
        ),
        (
            spent.searches,
            spent.fetches,
            spent.model_calls,
            spent.tokens,
            spent.micro_dollars
        )
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Draft { offset: 0, .. })),
        "prose is told as it comes"
    );
    assert!(matches!(events.last(), Some(Event::Done { partial: None, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_instructs_is_flagged_and_its_address_goes_nowhere() {
    let world = Arc::new(World::with_model());
    let report = report(&world, request()).await;
    assert!(report.sources.iter().any(|source| source.instructs));
    let fetched = world.finished();
    assert!(
        fetched.keys().all(|call| !call.contains("evil.example")),
        "{fetched:?}"
    );
    assert!(!render::markdown(&report).contains("(http://evil.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_decides_the_sections() {
    let world = Arc::new(World::with_model());
    let report = report(
        &world,
        aiex_research::Request {
            template: Some("find-bug-cause".to_owned()),
            ..request()
        },
    )
    .await;
    let headings: Vec<&str> = report
        .sections
        .iter()
        .map(|section| section.heading.as_str())
        .collect();
    assert_eq!(
        headings,
        [
            "In short",
            "Where it happens",
            "What changed",
            "What the dependencies say",
            "Known elsewhere"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_report_is_a_source_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    let first = research.start(request()).await.unwrap();
    events(&research, &first).await;
    let only_reports = aiex_research::Request {
        sources: vec![SourceKind::Reports],
        ..request()
    };
    let second = research.start(only_reports).await.unwrap();
    events(&research, &second).await;
    let report = research.report(&second).await.unwrap();
    assert!(
        report
            .sources
            .iter()
            .any(|source| source.origin.kind() == "report"),
        "{:?}",
        report.sources
    );
    assert!(
        report.sources.iter().any(|source| source.origin.kind() == "code"),
        "and what it cites"
    );
    assert_eq!(report.ledger.searches, 0, "the run's own store costs nothing");
    let graph = research.whole_graph().await.unwrap();
    assert!(graph.len() > research.graph(&first).await.unwrap().len() / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_only_quotes_is_no_source_but_what_it_quotes_is() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let first = research.start(request()).await.unwrap();
    events(&research, &first).await;
    let only_reports = aiex_research::Request {
        sources: vec![SourceKind::Reports],
        ..request()
    };
    let second = research.start(only_reports).await.unwrap();
    events(&research, &second).await;
    let report = research.report(&second).await.unwrap();
    let kinds: Vec<&str> = report.sources.iter().map(|source| source.origin.kind()).collect();
    assert!(kinds.contains(&"code") && !kinds.contains(&"report"), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_on_other_repositories_are_no_sources() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let of = |repo: &str, sources: &[SourceKind]| aiex_research::Request {
        repos: vec![repo.to_owned()],
        sources: sources.to_vec(),
        ..request()
    };
    let first = research.start(of("/src/queue", &[])).await.unwrap();
    events(&research, &first).await;
    for (repo, is_there) in [("/src/other", false), ("/src/queue", true)] {
        let run = research.start(of(repo, &[SourceKind::Reports])).await.unwrap();
        events(&research, &run).await;
        let report = research.report(&run).await.unwrap();
        assert_eq!(!report.sources.is_empty(), is_there, "{repo}");
        // For the next question only the first report is there.
        research.remove(&run).await.unwrap();
    }
    // A run of no repository that draws on the first carries its code nowhere else.
    let general = aiex_research::Request {
        sources: vec![SourceKind::Reports],
        ..request()
    };
    assert!(general.repos.is_empty());
    let general = research.start(general).await.unwrap();
    events(&research, &general).await;
    assert!(!research.report(&general).await.unwrap().sources.is_empty());
    let run = research
        .start(of("/src/other", &[SourceKind::Reports]))
        .await
        .unwrap();
    events(&research, &run).await;
    let report = research.report(&run).await.unwrap();
    let kinds: Vec<&str> = report.sources.iter().map(|source| source.origin.kind()).collect();
    assert!(kinds.iter().all(|kind| *kind == "web"), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_spends_nothing_and_bounds_what_is_spent() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    for depth in [Depth::Quick, Depth::Standard] {
        let request = aiex_research::Request { depth, ..request() };
        let estimate = research.estimate(&request).await.unwrap();
        assert!(
            estimate.tokens > 0 && estimate.micro_dollars.is_some_and(|money| money > 0),
            "{estimate:?}"
        );
        let before = world.finished().len();
        assert_eq!(before, 0);
    }
    let estimate = research.estimate(&request()).await.unwrap();
    let run = research.start(request()).await.unwrap();
    events(&research, &run).await;
    let spent = world.spent(&run);
    assert!(
        spent.searches <= estimate.searches && spent.fetches <= estimate.fetches,
        "{spent:?} {estimate:?}"
    );
    assert!(spent.tokens <= estimate.tokens, "{spent:?} {estimate:?}");
    assert_eq!(research.list().await.unwrap()[0].state, RunState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_and_the_web_a_quick_run_is_told_to_be_short() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let request = aiex_research::Request {
        depth: Depth::Quick,
        sources: vec![SourceKind::Code, SourceKind::Docs],
        ..request()
    };
    let estimate = research.estimate(&request).await.unwrap();
    let run = research.start(request).await.unwrap();
    events(&research, &run).await;
    let spent = world.spent(&run);
    // A query to each source, for what is asked.
    assert_eq!(estimate.searches, spent.searches, "{estimate:?}");
    assert_eq!(
        estimate.wall_seconds,
        (0, 12),
        "dependencies may be read for the first time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_followed_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        sources: vec![SourceKind::Code],
        ..World::plain()
    });
    let research = open(folder.path(), &world).await;
    let refuse = async |request| {
        let error = research.start(request).await.unwrap_err();
        assert!(!error.hint().is_empty());
        error.to_string()
    };
    let wanting = aiex_research::Request {
        sources: vec![SourceKind::Web],
        ..request()
    };
    assert_eq!(refuse(wanting).await, "the source `web` is not configured");
    let empty = aiex_research::Request {
        question: "  ".to_owned(),
        ..request()
    };
    assert_eq!(refuse(empty).await, "there is no question");
    let unknown = aiex_research::Request {
        template: Some("poem".to_owned()),
        ..request()
    };
    assert!(
        refuse(unknown)
            .await
            .starts_with("there is no template `poem`; there are compare-libraries")
    );
    assert!(research.list().await.unwrap().is_empty());
}
