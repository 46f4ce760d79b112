//! Tavily. Spent plans are 432 and 433; `detail` is an object, a text or a list.

use std::time::Duration;

use aiex_remote::{Failure, LONGEST_WAIT, Secret};
use serde_json::{Value, json};
use url::Url;

use super::refusal::{by_status, said, says};
use super::{Ask, Reading, Wire, below, hit, list, odd, text};
use crate::Freshness;
use crate::http::{Answer, Request};
use crate::outgoing::fit;

/// "Max query length is 400 characters."
const LONGEST_QUERY: usize = 400;

#[derive(Debug)]
pub(super) struct Tavily;

impl Wire for Tavily {
    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let mut body = json!({
            "query": fit(&ask.text, LONGEST_QUERY, usize::MAX),
            "search_depth": "basic",
            "topic": "general",
            "max_results": ask.count.min(20),
            "include_answer": false,
            "include_raw_content": false,
            "include_images": false,
        });
        let range = match ask.freshness {
            Freshness::Any => None,
            Freshness::Day => Some("day"),
            Freshness::Week => Some("week"),
            Freshness::Month => Some("month"),
            Freshness::Year => Some("year"),
        };
        if let Some(range) = range {
            body["time_range"] = json!(range);
        }
        if !ask.allow.is_empty() {
            body["include_domains"] = json!(ask.allow);
        }
        if !ask.deny.is_empty() {
            body["exclude_domains"] = json!(ask.deny);
        }
        let key = key.ok_or(Failure::KeyMissing)?;
        Request::post(below(base, "search"), body).key("authorization", &format!("Bearer {}", key.expose()))
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return Err(refused(ask, answer, &answer.refusal()?));
        }
        let body = answer.json()?;
        if body.get("results").is_none() {
            return Err(odd("`results` is missing"));
        }
        let hits = list(&body, "results")?.iter().filter_map(|item| {
            let hit = hit(text(item, "url"), text(item, "title"), text(item, "content"))?;
            Some(hit.dated(text(item, "published_date")))
        });
        Ok(hits.collect::<Vec<_>>().into())
    }
}

fn refused(ask: &Ask, answer: &Answer, body: &Value) -> Failure {
    let words = words(body);
    let message = said(&words, answer.status);
    if matches!(answer.status, 432 | 433) || says(&words, &["usage limit", "pay-as-you-go limit"]) {
        return Failure::KeyExhausted { message };
    }
    let asked = body.pointer("/error/retry_after_seconds").and_then(Value::as_f64);
    if let Some(after) = asked.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        let after = Some(after.min(LONGEST_WAIT));
        return Failure::RateLimited { after, message };
    }
    by_status(ask, answer, &words)
}

/// `{"detail":{"error":…}}`, `{"detail":"…"}`, `{"detail":[{"msg":…}]}`, `{"error":{"message":…}}`.
fn words(body: &Value) -> String {
    match body.get("detail") {
        Some(Value::String(words)) => words.clone(),
        Some(Value::Array(items)) => {
            let words: Vec<&str> = items.iter().map(|item| text(item, "msg")).collect();
            words.join("; ")
        }
        Some(detail) => text(detail, "error").to_owned(),
        None => {
            let error = body.get("error").unwrap_or(&Value::Null);
            error
                .as_str()
                .unwrap_or_else(|| text(error, "message"))
                .to_owned()
        }
    }
}
