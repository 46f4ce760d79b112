//! Serper: Google's results as JSON. A rejected key is 403, spent credit is 400.

use aiex_remote::{Failure, Secret};
use serde_json::{Value, json};
use url::Url;

use super::refusal::{by_status, said, says};
use super::{Ask, Reading, Wire, below, hit, list, text};
use crate::Freshness;
use crate::http::{Answer, Request};
use crate::outgoing::fit;

/// "Query too long. Max 2048 characters"; with room for `site:`.
const LONGEST_QUERY: usize = 2048;

#[derive(Debug)]
pub(super) struct Serper;

impl Wire for Serper {
    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let mut body = json!({
            "q": fit(&ask.on_site(), LONGEST_QUERY, usize::MAX),
            // More than 10 cost a second credit.
            "num": ask.count.min(10),
        });
        let range = match ask.freshness {
            Freshness::Any => None,
            Freshness::Day => Some("qdr:d"),
            Freshness::Week => Some("qdr:w"),
            Freshness::Month => Some("qdr:m"),
            Freshness::Year => Some("qdr:y"),
        };
        if let Some(range) = range {
            body["tbs"] = json!(range);
        }
        let key = key.ok_or(Failure::KeyMissing)?;
        Request::post(below(base, "search"), body).key("x-api-key", key.expose())
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return Err(refused(ask, answer, &answer.refusal()?));
        }
        let body = answer.json()?;
        // Some gateways pass a refusal on with status 200.
        if body.get("statusCode").is_some() && body.get("message").is_some() {
            return Err(refused(ask, answer, &body));
        }
        // Every key but `searchParameters` may be absent; without any the search was not made.
        if body.get("searchParameters").is_none() && body.get("organic").is_none() {
            return Err(Failure::EmptyButFailed {
                message: "the answer says neither what was searched nor what was found".to_owned(),
            });
        }
        let answer_box = body.get("answerBox").into_iter();
        let results = answer_box.chain(list(&body, "organic")?);
        let hits = results.filter_map(|item| {
            let hit = hit(text(item, "link"), text(item, "title"), text(item, "snippet"))?;
            Some(hit.dated(text(item, "date")))
        });
        Ok(hits.collect::<Vec<_>>().into())
    }
}

fn refused(ask: &Ask, answer: &Answer, body: &Value) -> Failure {
    let words = text(body, "message");
    let status = body
        .get("statusCode")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok());
    let status = status.unwrap_or(answer.status);
    let message = said(words, status);
    if says(words, &["not enough credits", "credits"]) {
        return Failure::KeyExhausted { message };
    }
    if says(words, &["unauthorized"]) {
        return Failure::KeyRejected { message };
    }
    let answer = Answer {
        status,
        ..answer.clone()
    };
    by_status(ask, &answer, words)
}
