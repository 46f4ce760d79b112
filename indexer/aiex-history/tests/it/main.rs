//! Real repositories, made with git in temporary folders.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod limits;
mod repo;
mod searching;
mod shapes;
mod store;
