//! How much of a text is in another, in words.

use std::collections::HashMap;

/// How well a text matches the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    pub(crate) f1: f64,
    pub(crate) precision: f64,
    pub(crate) recall: f64,
}

/// Compares bags of words: runs of letters, digits and underscores in lower case, each as often as it occurs.
pub(crate) fn word_score(text: &str, truth: &str) -> Score {
    let (found, wanted) = (bag(text), bag(truth));
    let size = |bag: &HashMap<String, usize>| bag.values().sum::<usize>();
    let common: usize = found
        .iter()
        .map(|(word, count)| wanted.get(word).map_or(0, |other| *other.min(count)))
        .sum();
    if size(&wanted) == 0 {
        let right = f64::from(u8::from(size(&found) == 0));
        return Score {
            f1: right,
            precision: right,
            recall: right,
        };
    }
    let share = |whole: usize| {
        if whole == 0 {
            0.0
        } else {
            common as f64 / whole as f64
        }
    };
    let (precision, recall) = (share(size(&found)), share(size(&wanted)));
    let sum = precision + recall;
    Score {
        f1: if sum == 0.0 {
            0.0
        } else {
            2.0 * precision * recall / sum
        },
        precision,
        recall,
    }
}

fn bag(text: &str) -> HashMap<String, usize> {
    let mut bag = HashMap::new();
    for word in text.split(|char: char| !char.is_alphanumeric() && char != '_') {
        if !word.is_empty() {
            *bag.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    bag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_shares_of_words() {
        let score = word_score("One two two x", "one two three");
        assert_eq!((score.precision, score.recall), (0.5, 2.0 / 3.0));
        assert_eq!(word_score("", "a").f1, 0.0);
        assert_eq!(word_score("", "").f1, 1.0);
        assert_eq!(word_score("a-b", "A, B!").f1, 1.0);
    }
}
