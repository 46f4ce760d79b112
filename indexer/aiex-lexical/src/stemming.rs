//! Words without their endings, so that `validate`, `validates` and `validation` meet.
//!
//! English (Snowball's Porter2), because names in code and most questions about it are English; words of other
//! scripts and words with digits stay as they are. What two words have in common by chance (`universe`,
//! `university`) costs little: rare words are what ranks.

use std::cell::RefCell;
use std::collections::HashMap;

use qdrant_rust_stemmers::{Algorithm, Stemmer};

/// Words whose stems are kept at hand. Code is written with few words, so most are found here.
const KEPT: usize = 16_384;
/// A longer word is data.
const LONGEST: usize = 32;

thread_local! {
    static STEMS: RefCell<HashMap<Box<str>, Box<str>>> = RefCell::new(HashMap::new());
}

/// Gives the stem of a word, which must be in lower case, to `take`.
pub(crate) fn with_stem<T>(word: &str, take: impl FnOnce(&str) -> T) -> T {
    if word.len() < 3 || word.len() > LONGEST || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return take(word);
    }
    STEMS.with_borrow_mut(|stems| {
        if let Some(stem) = stems.get(word) {
            return take(stem);
        }
        if stems.len() >= KEPT {
            stems.clear();
        }
        let stem: Box<str> = Stemmer::create(Algorithm::English).stem(word).into();
        let given = take(&stem);
        stems.insert(word.into(), stem);
        given
    })
}

/// The stem of a word, which must be in lower case.
pub fn stem(word: &str) -> String {
    with_stem(word, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["retry", "retries", "retried"][..],
            &["validate", "validates", "validation", "validator"],
            &["serialize", "serializer", "serialization"],
            &["cache", "cached", "caches", "caching"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{stems:?}");
        }
    }

    #[test]
    fn what_is_no_english_word_stays() {
        for word in ["x86", "größe", "id", "b", "搜索"] {
            assert_eq!(stem(word), word);
        }
    }
}
