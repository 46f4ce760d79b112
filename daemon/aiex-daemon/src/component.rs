//! What the daemon is made of: parts that live, may fail, and are started again.

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// Why a component's life ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What happened.
    pub message: String,
    /// Whether the cause lies outside of the component and goes away on its own or by the user's
    /// hand (a full disk, a folder that is gone). Such a component is never given up.
    pub is_outside: bool,
}

impl Failure {
    /// A failure of the component itself.
    pub fn inside(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_outside: false,
        }
    }

    /// A failure of the world around it.
    pub fn outside(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_outside: true,
        }
    }
}

/// A part of the daemon. It is constructed with what it needs, then lives one or more times.
pub trait Component: Send + Sync + 'static {
    /// A name that tells it from every other.
    fn name(&self) -> String;

    /// One life. Ends soon after `stop` is cancelled, and otherwise only by failing.
    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>>;

    /// Told after a life ended in a failure or a panic, before the next begins.
    fn failed(&self, _failure: &Failure) {}
}
