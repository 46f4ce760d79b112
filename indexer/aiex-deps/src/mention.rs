//! Whether a query is about a package.

use std::collections::HashSet;

use crate::everyday;
use crate::package::{Ecosystem, Package};

/// Words beside which even an everyday word is the name of a package.
const MARKERS: &[&str] = &[
    "crate",
    "package",
    "library",
    "lib",
    "gem",
    "module",
    "dependency",
    "plugin",
    "npm",
    "pip",
    "cargo",
];

/// How many words of a query are read.
const MAX_WORDS: usize = 256;

/// A query, taken apart into the names that it may hold.
pub(crate) struct Mentions {
    /// One to three words in a row, joined with `-`.
    names: HashSet<String>,
    /// Names that the query marks as a package's.
    marked: HashSet<String>,
    words: HashSet<String>,
    /// Sections of the manual: all of them, or those named as in `open(2)`.
    manual: bool,
    sections: HashSet<String>,
}

impl Mentions {
    pub(crate) fn of(query: &str) -> Self {
        let tokens: Vec<&str> = query.split_whitespace().take(MAX_WORDS).collect();
        let mut mentions = Self {
            names: HashSet::new(),
            marked: HashSet::new(),
            words: HashSet::new(),
            manual: false,
            sections: HashSet::new(),
        };
        let bare: Vec<String> = tokens.iter().map(|token| normal(trim(token))).collect();
        for (at, token) in tokens.iter().enumerate() {
            mentions.token(token, &bare[at]);
            let beside = |other: Option<&String>| other.is_some_and(|word| MARKERS.contains(&word.as_str()));
            let before = at.checked_sub(1).and_then(|before| bare.get(before));
            let version = bare.get(at + 1).is_some_and(|next| is_version(next));
            if beside(before) || beside(bare.get(at + 1)) || version {
                mentions.marked.insert(bare[at].clone());
            }
            for length in 1..=3 {
                if let Some(run) = bare.get(at..at + length) {
                    mentions.names.insert(run.join("-"));
                }
            }
        }
        mentions
    }

    fn token(&mut self, token: &str, bare: &str) {
        self.words.extend(
            bare.split(['-', '/', '.', ':', '@'])
                .filter(|word| word.len() > 2)
                .map(str::to_owned),
        );
        self.manual |= matches!(
            bare,
            "man" | "manual" | "manpage" | "manpages" | "syscall" | "posix" | "libc"
        );
        let core = token.trim_matches(|c: char| matches!(c, '?' | '!' | ',' | ';' | '.'));
        if let Some((name, section)) = core.strip_suffix(')').and_then(|open| open.split_once('('))
            && !name.is_empty()
            && let Ok(number @ 1..=9) = section.parse::<u8>()
        {
            self.sections.insert(format!("man{number}"));
        }
        let quoted = core.len() > 2
            && [('`', '`'), ('"', '"'), ('\'', '\'')]
                .iter()
                .any(|(a, b)| core.starts_with(*a) && core.ends_with(*b));
        if quoted {
            self.marked.insert(bare.to_owned());
        }
        // `serde_json::from_str`, `lodash@4`, `click==8.1`: what stands before is a package.
        let inner = trim(token);
        for sign in ["::", "=="] {
            if let Some((name, _)) = inner.split_once(sign) {
                self.mark(name);
            }
        }
        if let Some(at) = inner.get(1..).and_then(|rest| rest.find('@')) {
            self.mark(&inner[..=at]);
        }
        // `requests.get`: a word before a dot, though a file's name is not a call.
        if let Some((name, rest)) = inner.split_once('.')
            && (rest.ends_with(')') || rest.ends_with('(') || token.ends_with("()"))
        {
            self.mark(name);
        }
    }

    fn mark(&mut self, name: &str) {
        let name = normal(name);
        self.names.insert(name.clone());
        self.marked.insert(name);
    }

    /// How clearly the query names the package; none when it does not.
    pub(crate) fn strength(&self, package: &Package) -> Option<u32> {
        if package.ecosystem == Ecosystem::Man {
            return match () {
                () if self.sections.contains(&package.name) => Some(3),
                // Without a section: commands, system calls and the library.
                () if self.manual && matches!(package.name.as_str(), "man1" | "man2" | "man3") => Some(1),
                () => None,
            };
        }
        let full = normal(&package.name);
        if self.marked.contains(&full) {
            return Some(4);
        }
        if self.names.contains(&full) && !everyday::is_word(&full) {
            return Some(3);
        }
        let last = last_part(package);
        if last == full {
            return None;
        }
        match () {
            () if self.marked.contains(&last) => Some(2),
            () if self.names.contains(&last) && !everyday::is_word(&last) => Some(1),
            () => None,
        }
    }

    /// Words that the query shares with the package's name, everyday ones aside.
    pub(crate) fn shared_words(&self, package: &Package) -> u32 {
        if package.ecosystem == Ecosystem::Man {
            return 0;
        }
        let name = normal(&package.name);
        let parts = name
            .split(['-', '/', '.', ':', '@'])
            .filter(|part| part.len() > 2 && !everyday::is_word(part));
        let shared = parts.filter(|part| self.words.contains(*part)).count();
        u32::try_from(shared).unwrap_or(u32::MAX).min(100)
    }
}

/// What a name ends in: `core` of `@babel/core`, `toml` of `github.com/BurntSushi/toml/v2`, `slf4j-api` of
/// `org.slf4j:slf4j-api`.
fn last_part(package: &Package) -> String {
    let mut parts: Vec<&str> = package.name.split(['/', ':']).collect();
    if package.ecosystem == Ecosystem::Go && parts.len() > 1 {
        let major = parts.last().and_then(|part| part.strip_prefix('v'));
        if major.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())) {
            parts.pop();
        }
    }
    normal(parts.last().copied().unwrap_or_default())
}

/// One spelling for `-`, `_` and capitals.
fn normal(name: &str) -> String {
    name.chars()
        .map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

/// A token without quotes, the sentence's punctuation and the mark of an owner: `tokio's` names `tokio`. `@` stays: it
/// begins scoped names.
fn trim(token: &str) -> &str {
    let trim = |token| str::trim_matches(token, |c: char| !(c.is_alphanumeric() || matches!(c, '@' | '_')));
    let bare = trim(token);
    let owner = bare.strip_suffix("'s").or(bare.strip_suffix("’s"));
    // Behind it may stand the closing quote: `tokio`'s.
    owner.map_or(bare, trim)
}

fn is_version(word: &str) -> bool {
    let word = word.strip_prefix('v').unwrap_or(word);
    word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
}
