//! arXiv: a paper's title, authors and abstract.

use dom_query::Document;
use url::Url;

use super::{Reading, text_in};
use crate::extract::PageKind;

pub(super) fn read(document: &Document, url: &Url) -> Option<Reading> {
    let host = url.host_str()?;
    if !(host == "arxiv.org" || host.ends_with(".arxiv.org")) || !url.path().starts_with("/abs/") {
        return None;
    }
    let meta = |name: &str| {
        let found = document.try_select(&format!("meta[name='{name}']"))?;
        let values: Vec<String> = found
            .iter()
            .filter_map(|node| node.attr("content"))
            .map(|value| value.to_string())
            .collect();
        (!values.is_empty()).then_some(values)
    };
    let labelled = |selector: &str, label: &str| {
        let text = text_in(document, selector)?;
        Some(text.strip_prefix(label).unwrap_or(&text).trim().to_owned())
    };
    let title = labelled("h1.title", "Title:").or_else(|| meta("citation_title")?.into_iter().next())?;
    let summary = labelled("blockquote.abstract", "Abstract:")
        .or_else(|| meta("citation_abstract")?.into_iter().next())?;
    let authors = meta("citation_author")
        .map(|names| names.join("; "))
        .or_else(|| labelled(".authors", "Authors:"));
    let subjects = labelled("td.subjects", "");
    let date = meta("citation_date")
        .and_then(|dates| dates.into_iter().next())
        .map(|date| date.replace('/', "-"));
    let mut out = format!("# {title}\n\n");
    for (name, value) in [
        ("Authors", authors),
        ("Submitted", date.clone()),
        ("Subjects", subjects),
    ] {
        if let Some(value) = value {
            out.push_str(&format!("{name}: {value}\n"));
        }
    }
    out.push_str(&format!("\n## Abstract\n\n{summary}"));
    Some(Reading {
        kind: PageKind::Paper,
        title: Some(title),
        date,
        markdown: out,
    })
}
