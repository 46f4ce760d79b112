//! What came of a search of the web: what of it is kept, and what is told of each engine.

use aiex_evidence::EngineRun;
use aiex_research::SearchFailure;
use aiex_web::Summary;
use serde::{Deserialize, Serialize};

use super::broken;
use super::engines::LeftOut;

/// What engines gave, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Given {
    pub(super) found: Vec<aiex_web::Found>,
    pub(super) engines: Vec<EngineRun>,
}

/// What is given to whoever waits for a search, and not kept: the next one may know more.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum NotKept {
    #[error("a part of the engines answered, or a part of the answers is old")]
    Partly {
        given: Given,
        partial: Option<SearchFailure>,
    },
    #[error(transparent)]
    Failed(Unanswered),
}

/// Why nobody answered, and what came of each engine.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{failure}")]
pub(crate) struct Unanswered {
    /// The failures of all engines, as one.
    pub(crate) failure: SearchFailure,
    /// The engines that were to be asked; none when it did not come to that.
    pub(crate) engines: Vec<EngineRun>,
}

impl From<SearchFailure> for Unanswered {
    fn from(failure: SearchFailure) -> Self {
        Self {
            failure,
            engines: Vec::new(),
        }
    }
}

/// What is kept of a search: results of engines that all answered, and answered now. `left_out` are those that could not
/// be asked.
pub(super) fn outcome(
    found: Vec<aiex_web::Found>,
    summary: &Summary,
    left_out: &[LeftOut],
    is_of_now: bool,
) -> Result<Vec<u8>, NotKept> {
    let partial = failures(summary, left_out);
    let engines = engines(summary, left_out);
    if summary.runs.is_empty() || summary.all_failed() {
        let failure = partial.unwrap_or_else(|| not_asked(summary));
        return Err(NotKept::Failed(Unanswered { failure, engines }));
    }
    let given = Given { found, engines };
    if partial.is_some() || given.found.is_empty() || !is_of_now {
        return Err(NotKept::Partly { given, partial });
    }
    serde_json::to_vec(&given).map_err(|error| NotKept::Failed(broken(&error.to_string()).into()))
}

/// What came of each engine, in all wordings that it was asked in.
fn engines(summary: &Summary, left_out: &[LeftOut]) -> Vec<EngineRun> {
    let mut engines: Vec<EngineRun> = Vec::new();
    for run in &summary.runs {
        let found = u32::try_from(run.found).unwrap_or(u32::MAX);
        let failure = run.failure.as_ref().map(|failure| failure.message.clone());
        match engines.iter_mut().find(|known| known.engine == run.engine) {
            Some(known) => {
                known.found = known.found.saturating_add(found);
                known.failure = known.failure.take().or(failure);
            }
            None => engines.push(EngineRun {
                engine: run.engine.clone(),
                found,
                failure,
            }),
        }
    }
    engines.extend(left_out.iter().map(|left_out| EngineRun {
        engine: left_out.engine.clone(),
        found: 0,
        failure: Some(left_out.failure.message.clone()),
    }));
    engines
}

/// The failures of a search as one, each engine once. The first says what to do.
fn failures(summary: &Summary, left_out: &[LeftOut]) -> Option<SearchFailure> {
    let mut told: Vec<&str> = Vec::new();
    let mut messages: Vec<String> = Vec::new();
    let mut hint = None;
    let mut retryable = false;
    for LeftOut { engine, failure } in left_out {
        messages.push(format!("{engine}: {failure}"));
        hint.get_or_insert_with(|| failure.hint.clone());
    }
    for run in summary.failed() {
        let Some(failure) = &run.failure else { continue };
        retryable |= matches!(
            failure.class.as_str(),
            "rate_limited" | "overloaded" | "unreachable" | "broken" | "empty_but_failed"
        );
        if !told.contains(&run.engine.as_str()) {
            told.push(&run.engine);
            messages.push(format!("{}: {}", run.engine, failure.message));
            hint.get_or_insert_with(|| failure.hint.clone());
        }
    }
    Some(SearchFailure {
        message: messages.join("; "),
        hint: hint?,
        retryable,
    })
}

fn not_asked(summary: &Summary) -> SearchFailure {
    let why: Vec<String> = summary
        .not_asked
        .iter()
        .map(|left_out| format!("{}: {}", left_out.engine, left_out.why))
        .collect();
    SearchFailure {
        message: format!("no engine could be asked ({})", why.join("; ")),
        hint: "word the question otherwise, or add a general engine as [[web.engine]] to the settings file"
            .to_owned(),
        retryable: false,
    }
}
