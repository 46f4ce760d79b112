//! What earlier reports read is how it was on that day: it finds places again and stands for none of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiex_evidence::{Hindrance, Origin, Report, Source};
use aiex_research::{
    Clock, Depth, Found, Present, ReadFailure, Request, Research, RunId, RunState, Settings, SourceKind,
};

use super::world::{Finds, Says, World, brisk, events, idle, open, request};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// The world a day later.
fn tomorrow() -> World {
    let world = World::plain();
    World {
        clock_ms: AtomicU64::new(world.unix_ms() + DAY_MS),
        ..world
    }
}

async fn run(folder: &Path, world: &Arc<World>, request: Request) -> RunId {
    let research = open(folder, world).await;
    let run = research.start(request).await.unwrap();
    events(&research, &run).await;
    run
}

async fn reported(folder: &Path, world: &Arc<World>, request: Request) -> Report {
    let run = run(folder, world, request).await;
    let research = open(folder, world).await;
    research.report(&run).await.unwrap()
}

/// A report of yesterday and then one of another world on the same question.
async fn after_one(world: World, request: Request) -> (Report, Report) {
    let folder = tempfile::tempdir().unwrap();
    let yesterday = Request {
        question: request.question.clone(),
        ..super::world::request()
    };
    let first = reported(folder.path(), &Arc::new(World::plain()), yesterday).await;
    let then = reported(folder.path(), &Arc::new(world), request).await;
    (first, then)
}

fn of(kind: &str, report: &Report) -> Vec<Source> {
    let sources = report.sources.iter();
    sources
        .filter(|source| source.origin.kind() == kind)
        .cloned()
        .collect()
}

/// Pages say something else than they did.
fn says_more() -> Says {
    Arc::new(|_, text| Ok(text.replace("etries", "etries 7000")))
}

fn fails(hindrance: Hindrance) -> Says {
    Arc::new(move |_, _| {
        Err(ReadFailure {
            message: "not today".to_owned(),
            retryable: false,
            hindrance,
        })
    })
}

/// Searches find nothing of a kind any more.
fn finds_no(kind: &'static str) -> Finds {
    Arc::new(move |found| (found.origin.kind() != kind).then_some(found))
}

