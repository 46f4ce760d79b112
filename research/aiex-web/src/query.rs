//! What a caller asks of the web. It does not know the engines.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Hit;

/// A search of the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The question or the words, as the user or the plan said them.
    pub text: String,
    /// What is sought.
    pub kind: Kind,
    /// The repository's languages, the most used first: `Rust`, `TypeScript`.
    pub languages: Vec<String>,
    /// The repository's dependencies at their locked versions. Only those that the text names play a part.
    pub dependencies: Vec<Dependency>,
    /// What is made of the text.
    pub enhance: Enhance,
    /// How old a result may be. Engines that cannot tell ignore it.
    pub freshness: Freshness,
    /// How many results the ranking holds at most.
    pub limit: usize,
    /// The hosts results may come from.
    pub hosts: Hosts,
    /// Which engines may be asked.
    pub reach: Reach,
    /// Only these engines, by name; all that suit the kind when `None`.
    pub engines: Option<Vec<String>>,
    /// What was answered before and is not asked again: a search that was interrupted is taken up with the answers that
    /// were kept. Those of engines or wordings that are no part of it any more are left out.
    pub answered: Vec<Answered>,
    /// An end to all waiting, of the search and not of its engines: those have deadlines of their own, which begin when
    /// there is a place for the call. Twice an engine's own when there is none.
    pub deadline: Option<Duration>,
}

impl Query {
    /// A query for `text` to the configured engines, of the kind that its words tell.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind: Kind::of(&text),
            text,
            languages: Vec::new(),
            dependencies: Vec::new(),
            enhance: Enhance::Wordings,
            freshness: Freshness::Any,
            limit: 20,
            hosts: Hosts::default(),
            reach: Reach::Configured,
            engines: None,
            answered: Vec::new(),
            deadline: None,
        }
    }

    /// What an engine answered to a wording before, if it did.
    pub(crate) fn answer(&self, engine: &str, wording: &str) -> Option<&Answered> {
        let mut answered = self.answered.iter();
        answered.find(|known| known.engine == engine && known.query == wording)
    }
}

/// What an engine answered, as [`Event::EngineAnswered`](crate::Event::EngineAnswered) told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The engine's name.
    pub engine: String,
    /// What it was asked.
    pub query: String,
    /// What it returned, best first.
    pub found: Vec<Hit>,
}

/// What is made of a text before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Enhance {
    /// Nothing.
    Nothing,
    /// The locked version is put behind each dependency that it names. For texts that were worded as searches already.
    Versions,
    /// Engines are asked in wordings of ours besides: with version, language, and a word for the kind of page.
    #[default]
    Wordings,
}

/// What is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// Anything else.
    #[default]
    Plain,
    /// The cause of an error message.
    Error,
    /// How an interface is called and what it does.
    Api,
    /// How something is done.
    HowTo,
    /// Several things weighed against each other.
    Comparison,
    /// What changed between versions.
    Migration,
    /// Published research.
    Paper,
}

impl Kind {
    /// The kind that the words of a question tell; [`Kind::Plain`] when they tell none.
    pub fn of(text: &str) -> Self {
        let lower = format!(" {} ", text.to_lowercase());
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if says(&[
            "error",
            "panicked",
            "exception",
            "traceback",
            "segfault",
            "stack trace",
            "failed to ",
            "cannot find ",
            "undefined reference",
            "mismatched types",
        ]) {
            Self::Error
        } else if says(&[
            " vs ",
            " vs. ",
            " versus ",
            "compare",
            "comparison",
            "alternative to",
            "alternatives to",
            "difference between",
            " better than ",
        ]) {
            Self::Comparison
        } else if says(&[
            "migrat",
            "upgrade",
            "breaking change",
            "changelog",
            "release notes",
        ]) {
            Self::Migration
        } else if says(&[" paper", "arxiv", "algorithm for", "state of the art"]) {
            Self::Paper
        } else if says(&[" how to ", " how do i ", " how can i ", " example"]) {
            Self::HowTo
        } else if says(&["::", "()", " api ", "signature", "docs ", "documentation"]) {
            Self::Api
        } else {
            Self::Plain
        }
    }
}

/// A package that the repository uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name in its ecosystem.
    pub name: String,
    /// The locked version, if there is a lock.
    pub version: Option<String>,
    /// Where it comes from.
    pub ecosystem: Ecosystem,
}

/// Whose package it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ecosystem {
    /// A crate.
    Rust,
    /// A Node package.
    JavaScript,
    /// A Python distribution.
    Python,
    /// A Go module.
    Go,
    /// Anything else.
    Other,
}

/// How old a result may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Freshness {
    /// Any age.
    #[default]
    Any,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Freshness {
    /// The age in days; `None` for any.
    pub fn days(self) -> Option<u64> {
        match self {
            Self::Any => None,
            Self::Day => Some(1),
            Self::Week => Some(7),
            Self::Month => Some(31),
            Self::Year => Some(366),
        }
    }
}

/// The hosts results may come from. A name stands for itself and everything below it: `rust-lang.org` for
/// `doc.rust-lang.org` too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts {
    /// Only these; all when empty.
    pub allow: Vec<String>,
    /// Not these, even when allowed.
    pub deny: Vec<String>,
}

impl Hosts {
    /// Whether results of `host` are wanted.
    pub fn permit(&self, host: &str) -> bool {
        let listed = |hosts: &[String]| hosts.iter().any(|name| is_below(host, name));
        (self.allow.is_empty() || listed(&self.allow)) && !listed(&self.deny)
    }
}

/// Whether `host` is `domain` or lies below it.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.trim().trim_start_matches("*.").trim_matches('.');
    let start = host.len().checked_sub(domain.len());
    start.is_some_and(|start| {
        !domain.is_empty()
            && host.is_char_boundary(start)
            && host[start..].eq_ignore_ascii_case(domain)
            && (start == 0 || host[..start].ends_with('.'))
    })
}

/// Which engines may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Only those in the settings.
    #[default]
    Configured,
    /// Also those that need no key and no settings: the user said that the web may be asked.
    Web,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_stand_for_what_lies_below_them() {
        assert!(is_below("doc.rust-lang.org", "rust-lang.org") && is_below("DOCS.rs", "docs.rs"));
        assert!(!is_below("evil-rust-lang.org", "rust-lang.org") && !is_below("org", "rust-lang.org"));
        assert!(!is_below("docs.rs", "") && is_below("a.b", "*.b"));
        let hosts = Hosts {
            allow: vec!["rust-lang.org".into()],
            deny: vec!["users.rust-lang.org".into()],
        };
        assert!(hosts.permit("doc.rust-lang.org") && !hosts.permit("users.rust-lang.org"));
        assert!(!hosts.permit("docs.rs") && Hosts::default().permit("docs.rs"));
    }

    #[test]
    fn the_words_of_a_question_tell_its_kind() {
        for (text, kind) in [
            ("error[E0277]: the trait bound is not satisfied", Kind::Error),
            ("thread 'main' panicked at src/main.rs:3", Kind::Error),
            ("tokio vs async-std", Kind::Comparison),
            ("what would a migration from axum 0.7 break", Kind::Migration),
            ("paper on reciprocal rank fusion", Kind::Paper),
            ("how to stream a body in axum", Kind::HowTo),
            ("tokio::task::spawn_blocking", Kind::Api),
            ("write-ahead log", Kind::Plain),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
