//! Exa. The tag in the body tells more than the status: 402 is both spent credit and a spent budget.

use std::time::SystemTime;

use aiex_remote::{Failure, Secret};
use serde_json::{Value, json};
use url::Url;

use super::refusal::{by_status, said};
use super::{Ask, Reading, Wire, below, hit, list, odd, text};
use crate::date::{day, oldest};
use crate::http::{Answer, Request};
use crate::outgoing::fit;

/// Exa names no limit; a question longer than this is not one.
const LONGEST_QUERY: usize = 2000;

#[derive(Debug)]
pub(super) struct Exa;

impl Wire for Exa {
    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let mut body = json!({
            "query": fit(&ask.text, LONGEST_QUERY, usize::MAX),
            "type": "auto",
            "numResults": ask.count,
            "contents": {"highlights": {"numSentences": 2, "highlightsPerUrl": 2}},
        });
        if let Some(seconds) = oldest(ask.freshness, SystemTime::now()) {
            body["startPublishedDate"] = json!(format!("{}T00:00:00.000Z", day(seconds)));
        }
        if !ask.allow.is_empty() {
            body["includeDomains"] = json!(ask.allow);
        } else if !ask.deny.is_empty() {
            body["excludeDomains"] = json!(ask.deny);
        }
        let key = key.ok_or(Failure::KeyMissing)?;
        Request::post(below(base, "search"), body).key("x-api-key", key.expose())
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return refused(ask, answer, &answer.refusal()?);
        }
        let body = answer.json()?;
        if body.get("results").is_none() {
            return if body.get("tag").is_some() {
                refused(ask, answer, &body)
            } else {
                Err(odd("`results` is missing"))
            };
        }
        let hits = list(&body, "results")?.iter().filter_map(|item| {
            let highlights = list(item, "highlights")
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_str);
            let mut snippet = highlights.collect::<Vec<_>>().join(" … ");
            if snippet.is_empty() {
                snippet = [text(item, "summary"), text(item, "text")].join(" ");
            }
            let hit = hit(text(item, "url"), text(item, "title"), &snippet)?;
            Some(hit.dated(text(item, "publishedDate").split('T').next().unwrap_or_default()))
        });
        Ok(hits.collect::<Vec<_>>().into())
    }
}

fn refused(ask: &Ask, answer: &Answer, body: &Value) -> Result<Reading, Failure> {
    let words = text(body, "error");
    let message = said(words, answer.status);
    let status = answer.status;
    Err(match text(body, "tag") {
        "INVALID_API_KEY" | "ACCESS_DENIED" | "FEATURE_DISABLED" => Failure::KeyRejected { message },
        "NO_MORE_CREDITS" | "API_KEY_BUDGET_EXCEEDED" => Failure::KeyExhausted { message },
        "NO_CONTENT_FOUND" => return Ok(Reading::default()),
        "PROHIBITED_CONTENT" | "ROBOTS_FILTER_FAILED" => Failure::BadRequest { status, message },
        _ => by_status(ask, answer, words),
    })
}
