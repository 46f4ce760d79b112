//! Fetching pages, side by side.

use aiex_evidence::{Document, Hindrance, Unread};
use futures_util::future;

use super::Picked;
use crate::budget::{Cost, Purpose};
use crate::event::Event;
use crate::journal::{Call, Granted, Outcome, Stop, key};
use crate::live::Live;
use crate::ports::PageText;
use crate::terms;

/// Tries of a read that may succeed in a moment.
const TRIES: u32 = 2;
/// Bytes of a page that are kept.
const LONGEST_PAGE: usize = 256 * 1024;
/// A snippet shorter than this says too little to stand for its page.
const LEAST_SNIPPET: usize = 120;

/// A page that was read, the sub-questions that it was read for, and why it was not read.
pub(crate) type Fetched = (Option<Document>, Vec<usize>, Option<Unread>);

impl Live {
    /// Fetches every page. What cannot be read is represented by the search's own snippet where that says enough, or by
    /// what an earlier report read there.
    pub(crate) async fn fetch_all(&self, picked: Vec<Picked>) -> Result<Vec<Fetched>, Stop> {
        future::join_all(picked.into_iter().map(|picked| self.fetch(picked)))
            .await
            .into_iter()
            .collect()
    }

    async fn fetch(&self, picked: Picked) -> Result<Fetched, Stop> {
        let (mut why, mut hindrance) = (String::new(), Hindrance::default());
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.rest(self.settings.retry_pause).await?;
            }
            match self.fetch_once(&picked, attempt).await? {
                Outcome::Done {
                    value: (page, read_at),
                } => {
                    let document = picked.as_read(page, read_at);
                    return Ok((Some(document), picked.sub_questions, None));
                }
                Outcome::Skipped { reason } => {
                    (why, hindrance) = (reason, Hindrance::Passing);
                    break;
                }
                Outcome::Failed {
                    message,
                    retryable,
                    hindrance: of_this_try,
                    ..
                } => {
                    (why, hindrance) = (message, of_this_try);
                    if !retryable {
                        break;
                    }
                }
            }
        }
        let found = &picked.found;
        let unread = Unread {
            origin: found.origin.clone(),
            title: found.title.clone(),
            why,
            hindrance,
        };
        let now_ms = self.ports.clock.unix_ms();
        let instead = if picked.kept.is_some() {
            // A page that is gone says nothing any more; one that cannot be seen, what it said on the day it was read.
            (hindrance != Hindrance::Dead).then(|| picked.document(now_ms))
        } else {
            (found.snippet.len() >= LEAST_SNIPPET).then(|| picked.snippet(now_ms))
        };
        Ok((instead, picked.sub_questions, Some(unread)))
    }

    async fn fetch_once(&self, picked: &Picked, attempt: u32) -> Result<Outcome<(PageText, u64)>, Stop> {
        let found = &picked.found;
        let call = Call {
            key: key(&format!("read/{attempt}"), &found.origin),
            price: Cost::FETCH.into(),
            purpose: Purpose::Gather,
            gate: &self.gates.reads,
            deadline: self.settings.read_deadline,
        };
        let work = |Granted { deadline, .. }| async move {
            let outcome = match self
                .ports
                .reader
                .read(found, self.kept_since_ms, deadline, &self.cancel)
                .await
            {
                Ok(mut page) => {
                    let kept = terms::head(&page.text, LONGEST_PAGE).len();
                    page.is_cut |= kept < page.text.len();
                    page.text.truncate(kept);
                    Outcome::Done {
                        value: (page, self.ports.clock.unix_ms() / 1000),
                    }
                }
                Err(failure) => Outcome::Failed {
                    message: failure.message,
                    hint: String::new(),
                    retryable: failure.retryable,
                    hindrance: failure.hindrance,
                },
            };
            (outcome, Cost::FETCH)
        };
        let events = |outcome: &Outcome<(PageText, u64)>| {
            let failed = |failure: &str| Event::ReadFailed {
                origin: found.origin.clone(),
                failure: failure.to_owned(),
            };
            outcome.failure().map(failed).into_iter().collect()
        };
        self.call(call, work, events).await
    }
}
