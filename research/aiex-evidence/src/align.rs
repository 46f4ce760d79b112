//! Finding the passage a careless copy was made from.
//!
//! Words are aligned by edit distance with both ends of the haystack free (Sellers, "The theory and computation of
//! evolutionary distances: pattern recognition", 1980), so the cost is words of the copy × words of the text.

use std::collections::HashMap;
use std::ops::Range;

use crate::SourceId;
use crate::quote::{LEAST_SIMILARITY, Rejected};
use crate::words::{Word, is_negation, words};

/// The passage of `text` nearest to `copy`, in bytes of `text`. Both are folded.
pub(crate) fn nearest(text: &str, copy: &str, source_id: SourceId) -> Result<Range<usize>, Rejected> {
    let text_words = words(text);
    let copy_words = words(copy);
    let not_found = |similarity| Rejected::NotFound {
        source_id,
        similarity,
    };
    if copy_words.is_empty() || text_words.is_empty() {
        return Err(not_found(0.0));
    }
    let (copy_ids, text_ids) = numbered(&copy_words, &text_words);
    let (window, distance) = best_window(&copy_ids, &text_ids);
    let longer = copy_ids.len().max(window.len());
    let similarity = 1.0 - ratio(distance, longer);
    if window.is_empty() || similarity < LEAST_SIMILARITY {
        return Err(not_found(similarity.max(0.0)));
    }
    let pairs = differing(&copy_ids, text_ids.get(window.clone()).unwrap_or_default());
    let altered = pairs.into_iter().find_map(|(ours, theirs)| {
        let ours = ours.and_then(|at| copy_words.get(at));
        let theirs = theirs.and_then(|at| text_words.get(window.start + at));
        [ours, theirs]
            .into_iter()
            .flatten()
            .find(|word| matters(word.text))
    });
    if let Some(word) = altered {
        return Err(Rejected::Altered {
            source_id,
            word: word.text.to_owned(),
        });
    }
    match (text_words.get(window.start), text_words.get(window.end - 1)) {
        (Some(first), Some(last)) => Ok(first.range.start..last.range.end),
        _ => Err(not_found(similarity)),
    }
}

/// Whether a change of this word changes what is said, however few words it is.
fn matters(word: &str) -> bool {
    word.contains(|c: char| c.is_numeric()) || is_negation(word)
}

/// Words as numbers: equal words, equal numbers; words of the text that the copy does not have are 0.
fn numbered(copy: &[Word<'_>], text: &[Word<'_>]) -> (Vec<u32>, Vec<u32>) {
    let mut ids = HashMap::new();
    let mut copy_ids = Vec::with_capacity(copy.len());
    for word in copy {
        let next = u32::try_from(ids.len()).unwrap_or(u32::MAX - 1) + 1;
        copy_ids.push(*ids.entry(word.text.to_lowercase()).or_insert(next));
    }
    let text_ids = text
        .iter()
        .map(|word| ids.get(&word.text.to_lowercase()).copied().unwrap_or(0))
        .collect();
    (copy_ids, text_ids)
}

/// Bits of a cell for where its window begins, and for which step led to it.
const BEGIN: u32 = 32;
const STEP: u32 = 2;

/// The window of the text with the least edit distance to the copy; the first of several.
fn best_window(copy: &[u32], text: &[u32]) -> (Range<usize>, usize) {
    // A cell is the distance of `copy[..i]` to the best window that ends here, and where that window begins, as one number:
    // the least of three cells is the least of three numbers, and of equals the one by the first step.
    let cell = |distance: usize, begin: usize| (distance as u64) << (BEGIN + STEP) | begin as u64;
    let add = |cell: u64, distance: u64, step: u64| cell + (distance << (BEGIN + STEP)) + (step << BEGIN);
    let distance = |cell: u64| (cell >> (BEGIN + STEP)) as usize;
    let begin = |cell: u64| (cell & u64::from(u32::MAX)) as usize;
    let mut column: Vec<u64> = (1..=copy.len()).map(|i| cell(i, 0)).collect();
    let mut best = (0..0, copy.len());
    for (at, word) in text.iter().enumerate() {
        let mut diagonal = cell(0, at);
        let mut above = cell(0, at + 1);
        for (wanted, slot) in copy.iter().zip(&mut column) {
            let left = *slot;
            let least = add(diagonal, u64::from(wanted != word), 0)
                .min(add(left, 1, 1))
                .min(add(above, 1, 2));
            above = least & !(((1 << STEP) - 1) << BEGIN);
            *slot = above;
            diagonal = left;
        }
        if distance(above) < best.1 && !copy.is_empty() {
            best = (begin(above).min(at)..at + 1, distance(above));
        }
    }
    best
}

