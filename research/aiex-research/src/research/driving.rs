//! Setting runs off and bringing them to rest.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{Research, Running};
use crate::budget::Purse;
use crate::error::ResearchError;
use crate::event::Event;
use crate::gather::{Ahead, Early};
use crate::journal::{Past, Stop};
use crate::live::{Health, Live, Missed};
use crate::machine::Rest;
use crate::request::Approval;
use crate::run::RunState;
use crate::store::{Patch, RunRow};
use crate::template::Template;

impl Research {
    /// The templates for a run and its own. A run whose template has gone or broken since it was started fails; a
    /// broken file that it does not name costs it nothing else.
    async fn templates_of(
        &self,
        row: &RunRow,
    ) -> Result<Option<(Arc<Vec<Template>>, Option<Template>)>, ResearchError> {
        let library = self.library().await?;
        for error in library.broken() {
            tracing::warn!(%error, "a template of the user's is left out");
        }
        let Some(name) = &row.request.template else {
            return Ok(Some((Arc::new(library.templates), None)));
        };
        match library.named(name) {
            Ok(template) => Ok(Some((Arc::new(library.templates), Some(template)))),
            Err(error) => {
                let reason = error.to_string();
                let hint = ResearchError::from(error).hint().to_owned();
                let patch = Patch {
                    state: Some(RunState::Failed),
                    reason: Some(Some(reason.clone())),
                    ..Patch::default()
                };
                self.tell(&row.id, Event::Failed { reason, hint }, patch).await?;
                Ok(None)
            }
        }
    }

    /// Begins or continues a run in this process.
    pub(super) async fn set_off(&self, row: RunRow) -> Result<(), ResearchError> {
        let inner = &self.inner;
        if inner.closed.is_cancelled() {
            return Ok(());
        }
        let Some((templates, template)) = self.templates_of(&row).await? else {
            return Ok(());
        };
        let past = Past::of(inner.store.journal(&row.id).await?, row.generation);
        let approval = past.approval();
        let limits = row.request.limits();
        let purse =
            Purse::new(limits, Arc::clone(&inner.ports.clock), past.spent, past.wall_ms).with_lost(past.lost);
        let (halt, cancel) = (CancellationToken::new(), CancellationToken::new());
        let finishing = CancellationToken::new();
        if row.finishing {
            finishing.cancel();
        }
        let kept_since_ms = if row.request.fresh { row.created_ms } else { 0 };
        let live = Live {
            id: row.id.clone(),
            shape: row.request.depth.shape(),
            request: row.request,
            template,
            templates,
            nonce: row.nonce,
            generation: row.generation,
            kept_since_ms,
            ports: inner.ports.clone(),
            settings: Arc::clone(&inner.settings),
            store: inner.store.clone(),
            gates: Arc::clone(&inner.gates),
            purse,
            past,
            halt: halt.clone(),
            cancel: cancel.clone(),
            finishing: finishing.clone(),
            health: Health::default(),
            missed: Missed::default(),
            ahead: Ahead::default(),
            early: Early::default(),
        };
        let id = row.id.clone();
        let ticket = fastrand::u64(..);
        let mut running = self.running();
        let handle = Arc::downgrade(inner);
        let task = tokio::spawn(async move {
            drive(live, approval).await;
            let Some(inner) = handle.upgrade() else { return };
            let mut running = inner.running.lock().unwrap_or_else(PoisonError::into_inner);
            // It may have been retried meanwhile; then the place is another's.
            if running.get(&id).is_some_and(|running| running.ticket == ticket) {
                running.remove(&id);
            }
        });
        running.insert(
            row.id,
            Running {
                ticket,
                halt,
                cancel,
                finishing,
                task,
            },
        );
        Ok(())
    }
}

/// Runs a run to its rest, whatever happens.
async fn drive(live: Live, approval: Option<Approval>) {
    let reason = match AssertUnwindSafe(live.run(approval)).catch_unwind().await {
        Ok(Ok(Rest::Done | Rest::Failed | Rest::Awaiting) | Err(Stop::Halted)) => return,
        Ok(Err(Stop::Broken(ResearchError::Closed))) => return,
        Ok(Err(Stop::Broken(error))) => {
            // It cannot be kept that it failed; it goes on at the next opening.
            tracing::error!(run = %live.id, %error, "a run stopped because it cannot be kept");
            return;
        }
        Err(_panic) => "an internal fault; the log has the details".to_owned(),
    };
    let failed = Event::Failed {
        reason: reason.clone(),
        hint: "retry the run; what is done is kept".to_owned(),
    };
    let patch = Patch {
        state: Some(RunState::Failed),
        reason: Some(Some(reason)),
        ..Patch::default()
    };
    if let Err(stop) = live.mention(vec![failed], patch).await {
        tracing::error!(run = %live.id, ?stop, "a run's end was not kept");
    }
}
