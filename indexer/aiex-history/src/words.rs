//! Splits text into the words that are stored and looked for.

use std::collections::HashSet;

/// A run of letters and digits longer than this is data: a digest, base64.
const MAX_WORD: usize = 48;

/// Calls `each` with every word of `text` in small letters: an identifier as a whole, without its underscores, and
/// where it has several parts each of them. `parseHTTPRequest_v2` gives `parsehttprequestv2`, `parse`, `http`,
/// `request`, `v2`.
pub(crate) fn each(text: &str, each: &mut dyn FnMut(&str)) {
    let identifiers = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    for identifier in identifiers.filter(|word| !word.is_empty() && word.len() <= MAX_WORD) {
        let whole: String = identifier
            .chars()
            .filter(|c| *c != '_')
            .flat_map(char::to_lowercase)
            .collect();
        let mut parts = parts(identifier).peekable();
        let Some(first) = parts.next() else { continue };
        each(&whole);
        if parts.peek().is_some() {
            for part in std::iter::once(first).chain(parts) {
                each(&part.to_lowercase());
            }
        }
    }
}

/// The words of `text`, each once, with a blank between; `limit` bounds the bytes.
pub(crate) fn unique(texts: impl IntoIterator<Item = impl AsRef<str>>, limit: usize) -> String {
    let mut seen = HashSet::new();
    let mut out = String::new();
    for text in texts {
        each(text.as_ref(), &mut |word| {
            if out.len() + word.len() < limit && seen.insert(word.to_owned()) {
                out.push_str(word);
                out.push(' ');
            }
        });
    }
    out
}

/// The parts of an identifier: at underscores, from a small letter to a capital, and before the last of several
/// capitals.
fn parts(identifier: &str) -> impl Iterator<Item = &str> {
    identifier.split('_').flat_map(|piece| {
        let chars: Vec<(usize, char)> = piece.char_indices().collect();
        let mut cuts = vec![0];
        for at in 1..chars.len() {
            let (before, here) = (chars[at - 1].1, chars[at].1);
            let next_small = chars.get(at + 1).is_some_and(|(_, c)| c.is_lowercase());
            if here.is_uppercase() && (!before.is_uppercase() || next_small) {
                cuts.push(chars[at].0);
            }
        }
        cuts.push(piece.len());
        let ranges: Vec<&str> = cuts
            .windows(2)
            .map(|cut| &piece[cut[0]..cut[1]])
            .filter(|s| !s.is_empty())
            .collect();
        ranges
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each(text, &mut |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn identifiers_are_kept_whole_and_in_parts() {
        assert_eq!(
            words("parseHTTPRequest_v2"),
            ["parsehttprequestv2", "parse", "http", "request", "v2"]
        );
        assert_eq!(
            words("retry_policy = RetryPolicy::new();").join(" "),
            "retrypolicy retry policy retrypolicy retry policy new"
        );
        assert_eq!(
            words("fix(api): don't panic"),
            ["fix", "api", "don", "t", "panic"]
        );
        assert_eq!(words("Straße ÜBER"), ["straße", "über"]);
        assert_eq!(words("___ -- 😀"), Vec::<String>::new());
        assert_eq!(words(&"a".repeat(100)), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn no_word_is_empty_or_has_a_blank_and_the_limit_holds(text in ".*", limit in 0_usize..200) {
            prop_assert!(words(&text).iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)));
            prop_assert!(unique([&text], limit).len() <= limit);
        }
    }
}
