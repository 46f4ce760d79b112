//! The engines: how each is asked and how its answer and its refusals are read. They do not know keys' rotation, rates
//! or each other.

mod arxiv;
mod brave;
mod docs_rs;
mod exa;
mod github;
mod json;
mod refusal;
mod searxng;
mod serper;
mod stack_exchange;
mod tavily;
mod wikipedia;

pub(crate) use json::address;

use std::fmt::Debug;
use std::time::Duration;

use aiex_remote::{Failure, Secret};
use serde_json::Value;
use url::Url;

use crate::http::{Answer, Request};
use crate::{Dependency, EngineKind, Enhance, Freshness, Hit, Kind, Query, Wording};

/// The longest snippet kept, in characters.
const LONGEST_SNIPPET: usize = 600;

/// The longest title kept, in characters.
const LONGEST_TITLE: usize = 200;

/// One request's worth of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The words.
    pub(crate) text: String,
    /// What a user is shown as the query.
    pub(crate) shown: String,
    pub(crate) kind: Kind,
    pub(crate) freshness: Freshness,
    /// How many results are wanted.
    pub(crate) count: usize,
    pub(crate) languages: Vec<String>,
    /// The package it is about, for engines that know packages.
    pub(crate) package: Option<Dependency>,
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    pub(crate) has_key: bool,
}

impl Ask {
    fn new(text: &str, query: &Query, has_key: bool) -> Self {
        Self {
            text: text.to_owned(),
            shown: text.to_owned(),
            kind: query.kind,
            freshness: query.freshness,
            count: query.limit.clamp(5, 20),
            languages: query.languages.clone(),
            package: None,
            allow: query.hosts.allow.clone(),
            deny: query.hosts.deny.clone(),
            has_key,
        }
    }

    /// The text, and `site:` where results of one host are wanted.
    fn on_site(&self) -> String {
        match self.allow.as_slice() {
            [host] => format!("{} site:{host}", self.text),
            _ => self.text.clone(),
        }
    }
}

/// What was read of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reading {
    pub(crate) hits: Vec<Hit>,
    /// How long the engine wants to be left alone although it answered.
    pub(crate) rest: Option<Duration>,
}

impl From<Vec<Hit>> for Reading {
    fn from(hits: Vec<Hit>) -> Self {
        Self { hits, rest: None }
    }
}

/// One engine's way of asking and answering.
pub(crate) trait Wire: Debug + Send + Sync {
    /// What to send for a query. As a rule the question itself and, if there is one, its enhanced wording.
    fn asks(&self, query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
        let texts = std::iter::once(&wording.original).chain(&wording.enhanced);
        texts.map(|text| Ask::new(text, query, has_key)).collect()
    }

    /// The request at `base`.
    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure>;

    /// The results, or what kept the engine from giving any.
    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure>;
}

/// The wire format of `kind`.
pub(crate) fn wire(kind: &EngineKind) -> Box<dyn Wire> {
    match kind {
        EngineKind::Serper => Box::new(serper::Serper),
        EngineKind::Tavily => Box::new(tavily::Tavily),
        EngineKind::Brave => Box::new(brave::Brave),
        EngineKind::SearxNg => Box::new(searxng::SearxNg),
        EngineKind::Exa => Box::new(exa::Exa),
        EngineKind::StackExchange => Box::new(stack_exchange::StackExchange),
        EngineKind::GitHub => Box::new(github::GitHub),
        EngineKind::DocsRs => Box::new(docs_rs::DocsRs),
        EngineKind::Wikipedia => Box::new(wikipedia::Wikipedia),
        EngineKind::ArXiv => Box::new(arxiv::ArXiv),
        EngineKind::Json(endpoint) => Box::new(json::Json(endpoint.clone())),
    }
}

/// The question and its keywords: for engines that look for pages with every word.
fn question_and_keywords(query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
    let mut texts = vec![wording.original.as_str()];
    if query.enhance == Enhance::Wordings && !wording.keywords.eq_ignore_ascii_case(&wording.original) {
        texts.push(&wording.keywords);
    }
    texts
        .into_iter()
        .map(|text| Ask::new(text, query, has_key))
        .collect()
}

