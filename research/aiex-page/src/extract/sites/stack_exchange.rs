//! Questions and answers with their votes, from pages of Stack Exchange and from its API.

use dom_query::{Document, NodeRef, Selection};
use serde_json::Value;

use super::{Reading, day_of, first, of_escaped, of_html};
use crate::extract::PageKind;
use crate::extract::markdown::{line, markdown};

pub(super) fn read(document: &Document) -> Option<Reading> {
    let question = document.select("#question");
    let body = post_body(&question)?;
    let title = first(&document.select("#question-header, .question-header"), "h1").map(|node| line(&node));
    let mut out = Thread::new(title.as_deref());
    let tags: Vec<String> = question.select("a.post-tag").nodes().iter().map(line).collect();
    out.tags(&tags);
    out.post("Question", votes(&question), false, &markdown(&body));
    let answers = document.select("#answers .answer");
    for (index, answer) in answers.nodes().iter().enumerate() {
        let selection = Selection::from(*answer);
        let Some(body) = post_body(&selection) else {
            continue;
        };
        let accepted = answer.has_class("accepted-answer") || answer.has_class("js-accepted-answer");
        out.post(
            &format!("Answer {}", index + 1),
            votes(&selection),
            accepted,
            &markdown(&body),
        );
    }
    let date = document
        .select("time[itemprop='dateCreated']")
        .nodes()
        .first()
        .and_then(|time| time.attr("datetime"))
        .map(|date| date.chars().take(10).collect());
    Some(Reading {
        kind: PageKind::Question,
        title,
        date,
        markdown: out.text,
    })
}

fn post_body<'a>(post: &Selection<'a>) -> Option<NodeRef<'a>> {
    first(post, ".js-post-body")
        .or_else(|| first(post, ".s-prose"))
        .or_else(|| first(post, ".post-text"))
}

fn votes(post: &Selection<'_>) -> Option<i64> {
    let count = first(post, ".js-vote-count").or_else(|| first(post, ".vote-count-post"));
    let of_count = count.and_then(|node| match node.attr("data-value") {
        Some(value) => value.parse().ok(),
        None => line(&node).parse().ok(),
    });
    of_count.or_else(|| post.attr("data-score")?.parse().ok())
}

/// Reads `/questions`, `/search` and `/answers` of API 2.3.
pub(super) fn read_api(value: &Value) -> Option<Reading> {
    let items = value.get("items")?.as_array()?;
    if !items
        .iter()
        .any(|item| item.get("question_id").is_some() && item.get("score").is_some())
    {
        return None;
    }
    let title = items
        .first()
        .and_then(|item| item.get("title"))
        .and_then(Value::as_str)
        .map(of_escaped);
    let mut out = Thread::new(None);
    for item in items {
        let name = if item.get("answer_id").is_some() {
            "Answer"
        } else {
            "Question"
        };
        if let Some(title) = item.get("title").and_then(Value::as_str) {
            out.heading(&of_escaped(title));
        }
        let tags: Vec<String> = item
            .get("tags")
            .and_then(Value::as_array)
            .map(|tags| tags.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        out.tags(&tags);
        post_of(&mut out, name, item);
        let answers = item.get("answers").and_then(Value::as_array);
        for (index, answer) in answers.into_iter().flatten().enumerate() {
            post_of(&mut out, &format!("Answer {}", index + 1), answer);
        }
    }
    Some(Reading {
        kind: PageKind::Question,
        title,
        date: items
            .first()
            .and_then(|item| item.get("creation_date")?.as_i64())
            .and_then(day_of),
        markdown: out.text,
    })
}

fn post_of(out: &mut Thread, name: &str, post: &Value) {
    let score = post.get("score").and_then(Value::as_i64);
    let accepted = post.get("is_accepted").and_then(Value::as_bool).unwrap_or(false);
    let body = post
        .get("body")
        .and_then(Value::as_str)
        .map(of_html)
        .unwrap_or_default();
    out.post(name, score, accepted, &body);
}

/// A question and its answers, as they are written down.
struct Thread {
    text: String,
}

impl Thread {
    fn new(title: Option<&str>) -> Self {
        let mut thread = Self { text: String::new() };
        if let Some(title) = title {
            thread.heading(title);
        }
        thread
    }

    fn part(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
    }

    fn heading(&mut self, title: &str) {
        self.part(&format!("# {title}"));
    }

    fn tags(&mut self, tags: &[String]) {
        if !tags.is_empty() {
            self.part(&format!("Tags: {}", tags.join(", ")));
        }
    }

    fn post(&mut self, name: &str, votes: Option<i64>, accepted: bool, body: &str) {
        let mut facts = Vec::new();
        if accepted {
            facts.push("accepted".to_owned());
        }
        if let Some(votes) = votes {
            facts.push(format!(
                "{votes} {}",
                if votes.abs() == 1 { "vote" } else { "votes" }
            ));
        }
        let facts = if facts.is_empty() {
            String::new()
        } else {
            format!(" ({})", facts.join(", "))
        };
        self.part(&format!("## {name}{facts}"));
        self.part(body);
    }
}
