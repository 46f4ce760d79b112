//! Telling a run what to do.

use std::path::Path;

use aiex_protocol::Call;
use aiex_protocol::research::{ApproveArgs, Plan, RunArgs, RunState, RunSummary};

use super::Desk;
use super::start::run_of;
use super::watch;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::plan_file;
use crate::run_words::state_name;

/// What a run can be told.
pub(super) enum Order {
    Pause,
    Resume,
    Cancel,
    Retry,
    Finish,
    Approve {
        plan: Option<Plan>,
        note: Option<String>,
    },
}

impl Order {
    /// A yes, with the plan of a file.
    pub(super) fn approve(plan: Option<&Path>, note: Option<String>) -> Result<Self, Failure> {
        let plan = plan.map(plan_file::read).transpose()?;
        Ok(Self::Approve { plan, note })
    }

    fn call(self, run: String) -> Call {
        match self {
            Self::Pause => Call::ResearchPause(RunArgs { run }),
            Self::Resume => Call::ResearchResume(RunArgs { run }),
            Self::Cancel => Call::ResearchCancel(RunArgs { run }),
            Self::Retry => Call::ResearchRetry(RunArgs { run }),
            Self::Finish => Call::ResearchFinish(RunArgs { run }),
            Self::Approve { plan, note } => Call::ResearchApprove(ApproveArgs { run, plan, note }),
        }
    }
}

/// A run and what it is told.
pub(super) struct Steer {
    /// As the user names it.
    pub(super) run: String,
    /// What to do.
    pub(super) order: Order,
    /// Whether to watch it afterwards.
    pub(super) follows: bool,
}

impl Steer {
    /// Tells it, says how it stands then, and watches it if asked to.
    pub(super) async fn carry_out(self, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
        let follows = self.follows;
        let run = desk.find(&self.run).await?;
        let next_seq = desk.view(&run.id).await?.last_seq + 1;
        let now = self.give(&run.id, desk).await?;
        if follows {
            return watch::to_the_end(&run.id, next_seq, false, desk).await;
        }
        desk.printer.notice(&standing(&now));
        Ok(ExitCode::Ok)
    }

    /// Tells it.
    pub(super) async fn give(self, id: &str, desk: &mut Desk<'_>) -> Result<RunSummary, Failure> {
        desk.fetch(self.order.call(id.to_owned()), run_of).await
    }
}

/// How a run stands, and what can be done next.
fn standing(run: &RunSummary) -> String {
    let id = &run.id;
    let next = match run.state {
        RunState::Running => format!("`aiex research follow {id}` shows it"),
        RunState::AwaitingApproval => format!("`aiex research approve {id}` goes on"),
        RunState::Paused => format!("`aiex research resume {id}` goes on"),
        RunState::Done => format!("`aiex research export {id}` prints the report"),
        RunState::Failed | RunState::Cancelled => {
            format!("`aiex research retry {id}` goes on with what it has")
        }
    };
    format!("{id} {}; {next}", state_name(run.state))
}

/// Deletes runs. All are found before the first is deleted.
pub(super) async fn remove(names: &[String], desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
    let mut runs: Vec<String> = Vec::new();
    for name in names {
        let id = desk.find(name).await?.id;
        if !runs.contains(&id) {
            runs.push(id);
        }
    }
    for run in runs {
        let call = Call::ResearchRemove(RunArgs { run: run.clone() });
        desk.session.complete(call, desk.printer, desk.interrupt).await?;
        desk.printer.notice(&format!("removed {run}"));
    }
    Ok(ExitCode::Ok)
}
