//! A question that was answered before, from the same world.

use std::time::Duration;

use aiex_evidence::{Origin, Source};

use super::Research;
use crate::error::ResearchError;
use crate::request::Request;
use crate::run::{RunId, RunState};
use crate::store::RunRow;

/// How old a report may be that answers a question again. Repositories, models and engines are compared; what engines and
/// pages say, is not.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

impl Research {
    /// The newest run whose report answers a request, because it was made for the same one and nothing that it rests on has
    /// changed since. None where that is not known, where the user has a say in the plan, where making it once more may end
    /// otherwise, and where an earlier report that it quotes was removed: nobody could look up any more what it says.
    ///
    /// # Errors
    /// [`ResearchError::Store`].
    pub async fn answered(&self, request: &Request) -> Result<Option<RunId>, ResearchError> {
        let store = &self.inner.store;
        let now = self.inner.ports.clock.unix_ms();
        let rows = store.runs().await?;
        let Some(row) = rows.iter().find(|row| is_alike(row, request, now)) else {
            return Ok(None);
        };
        let is_there = |source: &Source| match &source.origin {
            Origin::Report { run } => rows.iter().any(|row| row.id.0 == *run),
            _ => true,
        };
        let report = store.report(&row.id).await?;
        let answers = report.is_some_and(|report| report.settled && report.sources.iter().all(is_there));
        Ok(answers.then(|| row.id.clone()))
    }

    /// All that the templates say which a request goes by, as one text to compare: those of the one that it names, or of every
    /// one, for a question that names none may be led by any of them.
    ///
    /// # Errors
    /// [`ResearchError::Template`] when there is none of that name.
    pub async fn wording(&self, template: Option<&str>) -> Result<String, ResearchError> {
        let library = self.library().await?;
        Ok(match template {
            Some(name) => format!("{:?}", library.named(name)?),
            None => format!("{:?}", library.templates),
        })
    }
}

fn is_alike(row: &RunRow, request: &Request, now_ms: u64) -> bool {
    let age = Duration::from_millis(now_ms.saturating_sub(row.changed_ms));
    let is_watched = |request: &Request| request.plan_only || request.approve;
    request.world.is_some()
        && row.state == RunState::Done
        && age <= KEPT_FOR
        && !is_watched(request)
        && row.request
            == Request {
                question: request.question.trim().to_owned(),
                ticket: row.request.ticket.clone(),
                ..request.clone()
            }
}
