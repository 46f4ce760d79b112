//! Finds or starts the daemon and talks to it. Links nothing of it.
//!
//! ```text
//! Client::connect   info file → socket → hello            no lock, nothing heavy: the usual case
//!                   start lock → again → decide → spawn    policy.rs decides, connector.rs acts
//! Client::request   → EventStream                          many at once over one connection
//! Client::follow    → RunFollow                            a run's journal without holes, across daemons
//! ```
//!
//! A dropped connection is taken up again: streams are resumed where the daemon still has them, and asked
//! again where that is safe and nothing firm was shown. This crate does not know the terminal, the index or
//! the daemon's inside; what it has to say to people goes through a `notice` callback or a notice event.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod breaker;
mod budget;
mod client;
mod connector;
mod error;
mod follow;
mod inbox;
mod link;
mod policy;
mod recovery;
mod session;
mod spawn;
mod stop;
mod stream;
mod verbs;
mod wire;

pub use budget::Step;
pub use client::{Client, RequestOptions};
pub use connector::ConnectOptions;
pub use error::{ConnectError, RequestError};
pub use follow::{Followed, RunFollow};
pub use spawn::DaemonCommand;
pub use stop::{Stopped, stop};
pub use stream::EventStream;
