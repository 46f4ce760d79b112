//! Ctrl-C, noticed from the start of a verb to its end.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Remembers a Ctrl-C until somebody asks.
#[derive(Debug)]
pub(crate) struct Interrupt {
    signal: Signal,
}

impl Interrupt {
    /// From here on Ctrl-C no longer kills the program.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let signal = signal(SignalKind::interrupt())
            .map_err(|error| Failure::from_error(ExitCode::RequestFailed, &error))?;
        Ok(Self { signal })
    }

    /// Ends when Ctrl-C is pressed, or was since the last time. Safe to drop and call again.
    pub(crate) async fn pressed(&mut self) {
        if self.signal.recv().await.is_none() {
            // The runtime is ending; nobody waits for a key any more.
            std::future::pending::<()>().await;
        }
    }

    /// Does `work` unless Ctrl-C comes first.
    pub(crate) async fn or<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            outcome = work => outcome,
            () = self.pressed() => Err(Failure::Interrupted),
        }
    }
}
