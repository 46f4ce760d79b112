//! Answers that a model gave before to the same question from the same evidence.
//!
//! The evidence is part of the key, and is searched for anew every time: when a file that it comes from changes, so does
//! the key, and nothing stale can be told. What such a change leaves behind is swept by `super::stale`.

use aiex_cache::{Cache, Dependency, Key, Kind};
use aiex_protocol::search::{Answer, Hit};
use serde::{Deserialize, Serialize};

use super::Question;
use super::model::{Writer, Written};
use crate::verb::Running;

/// Part of every key; a new one when answers come to be written in another way.
const VERSION: &str = "ask 4";

/// The place of an answer.
pub(crate) struct Kept {
    cache: Cache,
    key: Key,
    files: Vec<Dependency>,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Record {
    answer: Answer,
    notices: Vec<String>,
}

impl Kept {
    /// The place of the answer of a writer to a question from evidence.
    pub(crate) async fn of(
        running: &Running,
        writer: &Writer,
        question: &Question,
        evidence: &[Hit],
    ) -> Self {
        let mut parts = vec![VERSION.to_owned()];
        parts.extend(writer.identity());
        parts.extend([question.text.clone(), question.before.len().to_string()]);
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
    pub(crate) async fn answer(&self) -> Option<Written> {
        let bytes = self.cache.get(self.key).await?;
        let Record { answer, notices } = serde_json::from_slice(&bytes).ok()?;
        Some(Written {
            answer: Answer {
                usage: None,
                ..answer
            },
            notices,
        })
    }

    /// Keeps an answer. What cannot be kept is asked for again.
    pub(crate) async fn keep(&self, written: &Written) {
        let record = Record {
            answer: written.answer.clone(),
            notices: written.notices.clone(),
        };
        match serde_json::to_vec(&record) {
            Ok(bytes) => self.cache.put(self.key, bytes, &self.files).await,
            Err(error) => tracing::warn!(%error, "an answer was not kept"),
        }
    }
}
