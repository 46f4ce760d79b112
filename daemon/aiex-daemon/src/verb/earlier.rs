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
/// … and one in the lists of the query with words from before, together. Less, for what is asked now comes first: with as much, the
/// second page of the old question would stand among the first places of the new one.
const CONTEXT_WEIGHT: f32 = 0.7;
/// The constant of reciprocal rank fusion: how little the first places stand out. As among sources, and for the same
/// reason: with the usual 60 the weights alone would decide.
const RANK_OFFSET: f32 = 6.0;

/// Searches that a follow-up looks back on: the last one, the one that this followed up on, and so forth.
const STEPS: usize = 4;
/// What the words of a step count beside those of the step after it. All steps together count [`CONTEXT_WEIGHT`].
const FADING: f32 = 0.5;

/// Words that a hit shows of those that brought it.
const SHOWN_WORDS: usize = 8;
/// Words from before that sources other than code are asked for; the nearest ones. What is sent elsewhere is a question
/// and not a history.
const OTHER_WORDS: usize = 16;

/// What earlier searches lend. By default nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Earlier {
    /// Words to look for beside the query, the nearest search first.
    pub(super) lent: Vec<Lent>,
    /// What was asked before, in its own words, the nearest first.
    pub(super) asked: Vec<String>,
    /// The only files to look into; none when all are.
    pub(super) files: Option<Vec<String>>,
    /// What the user should know of it.
    pub(super) notice: Option<&'static str>,
}

/// The words of one earlier search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lent {
    /// Those that say something beside the query and the searches after it.
    pub(super) words: String,
    /// What a place in the list that they bring counts, beside [`OWN_WEIGHT`].
    weight: f32,
}

impl Lent {
    /// The query with these words before it.
    pub(super) fn widened(&self, query: &str) -> String {
        format!("{} {query}", self.words)
    }
}

impl Earlier {
    /// Takes the words of searches, the nearest first.
    fn borrow(&mut self, before: &[&str], query: &str) {
        let mut known = query.to_owned();
        let mut fading = 1.0;
        for before in before {
            if let Some(words) = words_beside(before, &known) {
                known = format!("{words} {known}");
                self.lent.push(Lent {
                    words,
                    weight: fading,
                });
            }
            fading *= FADING;
        }
        let sum: f32 = self.lent.iter().map(|lent| lent.weight).sum();
        for lent in &mut self.lent {
            lent.weight *= CONTEXT_WEIGHT / sum;
        }
    }

    /// The query with words before it, at most so many, the nearest ones.
    pub(super) fn widened(&self, query: &str) -> String {
        let nearest = self.lent.iter().flat_map(|lent| lent.words.split_whitespace());
        let words: Vec<&str> = nearest.take(OTHER_WORDS).chain([query]).collect();
        words.join(" ")
    }
}