/// `path` below `base`, which may have a path of its own.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The list under `name`; nothing when it is absent or `null`, a failure when it is something else.
fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], Failure> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(odd(&format!("`{name}` is no list"))),
    }
}

/// An answer of the right kind with the wrong contents.
fn odd(what: &str) -> Failure {
    Failure::NotWhatWasAsked {
        message: format!("an answer in which {what}"),
    }
}

/// A result as plain text; `None` without a web address.
fn hit(url: &str, title: &str, snippet: &str) -> Option<Hit> {
    let url = crate::canonical::cleaned(url)?;
    Some(Hit {
        title: crate::markup::plain(title, LONGEST_TITLE),
        url: url.into(),
        snippet: crate::markup::plain(snippet, LONGEST_SNIPPET),
        date: None,
        licence: None,
    })
}

impl Hit {
    fn dated(mut self, date: &str) -> Self {
        let date = crate::markup::plain(date, 40);
        self.date = (!date.is_empty()).then_some(date);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

    use super::*;

    fn every_wire() -> Vec<Box<dyn Wire>> {
        let json = crate::JsonEndpoint {
            template: "https://x.org/?q={query}".to_owned(),
            results: "/results".to_owned(),
            title: "/title".to_owned(),
            url: "/url".to_owned(),
            snippet: Some("/error".to_owned()),
            date: Some("/tag".to_owned()),
            key_header: None,
            key_prefix: String::new(),
        };
        use EngineKind::{Brave, Exa, Json, SearxNg, Serper, Tavily};
        let kinds = [Serper, Tavily, Brave, SearxNg, Exa, Json(json)];
        kinds.iter().chain(&EngineKind::KEYLESS).map(wire).collect()
    }

    fn answer(status: u16, kind: &'static str, body: Vec<u8>) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Answer {
            status,
            headers,
            body,
            url: Url::parse("https://docs.rs/tokio/1.45.0/tokio/all.html").unwrap(),
        }
    }

    fn status() -> impl Strategy<Value = u16> {
        proptest::sample::select(vec![
            200, 204, 400, 401, 402, 403, 404, 422, 429, 432, 500, 503, 529,
        ])
    }

    /// Documents with the engines' own keys in odd places.
    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(Value::Bool(true)),
            any::<u32>().prop_map(Value::from),
            Just(Value::from("https://x.org/")),
            Just(Value::from("<b>\u{0}")),
        ];
        let key = proptest::sample::select(vec![
            "results",
            "organic",
            "web",
            "items",
            "query",
            "pages",
            "url",
            "link",
            "title",
            "error",
            "detail",
            "message",
            "code",
            "searchParameters",
            "unresponsive_engines",
            "batchcomplete",
            "fullurl",
            "html_url",
            "statusCode",
            "error_id",
            "tag",
            "meta",
            "errors",
            "loc",
            "extra_snippets",
            "answerBox",
            "highlights",
            "text_matches",
            "backoff",
            "creation_date",
        ]);
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    fn survives(answer: &Answer) {
        let query = Query::new("tokio::spawn");
        let package = Dependency {
            name: "tokio".to_owned(),
            version: None,
            ecosystem: crate::Ecosystem::Rust,
        };
        for has_key in [false, true] {
            for wire in every_wire() {
                let ask = Ask {
                    package: Some(package.clone()),
                    ..Ask::new("tokio::spawn", &query, has_key)
                };
                let read = wire.read(&ask, answer);
                if answer.status >= 400 && answer.status != 404 {
                    // The one refusal that says that there is nothing.
                    let nothing = format!("{wire:?}") == "Exa" && answer.text().contains("NO_CONTENT_FOUND");
                    assert!(
                        read.is_err() || nothing,
                        "{wire:?} takes {answer:?} for an answer"
                    );
                }
                for hit in read.unwrap_or_default().hits {
                    assert!(hit.url.starts_with("http"), "{hit:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            status in status(),
            kind in proptest::sample::select(vec!["application/json", "text/html", "text/plain", "application/atom+xml"]),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            survives(&answer(status, kind, body));
        }

        #[test]
        fn any_document_is_survived(status in status(), document in document()) {
            survives(&answer(status, "application/json", document.to_string().into_bytes()));
        }
    }
}
