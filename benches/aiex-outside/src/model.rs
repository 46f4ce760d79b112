//! A model that does its work well: it plans a search for [`QUESTION`](crate::QUESTION), writes what the quotes say, and
//! finds every sentence borne out.

use std::time::Duration;

use aiex_llm::standin::{Received, Said};
use serde_json::{Value, json};

use crate::QUESTION;

/// What was said between the marks of a prompt.
fn fenced(user: &str) -> &str {
    let mark = user
        .split_once("The data begins after the mark ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .unwrap_or_default();
    let inside = user.split(&format!("\n{mark}\n")).nth(1).unwrap_or_default();
    inside.split(&format!("\n{mark}")).next().unwrap_or_default()
}

/// Its answer to a request.
pub fn answer(request: &Received) -> String {
    let body = request.json();
    let message = |at: usize| body["messages"][at]["content"].as_str().unwrap_or_default();
    let (system, user) = (message(0), message(1));
    if system.contains("what kind of question") {
        json!({"kind": "open", "objective": "know how long it waits", "constraints": [], "clarify": null})
            .to_string()
    } else if system.contains("You plan a search") {
        json!({"sub_questions": [
            {"question": QUESTION, "sources": ["code", "web"], "queries": ["back-off policy wait"]},
        ]})
        .to_string()
    } else if system.contains("lack evidence") {
        json!({"queries": []}).to_string()
    } else if system.contains("You copy passages") {
        json!({"quotes": []}).to_string()
    } else if system.contains("You arrange evidence") {
        json!({"sections": []}).to_string()
    } else if system.contains("You compare sentences") {
        let number = fenced(user).matches("Sentence ").count();
        let verdicts: Vec<Value> = (1..=number)
            .map(|sentence| json!({"sentence": sentence, "verdict": "supported"}))
            .collect();
        json!({"verdicts": verdicts}).to_string()
    } else {
        // Each quote's first line, with its number.
        let told = fenced(user).split("\n\n").filter_map(|block| {
            let (head, text) = block.trim().split_once('\n')?;
            let id = head.split(']').next()?.trim_start_matches('[');
            let text = text.lines().next()?.trim_start_matches('/').trim();
            Some(format!("{} [{id}].", text.trim_end_matches('.')))
        });
        let told = told.collect::<Vec<_>>().join(" ");
        if told.is_empty() {
            // A question of `aiex ask`, whose excerpts are numbered.
            return "It doubles the pause [1].".to_owned();
        }
        told
    }
}

/// The same, at the pace of a quick model.
pub fn good_model(request: &Received) -> Said {
    Said::Slowly(Duration::from_millis(150), answer(request))
}
