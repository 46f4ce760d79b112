//! What is found for what, and in which order.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_lexical::{Document, LexicalIndex, Query, Scored};
use tempfile::TempDir;

struct Case {
    _directory: TempDir,
    index: LexicalIndex,
}

/// An index of these chunks, numbered from 0 in one file.
fn index(documents: &[Document<'_>]) -> Case {
    let directory = TempDir::new().unwrap();
    let index = LexicalIndex::open(directory.path()).unwrap();
    let mut writer = index.begin(15_000_000).unwrap();
    for (chunk, document) in (0..).zip(documents) {
        writer.add(&Document { chunk, ..*document }).unwrap();
    }
    writer.commit(1).unwrap();
    drop(writer);
    index.publish().unwrap();
    Case {
        _directory: directory,
        index,
    }
}

fn body(text: &str) -> Document<'_> {
    Document {
        body: text,
        ..Document::default()
    }
}

impl Case {
    fn search(&self, text: &str, limit: usize) -> Vec<Scored> {
        let pieces = [(text, 1.0)];
        self.index
            .search(
                &Query {
                    pieces: &pieces,
                    limit,
                },
                None,
            )
            .unwrap()
    }

    #[track_caller]
    fn check(&self, text: &str, expected: &[u64]) {
        let found = self.search(text, 50);
        assert!(found.is_sorted_by(|a, b| b.score <= a.score), "{found:?}");
        assert_eq!(
            found.iter().map(|scored| scored.chunk).collect::<Vec<_>>(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn identifiers_are_found_by_themselves_and_by_their_parts() {
    let case = index(&[
        body("let n = readFileToString(p);"),
        body("fn read_file(path)"),
        body("nothing here"),
    ]);
    case.check("readFileToString", &[0, 1]);
    case.check("READ_FILE", &[1, 0]);
    case.check("string", &[0]);
    case.check("tostring", &[]);
}

#[test]
fn rare_words_count_more_than_common_ones() {
    let mut documents: Vec<Document<'_>> = vec![body("the common word"); 20];
    documents.push(body("a peculiar thing"));
    assert_eq!(index(&documents).search("common peculiar", 50)[0].chunk, 20);
}

#[test]
fn a_definition_is_before_a_use() {
    let filler = "calls of other things and words about them ".repeat(4);
    let case = index(&[
        body(&format!("let a = parse_config(); {filler}")),
        Document {
            body: &format!("fn parse_config {filler}"),
            symbols: &["parse_config"],
            ..Document::default()
        },
        body("unrelated"),
    ]);
    case.check("parse_config", &[1, 0]);
}

#[test]
fn forms_of_a_word_are_found_by_each_other() {
    let case = index(&[
        body("validates the input"),
        body("fn validation()"),
        body("value"),
    ]);
    case.check("validator", &[1, 0]);
}

#[test]
fn paths_and_breadcrumbs_are_found() {
    let case = index(&[
        Document {
            path: "src/net/HttpClient.rs",
            ..body("x")
        },
        Document {
            breadcrumb: "impl Scheduler > tick",
            ..body("y")
        },
    ]);
    case.check("client", &[0]);
    case.check("scheduler", &[1]);
    let paths = |text: &str| {
        let pieces = [(text, 1.0)];
        let found = case
            .index
            .path_search(&Query {
                pieces: &pieces,
                limit: 5,
            })
            .unwrap();
        found.iter().map(|scored| scored.chunk).collect::<Vec<_>>()
    };
    assert_eq!(paths("net http rs"), [0]);
    assert!(paths("scheduler").is_empty());
}

#[test]
fn a_heavier_piece_decides_and_a_term_counts_once() {
    let case = index(&[body("apple x"), body("pear x")]);
    let order = |pieces: &[(&str, f32)]| {
        let found = case.index.search(&Query { pieces, limit: 5 }, None).unwrap();
        found.iter().map(|scored| scored.chunk).collect::<Vec<_>>()
    };
    assert_eq!(order(&[("apple", 1.0), ("pear", 2.0)]), [1, 0]);
    assert_eq!(
        order(&[("apple pear", 1.0), ("apple", 2.0), ("apple", 1.5)]),
        [0, 1]
    );
    assert_eq!(order(&[("apple", 1.0), ("pear", 0.0)]), [0]);
}

#[test]
fn a_word_that_is_everywhere_tells_nothing() {
    let mut documents: Vec<Document<'_>> = vec![
        Document {
            path: "src/common.rs",
            ..body("words")
        };
        20
    ];
    documents.push(body("peculiar words"));
    let rarity = index(&documents)
        .index
        .rarity(&["peculiar", "word", "common", "absent"].map(str::to_owned))
        .unwrap();
    assert!(rarity[0].text > 2.0 && rarity[1].text < 0.1, "{rarity:?}");
    assert!(rarity[2].path < 0.1 && rarity[0].path > 3.0, "{rarity:?}");
    let held: Vec<bool> = rarity.iter().map(|rarity| rarity.is_held).collect();
    assert_eq!(held, [true, true, true, false]);
}

#[test]
fn other_scripts_are_found() {
    let case = index(&[
        body("// 全文搜索引擎"),
        body("// Überprüfung der Größe"),
        body("索引"),
    ]);
    case.check("搜索", &[0, 2]);
    case.check("GRÖßE", &[1]);
}

#[test]
fn a_filter_admits_and_the_limit_counts_what_is_admitted() {
    let documents: Vec<Document<'_>> = vec![body("same words"); 100];
    let case = index(&documents);
    let odd = |chunk: u64| chunk % 2 == 1;
    let query = Query {
        pieces: &[("words", 1.0)],
        limit: 30,
    };
    let found = case.index.search(&query, Some(&odd)).unwrap();
    assert_eq!(found.len(), 30);
    assert!(found.iter().all(|scored| scored.chunk % 2 == 1));
    assert!(case.index.search(&query, Some(&|_| false)).unwrap().is_empty());
    assert!(
        case.index
            .search(&Query { limit: 0, ..query }, None)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_explanation_adds_up_to_the_score() {
    let case = index(&[
        Document {
            symbols: &["open_index"],
            path: "src/index.rs",
            breadcrumb: "index",
            ..body("fn open_index() { index.open() }")
        },
        body("open the door"),
        body("unrelated words"),
    ]);
    let query = Query {
        pieces: &[("how to open_index", 1.0)],
        limit: 50,
    };
    let found = case.index.search(&query, None).unwrap();
    for hit in &found {
        let parts = case.index.explain(hit.chunk, &query).unwrap();
        let sum: f32 = parts.iter().map(|part| part.score).sum();
        assert!((sum - hit.score).abs() < 1e-4, "{sum} is not {}", hit.score);
    }
    let parts = case.index.explain(found[0].chunk, &query).unwrap();
    for term in ["open_index", "open", "index"] {
        assert!(parts.iter().any(|part| part.term == term), "{term}: {parts:?}");
    }
    assert!(case.index.explain(99, &query).unwrap().is_empty());
}

#[test]
fn symbols_are_found_by_their_beginning() {
    let case = index(&[
        Document {
            symbols: &["parseUrl", "parse"],
            ..body("")
        },
        Document {
            symbols: &["PARSE"],
            ..body("")
        },
        Document {
            symbols: &["sparse"],
            ..body("")
        },
        Document {
            symbols: &["parser"],
            ..body("")
        },
    ]);
    assert_eq!(case.index.symbol_prefix("Parse", 10).unwrap(), [0, 1, 3]);
    assert_eq!(case.index.symbol_prefix("parse", 2).unwrap(), [0, 1]);
    assert_eq!(case.index.symbol_prefix("parser", 10).unwrap(), [3]);
    assert!(case.index.symbol_prefix("x", 10).unwrap().is_empty());
}

#[test]
fn strange_texts_are_borne() {
    let long = "x".repeat(1_000_000);
    let dense = "字".repeat(100_000);
    let case = index(&[body(&long), body(&dense), body("\0\u{feff}\u{202e}"), body("")]);
    case.check(&long, &[]);
    case.check("\"unclosed AND (quote OR", &[]);
    case.check("", &[]);
    case.check(&dense, &[1]);
    let many = (0..5000).map(|n| format!("w{n} ")).collect::<String>();
    case.check(&many, &[]);
}
