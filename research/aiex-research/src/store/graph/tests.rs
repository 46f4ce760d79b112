//! The stored graph is the one that the reports make, whatever was added, removed, lost or left behind.

mod looking;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aiex_evidence::graph::{Look, Neighbourhood, Node, Relation};
use aiex_evidence::{
    Catalogue, Disagreement, Document, Ledger, Origin, Paragraph, QuoteId, Section, Sentence, SourceId,
};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;
use crate::request::Request;
use crate::run::RunId;
use crate::store::{Commit, NewRun, Patch, Store};

const NAMES: [&str; 12] = [
    "`JoinSet`",
    "`spawn_blocking()`",
    "tokio",
    "serde",
    "`src/retry.rs`",
    "Apache Kafka",
    "`Backoff`",
    "Über Alles",
    "`MAX_THREADS`",
    "`ÉTAT`",
    "`tower`",
    "src/pool.rs:41",
];

fn cite(source: u32, number: u32) -> QuoteId {
    QuoteId {
        source: SourceId(source),
        number,
    }
}

/// A report that names what its numbers say: every number is a claim.
fn report(run: &str, claims: &[u16]) -> Report {
    let mut sources = Catalogue::new();
    for (number, origin) in [
        Origin::Web {
            url: "https://a.example/x".into(),
        },
        Origin::Web {
            url: format!("https://b.example/{}", claims.len() % 3),
        },
    ]
    .into_iter()
    .enumerate()
    {
        sources.add(Document {
            origin,
            title: format!("page {number}"),
            date: None,
            read_at: 0,
            text: String::new(),
            licence: None,
            instructs: false,
        });
    }
    let sentence = |claim: &u16| {
        let name = |at: u16| NAMES[usize::from(at) % NAMES.len()];
        Sentence {
            text: format!(
                "The {} waits for {} {} times.",
                name(*claim),
                name(claim / 12),
                claim % 50
            ),
            cites: vec![cite(1 + u32::from(claim % 2), 1), cite(1, u32::from(claim % 5))],
            verdict: (!claim.is_multiple_of(7)).then_some(VERDICTS[usize::from(claim % 5)]),
            reason: None,
            judged: false,
        }
    };
    let paragraph = Paragraph {
        sentences: claims.iter().map(sentence).collect(),
        item: false,
    };
    Report {
        run: run.to_owned(),
        question: "?".to_owned(),
        title: "?".to_owned(),
        model: None,
        partial: None,
        nowhere: Vec::new(),
        sections: vec![Section {
            heading: "In short".to_owned(),
            paragraphs: vec![paragraph],
        }],
        disagreements: vec![Disagreement {
            about: "times".to_owned(),
            quotes: vec![cite(1, 1), cite(1, 2), cite(2, 1)],
        }],
        searches: Vec::new(),
        sources,
        quotes: Vec::new(),
        unread: Vec::new(),
        removed: aiex_evidence::Removed::default(),
        ledger: Ledger::default(),
        finished_at: 0,
        settled: false,
    }
}

/// Runs by when they were made and their name, with what their reports say.
type Reports = BTreeMap<(u64, String), Report>;

async fn add(store: &Store, made: u64, report: &Report) {
    let run = RunId(report.run.clone());
    let mut commit = Commit::new(&run, made);
    commit.new = Some(NewRun {
        request: Request::default(),
        nonce: String::new(),
    });
    store.commit(commit).await.unwrap();
    replace(store, made, report).await;
}

async fn replace(store: &Store, made: u64, report: &Report) {
    let mut commit = Commit::new(&RunId(report.run.clone()), made);
    commit.patch = Patch {
        report: Some(Arc::new(report.clone())),
        ..Patch::default()
    };
    store.commit(commit).await.unwrap();
}

async fn remove(store: &Store, run: &str) {
    let mut commit = Commit::new(&RunId(run.to_owned()), 0);
    commit.delete = true;
    store.commit(commit).await.unwrap();
}

/// What the reports make: the newest first.
fn computed(reports: &Reports) -> KnowledgeGraph {
    let mut whole = KnowledgeGraph::default();
    for report in reports.values().rev() {
        whole.merge(&KnowledgeGraph::of(report));
    }
    whole
}

type Beside = Vec<(Relation, u32, Node)>;

/// What somebody sees of a neighbourhood.
fn seen(near: &Neighbourhood, limit: usize) -> (u64, u64, u64, Vec<(Node, u64, Beside)>) {
    let node = |place: usize| near.graph.node(place).unwrap().clone();
    let centres = near.centres.iter().map(|centre| {
        let beside = near.graph.neighbours(centre.place).into_iter().take(limit);
        let beside = beside.map(|(relation, weight, place)| (relation, weight, node(place)));
        (node(centre.place), centre.degree, beside.collect())
    });
    (near.nodes, near.edges, near.fitting, centres.collect())
}