/// What is lent to a search in the repository `root`.
pub(super) async fn of(running: &Arc<Running>, args: &SearchArgs, root: &Path) -> Result<Earlier, WireError> {
    let mut earlier = Earlier::default();
    let is_pattern = args.mode != Mode::Auto;
    if let Some(refined) = running.refined.as_deref().filter(|_| !is_pattern) {
        earlier.borrow(&[refined], &args.query);
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
        let way = way_back(running, args, (!anywhere).then_some(root)).await?;
        if let Some(last) = way.first() {
            running.follows_up_on(last.id);
        }
        earlier.asked = way.into_iter().map(|past| past.search.query).collect();
        if earlier.lent.is_empty() {
            let asked: Vec<&str> = earlier.asked.iter().map(String::as_str).collect();
            let mut lending = Earlier::default();
            lending.borrow(&asked, &args.query);
            earlier.lent = lending.lent;
        }
    }
    if args.within_last {
        let way = way_back(running, args, Some(root)).await?;
        let last = way.into_iter().next().map(|last| last.search.places);
        let files: Vec<String> = last.into_iter().flatten().map(|place| place.path).collect();
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
    Ok(earlier.widened(&args.query))
}

/// The last search and what it followed up on; never empty.
async fn way_back(
    running: &Arc<Running>,
    args: &SearchArgs,
    root: Option<&Path>,
) -> Result<Vec<PastSearch>, WireError> {
    running.enter("reading the history");
    let notebook = running.handle.notebook.clone();
    if !notebook.keeps_history() {
        return Err(invalid(
            "searches are not remembered, so none can be built on",
            "`history = true` under `[search]` in the settings has them remembered",
        ));
    }
    let (session, root) = (args.session.clone(), root.map(|root| root.display().to_string()));
    let way = running
        .blocking(move |_| notebook.with(|sessions| sessions.way_back(&session, root.as_deref(), STEPS)))
        .await??;
    if !way.is_empty() {
        return Ok(way);
    }
    Err(if args.session.is_empty() {
        invalid(
            "there is no earlier search in this repository",
            "search first; `aiex history` shows what was searched for",
        )
    } else {
        let message = format!("there is no earlier search of the session `{}`", args.session);
        invalid(&message, "search with the same `--session` first")
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

/// One list of what the query found and what it found with words from before: reciprocal ranks, weighed. Spans of
/// several lists that overlap are one.
pub(super) fn fuse(own: Vec<Hit>, with_words: Vec<(Lent, Vec<Hit>)>, limit: usize) -> Vec<Hit> {
    let mut fused: Vec<(f32, Hit)> = Vec::new();
    let mut by_path: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, hit) in own.into_iter().enumerate() {
        by_path.entry(hit.path.clone()).or_default().push(fused.len());
        fused.push((part(OWN_WEIGHT, place), hit));
    }
    let mut all_words: Vec<String> = Vec::new();
    for (lent, hits) in with_words {
        let words: Vec<&str> = lent.words.split_whitespace().take(SHOWN_WORDS).collect();
        let words = words.join(" ");
        let mut brought: Vec<(String, usize)> = Vec::new();
        for (place, mut hit) in hits.into_iter().enumerate() {
            let score = part(lent.weight, place);
            let same_file = by_path.get(&hit.path).into_iter().flatten().copied();
            let same = same_file
                .filter_map(|at| Some((at, fused.get(at)?)))
                .find(|(_, (_, other))| hit.start_line <= other.end_line && other.start_line <= hit.end_line)
                .map(|(at, _)| at);
            match same.and_then(|at| fused.get_mut(at)) {
                Some((known, _)) => *known += score,
                None => {
                    hit.why.push(format!("from the search before: {words}"));
                    brought.push((hit.path.clone(), fused.len()));
                    fused.push((score, hit));
                }
            }
        }
        // Only now: spans of one list are different ones, even where they overlap.
        for (path, at) in brought {
            by_path.entry(path).or_default().push(at);
        }
        all_words.push(words);
    }
    let all_words = all_words.join("; ");
    // Stable: equals stay in the order of the query's own list.
    fused.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let ranked = fused.into_iter().zip(1..).take(limit);
    ranked
        .map(|((score, mut hit), rank)| {
            (hit.rank, hit.score) = (rank, score);
            if let Some(explanation) = &mut hit.explain {
                explanation.steps.push(ScoreStep {
                    rule: "follow_up".to_owned(),
                    detail: format!("its places without and with: {all_words}"),
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

    fn lent(words: &str, weight: f32) -> Lent {
        Lent {
            words: words.to_owned(),
            weight,
        }
    }

    #[test]
    fn what_both_found_comes_first_and_what_only_the_words_brought_says_so() {
        let own = vec![hit("a", 1), hit("b", 1), hit("c", 1)];
        let with_words = vec![hit("d", 1), hit("b", 5), hit("c", 100)];
        let fused = fuse(own, vec![(lent("retry", CONTEXT_WEIGHT), with_words)], 10);
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
        let one = vec![(lent("retry", CONTEXT_WEIGHT), vec![hit("d", 1)])];
        assert_eq!(fuse(vec![hit("a", 1)], one, 1).len(), 1);
    }

    #[test]
    fn what_was_asked_longer_ago_counts_for_less_and_all_of_it_for_less_than_the_query() {
        let mut earlier = Earlier::default();
        earlier.borrow(
            &["limit of attempts", "retry limit", "limit", "the server"],
            "where",
        );
        let words: Vec<&str> = earlier.lent.iter().map(|lent| lent.words.as_str()).collect();
        assert_eq!(
            words,
            ["limit of attempts", "retry", "the server"],
            "each word once"
        );
        let weights: Vec<f32> = earlier.lent.iter().map(|lent| lent.weight).collect();
        assert!(
            weights[0] == 2.0 * weights[1] && weights[1] == 4.0 * weights[2],
            "{weights:?}"
        );
        assert!(
            (weights.iter().sum::<f32>() - CONTEXT_WEIGHT).abs() < 1e-6,
            "{weights:?}"
        );
        assert_eq!(
            earlier.widened("where"),
            "limit of attempts retry the server where"
        );

        let lists = earlier.lent.into_iter().zip([
            vec![hit("b", 1)],
            vec![hit("c", 1)],
            vec![hit("d", 1), hit("c", 2)],
        ]);
        let fused = fuse(vec![hit("a", 1)], lists.collect(), 10);
        let paths: Vec<&str> = fused.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "c", "d"], "what two lists bring is one");

        let mut alone = Earlier::default();
        alone.borrow(&["retry"], "where");
        assert_eq!(alone.lent, [lent("retry", CONTEXT_WEIGHT)]);
        let nothing = Earlier::default();
        assert_eq!(nothing.widened("where"), "where");
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
