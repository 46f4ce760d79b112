//! Brave Search. A rejected key is 422; the month's quota used up is 429, like a full second.

use aiex_remote::{Failure, Secret};
use serde_json::Value;
use url::Url;

use super::refusal::{by_status, said};
use super::{Ask, Reading, Wire, below, hit, list, odd, text};
use crate::Freshness;
use crate::http::{Answer, Request};
use crate::outgoing::fit;

/// "q: at most 400 characters and 50 words".
const LONGEST_QUERY: usize = 400;
const MOST_WORDS: usize = 50;

#[derive(Debug)]
pub(super) struct Brave;

impl Wire for Brave {
    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let mut url = below(base, "res/v1/web/search");
        let count = ask.count.min(20).to_string();
        url.query_pairs_mut()
            .append_pair("q", &fit(&ask.on_site(), LONGEST_QUERY, MOST_WORDS))
            .append_pair("count", &count)
            .append_pair("result_filter", "web")
            .append_pair("text_decorations", "false")
            .append_pair("extra_snippets", "true");
        let age = match ask.freshness {
            Freshness::Any => None,
            Freshness::Day => Some("pd"),
            Freshness::Week => Some("pw"),
            Freshness::Month => Some("pm"),
            Freshness::Year => Some("py"),
        };
        if let Some(age) = age {
            url.query_pairs_mut().append_pair("freshness", age);
        }
        let key = key.ok_or(Failure::KeyMissing)?;
        Request::get(url).key("x-subscription-token", key.expose())
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return Err(refused(ask, answer, &answer.refusal()?));
        }
        let body = answer.json()?;
        if text(&body, "type") == "ErrorResponse" {
            return Err(refused(ask, answer, &body));
        }
        if body.get("query").is_none() && body.get("web").is_none() {
            return Err(odd("neither `query` nor `web` is"));
        }
        // `web` is absent when nothing was found.
        let Some(web) = body.get("web") else {
            return Ok(Reading::default());
        };
        let hits = list(web, "results")?.iter().filter_map(|item| {
            let more = list(item, "extra_snippets")
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_str);
            let snippet: Vec<&str> = std::iter::once(text(item, "description")).chain(more).collect();
            let hit = hit(text(item, "url"), text(item, "title"), &snippet.join(" "))?;
            let date = Some(text(item, "age")).filter(|age| !age.is_empty());
            Some(hit.dated(date.unwrap_or_else(|| text(item, "page_age"))))
        });
        Ok(hits.collect::<Vec<_>>().into())
    }
}

fn refused(ask: &Ask, answer: &Answer, body: &Value) -> Failure {
    // One of the vendor's own examples has a list in place of the error.
    let error = body
        .get("error")
        .or_else(|| body.pointer("/errors/0"))
        .unwrap_or(&Value::Null);
    let words = text(error, "detail");
    let message = said(words, answer.status);
    let number = |name: &str| error.pointer(&format!("/meta/{name}")).and_then(Value::as_u64);
    let quota_used = matches!((number("quota_current"), number("quota_limit")), (Some(used), Some(limit)) if limit > 0 && used >= limit);
    // The last window is the month.
    let month_used = answer
        .header("x-ratelimit-remaining")
        .and_then(|windows| windows.split(',').nth(1))
        .is_some_and(|left| left.trim() == "0");
    match text(error, "code") {
        "SUBSCRIPTION_TOKEN_INVALID" => return Failure::KeyRejected { message },
        "QUOTA_LIMITED" => return Failure::KeyExhausted { message },
        "VALIDATION" if names_key(error) => return Failure::KeyRejected { message },
        _ => {}
    }
    if answer.status == 429 && (quota_used || month_used) {
        return Failure::KeyExhausted { message };
    }
    by_status(ask, answer, words)
}

/// Whether a refused parameter is the header of the key.
fn names_key(error: &Value) -> bool {
    let errors = error.pointer("/meta/errors").and_then(Value::as_array);
    let mut places = errors
        .into_iter()
        .flatten()
        .filter_map(|error| error.get("loc")?.as_array());
    places.any(|place| {
        place
            .iter()
            .any(|part| part.as_str() == Some("x-subscription-token"))
    })
}
