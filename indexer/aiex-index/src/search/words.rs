//! Words of queries and names: splitting, stop words, light stems.

/// Words that say nothing about code, in questions that people ask.
const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "by", "can", "code", "could",
    "did", "do", "does", "find", "for", "from", "get", "has", "have", "how", "i", "if", "in", "into", "is",
    "it", "its", "me", "my", "of", "on", "or", "our", "out", "show", "so", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "to", "us", "used", "uses", "using", "was", "we", "what",
    "when", "where", "which", "who", "why", "will", "with", "would", "you",
];

/// The words of a name: split at `_`, `-`, other signs, changes of case and digits; lower-cased.
pub(crate) fn parts(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().copied().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(i + 1).copied();
        let begins = match before {
            Some(before) if c.is_numeric() != before.is_numeric() => before.is_alphanumeric(),
            Some(before) if c.is_uppercase() => {
                before.is_lowercase() || (before.is_uppercase() && after.is_some_and(char::is_lowercase))
            }
            Some(_) => false,
            None => false,
        };
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a word carries no meaning in a question about code.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// A word without its commonest English endings, so that `retries`, `retry` and `retrying` meet.
/// Deliberately light: it is used to compare words, never shown and never stored.
pub(crate) fn stem(word: &str) -> &str {
    let cut = |ending: &str, rest: usize| {
        word.strip_suffix(ending)
            .filter(|stem| stem.chars().count() >= rest)
    };
    if word.ends_with("ss") {
        return word;
    }
    let stem = cut("ies", 3)
        .or_else(|| cut("ing", 4))
        .or_else(|| cut("ed", 4))
        .or_else(|| cut("es", 4))
        .or_else(|| cut("s", 3))
        .or_else(|| cut("y", 3))
        .or_else(|| cut("e", 3))
        .unwrap_or(word);
    // `cached`, `caches` and `cache` end alike once the silent e is gone too.
    stem.strip_suffix('e')
        .filter(|rest| rest.len() >= 3)
        .unwrap_or(stem)
}

/// How well a query word fits a word of a name: 1 for the same stem, less for a beginning, else 0.
pub(crate) fn fit(query_word: &str, word: &str) -> f32 {
    if stem(query_word) == stem(word) {
        return 1.0;
    }
    let (short, long) = if query_word.len() < word.len() {
        (query_word, word)
    } else {
        (word, query_word)
    };
    // Three letters are what abbreviations in names commonly keep (`cfg` aside): `conf`, `init`, `req`.
    if short.len() >= 3 && long.starts_with(short) {
        0.7
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_where_readers_see_words() {
        let check = |name: &str, expected: &str| assert_eq!(parts(name).join(" "), expected, "{name}");
        check("parseHTTPHeader", "parse http header");
        check("snake_case_name", "snake case name");
        check("Vec2D", "vec 2 d");
        check("src/retry-policy.rs", "src retry policy rs");
        check("größeÄndern", "größe ändern");
        check("__init__", "init");
    }

    #[test]
    fn stems_let_forms_of_a_word_meet() {
        for (a, b) in [
            ("retries", "retry"),
            ("indexing", "index"),
            ("cached", "cache"),
            ("caches", "cache"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        assert_ne!(stem("class"), stem("clas"));
    }

    #[test]
    fn stop_words_are_sorted_for_the_search_in_them() {
        assert!(STOP_WORDS.is_sorted());
    }
}
