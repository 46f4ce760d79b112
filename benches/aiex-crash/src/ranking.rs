//! Ranked answers of an index that was hurt beside those of a fresh one.
//!
//! Vectors know nothing of the past: neighbours and their scores must be the same. Full text does: its engine counts the
//! chunks that were deleted and are not yet merged away (up to 30 % of a segment) when it weighs how rare a word is and
//! how long a chunk is, so scores of the same chunk differ a little between an old index and a fresh one, and close
//! places may change; of two chunks of a file that are all but equal the other may then stand for it, and the first is
//! pushed far down as its second. Among equal scores the older chunk is first, which another index may not have made
//! first. So for words it is held that both find the same chunks, that the file of each of the first ten is near the top
//! of the other, and it is counted how often the first ten are the same to the last place. An arm lists so many and no
//! more: what is found by words alone, with hardly a better score than the last of the list, another index may not list.
//! Words of paths score whole folders alike: where more chunks are equal than the list has room for, which of them are
//! in it is chance, and to be in it is worth some ten places.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::Value;

use crate::failure::Failure;
use crate::program::{Program, words};
use crate::question;
use crate::tally::Agreement;
use crate::tree::Tree;

/// Definitions whose neighbours are compared.
const EXAMPLES: usize = 6;
/// Neighbours that are compared, up to those whose score is that of the last.
const NEIGHBOURS: &str = "20";
/// Places that are compared.
const FIRST: usize = 10;
/// Where the files of the first of one index must be in the other.
const NEAR_THE_TOP: usize = 30;
/// Everything that any arm finds.
const ALL: &str = "1000";
/// Chunks that hold a word, beyond which the arm for words does not show all.
const FEW: usize = 40;
/// By how much scores of the same two vectors may differ.
const EPSILON: f64 = 0.001;
/// Chunks that the arm for words of paths lists at most.
const PATHS_LISTED: usize = 120;
/// Of the last score of an arm for words: what is not above is at its end. Scores differ by up to a tenth.
const AT_THE_END: f64 = 1.1;

struct Hit {
    /// Path and lines.
    place: String,
    score: f64,
    /// The score of the arm for meaning, if it found it.
    dense: Option<f64>,
    /// The score of the arm for words, if it found it.
    by_words: Option<f64>,
    /// The score of the arm for words of paths, if it found it.
    by_path: Option<f64>,
}

impl Hit {
    fn path(&self) -> &str {
        self.place.rsplit_once(':').map_or("", |(path, _)| path)
    }
}

/// Asks both the same, some by example, some by words.
pub(crate) fn compare(
    old: &Program,
    fresh: &Program,
    tree: &Tree,
    rng: &mut Rng,
) -> Result<Agreement, Failure> {
    let definitions = fresh.answer(&tree.root, &words(["symbols", "--json", "--limit", "100000"]))?;
    for row in rng.choose_multiple(definitions.rows()?, EXAMPLES) {
        let example = format!("{}:{}", row["path"].as_str().unwrap_or_default(), row["line"]);
        let asked = words(["search", "--similar", &example, "--json", "--limit", NEIGHBOURS]);
        let [old, fresh] = [old, fresh].map(|program| hits(program, tree, &asked));
        same_neighbours(&example, &old?, &fresh?)?;
    }
    let mut agreement = Agreement::default();
    for _ in 0..8 {
        for query in [question::name(tree, rng)?, question::words(tree, rng)?] {
            let asked = words(["search", &query, "--explain", "--json", "--limit", ALL]);
            let [old, fresh] = [old, fresh].map(|program| hits(program, tree, &asked));
            let (old, fresh) = (old?, fresh?);
            same_chunks(&query, &old, &fresh)?;
            near(&query, "the old one", &old, &fresh)?;
            near(&query, "the fresh one", &fresh, &old)?;
            let first = |hits: &[Hit]| -> Vec<String> {
                hits.iter().take(FIRST).map(|hit| hit.place.clone()).collect()
            };
            agreement.asked += 1;
            agreement.alike += u64::from(first(&old) == first(&fresh));
        }
    }
    Ok(agreement)
}

