//! How old a page of the web may be, and what a question says of it.

use serde::{Deserialize, Serialize};

/// How old a page of the web may be. Sources other than the web, and engines that cannot tell, pass it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What people say when they want nothing older. "Last year" alone is none of it: it may have begun two years ago. Nor is
/// "latest" alone: channels keep the latest value.
const SAID: &[(&str, Since)] = &[
    (" this week ", Since::Week),
    (" last week ", Since::Week),
    (" past week ", Since::Week),
    (" this month ", Since::Month),
    (" last month ", Since::Month),
    (" past month ", Since::Month),
    (" this year ", Since::Year),
    (" the last year ", Since::Year),
    (" the past year ", Since::Year),
    (" latest version", Since::Year),
    (" latest release", Since::Year),
    (" newest version", Since::Year),
    (" newest release", Since::Year),
];

/// What may stand around a word.
const ENDS: &[char] = &[',', '.', ';', ':', '?', '!', '(', ')'];

impl Since {
    /// What the words of a question ask for, the shortest of it; `None` when they say nothing of time. What is quoted or
    /// part of a name, as in `node:latest`, is not meant.
    pub fn of(question: &str) -> Option<Self> {
        let mut spaced = String::from(" ");
        for word in question.to_lowercase().split_whitespace() {
            let word = word.trim_matches(ENDS);
            let owner = word.strip_suffix("'s").or(word.strip_suffix("’s"));
            spaced += owner.unwrap_or(word);
            spaced.push(' ');
        }
        let said = SAID.iter().find(|(words, _)| spaced.contains(words));
        said.map(|(_, since)| *since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_says_how_old_its_pages_may_be() {
        for (question, expected) in [
            ("What is the latest version of tokio?", Some(Since::Year)),
            ("which allocators are in its newest releases?", Some(Since::Year)),
            ("what was published in the last year on HNSW", Some(Since::Year)),
            ("this year's releases of Rust", Some(Since::Year)),
            ("What broke in serde this month?", Some(Since::Month)),
            ("What changed last month (in axum)", Some(Since::Month)),
            ("advisories of this week", Some(Since::Week)),
            ("the latest advisories of the past week", Some(Since::Week)),
        ] {
            assert_eq!(Since::of(question), expected, "{question}");
        }
    }

    #[test]
    fn a_question_that_says_nothing_of_time_is_not_limited() {
        for question in [
            "",
            "how is a retry done",
            "what does the tag `latest` of an image mean",
            "why does node:latest fail",
            "npm install vite@latest fails",
            "what changed last year",
            "how many days has a month, and is this the week for it",
            "how does a channel keep the latest value",
        ] {
            assert_eq!(Since::of(question), None, "{question}");
        }
    }
}
