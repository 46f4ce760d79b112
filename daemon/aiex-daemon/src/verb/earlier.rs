//! What earlier searches lend to one: words for a follow-up, files to look within.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use aiex_protocol::search::{Hit, Mode, ScoreStep, SearchArgs};
use aiex_protocol::{ErrorCode, WireError};
use aiex_sessions::{MAX_PLACES, PastSearch};

use super::Running;
use super::search::absolute;

/// What a place in the list of the query itself counts …
const OWN_WEIGHT: f32 = 1.0;
/// … and one in the list of the query with the words before. Less, for what is asked now comes first: with as much, the
/// second page of the old question would stand among the first places of the new one.
const CONTEXT_WEIGHT: f32 = 0.7;
/// The constant of reciprocal rank fusion: how little the first places stand out. As among sources, and for the same
/// reason: with the usual 60 the weights alone would decide.
const RANK_OFFSET: f32 = 6.0;

/// Words that a hit shows of those that brought it.
const SHOWN_WORDS: usize = 8;

/// What earlier searches lend. By default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Earlier {
    /// Words to look for beside the query.
    pub(super) words: Option<String>,
    /// The only files to look into; none when all are.
    pub(super) files: Option<Vec<String>>,
    /// What the user should know of it.
    pub(super) notice: Option<&'static str>,
}

impl Earlier {
    /// The query with the words before it.
    pub(super) fn widened(&self, query: &str) -> Option<String> {
        self.words.as_ref().map(|words| format!("{words} {query}"))
    }
}

/// What is lent to a search in the repository `root`.
pub(super) async fn of(running: &Arc<Running>, args: &SearchArgs, root: &Path) -> Result<Earlier, WireError> {
    let mut earlier = Earlier::default();
    let is_pattern = args.mode != Mode::Auto;
    if let Some(refined) = running.refined.as_deref().filter(|_| !is_pattern) {
        earlier.words = words_beside(refined, &args.query);
    }
    if args.follow_up && is_pattern {
        return Err(invalid(
            "a pattern is matched as it stands, so words from before cannot count",
            "leave out either the follow-up or the pattern's flag; `--within-last` goes with both",
        ));
    }
    if args.follow_up {
        // Another repository of the same session has other files, but its words mean the same.
        let anywhere = !args.session.is_empty();
        let last = last(running, args, (!anywhere).then_some(root)).await?;
        earlier.words = earlier
            .words
            .or_else(|| words_beside(&last.search.query, &args.query));
    }
    if args.within_last {
        let last = last(running, args, Some(root)).await?;
        let files: Vec<String> = last.search.places.into_iter().map(|place| place.path).collect();
        if files.is_empty() {
            return Err(invalid(
                "the last search found nothing in code, so there is nothing to look within",
                "search without `--within-last`",
            ));
        }
        if files.len() >= MAX_PLACES {
            earlier.notice = Some("only the first 50 files of the last search are looked into");
        }
        earlier.files = Some(files);
    }
    Ok(earlier)
}

/// What sources other than code are asked for: their ranking is their own, so a follow-up and the words before it are
/// one question to them.
pub(super) async fn query_with_words(running: &Arc<Running>, args: &SearchArgs) -> Result<String, WireError> {
    if !args.builds_on_earlier() {
        return Ok(args.query.clone());
    }
    let (notebook, place) = (running.handle.notebook.clone(), absolute(&args.repo)?);
    let root = running.blocking(move |_| notebook.root_of(&place)).await?;
    let earlier = of(running, args, &root).await?;
    Ok(earlier.widened(&args.query).unwrap_or_else(|| args.query.clone()))
}

async fn last(
    running: &Arc<Running>,
    args: &SearchArgs,
    root: Option<&Path>,
) -> Result<PastSearch, WireError> {
    running.enter("reading the history");
    let notebook = running.handle.notebook.clone();
    if !notebook.keeps_history() {
        return Err(invalid(
            "searches are not remembered, so none can be built on",
            "`history = true` under `[search]` in the settings has them remembered",
        ));
    }
    let (session, root) = (args.session.clone(), root.map(|root| root.display().to_string()));
    let last = running.blocking(move |_| notebook.with(|sessions| sessions.last(&session, root.as_deref())));
    last.await??.ok_or_else(|| {
        if args.session.is_empty() {
            invalid(
                "there is no earlier search in this repository",
                "search first; `aiex history` shows what was searched for",
            )
        } else {
            let message = format!("there is no earlier search of the session `{}`", args.session);
            invalid(&message, "search with the same `--session` first")
        }
    })
}

