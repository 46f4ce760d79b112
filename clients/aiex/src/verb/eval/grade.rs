//! How good an order of files is: graded NDCG@10 over distinct files.

use std::collections::HashMap;

use serde::Deserialize;

/// A file that answers a query.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Relevant {
    /// Path inside the corpus.
    pub(super) path: String,
    /// How well it answers; 1 when not said.
    #[serde(default = "one")]
    grade: f64,
}

fn one() -> f64 {
    1.0
}

/// Places that count.
const PLACES: usize = 10;

/// The normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) of paths, best first, from 0 to 1. A path
/// that comes again does not count; nothing relevant gives 0.
pub(super) fn ndcg<'a>(relevant: &[Relevant], paths: impl Iterator<Item = &'a str>) -> f64 {
    let mut grades: HashMap<&str, f64> = HashMap::new();
    for one in relevant {
        let grade = grades.entry(&one.path).or_default();
        *grade = grade.max(one.grade);
    }
    let mut seen: Vec<&str> = Vec::with_capacity(PLACES);
    for path in paths {
        if seen.len() == PLACES {
            break;
        }
        if !seen.contains(&path) {
            seen.push(path);
        }
    }
    let mut best: Vec<f64> = grades.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    best.truncate(PLACES);
    let ideal = gain(best.into_iter());
    if ideal == 0.0 {
        return 0.0;
    }
    let grade = |path: &str| grades.get(path).copied().unwrap_or(0.0);
    gain(seen.into_iter().map(grade)) / ideal
}

fn gain(grades: impl Iterator<Item = f64>) -> f64 {
    grades
        .zip(2_u32..)
        .map(|(grade, place)| grade / f64::from(place).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_order_is_worth_one_and_repeats_do_not_count() {
        let relevant = [("a", 3.0), ("b", 1.0)].map(|(path, grade)| Relevant {
            path: path.to_owned(),
            grade,
        });
        assert!((ndcg(&relevant, ["a", "a", "b"].into_iter()) - 1.0).abs() < 1e-9);
        let swapped = ndcg(&relevant, ["b", "a"].into_iter());
        assert!((swapped - (1.0 + 3.0 / 3f64.log2()) / (3.0 + 1.0 / 3f64.log2())).abs() < 1e-9);
        assert_eq!(ndcg(&relevant, ["c"].into_iter()), 0.0);
        assert_eq!(ndcg(&[], ["c"].into_iter()), 0.0);
    }
}
