//! What holds for every text: chunks tile it, none is too large, positions are right.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_chunk::{Chunked, Language, Limits, Parse, chunk};
use proptest::prelude::*;

const SOURCES: &[(&str, Language)] = &[
    (include_str!("fixtures/rust.rs"), Language::Rust),
    (include_str!("fixtures/python.py"), Language::Python),
    (include_str!("fixtures/typescript.ts"), Language::TypeScript),
    (include_str!("fixtures/cpp.cpp"), Language::Cpp),
    (include_str!("fixtures/ruby.rb"), Language::Ruby),
    (include_str!("fixtures/haskell.hs"), Language::Haskell),
    (include_str!("fixtures/markdown.md"), Language::Markdown),
    (include_str!("fixtures/html.html"), Language::Html),
    (include_str!("fixtures/yaml.yaml"), Language::Yaml),
    (include_str!("fixtures/elixir.ex"), Language::Elixir),
    (include_str!("fixtures/swift.swift"), Language::Swift),
    (include_str!("fixtures/bash.sh"), Language::Bash),
];

fn small() -> Limits {
    Limits {
        target_chars: 60,
        max_chars: 120,
        ..Limits::default()
    }
}

/// Checks everything that must hold, with numbers counted the slow way.
fn check(text: &str, language: Option<Language>, limits: &Limits) -> Chunked {
    let found = chunk(text, language, limits);
    let mut end = 0;
    let mut line = 1;
    for chunk in &found.chunks {
        assert_eq!(chunk.bytes.start, end);
        assert!(chunk.bytes.start < chunk.bytes.end);
        end = chunk.bytes.end;
        let body = &text[chunk.bytes.start as usize..chunk.bytes.end as usize];
        let chars = body.chars().count();
        assert!(chars <= limits.max_chars as usize, "{chars} characters");
        let inside = body[..body.len()].matches('\n').count() as u32;
        let closing = u32::from(body.ends_with('\n'));
        assert_eq!(chunk.lines, (line, line + inside - closing));
        line += inside;
    }
    assert_eq!(end as usize, text.len());
    for symbol in &found.symbols {
        assert_eq!(
            text[symbol.name_bytes.start as usize..symbol.name_bytes.end as usize],
            symbol.name
        );
        assert!(
            symbol.item_bytes.start <= symbol.name_bytes.start
                && symbol.name_bytes.end <= symbol.item_bytes.end
        );
        assert!(
            text.get(symbol.item_bytes.start as usize..symbol.item_bytes.end as usize)
                .is_some()
        );
    }
    found
}

fn language() -> impl Strategy<Value = Option<Language>> {
    prop::option::of(prop::sample::select(Language::ALL))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_tiled(text in "\\PC{0,400}", language in language()) {
        check(&text, language, &small());
    }

    #[test]
    fn any_bytes_are_tiled(bytes in prop::collection::vec(any::<u8>(), 0..600), language in language()) {
        check(&String::from_utf8_lossy(&bytes), language, &small());
    }

    #[test]
    fn marks_and_newlines_are_tiled(text in "[ \n\t(){}\\[\\]\"'#/*:;,.=<>a-c|&@$`~_-]{0,500}", language in language()) {
        check(&text, language, &small());
    }

    #[test]
    fn broken_source_is_tiled(
        which in 0..SOURCES.len(), cuts in prop::collection::vec((any::<u16>(), any::<u16>()), 1..6), other in language(),
    ) {
        let (source, own) = SOURCES[which];
        let lines: Vec<&str> = source.split_inclusive('\n').collect();
        let mut text = String::new();
        for (start, count) in cuts {
            let start = start as usize % lines.len();
            for line in lines[start..].iter().take(count as usize % 20) { text.push_str(line); }
            // A line torn at a character.
            let torn: String = lines[start].chars().take(count as usize % 9).collect();
            text.push_str(&torn);
        }
        check(&text, Some(own), &small());
        check(&text, other, &Limits::default());
    }
}

#[test]
fn empty_text_has_no_chunks() {
    assert!(
        check("", Some(Language::Rust), &Limits::default())
            .chunks
            .is_empty()
    );
}

#[test]
fn deep_nesting_is_cut() {
    let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
    for language in Language::ALL {
        // Some grammars take very long over this; by lines is an allowed answer.
        let limits = Limits {
            max_parse_steps: 4_000,
            ..Limits::default()
        };
        check(&deep, Some(*language), &limits);
    }
    check(&"[".repeat(100_000), Some(Language::Json), &Limits::default());
    check(
        &"if(a){".repeat(50_000),
        Some(Language::JavaScript),
        &Limits::default(),
    );
}

#[test]
fn long_lines_are_cut() {
    let line = "let value = [1, 2, 3]; ".repeat(5_000_000 / 23);
    let found = check(&line, Some(Language::Rust), &Limits::default());
    assert_eq!(found.parse, Parse::Lines);
    let found = check(&line[..1_000_000], Some(Language::JavaScript), &Limits::default());
    assert_ne!(found.parse, Parse::Lines);
    check(
        &format!("x = \"{}\"", "é".repeat(200_000)),
        Some(Language::Python),
        &Limits::default(),
    );
    check(&" ".repeat(300_000), Some(Language::Markdown), &Limits::default());
    check(&"\n".repeat(100_000), Some(Language::Yaml), &Limits::default());
}

#[test]
fn nuls_are_read_by_lines() {
    let found = check("fn f() {}\0\nfn g() {}\n", Some(Language::Rust), &small());
    assert_eq!(found.parse, Parse::Lines);
}

#[test]
fn tiny_limits_still_tile() {
    for (source, language) in SOURCES {
        for max_chars in [1, 2, 7] {
            check(
                source,
                Some(*language),
                &Limits {
                    target_chars: 750,
                    max_chars,
                    ..Limits::default()
                },
            );
        }
    }
}

#[test]
fn texts_that_overwhelm_a_scanner_are_harmless() {
    let stairs: String = (0..900)
        .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
        .collect();
    let keys: String = (0..900)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let cases = [
        (stairs, Language::Python),
        (keys, Language::Yaml),
        ("- ".repeat(3000), Language::Yaml),
        ((0..300).map(|n| format!("<<~WORD{n} ")).collect(), Language::Ruby),
        (format!("<<{}\n", "A".repeat(2000)), Language::Ruby),
        (
            "echo {\u{10fffd}..\u{10fffd}} {1\u{e0000}\n".repeat(9),
            Language::Bash,
        ),
        (format!("SELECT ${}", "a".repeat(1_000_000)), Language::Sql),
        ("<a>".repeat(3000), Language::Html),
        ("> ".repeat(3000), Language::Markdown),
    ];
    for (text, language) in cases {
        check(&text, Some(language), &Limits::default());
    }
}
