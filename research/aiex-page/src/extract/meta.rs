//! What a page says about itself: title, canonical address, date, language. Claims, not facts.

use dom_query::Document;
use url::Url;

use super::markdown::{collapse, line};

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) title: Option<String>,
    pub(crate) canonical: Option<Url>,
    pub(crate) date: Option<String>,
    pub(crate) language: Option<String>,
}

const TITLES: &[&str] = &[
    "meta[property='og:title']",
    "meta[name='citation_title']",
    "meta[name='twitter:title']",
];

/// In this order: when it was published, then when it was changed.
const DATES: &[(&str, &str)] = &[
    ("meta[property='article:published_time']", "content"),
    ("meta[itemprop='datePublished']", "content"),
    ("time[itemprop='datePublished']", "datetime"),
    ("meta[name='citation_publication_date']", "content"),
    ("meta[name='citation_date']", "content"),
    ("meta[name='dc.date' i]", "content"),
    ("meta[name='dcterms.date' i]", "content"),
    ("meta[name='date' i]", "content"),
    ("meta[name='publish-date' i]", "content"),
    ("meta[property='article:modified_time']", "content"),
    ("meta[itemprop='dateModified']", "content"),
    ("meta[name='last-modified' i]", "content"),
    ("article time[datetime]", "datetime"),
    ("time[pubdate]", "datetime"),
    ("main time[datetime]", "datetime"),
];

impl Meta {
    pub(crate) fn read(document: &Document, url: &Url) -> Self {
        Self {
            title: title(document),
            canonical: canonical(document, url),
            date: DATES
                .iter()
                .find_map(|(selector, name)| {
                    attribute(document, selector, name).and_then(|value| day(&value))
                })
                .or_else(|| linked_data_date(document)),
            language: language(document),
        }
    }
}

fn attribute(document: &Document, selector: &str, name: &str) -> Option<String> {
    let value = document.try_select(selector)?.attr(name)?;
    let value = collapse(&value);
    (!value.is_empty()).then_some(value)
}

fn title(document: &Document) -> Option<String> {
    let text = |selector: &str| {
        let found = document.try_select(selector)?;
        let text = line(found.nodes().first()?);
        (!text.is_empty()).then_some(text)
    };
    let title = TITLES
        .iter()
        .find_map(|selector| attribute(document, selector, "content"))
        .or_else(|| text("head > title"))
        .or_else(|| text("h1"))?;
    let site = attribute(document, "meta[property='og:site_name']", "content");
    Some(match site {
        Some(site) => without_site(&title, &site),
        None => title,
    })
}

fn without_site(title: &str, site: &str) -> String {
    let cut = title.strip_suffix(site).map(str::trim_end).and_then(|rest| {
        let rest = rest.strip_suffix(['|', '-', '–', '—', '·', '•', ':'])?.trim_end();
        (!rest.is_empty()).then_some(rest)
    });
    cut.unwrap_or(title).to_owned()
}

fn canonical(document: &Document, url: &Url) -> Option<Url> {
    let href = attribute(document, "link[rel='canonical']", "href")?;
    let target = url.join(&href).ok()?;
    (matches!(target.scheme(), "http" | "https") && target.username().is_empty()).then_some(target)
}

fn language(document: &Document) -> Option<String> {
    let tag = attribute(document, "html", "lang")
        .or_else(|| attribute(document, "meta[http-equiv='content-language' i]", "content"))
        .or_else(|| attribute(document, "meta[property='og:locale']", "content"))?;
    let tag = tag.replace('_', "-").to_ascii_lowercase();
    let plain = tag.len() <= 12
        && tag
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    plain.then_some(tag)
}

fn linked_data_date(document: &Document) -> Option<String> {
    let scripts = document.try_select("script[type='application/ld+json']")?;
    scripts.iter().find_map(|script| {
        let text = script.text();
        let (_, rest) = text.split_once("\"datePublished\"")?;
        day(rest.trim_start_matches([' ', ':', '"', '\n', '\t']))
    })
}

/// The day that a date begins with, as `YYYY-MM-DD`; also from `YYYY/MM/DD`.
fn day(text: &str) -> Option<String> {
    let text = text.trim();
    let bytes = text.as_bytes().get(..10)?;
    let number = |range: std::ops::Range<usize>| std::str::from_utf8(&bytes[range]).ok()?.parse::<u16>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let marked = matches!((bytes[4], bytes[7]), (b'-', b'-') | (b'/', b'/'));
    let real = (1980..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    (marked && real).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Meta {
        let document = Document::from(format!(
            "<html lang='pt_BR'><head>{head}</head><body><h1>Heading</h1>"
        ));
        Meta::read(&document, &Url::parse("https://site.example/a/b").unwrap())
    }

    #[test]
    fn a_page_is_described_by_its_head() {
        let meta = read(
            "<title>Retries | Site</title><meta property='og:site_name' content='Site'>
             <meta property='og:title' content=' Retries — Site'><link rel=canonical href='/retries'>
             <meta property='article:published_time' content='2026-03-04T10:00:00Z'>",
        );
        assert_eq!(meta.title.as_deref(), Some("Retries"));
        assert_eq!(meta.canonical.unwrap().as_str(), "https://site.example/retries");
        assert_eq!(meta.date.as_deref(), Some("2026-03-04"));
        assert_eq!(meta.language.as_deref(), Some("pt-br"));
        let bare =
            read("<script type='application/ld+json'>{\"datePublished\": \"2025-12-31T00:00\"}</script>");
        assert_eq!(
            (bare.title.as_deref(), bare.date.as_deref()),
            (Some("Heading"), Some("2025-12-31"))
        );
    }

    #[test]
    fn nonsense_is_not_believed() {
        let meta = read("<link rel=canonical href='javascript:x'><meta name=date content='2026-13-01'>");
        assert_eq!((meta.canonical, meta.date), (None, None));
        for text in [
            "",
            "yesterday",
            "2026-1-1",
            "20260101",
            "0001-01-01",
            "2026-01-32",
            "２０２６-01-01",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
        assert_eq!(day("2026/01/02 10:00").as_deref(), Some("2026-01-02"));
    }
}
