//! From a question to the words that are sent. The rules are ours and few; the question itself is always among what
//! is sent, because every rule is wrong at times.

use crate::outgoing::clean;
use crate::{Dependency, Ecosystem, Enhance, Kind, Query};

/// Dependencies that get their version; more would drown the question.
const MOST_VERSIONS: usize = 2;

/// Words of an error message that are sent: the rest is the particulars of one machine.
const MOST_ERROR_WORDS: usize = 24;

/// Words for engines that want all of them on the page.
const MOST_KEYWORDS: usize = 5;

/// What is sent for a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The question, without secrets; with versions, if they are all that may be added.
    pub original: String,
    /// The question with version, language and a word for the kind of page sought; `None` when nothing is to be added
    /// or the caller wants nothing added.
    pub enhanced: Option<String>,
    /// The few words of the question that carry it, for engines that look for pages with every word.
    pub keywords: String,
    /// The dependencies that the question names, in its order.
    pub packages: Vec<Dependency>,
    /// How many secrets were taken out.
    pub secrets: usize,
}

impl Wording {
    /// The words for `query`.
    pub fn of(query: &Query) -> Self {
        let clean = clean(&query.text);
        let mut original = clean.text;
        let packages = named(&original, &query.dependencies);
        if query.enhance == Enhance::Versions {
            let mut words = original.split_whitespace().map(str::to_owned).collect();
            add_versions(&mut words, query, &packages);
            original = words.join(" ");
        }
        let enhanced = (query.enhance == Enhance::Wordings).then(|| enhanced(&original, query, &packages));
        Self {
            enhanced: enhanced.filter(|enhanced| *enhanced != original && !original.is_empty()),
            keywords: keywords(&original),
            packages,
            secrets: clean.secrets,
            original,
        }
    }
}

fn enhanced(original: &str, query: &Query, packages: &[Dependency]) -> String {
    let mut words: Vec<String> = if query.kind == Kind::Error {
        essence(original)
    } else {
        original.split_whitespace().map(str::to_owned).collect()
    };
    add_versions(&mut words, query, packages);
    if let Some(language) = language(query, packages)
        && query.kind != Kind::Paper
        && !mentions(&words, &language)
    {
        words.push(language);
    }
    let (add, known): (&str, &[&str]) = match query.kind {
        Kind::Api => ("documentation", &["documentation", "docs", "reference", "doc"]),
        Kind::HowTo => ("example", &["example", "examples", "tutorial", "guide"]),
        Kind::Comparison => (
            "comparison",
            &[
                "vs",
                "vs.",
                "versus",
                "comparison",
                "compare",
                "compared",
                "benchmark",
            ],
        ),
        Kind::Migration => (
            "changelog",
            &[
                "changelog",
                "changes",
                "release",
                "migration",
                "migrating",
                "guide",
            ],
        ),
        Kind::Paper => ("paper", &["paper", "papers", "arxiv"]),
        Kind::Error | Kind::Plain => ("", &[""]),
    };
    if !add.is_empty() && !known.iter().any(|word| mentions(&words, word)) {
        words.push(add.to_owned());
    }
    words.join(" ")
}

/// The language of the first package named, or the repository's first.
fn language(query: &Query, packages: &[Dependency]) -> Option<String> {
    let of_package = packages.first().and_then(|package| match package.ecosystem {
        Ecosystem::Rust => Some("Rust"),
        Ecosystem::JavaScript => Some("JavaScript"),
        Ecosystem::Python => Some("Python"),
        Ecosystem::Go => Some("Go"),
        Ecosystem::Other => None,
    });
    let all_named = query.languages.iter().any(|language| {
        let words: Vec<String> = query.text.split_whitespace().map(str::to_owned).collect();
        mentions(&words, language)
    });
    if all_named {
        return None;
    }
    of_package
        .map(str::to_owned)
        .or_else(|| query.languages.first().cloned())
}

