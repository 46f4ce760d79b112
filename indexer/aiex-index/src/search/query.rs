//! Reading a query: what kind of question it is, and what it is about.

use aiex_chunk::Language;
use aiex_lexical::stem;

use super::frames::{Frame, frames};
use super::words::{is_stop_word, parts};

/// What kind of question a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// A name: `TokenBucket`, `Parser::next`, `fn retry`.
    Symbol,
    /// A sentence or a few words.
    Natural,
    /// Words with names among them, or one plain word that may be either.
    Mixed,
    /// A path or a file name.
    Path,
}

impl Route {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Natural => "natural",
            Self::Mixed => "mixed",
            Self::Path => "path",
        }
    }
}

/// A name in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The last part: `next` of `Parser::next`.
    pub(crate) name: String,
    /// The part before it: `Parser`.
    pub(crate) container: Option<String>,
}

/// A query, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) route: Route,
    /// Lower-cased, without stop words, in order, one of each stem.
    pub(crate) words: Vec<String>,
    /// Their stems.
    pub(crate) stems: Vec<String>,
    /// The language that each names, if it does.
    pub(crate) languages: Vec<Option<Language>>,
    /// Names that definitions are looked up for.
    pub(crate) names: Vec<Name>,
    /// Places that it names by file and line, what matters most first.
    pub(crate) frames: Vec<Frame>,
    pub(crate) wants_tests: bool,
    pub(crate) wants_examples: bool,
    pub(crate) wants_benches: bool,
    pub(crate) wants_docs: bool,
    pub(crate) wants_settings: bool,
    pub(crate) wants_legacy: bool,
    /// Versions that it names as folders are named after them: 3 of `v3`.
    pub(crate) versions: Vec<u32>,
}

/// Words before a name that say that its definition is asked for.
const DEFINITION_WORDS: &[&str] = &[
    "class",
    "const",
    "def",
    "defmodule",
    "enum",
    "fn",
    "func",
    "function",
    "impl",
    "interface",
    "macro",
    "method",
    "module",
    "object",
    "package",
    "protocol",
    "record",
    "struct",
    "trait",
    "type",
    "typedef",
    "union",
];

/// Characters read of a query that was pasted rather than typed: its beginning and its end, where logs and traces
/// hold their point.
const MAX_BEGINNING: usize = 1_400;
const MAX_END: usize = 600;

/// Bytes of a query that are searched for frames of a stack trace.
const MAX_TRACE: usize = 256 * 1024;

/// A query without the middle that nobody typed.
fn cut(text: &str) -> String {
    let ends = |count: usize| text.char_indices().nth(count).map(|(at, _)| at);
    if ends(MAX_BEGINNING + MAX_END).is_none() {
        return text.to_owned();
    }
    let beginning = ends(MAX_BEGINNING).unwrap_or(text.len());
    let end = text
        .char_indices()
        .nth_back(MAX_END - 1)
        .map_or(text.len(), |(at, _)| at);
    // No word is cut in two.
    let beginning = &text[..beginning];
    let beginning = beginning
        .rsplit_once(char::is_whitespace)
        .map_or(beginning, |(whole, _)| whole);
    let end = &text[end..];
    let end = end
        .split_once(char::is_whitespace)
        .map_or(end, |(_, whole)| whole);
    format!("{beginning} {end}")
}

impl Query {
    /// Whether a word of this stem names a language.
    pub(crate) fn names_language(&self, stem: &str) -> bool {
        let mut words = self.stems.iter().zip(&self.languages);
        words.any(|(own, language)| own == stem && language.is_some())
    }

