//! What becomes of a model's prose.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::{Section, draft};
use proptest::prelude::*;

/// Sections as lines: `# heading`, `- item`, `text {S1.1, S1.2}`, and what was removed.
fn shown(prose: &str) -> String {
    let run = standing::small_run();
    let draft = draft::parse(prose, run.evidence());
    let mut lines = Vec::new();
    for Section { heading, paragraphs } in &draft.sections {
        if !heading.is_empty() {
            lines.push(format!("# {heading}"));
        }
        for paragraph in paragraphs {
            for sentence in &paragraph.sentences {
                let cites: Vec<String> = sentence.cites.iter().map(ToString::to_string).collect();
                let mark = if paragraph.item { "- " } else { "" };
                lines.push(format!("{mark}{} {{{}}}", sentence.text, cites.join(", ")));
            }
        }
    }
    let removed = draft.removed;
    if removed != Default::default() {
        lines.push(format!(
            "removed: {} citations, {} links, {} sections",
            removed.citations, removed.links, removed.sections
        ));
    }
    lines.join("\n")
}

#[track_caller]
fn check(prose: &str, expected: &str) {
    assert_eq!(shown(prose), expected, "{prose}");
}

#[test]
fn a_block_without_code_is_left_out() {
    check("It aborts [S1.1].\n\n```rs\n\n```\n", "It aborts. {S1.1}");
}

#[test]
fn what_a_section_has_said_it_does_not_say_again() {
    check(
        "# One\n\nThe pool holds 512 threads [S1.1]. The pool holds 512 threads [S1.1]. An end.\n\nThe pool holds 512 \
         threads.\n\n# Two\n\nThe pool holds 512 threads [S1.1].",
        "# One\nThe pool holds 512 threads. {S1.1}\nAn end. {}\n# Two\nThe pool holds 512 threads. {S1.1}",
    );
}

#[test]
fn ids_are_read_in_every_form_that_models_write() {
    for cite in [
        "[S1.1]",
        "[s1.1]",
        "(S1.1)",
        "【S1.1】",
        "[[S1.1]]",
        "[see S1.1]",
        "[Source: S1.1]",
        "[`S1.1`]",
        "`[S1.1]`",
        "[S1:1]",
        "[S1#1]",
        "[S1.1](https://evil.example)",
        "[^S1.1]",
        "S1.1",
        "\\[S1.1\\]",
        "**[S1.1]**",
    ] {
        let out = shown(&format!("It holds 512 threads {cite}."));
        assert!(out.contains("{S1.1}"), "{cite}: {out}");
    }
    check("Both hold [S1.1, S2.1].", "Both hold. {S1.1, S2.1}");
    check("Both hold [S1.1; S2.1].", "Both hold. {S1.1, S2.1}");
    check("Both hold [S1.1][S2.1].", "Both hold. {S1.1, S2.1}");
    check("Both hold [S1.1S2.1].", "Both hold. {S1.1, S2.1}");
    check("Both hold [[S1.1], [S2.1]].", "Both hold. {S1.1, S2.1}");
    check("Both hold (S1.1 and S2.1).", "Both hold. {S1.1, S2.1}");
    check("Both hold [S1.1-S1.2].", "Both hold. {S1.1, S1.2}");
    check("Both hold [S1.1–2].", "Both hold. {S1.1, S1.2}");
    check("Both hold [S1.1 - 2].", "Both hold. {S1.1, S1.2}");
    check("Both hold [S1.1 to S1.2].", "Both hold. {S1.1, S1.2}");
    check(
        "Code and docs say so [S3-S4].",
        "Code and docs say so. {S3.1, S4.1}",
    );
}

#[test]
fn a_source_cited_whole_means_its_nearest_quotes() {
    check(
        "An idle thread is stopped after 10 seconds [S1].",
        "An idle thread is stopped after 10 seconds. {S1.2}",
    );
    check("Threads [S1].", "Threads. {S1.1}");
}

#[test]
fn unknown_ids_are_removed_and_counted() {
    check(
        "It is so [S9.9].",
        "It is so. {}\nremoved: 1 citations, 0 links, 0 sections",
    );
    check(
        "It is so [S1.7, S1.1, S99].",
        "It is so. {S1.1}\nremoved: 2 citations, 0 links, 0 sections",
    );
    check(
        "It is so [S1-x].",
        "It is so. {}\nremoved: 1 citations, 0 links, 0 sections",
    );
    check(
        "It is so [1][2, 3].",
        "It is so. {}\nremoved: 2 citations, 0 links, 0 sections",
    );
    check(
        "Take `a[0]` and b[1] and x[S].",
        "Take `a[0]` and b[1] and x[S]. {}",
    );
    check(
        "Amazon's storage (S3) is meant.",
        "Amazon's storage (S3) is meant. {}",
    );
}

