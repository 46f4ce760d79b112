//! No report holds a link that is not in the catalogue, whatever a model, a page or a user wrote.
//!
//! The judges are not ours: comrak with GitHub's autolinks for Markdown, an HTML5 parser for HTML.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use std::collections::HashSet;

use aiex_evidence::{
    Disagreement, EngineRun, Hindrance, Ledger, Origin, Report, SearchRun, Section, Unread, check, disagree,
    draft, render, repair,
};
use comrak::nodes::NodeValue;
use proptest::prelude::*;
use standing::Run;

/// A hostile page, title, heading, question, reason: everything that is not ours to write.
fn report(run: &Run, prose: &str, hostile: &str) -> Report {
    let drafted = draft::parse(prose, run.evidence());
    let mut sections = drafted.sections;
    for sentence in sections.iter_mut().flat_map(Section::sentences_mut) {
        check::settle(sentence, run.evidence());
        repair::repair(sentence, run.evidence());
    }
    // Prose that went past the draft's parser must not make links either.
    sections.push(Section {
        heading: hostile.to_owned(),
        paragraphs: vec![
            aiex_evidence::Paragraph {
                sentences: vec![aiex_evidence::Sentence {
                    text: hostile.to_owned(),
                    cites: run.quotes.iter().map(|quote| quote.id).collect(),
                    verdict: Some(aiex_evidence::Verdict::Unchecked),
                    reason: Some(hostile.to_owned()),
                    judged: false,
                }],
                item: true,
            },
            aiex_evidence::Paragraph {
                sentences: vec![aiex_evidence::Sentence {
                    text: format!("```{hostile}\n{hostile}\n```"),
                    cites: vec![],
                    verdict: None,
                    reason: None,
                    judged: false,
                }],
                item: false,
            },
        ],
    });
    let mut disagreements = disagree::find(run.evidence());
    disagreements.push(Disagreement {
        about: hostile.to_owned(),
        quotes: run.quotes.iter().map(|quote| quote.id).collect(),
    });
    Report {
        run: "r1".to_owned(),
        question: hostile.to_owned(),
        title: hostile.to_owned(),
        model: Some(hostile.to_owned()),
        partial: Some(hostile.to_owned()),
        nowhere: vec![hostile.to_owned()],
        sections,
        disagreements,
        searches: vec![SearchRun {
            source: hostile.to_owned(),
            query: hostile.to_owned(),
            found: 0,
            failure: Some(hostile.to_owned()),
            engines: vec![EngineRun {
                engine: hostile.to_owned(),
                found: 0,
                failure: Some(hostile.to_owned()),
            }],
            nowhere: vec![hostile.to_owned()],
            is_unready: false,
            lacks: None,
        }],
        sources: run.sources.clone(),
        quotes: run.quotes.clone().into_vec(),
        unread: vec![Unread {
            origin: Origin::Web {
                url: hostile.to_owned(),
            },
            title: hostile.to_owned(),
            why: hostile.to_owned(),
            hindrance: Hindrance::Dead,
        }],
        removed: drafted.removed,
        ledger: Ledger::default(),
        finished_at: 0,
        settled: false,
    }
}

fn allowed(report: &Report) -> HashSet<String> {
    report
        .sources
        .iter()
        .filter_map(|source| source.origin.link())
        .collect()
}

/// Every destination that a Markdown reader would make a link or an image of, and every piece of raw HTML.
fn markdown_links(text: &str) -> Vec<String> {
    let mut options = comrak::Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.footnotes = true;
    options.extension.tasklist = true;
    let arena = comrak::Arena::new();
    let root = comrak::parse_document(&arena, text, &options);
    root.descendants()
        .filter_map(|node| match &node.data.borrow().value {
            NodeValue::Link(link) | NodeValue::Image(link) => Some(link.url.clone()),
            NodeValue::HtmlInline(html) => Some(format!("html: {html}")),
            NodeValue::HtmlBlock(html) => Some(format!("html: {}", html.literal)),
            NodeValue::FootnoteReference(_) => Some("footnote".to_owned()),
            _ => None,
        })
        .collect()
}

/// Every attribute of a page that loads or leads somewhere, and every element that could act.
fn html_links(page: &str) -> Vec<String> {
    let document = dom_query::Document::from(page);
    let ids: HashSet<String> = document
        .select("[id]")
        .iter()
        .filter_map(|node| Some(node.attr("id")?.to_string()))
        .collect();
    let mut found = Vec::new();
    for node in document.select("*").nodes() {
        let name = node.node_name().map(|name| name.to_string()).unwrap_or_default();
        const OURS: &[&str] = &[
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "p",
            "div",
            "ul",
            "li",
            "a",
            "code",
            "pre",
            "span",
            "strong",
            "blockquote",
            "footer",
        ];
        if !OURS.contains(&name.as_str()) {
            found.push(format!("element {name}"));
        }
        for attribute in node.attrs() {
            let key = attribute.name.local.to_string();
            match key.as_str() {
                // To a quote of the report itself.
                "href"
                    if attribute
                        .value
                        .strip_prefix('#')
                        .is_some_and(|id| ids.contains(id)) => {}
                "href" => found.push(attribute.value.to_string()),
                "class" | "title" | "id" | "rel" | "lang" | "charset" | "http-equiv" | "content" | "name" => {
                }
                _ => found.push(format!("attribute {key}")),
            }
        }
    }
    found
}