    /// Reads a query; nothing if there is nothing in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let whole = text.trim();
        if whole.is_empty() {
            return None;
        }
        let trace = (0..=whole.len().min(MAX_TRACE))
            .rev()
            .find_map(|end| whole.get(..end));
        let frames = frames(trace.unwrap_or_default());
        let text = cut(whole);
        let tokens: Vec<&str> = text.split_whitespace().collect();
        let (mut words, mut stems): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for word in parts(&text) {
            let is_single = word.chars().count() == 1 && word.is_ascii();
            let stem = stem(&word);
            if !is_single && !is_stop_word(&word) && !stems.contains(&stem) {
                words.push(word);
                stems.push(stem);
            }
        }
        let languages = words
            .iter()
            .map(|word| named_language(word).filter(|_| words.len() > 1))
            .collect();
        let says = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        let mut query = Self {
            route: Route::Natural,
            names: Vec::new(),
            wants_tests: says(&[
                "test", "tests", "testing", "tested", "spec", "specs", "unittest", "fixture", "fixtures",
                "mock", "mocks",
            ]),
            wants_examples: says(&[
                "example",
                "examples",
                "sample",
                "samples",
                "demo",
                "demos",
                "tutorial",
                "tutorials",
            ]),
            wants_benches: says(&["bench", "benches", "benchmark", "benchmarks"]),
            wants_docs: says(&[
                "doc",
                "docs",
                "documentation",
                "readme",
                "guide",
                "guides",
                "changelog",
                "license",
                "licence",
                "manual",
            ]),
            wants_settings: says(&[
                "config",
                "configuration",
                "configured",
                "settings",
                "setting",
                "yaml",
                "toml",
                "json",
                "manifest",
            ]),
            wants_legacy: says(&[
                "compat",
                "compatibility",
                "legacy",
                "deprecated",
                "deprecation",
                "deprecations",
            ]),
            versions: tokens
                .iter()
                .filter_map(|token| version(token.trim_matches(is_quote)))
                .collect(),
            words,
            stems,
            languages,
            frames,
            text: text.clone(),
        };
        match tokens.as_slice() {
            // `src/pool.rs:88:17`, as compilers write it.
            [_] if query.frames.len() == 1 => {
                query.text = query.frames[0].path();
                query.route = Route::Path;
            }
            [one] if looks_like_path(one) => query.route = Route::Path,
            [one] if looks_like_name(one) => {
                query.route = Route::Symbol;
                query.names.push(Name::parse(one));
            }
            [one] => {
                query.route = Route::Mixed;
                query.names.push(Name::parse(one));
            }
            [word, name] if DEFINITION_WORDS.contains(word) && is_identifier(name) => {
                query.route = Route::Symbol;
                query.names.push(Name::parse(name));
            }
            many => {
                for token in many.iter().map(|token| token.trim_matches(is_quote)) {
                    if looks_like_name(token) && !is_sentence_start(token, many) {
                        query.names.push(Name::parse(token));
                    }
                }
                query.names.truncate(8);
                if !query.names.is_empty() {
                    query.route = Route::Mixed;
                }
            }
        }
        Some(query)
    }
}

/// 3 of `v3`.
fn version(token: &str) -> Option<u32> {
    token.strip_prefix(['v', 'V'])?.parse().ok()
}

impl Name {
    fn parse(token: &str) -> Self {
        let token = token
            .trim_matches(is_quote)
            .trim_end_matches("()")
            .trim_end_matches('!');
        let mut parts = token
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '?')))
            .filter(|part| !part.is_empty())
            .rev();
        let name = parts.next().unwrap_or(token).to_owned();
        let container = parts.next().map(str::to_owned);
        Self { name, container }
    }
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '`' | '"' | '\'' | ',' | '.' | ':' | ';' | '?' | '(' | ')' | '[' | ']' | '“' | '”'
    )
}

fn is_identifier(token: &str) -> bool {
    !token.is_empty()
        && !token.starts_with(|c: char| c.is_numeric())
        && token
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ':' | '.' | '#' | '\\' | '?' | '!'))
}

/// Whether a token is written as names in code are and words in sentences are not: qualified, with
/// `_`, with a capital inside, or capitalised.
fn looks_like_name(token: &str) -> bool {
    let token = token.trim_end_matches("()").trim_end_matches('!');
    let qualified = ["::", "->", ".", "#", "\\"].iter().any(|sign| {
        token
            .split_once(sign)
            .is_some_and(|(a, b)| !a.is_empty() && b.starts_with(|c: char| c.is_alphabetic() || c == '_'))
    });
    if qualified {
        return token
            .chars()
            .all(|c| c.is_alphanumeric() || "_:->.#\\$".contains(c));
    }
    if !is_identifier(token) || token.contains([':', '.', '#', '\\']) {
        return false;
    }
    let inner_capital =
        token.chars().skip(1).any(char::is_uppercase) && token.chars().any(char::is_lowercase);
    let capital = token.starts_with(char::is_uppercase) && token.chars().count() > 1;
    token.contains('_') || inner_capital || capital
}