fn invalid(message: &str, hint: &str) -> WireError {
    WireError::new(ErrorCode::InvalidRequest, message.to_owned()).with_hint(hint)
}

/// The words of the query before that say something beside the new one: neither in it, nor the beginning of one of its
/// words (somebody is typing), nor blotted out.
fn words_beside(before: &str, query: &str) -> Option<String> {
    let own: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let is_beside = |word: &&str| {
        let word = word.to_lowercase();
        !word.contains("***") && !own.iter().any(|own| own.starts_with(&word))
    };
    let words: Vec<&str> = before.split_whitespace().filter(is_beside).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// One list of what the query found and what it found with the words before: reciprocal ranks, weighed. Spans of both
/// that overlap are one.
pub(super) fn fuse(own: Vec<Hit>, with_words: Vec<Hit>, words: &str, limit: usize) -> Vec<Hit> {
    let shown: Vec<&str> = words.split_whitespace().take(SHOWN_WORDS).collect();
    let words = shown.join(" ");
    let mut fused: Vec<(f32, Hit)> = Vec::new();
    let mut by_path: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, hit) in own.into_iter().enumerate() {
        by_path.entry(hit.path.clone()).or_default().push(fused.len());
        fused.push((part(OWN_WEIGHT, place), hit));
    }
    for (place, mut hit) in with_words.into_iter().enumerate() {
        let score = part(CONTEXT_WEIGHT, place);
        let same_file = by_path.get(&hit.path).into_iter().flatten().copied();
        let same = same_file
            .filter_map(|at| Some((at, fused.get(at)?)))
            .find(|(_, (_, other))| hit.start_line <= other.end_line && other.start_line <= hit.end_line)
            .map(|(at, _)| at);
        match same.and_then(|at| fused.get_mut(at)) {
            Some((own, _)) => *own += score,
            None => {
                hit.why.push(format!("from the search before: {words}"));
                fused.push((score, hit));
            }
        }
    }
    // Stable: equals stay in the order of the query's own list.
    fused.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let ranked = fused.into_iter().zip(1..).take(limit);
    ranked
        .map(|((score, mut hit), rank)| {
            (hit.rank, hit.score) = (rank, score);
            if let Some(explanation) = &mut hit.explain {
                explanation.steps.push(ScoreStep {
                    rule: "follow_up".to_owned(),
                    detail: format!("its places without and with: {words}"),
                    score,
                });
            }
            hit
        })
        .collect()
}

/// What a place in a list counts.
fn part(weight: f32, place: usize) -> f32 {
    weight / (RANK_OFFSET + place as f32 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(path: &str, start_line: u32) -> Hit {
        Hit {
            rank: 0,
            score: 0.0,
            repo: "/r".into(),
            path: path.into(),
            start_line,
            end_line: start_line + 9,
            symbol: None,
            kind: None,
            language: None,
            snippet: String::new(),
            focus_line: start_line,
            why: Vec::new(),
            explain: None,
        }
    }

    #[test]
    fn what_both_found_comes_first_and_what_only_the_words_brought_says_so() {
        let own = vec![hit("a", 1), hit("b", 1), hit("c", 1)];
        let with_words = vec![hit("d", 1), hit("b", 5), hit("c", 100)];
        let fused = fuse(own, with_words, "retry", 10);
        let shown: Vec<(u32, &str, u32)> = fused
            .iter()
            .map(|hit| (hit.rank, hit.path.as_str(), hit.start_line))
            .collect();
        assert_eq!(
            shown,
            [(1, "b", 1), (2, "a", 1), (3, "c", 1), (4, "d", 1), (5, "c", 100)]
        );
        assert!(fused.windows(2).all(|pair| pair[0].score >= pair[1].score));
        for hit in &fused {
            let is_brought = hit.path == "d" || hit.start_line == 100;
            assert_eq!(
                hit.why == ["from the search before: retry"],
                is_brought,
                "{}",
                hit.path
            );
        }
        assert_eq!(fuse(vec![hit("a", 1)], vec![hit("d", 1)], "retry", 1).len(), 1);
    }

    #[test]
    fn only_words_that_say_more_are_taken_over() {
        let beside = |before, query| words_beside(before, query);
        assert_eq!(
            beside("retry Limit", "limit of attempts").as_deref(),
            Some("retry")
        );
        assert_eq!(beside("retr", "retry policy"), None);
        assert_eq!(beside("key ******** of", "where").as_deref(), Some("key of"));
        assert_eq!(beside("", "where"), None);
    }
}