#[test]
fn citations_belong_to_the_sentence_they_follow() {
    check(
        "One holds [S1.1]. Two stops. [S1.2] Three is open.",
        "One holds. {S1.1}\nTwo stops. {S1.2}\nThree is open. {}",
    );
    check(
        "[S1.1] One holds. [S1.2] Two stops.",
        "One holds. {S1.1}\nTwo stops. {S1.2}",
    );
    check(
        "One holds. Two stops.\n[S1.2]",
        "One holds. {}\nTwo stops. {S1.2}",
    );
}

#[test]
fn links_lose_their_address_unless_it_is_a_source() {
    check(
        "See [the docs](https://evil.example/x) now.",
        "See the docs now. {}\nremoved: 0 citations, 1 links, 0 sections",
    );
    check(
        "See [a post](https://other.example/post/) now.",
        "See a post now. {S2.1}",
    );
    check(
        "See https://evil.example/x, now.",
        "See (link removed), now. {}\nremoved: 0 citations, 1 links, 0 sections",
    );
    check("See <https://other.example/post> now.", "See A post now. {S2.1}");
    check(
        "![alt](https://evil.example/i.png) A picture.",
        "alt A picture. {}\nremoved: 0 citations, 1 links, 0 sections",
    );
    check(
        "A [ref][1] here.\n\n[1]: https://evil.example",
        "A ref here. {}\nremoved: 0 citations, 2 links, 0 sections",
    );
    check(
        "A <a href='https://evil.example'>word</a> here.",
        "A word here. {}\nremoved: 0 citations, 1 links, 0 sections",
    );
    check("<script>alert(1)</script>Text is here.", "Text is here. {}");
    check(
        "A `Vec<String>` and Option<T> stay.",
        "A `Vec<String>` and Option<T> stay. {}",
    );
    check(
        "Run `curl https://evil.example` first.",
        "Run `curl https://evil.example` first. {}",
    );
}

#[test]
fn lists_of_sources_are_cut() {
    let cut = "removed: 0 citations, 0 links, 1 sections";
    check(
        "It is so.\n\n## Sources\n\n1. [A](https://a.example)\n2. B",
        &format!("It is so. {{}}\n{cut}"),
    );
    check(
        "It is so.\n\nReferences:\n- https://a.example",
        &format!("It is so. {{}}\n{cut}"),
    );
    check(
        "It is so.\n\n**Works cited**\n\nA, B\n\n## Next\n\nMore is here.",
        &format!("It is so. {{}}\n# Next\nMore is here. {{}}\n{cut}"),
    );
}

#[test]
fn headings_lists_tables_and_code_become_sections_and_items() {
    let prose = "# Top\n\nA lead-in:\n\n- first thing [S1.1]\n  goes on\n- second thing. It has two.\n\n| Name | Limit |\n|---|---|\n| pool | 512 [S1.1] |\n\n```rust\nlet x = 1;\n```\n";
    check(
        prose,
        "# Top\nA lead-in: {}\n- first thing goes on {S1.1}\n- second thing. {}\n- It has two. {}\n- Name: pool; Limit: 512 {S1.1}\n```rust\nlet x = 1;\n``` {S1.1}",
    );
}

#[test]
fn plain_text_of_a_quote_has_no_markup() {
    assert_eq!(
        draft::plain("See [the *docs*](https://a.example) of `x`[1]\nand https://b.example."),
        "See the *docs* of `x` and https://b.example."
    );
}

proptest! {
    #[test]
    fn any_prose_gives_sentences_that_cite_only_what_the_run_has(prose in "(\\PC|[\\[\\]()<>S0-9.,`\n!#*-]|S1\\.1|\\[S2\\]){0,300}") {
        let run = standing::small_run();
        let draft = draft::parse(&prose, run.evidence());
        for sentence in draft.sections.iter().flat_map(Section::sentences) {
            prop_assert!(sentence.cites.iter().all(|id| run.evidence().quote(*id).is_some()));
            prop_assert!(!sentence.text.trim().is_empty());
        }
    }
}
