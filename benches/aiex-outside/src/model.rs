//! A model that does its work well, whichever provider it is asked through: it plans a search for
//! [`QUESTION`](crate::QUESTION), copies out of a page what tells of it, writes what the quotes say, and finds every sentence
//! borne out. To the same prompt it says the same.

use std::time::Duration;

use aiex_llm::standin::{Received, Said};
use serde_json::{Value, json};

use crate::QUESTION;

/// Words by which a sentence tells something of the question.
const TELLING: [&str; 3] = ["wait", "pause", "attempt"];
/// Sentences that it copies out of a page: no run asks for fewer.
const COPIED: usize = 4;

/// What was said between the marks of a prompt.
fn fenced(asked: &str) -> &str {
    let mark = asked
        .split_once("The data begins after the mark ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .unwrap_or_default();
    let inside = asked.split(&format!("\n{mark}\n")).nth(1).unwrap_or_default();
    inside.split(&format!("\n{mark}")).next().unwrap_or_default()
}

/// The first sentences of a page that tell something of the question, word for word.
fn copied(page: &str) -> Vec<&str> {
    let is_said = |line: &&str| !line.starts_with("Title: ") && !line.starts_with('#');
    let sentences = page
        .lines()
        .filter(is_said)
        .flat_map(|line| line.split_inclusive(". "))
        .map(str::trim);
    let tells = |sentence: &&str| TELLING.iter().any(|word| sentence.contains(*word));
    sentences.filter(tells).take(COPIED).collect()
}

/// Its answer to a request.
pub fn answer(request: &Received) -> String {
    // The instructions come first, in every dialect.
    let asked = request.asked();
    let is_told = |instructions: &str| asked.starts_with(instructions);
    if is_told("You read a developer's question") {
        json!({"kind": "open", "objective": "know how long it waits", "constraints": [], "clarify": null})
            .to_string()
    } else if is_told("You plan a search") {
        json!({"sub_questions": [
            {"question": QUESTION, "sources": ["code", "web"], "queries": ["back-off policy wait"]},
        ]})
        .to_string()
    } else if is_told("Some sub-questions still lack evidence") {
        json!({"queries": []}).to_string()
    } else if is_told("You copy passages") {
        let quotes: Vec<Value> = copied(fenced(&asked))
            .into_iter()
            .map(|text| json!({"text": text, "sub_question": 1}))
            .collect();
        json!({"quotes": quotes}).to_string()
    } else if is_told("You arrange evidence") {
        json!({"sections": []}).to_string()
    } else if is_told("You compare sentences") {
        let number = fenced(&asked).matches("Sentence ").count();
        let verdicts: Vec<Value> = (1..=number)
            .map(|sentence| json!({"sentence": sentence, "verdict": "supported"}))
            .collect();
        json!({"verdicts": verdicts}).to_string()
    } else {
        // Each quote's first line, with its number.
        let told = fenced(&asked).split("\n\n").filter_map(|block| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ARTICLE, OTHER};

    #[test]
    fn passages_are_copied_word_for_word_whichever_dialect_asks_for_them() {
        let system = "You copy passages out of a document.";
        for page in [ARTICLE, OTHER] {
            let user = format!(
                "Question: {QUESTION}\nThe data begins after the mark 5f0c and ends before it comes again.\n5f0c\n\
                 Title: A page\n{page}\n5f0c\n\nAnswer with JSON only."
            );
            let message = json!({"role": "user", "content": user});
            for body in [
                json!({"messages": [{"role": "system", "content": system}, message]}),
                json!({"system": system, "messages": [message]}),
                json!({"instructions": system, "input": [message]}),
            ] {
                let request = Received {
                    body: body.to_string(),
                    ..Received::default()
                };
                let told: Value = serde_json::from_str(&answer(&request)).unwrap();
                let quotes = told["quotes"].as_array().unwrap();
                assert_eq!(quotes.len(), COPIED, "{told}");
                let is_copied = |quote: &Value| page.contains(quote["text"].as_str().unwrap());
                assert!(quotes.iter().all(is_copied), "{told}");
            }
        }
    }
}
