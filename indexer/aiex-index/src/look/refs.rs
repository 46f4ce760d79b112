//! Every use of a name: each whole-word occurrence in the texts, with the definitions told apart by the outlines.

use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_grams::Query;
use regex::Regex;

use crate::error::SearchError;
use crate::repo::RepoIndex;
use crate::search::filter::Conditions;
use crate::search::request::SearchRequest;
use crate::search::scan::{self, MAX_LINE_CHARS, Scan, lost_notice};
use crate::snapshot::FileEntry;

/// A name is no longer than this, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Which name to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefsRequest {
    /// The name, in its case.
    pub name: String,
    /// How many lines with uses at most; as many definitions.
    pub limit: usize,
    /// Globs over paths; a leading `!` excludes.
    pub paths: Vec<String>,
    /// Language names.
    pub languages: Vec<String>,
}

/// One line on which the name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// Where the name begins on the line, in characters from 1.
    pub columns: Vec<u32>,
    /// The line.
    pub text: String,
    /// What is defined, with its container; for a use, the innermost definition around it.
    pub symbol: Option<String>,
    /// What is defined; none for a use.
    pub kind: Option<&'static str>,
    /// The file's language.
    pub language: Option<&'static str>,
}

/// The definitions and uses of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefsOutcome {
    /// By path and line.
    pub definitions: Vec<Reference>,
    /// By path and line; a line with several uses is there once.
    pub uses: Vec<Reference>,
    /// How many definitions there are, listed or not.
    pub num_definitions: u64,
    /// How many uses there are, listed or not.
    pub num_uses: u64,
    /// Whether all of them are listed.
    pub is_whole: bool,
    /// What the user should know.
    pub notices: Vec<String>,
    /// The generation looked at.
    pub generation: u64,
}

/// What one file holds.
#[derive(Default)]
struct InFile {
    definitions: Vec<Reference>,
    uses: Vec<Reference>,
    num_definitions: u64,
    num_uses: u64,
}

pub(crate) fn run(
    repo: &RepoIndex,
    request: &RefsRequest,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<RefsOutcome, SearchError> {
    let name = request.name.trim();
    let regex = whole_word(name)?;
    let served = repo.served();
    let snapshot = &served.snapshot;
    let conditions = Conditions::new(&SearchRequest {
        paths: request.paths.clone(),
        languages: request.languages.clone(),
        ..SearchRequest::default()
    })?;
    let files = scan::files(repo, &served, &Query::of_literal(name), &conditions);
    let num_listed = AtomicUsize::new(0);
    let is_full = || num_listed.load(Ordering::Relaxed) > request.limit;
    let look = |file: &FileEntry, text: &str, is_behind: bool| {
        let room = if is_behind { 0 } else { request.limit + 1 };
        let seen = in_file(file, text, name, &regex, request.limit, room);
        num_listed.fetch_add(seen.uses.len(), Ordering::Relaxed);
        seen
    };
    let scan = Scan {
        repo,
        files: &files,
        is_cancelled,
    };
    let (found, lost) = scan.run(&is_full, &look)?;
    let mut outcome = RefsOutcome {
        generation: snapshot.generation,
        ..RefsOutcome::default()
    };
    for file in found {
        outcome.num_definitions += file.num_definitions;
        outcome.num_uses += file.num_uses;
        outcome.definitions.extend(file.definitions);
        outcome.definitions.truncate(request.limit);
        outcome.uses.extend(file.uses);
        outcome.uses.truncate(request.limit);
    }
    let listed: u64 = outcome.uses.iter().map(|one| one.columns.len() as u64).sum();
    outcome.is_whole = lost == 0
        && listed == outcome.num_uses
        && outcome.definitions.len() as u64 == outcome.num_definitions;
    if lost > 0 {
        outcome.notices.push(lost_notice(lost));
    }
    Ok(outcome)
}

/// Finds a name where no letter, digit or underscore goes on before or behind it.
fn whole_word(name: &str) -> Result<Regex, SearchError> {
    let invalid = |message: String| SearchError::InvalidSubject {
        message,
        hint: "name one identifier; `aiex search --literal` finds text with spaces in it",
    };
    if name.is_empty() || name.contains(char::is_whitespace) || name.len() > MAX_NAME_BYTES {
        return Err(invalid(format!("`{name}` is not one name")));
    }
    let pattern = format!(r"\b{{start-half}}{}\b{{end-half}}", regex::escape(name));
    Regex::new(&pattern).map_err(|error| invalid(error.to_string()))
}

/// The occurrences in a text: at most `max_definitions` and `max_uses` lines of them, and the number of all.
fn in_file(
    file: &FileEntry,
    text: &str,
    name: &str,
    regex: &Regex,
    max_definitions: usize,
    max_uses: usize,
) -> InFile {
    let outline = file.outline().unwrap_or_default();
    let mut waiting: Vec<_> = outline
        .all_definitions()
        .iter()
        .filter(|definition| outline.name(definition) == name)
        .collect();
    let mut seen = InFile {
        num_definitions: waiting.len() as u64,
        ..InFile::default()
    };
    let language = file.language.map(aiex_chunk::Language::name);
    let mut line = 1_u32;
    let mut counted = 0;
    for found in regex.find_iter(text) {
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..found.start()]).count() as u32;
        counted = found.start();
        let begin = text[..found.start()].rfind('\n').map_or(0, |at| at + 1);
        let column = text[begin..found.start()].chars().count() as u32 + 1;
        let reference = |symbol, kind| Reference {
            path: file.path.to_string(),
            line,
            columns: vec![column],
            text: line_at(text, begin),
            symbol,
            kind,
            language,
        };
        // The first occurrence on the line of a definition's name is that name.
        if let Some(at) = waiting.iter().position(|definition| definition.line == line) {
            let definition = waiting.remove(at);
            if seen.definitions.len() < max_definitions {
                let symbol = outline.qualified(definition);
                seen.definitions
                    .push(reference(Some(symbol), Some(definition.kind().name())));
            }
            continue;
        }
        seen.num_uses += 1;
        if let Some(last) = seen.uses.last_mut().filter(|last| last.line == line) {
            last.columns.push(column);
        } else if seen.uses.len() < max_uses {
            let symbol = outline.enclosing(line).map(|around| outline.qualified(around));
            seen.uses.push(reference(symbol, None));
        }
    }
    // A name that is a part of a word, as an id in a style sheet may be, is a definition all the same.
    for definition in waiting {
        let begin = text
            .split_inclusive('\n')
            .take(definition.line.saturating_sub(1) as usize)
            .map(str::len)
            .sum();
        if seen.definitions.len() < max_definitions {
            seen.definitions.push(Reference {
                path: file.path.to_string(),
                line: definition.line,
                columns: Vec::new(),
                text: line_at(text, begin),
                symbol: Some(outline.qualified(definition)),
                kind: Some(definition.kind().name()),
                language,
            });
        }
    }
    seen.definitions.sort_by_key(|definition| definition.line);
    seen
}

fn line_at(text: &str, begin: usize) -> String {
    let rest = text.get(begin..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    line.chars().take(MAX_LINE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_found() {
        let found = |name: &str, text: &str| whole_word(name).unwrap().find_iter(text).count();
        assert_eq!(
            found("next", "next nextly anext next_one (next) a.next() Next next"),
            4
        );
        assert_eq!(found("empty?", "a.empty? empty?x empty?"), 2);
        assert_eq!(found("größe", "größe(größe) größer"), 2);
        assert!(whole_word("").is_err());
        assert!(whole_word("a b").is_err());
    }
}
