//! Research: the machine of `aiex-research`, and the world that it looks at.
//!
//! A run belongs to the daemon. It is taken up again when the daemon starts, and goes on whether or not a client
//! follows.

pub(crate) mod local;
mod meaning;
pub(crate) mod model;
mod service;
pub(crate) mod web;
pub(crate) mod world;

pub(crate) use service::{Open, ResearchService, run_id, wire_error};
