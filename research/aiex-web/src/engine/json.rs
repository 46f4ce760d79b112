//! Any service that answers a GET with JSON: where its parts are is in the settings.

use aiex_remote::{Failure, Secret};
use serde_json::Value;
use url::Url;

use super::refusal::by_status;
use super::{Ask, Reading, Wire, hit, odd, text};
use crate::JsonEndpoint;
use crate::http::{Answer, Request};
use crate::outgoing::fit;

/// Addresses longer than this are refused by many servers.
const LONGEST_QUERY: usize = 1000;

#[derive(Debug)]
pub(super) struct Json(pub(super) JsonEndpoint);

/// The address of a template; only the query's own characters are escaped.
pub(crate) fn address(template: &str, query: &str, count: usize) -> Result<Url, url::ParseError> {
    let escaped: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    // A space is `+` in a query only.
    let escaped = escaped.replace('+', "%20");
    Url::parse(
        &template
            .replace("{query}", &escaped)
            .replace("{count}", &count.to_string()),
    )
}

impl Wire for Json {
    fn request(&self, _base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let query = fit(&ask.text, LONGEST_QUERY, usize::MAX);
        let url = address(&self.0.template, &query, ask.count).map_err(|error| Failure::BadRequest {
            status: 0,
            message: format!("the template gives no address ({error})"),
        })?;
        let request = Request::get(url);
        match (key, &self.0.key_header) {
            (Some(key), Some(header)) => {
                request.key(header, &format!("{}{}", self.0.key_prefix, key.expose()))
            }
            _ => Ok(request),
        }
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            let body = answer.refusal()?;
            let words = [
                text(&body, "message"),
                text(&body, "error"),
                text(&body, "detail"),
            ];
            return Err(by_status(
                ask,
                answer,
                words
                    .into_iter()
                    .find(|words| !words.is_empty())
                    .unwrap_or_default(),
            ));
        }
        let body = answer.json()?;
        let at = &self.0;
        let Some(items) = body.pointer(&at.results).and_then(Value::as_array) else {
            return Err(odd(&format!("there is no list at `{}`", at.results)));
        };
        let part = |item: &Value, pointer: &str| {
            item.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let optional = |item: &Value, pointer: &Option<String>| {
            pointer.as_ref().map(|at| part(item, at)).unwrap_or_default()
        };
        let hits: Vec<_> = items
            .iter()
            .filter_map(|item| {
                let hit = hit(
                    &part(item, &at.url),
                    &part(item, &at.title),
                    &optional(item, &at.snippet),
                )?;
                Some(hit.dated(&optional(item, &at.date)))
            })
            .take(ask.count)
            .collect();
        if hits.is_empty() && !items.is_empty() {
            return Err(odd(&format!("no result has a web address at `{}`", at.url)));
        }
        Ok(hits.into())
    }
}
