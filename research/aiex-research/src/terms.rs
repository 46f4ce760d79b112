//! Words: those that carry a question's meaning, queries that are the same, texts that are nearly the same.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Words that say nothing about what a question is about.
const EMPTY: &[&str] = &[
    "a", "about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "did", "do", "does", "each", "for", "from", "get", "had", "has", "have", "how", "i", "if", "in",
    "into", "is", "it", "its", "like", "make", "may", "me", "might", "more", "most", "my", "need", "no",
    "not", "of", "on", "or", "our", "out", "should", "so", "some", "such", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "to", "up", "us", "use", "used", "uses",
    "using", "want", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with",
    "would", "you", "your", "named", "happens",
];

/// Words of questions that a history answers: why something is as it is, how it came, what was before.
const OF_THE_PAST: &[&str] = &[
    "ago",
    "became",
    "changed",
    "commit",
    "commits",
    "did",
    "formerly",
    "history",
    "introduced",
    "motivation",
    "originally",
    "previously",
    "rationale",
    "reason",
    "reasons",
    "removed",
    "since",
    "was",
    "were",
    "why",
];

/// Words of a shingle when texts are compared.
const SHINGLE: usize = 5;
/// Texts that share this part of the shorter one's shingles are one text told twice.
const NEARLY: f64 = 0.8;

fn words(text: &str) -> impl Iterator<Item = &str> {
    // Apostrophes stay within words until here, so that `tokio's` is `tokio` and leaves no `s` behind.
    text.split(|c: char| {
        !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '#' | '+' | '\'' | '’'))
    })
    .flat_map(|word| {
        let owner = word.strip_suffix("'s").or(word.strip_suffix("’s"));
        owner.unwrap_or(word).split(['\'', '’'])
    })
    .map(|word| word.trim_matches(|c: char| matches!(c, '.' | ':' | '-')))
    .filter(|word| !word.is_empty())
}

/// The words of a text that carry meaning, in their order, each once, as they are spelt.
pub(crate) fn of(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    words(text)
        .filter(|word| !EMPTY.contains(&word.to_lowercase().as_str()))
        .filter(|word| seen.insert(word.to_lowercase()))
        .map(str::to_owned)
        .collect()
}

/// Whether a question names a package.
pub(crate) fn names(question: &str, package: &str) -> bool {
    let spelled = |word: &str| word.to_lowercase().replace('_', "-");
    of(question).iter().any(|word| spelled(word) == spelled(package))
}

/// Whether a question asks what a history tells, rather than how things are.
pub(crate) fn asks_of_the_past(question: &str) -> bool {
    words(question).any(|word| OF_THE_PAST.contains(&word.to_lowercase().as_str()))
}

/// A query as a set of words: queries that differ in order, case and empty words are the same.
pub(crate) fn same_query(query: &str) -> String {
    folded(query).into_iter().collect::<Vec<_>>().join(" ")
}

/// The words of a text that carry meaning, as a set, whatever their case.
pub(crate) fn folded(text: &str) -> BTreeSet<String> {
    of(text).into_iter().map(|word| word.to_lowercase()).collect()
}

/// What a text is made of, for comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shingles(HashSet<u64>);

impl Shingles {
    /// Every run of five words, hashed.
    pub(crate) fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words: Vec<&str> = words(&lower).collect();
        let shingles = words.windows(SHINGLE.min(words.len().max(1))).map(|window| {
            let mut hasher = DefaultHasher::new();
            window.hash(&mut hasher);
            hasher.finish()
        });
        Self(shingles.collect())
    }

    /// Whether two texts are one told twice.
    pub(crate) fn nearly(&self, other: &Self) -> bool {
        let least = self.0.len().min(other.0.len());
        least > 0 && self.0.intersection(&other.0).count() as f64 >= NEARLY * least as f64
    }
}

/// The beginning of a text, at most so many bytes, whole characters.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaning_is_kept_and_filling_goes() {
        assert_eq!(
            of("How does `tokio::select!` use the cancel-safe futures of 1.38?"),
            ["tokio::select", "cancel-safe", "futures", "1.38"]
        );
    }

    #[test]
    fn an_owner_is_the_thing_itself() {
        assert_eq!(
            of("tokio's threads and 'the' moka’s policy"),
            ["tokio", "threads", "moka", "policy"]
        );
    }

    #[test]
    fn the_same_query_in_other_words_is_the_same() {
        assert_eq!(
            same_query("What is the Retry policy?"),
            same_query("policy retry")
        );
        assert_ne!(same_query("retry policy"), same_query("retry budget"));
    }

    #[test]
    fn a_copied_text_is_found_out() {
        let text =
            "Retries are decided in the client. Each has a budget of three tries and a pause that doubles.";
        let copy = format!("{text} Copied from elsewhere.");
        assert!(Shingles::of(text).nearly(&Shingles::of(&copy)));
        assert!(!Shingles::of(text).nearly(&Shingles::of(
            "Nothing here has anything to do with the other text at all."
        )));
    }
}
