//! What goes wrong on real machines, done to the real program on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod changes;
mod contracts;
mod crashes;
mod damage;
mod handles;
mod leaving;
mod oddities;
mod starting;
mod storage;
mod tree;
mod wire;
mod world;
