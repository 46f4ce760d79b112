//! Words of a text, their stems, and which of them carry meaning.

use std::collections::HashSet;
use std::ops::Range;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) range: Range<usize>,
}

/// The words of a text: runs of letters, digits and `_`, with apostrophes between letters.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let joins = matches!(c, '\'' | '’') && before.is_alphabetic() && next.is_alphabetic();
        if is_word(c) || joins {
            start.get_or_insert(at);
        } else if let Some(start) = start.take() {
            found.push(word(text, start..at));
        }
        before = c;
    }
    if let Some(start) = start {
        found.push(word(text, start..text.len()));
    }
    found
}

fn word(text: &str, range: Range<usize>) -> Word<'_> {
    Word {
        text: text.get(range.clone()).unwrap_or_default(),
        range,
    }
}

/// Whether a character belongs to a word. Combining marks do: folding leaves them apart.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || matches!(c, '\u{300}'..='\u{36f}')
}

/// A word without its ending: plural, `-ing`, `-ed`, `-ly`, possessive. Coarser than Porter's rules, and enough to let
/// `spawns`, `spawned` and `spawning` meet.
pub(crate) fn stem(word: &str) -> String {
    let lower = word.to_lowercase().replace('’', "'");
    let lower = lower.strip_suffix("'s").unwrap_or(&lower);
    if lower.len() < 4 || !lower.is_ascii() || lower.contains(|c: char| c.is_ascii_digit() || c == '_') {
        return lower.to_owned();
    }
    let mut stem = lower;
    for (ending, least) in [
        ("ies", 2),
        ("sses", 2),
        ("ing", 3),
        ("edly", 3),
        ("ed", 3),
        ("ly", 3),
        ("es", 3),
        ("s", 3),
    ] {
        if let Some(rest) = lower.strip_suffix(ending)
            && rest.len() >= least
            && !(ending == "s" && rest.ends_with(['s', 'u', 'i']))
        {
            stem = rest;
            break;
        }
    }
    let mut stem = stem.to_owned();
    // `stopped` and `stop`, `use` and `using`, `copies` and `copy` share what is left.
    let doubled = stem.len() > 3 && !stem.ends_with(['l', 's', 'e', 'o']) && {
        let mut last = stem.chars().rev();
        last.next() == last.next()
    };
    if doubled || (stem.len() > 3 && stem.ends_with(['e', 'y', 'i'])) {
        stem.pop();
    }
    stem
}

/// A word and, of an identifier, its parts: `worker_threads` and `WorkerThreads` speak of workers and threads.
pub(crate) fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut cuts = vec![0];
    let mut before = ' ';
    for (at, c) in word.char_indices() {
        if c == '_' || before == '_' || (c.is_uppercase() && before.is_lowercase()) {
            cuts.push(at);
        }
        before = c;
    }
    cuts.push(word.len());
    let whole = (cuts.len() > 2).then_some(word);
    let pieces: Vec<&str> = cuts
        .windows(2)
        .filter_map(|cut| match cut {
            [from, to] => word.get(*from..*to),
            _ => None,
        })
        .filter(|piece| piece.len() > 1)
        .collect();
    whole.into_iter().chain(pieces)
}

/// Whether a word is a name out of code: `busy_timeout`, `RetryPolicy`, `retryAfter`.
pub(crate) fn is_name(word: &str) -> bool {
    let mut pairs = word.chars().zip(word.chars().skip(1));
    let has_hump = pairs.any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    has_hump || word.trim_matches('_').contains('_')
}

/// Words that carry no meaning of their own.
const EMPTY: &[&str] = &[
    "a",
    "about",
    "above",
    "according",
    "after",
    "again",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "done",
    "during",
    "each",
    "either",
    "etc",
    "even",
    "every",
    "few",
    "for",
    "from",
    "further",
    "get",
    "gets",
    "had",
    "has",
    "have",
    "having",
    "he",
    "hence",
    "her",
    "here",
    "his",
    "how",
    "however",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "let",
    "like",
    "made",
    "make",
    "makes",
    "many",
    "may",
    "me",
    "might",
    "more",
    "most",
    "much",
    "must",
    "my",
    "of",
    "on",
    "once",
    "one",
    "only",
    "or",
    "other",
    "our",
    "out",
    "over",
    "own",
    "per",
    "same",
    "see",
    "she",
    "should",
    "since",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "though",
    "through",
    "thus",
    "to",
    "too",
    "under",
    "until",
    "up",
    "upon",
    "us",
    "use",
    "used",
    "uses",
    "using",
    "very",
    "via",
    "was",
    "we",
    "well",
    "were",
    "what",
    "when",
    "where",
    "whereas",
    "whether",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "within",
    "would",
    "yet",
    "you",
    "your",
];

/// Whether a word carries meaning.
pub(crate) fn carries_meaning(word: &str) -> bool {
    let lower = word.to_lowercase();
    (word.chars().count() > 1 || word.chars().all(|c| c.is_ascii_digit()))
        && EMPTY.binary_search(&lower.as_str()).is_err()
        && !is_negation(&lower)
}

/// Whether a word turns a statement into its opposite.
pub(crate) fn is_negation(word: &str) -> bool {
    let lower = word.to_lowercase().replace('’', "'");
    lower.ends_with("n't")
        || matches!(
            lower.as_str(),
            "not"
                | "no"
                | "never"
                | "cannot"
                | "neither"
                | "nor"
                | "none"
                | "nothing"
                | "nobody"
                | "nowhere"
                | "without"
                | "lacks"
                | "lack"
                | "fails"
                | "unable"
                | "dont"
                | "doesnt"
                | "isnt"
        )
}

/// The stems of the meaningful words of a text.
pub(crate) fn stems(text: &str) -> HashSet<String> {
    words(text)
        .into_iter()
        .filter(|word| carries_meaning(word.text))
        .map(|word| stem(word.text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_place_and_their_apostrophes() {
        let text = "It doesn't call `foo_bar`(x).";
        let found: Vec<&str> = words(text).iter().map(|word| word.text).collect();
        assert_eq!(found, ["It", "doesn't", "call", "foo_bar", "x"]);
        assert!(
            words(text)
                .iter()
                .all(|word| &text[word.range.clone()] == word.text)
        );
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [
            &["spawn", "spawns", "spawned", "spawning"][..],
            &["store", "stores", "stored", "storing"],
            &["stop", "stopped", "stops", "stopping"],
            &["copy", "copies", "copied"],
            &["default", "defaults"],
            &["cache", "caches", "cached", "caching"],
        ] {
            assert!(forms.iter().all(|form| stem(form) == stem(forms[0])), "{forms:?}");
        }
        assert_ne!(stem("class"), stem("clas"));
    }

    #[test]
    fn the_list_of_empty_words_is_sorted() {
        assert!(EMPTY.is_sorted());
    }
}
