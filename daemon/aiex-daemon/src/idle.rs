//! Ends the daemon when nobody needs it. Sleeps until something happens or the time is up.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::component::{Component, Failure};
use crate::daemon::Exit;
use crate::handle::Handle;

/// Between two looks while something is at work.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The component that watches for idleness.
pub(crate) struct IdleExit {
    pub(crate) handle: Handle,
    pub(crate) after: Duration,
}

impl Component for IdleExit {
    fn name(&self) -> String {
        "idle".to_owned()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let (handle, after) = (self.handle.clone(), self.after);
        Box::pin(async move {
            // Listening begins before looking, so that nothing falls in between.
            let mut facts = handle.bus.listen();
            let mut idle_since = Instant::now();
            loop {
                let is_busy = handle.num_clients() > 0
                    || handle.streams.num_running() > 0
                    || handle.repositories.is_building()
                    || handle.research.busy() > 0;
                if is_busy {
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        // A listener that fell behind looks again, which is all it would do.
                        _ = facts.recv() => {}
                        // A run of research ends without a word to the bus.
                        () = tokio::time::sleep(LOOK_AGAIN) => {}
                    }
                    idle_since = Instant::now();
                    continue;
                }
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    fact = facts.recv() => if is_use(fact.ok().as_ref()) {
                        idle_since = Instant::now();
                    },
                    () = tokio::time::sleep_until(idle_since + after) => {
                        handle.request_exit(Exit::Idle { after });
                        stop.cancelled().await;
                        return Ok(());
                    }
                }
            }
        })
    }
}

/// Whether somebody used the daemon. Files that change while nobody asks are no use.
fn is_use(fact: Option<&crate::event::Event>) -> bool {
    use crate::event::Event;
    match fact {
        Some(
            Event::ClientConnected { .. }
            | Event::ClientGone
            | Event::RequestStarted { .. }
            | Event::RequestEnded { .. }
            | Event::RepoAdded { .. }
            | Event::RepoRemoved { .. },
        )
        | None => true,
        Some(_) => false,
    }
}
