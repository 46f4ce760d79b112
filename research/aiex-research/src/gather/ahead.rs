//! The question as it was asked, searched on the web while a model still writes the plan.
//!
//! A model may take its time over a plan, and an engine over its first answer: both are waited for at once, and what the
//! search finds belongs to the first round. An engine that says nothing is given up, and rests, by the time that a silent
//! model is: two silences last as long as the longer one, not as long as both.

use std::sync::OnceLock;

use tokio::sync::SetOnce;
use tokio::time::Instant;

use super::Query;
use super::queries::own_words;
use crate::SourceKind;
use crate::journal::{Outcome, Stop};
use crate::live::Live;
use crate::plan::Plan;
use crate::ports::Findings;
use crate::terms;

/// The search ahead of the plan, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// Set when it begins.
    asked: OnceLock<Asked>,
    /// Set when it ends, whatever ends it; nothing when the run stopped before.
    ended: SetOnce<Option<Outcome<Findings>>>,
}

#[derive(Debug)]
struct Asked {
    text: String,
    at: Instant,
}

impl Live {
    /// Searches ahead of the plan, if that is wanted. Belongs beside the rest of the run, which waits for it where it
    /// needs it; a run that stops waits for it too, since it is paid for.
    pub(crate) async fn search_ahead(&self) -> Result<(), Stop> {
        let Some(query) = self.query_ahead() else {
            return Ok(());
        };
        let asked = Asked {
            text: query.text.clone(),
            at: Instant::now(),
        };
        // Neither was set before: a run comes here once.
        let _ = self.ahead.asked.set(asked);
        let searched = self.put(&query, 0, |_| Vec::new()).await;
        let (outcome, stop) = match searched {
            Ok(outcome) => (Some(outcome), Ok(())),
            Err(stop) => (None, Err(stop)),
        };
        let _ = self.ahead.ended.set(outcome);
        stop
    }

    /// What to search for ahead: nothing where no model writes a plan, where the plan needs a yes first, and where the
    /// budget may not reach every source.
    fn query_ahead(&self) -> Option<Query> {
        let sources = self.sources();
        let needs_yes = self.request.approve || self.request.plan_only;
        let is_scarce = self.request.limits().searches as usize <= sources.len();
        if !self.has_model() || needs_yes || is_scarce || !sources.contains(&SourceKind::Web) {
            return None;
        }
        let text = own_words(&self.request.question);
        (!text.is_empty()).then_some(Query {
            sub_question: 0,
            source: SourceKind::Web,
            text,
        })
    }

    /// The search ahead as a query of the first round, for the sub-question that has most of its words.
    pub(super) fn asked_ahead(&self, plan: &Plan) -> Option<Query> {
        let text = &self.ahead.asked.get()?.text;
        let words = terms::folded(text);
        let shared = |at: &usize| {
            let sub = plan.sub_questions.get(*at);
            sub.map_or(0, |sub| terms::folded(&sub.question).intersection(&words).count())
        };
        let nearest = (0..plan.sub_questions.len()).min_by_key(|at| std::cmp::Reverse(shared(at)))?;
        Some(Query {
            sub_question: nearest,
            source: SourceKind::Web,
            text: text.clone(),
        })
    }

    /// What came of a search that was made ahead; `None` of any other. Another one of the web waits here when the one
    /// ahead is overdue: an engine that owes an answer is not asked for a second one.
    pub(super) async fn made_ahead(
        &self,
        query: &Query,
        attempt: u32,
    ) -> Result<Option<Outcome<Findings>>, Stop> {
        let Some(asked) = self.ahead.asked.get() else {
            return Ok(None);
        };
        if query.source != SourceKind::Web {
            return Ok(None);
        }
        if query.text == asked.text && attempt == 0 {
            let ended = self.ahead.ended.wait().await;
            return ended.clone().map(Some).ok_or(Stop::Halted);
        }
        if asked.at.elapsed() >= self.settings.search_overdue {
            self.ahead.ended.wait().await;
        }
        Ok(None)
    }
}
