//! Chunks follow the syntax: comments stay with their items, and breadcrumbs tell where a chunk lies.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_chunk::{ChunkKind, Chunked, Language, Limits, Parse, chunk};

fn body<'t>(text: &'t str, found: &Chunked, at: usize) -> &'t str {
    let bytes = &found.chunks[at].bytes;
    &text[bytes.start as usize..bytes.end as usize]
}

fn at_of(text: &str, found: &Chunked, needle: &str) -> usize {
    let position = text.find(needle).unwrap() as u32;
    found
        .chunks
        .iter()
        .position(|chunk| chunk.bytes.contains(&position))
        .unwrap()
}

/// Rust functions with docs, each about `size` characters long.
fn functions(count: usize, size: usize) -> String {
    (0..count)
        .map(|n| {
            let lines = "    step(n, \"some words\");\n".repeat(size / 27);
            format!("/// Document {n}, first.\n///\n/// More of it.\n#[inline]\npub fn item_{n}() {{\n{lines}}}\n\n")
        })
        .collect()
}

#[test]
fn docs_and_attributes_start_the_chunk_of_their_item() {
    for size in [200, 500, 700, 900, 1600] {
        let text = functions(12, size);
        let found = chunk(&text, Some(Language::Rust), &Limits::default());
        for n in 0..12 {
            let doc = at_of(&text, &found, &format!("/// Document {n},"));
            assert_eq!(
                doc,
                at_of(&text, &found, &format!("pub fn item_{n}()")),
                "size {size}"
            );
        }
        for at in 0..found.chunks.len() {
            let last = body(&text, &found, at).trim_end().lines().last().unwrap().trim();
            assert!(!last.starts_with("///") && !last.starts_with("#["), "{last}");
        }
    }
}

#[test]
fn a_doc_longer_than_the_target_stays_with_its_signature() {
    let doc = "/// A sentence that goes on for a while, as they do.\n".repeat(20);
    let text = format!(
        "{}{doc}pub fn long(\n    a: u8,\n    b: u8,\n) {{\n{}}}\n",
        functions(1, 700),
        "    a();\n".repeat(200)
    );
    let found = chunk(&text, Some(Language::Rust), &Limits::default());
    let first = at_of(&text, &found, "/// A sentence");
    assert_eq!(first, at_of(&text, &found, "b: u8"));
    assert!(body(&text, &found, first).starts_with("/// A sentence"));
}

#[test]
fn breadcrumbs_name_what_encloses_the_start() {
    let method = format!(
        "    pub fn weigh(&self) {{\n{}    }}\n",
        "        self.count(1, 2, 3);\n".repeat(60)
    );
    let text = format!("mod stock {{\nimpl Shelf {{\n{method}    /// Small.\n    fn small() {{}}\n}}\n}}\n");
    let found = chunk(&text, Some(Language::Rust), &Limits::default());
    let crumbs: Vec<&str> = found
        .chunks
        .iter()
        .map(|chunk| chunk.breadcrumb.as_str())
        .collect();
    assert_eq!(crumbs[0], "");
    assert!(crumbs[1..].contains(&"stock > Shelf > weigh"), "{crumbs:?}");
    assert!(
        crumbs[1..].iter().all(|crumb| crumb.starts_with("stock > Shelf")),
        "{crumbs:?}"
    );
}

#[test]
fn sections_keep_their_heading() {
    let text: String = (0..6)
        .map(|n| format!("## Part {n}\n\n{}\n\n", "Words of a sentence. ".repeat(30)))
        .collect();
    let text = format!("# Title\n\n{text}");
    let found = chunk(&text, Some(Language::Markdown), &Limits::default());
    assert_eq!(found.chunks.len(), 6);
    for n in 0..6 {
        assert!(body(&text, &found, n).contains(&format!("## Part {n}\n\nWords")));
    }
    assert_eq!(found.chunks[1].breadcrumb, "Title");
    assert_eq!(found.chunks[0].kind, ChunkKind::Prose);
}

#[test]
fn python_decorators_and_comments_stay_with_their_function() {
    let text: String = (0..5)
        .map(|n| {
            format!(
                "# About {n}.\n@cache\ndef f{n}():\n{}\n\n",
                "    call(1, 2, 3)\n".repeat(30)
            )
        })
        .collect();
    let found = chunk(&text, Some(Language::Python), &Limits::default());
    assert_eq!(found.chunks.len(), 5);
    for (n, symbol) in found.symbols.iter().enumerate() {
        assert!(body(&text, &found, n).starts_with(&format!("# About {n}.")));
        assert_eq!(symbol.item_bytes.start, found.chunks[n].bytes.start);
    }
}

#[test]
fn broken_source_is_recovered_and_other_text_cut_by_lines() {
    let found = chunk(
        "fn a() { (((\nfn b() {}\n",
        Some(Language::Rust),
        &Limits::default(),
    );
    assert_eq!(found.parse, Parse::Recovered);
    let found = chunk("Some words.\n", None, &Limits::default());
    assert_eq!(
        (found.parse, found.chunks[0].kind),
        (Parse::Lines, ChunkKind::Prose)
    );
    let small = Limits {
        max_parse_bytes: 4,
        ..Limits::default()
    };
    assert_eq!(
        chunk("fn a() {}", Some(Language::Rust), &small).parse,
        Parse::Lines
    );
}