fn hits(program: &Program, tree: &Tree, asked: &[String]) -> Result<Vec<Hit>, Failure> {
    let rows = program.answer(&tree.root, asked)?.rows()?;
    let number = |row: &Value, key: &str| row[key].as_u64().unwrap_or_default();
    let hit = |row: &Value| Hit {
        place: format!(
            "{}:{}-{}",
            row["path"].as_str().unwrap_or_default(),
            number(row, "start_line"),
            number(row, "end_line")
        ),
        score: row["score"].as_f64().unwrap_or_default(),
        dense: row["explain"]["arms"]["dense"]["score"].as_f64(),
        by_words: row["explain"]["arms"]["lexical"]["score"].as_f64(),
        by_path: row["explain"]["arms"]["path"]["score"].as_f64(),
    };
    Ok(rows.iter().map(hit).collect())
}

/// The same places with the same scores. Those whose score is that of the last may be others: there is no room for all.
fn same_neighbours(example: &str, old: &[Hit], fresh: &[Hit]) -> Result<(), Failure> {
    let above_the_last = |hits: &[Hit]| -> BTreeMap<String, f64> {
        let last = hits.last().map_or(0.0, |hit| hit.score);
        let above = hits.iter().filter(|hit| last + EPSILON < hit.score);
        above.map(|hit| (hit.place.clone(), hit.score)).collect()
    };
    let (above_old, above_fresh) = (above_the_last(old), above_the_last(fresh));
    let is_in = |place: &str, score: f64, hits: &[Hit]| {
        hits.iter()
            .any(|hit| hit.place == place && (hit.score - score).abs() < EPSILON)
    };
    let lost = above_fresh
        .iter()
        .find(|(place, score)| !is_in(place, **score, old));
    let surplus = above_old
        .iter()
        .find(|(place, score)| !is_in(place, **score, fresh));
    match lost.or(surplus) {
        None => Ok(()),
        Some((place, score)) => Err(differs(
            example,
            format!("{place}, {score}, is a neighbour in one of them"),
        )),
    }
}

/// Chunks that both find have the same vectors, and those that hold the words are the same.
fn same_chunks(query: &str, old: &[Hit], fresh: &[Hit]) -> Result<(), Failure> {
    for hit in old {
        // A line that is too long for a chunk makes several of one place.
        let of_place = fresh.iter().filter(|other| other.place == hit.place);
        let mut others = of_place.filter_map(|other| other.dense).peekable();
        if let (Some(one), Some(two)) = (hit.dense, others.peek().copied())
            && !others.any(|other| (one - other).abs() <= EPSILON)
        {
            return Err(differs(
                query,
                format!("{}: vectors score {one} and {two}", hit.place),
            ));
        }
    }
    let with_words = |hits: &[Hit]| -> BTreeSet<String> {
        let held = hits.iter().filter(|hit| hit.by_words.is_some());
        held.map(|hit| hit.place.clone()).collect()
    };
    let (old, fresh) = (with_words(old), with_words(fresh));
    if old.len().max(fresh.len()) < FEW
        && let Some(place) = old.symmetric_difference(&fresh).next()
    {
        return Err(differs(
            query,
            format!("only one of them finds {place} by its words"),
        ));
    }
    Ok(())
}

fn near(query: &str, whose: &str, these: &[Hit], those: &[Hit]) -> Result<(), Failure> {
    let last =
        |score: fn(&Hit) -> Option<f64>| AT_THE_END * these.iter().filter_map(score).fold(f64::MAX, f64::min);
    let (end_of_words, end_of_paths) = (last(|hit| hit.by_words), last(|hit| hit.by_path));
    let are_paths_cut = these.iter().filter(|hit| hit.by_path.is_some()).count() >= PATHS_LISTED;
    for (rank, hit) in these.iter().take(FIRST).enumerate() {
        let is_at_the_end = hit.dense.is_none()
            && hit.by_words.is_none_or(|score| score <= end_of_words)
            && hit.by_path.is_none_or(|score| score <= end_of_paths);
        let is_by_chance = are_paths_cut && hit.by_path.is_some_and(|score| score <= end_of_paths);
        if is_at_the_end || is_by_chance {
            continue;
        }
        let there = those.iter().position(|other| other.path() == hit.path());
        if there.is_none_or(|there| NEAR_THE_TOP <= there) {
            let there = there.map(|there| there + 1);
            return Err(differs(
                query,
                format!(
                    "{} is number {} in {whose}, {there:?} in the other",
                    hit.place,
                    rank + 1
                ),
            ));
        }
    }
    Ok(())
}

fn differs(query: &str, detail: String) -> Failure {
    Failure::Wrong {
        what: format!("a fresh index ranks `{query}` differently"),
        detail: format!("  {detail}"),
    }
}
