//! Texts that are no HTML: plain text, Markdown, program code, JSON, XML.

use dom_query::Document;
use serde_json::Value;
use url::Url;

use super::markdown::{collapse, line};
use super::sites::{self, Reading};
use super::{PageKind, depth};

/// Extensions of prose; other texts of raw hosts are code.
const PROSE: &[&str] = &["", "txt", "text", "rst", "adoc", "asciidoc", "org", "log"];

/// Extensions of Markdown.
const MARKDOWN: &[&str] = &["md", "markdown", "mdx", "mkd"];

/// Reads a text by its extension.
pub(super) fn text(text: &str, url: &Url) -> Reading {
    let name = url
        .path_segments()
        .and_then(|mut segments| segments.next_back())
        .unwrap_or_default();
    let extension = name
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
        .to_ascii_lowercase();
    if MARKDOWN.contains(&extension.as_str()) {
        return markdown(text);
    }
    if PROSE.contains(&extension.as_str()) || name.eq_ignore_ascii_case("license") {
        return Reading {
            kind: PageKind::Document,
            title: None,
            date: None,
            markdown: text.replace("\r\n", "\n").trim().to_owned(),
        };
    }
    Reading {
        kind: PageKind::Code,
        title: (!name.is_empty()).then(|| name.to_owned()),
        date: None,
        markdown: fenced(text, &extension),
    }
}

/// Markdown stays as it is, apart from comments, which a reader of the page would not see.
pub(super) fn markdown(text: &str) -> Reading {
    let text = without_comments(&text.replace("\r\n", "\n"));
    let title = text
        .lines()
        .find_map(|line| line.strip_prefix("# "))
        .map(collapse);
    Reading {
        kind: PageKind::Document,
        title,
        date: None,
        markdown: text.trim().to_owned(),
    }
}

/// Text without HTML comments outside of code blocks.
pub(super) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    let mut in_comment = false;
    for line in text.split_inclusive('\n') {
        if !in_comment && line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            out.push_str(line);
            continue;
        }
        let mut rest = line;
        loop {
            if in_comment {
                let Some((_, after)) = rest.split_once("-->") else {
                    break;
                };
                rest = after;
                in_comment = false;
            }
            let Some((before, after)) = rest.split_once("<!--") else {
                out.push_str(rest);
                break;
            };
            out.push_str(before);
            rest = after;
            in_comment = true;
        }
    }
    out
}

/// Text as a block of code.
pub(super) fn fenced(text: &str, language: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let plain = language.len() <= 12 && language.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let language = if plain { language } else { "" };
    let text = text.replace("\r\n", "\n");
    format!("{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// Reads JSON: known APIs by their structure, anything else as it is, indented.
pub(super) fn json(text: &str, url: &Url) -> Reading {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        // Several values, or a broken one: still text.
        return Reading {
            kind: PageKind::Data,
            title: None,
            date: None,
            markdown: fenced(text, "json"),
        };
    };
    sites::read_json(&value, url).unwrap_or_else(|| Reading {
        kind: PageKind::Data,
        title: None,
        date: None,
        markdown: fenced(
            &serde_json::to_string_pretty(&value).unwrap_or_else(|_| text.to_owned()),
            "json",
        ),
    })
}

/// Reads XML: a feed by its entries, anything else by its text.
pub(super) fn xml(text: &str) -> Reading {
    let other = |text: &str| Reading {
        kind: PageKind::Data,
        title: None,
        date: None,
        markdown: depth::flat_text(text),
    };
    if depth::is_deep(text) {
        return other(text);
    }
    // `<link>` holds nothing in HTML and CDATA is a comment there: both are put into words the parser knows.
    let text = text.replace("<![CDATA[", "").replace("]]>", "");
    let document = Document::from(text.as_str());
    let entries = document.select("item, entry");
    if entries.is_empty() {
        return other(&text);
    }
    let mut out = String::new();
    for entry in entries.nodes() {
        let part = |names: &[&str]| {
            let found = entry
                .descendants_it()
                .find(|node| node.node_name().is_some_and(|name| names.contains(&&*name)))?;
            let text = line(&found);
            (!text.is_empty()).then_some(text)
        };
        let title = part(&["title"]).unwrap_or_default();
        let summary = part(&["content", "content:encoded", "description", "summary"]).unwrap_or_default();
        out.push_str(&format!("## {title}\n\n{summary}\n\n"));
    }
    Reading {
        kind: PageKind::Listing,
        title: document.select("title").nodes().first().map(line),
        date: None,
        markdown: out.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://raw.example/").unwrap().join(path).unwrap()
    }

    #[test]
    fn code_is_fenced_and_prose_is_not() {
        let code = text("fn a() {}\r\n", &url("src/lib.rs"));
        assert_eq!(
            (code.kind, code.markdown.as_str()),
            (PageKind::Code, "```rs\nfn a() {}\n```")
        );
        assert_eq!(text("Just text\n", &url("notes.txt")).markdown, "Just text");
        let page = text(
            "# Title\n<!-- order -->\ntext <!-- a\nb --> more\n```\n<!-- code -->\n```",
            &url("README.md"),
        );
        assert_eq!(page.title.as_deref(), Some("Title"));
        assert_eq!(page.markdown, "# Title\n\ntext  more\n```\n<!-- code -->\n```");
    }

    #[test]
    fn data_is_indented_and_feeds_are_listed() {
        assert_eq!(
            json("{\"a\":[1]}", &url("x.json")).markdown,
            "```json\n{\n  \"a\": [\n    1\n  ]\n}\n```"
        );
        assert_eq!(json("{broken", &url("x.json")).markdown, "```json\n{broken\n```");
        let feed = xml(
            "<?xml version='1.0'?><rss><channel><title>News</title><item><title>One</title>
            <description><![CDATA[First <b>thing</b>]]></description></item></channel></rss>",
        );
        assert_eq!(feed.title.as_deref(), Some("News"));
        assert_eq!(feed.markdown, "## One\n\nFirst thing");
        assert_eq!(xml("<a><b>one</b><c>two</c></a>").markdown, "one\ntwo");
    }
}
