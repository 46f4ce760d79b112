//! What is looked after once a minute: that the lock and the info file still mean this daemon, that the
//! socket is there and young, that crashes are forgotten after a good minute, and now and then the stores.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_config::{DaemonLock, exits, info};
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::component::{Component, Failure};
use crate::daemon::Exit;
use crate::handle::Handle;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(60);
/// Between two tidyings of the stores, in rounds: agents write hundreds of texts in that time.
const TIDY_EVERY: u64 = 10;

/// The component that makes the rounds.
pub(crate) struct Housekeeping {
    pub(crate) handle: Handle,
    pub(crate) lock: Arc<DaemonLock>,
}

impl Component for Housekeeping {
    fn name(&self) -> String {
        "housekeeping".to_owned()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let (handle, lock) = (self.handle.clone(), self.lock.clone());
        Box::pin(async move {
            let began = Instant::now();
            for round in 1_u64.. {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(ROUND) => {}
                }
                let (of, lock) = (handle.clone(), lock.clone());
                let round_ended = tokio::task::spawn_blocking(move || look(&of, &lock, began)).await;
                match round_ended {
                    Ok(None) => {}
                    Ok(Some(why)) => {
                        tracing::warn!(why, "this daemon is no longer the one that clients find");
                        handle.request_exit(Exit::Superseded);
                    }
                    Err(error) => return Err(Failure::inside(error.to_string())),
                }
                handle.streams.purge();
                if round.is_multiple_of(TIDY_EVERY) {
                    let (repositories, stop) = (handle.repositories.clone(), stop.clone());
                    tokio::task::spawn_blocking(move || repositories.tidy(&|| stop.is_cancelled()))
                        .await
                        .map_err(|error| Failure::inside(error.to_string()))?;
                }
            }
            Ok(())
        })
    }
}

/// One round. Why the daemon should go, if so.
pub(crate) fn look(handle: &Handle, lock: &DaemonLock, began: Instant) -> Option<&'static str> {
    if !lock.is_visible() {
        return Some("the lock file was deleted");
    }
    match info::read_info(&handle.home) {
        Ok(Some(found)) if found.token == handle.info.token => {}
        Ok(Some(_)) => return Some("the info file names another daemon"),
        Ok(None) => return Some("the info file was deleted"),
        // A disk that cannot be read now says nothing about who is named.
        Err(error) => tracing::warn!(%error, "the info file cannot be read"),
    }
    let socket = Path::new(&handle.info.socket);
    if !socket.exists() {
        return Some("the socket was deleted");
    }
    touch(socket);
    if began.elapsed() >= exits::WINDOW
        && let Err(error) = exits::clear(&handle.home)
    {
        tracing::warn!(%error, "old crashes cannot be forgotten");
    }
    None
}

/// Makes the socket look used, so that programs that sweep old files from `/tmp` leave it.
fn touch(socket: &Path) {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    if let Err(error) = utimensat(CWD, socket, &times, AtFlags::SYMLINK_NOFOLLOW) {
        tracing::debug!(%error, "the socket cannot be touched");
    }
}
