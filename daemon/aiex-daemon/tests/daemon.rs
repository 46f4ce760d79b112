//! The daemon as its clients see it: a real one in a temporary folder, a real socket, raw frames.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "daemon/answers.rs"]
mod answers;
#[path = "daemon/fake.rs"]
mod fake;
#[path = "daemon/following.rs"]
mod following;
#[path = "daemon/harness.rs"]
mod harness;
#[path = "daemon/hello.rs"]
mod hello;
#[path = "daemon/http.rs"]
mod http;
#[path = "daemon/index.rs"]
mod index;
#[path = "daemon/life.rs"]
mod life;
#[path = "daemon/lists.rs"]
mod lists;
#[path = "daemon/loopback.rs"]
mod loopback;
#[path = "daemon/refining.rs"]
mod refining;
#[path = "daemon/sources.rs"]
mod sources;
#[path = "daemon/streams.rs"]
mod streams;