/// The places where two short sequences differ in their best alignment: (place in the one, place in the other).
fn differing(ours: &[u32], theirs: &[u32]) -> Vec<(Option<usize>, Option<usize>)> {
    let width = theirs.len() + 1;
    let mut cost = vec![0usize; (ours.len() + 1) * width];
    let get = |cost: &[usize], i: usize, j: usize| cost.get(i * width + j).copied().unwrap_or(usize::MAX / 2);
    for i in 0..=ours.len() {
        for j in 0..=theirs.len() {
            let value = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let same = usize::from(ours.get(i - 1) != theirs.get(j - 1));
                    (get(&cost, i - 1, j - 1) + same)
                        .min(get(&cost, i - 1, j) + 1)
                        .min(get(&cost, i, j - 1) + 1)
                }
            };
            if let Some(slot) = cost.get_mut(i * width + j) {
                *slot = value;
            }
        }
    }
    let (mut i, mut j) = (ours.len(), theirs.len());
    let mut differ = Vec::new();
    while i > 0 || j > 0 {
        let here = get(&cost, i, j);
        let differs = usize::from(i > 0 && j > 0 && ours.get(i - 1) != theirs.get(j - 1));
        if i > 0 && j > 0 && here == get(&cost, i - 1, j - 1) + differs {
            (i, j) = (i - 1, j - 1);
            if differs == 1 {
                differ.push((Some(i), Some(j)));
            }
        } else if i > 0 && here == get(&cost, i - 1, j) + 1 {
            i -= 1;
            differ.push((Some(i), None));
        } else {
            j = j.saturating_sub(1);
            differ.push((None, Some(j)));
        }
    }
    differ
}

/// `a / b` for counts of words.
fn ratio(a: usize, b: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if b == 0 { 1.0 } else { float(a) / float(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// The same in plain words: of each cell its cost and where its window begins; of equal costs the first step's.
    fn plainly(copy: &[u32], text: &[u32]) -> (Range<usize>, usize) {
        let mut column: Vec<(usize, usize)> = (0..=copy.len()).map(|i| (i, 0)).collect();
        let mut best = (0..0, copy.len());
        for (at, word) in text.iter().enumerate() {
            let before = column.clone();
            column[0] = (0, at + 1);
            for (i, wanted) in copy.iter().enumerate() {
                let diagonal = if i == 0 { (0, at) } else { before[i] };
                let step = (diagonal.0 + usize::from(wanted != word), diagonal.1);
                let skip_text = (before[i + 1].0 + 1, before[i + 1].1);
                let skip_copy = (column[i].0 + 1, column[i].1);
                column[i + 1] = [step, skip_text, skip_copy]
                    .into_iter()
                    .min_by_key(|(cost, _)| *cost)
                    .unwrap();
            }
            let (distance, begin) = column[copy.len()];
            if distance < best.1 {
                best = (begin.min(at)..at + 1, distance);
            }
        }
        best
    }

    proptest! {
        #[test]
        fn cells_as_numbers_find_the_window_that_plain_ones_find(
            copy in prop::collection::vec(1_u32..5, 0..12),
            text in prop::collection::vec(0_u32..5, 0..60),
        ) {
            prop_assert_eq!(best_window(&copy, &text), plainly(&copy, &text));
        }
    }

    const TEXT: &str = "Intro words. The runtime starts one worker thread per core by default and keeps up to 512 threads \
                        for blocking work. It never moves a task between runtimes. Outro.";

    fn found(copy: &str) -> Result<&'static str, Rejected> {
        nearest(TEXT, copy, SourceId(1)).map(|range| &TEXT[range])
    }

    #[test]
    fn a_copy_with_one_small_fault_in_ten_words_is_found_as_the_text_has_it() {
        let copy = "the runtime starts one worker thread per core by default and keeps upto 512 threads for blocking work";
        assert!(
            matches!(found(copy), Err(Rejected::NotFound { .. })),
            "two words of 18 differ"
        );
        let copy = "The runtime starts a worker thread per core by default and keeps up to 512 threads for blocking work";
        assert_eq!(
            found(copy).unwrap(),
            "The runtime starts one worker thread per core by default and keeps up to 512 threads for blocking work"
        );
    }

    #[test]
    fn a_changed_number_or_negation_is_refused_however_long_the_copy() {
        let copy = "The runtime starts one worker thread per core by default and keeps up to 256 threads for blocking work";
        assert_eq!(
            found(copy),
            Err(Rejected::Altered {
                source_id: SourceId(1),
                word: "256".into()
            })
        );
        let copy = "keeps up to 512 threads for blocking work. It moves a task between runtimes.";
        assert!(matches!(found(copy), Err(Rejected::Altered { word, .. }) if word == "never"));
    }

    #[test]
    fn other_words_are_not_found() {
        assert!(matches!(
            found("completely different words about cooking"),
            Err(Rejected::NotFound { .. })
        ));
    }
}
