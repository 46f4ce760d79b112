//! The way out: refuse what is new, let what runs finish, cancel the rest, stop everything.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::daemon::Exit;
use crate::handle::Handle;

/// How long cancelled requests may take to say so.
const CANCEL_PATIENCE: Duration = Duration::from_secs(2);
/// How long components may take to stop: an update stops between two files.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long clients may take to go.
const CLIENT_PATIENCE: Duration = Duration::from_secs(2);

/// The signals that end a daemon.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    ends_on_hangup: bool,
}

impl Signals {
    /// Listens from here on. A daemon in the background outlives the terminal that it was started from.
    pub(crate) fn listen(foreground: bool) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            ends_on_hangup: foreground,
        })
    }

    /// Returns when one comes.
    pub(crate) async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => if self.ends_on_hangup {
                    return "SIGHUP";
                },
            }
        }
    }
}

/// Waits until the daemon is to exit, then winds it down. A second signal hurries.
pub(crate) async fn serve_until_exit(handle: &Handle, signals: &mut Signals) -> Exit {
    let exit = tokio::select! {
        exit = handle.exit_requested() => exit,
        name = signals.next() => {
            let exit = Exit::Signal { name };
            handle.request_exit(exit.clone());
            exit
        }
    };
    tokio::select! {
        () = wind_down(handle) => {}
        name = signals.next() => {
            tracing::warn!(name, "a second signal: leaving at once");
            handle.streams.cancel_all();
            handle.supervisor.stop_all(CANCEL_PATIENCE).await;
        }
    }
    exit
}

async fn wind_down(handle: &Handle) {
    // Who follows a run is sent on by the verb itself; the run goes on with the next daemon.
    let patience = handle.settings.daemon.drain_timeout;
    let running = handle.streams.wait_until_none_runs();
    if tokio::time::timeout(patience, running).await.is_err() {
        tracing::warn!(
            running = handle.streams.num_running(),
            "cancelling what still runs"
        );
        handle.streams.cancel_all();
        let cancelled = handle.streams.wait_until_none_runs();
        if tokio::time::timeout(CANCEL_PATIENCE, cancelled).await.is_err() {
            tracing::warn!("some requests did not stop");
        }
    }
    handle.research.shut_down().await;
    let notebook = handle.notebook.clone();
    let written = tokio::task::spawn_blocking(move || notebook.write_down());
    if tokio::time::timeout(STOP_PATIENCE, written).await.is_err() {
        tracing::warn!("the last searches could not be written down");
    }
    let mut facts = handle.bus.listen();
    if !handle.supervisor.stop_all(STOP_PATIENCE).await {
        tracing::warn!("some components did not stop");
    }
    let gone = async {
        while handle.num_clients() > 0 {
            // Each client that goes is told.
            if facts.recv().await.is_err() {
                tokio::task::yield_now().await;
            }
        }
    };
    // A client that does not close its end is left behind.
    let _ = tokio::time::timeout(CLIENT_PATIENCE, gone).await;
}
