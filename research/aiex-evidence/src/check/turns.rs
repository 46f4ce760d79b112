//! Small words that turn the sense: `to` and `from`, `only`, `not`, `up to` and `over`.
//!
//! They carry no meaning of their own, so a search leaves them aside; a check may not. Articles and auxiliaries turn nothing.

use crate::words::is_negation;

/// Words that a sentence must have where its quote has them.
const TURNING: &[&str] = &[
    "above", "after", "all", "any", "because", "before", "below", "between", "both", "by", "can", "could",
    "during", "each", "either", "every", "except", "few", "from", "if", "instead", "into", "many", "may",
    "might", "more", "most", "must", "once", "only", "onto", "or", "other", "out", "over", "per", "same",
    "should", "since", "some", "through", "to", "under", "unless", "until", "up", "when", "whether", "while",
    "within",
];

/// What one says in several words or in another one.
const SPOKEN: &[(&[&str], &str)] = &[
    (&["no", "more", "than"], "at most"),
    (&["not", "more", "than"], "at most"),
    (&["no", "less", "than"], "at least"),
    (&["no", "fewer", "than"], "at least"),
    (&["not", "less", "than"], "at least"),
    (&["at", "most"], "at most"),
    (&["maximum", "of"], "at most"),
    (&["minimum", "of"], "at least"),
    (&["up", "to"], "at most"),
    (&["at", "least"], "at least"),
    (&["more", "than"], "over"),
    (&["less", "than"], "under"),
    (&["fewer", "than"], "under"),
    (&["out", "of"], "from"),
    (&["into"], "to"),
    (&["onto"], "to"),
    (&["each"], "all"),
    (&["every"], "all"),
    (&["till"], "until"),
    (&["cannot"], "not"),
];

/// Words whose lack turns nothing round: what a sentence leaves out is looked at apart ([`super::left`]).
const MAY_GO: &[&str] = &["all", "at least", "at most", "only", "out", "through", "to", "up"];

/// Words that turn what they stand before, wherever they are put in.
const NARROWING: &[&str] = &["only", "unless"];

/// Words that turn a number.
const BOUNDS: &[&str] = &["above", "below", "over", "under"];

/// Words that cannot both be right of one thing.
const REVERSED: &[(&str, &str)] = &[
    ("above", "at most"),
    ("above", "below"),
    ("above", "under"),
    ("after", "before"),
    ("after", "until"),
    ("at least", "at most"),
    ("at least", "below"),
    ("at least", "under"),
    ("at most", "over"),
    ("below", "over"),
    ("from", "to"),
    ("over", "under"),
];

/// The turning word that some words begin with, in the one form that it is compared in, and how many of them it takes.
pub(super) fn read(words: &[&str]) -> Option<(String, usize)> {
    let lower: Vec<String> = words.iter().take(3).map(|word| word.to_lowercase()).collect();
    let spoken = SPOKEN.iter().find(|(said, _)| {
        said.len() <= lower.len() && said.iter().zip(&lower).all(|(said, word)| said == word)
    });
    if let Some((said, meant)) = spoken {
        return Some(((*meant).to_owned(), said.len()));
    }
    let word = lower.first()?;
    let is_contracted = word.ends_with("n't") || word.ends_with("n’t");
    let turns = TURNING.contains(&word.as_str()) || is_negation(word);
    turns.then(|| {
        (
            if is_contracted {
                "not".to_owned()
            } else {
                word.clone()
            },
            1,
        )
    })
}

/// Whether the turning words of a sentence stand at the same place in a quote, in their order, and none is missing that
/// may not.
pub(super) fn agree(claimed: &[String], said: &[String]) -> bool {
    let mut rest = said.iter();
    claimed.iter().all(|word| rest.any(|said| said == word))
        && said
            .iter()
            .all(|word| claimed.contains(word) || MAY_GO.contains(&word.as_str()))
}

/// The bound of a number that a sentence leaves out: `at most 5` is not 5.
pub(super) fn loosed<'a>(claimed: &[String], said: &'a [String]) -> Option<&'a String> {
    let is_bound = |word: &&String| matches!(word.as_str(), "at least" | "at most");
    said.iter().find(|word| is_bound(word) && !claimed.contains(word))
}

/// The word of a sentence that turns what a quote says at the same place, for certain. Other words that differ may be
/// another way to say it.
pub(super) fn turning<'a>(claimed: &'a [String], said: &[String], before_number: bool) -> Option<&'a String> {
    claimed.iter().find(|word| {
        let is_reversed = |other: &String| {
            REVERSED
                .iter()
                .any(|(a, b)| (a == word && b == other) || (b == word && a == other))
        };
        let denies = is_negation(word) && !said.iter().any(|said| is_negation(said));
        let narrows = NARROWING.contains(&word.as_str());
        let bounds = before_number && BOUNDS.contains(&word.as_str());
        !said.contains(word) && (denies || narrows || bounds || said.iter().any(is_reversed))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(text: &str) -> Vec<String> {
        let words: Vec<&str> = text.split(' ').collect();
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            match read(&words[at..]) {
                Some((turn, taken)) => {
                    found.push(turn);
                    at += taken;
                }
                None => at += 1,
            }
        }
        found
    }

    #[test]
    fn turning_words_are_read_in_one_form() {
        assert_eq!(turns("it is the last of them"), [""; 0]);
        assert_eq!(turns("up to no more than"), ["at most", "at most"]);
        assert_eq!(turns("doesn't go up into it"), ["not", "up", "to"]);
    }

    #[test]
    fn what_is_put_in_or_reversed_does_not_agree() {
        let certain = |claimed: &str, said: &str| turning(&turns(claimed), &turns(said), false).is_some();
        for (claimed, said) in [
            ("only after", "after"),
            ("to", "from"),
            ("not", ""),
            ("over", "up to"),
        ] {
            assert!(!agree(&turns(claimed), &turns(said)), "{claimed} / {said}");
            assert!(certain(claimed, said), "{claimed} / {said}");
        }
        for (claimed, said) in [("when", "after"), ("", "if"), ("never", "not")] {
            assert!(!agree(&turns(claimed), &turns(said)), "{claimed} / {said}");
            assert!(!certain(claimed, said), "{claimed} / {said}");
        }
        for (claimed, said) in [("no more than", "at most"), ("", "up to"), ("every", "all")] {
            assert!(agree(&turns(claimed), &turns(said)), "{claimed} / {said}");
        }
    }
}
