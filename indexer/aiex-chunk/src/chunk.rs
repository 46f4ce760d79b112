//! The crate's one operation: from a text to its chunks and symbols.

use std::ops::Range;

use crate::measure::{LineCounter, floor_boundary, tokens};
use crate::outline::{Outline, outline};
use crate::{Language, Limits, Symbol, cut, hazard, macros, parse};

/// A piece of a text. The chunks of a text tile it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it is in the text.
    pub bytes: Range<u32>,
    /// First and last line, counted from 1, both included.
    pub lines: (u32, u32),
    /// The definitions its start lies in, outermost first: `Type > function`. Empty at the top level.
    pub breadcrumb: String,
    /// Estimated tokens: one for every six characters begun of a run of letters and digits, one for each other
    /// visible character.
    pub tokens: u32,
    /// What it holds.
    pub kind: ChunkKind,
}

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChunkKind {
    /// A program.
    Code,
    /// Sentences.
    Prose,
    /// Keys and values.
    Data,
}

/// How a text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parse {
    /// By a syntax tree without errors.
    Syntax,
    /// By a syntax tree that has errors.
    Recovered,
    /// By lines: no grammar, too large, too slow, or not text.
    Lines,
}

/// The chunks and symbols of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunked {
    /// The language it was read as.
    pub language: Option<Language>,
    /// Pieces that tile the text.
    pub chunks: Vec<Chunk>,
    /// Definitions, in the order of the text.
    pub symbols: Vec<Symbol>,
    /// How it was read.
    pub parse: Parse,
}

/// Cuts a text into chunks and lists its symbols. Never fails: what cannot be parsed is cut by lines. Only the
/// first four gigabytes are looked at, which is what the ranges can address.
pub fn chunk(text: &str, language: Option<Language>, limits: &Limits) -> Chunked {
    let text = &text[..floor_boundary(text, u32::MAX as usize)];
    // Scanners of several grammars take a NUL for the end of the text.
    let readable =
        text.len() <= limits.max_parse_bytes as usize && memchr::memchr(0, text.as_bytes()).is_none();
    let syntax = language.filter(|_| readable).and_then(|language| {
        let readable = macros::blotted(hazard::readable(text, language)?, language);
        let tree = parse::parse(&readable, language, limits.parse_steps(text.len()))?;
        Some((tree, language))
    });
    let (outline, ranges, parse) = match &syntax {
        Some((tree, language)) => {
            let lookup = language.lookup();
            let outline = outline(text, tree, lookup, language.grammar().clauses, limits);
            let parse = if tree.root_node().has_error() {
                Parse::Recovered
            } else {
                Parse::Syntax
            };
            (outline, cut::cut(text, Some((tree, lookup)), limits), parse)
        }
        None => (Outline::empty(), cut::cut(text, None, limits), Parse::Lines),
    };
    let chunks = describe(text, ranges, &outline, kind_of(text, language));
    Chunked {
        language,
        chunks,
        symbols: outline.symbols,
        parse,
    }
}

fn describe(text: &str, ranges: Vec<Range<usize>>, outline: &Outline, kind: ChunkKind) -> Vec<Chunk> {
    let mut lines = LineCounter::new(text);
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    ranges
        .into_iter()
        .map(|range| {
            let body = &text[range.clone()];
            let first = range.start + (body.len() - body.trim_start().len());
            // An item that starts here names itself; only those around it are told.
            while outline
                .scopes
                .get(next)
                .is_some_and(|scope| scope.item.start < first)
            {
                open.push(next);
                next += 1;
            }
            while open
                .last()
                .is_some_and(|at| outline.scopes[*at].item.end <= first)
            {
                open.pop();
            }
            Chunk {
                lines: (lines.line_of(range.start), lines.line_of(range.end - 1)),
                breadcrumb: outline.path(text, open.last().copied()),
                tokens: tokens(body),
                kind,
                bytes: range.start as u32..range.end as u32,
            }
        })
        .collect()
}

fn kind_of(text: &str, language: Option<Language>) -> ChunkKind {
    match language {
        Some(Language::Markdown) => ChunkKind::Prose,
        Some(Language::Toml | Language::Yaml | Language::Json) => ChunkKind::Data,
        Some(_) => ChunkKind::Code,
        None => {
            // Sentences have few marks that programs are full of. One in sixteen separates licences and notes
            // from sources of languages without a grammar here.
            let head = &text.as_bytes()[..text.len().min(8192)];
            let marks = head
                .iter()
                .filter(|byte| b"{}()[]<>=;/\\_$#&|+*%^~@".contains(byte))
                .count();
            if marks * 16 < head.len() {
                ChunkKind::Prose
            } else {
                ChunkKind::Code
            }
        }
    }
}