async fn holds(store: &Store, reports: &Reports) {
    let expected = computed(reports);
    assert_eq!(store.whole_graph().await.unwrap(), expected);
    for report in reports.values() {
        let graph = store.graph_of(&RunId(report.run.clone())).await.unwrap();
        assert_eq!(graph, Some(KnowledgeGraph::of(report)));
    }
    for look in looking::looks() {
        let near = store.neighbourhood(&look).await.unwrap();
        let whole = expected.clone().around(&look);
        assert_eq!(seen(&near, look.limit), seen(&whole, look.limit), "{look:?}");
    }
}

/// What happens to a store.
#[derive(Debug, Clone)]
enum Happening {
    Added(Vec<u16>, u64),
    ToldAgain(usize, Vec<u16>),
    Removed(usize),
    /// The process ends and another opens the store.
    Reopened,
    /// The process dies at the next commit that it makes.
    Killed(Vec<u16>),
    /// A version that knew no graph added and removed a report.
    LeftBehind(Vec<u16>, usize),
    /// The format of the graph changes.
    Reformatted,
}

fn happening() -> impl Strategy<Value = Happening> {
    let claims = || proptest::collection::vec(0..600_u16, 0..6);
    prop_oneof![
        4 => (claims(), 0..4_u64).prop_map(|(claims, made)| Happening::Added(claims, made)),
        1 => (any::<usize>(), claims()).prop_map(|(which, claims)| Happening::ToldAgain(which, claims)),
        2 => any::<usize>().prop_map(Happening::Removed),
        1 => Just(Happening::Reopened),
        1 => claims().prop_map(Happening::Killed),
        1 => (claims(), any::<usize>()).prop_map(|(claims, which)| Happening::LeftBehind(claims, which)),
        1 => Just(Happening::Reformatted),
    ]
}

fn nth(reports: &Reports, which: usize) -> Option<(u64, String)> {
    reports.keys().nth(which.checked_rem(reports.len())?).cloned()
}

fn with_raw(folder: &Path, work: impl FnOnce(&Connection)) {
    work(&Connection::open(folder.join("research.db")).unwrap());
}

