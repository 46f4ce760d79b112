//! The client against daemons that follow a script, over real sockets, and against processes that it starts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod connecting;
mod fake;
mod following;
mod process;
mod starting;
mod streams;
