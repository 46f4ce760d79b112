//! A question that was answered before, from the same world.

use aiex_evidence::{Origin, Source};

use super::Research;
use crate::error::ResearchError;
use crate::request::Request;
use crate::run::{RunId, RunState};
use crate::store::RunRow;

/// How old a report may be that answers a question again, in milliseconds. Repositories, models and engines are compared;
/// what engines and pages say, is not.
const KEPT_FOR: u64 = 24 * 3600 * 1000;

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
        let is_recent = |row: &RunRow| now.saturating_sub(row.changed_ms) <= KEPT_FOR;
        let is_answer =
            |row: &&RunRow| row.state == RunState::Done && is_recent(row) && is_alike(row, request);
        let Some(row) = rows.iter().find(is_answer) else {
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

    /// The run that is at work on the same request, of the same world: who asks beside it need only follow it. None where
    /// everything is to be asked anew.
    ///
    /// # Errors
    /// [`ResearchError::Store`].
    pub async fn under_way(&self, request: &Request) -> Result<Option<RunId>, ResearchError> {
        let rows = self.inner.store.runs().await?;
        Ok(at_work_on(&rows, request))
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

/// The run at work that [`Research::under_way`] tells.
pub(super) fn at_work_on(rows: &[RunRow], request: &Request) -> Option<RunId> {
    let is_at_work = |row: &&RunRow| row.state == RunState::Running && !row.finishing;
    let row = rows
        .iter()
        .find(|row| is_at_work(row) && is_alike(row, request))?;
    Some(row.id.clone())
}

/// Whether a run was begun for what is requested now, in the same world, by somebody who leaves the plan to it.
fn is_alike(row: &RunRow, request: &Request) -> bool {
    request.world.is_some()
        && !(request.plan_only || request.approve || request.fresh)
        && row.request
            == Request {
                question: request.question.trim().to_owned(),
                ticket: row.request.ticket.clone(),
                // A report that asked everything anew answers those who would have taken what was kept.
                fresh: row.request.fresh,
                ..request.clone()
            }
}