async fn happen(folder: &Path, happenings: Vec<Happening>) {
    let mut store = Store::open(folder, None).unwrap();
    let mut reports = Reports::new();
    for (at, happening) in happenings.into_iter().enumerate() {
        let run = format!("r{:02}", (at * 7) % 50);
        match happening {
            Happening::Added(claims, made) => {
                let report = report(&run, &claims);
                add(&store, made, &report).await;
                reports.insert((made, run), report);
            }
            Happening::ToldAgain(which, claims) => {
                if let Some(key) = nth(&reports, which) {
                    let report = report(&key.1, &claims);
                    replace(&store, key.0, &report).await;
                    reports.insert(key, report);
                }
            }
            Happening::Removed(which) => {
                if let Some(key) = nth(&reports, which) {
                    remove(&store, &key.1).await;
                    reports.remove(&key);
                }
            }
            Happening::Reopened => store = Store::open(folder, None).unwrap(),
            Happening::Killed(claims) => {
                drop(store);
                let dying = Store::open(folder, Some(1)).unwrap();
                let mut commit = Commit::new(&RunId(run.clone()), 9);
                commit.new = Some(NewRun {
                    request: Request::default(),
                    nonce: String::new(),
                });
                dying.commit(commit).await.unwrap();
                let mut commit = Commit::new(&RunId(run.clone()), 9);
                commit.patch.report = Some(Arc::new(report(&run, &claims)));
                assert!(dying.commit(commit).await.is_err(), "it is dead");
                store = Store::open(folder, None).unwrap();
                remove(&store, &run).await;
            }
            Happening::LeftBehind(claims, which) => {
                drop(store);
                let gone = nth(&reports, which);
                let report = report(&run, &claims);
                with_raw(folder, |raw| {
                    if let Some((_, gone)) = &gone {
                        raw.execute("DELETE FROM reports WHERE run = ?1", [gone]).unwrap();
                        raw.execute("DELETE FROM runs WHERE id = ?1", [gone]).unwrap();
                    }
                    let request = serde_json::to_string(&Request::default()).unwrap();
                    raw.execute(
                        "INSERT INTO runs (id, request, nonce, state, created_ms, changed_ms) VALUES (?1, ?2, '', 'done', 5, 5)",
                        [&run, &request],
                    )
                    .unwrap();
                    raw.execute(
                        "INSERT INTO reports (run, report) VALUES (?1, ?2)",
                        [&run, &serde_json::to_string(&report).unwrap()],
                    )
                    .unwrap();
                });
                gone.map(|gone| reports.remove(&gone));
                reports.insert((5, run), report);
                store = Store::open(folder, None).unwrap();
            }
            Happening::Reformatted => {
                drop(store);
                with_raw(folder, |raw| {
                    raw.execute_batch(
                        "UPDATE graph_format SET format = 0; DELETE FROM graph_edges WHERE id % 2 = 0;",
                    )
                    .unwrap();
                });
                store = Store::open(folder, None).unwrap();
            }
        }
        holds(&store, &reports).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_stored_graph_is_the_one_that_the_reports_make(happenings in proptest::collection::vec(happening(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        Runtime::new().unwrap().block_on(happen(folder.path(), happenings));
    }
}

#[test]
fn the_numbers_of_the_tables_are_places_in_the_lists() {
    for (place, kind) in KINDS.iter().enumerate() {
        assert_eq!(*kind as usize, place);
    }
    for (place, relation) in RELATIONS.iter().enumerate() {
        assert_eq!(*relation as usize, place);
    }
    for (place, verdict) in VERDICTS.iter().enumerate() {
        assert_eq!(*verdict as usize, place);
    }
}

#[tokio::test]
async fn of_a_thousand_reports_a_question_reads_its_neighbourhood() {
    let folder = tempfile::tempdir().unwrap();
    // Reports that a version without a graph left: the opening takes them all in.
    drop(Store::open(folder.path(), None).unwrap());
    let mut raw = Connection::open(folder.path().join("research.db")).unwrap();
    let transaction = raw.transaction().unwrap();
    let request = serde_json::to_string(&Request::default()).unwrap();
    for number in 0..1000_u16 {
        let run = format!("r{number:04}");
        let claims: Vec<u16> = (0..12).map(|claim| (number * 12 + claim) % 6000).collect();
        let report = serde_json::to_string(&report(&run, &claims)).unwrap();
        transaction
            .execute(
                "INSERT INTO runs (id, request, nonce, state, created_ms, changed_ms) VALUES (?1, ?2, '', 'done', ?3, ?3)",
                params![run, request, number],
            )
            .unwrap();
        transaction
            .execute("INSERT INTO reports (run, report) VALUES (?1, ?2)", [run, report])
            .unwrap();
    }
    transaction.commit().unwrap();
    drop(raw);
    let store = Store::open(folder.path(), None).unwrap();

    let look = looking::look(Some("JoinSet"), &[], &[], 5);
    let near = store.neighbourhood(&look).await.unwrap();
    assert!(
        near.nodes > 1000 && near.edges > 5000,
        "{} {}",
        near.nodes,
        near.edges
    );
    assert!(near.fitting > 100 && near.centres.len() == 5, "{}", near.fitting);
    assert!(near.centres[0].degree > 100, "{:?}", near.centres);
    assert!(near.graph.len() <= 5 + 5 * 5, "{}", near.graph.len());
    assert!(near.graph.edges().count() <= 5 * 5);
    let whole = store.whole_graph().await.unwrap();
    assert_eq!(whole.len() as u64, near.nodes);
    assert_eq!(seen(&near, 5), seen(&whole.around(&look), 5));

    // The edges of a node are found by keys, not by looking at all of them.
    let raw = Connection::open(folder.path().join("research.db")).unwrap();
    let plan: Vec<String> = raw
        .prepare(&format!("EXPLAIN QUERY PLAN {}", load::heaviest_sql(&[])))
        .unwrap()
        .query_map(params![1, 5, u32::MAX], |row| row.get(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(
        plan.iter()
            .all(|step| !step.starts_with("SCAN") || step.contains("joined")),
        "{plan:#?}"
    );
}

#[tokio::test]
async fn a_report_that_cannot_be_read_keeps_no_other_from_being_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), None).unwrap();
    let good = report("good", &[5, 9]);
    add(&store, 1, &good).await;
    add(&store, 2, &report("bad", &[3])).await;
    drop(store);
    with_raw(folder.path(), |raw| {
        raw.execute_batch(
            "UPDATE reports SET report = '{' WHERE run = 'bad'; UPDATE graph_format SET format = 0;",
        )
        .unwrap();
    });
    let store = Store::open(folder.path(), None).unwrap();
    assert_eq!(store.whole_graph().await.unwrap(), KnowledgeGraph::of(&good));
    assert!(store.graph_of(&RunId("bad".to_owned())).await.unwrap().is_none());
}
