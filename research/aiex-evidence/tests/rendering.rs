//! A report in every form.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::{
    EngineRun, Hindrance, KnowledgeGraph, Ledger, Origin, Report, SearchRun, Section, Unread, check,
    disagree, draft, render, repair,
};

const PROSE: &str = "\
# Answer in short

The blocking pool holds at most 512 threads [S1.1]. Is that enough?

# Details

- **Idle threads** of the pool are stopped after 10 seconds [S1.2].
- The limit is the constant `MAX_THREADS`, 512 (src/pool.rs:41) [S4.1].
- The blocking pool is never full at 512 threads [S1.1].
- It also holds 9000 threads [S1.1, S7.7], see [a blog](https://evil.example).

`spawn_blocking` runs the provided closure on a thread where blocking is acceptable [S3.1].

```rust
pub const MAX_THREADS: usize = 512;
```

## References

1. https://evil.example
";

fn report() -> Report {
    let run = standing::small_run();
    let drafted = draft::parse(PROSE, run.evidence());
    let mut sections = drafted.sections;
    for sentence in sections.iter_mut().flat_map(Section::sentences_mut) {
        check::settle(sentence, run.evidence());
        repair::repair(sentence, run.evidence());
    }
    Report {
        run: "r1".to_owned(),
        question: "How many threads does the blocking pool hold?".to_owned(),
        title: "Threads of the blocking pool".to_owned(),
        model: Some("a-model".to_owned()),
        partial: None,
        nowhere: Vec::new(),
        disagreements: disagree::find(run.evidence()),
        searches: vec![
            SearchRun {
                source: "web".into(),
                query: "blocking pool `threads`".into(),
                found: 7,
                failure: None,
                engines: vec![
                    EngineRun {
                        engine: "searxng".into(),
                        found: 9,
                        failure: None,
                    },
                    EngineRun {
                        engine: "serper".into(),
                        found: 0,
                        failure: Some("the key is out of credit".into()),
                    },
                ],
                nowhere: Vec::new(),
                is_unready: false,
                lacks: None,
            },
            SearchRun {
                source: "docs".into(),
                query: "pool".into(),
                found: 0,
                failure: Some("no lockfile".into()),
                engines: Vec::new(),
                nowhere: Vec::new(),
                is_unready: false,
                lacks: None,
            },
        ],
        unread: vec![Unread {
            origin: Origin::Web {
                url: "https://gone.example/x".into(),
            },
            title: "Gone".into(),
            why: "404".into(),
            hindrance: Hindrance::Dead,
        }],
        removed: drafted.removed,
        sections,
        sources: run.sources.clone(),
        quotes: run.quotes.clone().into_vec(),
        ledger: Ledger {
            wall_ms: 61_500,
            input_tokens: 12_000,
            output_tokens: 900,
            micro_dollars: 12_300,
            searches: 2,
            fetches: 1,
            model_calls: 4,
            lost_calls: 0,
        },
        finished_at: 1_795_219_200,
        settled: false,
    }
}

#[test]
fn as_markdown() {
    insta::assert_snapshot!(render::markdown(&report()));
}

#[test]
fn as_html() {
    insta::assert_snapshot!(render::html(&report()));
}

#[test]
fn as_json() {
    let mut report = report();
    // The snapshots of the pages are in the sources; two are enough to see the form.
    report.quotes.truncate(2);
    insta::assert_snapshot!(render::json(&report).unwrap());
}

#[test]
fn what_nobody_knows_the_cost_of_is_told_to_be_counted_at_its_most() {
    let mut report = report();
    assert!(!render::markdown(&report).contains("at its most"));
    report.ledger.lost_calls = 1;
    let shown = render::markdown(&report);
    assert!(
        shown.contains("1 call was lost in a restart and is counted at its most"),
        "{shown}"
    );
}

#[test]
fn a_report_from_sources_that_were_not_indexed_whole_says_so_first() {
    let mut report = report();
    assert!(!render::markdown(&report).contains("indexed"));
    let search = report
        .searches
        .iter_mut()
        .find(|search| search.engines.is_empty());
    let search = search.unwrap();
    (search.failure, search.is_unready) = (None, true);
    search.lacks = Some("older commits are not here".to_owned());
    for shown in [render::markdown(&report), render::html(&report)] {
        assert_eq!(shown.matches("Not indexed whole yet").count(), 1, "{shown}");
        assert_eq!(
            shown.matches("; not everything was indexed yet").count(),
            1,
            "{shown}"
        );
        assert_eq!(
            shown.matches("; older commits are not here").count(),
            1,
            "{shown}"
        );
    }
}

#[test]
fn words_that_stand_nowhere_are_owned_up_to_before_anything_is_told() {
    let report = Report {
        nowhere: vec!["volumes".into(), "who_borrows".into()],
        ..report()
    };
    let markdown = render::markdown(&report);
    let (head, _) = markdown.split_once("\n## ").unwrap();
    assert!(
        head.contains(
            "**Nowhere in the repository:** volumes, who_borrows. What follows is near to the rest"
        ),
        "{head}"
    );
    let html = render::html(&report);
    let (head, _) = html.split_once("<h2").unwrap();
    assert!(
        head.contains("<strong>Nowhere in the repository:</strong> volumes, who_borrows."),
        "{head}"
    );
}

#[test]
fn as_bibtex() {
    insta::assert_snapshot!(render::bibtex(&report()));
}

#[test]
fn the_footer_tells_dead_links_from_refusals_and_from_what_was_not_tried() {
    let mut report = report();
    for hindrance in [Hindrance::Refused, Hindrance::Passing, Hindrance::Passing] {
        let unread = report.unread[0].clone();
        report.unread.push(Unread { hindrance, ..unread });
    }
    let footer = render::footer(&report);
    assert!(footer.ends_with("; 1 dead, 1 refused, 2 not read"), "{footer}");
}

#[test]
fn a_report_of_an_earlier_version_accuses_nobody_of_being_dead() {
    let text = render::json(&report())
        .unwrap()
        .replace("\"hindrance\": \"dead\"", "\"x\": 0");
    let report: Report = serde_json::from_str(&text).unwrap();
    let footer = render::footer(&report);
    assert!(footer.ends_with("; 0 dead, 1 not read"), "{footer}");
}

#[test]
fn the_footer_counts_claims_removals_sources_and_dead_links() {
    insta::assert_snapshot!(
        render::footer(&report()),
        @"7 claims: 4 supported, 0 partial, 1 unverified, 2 unchecked; 0 fabricated links (1 link, 1 citation, 1 source list of the model removed); 4 sources read 2026-11-21; 1 dead"
    );
}

#[test]
fn as_a_graph() {
    let graph = KnowledgeGraph::of(&report());
    insta::assert_snapshot!("graph_dot", graph.to_dot());
    insta::assert_snapshot!("graph_graphml", graph.to_graphml());
    insta::assert_snapshot!("graph_json", graph.to_json().unwrap());
}

#[test]
fn a_graph_is_searched_walked_stored_and_merged() {
    let graph = KnowledgeGraph::of(&report());
    let names = |places: &[usize]| -> Vec<String> {
        places
            .iter()
            .map(|place| graph.node(*place).unwrap().name.clone())
            .collect()
    };
    let constant = graph.search("max_threads")[0];
    assert_eq!(names(&[constant]), ["MAX_THREADS"]);
    assert!(graph.search("").is_empty() && graph.search("nothing like it").is_empty());
    let tokio = graph.search("tokio")[0];
    let way = graph.path(constant, graph.search("src/pool.rs:40")[0]);
    assert!(way.len() >= 3 && way[0] == constant, "{:?}", names(&way));
    assert!(!graph.neighbours(tokio).is_empty());
    assert!(graph.path(constant, 10_000).is_empty());

    let stored: KnowledgeGraph = serde_json::from_str(&graph.to_json().unwrap()).unwrap();
    assert_eq!(stored, graph);
    let mut merged = graph.clone();
    merged.merge(&graph);
    assert_eq!(merged.len(), graph.len(), "the same nodes are the same nodes");
    assert!(
        merged
            .edges()
            .zip(graph.edges())
            .all(|(twice, once)| twice.weight == once.weight * 2)
    );
    let mut other = report();
    other.run = "r2".to_owned();
    merged.merge(&KnowledgeGraph::of(&other));
    assert_eq!(merged.node(constant).unwrap().runs, ["r1", "r2"]);
}
