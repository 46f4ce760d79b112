//! HTML pages: known makes by their structure, everything else in two stages.
//!
//! The first stage is quick and good at articles; the second is slower and better at everything else, so it is
//! asked where the first found little, or where a page is a conversation or a list. If both find next to
//! nothing, the page is taken as it is, without what stands around its content.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_query::Document;
use dom_smoothie::{Config, Readability, TextMode};
use url::Url;

use super::meta::Meta;
use super::sites::{self, Reading};
use super::{Flag, PageKind, count_words, depth, hidden, listing, markdown};

/// Words from which the first stage is believed.
const ENOUGH: usize = 300;

/// Tenths of a page's words from which the first stage is believed however short the page is.
const MOST: usize = 8;

/// Words from which the second stage is believed.
const SOMETHING: usize = 25;

/// Words below which a page that loads scripts is a shell without content.
const SHELL: usize = 50;

/// What was read from a page.
pub(super) struct HtmlPage {
    pub(super) reading: Reading,
    pub(super) meta: Meta,
    pub(super) flags: Vec<Flag>,
}

pub(super) fn read(html: &str, url: &Url) -> HtmlPage {
    if depth::is_deep(html) {
        return HtmlPage {
            reading: Reading {
                kind: PageKind::Document,
                title: None,
                date: None,
                markdown: depth::flat_text(html),
            },
            meta: Meta::default(),
            flags: vec![Flag::TooDeep],
        };
    }
    let document = Document::from(html);
    let meta = Meta::read(&document, url);
    let has_scripts = document.select("script").exists();
    let kind = listing::kind(&document, url);
    let mut flags = Vec::new();
    let embedded = sites::read_embedded(&document, url);
    if hidden::clean(&document) {
        flags.push(Flag::HiddenText);
    }
    markdown::settle_code(&document);
    let known = embedded.or_else(|| sites::read_html(&document, url));
    let reading = known.unwrap_or_else(|| Reading {
        kind: kind.unwrap_or(PageKind::Article),
        title: None,
        date: None,
        markdown: content(document, url, kind.is_some()),
    });
    if has_scripts && count_words(&reading.markdown) < SHELL {
        flags.push(Flag::NeedsScript);
    }
    HtmlPage { reading, meta, flags }
}

fn content(document: Document, url: &Url, is_list: bool) -> String {
    let mut best = String::new();
    if !is_list {
        best = first_stage(document.clone(), url).unwrap_or_default();
        if count_words(&best) >= ENOUGH {
            return best;
        }
    }
    // Where the second stage finds little it takes what the head says, which no reader sees.
    document.select("meta, link").remove();
    let html = document.html();
    let rest = whole(&document);
    let words = count_words(&best);
    if words >= SOMETHING && 10 * words >= MOST * count_words(&rest) {
        return best;
    }
    let second = second_stage(&html, url).unwrap_or_default();
    if count_words(&second) >= SOMETHING {
        return second;
    }
    [second, rest].into_iter().fold(best, |best, other| {
        if count_words(&other) > count_words(&best) {
            other
        } else {
            best
        }
    })
}

/// dom_smoothie, a descendant of Mozilla's Readability.
fn first_stage(document: Document, url: &Url) -> Option<String> {
    let config = Config {
        keep_classes: true, // they name the languages of code blocks
        disable_json_ld: true,
        text_mode: TextMode::Raw, // not used: the Markdown is made from the tree
        ..Config::default()
    };
    let article = catch_unwind(AssertUnwindSafe(|| {
        let mut readability = Readability::with_document(document, Some(url.as_str()), Some(config)).ok()?;
        readability.parse().ok()
    }));
    let article = article.ok().flatten()?;
    Some(markdown::markdown(&Document::fragment(article.content).root()))
}

/// rs-trafilatura, a descendant of Trafilatura.
fn second_stage(html: &str, url: &Url) -> Option<String> {
    let options = rs_trafilatura::Options {
        url: Some(url.to_string()),
        ..rs_trafilatura::Options::default()
    };
    let extracted = catch_unwind(AssertUnwindSafe(|| {
        rs_trafilatura::extract_with_options(html, &options).ok()
    }));
    let extracted = extracted.ok().flatten()?;
    let structured = extracted
        .content_html
        .filter(|html| !depth::is_deep(html))
        .map(|html| markdown::markdown(&Document::fragment(html).root()));
    // Some of its ways to the text leave no HTML, or only a part of it.
    let words = count_words(&extracted.content_text);
    Some(
        structured
            .filter(|text| 10 * count_words(text) >= 9 * words)
            .unwrap_or(extracted.content_text),
    )
}

/// What stands around a page's content.
const AROUND: &str = "nav, header, footer, aside, form, [role='navigation'], [role='banner'], [role='contentinfo'], \
     [role='search'], .sidebar, .breadcrumb, .breadcrumbs";

fn whole(document: &Document) -> String {
    document.select(AROUND).remove();
    let main = ["main", "[role='main']", "article", "body"]
        .iter()
        .find_map(|selector| document.select(selector).nodes().first().copied());
    main.map(|node| markdown::markdown(&node)).unwrap_or_default()
}
