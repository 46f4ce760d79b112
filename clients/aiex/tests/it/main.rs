//! The program as a user has it: the real binary, a home folder of its own for each test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ask;
mod backup;
mod bookmark;
mod caches;
mod daemon;
mod doctor;
mod eval;
mod follow_up;
mod history;
mod keys;
mod keys_typed;
mod lists;
mod output;
mod pack;
mod repos;
mod research;
mod research_cited;
mod research_outside;
mod research_told;
mod scripted;
mod search;
mod similar;
mod usage;
mod vector_server;
mod world;
