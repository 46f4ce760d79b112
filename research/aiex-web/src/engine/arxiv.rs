//! arXiv: an Atom feed. A refused query is a feed too, with one entry that says why.

use aiex_remote::{Failure, Secret};
use roxmltree::{Document, Node};
use url::Url;

use super::refusal::{by_status, said};
use super::{Ask, Reading, Wire, below, hit, odd};
use crate::http::{Answer, Request};
use crate::outgoing::fit;
use crate::{Query, Wording};

/// Addresses longer than this are refused by what stands before the service.
const LONGEST_QUERY: usize = 400;

#[derive(Debug)]
pub(super) struct ArXiv;

impl Wire for ArXiv {
    /// One request: the service wants three seconds between two. It has no free text, so the words that carry the
    /// question are the question.
    fn asks(&self, query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
        vec![Ask::new(&wording.keywords, query, has_key)]
    }

    fn request(&self, base: &Url, ask: &Ask, _key: Option<&Secret>) -> Result<Request, Failure> {
        let text = fit(&ask.text, LONGEST_QUERY, 10);
        // What has a meaning in a query of theirs is no part of a word.
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let query: Vec<String> = words.map(|word| format!("all:{word}")).collect();
        let mut url = below(base, "api/query");
        let count = ask.count.to_string();
        url.query_pairs_mut()
            .append_pair("search_query", &query.join(" AND "))
            .append_pair("start", "0")
            .append_pair("max_results", &count)
            .append_pair("sortBy", "relevance")
            .append_pair("sortOrder", "descending");
        let mut request = Request::get(url);
        request.accept = "application/atom+xml";
        Ok(request)
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        let text = answer.text();
        let feed = Document::parse(&text);
        if !answer.is_success() {
            let words = match &feed {
                Ok(feed) => fault(feed).unwrap_or_default(),
                Err(_) if answer.is_page() => String::new(),
                Err(_) => text.clone(),
            };
            return Err(by_status(ask, answer, &words));
        }
        if answer.is_page() && feed.is_err() {
            return Err(odd("a page stands in place of the feed"));
        }
        let feed = feed.map_err(|_| odd("the feed is no XML, or half of it"))?;
        if feed.root_element().tag_name().name() != "feed" {
            return Err(odd("there is no feed"));
        }
        if let Some(words) = fault(&feed) {
            return Err(Failure::BadRequest {
                status: answer.status,
                message: said(&words, answer.status),
            });
        }
        Ok(entries(&feed).filter_map(read).collect::<Vec<_>>().into())
    }
}

fn read(entry: Node<'_, '_>) -> Option<crate::Hit> {
    let page = entry
        .children()
        .find(|node| node.has_tag_name((ATOM, "link")) && node.attribute("rel") == Some("alternate"))
        .and_then(|link| link.attribute("href"));
    let authors: Vec<&str> = entry
        .children()
        .filter(|node| node.tag_name().name() == "author")
        .filter_map(|author| {
            author
                .children()
                .find(|node| node.tag_name().name() == "name")?
                .text()
        })
        .take(3)
        .collect();
    let summary = format!("{} ({})", child(entry, "summary"), authors.join(", "));
    let escaped = |text: &str| html_escape::encode_text(text).into_owned();
    let hit = hit(
        page.unwrap_or_else(|| child(entry, "id")),
        &escaped(child(entry, "title")),
        &escaped(&summary),
    )?;
    Some(hit.dated(child(entry, "published").split('T').next().unwrap_or_default()))
}

const ATOM: &str = "http://www.w3.org/2005/Atom";

fn entries<'d, 'i>(feed: &'d Document<'i>) -> impl Iterator<Item = Node<'d, 'i>> {
    feed.root_element()
        .children()
        .filter(|node| node.has_tag_name((ATOM, "entry")))
}

fn child<'d>(node: Node<'d, '_>, name: &str) -> &'d str {
    let child = node.children().find(|child| child.tag_name().name() == name);
    child.and_then(|child| child.text()).unwrap_or_default().trim()
}

/// What the entry of a refusal says.
fn fault(feed: &Document<'_>) -> Option<String> {
    let entry = entries(feed).find(|entry| child(*entry, "id").contains("/api/errors"))?;
    Some(child(entry, "summary").to_owned())
}