/// A place of which the code is told.
fn retry(report: &Report) -> Option<&Source> {
    let mut sources = report.sources.iter();
    sources.find(|source| source.origin.path() == Some("src/retry.rs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_found_again_is_read_again_also_by_a_fresh_run() {
    for fresh in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        reported(folder.path(), &Arc::new(World::plain()), request()).await;
        let world = World {
            says: says_more(),
            ..tomorrow()
        };
        let world = Arc::new(world);
        let request = Request { fresh, ..request() };
        let report = reported(folder.path(), &world, request).await;
        let pages = of("web", &report);
        assert!(!pages.is_empty());
        for page in &pages {
            assert!(page.text.contains("etries 7000"), "fresh: {fresh}: {page:?}");
            assert_eq!(page.read_at, world.unix_ms() / 1000);
            let Origin::Web { url } = &page.origin else {
                panic!("{page:?}")
            };
            assert_eq!(world.finished().get(&format!("read {url}")), Some(&1));
        }
        assert_eq!(report.ledger.fetches, pages.len() as u32);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_page_that_is_found_and_cannot_be_read_only_the_search_speaks() {
    let world = World {
        says: fails(Hindrance::Passing),
        ..tomorrow()
    };
    let (first, then) = after_one(world, request()).await;
    assert!(!of("web", &first).is_empty());
    assert_eq!(of("web", &then), [], "its excerpt says too little");
    assert!(!then.unread.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_only_reports_bring_is_fetched_and_counts_as_a_fetch() {
    let world = World {
        finds: finds_no("web"),
        says: says_more(),
        ..tomorrow()
    };
    let now = world.unix_ms() / 1000;
    let (_, then) = after_one(world, request()).await;
    let pages = of("web", &then);
    assert!(!pages.is_empty());
    assert!(
        pages.iter().all(|page| page.text.contains("etries 7000")),
        "{pages:?}"
    );
    assert!(pages.iter().all(|page| page.read_at == now));
    assert_eq!(then.ledger.fetches, pages.len() as u32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_only_reports_bring_keeps_its_day_where_nobody_can_look_and_is_left_out_when_gone() {
    let of_no_page = |says| World {
        finds: finds_no("web"),
        says,
        ..tomorrow()
    };
    let gone = of_no_page(fails(Hindrance::Dead));
    let (first, then) = after_one(gone, request()).await;
    assert_eq!(of("web", &then), []);
    assert!(
        then.unread
            .iter()
            .all(|unread| unread.hindrance == Hindrance::Dead)
    );
    assert!(!then.unread.is_empty());

    let same_day = |pages: &[Source]| {
        assert!(!pages.is_empty());
        for page in pages {
            let known = first.sources.find(&page.origin).unwrap();
            assert_eq!((page.read_at, &page.text), (known.read_at, &known.text));
        }
    };
    let (_, then) = after_one(of_no_page(fails(Hindrance::Passing)), request()).await;
    same_day(&of("web", &then));
    assert!(!then.unread.is_empty(), "and it is told that nobody could look");

    let budget = aiex_research::Budget {
        fetches: Some(0),
        ..Default::default()
    };
    let none_to_spend = Request { budget, ..request() };
    let (_, then) = after_one(of_no_page(says_more()), none_to_spend).await;
    same_day(&of("web", &then));
    assert_eq!(then.ledger.fetches, 0);

    let without_web = Request {
        sources: vec![SourceKind::Code, SourceKind::Reports],
        ..request()
    };
    let (_, then) = after_one(of_no_page(says_more()), without_web).await;
    same_day(&of("web", &then));
    assert_eq!(then.ledger.fetches, 0, "the web was not to be asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_run_takes_no_text_of_an_earlier_report() {
    let world = World {
        finds: Arc::new(|_| None),
        ..tomorrow()
    };
    let fresh = Request {
        fresh: true,
        ..request()
    };
    let (first, then) = after_one(world, fresh).await;
    assert!(!first.sources.is_empty());
    assert_eq!(
        (then.sources.len(), then.ledger.fetches),
        (0, 0),
        "{:?}",
        then.sources
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_gone_or_changed_is_not_told_and_code_that_moved_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = reported(folder.path(), &Arc::new(World::plain()), request()).await;
    let old = retry(&first).unwrap().clone();
    let told = async |present: Option<Present>, sources: &[SourceKind]| {
        let world = World {
            finds: finds_no("code"),
            ..tomorrow()
        };
        let known = present.map(|present| (old.origin.label(), present));
        world.present.lock().unwrap().extend(known);
        let world = Arc::new(world);
        let request = Request {
            sources: sources.to_vec(),
            ..request()
        };
        let run = run(folder.path(), &world, request).await;
        let research = open(folder.path(), &world).await;
        let report = research.report(&run).await.unwrap();
        // For the next question only the first report is there.
        research.remove(&run).await.unwrap();
        assert_eq!(
            report.ledger.fetches > 0,
            sources.is_empty(),
            "files are no fetches"
        );
        let source = retry(&report).cloned();
        (source, world.unix_ms() / 1000)
    };
    let there = |text: String| Some(Present::There { text });
    for sources in [&[][..], &[SourceKind::Reports]] {
        let (now, at) = told(None, sources).await;
        let now = now.expect("it says what it said");
        assert_eq!((&now.origin, now.read_at), (&old.origin, at));

        assert_eq!(told(Some(Present::Gone), sources).await.0, None);
        let changed = there(old.text.replace('3', "7000"));
        assert_eq!(told(changed, sources).await.0, None);

        let moved = there(format!("use std::io;\n\n{}fn other() {{}}\n", old.text));
        let (now, at) = told(moved, sources).await;
        let now = now.expect("it says so further down");
        let Origin::Code {
            commit,
            first_line,
            last_line,
            ..
        } = &now.origin
        else {
            panic!("{now:?}")
        };
        assert_eq!((commit, first_line, last_line), (&None, &3, &6));
        assert_eq!((&now.text, now.read_at), (&old.text, at));

        let unknown = Present::Unknown {
            reason: "nobody may look".to_owned(),
        };
        let (now, _) = told(Some(unknown), sources).await;
        let now = now.expect("nobody knows better");
        assert_eq!((&now.origin, now.read_at), (&old.origin, old.read_at));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_told_at_the_version_that_is_used_now() {
    let on_backon = || Request {
        question: "How does backon make retries with back-off simple?".to_owned(),
        ..request()
    };
    let at_another: Finds = Arc::new(|mut found: Found| {
        if let Origin::Docs { version, root, .. } = &mut found.origin {
            *version = "2.0.0".to_owned();
            *root = root.replace("1.2.0", "2.0.0");
        }
        Some(found)
    });
    let versions = |report: &Report| -> Vec<(String, u64)> {
        let version = |source: Source| match source.origin {
            Origin::Docs { version, .. } => (version, source.read_at),
            _ => panic!("{source:?}"),
        };
        of("docs", report).into_iter().map(version).collect()
    };
    let world = World {
        finds: at_another,
        ..tomorrow()
    };
    let now = world.unix_ms() / 1000;
    let (first, then) = after_one(world, on_backon()).await;
    let day = first.sources.iter().next().unwrap().read_at;
    assert_eq!(versions(&first), [("1.2.0".to_owned(), day)]);
    assert_eq!(versions(&then), [("2.0.0".to_owned(), now)]);

    let none_found = World {
        finds: finds_no("docs"),
        ..tomorrow()
    };
    let (_, then) = after_one(none_found, on_backon()).await;
    assert_eq!(versions(&then), [], "it may not be used any more");

    let not_asked = Request {
        sources: vec![SourceKind::Reports],
        ..on_backon()
    };
    let (_, then) = after_one(tomorrow(), not_asked).await;
    assert_eq!(
        versions(&then),
        [("1.2.0".to_owned(), day)],
        "nobody asked: it keeps its day"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_readings_of_a_page_the_last_is_the_one_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    reported(folder.path(), &Arc::new(World::plain()), request()).await;
    let second = World {
        says: says_more(),
        ..tomorrow()
    };
    let second = reported(folder.path(), &Arc::new(second), request()).await;
    let third = World {
        finds: finds_no("web"),
        says: fails(Hindrance::Passing),
        ..tomorrow()
    };
    third.clock_ms.fetch_add(DAY_MS, Ordering::SeqCst);
    let third = reported(folder.path(), &Arc::new(third), request()).await;
    let pages = of("web", &third);
    assert!(!pages.is_empty());
    for page in pages {
        let known = second.sources.find(&page.origin).unwrap();
        assert_eq!((page.read_at, page.text), (known.read_at, known.text.clone()));
    }
}

/// The world of the run that is killed: other pages, and code that only the earlier report knows.
fn changed() -> World {
    World {
        finds: finds_no("code"),
        says: says_more(),
        ..tomorrow()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_after_another_looks_at_nothing_twice() {
    let quick = || Request {
        depth: Depth::Quick,
        ..request()
    };
    let whole = after_one(changed(), quick()).await.1;
    assert!(retry(&whole).is_some());
    for commits in 0.. {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), &Arc::new(World::plain()), request()).await;
        let world = Arc::new(changed());
        let settings = Settings {
            dies_after_commits: Some(commits),
            ..brisk()
        };
        let research = Research::open(folder.path(), world.ports(), settings)
            .await
            .unwrap();
        let started = research.start(quick()).await;
        idle(&research).await;
        let Ok(run) = started else {
            continue;
        };
        if research.show(&run).await.unwrap().summary.state == RunState::Done {
            assert!(commits > 20, "{commits}");
            break;
        }
        drop(research);
        let has_looked = lines(folder.path(), &run, "ended", "again/") > 0;
        let open_reads =
            lines(folder.path(), &run, "began", "read/") - lines(folder.path(), &run, "ended", "read/");
        let research = open(folder.path(), &world).await;
        events(&research, &run).await;
        let report = research.report(&run).await.unwrap();
        assert_eq!(report.sections, whole.sections, "killed after {commits}");
        assert_eq!(report.quotes, whole.quotes, "killed after {commits}");
        let looked = world.looked.lock().unwrap().clone();
        let most = if has_looked { 1 } else { 2 };
        assert!(
            !looked.is_empty() && looked.values().all(|times| *times <= most),
            "{looked:?}"
        );
        let finished = world.finished();
        let reads = finished.iter().filter(|(call, _)| call.starts_with("read "));
        let repeated: u32 = reads.map(|(_, times)| times - 1).sum();
        assert!(repeated <= open_reads, "killed after {commits}: {finished:?}");
    }
}

/// Lines of a run's journal.
fn lines(folder: &Path, run: &RunId, kind: &str, key: &str) -> u32 {
    let store = rusqlite::Connection::open(folder.join("research.db")).unwrap();
    let sql = "SELECT count(*) FROM journal WHERE run = ?1 AND kind = ?2 AND key LIKE ?3";
    let key = format!("{key}%");
    store
        .query_row(sql, [&run.0, kind, &key], |row| row.get(0))
        .unwrap()
}
