//! Several lists of results made one.
//!
//! Scores are brought to one range within a list, so the best of a list that has nothing to say looks as good as the
//! best of one that answers the question. How many of the question's words a result has tells them apart.

use aiex_research::{Found, SearchFailure};

/// What a result without any of the question's words keeps of its score. Chosen by hand: vectors find what shares no
/// word with the question.
const WITHOUT_WORDS: f32 = 0.3;

/// Shorter words carry a question and not its matter.
const SHORTEST_WORD: usize = 4;

/// One list of at most `limit` results, the best first. A list that failed counts only when none succeeded.
pub(super) fn together(
    lists: Vec<Result<Vec<Found>, SearchFailure>>,
    query: &str,
    limit: usize,
) -> Result<Vec<Found>, SearchFailure> {
    let is_one = lists.len() == 1;
    let mut failed = None;
    let mut succeeded = false;
    let mut all = Vec::new();
    for list in lists {
        match list {
            Ok(found) => {
                succeeded = true;
                all.extend(found);
            }
            Err(failure) => {
                tracing::debug!(%failure, "a part of a search failed");
                failed.get_or_insert(failure);
            }
        }
    }
    if let (Some(failure), false) = (failed, succeeded) {
        return Err(failure);
    }
    if !is_one {
        let words = words(query);
        for found in &mut all {
            let text = found.text.as_deref().unwrap_or(&found.snippet);
            found.score *= share(&words, &[&found.title, text]);
        }
        // The sort is stable, so equals stay in the order of their lists.
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
    }
    all.truncate(limit);
    Ok(all)
}

/// The words of a question that say what it is about.
pub(super) fn words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = query
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// How much of its score a result keeps: all of it with every word.
pub(super) fn share(words: &[String], texts: &[&str]) -> f32 {
    if words.is_empty() {
        return 1.0;
    }
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let has = |word: &&String| texts.iter().any(|text| text.contains(word.as_str()));
    let found = words.iter().filter(has).count();
    WITHOUT_WORDS + (1.0 - WITHOUT_WORDS) * found as f32 / words.len() as f32
}

#[cfg(test)]
mod tests {
    use aiex_evidence::Origin;

    use super::*;

    fn found(title: &str, text: &str, score: f32) -> Found {
        Found {
            origin: Origin::Commit {
                repo: "r".to_owned(),
                root: "/r".to_owned(),
                commit: title.to_owned(),
            },
            title: title.to_owned(),
            snippet: String::new(),
            score,
            text: Some(text.to_owned()),
            date: None,
            licence: None,
            instructs: false,
        }
    }

    fn titles(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.title.as_str()).collect()
    }

    #[test]
    fn one_list_stays_as_it_is() {
        let list = vec![found("a", "nothing", 0.5), found("b", "retry backoff", 0.4)];
        let merged = together(vec![Ok(list)], "how does retry back off", 9).unwrap();
        assert_eq!(titles(&merged), ["a", "b"]);
        assert!((merged[0].score - 0.5).abs() < f32::EPSILON);
    }

    #[test]
    fn of_several_lists_the_one_with_the_words_of_the_question_wins() {
        let silent = vec![found("a", "something else", 1.0), found("b", "else", 0.9)];
        let telling = vec![
            found("c", "retry with backoff", 0.9),
            found("d", "retry with backoff", 0.1),
        ];
        let merged = together(vec![Ok(silent), Ok(telling)], "retry backoff", 3).unwrap();
        assert_eq!(titles(&merged), ["c", "a", "b"]);
    }

    #[test]
    fn a_failure_counts_only_when_nothing_succeeded() {
        let failure = || SearchFailure {
            message: "no".to_owned(),
            hint: "yes".to_owned(),
            retryable: false,
        };
        assert_eq!(
            together(vec![Ok(Vec::new()), Err(failure())], "q", 9),
            Ok(Vec::new())
        );
        assert_eq!(
            together(vec![Err(failure()), Err(failure())], "q", 9),
            Err(failure())
        );
        assert_eq!(together(Vec::new(), "q", 9), Ok(Vec::new()));
    }
}
