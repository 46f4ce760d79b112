//! What engines return, and what is left of it after merging. It does not know how the merging is done.

use serde::{Deserialize, Serialize};

use crate::Canonical;

/// One result of one engine, as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The page's title.
    pub title: String,
    /// Its address: `http` or `https`, without a user name and password.
    pub url: String,
    /// What the engine shows of it.
    pub snippet: String,
    /// When it was written, as the engine says it; free text.
    pub date: Option<String>,
    /// The licence under which its text may be quoted, and whose it is, where the engine says so.
    pub licence: Option<String>,
}

/// A page after merging, with all engines that returned it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The address to read it at.
    pub url: String,
    /// What names the page, whichever of its addresses was returned.
    pub canonical: Canonical,
    /// Its host, without `www.`.
    pub host: String,
    /// Its title.
    pub title: String,
    /// What the best placed engine shows of it.
    pub snippet: String,
    /// When it was written, as an engine says it; free text.
    pub date: Option<String>,
    /// The licence under which its text may be quoted, where an engine says so.
    pub licence: Option<String>,
    /// What it was ranked by; comparable within one search only.
    pub score: f64,
    /// Where it stood, by engine and query.
    pub sightings: Vec<Sighting>,
    /// Other addresses of the same text.
    pub copies: Vec<String>,
}

/// A place in one engine's answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sighting {
    /// The engine's name.
    pub engine: String,
    /// What it was asked.
    pub query: String,
    /// The place in its answer, from 1.
    pub rank: u32,
}
