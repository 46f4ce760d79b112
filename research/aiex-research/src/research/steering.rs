//! Telling runs what to do.

use std::time::Duration;

use super::{Research, Running};
use crate::error::ResearchError;
use crate::event::Event;
use crate::journal;
use crate::machine::APPROVAL;
use crate::plan::Plan;
use crate::ports::SourceKind;
use crate::request::Approval;
use crate::run::{RunId, RunState};
use crate::store::{Commit, Patch, RunRow};

/// How long a task that was told to drop its calls is waited for.
const LAST_WAIT: Duration = Duration::from_secs(1);

impl Research {
    /// Says yes to a plan, as it is or as edited. The run goes on.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it does not wait for that.
    pub async fn approve(&self, run: &RunId, approval: Approval) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        let row = self
            .in_state(run, "go on with its plan", |state| {
                state == RunState::AwaitingApproval
            })
            .await?;
        if approval.plan.as_ref().is_some_and(|plan| {
            plan.sub_questions
                .iter()
                .all(|sub| sub.question.trim().is_empty())
        }) {
            return Err(ResearchError::Request("the plan has no sub-question".to_owned()));
        }
        if let Some(plan) = &approval.plan {
            self.can_be_searched(plan)?;
        }
        let line = journal::line_of(APPROVAL, &approval)?;
        let mut commit = Commit::new(run, self.inner.ports.clock.unix_ms());
        commit.lines.push(line);
        commit.patch.state = Some(RunState::Running);
        self.inner.store.commit(commit).await?;
        self.set_off(row).await
    }

    /// Whether there is a source for each part of an edited plan: one that names none goes to all.
    fn can_be_searched(&self, plan: &Plan) -> Result<(), ResearchError> {
        let mut available = self.inner.ports.searcher.available();
        available.push(SourceKind::Reports);
        let words = |kinds: &[SourceKind]| {
            kinds
                .iter()
                .map(|kind| kind.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let missing = plan
            .sub_questions
            .iter()
            .find(|sub| !sub.sources.is_empty() && !sub.sources.iter().any(|kind| available.contains(kind)));
        match missing {
            None => Ok(()),
            Some(sub) => Err(ResearchError::Request(format!(
                "`{}` is to be searched in {}, which cannot be searched now; there are {}",
                sub.question.trim(),
                words(&sub.sources),
                words(&available)
            ))),
        }
    }

    /// Stops a run until it is resumed. Calls in flight may end within [`Settings::pause_grace`](crate::Settings::pause_grace); later ones are dropped.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it is not at work.
    pub async fn pause(&self, run: &RunId) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        self.in_state(run, "pause", |state| state == RunState::Running)
            .await?;
        self.stop(run, self.inner.settings.pause_grace).await;
        // It may have come to its end before it heard.
        self.in_state(run, "pause", |state| state == RunState::Running)
            .await?;
        self.tell(
            run,
            Event::Paused,
            Patch {
                state: Some(RunState::Paused),
                ..Patch::default()
            },
        )
        .await
    }

    /// Goes on with a paused run.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it is not paused.
    pub async fn resume(&self, run: &RunId) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        let row = self
            .in_state(run, "resume", |state| state == RunState::Paused)
            .await?;
        self.tell(
            run,
            Event::Resumed,
            Patch {
                state: Some(RunState::Running),
                ..Patch::default()
            },
        )
        .await?;
        self.set_off(row).await
    }

    /// Ends a run without a report. Its evidence is kept.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it has ended already.
    pub async fn cancel(&self, run: &RunId) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        self.in_state(run, "cancel", |state| !state.is_over()).await?;
        self.stop(run, Duration::ZERO).await;
        self.in_state(run, "cancel", |state| !state.is_over()).await?;
        self.tell(
            run,
            Event::Cancelled,
            Patch {
                state: Some(RunState::Cancelled),
                ..Patch::default()
            },
        )
        .await
    }

    /// Goes on with a run that has ended: what succeeded is kept, what failed or was refused is tried again. The budget
    /// is the old one, with what was spent.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it has not ended.
    pub async fn retry(&self, run: &RunId) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        self.in_state(run, "retry", RunState::is_over).await?;
        let patch = Patch {
            state: Some(RunState::Running),
            reason: Some(None),
            finishing: Some(false),
            next_generation: true,
            ..Patch::default()
        };
        self.tell(run, Event::Resumed, patch).await?;
        self.set_off(self.inner.store.run(run).await?).await
    }

    /// Tells a run to make its report of what it has.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it is not at work.
    pub async fn finish_now(&self, run: &RunId) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        self.in_state(run, "finish", |state| state == RunState::Running)
            .await?;
        self.tell(
            run,
            Event::Finishing,
            Patch {
                finishing: Some(true),
                ..Patch::default()
            },
        )
        .await?;
        if let Some(running) = self.running().get(run) {
            running.finishing.cancel();
        }
        Ok(())
    }

    /// Deletes a run that has ended, with its report and its evidence.
    ///
    /// # Errors
    /// [`ResearchError::WrongState`] when it has not ended.
    pub async fn remove(&self, run: &RunId) -> Result<(), ResearchError> {
        let _alone = self.inner.steering.lock().await;
        self.in_state(run, "go", RunState::is_over).await?;
        let mut commit = Commit::new(run, self.inner.ports.clock.unix_ms());
        commit.delete = true;
        self.inner.store.commit(commit).await
    }

    async fn in_state(
        &self,
        run: &RunId,
        wish: &'static str,
        allowed: impl FnOnce(RunState) -> bool,
    ) -> Result<RunRow, ResearchError> {
        let row = self.inner.store.run(run).await?;
        if allowed(row.state) {
            Ok(row)
        } else {
            Err(ResearchError::WrongState {
                run: run.clone(),
                state: row.state,
                wish,
            })
        }
    }

    /// Stops a run's task: no further call begins, and after the grace those in flight are dropped.
    pub(super) async fn stop(&self, run: &RunId, grace: Duration) {
        let Some(Running {
            halt, cancel, task, ..
        }) = self.running().remove(run)
        else {
            return;
        };
        halt.cancel();
        let mut task = task;
        if grace.is_zero() || tokio::time::timeout(grace, &mut task).await.is_err() {
            cancel.cancel();
            // A port that does not hear of it is dropped with the task.
            let last = tokio::time::timeout(LAST_WAIT, &mut task).await;
            if last.is_err() {
                task.abort();
            }
        }
    }
}
