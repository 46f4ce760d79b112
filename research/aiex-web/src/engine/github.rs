//! GitHub search: issues for errors, code for interfaces, else repositories. Limits are 403 or 429, told apart from
//! rejected keys by words and counters.

use std::time::{Duration, SystemTime};

use aiex_remote::{Failure, Secret, retry_after};
use serde_json::Value;
use url::Url;

use super::refusal::{by_status, said, says};
use super::{Ask, Reading, Wire, below, hit, list, odd, question_and_keywords, text};
use crate::date::{day, oldest};
use crate::http::{Answer, Request};
use crate::outgoing::fit;
use crate::{Kind, Query, Wording};

/// "q: at most 256 characters"; the qualifiers get what is left.
const LONGEST_QUERY: usize = 256;

/// What to wait after "secondary rate limit" without a word on how long.
const SECONDARY: Duration = Duration::from_secs(60);

/// Code search has a third of the rate of the others.
const CODE_COST: u32 = 3;

#[derive(Debug)]
pub(super) struct GitHub;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shelf {
    Repositories,
    Issues,
    Code,
}

impl Shelf {
    /// Code is only searched for those who sign in.
    fn of(ask: &Ask) -> Self {
        match ask.kind {
            Kind::Error | Kind::Migration => Self::Issues,
            Kind::Api if ask.has_key => Self::Code,
            _ => Self::Repositories,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Repositories => "search/repositories",
            Self::Issues => "search/issues",
            Self::Code => "search/code",
        }
    }
}

impl Wire for GitHub {
    fn asks(&self, query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
        question_and_keywords(query, wording, has_key)
    }

    fn request(&self, base: &Url, ask: &Ask, key: Option<&Secret>) -> Result<Request, Failure> {
        let shelf = Shelf::of(ask);
        let mut qualifiers = String::new();
        if shelf == Shelf::Issues {
            qualifiers.push_str(" is:issue");
        }
        if let Some(language) = ask.languages.first().filter(|_| shelf != Shelf::Issues) {
            // A language of several words is quoted.
            qualifiers.push_str(&if language.contains(' ') {
                format!(" language:\"{language}\"")
            } else {
                format!(" language:{language}")
            });
        }
        if let (Some(seconds), true) = (oldest(ask.freshness, SystemTime::now()), shelf != Shelf::Code) {
            let field = if shelf == Shelf::Issues {
                "created"
            } else {
                "pushed"
            };
            qualifiers.push_str(&format!(" {field}:>={}", day(seconds)));
        }
        let room = LONGEST_QUERY.saturating_sub(qualifiers.chars().count());
        let text = format!("{}{qualifiers}", fit(&literal(&ask.text), room, usize::MAX));
        let mut url = below(base, shelf.path());
        let count = ask.count.to_string();
        url.query_pairs_mut()
            .append_pair("q", &text)
            .append_pair("per_page", &count);
        let mut request = Request::get(url).header("x-github-api-version", "2022-11-28");
        request.accept = if shelf == Shelf::Code {
            "application/vnd.github.text-match+json"
        } else {
            "application/vnd.github+json"
        };
        if shelf == Shelf::Code {
            request.cost = CODE_COST;
        }
        match key {
            Some(key) => request.key("authorization", &format!("Bearer {}", key.expose())),
            None => Ok(request),
        }
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        if !answer.is_success() {
            return Err(refused(ask, answer, &answer.refusal()?));
        }
        let body = answer.json()?;
        if body.get("items").is_none() {
            return Err(odd("`items` is missing"));
        }
        let shelf = Shelf::of(ask);
        let hits: Vec<_> = list(&body, "items")?
            .iter()
            .filter_map(|item| read(shelf, item))
            .collect();
        if hits.is_empty() && body.get("incomplete_results") == Some(&Value::Bool(true)) {
            return Err(Failure::EmptyButFailed {
                message: "the search ran out of time before it found anything".to_owned(),
            });
        }
        Ok(hits.into())
    }
}

fn read(shelf: Shelf, item: &Value) -> Option<crate::Hit> {
    let url = text(item, "html_url");
    match shelf {
        Shelf::Repositories => {
            let hit = hit(url, text(item, "full_name"), text(item, "description"))?;
            Some(hit.dated(date(text(item, "pushed_at"))))
        }
        Shelf::Issues => {
            let hit = hit(url, text(item, "title"), text(item, "body"))?;
            Some(hit.dated(date(text(item, "created_at"))))
        }
        Shelf::Code => {
            let repository = item
                .pointer("/repository/full_name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let fragments = list(item, "text_matches").unwrap_or_default().iter();
            let fragments: Vec<&str> = fragments.map(|found| text(found, "fragment")).collect();
            // Code is text, not HTML: what looks like a tag is one of its types.
            let escaped = html_escape::encode_text(&fragments.join(" … ")).into_owned();
            hit(url, &format!("{repository}/{}", text(item, "path")), &escaped)
        }
    }
}

fn date(time: &str) -> &str {
    time.split('T').next().unwrap_or_default()
}

/// More than five operators are refused, and a question has none: its words are words.
fn literal(text: &str) -> String {
    let words = text.split_whitespace().map(|word| match word {
        "AND" | "OR" | "NOT" => word.to_lowercase(),
        _ => word.replace('"', ""),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn refused(ask: &Ask, answer: &Answer, body: &Value) -> Failure {
    let words = text(body, "message");
    let message = said(words, answer.status);
    let asked = retry_after(&answer.headers, SystemTime::now());
    if says(words, &["secondary rate limit", "abuse detection"]) {
        let after = Some(asked.unwrap_or(SECONDARY));
        return Failure::RateLimited { after, message };
    }
    let none_left = answer.header("x-ratelimit-remaining") == Some("0");
    if matches!(answer.status, 403 | 429) && (none_left || says(words, &["rate limit exceeded"])) {
        return Failure::RateLimited {
            after: asked,
            message,
        };
    }
    if says(words, &["requires authentication"]) {
        return Failure::KeyMissing;
    }
    if says(words, &["administrative rules"]) {
        let status = answer.status;
        return Failure::BadRequest { status, message };
    }
    by_status(ask, answer, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_holds_no_operators() {
        assert_eq!(
            literal("this AND that OR \"not\" NOT x"),
            "this and that or not not x"
        );
    }
}