fn mentions(words: &[String], name: &str) -> bool {
    words.iter().any(|word| trimmed(word).eq_ignore_ascii_case(name))
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '#'))
}

/// The message without what only this machine has: paths, places, addresses, numbers of threads and lines.
fn essence(message: &str) -> Vec<String> {
    let particular = |word: &str| {
        let bare = trimmed(word);
        let is_path =
            word.contains('/') && !word.contains("//") || word.contains('\\') || word.starts_with('~');
        let place = bare
            .rsplit(':')
            .next()
            .is_some_and(|end| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()))
            && bare.contains(':');
        let is_address = bare.starts_with("0x");
        bare.is_empty() || is_path || place || is_address || bare.bytes().all(|b| b.is_ascii_digit())
    };
    let kept: Vec<String> = message
        .split_whitespace()
        .filter(|word| !particular(word))
        .take(MOST_ERROR_WORDS)
        .map(str::to_owned)
        .collect();
    if kept.is_empty() {
        message
            .split_whitespace()
            .take(MOST_ERROR_WORDS)
            .map(str::to_owned)
            .collect()
    } else {
        kept
    }
}

fn add_versions(words: &mut Vec<String>, query: &Query, packages: &[Dependency]) {
    // Which of several things is better is not a question of one version.
    if !matches!(query.kind, Kind::Comparison | Kind::Paper) {
        for package in packages.iter().take(MOST_VERSIONS) {
            add_version(words, package);
        }
    }
}

/// Puts `1.45` after the package's name, unless a number is there already. The patch is left out: pages are written
/// about a minor version.
fn add_version(words: &mut Vec<String>, package: &Dependency) {
    let Some(version) = package.version.as_deref().and_then(minor) else {
        return;
    };
    let Some(at) = words.iter().position(|word| names(word, &package.name)) else {
        return;
    };
    let numbered = |word: &String| {
        let word = trimmed(word);
        let word = word.strip_prefix('v').unwrap_or(word);
        word.starts_with(|c: char| c.is_ascii_digit())
    };
    if !words.get(at + 1).is_some_and(numbered) {
        words.insert(at + 1, version);
    }
}

/// `1.45` of `1.45.0`, `v1.45.2` or `1.45.0-rc.1`.
fn minor(version: &str) -> Option<String> {
    let mut numbers = version
        .trim_start_matches(['v', '=', '^', '~', ' '])
        .split(['.', '-', '+']);
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let major = numbers.next().filter(is_number)?;
    Some(match numbers.next().filter(is_number) {
        Some(minor) => format!("{major}.{minor}"),
        None => major.to_owned(),
    })
}

/// The dependencies that `text` names, in its order.
fn named(text: &str, dependencies: &[Dependency]) -> Vec<Dependency> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found: Vec<(usize, &Dependency)> = dependencies
        .iter()
        .filter_map(|dependency| {
            let at = words.iter().enumerate().position(|(at, word)| {
                names(word, &dependency.name) && (!is_plain_word(&dependency.name) || as_package(&words, at))
            })?;
            Some((at, dependency))
        })
        .collect();
    found.sort_by_key(|(at, dependency)| (*at, dependency.name.clone(), dependency.version.clone()));
    // The same package is often locked in several versions: the highest spelled one is the direct dependency as a rule.
    let mut packages: Vec<Dependency> = Vec::new();
    for (_, dependency) in found {
        match packages.iter_mut().find(|known| known.name == dependency.name) {
            Some(known) if higher(&dependency.version, &known.version) => *known = dependency.clone(),
            Some(_) => {}
            None => packages.push(dependency.clone()),
        }
    }
    packages
}

fn higher(a: &Option<String>, b: &Option<String>) -> bool {
    let numbers = |version: &Option<String>| -> Vec<u64> {
        let version = version.as_deref().unwrap_or_default().trim_start_matches('v');
        version
            .split(['.', '-', '+'])
            .map_while(|part| part.parse().ok())
            .collect()
    };
    numbers(a) > numbers(b)
}

