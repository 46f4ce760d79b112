//! Grades of rankings: graded NDCG@10 over distinct files, the measure that the benchmark's own scorer computes.

use std::collections::HashMap;

use aiex_index::search::lab::Placed;
use serde::Deserialize;

/// A query with what is relevant to it.
#[derive(Debug, Clone, Deserialize)]
pub struct Query {
    /// Tells it from others.
    #[serde(default)]
    pub id: String,
    /// The folder it is asked of.
    pub corpus: String,
    /// The question.
    pub query: String,
    /// Whose query it is.
    #[serde(default)]
    pub suite: String,
    /// What kind of question.
    #[serde(default)]
    pub kind: String,
    /// What answers it.
    pub relevant: Vec<Relevant>,
}

/// A file that answers a query.
#[derive(Debug, Clone, Deserialize)]
pub struct Relevant {
    /// Path inside the corpus.
    pub path: String,
    /// How well it answers; 1 when not said.
    #[serde(default = "one")]
    pub grade: f64,
    /// The first line of the answer in it, from 1, where that is known.
    pub start_line: Option<u32>,
    /// Its last line, inclusive.
    pub end_line: Option<u32>,
}

impl Relevant {
    /// Whether a span of its file has some of the lines that answer; nothing when they are not known.
    fn is_met_by(&self, span: &Placed) -> Option<bool> {
        let (start, end) = self.start_line.zip(self.end_line)?;
        Some(span.start_line <= end && start <= span.end_line)
    }
}

fn one() -> f64 {
    1.0
}

/// Places that count.
const PLACES: usize = 10;

/// NDCG@10 of paths, best first; a path that comes again does not count.
pub fn ndcg<'a>(query: &Query, paths: impl Iterator<Item = &'a str>) -> f64 {
    let mut grades: HashMap<&str, f64> = HashMap::new();
    for relevant in &query.relevant {
        let grade = grades.entry(&relevant.path).or_default();
        *grade = grade.max(relevant.grade);
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
    let ideal = gain(best.into_iter().take(PLACES));
    if ideal == 0.0 {
        return 0.0;
    }
    gain(
        seen.into_iter()
            .map(|path| grades.get(path).copied().unwrap_or(0.0)),
    ) / ideal
}

/// Whether the first span of a file that answers best lies on the answer: who opens the hit sees it. Nothing when no such file
/// was found, or its lines are not known.
pub fn leads(query: &Query, spans: &[Placed]) -> Option<bool> {
    let best = query
        .relevant
        .iter()
        .map(|relevant| relevant.grade)
        .fold(0.0, f64::max);
    let answers = || query.relevant.iter().filter(|relevant| relevant.grade == best);
    let first = spans
        .iter()
        .find(|span| answers().any(|answer| answer.path == span.path))?;
    answers()
        .filter(|answer| answer.path == first.path)
        .filter_map(|answer| answer.is_met_by(first))
        .reduce(|met, other| met || other)
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
    fn a_perfect_order_has_one_and_a_swapped_one_less() {
        let query: Query = serde_json::from_str(
            r#"{"corpus": "c", "query": "q", "relevant": [{"path": "a", "grade": 2}, {"path": "b"}]}"#,
        )
        .unwrap();
        assert!((ndcg(&query, ["a", "a", "b"].into_iter()) - 1.0).abs() < 1e-9);
        let swapped = ndcg(&query, ["b", "a"].into_iter());
        assert!((0.5..1.0).contains(&swapped), "{swapped}");
        assert_eq!(ndcg(&query, ["c"].into_iter()), 0.0);
    }

    #[test]
    fn the_first_span_of_an_answering_file_is_judged_by_its_lines() {
        let query: Query = serde_json::from_str(
            r#"{"corpus": "c", "query": "q", "relevant": [{"path": "a", "grade": 2, "start_line": 10, "end_line": 12},
                {"path": "b", "grade": 1}]}"#,
        )
        .unwrap();
        let span = |path: &str, start_line, end_line| Placed {
            path: path.to_owned(),
            start_line,
            end_line,
            score: 1.0,
        };
        let (other, before, on) = (span("b", 1, 9), span("a", 1, 9), span("a", 9, 10));
        assert_eq!(
            leads(&query, &[other.clone(), on.clone(), before.clone()]),
            Some(true)
        );
        assert_eq!(leads(&query, &[before, on]), Some(false));
        assert_eq!(leads(&query, &[other]), None);
    }
}