/// Whether a capital only comes from standing first in a sentence, or from English habit.
fn is_sentence_start(token: &str, tokens: &[&str]) -> bool {
    let plain = token.chars().skip(1).all(char::is_lowercase);
    let first = tokens
        .first()
        .is_some_and(|first| first.trim_matches(is_quote) == token);
    plain && first
}

/// The language that a word of a question names. Names that are words of other meanings (`go`, `c`) or that are what
/// the question is about (`json`, `html`) are not among them.
pub(super) fn named_language(word: &str) -> Option<Language> {
    let language = match word {
        "golang" => Language::Go,
        _ => Language::from_name(word).filter(|language| language.name() == word)?,
    };
    use Language::{
        Bash, CSharp, Elixir, Go, Haskell, Java, JavaScript, Kotlin, Lua, Php, Python, Ruby, Rust, Scala,
        Swift, TypeScript,
    };
    let is_told = matches!(
        language,
        Bash | CSharp
            | Elixir
            | Haskell
            | Java
            | JavaScript
            | Kotlin
            | Lua
            | Php
            | Python
            | Ruby
            | Rust
            | Scala
            | Swift
            | TypeScript
    );
    (is_told || (language == Go && word == "golang")).then_some(language)
}

/// Whether a token names a file or a folder.
fn looks_like_path(token: &str) -> bool {
    if token.contains("://") || token.chars().any(|c| "*?<>|\"'`(){}".contains(c)) {
        return false;
    }
    if token.contains('/') {
        return token.chars().any(char::is_alphanumeric);
    }
    let Some((stem, extension)) = token.rsplit_once('.') else {
        return false;
    };
    !stem.is_empty()
        && !token.contains("::")
        && aiex_chunk::Language::detect(token, "").is_some()
        && extension
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, route: Route, names: &[&str]) {
        let query = Query::parse(text).unwrap();
        let found: Vec<_> = query.names.iter().map(|name| name.name.as_str()).collect();
        assert_eq!((query.route, found.as_slice()), (route, names), "{text}");
    }

    #[test]
    fn queries_are_read_by_their_shape() {
        check("TokenBucket", Route::Symbol, &["TokenBucket"]);
        check("Parser::next", Route::Symbol, &["next"]);
        check("snake_case()", Route::Symbol, &["snake_case"]);
        check("fn retry", Route::Symbol, &["retry"]);
        check("retry", Route::Mixed, &["retry"]);
        check("where are retries with back-off decided?", Route::Natural, &[]);
        check("How does TokenBucket refill", Route::Mixed, &["TokenBucket"]);
        check("src/search/rank.rs", Route::Path, &[]);
        check("rank.rs", Route::Path, &[]);
        check("rank.rs:12:5", Route::Path, &[]);
        check("self.items", Route::Symbol, &["items"]);
    }

    #[test]
    fn of_a_pasted_log_the_beginning_and_the_end_are_read() {
        let log = format!("pool is closed {} retry gave up", "noise ".repeat(5_000));
        let query = Query::parse(&log).unwrap();
        assert_eq!(query.words, ["pool", "closed", "noise", "retry", "gave", "up"]);
        let cut = cut(&"é".repeat(3_000));
        assert_eq!(cut.chars().count(), MAX_BEGINNING + 1 + MAX_END);
    }

    #[test]
    fn an_empty_query_is_none() {
        assert_eq!(Query::parse("  \n"), None);
    }

    #[test]
    fn asking_for_tests_is_noticed() {
        assert!(
            Query::parse("where are the tests for the parser")
                .unwrap()
                .wants_tests
        );
        assert!(!Query::parse("latest version").unwrap().wants_tests);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
            let _ = Query::parse(&text);
        }
    }
}
