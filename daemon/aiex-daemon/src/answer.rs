//! Answers from evidence: by a model whose citations are checked, or put together from the evidence
//! alone. Nothing here searches.

pub(crate) mod extractive;
pub(crate) mod kept;
pub(crate) mod model;
mod prompt;
mod scrubber;
pub(crate) mod stale;

use aiex_protocol::search::{Citation, Hit};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    /// In its own words.
    pub(crate) text: String,
    /// With the words that count from before.
    pub(crate) with_words: String,
    /// The questions that it follows up on, the nearest first.
    pub(crate) before: Vec<String>,
}

/// The sources that an answer cites, resolved from the evidence.
fn resolve(ids: impl IntoIterator<Item = u32>, evidence: &[Hit]) -> Vec<Citation> {
    ids.into_iter()
        .filter_map(|id| {
            let hit = evidence.get((id as usize).checked_sub(1)?)?;
            Some(Citation {
                id,
                path: hit.path.clone(),
                start_line: hit.start_line,
                end_line: hit.end_line,
            })
        })
        .collect()
}

#[cfg(test)]
fn hit(path: &str, start_line: u32, snippet: &str) -> Hit {
    Hit {
        rank: 1,
        score: 1.0,
        repo: "/r".to_owned(),
        path: path.to_owned(),
        start_line,
        end_line: start_line + 9,
        symbol: Some("retry".to_owned()),
        kind: Some("function".to_owned()),
        language: Some("rust".to_owned()),
        snippet: snippet.to_owned(),
        focus_line: start_line + 1,
        why: vec!["defines \"retry\"".to_owned()],
        explain: None,
    }
}