/// Whether `word` is the package or a path in it: `tokio`, `tokio::spawn`, `serde_json` for `serde-json`.
fn names(word: &str, package: &str) -> bool {
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@');
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || matches!((a, b), (b'-' | b'_', b'-' | b'_'));
    let begins = word.len() >= package.len() && word.bytes().zip(package.bytes()).all(|(a, b)| same(a, b));
    begins
        && word[package.len()..]
            .chars()
            .next()
            .is_none_or(|next| !next.is_alphanumeric() && !matches!(next, '-' | '_' | '/'))
        && !package.is_empty()
}

/// Names of packages that are words of their own: they count only where the text treats them as a package.
const PLAIN_WORDS: &[&str] = &[
    "base", "chai", "core", "glob", "hash", "http", "json", "rand", "text", "time", "toml", "uuid", "yaml",
    "async", "base", "bytes", "cache", "click", "clock", "colors", "common", "config", "cookie", "core",
    "debug", "either", "errors", "events", "express", "futures", "image", "index", "invoke", "match",
    "memory", "native", "parser", "process", "proxy", "queue", "random", "react", "request", "requests",
    "router", "schema", "semver", "shared", "signal", "socket", "stream", "string", "table", "tower",
    "types", "utils", "value", "watch",
];

fn is_plain_word(name: &str) -> bool {
    name.len() <= 3 || PLAIN_WORDS.contains(&name.to_lowercase().as_str())
}

/// Whether the word at `at` stands as a package does: `log::info`, `` `time` ``, `the url crate`, `http 1.1`.
fn as_package(words: &[&str], at: usize) -> bool {
    let says = |word: Option<&&str>| {
        word.is_some_and(|word| {
            let word = trimmed(word).to_lowercase();
            ["crate", "package", "library", "module", "dependency", "lib"].contains(&word.as_str())
        })
    };
    let word = words[at];
    word.contains("::")
        || word.contains('`')
        || says(words.get(at + 1))
        || at.checked_sub(1).is_some_and(|before| says(words.get(before)))
}

const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "any", "are", "as", "at", "be", "best", "between", "by", "can", "could", "do", "does",
    "for", "from", "get", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my",
    "not", "of", "on", "or", "our", "should", "so", "that", "the", "their", "there", "they", "this", "to",
    "use", "used", "using", "was", "we", "what", "when", "where", "which", "while", "who", "why", "will",
    "with", "would", "you", "your",
];

