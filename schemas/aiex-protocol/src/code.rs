//! Outlines, symbols, references, packs and likenesses: arguments and what comes back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::search::{Filters, SearchArgs};

/// Which repository, and what to wait for. Written between the other arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Place {
    /// A folder inside the repository; it is registered on first use.
    pub repo: String,
    /// Wait this many milliseconds for the index to see everything that is on disk now.
    pub wait_fresh_ms: Option<u64>,
    /// Wait for a first complete index before answering, however long it takes.
    pub wait_complete: bool,
    /// Register a folder that is not a repository, or a refused one, all the same.
    pub yes: bool,
}

/// Arguments of `outline`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutlineArgs {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The folder that relative paths start from; they may also start from the repository's root.
    pub from: String,
    /// Files, whose definitions are all listed, and folders, of whose files the outermost are.
    pub paths: Vec<String>,
    /// How many files and definitions at most; 0 means the default (10,000).
    pub limit: u32,
}

/// Arguments of `symbols`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SymbolsArgs {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The name, a part of it, or its words; every definition when empty.
    pub query: String,
    /// How many definitions at most; 0 means the default (50 for a query, 10,000 without).
    pub limit: u32,
    /// Which code.
    pub filters: Filters,
}

/// Arguments of `refs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RefsArgs {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The name, in its case.
    pub name: String,
    /// How many lines with uses at most; 0 means the default (10,000).
    pub limit: u32,
    /// Which code; kinds are not looked at.
    pub filters: Filters,
}

/// Arguments of `pack`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PackArgs {
    /// The question and where to look; its limit and mode are not read.
    pub search: SearchArgs,
    /// How many tokens the pack may take; 0 means the default (2,000).
    pub tokens: u32,
}

/// Arguments of `similar`. What comes back is that of a search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SimilarArgs {
    /// Where to look and how much; its query and mode are not read.
    pub search: SearchArgs,
    /// The folder that a relative path starts from; it may also start from the repository's root.
    pub from: String,
    /// The file.
    pub path: String,
    /// A line of the piece of code to find the like of, from 1.
    pub line: u32,
}

/// One definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Symbol {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// The name.
    pub name: String,
    /// What it lies in, outermost first (`module > Type`), or nothing.
    pub container: String,
    /// What is defined (`function`, `struct`, …).
    pub kind: String,
    /// The file's language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The line of the name, from 1.
    pub line: u32,
    /// The first line of the whole item, with its comment and attributes.
    pub start_line: u32,
    /// The last line of the whole item, inclusive.
    pub end_line: u32,
    /// How the name fits what was asked for: `exact`, `case`, `prefix`, `words` or `typo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<String>,
}

/// The definitions of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutlineReport {
    /// In the order asked for; those of a folder by path.
    pub files: Vec<FileOutline>,
    /// Whether every file and definition is there.
    pub is_whole: bool,
}

/// The definitions of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileOutline {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// The file's language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// In the order of the text.
    pub symbols: Vec<Symbol>,
}

/// Definitions by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolsReport {
    /// Best first.
    pub symbols: Vec<Symbol>,
    /// How many there are, listed or not.
    pub total: u64,
}

/// One line on which a name stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// Where the name begins on the line, in characters from 1.
    pub columns: Vec<u32>,
    /// The line as indexed, secrets redacted.
    pub text: String,
    /// What is defined, with its container; for a use, the innermost definition around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// What is defined; none for a use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The file's language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The definitions and uses of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefsReport {
    /// By path and line.
    pub definitions: Vec<Reference>,
    /// By path and line; a line with several uses is there once.
    pub uses: Vec<Reference>,
    /// How many definitions there are, listed or not.
    pub total_definitions: u64,
    /// How many uses there are, listed or not.
    pub total_uses: u64,
    /// Whether all of them are listed.
    pub is_whole: bool,
}

/// A span of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackedSpan {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The symbols that it defines or lies in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// The file's language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What introduces it: `path:start-end (symbol)`.
    pub heading: String,
    /// Tokens of its text, estimated.
    pub tokens: u32,
    /// Whole lines as indexed, secrets redacted.
    pub text: String,
    /// Whether lines of the span that was found are missing, for want of room.
    pub is_cut: bool,
}

/// The best context for a token budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackReport {
    /// Files in the order of their best span, spans of a file in the order of its text.
    pub spans: Vec<PackedSpan>,
    /// Tokens of all of it as Markdown, headings and fences included, estimated.
    pub tokens: u32,
    /// Tokens that it may take.
    pub budget: u32,
    /// The best of the spans that there was no room for, as `path:start-end`.
    pub left_out: Vec<String>,
    /// How many spans there was no room for.
    pub total_left_out: u64,
    /// How many spans were left out because their text is there already.
    pub repeats: u64,
}
