//! Stack Overflow through the Stack Exchange API 2.3. Bodies are always compressed; refusals are 400 with a number of
//! their own; an answer may ask for a pause.

use std::time::{Duration, SystemTime};

use aiex_remote::{Failure, LONGEST_WAIT, Secret};
use serde_json::Value;
use url::Url;

use super::refusal::{by_status, said, says};
use super::{Ask, Reading, Wire, below, hit, list, odd, question_and_keywords, text};
use crate::date::{day, oldest};
use crate::http::{Answer, Request};
use crate::outgoing::fit;
use crate::{Query, Wording};

/// The service names no limit, but addresses have one.
const LONGEST_QUERY: usize = 300;

#[derive(Debug)]
pub(super) struct StackExchange;

impl Wire for StackExchange {
    fn asks(&self, query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
        question_and_keywords(query, wording, has_key)
    }

    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let mut url = below(base, "2.3/search/advanced");
        let count = ask.count.to_string();
        url.query_pairs_mut()
            .append_pair("site", "stackoverflow")
            .append_pair("q", &fit(&ask.text, LONGEST_QUERY, usize::MAX))
            .append_pair("order", "desc")
            .append_pair("sort", "relevance")
            .append_pair("pagesize", &count)
            .append_pair("filter", "withbody");
        if let Some(seconds) = oldest(ask.freshness, SystemTime::now()) {
            url.query_pairs_mut()
                .append_pair("fromdate", &seconds.to_string());
        }
        if let Some(key) = key {
            // The service takes its key nowhere else; addresses are never shown or logged with their query.
            url.query_pairs_mut().append_pair("key", key.expose());
        }
        Ok(Request::get(url))
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return Err(refused(ask, answer, &answer.refusal()?));
        }
        let body = answer.json()?;
        if body.get("error_id").is_some() {
            return Err(refused(ask, answer, &body));
        }
        if body.get("items").is_none() {
            return Err(odd("`items` is missing"));
        }
        let hits = list(&body, "items")?.iter().filter_map(|item| {
            let hit = hit(text(item, "link"), text(item, "title"), text(item, "body"))?;
            let created = item.get("creation_date").and_then(Value::as_u64);
            let mut hit = hit.dated(&created.map(day).unwrap_or_default());
            let owner = item
                .pointer("/owner/display_name")
                .and_then(Value::as_str)
                .unwrap_or("its author");
            let licence = Some(text(item, "content_license")).filter(|name| !name.is_empty());
            hit.licence = Some(format!(
                "{}, {} on Stack Overflow",
                licence.unwrap_or("CC BY-SA"),
                crate::markup::plain(owner, 60)
            ));
            Some(hit)
        });
        let pause = body
            .get("backoff")
            .and_then(Value::as_u64)
            .map(Duration::from_secs);
        Ok(Reading {
            hits: hits.collect(),
            rest: pause,
        })
    }
}

fn refused(ask: &Ask, answer: &Answer, body: &Value) -> Failure {
    let words = text(body, "error_message");
    let message = said(words, answer.status);
    match body.get("error_id").and_then(Value::as_u64) {
        Some(401..=403 | 405 | 406) => Failure::KeyRejected { message },
        Some(400) if says(words, &["key"]) => Failure::KeyRejected { message },
        Some(502) => match wait(words) {
            // "more requests available in 81223 seconds": the day's quota.
            Some(wait) if wait > LONGEST_WAIT => Failure::KeyExhausted { message },
            wait => Failure::RateLimited { after: wait, message },
        },
        Some(500 | 503) => Failure::Overloaded {
            status: answer.status,
            after: None,
            message,
        },
        _ => by_status(ask, answer, words),
    }
}

/// The number in "… available in N seconds".
fn wait(words: &str) -> Option<Duration> {
    let number = words.split(" in ").nth(1)?.split_whitespace().next()?;
    number.parse().ok().map(Duration::from_secs)
}
