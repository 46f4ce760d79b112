//! Reads pages: guarded fetching, extraction of what they say, and distrust of what they ask.
//!
//! A [`Fetcher`](fetch::Fetcher) gets bytes from the public internet and from nowhere else. An
//! [`Extractor`](extract::Extractor) makes Markdown of them. [`untrusted`] prepares text of strangers for a
//! model. The crate does not know why a page is read: no search, no questions, no citations.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod extract;
pub mod fetch;
pub mod untrusted;
