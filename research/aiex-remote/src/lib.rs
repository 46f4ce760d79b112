//! What every paid service needs of its client: keys that cannot be printed, their rotation, rates, breakers and
//! waits.
//!
//! A [`KeyRing`] lends the key of a service that may be used soonest, and learns from each [`Failure`] which key to
//! leave alone and for how long. A [`Breaker`] keeps requests from a service that is down. [`retry_after`] reads what
//! the server asked for, [`Backoff`] says how long to wait when it asked for nothing.
//!
//! This crate sends nothing and knows no vendor: status codes and bodies are turned into a [`Failure`] by those who
//! speak to the service. All waiting is on tokio's clock, so that tests can stop it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod backoff;
mod breaker;
mod bucket;
mod failure;
mod keyring;
mod secret;
mod wait;
mod words;

pub use backoff::Backoff;
pub use breaker::{Breaker, Pass, Resting, Rests};
pub use bucket::{Bucket, Late, Rate};
pub use failure::{Failure, Phase};
pub use keyring::{KeyRing, Lease, NoKey, Parked, ParkedKey};
pub use secret::Secret;
pub use wait::{LONGEST_WAIT, retry_after};
pub use words::clipped;
