//! Telling a service that is slow from one that is gone.
//!
//! A model may think for minutes, and a server may read weights from a disk first; both are waited for as long as the
//! deadlines say. But a service from which nothing has been heard for a moment is called beside the request. One that
//! answers the call is there and is waited for. One that does not is gone, and waiting for it would only cost time. What
//! any other request hears of the service counts as an answer: a server that does one thing at a time answers no calls
//! meanwhile.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::member::Member;
use crate::{LlmError, ProviderKind};

/// How long silence is taken for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Silence after which a service is called; doubled after every answer, up to half a minute.
    pub quiet: Duration,
    /// How long the call may go unanswered.
    pub call: Duration,
    /// The same for a server on one's own machine or network that may do one thing at a time: while it reads weights or
    /// a long prompt it answers nobody.
    pub near_call: Duration,
    /// Text that has begun to flow from a service elsewhere does not stop for longer than this.
    pub stall: Duration,
}

impl Default for Patience {
    /// A service elsewhere is given up after four seconds without a sign of life, one at hand after half a minute.
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(2),
            call: Duration::from_secs(2),
            near_call: Duration::from_secs(28),
            stall: Duration::from_secs(15),
        }
    }
}

/// The longest time between two calls.
const LONGEST_QUIET: Duration = Duration::from_secs(30);

impl Member {
    /// Waits for what a service is to say, as long as it is there.
    pub(super) async fn while_there<T>(
        &self,
        patience: &Patience,
        saying: impl Future<Output = Result<T, LlmError>>,
    ) -> Result<T, LlmError> {
        let began = Instant::now();
        let mut saying = pin!(saying);
        let mut quiet = patience.quiet;
        let call = if self.may_be_deaf() {
            patience.near_call
        } else {
            patience.call
        };
        loop {
            tokio::select! {
                biased;
                said = &mut saying => return said,
                () = sleep(quiet) => {}
            }
            let is_there = tokio::select! {
                biased;
                said = &mut saying => return said,
                is_there = self.provider.has_pulse(call) => is_there,
            };
            if !is_there {
                return Err(self.provider.silent(began.elapsed()));
            }
            quiet = (quiet * 2).min(LONGEST_QUIET);
        }
    }

    /// The same within an answer whose text has begun.
    pub(super) async fn while_it_flows<T>(
        &self,
        patience: &Patience,
        saying: impl Future<Output = Result<T, LlmError>>,
    ) -> Result<T, LlmError> {
        let saying = self.while_there(patience, saying);
        if self.provider.is_local() {
            return saying.await;
        }
        tokio::select! {
            biased;
            said = saying => said,
            () = sleep(patience.stall) => Err(self.provider.stalled(patience.stall)),
        }
    }

    /// Whether it may be at work and answer nobody meanwhile. Ollama and LM Studio answer at any time.
    fn may_be_deaf(&self) -> bool {
        let kind = self.provider.config().kind;
        self.provider.is_local() && !matches!(kind, ProviderKind::Ollama | ProviderKind::LmStudio)
    }
}
