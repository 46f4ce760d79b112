//! Takes a query apart: filters, what it wants to know, and the words to look for.

use crate::date;
use crate::words;

/// Words of a query that are looked for.
const MAX_TERMS: usize = 16;

/// What a question about a history wants to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Wants {
    /// Nothing in particular.
    #[default]
    Anything,
    /// When or by whom something came.
    Added,
    /// When or by whom something went.
    Removed,
    /// The reasons, which messages give.
    Reasons,
}

/// A query, taken apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
    pub(crate) wants: Wants,
    /// Each must occur in the author's name or address.
    pub(crate) authors: Vec<String>,
    /// Each must occur in the path of a changed file.
    pub(crate) paths: Vec<String>,
    /// Not before, in seconds since 1970.
    pub(crate) since: Option<i64>,
    /// Before, in seconds since 1970.
    pub(crate) until: Option<i64>,
    /// The beginning of a commit's id, when the query is one.
    pub(crate) id: Option<String>,
}

/// A word to look for: as a whole, or by all of its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Term {
    pub(crate) whole: String,
    pub(crate) parts: Vec<String>,
}

/// Words that carry a question and not its matter. In order.
const STOP: &[&str] = &[
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but", "by", "can", "commit",
    "commits", "could", "did", "do", "does", "done", "for", "from", "get", "got", "had", "has", "have",
    "history", "how", "i", "in", "into", "is", "it", "its", "last", "me", "of", "off", "on", "or", "our",
    "out", "s", "should", "show", "so", "t", "that", "the", "their", "then", "there", "these", "they",
    "this", "to", "us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with",
    "would", "you",
];

const ADDED: &[&str] = &[
    "added",
    "appear",
    "appeared",
    "came",
    "created",
    "introduce",
    "introduced",
    "landed",
    "start",
    "started",
    "written",
];
const REMOVED: &[&str] = &[
    "delete",
    "deleted",
    "disappear",
    "disappeared",
    "drop",
    "dropped",
    "gone",
    "remove",
    "removed",
];
const ASKING: &[&str] = &[
    "when", "who", "why", "which", "where", "what", "how", "was", "were", "did", "has",
];

impl Query {
    /// Takes `text` apart; `now` is what ages count from.
    pub(crate) fn parse(text: &str, now: i64) -> Self {
        let mut query = Self::default();
        let mut rest: Vec<&str> = Vec::new();
        for token in tokens(text) {
            let filter = token
                .split_once(':')
                .map(|(key, value)| (key, value.trim_matches('"')));
            match filter {
                Some((_, "")) => rest.push(token),
                Some(("author" | "by", value)) => query.authors.push(value.to_lowercase()),
                Some(("path" | "file", value)) => query.paths.push(value.to_lowercase()),
                Some((key @ ("since" | "after" | "until" | "before"), value)) => {
                    match date::parse(value, now) {
                        Some(time) if matches!(key, "since" | "after") => query.since = Some(time),
                        Some(time) => query.until = Some(time),
                        None => rest.push(token),
                    }
                }
                _ => rest.push(token),
            }
        }
        if let [one] = rest.as_slice() {
            let hexadecimal = (7..=40).contains(&one.len()) && one.bytes().all(|b| b.is_ascii_hexdigit());
            query.id =
                (hexadecimal && one.bytes().any(|b| b.is_ascii_digit())).then(|| one.to_ascii_lowercase());
        }
        let lower: Vec<String> = rest
            .iter()
            .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
            .collect();
        let asks = lower.iter().any(|word| ASKING.contains(&word.as_str()));
        let has = |list: &[&str]| lower.iter().any(|word| list.contains(&word.as_str()));
        query.wants = match () {
            () if has(&["why", "reason", "reasons"]) => Wants::Reasons,
            () if asks && has(REMOVED) => Wants::Removed,
            () if asks && has(ADDED) => Wants::Added,
            () => Wants::Anything,
        };
        // What came or went is looked for; that it came or went is not, unless nothing else is left.
        let matter = |word: &str| {
            let verb = asks && (ADDED.contains(&word) || REMOVED.contains(&word));
            !verb && STOP.binary_search(&word).is_err()
        };
        query.terms = terms(
            rest.iter()
                .copied()
                .zip(&lower)
                .filter(|(_, lower)| matter(lower))
                .map(|(token, _)| token),
        );
        if query.terms.is_empty() {
            query.terms = terms(rest.into_iter());
        }
        query
    }

    /// Whether it looks for words, rather than only filters.
    pub(crate) fn has_terms(&self) -> bool {
        !self.terms.is_empty()
    }

