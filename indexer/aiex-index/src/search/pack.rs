//! The best context for a token budget: ranked spans without repeats, as many files as fit.

mod fill;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use self::fill::{Filled, Piece};
use super::request::{Mode, SearchRequest};
use crate::error::SearchError;
use crate::repo::RepoIndex;

/// Ranked spans that are asked for: several times what a usual budget holds.
const CANDIDATES: usize = 60;

/// Times that packing begins again because a generation was published under it.
const MAX_RESTARTS: usize = 3;

/// Of what was left out, so many places are named.
const MAX_NAMED: usize = 20;

/// Tokens kept free for the line that says what was left out, in a budget that can spare them.
const CLOSING: u32 = 32;

/// What to pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackRequest {
    /// The question and its filters; limit and mode are not read.
    pub search: SearchRequest,
    /// Tokens that the packed Markdown may take, by [`aiex_chunk::tokens`].
    pub tokens: u32,
}

/// A span of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedSpan {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The symbols that it defines or lies in.
    pub symbol: Option<String>,
    /// The file's language.
    pub language: Option<&'static str>,
    /// What introduces it: `path:start-end (symbol)`.
    pub heading: String,
    /// Tokens of its text.
    pub tokens: u32,
    /// Whole lines, as indexed, secrets redacted.
    pub text: String,
    /// Whether lines were left out of the span that was found, for want of room.
    pub is_cut: bool,
}

/// A pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackOutcome {
    /// Files in the order of their best span, spans of a file in the order of its text.
    pub spans: Vec<PackedSpan>,
    /// Tokens of the whole as Markdown, headings and fences included; never more than asked for.
    pub tokens: u32,
    /// Spans for which there was no room, as `path:start-end`: the best of them.
    pub left_out: Vec<String>,
    /// How many spans there was no room for.
    pub num_left_out: u64,
    /// How many spans were left out because their text is there already.
    pub num_repeats: u64,
    /// How the query was read.
    pub route: &'static str,
    /// The generation searched.
    pub generation: u64,
    /// What the user should know.
    pub notices: Vec<String>,
}

pub(crate) fn run(
    repo: &RepoIndex,
    request: &PackRequest,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<PackOutcome, SearchError> {
    let search = SearchRequest {
        limit: CANDIDATES,
        mode: Mode::Auto,
        explain: false,
        ..request.search.clone()
    };
    let mut restarts = 0;
    let (found, texts) = loop {
        let found = super::run(repo, &search, &mut |_| {}, is_cancelled)?;
        let paths: HashSet<&str> = found.hits.iter().map(|hit| hit.path.as_str()).collect();
        let served = repo.served();
        if served.snapshot.generation != found.generation && restarts < MAX_RESTARTS {
            restarts += 1;
            continue;
        }
        let mut texts: HashMap<String, Arc<str>> = HashMap::new();
        for file in served.snapshot.files() {
            if paths.contains(&*file.path)
                && let Some(text) = repo.shared().content.shown(&file.key)?
            {
                texts.insert(file.path.to_string(), text);
            }
        }
        break (found, texts);
    };
    let pieces: Vec<Piece> = found.hits.into_iter().map(Piece::from).collect();
    let reserve = if request.tokens >= 12 * CLOSING {
        CLOSING
    } else {
        0
    };
    let mut filled = fill::fill(pieces, request.tokens - reserve);
    filled.merge(&|path, from, to| {
        texts.get(path).is_some_and(|text| {
            let mut between = text
                .lines()
                .skip(from as usize - 1)
                .take((to + 1 - from) as usize);
            between.all(|line| line.trim().is_empty())
        })
    });
    let Filled {
        pieces,
        left_out,
        num_repeats,
    } = filled;
    let tokens = pieces.iter().map(Piece::cost).sum();
    Ok(PackOutcome {
        spans: pieces.into_iter().map(Piece::packed).collect(),
        tokens,
        left_out: left_out.iter().take(MAX_NAMED).map(Piece::place).collect(),
        num_left_out: left_out.len() as u64,
        num_repeats,
        route: found.route,
        generation: found.generation,
        notices: found.notices,
    })
}
