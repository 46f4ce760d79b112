//! GitHub: files, README files, issues and pull requests, from its pages and from its API.

use dom_query::{Document, NodeRef};
use serde_json::Value;
use url::Url;

use super::{Reading, of_html, text_in};
use crate::extract::PageKind;
use crate::extract::markdown::{line, markdown};

pub(super) fn read(document: &Document, url: &Url) -> Option<Reading> {
    if !is_host(url, "github.com") {
        return None;
    }
    let kind = url.path_segments()?.nth(2).unwrap_or_default().to_owned();
    match kind.as_str() {
        "issues" | "pull" | "discussions" => thread(document),
        _ => readme(document),
    }
}

fn is_host(url: &Url, name: &str) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

/// Titles of issues, the newest page first.
const ISSUE_TITLES: &[&str] = &[
    "[data-testid='issue-title']",
    "bdi.js-issue-title",
    ".gh-header-title .markdown-title",
    ".gh-header-title",
];

/// The posts of a thread, in order, the newest page first.
const POSTS: &[&str] = &[
    "[data-testid='markdown-body']",
    "[data-testid='issue-body'] .markdown-body",
    ".js-comment-body",
    ".comment-body",
];

fn thread(document: &Document) -> Option<Reading> {
    let bodies = POSTS.iter().find_map(|selector| {
        let found = document.try_select(selector)?;
        found.exists().then_some(found)
    })?;
    let title = ISSUE_TITLES
        .iter()
        .find_map(|selector| text_in(document, selector));
    let mut out = title
        .as_ref()
        .map(|title| format!("# {title}\n\n"))
        .unwrap_or_default();
    let labels: Vec<String> = document
        .select(".IssueLabel, [data-testid='issue-labels'] a")
        .nodes()
        .iter()
        .map(line)
        .collect();
    if !labels.is_empty() {
        out.push_str(&format!("Labels: {}\n\n", labels.join(", ")));
    }
    for (index, body) in bodies.nodes().iter().enumerate() {
        let name = if index == 0 {
            "Description".to_owned()
        } else {
            format!("Comment {index}")
        };
        let author = author(body)
            .map(|author| format!(" by {author}"))
            .unwrap_or_default();
        out.push_str(&format!("## {name}{author}\n\n{}\n\n", markdown(body)));
    }
    Some(Reading {
        kind: PageKind::Issue,
        title,
        date: None,
        markdown: out.trim_end().to_owned(),
    })
}

/// How far above a post its author's name may stand.
const AUTHOR_ABOVE: usize = 6;

fn author(body: &NodeRef<'_>) -> Option<String> {
    body.ancestors_it(Some(AUTHOR_ABOVE)).find_map(|above| {
        let found = above.descendants_it().find(|node| {
            node.is_element()
                && (node.has_class("author")
                    || node.attr("data-testid").is_some_and(|id| id.ends_with("author")))
        })?;
        let name = line(&found);
        (!name.is_empty()).then_some(name)
    })
}

/// Pages of files are drawn by a script and carry their content as JSON.
pub(super) fn read_embedded(document: &Document, url: &Url) -> Option<Reading> {
    if !is_host(url, "github.com") {
        return None;
    }
    let script = document.select("script[data-target='react-app.embeddedData']");
    let data: Value = serde_json::from_str(&script.text()).ok()?;
    let payload = data.get("payload")?;
    let blob = payload
        .get("blob")
        .or_else(|| payload.get("codeViewBlobLayoutRoute")?.get("blob"))?;
    let path = payload.get("path").and_then(Value::as_str).map(str::to_owned);
    if let Some(rich) = blob.get("richText").and_then(Value::as_str) {
        return Some(Reading {
            kind: PageKind::Document,
            title: path,
            date: None,
            markdown: of_html(rich),
        });
    }
    let lines: Vec<&str> = blob
        .get("rawLines")?
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let extension = path
        .as_deref()
        .and_then(|path| path.rsplit_once('.'))
        .map_or("", |(_, extension)| extension);
    Some(Reading {
        kind: PageKind::Code,
        title: path.clone(),
        date: None,
        markdown: crate::extract::plain::fenced(&lines.join("\n"), extension),
    })
}

fn readme(document: &Document) -> Option<Reading> {
    let body = document
        .select("article.markdown-body")
        .nodes()
        .first()
        .copied()?;
    Some(Reading {
        kind: PageKind::Document,
        title: text_in(document, "article.markdown-body h1"),
        date: None,
        markdown: markdown(&body),
    })
}

/// Reads an issue or pull request of the API.
pub(super) fn read_api(value: &Value, url: &Url) -> Option<Reading> {
    if !is_host(url, "api.github.com") {
        return None;
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let title = text("title")?;
    let body = text("body").unwrap_or_default();
    let state = text("state")
        .map(|state| format!("State: {state}\n\n"))
        .unwrap_or_default();
    Some(Reading {
        kind: PageKind::Issue,
        title: Some(title.to_owned()),
        date: text("created_at").map(|date| date.chars().take(10).collect()),
        markdown: format!(
            "# {title}\n\n{state}{}",
            crate::extract::plain::without_comments(body)
        )
        .trim_end()
        .to_owned(),
    })
}
