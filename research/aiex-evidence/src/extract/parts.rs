//! Which part of a question a quote answers.
//!
//! The parts of one question share its subject, so a quote that speaks of the subject speaks of each of them and answers
//! none. What tells is a part's *own* words: those that no other part has. A quote answers a part when it holds enough of
//! the part's own words, and enough of all of them; of several the one whose own words it holds most of. A part that is
//! made of others, as the question itself is, gets what answers more than one of them.

use std::collections::HashSet;
use std::ops::Range;

use super::asked::{Asked, meant};
use super::{Meaning, Rarity, parted};
use crate::Source;
use crate::words::stems;

/// The share of a part's own words that a quote must hold, and of all of its words. What stands above the quote counts for
/// half.
const LEAST_OWN: f64 = 0.33;
const LEAST_OF_ALL: f64 = 0.4;
/// What nearness in meaning counts beside words.
const BY_MEANING: f64 = 0.5;

/// The parts of a question.
pub struct Parts(Vec<Part>);

struct Part {
    question: String,
    all: Asked,
    own: Asked,
    /// The parts that it is made of; none, or at least two.
    made_of: Vec<usize>,
}

impl Parts {
    /// Parts by what each asks, in the order of a plan.
    pub fn new<'q>(questions: impl IntoIterator<Item = &'q str>) -> Self {
        let questions: Vec<(&str, HashSet<String>)> = questions
            .into_iter()
            .map(|question| (question, stems(question)))
            .collect();
        let made_of = |whole: &HashSet<String>| -> Vec<usize> {
            let is_in = |part: &HashSet<String>| part.len() < whole.len() && part.is_subset(whole);
            let held = questions.iter().enumerate().filter(|(_, (_, part))| is_in(part));
            let held: Vec<usize> = held.map(|(at, _)| at).collect();
            if held.len() < 2 { Vec::new() } else { held }
        };
        let wholes: Vec<Vec<usize>> = questions.iter().map(|(_, words)| made_of(words)).collect();
        let parts = questions.iter().zip(&wholes).enumerate();
        // Weighed alike: a word that no source holds is one that no quote answers.
        let unweighed = Rarity::default();
        let parts = parts.map(|(at, ((question, words), made_of))| {
            let others = questions.iter().zip(&wholes).enumerate();
            let others: Vec<&HashSet<String>> = others
                .filter(|(other, (_, made_of))| *other != at && made_of.is_empty())
                .map(|(_, ((_, words), _))| words)
                .collect();
            let is_own = |word: &str| !others.iter().any(|other| other.contains(word));
            let has_own = made_of.is_empty() && words.iter().any(|word| is_own(word));
            let all = Asked::new(question, &unweighed);
            let own = Asked::new(question, &unweighed).of_words(|word| !has_own || is_own(word));
            Part {
                question: (*question).to_owned(),
                all,
                own,
                made_of: made_of.clone(),
            }
        });
        Self(parts.collect())
    }

    /// The parts that a part is made of; none when it is made of none.
    pub fn made_of(&self, part: usize) -> &[usize] {
        self.0.get(part).map_or(&[], |part| part.made_of.as_slice())
    }

    /// The part that each of these pieces of a source answers; `None` for one that only shares words with the question.
    pub fn answered(
        &self,
        source: &Source,
        pieces: &[Range<usize>],
        meaning: Option<&dyn Meaning>,
    ) -> Vec<Option<usize>> {
        let texts: Vec<&str> = pieces
            .iter()
            .map(|piece| source.text.get(piece.clone()).unwrap_or_default())
            .collect();
        let near: Vec<Vec<f64>> = match meaning {
            Some(meaning) => {
                let parts = self.0.iter();
                parts
                    .map(|part| meaning.nearness(&part.question, &texts))
                    .collect()
            }
            None => Vec::new(),
        };
        let all = parted(source);
        let path = source.origin.path().unwrap_or_default();
        let each = pieces.iter().zip(texts).enumerate();
        each.map(|(place, (piece, text))| {
            let around = all
                .iter()
                .find(|part| part.range.start < piece.end && piece.start < part.range.end);
            let above = around.map_or("", |part| part.above.as_str());
            let above = format!("{above}\n{} {path}", source.title);
            let near: Vec<f64> = near
                .iter()
                .map(|near| near.get(place).copied().unwrap_or_default())
                .collect();
            self.best(text, &above, &near)
        })
        .collect()
    }

    /// The part that a text answers, below what stands above it.
    fn best(&self, text: &str, above: &str, near: &[f64]) -> Option<usize> {
        let mut answered: Vec<(usize, f64)> = Vec::new();
        for (at, part) in self.0.iter().enumerate() {
            if !part.made_of.is_empty() {
                continue;
            }
            let means = BY_MEANING * meant(near.get(at).copied().unwrap_or_default());
            let others = near.iter().enumerate().filter(|(other, _)| {
                let is_whole = self.0.get(*other).is_some_and(|other| !other.made_of.is_empty());
                *other != at && !is_whole
            });
            let nearest_other = others.map(|(_, near)| *near).fold(0.0, f64::max);
            // What is as near to another part is near to what they share.
            let means_own = means - BY_MEANING * meant(nearest_other);
            let own = part.own.held_below(text, above).max(means_own);
            let all = part.all.held_below(text, above).max(means);
            if own >= LEAST_OWN && all >= LEAST_OF_ALL {
                answered.push((at, own));
            }
        }
        let is_of_all = |whole: &Part| answered.iter().all(|(at, _)| whole.made_of.contains(at));
        if answered.len() > 1
            && let Some(whole) = self.0.iter().position(is_of_all)
        {
            return Some(whole);
        }
        // The first of equals.
        answered
            .into_iter()
            .rev()
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(questions: &[&str], text: &str, above: &str) -> Option<usize> {
        Parts::new(questions.iter().copied()).best(text, above, &[])
    }

    #[test]
    fn a_quote_answers_the_part_whose_own_words_it_holds() {
        let parts = &[
            "where are parcels weighed on a scale",
            "how are parcels printed on a label",
        ];
        let cases = [
            ("Parcels are weighed on the scale of the hall.", Some(0)),
            ("The label of parcels is printed at night.", Some(1)),
            // It speaks of what both ask about, and answers neither.
            ("Parcels come from everywhere.", None),
            ("Nothing of the kind.", None),
        ];
        for (text, answered) in cases {
            assert_eq!(best(parts, text, ""), answered, "{text}");
        }
    }

    #[test]
    fn what_answers_more_than_one_part_belongs_to_what_they_are_parts_of() {
        let whole = "where are parcels weighed on a scale and printed on a label";
        let parts = [whole, "parcels weighed on a scale", "parcels printed on a label"];
        assert_eq!(Parts::new(parts).made_of(0), [1, 2]);
        assert_eq!(Parts::new(parts).made_of(1), [0; 0]);
        let both = "The scale has weighed the parcels, and the label is printed.";
        assert_eq!(best(&parts, both, ""), Some(0));
        assert_eq!(best(&parts, "The scale has weighed the parcels.", ""), Some(1));
    }

    #[test]
    fn one_word_of_a_question_is_no_answer_to_it() {
        let question = ["how does the scale weigh parcels of glass"];
        assert_eq!(best(&question, "The scale stands in the hall.", ""), None);
        assert_eq!(best(&question, "The scale weighs parcels twice.", ""), Some(0));
    }

    #[test]
    fn what_stands_above_a_quote_counts_for_half() {
        let parts = ["is PARCEL_SCALE rotated", "which version has PARCEL_SCALE"];
        let text = "It allows the rotation of old ones.";
        assert_eq!(best(&parts, text, "PARCEL_SCALE"), Some(0));
        assert_eq!(best(&parts, text, ""), None);
    }

    #[test]
    fn a_quote_that_means_what_a_part_asks_answers_it_in_other_words() {
        let parts = Parts::new(["how many volumes may be had", "who borrows them"]);
        let text = "Six books go to each reader.";
        assert_eq!(parts.best(text, "", &[0.7, 0.3]), Some(0));
        assert_eq!(parts.best(text, "", &[0.2, 0.3]), None);
        assert_eq!(
            parts.best(text, "", &[0.7, 0.7]),
            None,
            "it is near to what they share"
        );
    }
}
