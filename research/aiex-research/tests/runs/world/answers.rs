//! What a model that does its work well answers.

use aiex_research::{ModelStage, Prompt};
use serde_json::json;

/// What stands between the marks of a prompt.
fn fenced(user: &str) -> &str {
    let mark = user
        .split_once("The data begins after the mark ")
        .expect("a mark")
        .1
        .split(' ')
        .next()
        .unwrap();
    let inside = user.split(&format!("\n{mark}\n")).nth(1).expect("data");
    inside.split(&format!("\n{mark}")).next().unwrap()
}

/// The answer of a model that does its work well.
pub(crate) fn good_answer(prompt: &Prompt) -> String {
    let whole = prompt.whole();
    match prompt.stage {
        ModelStage::Plan if prompt.system.contains("what kind of question") => {
            json!({"kind": "open", "objective": "know how retries work", "constraints": [], "clarify": null}).to_string()
        }
        ModelStage::Plan if prompt.system.contains("You plan a search") => json!({"sub_questions": [
            {"question": "How are retries decided?", "sources": ["code", "docs", "web"], "queries": ["retries decided"]},
            {"question": "How does back-off grow?", "sources": ["code", "docs", "web"], "queries": ["back-off pause"]},
            {"question": "Which errors are retried?", "sources": ["code", "git", "web"], "queries": ["errors retried"]},
        ]})
        .to_string(),
        ModelStage::Plan if prompt.system.contains("lack evidence") => {
            json!({"queries": [{"sub_question": 1, "source": "docs", "query": "retries limit attempts"}]}).to_string()
        }
        ModelStage::Plan => {
            let ids: Vec<&str> = fenced(&whole).lines().filter_map(|line| line.split_once(':')).map(|(id, _)| id).collect();
            let (first, second) = ids.split_at(ids.len() / 2);
            json!({"sections": [
                {"heading": "How retries are decided", "quotes": first},
                {"heading": "Back-off and errors", "quotes": second},
            ]})
            .to_string()
        }
        ModelStage::Extract => {
            let text = fenced(&whole);
            let quotes: Vec<_> = text
                .split(". ")
                .filter(|sentence| sentence.contains("etr") && sentence.len() > 20 && !sentence.contains('\n'))
                .take(3)
                .map(|sentence| json!({"text": sentence.trim(), "sub_question": 1}))
                .collect();
            json!({"quotes": quotes}).to_string()
        }
        ModelStage::Write => fenced(&whole)
            .split("\n\n")
            .filter_map(|block| {
                let (head, text) = block.trim().split_once('\n')?;
                let id = head.split(']').next()?.trim_start_matches('[');
                let text = text.lines().next()?.trim_start_matches('/').trim();
                Some(format!("{} [{id}].", text.trim_end_matches('.')))
            })
            .collect::<Vec<_>>()
            .join(" "),
        ModelStage::Verify => {
            let number = fenced(&whole).matches("Sentence ").count();
            let verdicts: Vec<_> =
                (1..=number).map(|sentence| json!({"sentence": sentence, "verdict": "supported"})).collect();
            json!({"verdicts": verdicts}).to_string()
        }
    }
}
