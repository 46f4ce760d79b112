//! Answers that a model gave before to the same question from the same evidence.
//!
//! The evidence is part of the key, and is searched for anew every time: when a file that it comes from changes, so does
//! the key, and nothing stale can be told. What such a change leaves behind is swept by `super::stale`.

use aiex_cache::{Cache, Dependency, Key, Kind};
use aiex_protocol::search::{Answer, Hit};

use super::{Model, Question};
use crate::verb::Running;

/// Part of every key; a new one when answers come to be written in another way.
const VERSION: &str = "ask 2";

/// The place of an answer.
pub(crate) struct Kept {
    cache: Cache,
    key: Key,
    files: Vec<Dependency>,
}

impl Kept {
    /// The place of the answer of a model to a question from evidence.
    pub(crate) async fn of(running: &Running, model: &Model, question: &Question, evidence: &[Hit]) -> Self {
        let settings = &model.settings;
        let mut parts = vec![
            VERSION.to_owned(),
            settings.name.clone(),
            settings.model.clone(),
            settings.url.clone(),
            settings.context_tokens.to_string(),
            settings.max_output_tokens.to_string(),
            question.text.clone(),
            question.before.len().to_string(),
        ];
        parts.extend(question.before.iter().cloned());
        let mut files: Vec<Dependency> = Vec::new();
        for hit in evidence {
            parts.extend([
                hit.repo.clone(),
                hit.path.clone(),
                hit.start_line.to_string(),
                hit.snippet.clone(),
            ]);
            files.push(Dependency::File {
                root: hit.repo.clone(),
                path: hit.path.clone(),
            });
        }
        Self {
            cache: running.handle.research.outside().await.cache.clone(),
            key: Key::new(Kind::Answer, parts),
            files,
        }
    }

    /// The answer, if it was given before. It costs nothing a second time.
    pub(crate) async fn answer(&self) -> Option<Answer> {
        let bytes = self.cache.get(self.key).await?;
        let answer: Answer = serde_json::from_slice(&bytes).ok()?;
        Some(Answer {
            usage: None,
            ..answer
        })
    }

    /// Keeps an answer. What cannot be kept is asked for again.
    pub(crate) async fn keep(&self, answer: &Answer) {
        match serde_json::to_vec(answer) {
            Ok(bytes) => self.cache.put(self.key, bytes, &self.files).await,
            Err(error) => tracing::warn!(%error, "an answer was not kept"),
        }
    }
}
