//! How rare words are among the texts of a run.

use std::collections::BTreeMap;

use super::asked::{SHORTEST_FORM, related};
use crate::words::{parts, stem, words};

/// How rare each word is among texts.
#[derive(Debug, Clone, Default)]
pub struct Rarity {
    texts: u32,
    /// Ordered, so that forms of one word stand together.
    holding: BTreeMap<String, u32>,
}

impl Rarity {
    /// Counts in how many texts each word stands.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut rarity = Self::default();
        for text in texts {
            rarity.texts += 1;
            let mut held: Vec<String> = words(text)
                .into_iter()
                .flat_map(|word| parts(word.text))
                .map(stem)
                .collect();
            held.sort_unstable();
            held.dedup();
            for stem in held {
                *rarity.holding.entry(stem).or_insert(0) += 1;
            }
        }
        rarity
    }

    /// Counts in how many paragraphs each word stands. Sources were found by the words of the question, so most of
    /// them hold the ones that matter; few of their paragraphs do.
    pub fn of_paragraphs<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let paragraphs = texts.into_iter().flat_map(|text| text.split("\n\n"));
        Self::of(paragraphs.filter(|paragraph| !paragraph.trim().is_empty()))
    }

    /// The weight of a stem: `ln(1 + (N - n + 0.5) / (n + 0.5))`, other forms of the word counted with it. `None` when no
    /// text holds it: then it tells none from another.
    pub(super) fn weight(&self, stem: &str) -> Option<f64> {
        let beginning: String = stem.chars().take(SHORTEST_FORM).collect();
        let forms = self
            .holding
            .range(beginning.clone()..)
            .take_while(|(held, _)| held.starts_with(&beginning))
            .filter(|(held, _)| related(stem, held) > 0.0);
        let holding = forms.map(|(_, count)| *count).max()?;
        let (texts, holding) = (f64::from(self.texts), f64::from(holding));
        Some((1.0 + ((texts - holding).max(0.0) + 0.5) / (holding + 0.5)).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_few_texts_weighs_more_than_one_of_many_and_one_of_none_nothing() {
        let rarity = Rarity::of(["a pool of threads", "a pool of cars", "a pool of water"]);
        assert!(rarity.weight("thread") > rarity.weight("pool"));
        assert_eq!(rarity.weight("judg"), None);
    }

    #[test]
    fn the_parts_of_a_name_count_as_words() {
        let rarity = Rarity::of(["max_threads", "something else"]);
        assert!(rarity.weight("thread").is_some());
        assert!(rarity.weight("max_threads").is_some());
    }
}