/// The words that carry a text: no stop words, none twice, at most [`MOST_KEYWORDS`].
fn keywords(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let word = trimmed(word);
        let lower = word.to_lowercase();
        if word.is_empty()
            || STOP_WORDS.contains(&lower.as_str())
            || kept.iter().any(|known| known.eq_ignore_ascii_case(word))
        {
            continue;
        }
        kept.push(word);
        if kept.len() == MOST_KEYWORDS {
            break;
        }
    }
    if kept.is_empty() {
        text.to_owned()
    } else {
        kept.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, version: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            ecosystem: Ecosystem::Rust,
        }
    }

    fn wording(text: &str) -> Wording {
        let mut query = Query::new(text);
        query.languages = vec!["Rust".to_owned(), "TypeScript".to_owned()];
        query.dependencies = vec![
            dependency("tokio", "1.45.0"),
            dependency("axum", "0.7.9"),
            dependency("axum", "0.8.4"),
            dependency("serde-json", "1.0.140"),
            dependency("http", "1.3.1"),
        ];
        Wording::of(&query)
    }

    fn enhanced(text: &str) -> String {
        wording(text)
            .enhanced
            .unwrap_or_else(|| format!("as it is: {text}"))
    }

    #[test]
    fn versions_languages_and_kinds_of_page_are_added() {
        for (text, sent) in [
            (
                "how to shut down axum gracefully",
                "how to shut down axum 0.8 gracefully Rust example",
            ),
            (
                "tokio::task::spawn_blocking",
                "tokio::task::spawn_blocking 1.45 Rust documentation",
            ),
            ("tokio vs async-std", "tokio vs async-std Rust"),
            (
                "compare tokio and smol in Rust",
                "as it is: compare tokio and smol in Rust",
            ),
            ("upgrade axum to 0.8", "upgrade axum 0.8 to 0.8 Rust changelog"),
            ("axum 0.6 extractor order", "axum 0.6 extractor order Rust"),
            ("write-ahead log", "write-ahead log Rust"),
            ("http caching", "http caching Rust"),
            ("paper on learned indexes", "as it is: paper on learned indexes"),
        ] {
            assert_eq!(enhanced(text), sent, "{text}");
        }
    }

    #[test]
    fn an_error_is_sent_without_the_particulars_of_the_machine() {
        assert_eq!(
            enhanced(
                "error[E0277]: `Rc<u8>` cannot be sent between threads safely --> /home/me/app/src/main.rs:12:9 at 0x7ffd12 tokio"
            ),
            "error[E0277]: `Rc<u8>` cannot be sent between threads safely at tokio 1.45 Rust"
        );
        assert_eq!(enhanced("error: /a/b"), "error: Rust");
    }

    #[test]
    fn the_question_itself_is_always_among_what_is_sent() {
        let wording = wording("why does  axum\npanic?");
        assert_eq!(wording.original, "why does axum panic?");
        assert_eq!(wording.keywords, "axum panic");
    }

    #[test]
    fn what_is_worded_as_a_search_gets_versions_and_nothing_else() {
        let sent = |text: &str| {
            let mut query = Query::new(text);
            query.enhance = Enhance::Versions;
            query.languages = vec!["Rust".to_owned()];
            query.dependencies = vec![dependency("axum", "0.8.4")];
            let wording = Wording::of(&query);
            assert_eq!(wording.enhanced, None);
            wording.original
        };
        assert_eq!(sent("axum graceful shutdown"), "axum 0.8 graceful shutdown");
        assert_eq!(sent("graceful shutdown"), "graceful shutdown");
        assert_eq!(sent("compare axum and warp"), "compare axum and warp");
    }

    #[test]
    fn packages_are_named_as_packages() {
        let names = |text: &str| {
            let packages = wording(text).packages;
            packages
                .iter()
                .map(|package| package.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("serde_json and Tokio"), ["serde-json", "tokio"]);
        assert!(names("tokio-util tokionomics http caching").is_empty());
        assert_eq!(names("the http crate"), ["http"]);
        assert_eq!(names("http::HeaderMap"), ["http"]);
        assert_eq!(wording("axum").packages[0].version.as_deref(), Some("0.8.4"));
    }

    #[test]
    fn versions_are_shortened() {
        for (version, short) in [
            ("1.45.0", Some("1.45")),
            ("v0.3", Some("0.3")),
            ("2", Some("2")),
            ("2.0.0-rc.13", Some("2.0")),
            ("git", None),
        ] {
            assert_eq!(minor(version).as_deref(), short, "{version}");
        }
    }

    #[test]
    fn secrets_are_in_none_of_what_is_sent() {
        let wording = wording("axum refuses ghp_abcdefghijklmnopqrstuvwxyz0123456789 why");
        assert_eq!(wording.secrets, 1);
        assert!(!format!("{wording:?}").contains("ghp_"));
    }

    proptest::proptest! {
        #[test]
        fn any_question_has_a_wording(text in ".{0,120}") {
            let wording = wording(&text);
            proptest::prop_assert_eq!(wording.original.is_empty(), wording.keywords.is_empty());
            proptest::prop_assert_ne!(wording.enhanced, Some(wording.original));
        }
    }
}
