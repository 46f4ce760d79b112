//! SearXNG. An overloaded instance answers 200 with nothing in it but the list of its sources that did not respond.

use aiex_remote::{Failure, Secret};
use serde_json::Value;
use url::Url;

use super::refusal::{by_status, said};
use super::{Ask, Reading, Wire, below, hit, list, odd, text};
use crate::Freshness;
use crate::http::{Answer, Request};

#[derive(Debug)]
pub(super) struct SearxNg;

impl Wire for SearxNg {
    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let mut url = if base.path().trim_end_matches('/').ends_with("/search") {
            base.clone()
        } else {
            below(base, "search")
        };
        url.query_pairs_mut()
            .append_pair("q", &without_bangs(&ask.on_site()))
            .append_pair("format", "json")
            .append_pair("categories", "general,it")
            .append_pair("safesearch", "0")
            .append_pair("pageno", "1");
        let range = match ask.freshness {
            Freshness::Any => None,
            Freshness::Day => Some("day"),
            Freshness::Week => Some("week"),
            Freshness::Month => Some("month"),
            Freshness::Year => Some("year"),
        };
        if let Some(range) = range {
            url.query_pairs_mut().append_pair("time_range", range);
        }
        match key {
            // SearXNG has no keys, but people put it behind a proxy that has.
            Some(key) => Request::get(url).key("authorization", &format!("Bearer {}", key.expose())),
            None => Ok(Request::get(url)),
        }
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return Err(refused(ask, answer));
        }
        let body = answer.json()?;
        if body.get("results").is_none() {
            return Err(odd("`results` is missing"));
        }
        let hits: Vec<_> = list(&body, "results")?
            .iter()
            .filter_map(|item| {
                let hit = hit(text(item, "url"), text(item, "title"), text(item, "content"))?;
                let date = text(item, "publishedDate");
                Some(hit.dated(date.split('T').next().unwrap_or_default()))
            })
            .take(ask.count)
            .collect();
        let silent = list(&body, "unresponsive_engines")?;
        if hits.is_empty() && !silent.is_empty() {
            return Err(Failure::EmptyButFailed {
                message: said(&reasons(silent), answer.status),
            });
        }
        Ok(hits.into())
    }
}

fn refused(ask: &Ask, answer: &Answer) -> Failure {
    if answer.status == 403 && answer.is_page() {
        return Failure::NotWhatWasAsked {
            message: "an HTML page (HTTP 403): this instance does not give JSON; add `json` under `search.formats` in its \
                      settings"
                .to_owned(),
        };
    }
    match answer.refusal() {
        Ok(Value::Null) => by_status(ask, answer, &answer.text()),
        Ok(body) => by_status(ask, answer, text(&body, "error")),
        Err(failure) => failure,
    }
}

/// `duckduckgo (CAPTCHA), bing (timeout)`.
fn reasons(silent: &[Value]) -> String {
    let reasons = silent.iter().map(|pair| {
        let part = |at: usize| pair.get(at).and_then(Value::as_str).unwrap_or("?");
        format!("{} ({})", part(0), part(1))
    });
    reasons.collect::<Vec<_>>().join(", ")
}

/// A word that begins with `!` is a command: it chooses another engine, or sends the question to another site.
fn without_bangs(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.trim_start_matches('!'));
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_a_command() {
        assert_eq!(
            without_bangs("!!g rust !wp vec! macro ! x"),
            "g rust wp vec! macro x"
        );
    }
}
