//! Repositories and homes are laid out as real files in temporary folders.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asking;
mod cargo;
mod go;
mod hostile;
mod npm;
mod others;
mod python;
mod world;
