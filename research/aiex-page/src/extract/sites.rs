//! Pages of a known make, read by their structure: better than any general extraction, as long as it is found.
//! A page that does not have it is read like any other.

mod arxiv;
mod github;
mod rustdoc;
mod stack_exchange;

use dom_query::{Document, NodeRef, Selection};
use serde_json::Value;
use url::Url;

use super::PageKind;
use super::markdown::{line, markdown};

/// What a handler read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) kind: PageKind,
    pub(crate) title: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) markdown: String,
}

/// Reads an HTML page of a known make.
pub(crate) fn read_html(document: &Document, url: &Url) -> Option<Reading> {
    let reading = stack_exchange::read(document)
        .or_else(|| rustdoc::read(document))
        .or_else(|| github::read(document, url))
        .or_else(|| arxiv::read(document, url))?;
    (!reading.markdown.trim().is_empty()).then_some(reading)
}

/// Reads a page whose content lies in a script, before scripts are taken out.
pub(crate) fn read_embedded(document: &Document, url: &Url) -> Option<Reading> {
    github::read_embedded(document, url)
}

/// Reads an answer of a known API.
pub(crate) fn read_json(value: &Value, url: &Url) -> Option<Reading> {
    let reading = stack_exchange::read_api(value).or_else(|| github::read_api(value, url))?;
    (!reading.markdown.trim().is_empty()).then_some(reading)
}

/// The first element that a selector finds.
fn first<'a>(within: &Selection<'a>, selector: &str) -> Option<NodeRef<'a>> {
    within.try_select(selector)?.nodes().first().copied()
}

fn first_in<'a>(document: &'a Document, selector: &str) -> Option<NodeRef<'a>> {
    document.try_select(selector)?.nodes().first().copied()
}

/// The text of the first element that a selector finds, on one line.
fn text_in(document: &Document, selector: &str) -> Option<String> {
    let text = line(&first_in(document, selector)?);
    (!text.is_empty()).then_some(text)
}

/// The Markdown of HTML that came inside of something else.
fn of_html(html: &str) -> String {
    if super::depth::is_deep(html) {
        return super::depth::flat_text(html);
    }
    let document = Document::from(html);
    super::hidden::clean(&document);
    markdown(&document.root())
}

/// Text in which HTML's special characters are escaped, unescaped.
fn of_escaped(text: &str) -> String {
    line(&Document::fragment(text.replace('<', "&lt;")).root())
}

/// The day of a time in seconds since 1970.
fn day_of(seconds: i64) -> Option<String> {
    let time =
        std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(u64::try_from(seconds).ok()?))?;
    // "Thu, 01 Jan 1970 00:00:00 GMT": the only calendar at hand, and years beyond 9999 are no dates.
    if seconds > 4_000_000_000 {
        return None;
    }
    let text = httpdate::fmt_http_date(time);
    let mut parts = text.split(' ').skip(1);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    Some(format!("{year}-{month:02}-{day}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_conversions() {
        assert_eq!(day_of(1_628_604_773).as_deref(), Some("2021-08-10"));
        assert_eq!((day_of(-1), day_of(i64::MAX)), (None, None));
        assert_eq!(
            of_escaped("Can&#39;t get Vec&lt;T&gt; &amp; <b>"),
            "Can't get Vec<T> & <b>"
        );
    }
}