    /// The expression that finds commits with all terms, or with any, in any column.
    pub(crate) fn expression(&self, all: bool) -> String {
        let joint = if all { " AND " } else { " OR " };
        self.terms
            .iter()
            .map(Term::expression)
            .collect::<Vec<_>>()
            .join(joint)
    }
}

impl Term {
    /// Quoted, so that no word is taken for an operator.
    fn expression(&self) -> String {
        let whole = format!("\"{}\"", self.whole);
        if self.parts.is_empty() {
            return whole;
        }
        let parts: Vec<String> = self.parts.iter().map(|part| format!("\"{part}\"")).collect();
        format!("({whole} OR ({}))", parts.join(" AND "))
    }

    /// Whether the words of a line have it.
    pub(crate) fn is_in(&self, words: &std::collections::HashSet<String>) -> bool {
        words.contains(&self.whole)
            || (!self.parts.is_empty() && self.parts.iter().all(|part| words.contains(part)))
    }

    /// The same, with endings of up to three letters more or less: `retry` is near `retrying`.
    pub(crate) fn is_near(&self, words: &std::collections::HashSet<String>) -> bool {
        let near = |a: &str, b: &str| {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            short.len() >= 4 && long.len() - short.len() <= 3 && long.starts_with(short)
        };
        self.is_in(words) || words.iter().any(|word| near(word, &self.whole))
    }
}

fn terms<'a>(tokens: impl Iterator<Item = &'a str>) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for token in tokens {
        for identifier in token.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            let mut found: Vec<String> = Vec::new();
            words::each(identifier, &mut |word| found.push(word.to_owned()));
            if found.is_empty() || terms.len() >= MAX_TERMS {
                continue;
            }
            let term = Term {
                whole: found.remove(0),
                parts: found,
            };
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
    }
    terms
}

/// Blanks separate, except inside double quotes.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    })
    .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn words(query: &Query) -> Vec<&str> {
        query.terms.iter().map(|term| term.whole.as_str()).collect()
    }

    #[test]
    fn the_list_of_stop_words_can_be_searched() {
        assert!(
            STOP.windows(2).all(|pair| pair[0] < pair[1]),
            "{:?}",
            STOP.windows(2).find(|p| p[0] >= p[1])
        );
    }

    #[test]
    fn questions_say_what_they_want() {
        for (text, wants, matter) in [
            (
                "when was RetryPolicy removed?",
                Wants::Removed,
                vec!["retrypolicy"],
            ),
            ("why was retry added", Wants::Reasons, vec!["retry"]),
            (
                "who introduced the socket timeout",
                Wants::Added,
                vec!["socket", "timeout"],
            ),
            ("remove retry", Wants::Anything, vec!["remove", "retry"]),
            ("what was removed", Wants::Removed, vec!["what", "was", "removed"]),
            ("", Wants::Anything, vec![]),
        ] {
            let query = Query::parse(text, NOW);
            assert_eq!((query.wants, words(&query)), (wants, matter), "{text}");
        }
    }

    #[test]
    fn filters_are_told_from_words() {
        let query = Query::parse(
            "fix author:\"Ada Lovelace\" path:src/net since:2020 until:1y crate::path since:never a: b",
            NOW,
        );
        assert_eq!(query.authors, ["ada lovelace"]);
        assert_eq!(query.paths, ["src/net"]);
        assert_eq!(query.since, Some(1_577_836_800));
        assert_eq!(query.until, Some(NOW - 365 * 86_400));
        assert_eq!(words(&query), ["fix", "crate", "path", "since", "never", "b"]);
    }

    #[test]
    fn identifiers_are_found_whole_or_by_their_parts() {
        let query = Query::parse("parse_http", NOW);
        assert_eq!(
            query.expression(true),
            "(\"parsehttp\" OR (\"parse\" AND \"http\"))"
        );
    }

    #[test]
    fn the_beginning_of_an_id_is_one() {
        assert_eq!(Query::parse("deadbeef01", NOW).id.as_deref(), Some("deadbeef01"));
        assert_eq!(Query::parse("defaced", NOW).id, None);
        assert_eq!(Query::parse("deadbeef01 fix", NOW).id, None);
    }

    proptest! {
        #[test]
        fn no_query_is_an_error_in_the_making(text in ".*") {
            let query = Query::parse(&text, NOW);
            prop_assert!(query.terms.len() <= MAX_TERMS);
            let operators = ['*', '^', '+', ':', '{'];
            prop_assert!(!query.expression(false).contains(operators));
        }
    }
}
