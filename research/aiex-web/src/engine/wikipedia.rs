//! Wikipedia, or any MediaWiki with page extracts. Refusals come with status 200.

use std::time::SystemTime;

use aiex_remote::{Failure, Secret, retry_after};
use serde_json::Value;
use url::Url;

use super::refusal::{by_status, said};
use super::{Ask, Reading, Wire, below, hit, list, odd, question_and_keywords, text};
use crate::http::{Answer, Request};
use crate::outgoing::fit;
use crate::{Query, Wording};

/// "Search request is longer than the maximum allowed length (300)", in bytes; characters of other scripts take up to
/// four.
const LONGEST_QUERY: usize = 300;

#[derive(Debug)]
pub(super) struct Wikipedia;

impl Wire for Wikipedia {
    fn asks(&self, query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
        question_and_keywords(query, wording, has_key)
    }

    fn request(&self, base: &Url, ask: &Ask, _key: Option<&Secret>) -> Result<Request, Failure> {
        let mut text = fit(&ask.text, LONGEST_QUERY, usize::MAX);
        while text.len() > LONGEST_QUERY {
            match text.rfind(' ') {
                Some(at) => text.truncate(at),
                None => drop(text.pop()),
            }
        }
        let mut url = below(base, "w/api.php");
        let count = ask.count.min(10).to_string();
        url.query_pairs_mut()
            .append_pair("action", "query")
            .append_pair("format", "json")
            .append_pair("formatversion", "2")
            .append_pair("generator", "search")
            .append_pair("gsrsearch", &text)
            .append_pair("gsrlimit", &count)
            .append_pair("prop", "info|extracts")
            .append_pair("inprop", "url")
            .append_pair("exintro", "1")
            .append_pair("explaintext", "1")
            .append_pair("exlimit", "max");
        Ok(Request::get(url))
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            let body = answer.refusal()?;
            let words = body.pointer("/error/info").and_then(Value::as_str);
            return Err(by_status(ask, answer, words.unwrap_or_default()));
        }
        let body = answer.json()?;
        if let Some(error) = body.get("error") {
            return Err(refused(answer, error));
        }
        if body.get("query").is_none() && body.get("batchcomplete").is_none() {
            return Err(odd("neither `query` nor `batchcomplete` is"));
        }
        // `query` is absent when nothing was found.
        let Some(query) = body.get("query") else {
            return Ok(Reading::default());
        };
        let mut pages: Vec<&Value> = list(query, "pages")?.iter().collect();
        // The pages come in the order of their numbers.
        pages.sort_by_key(|page| page.get("index").and_then(Value::as_u64).unwrap_or(u64::MAX));
        let hits = pages.into_iter().filter_map(|page| {
            let extract = html_escape::encode_text(text(page, "extract"));
            let mut hit = hit(text(page, "fullurl"), text(page, "title"), &extract)?;
            hit.licence = Some("CC BY-SA 4.0, Wikipedia's authors".to_owned());
            Some(hit.dated(text(page, "touched").split('T').next().unwrap_or_default()))
        });
        Ok(hits.collect::<Vec<_>>().into())
    }
}

fn refused(answer: &Answer, error: &Value) -> Failure {
    let message = said(text(error, "info"), answer.status);
    let after = retry_after(&answer.headers, SystemTime::now());
    let status = answer.status;
    match text(error, "code") {
        "ratelimited" => Failure::RateLimited { after, message },
        "maxlag" | "readonly" | "cirrussearch-too-busy-error" => Failure::Overloaded {
            status,
            after,
            message,
        },
        code if code.starts_with("internal_api_error") => Failure::Overloaded {
            status,
            after,
            message,
        },
        _ => Failure::BadRequest { status, message },
    }
}
