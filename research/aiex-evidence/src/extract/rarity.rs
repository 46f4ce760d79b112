//! How rare words are among the texts of a run.

use std::collections::{BTreeMap, HashMap};

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
        let mut texts_so_far = 0;
        // Of each stem: how many texts hold it, and the last one that did.
        let mut stems: HashMap<String, usize> = HashMap::new();
        let mut counted: Vec<(u32, u32)> = Vec::new();
        let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
        for text in texts {
            texts_so_far += 1;
            for word in words(text) {
                let places = known.entry(word.text).or_insert_with(|| {
                    let place = |part| {
                        *stems.entry(stem(part)).or_insert_with(|| {
                            counted.push((0, 0));
                            counted.len() - 1
                        })
                    };
                    parts(word.text).map(place).collect()
                });
                for place in places {
                    if let Some((count, last)) =
                        counted.get_mut(*place).filter(|(_, last)| *last < texts_so_far)
                    {
                        *count += 1;
                        *last = texts_so_far;
                    }
                }
            }
        }
        let count = |place: usize| counted.get(place).map_or(0, |(count, _)| *count);
        Self {
            texts: texts_so_far,
            holding: stems
                .into_iter()
                .map(|(stem, place)| (stem, count(place)))
                .collect(),
        }
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