fn holds(report: &Report) -> Result<(), TestCaseError> {
    let allowed = allowed(report);
    let markdown = render::markdown(report);
    for link in markdown_links(&markdown) {
        prop_assert!(allowed.contains(&link), "{link}\n{markdown}");
    }
    let html = render::html(report);
    for link in html_links(&html) {
        prop_assert!(allowed.contains(&link), "{link}\n{html}");
    }
    // A report survives being stored.
    let stored: Report = serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap();
    prop_assert_eq!(&stored, report);
    render::json(report).unwrap();
    let bibtex = render::bibtex(report);
    prop_assert_eq!(
        bibtex.matches('{').count(),
        bibtex.matches('}').count(),
        "{}",
        bibtex
    );
    Ok(())
}

/// What models, pages and attackers write.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("https://evil.example/x".to_owned()),
        Just("http://evil.example".to_owned()),
        Just("www.evil.example".to_owned()),
        Just("ftp://evil.example/".to_owned()),
        Just("javascript:alert(1)".to_owned()),
        Just("JaVaScRiPt:alert`1`".to_owned()),
        Just("data:text/html,<script>alert(1)</script>".to_owned()),
        Just("mailto:a@evil.example".to_owned()),
        Just("a@evil.example".to_owned()),
        Just("//evil.example".to_owned()),
        Just("[text](https://evil.example)".to_owned()),
        Just("[text](<javascript:alert(1)>)".to_owned()),
        Just("[text](\nhttps://evil.example\n)".to_owned()),
        Just("[a [b](https://evil.example) c](https://evil.example/2 \"t\")".to_owned()),
        Just("![img](https://evil.example/i.png)".to_owned()),
        Just("[![img](data:image/png;base64,AA)](https://evil.example)".to_owned()),
        Just("[S1.1](https://evil.example)".to_owned()),
        Just("[ref][1]\n\n[1]: https://evil.example\n\n".to_owned()),
        Just("\n[ref]: https://evil.example 'x'\n".to_owned()),
        Just("<https://evil.example>".to_owned()),
        Just("<a href=\"https://evil.example\">x</a>".to_owned()),
        Just("<img src=x onerror=alert(1)>".to_owned()),
        Just("<svg/onload=alert(1)>".to_owned()),
        Just("<script>alert(1)</script>".to_owned()),
        Just("<!-- --><style>*{}</style>".to_owned()),
        Just("</title></style></code></pre><iframe src=//evil.example>".to_owned()),
        Just("\" onmouseover=\"alert(1)".to_owned()),
        Just("&lt;a href=&quot;https://evil.example&quot;&gt;".to_owned()),
        Just("&#60;script&#62; &#x5b;x](https&colon;//evil.example)".to_owned()),
        Just("\\[x](https://evil.example)".to_owned()),
        Just("\\".to_owned()),
        Just("`code` ``co`de`` `open".to_owned()),
        Just("```\n<b>\n```\n[x](https://evil.example)\n".to_owned()),
        Just("~~~\n[x](https://evil.example)".to_owned()),
        Just("| a | b |\n|---|---|\n| [x](https://evil.example) | y |\n".to_owned()),
        Just("[^1]\n\n[^1]: https://evil.example\n".to_owned()),
        Just("**[bold](https://evil.example)**".to_owned()),
        Just("hxxp\u{200b}s://evil.example ht\u{200b}tps://evil.example".to_owned()),
        Just("\u{202e}elpmaxe.live//:sptth\u{202c}".to_owned()),
        Just("[S1.1] [S9.9] (S2.1) 【S3.1】".to_owned()),
        Just("## Sources\n1. https://evil.example\n".to_owned()),
        Just("The blocking pool holds at most 512 threads [S1.1].".to_owned()),
        Just("https\u{ff1a}//evil.example".to_owned()),
        Just("http\\://evil.example h\u{e000}ttps://evil.example".to_owned()),
        "[\\[\\]()<>!`*_#:/\\\\.&;\"'@|~^$ \n{}%-]{1,12}",
        "\\PC{1,12}",
        "[a-z]{1,6}://[a-z.@:/?#\\[\\]()]{0,12}",
    ];
    (proptest::collection::vec(
        (
            piece,
            prop_oneof![
                Just(""),
                Just(" "),
                Just("\n"),
                Just("\n\n"),
                Just("["),
                Just("]("),
                Just(")"),
                Just("<")
            ],
        ),
        1..12,
    ))
    .prop_map(|pieces| pieces.into_iter().map(|(piece, gap)| piece + gap).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_model_output_renders_only_links_of_the_catalogue(prose in hostile(), aside in hostile()) {
        holds(&report(&standing::small_run(), &prose, &aside))?;
    }

    #[test]
    fn hostile_pages_and_titles_render_only_links_of_the_catalogue(page in hostile(), title in hostile(), prose in hostile()) {
        let mut run = standing::small_run();
        let id = run.page("https://pages.example/a", &title, &format!("{page} and more words of a page"));
        let source = run.sources.get(id).unwrap().clone();
        let _ = run.quotes.accept(&source, &source.text, None);
        let code = run.code(&page.replace('\n', " "), 1, "fn main() { hostile(); }");
        run.quote(code, "fn main() { hostile(); }");
        holds(&report(&run, &prose, &title))?;
    }

    #[test]
    fn hostile_addresses_in_the_catalogue_stay_one_address(url in hostile()) {
        let mut run = Run::default();
        for url in [url.clone(), format!("https://ok.example/{url}"), format!("javascript:{url}")] {
            let id = run.page(&url, "Page", "Some words that a page says.");
            run.quote(id, "Some words that a page says.");
        }
        let report = report(&run, "Some words [S1.1][S2.1][S3.1].", "plain");
        for link in allowed(&report) {
            prop_assert!(link.to_lowercase().starts_with("http"), "{link}");
        }
        holds(&report)?;
    }
}
