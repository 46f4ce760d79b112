//! What each signal of ranking is worth: the queries are asked with all of them, and again without each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::grade::ndcg;
use super::{Corpus, Query, ask};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::session::Session;

/// Hits that a grade looks at: enough spans for ten distinct files.
const HITS: u32 = 30;

/// Resamples of the bootstrap (Efron and Tibshirani, 1993), and the share of them that the interval leaves out on
/// each side.
const RESAMPLES: usize = 1_000;
const OUTSIDE: f64 = 0.025;

/// The grades of all queries, in their order.
type Grades = Vec<f64>;

/// Asks everything once for each signal and tells what each is worth. `took` gets the times of the queries that were asked
/// with every signal.
pub(super) async fn run(
    corpora: &[Corpus<'_>],
    session: &Session,
    took: &mut Vec<Duration>,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let queries: Vec<&Query> = corpora
        .iter()
        .flat_map(|corpus| corpus.queries.iter().copied())
        .collect();
    let signals = aiex_daemon::ranking_signals();
    let mut progress = Progress::new(printer);
    let mut step = |done: usize| {
        progress.step(
            "without each signal",
            done as u64,
            signals.len() as u64,
            "signals",
            "",
        )
    };
    step(0);
    let whole = grades(corpora, BTreeMap::new(), session, took, interrupt).await?;
    let mut rows = Vec::new();
    for (done, (name, off)) in signals.iter().enumerate() {
        step(done);
        let ranking = BTreeMap::from([((*name).to_owned(), *off)]);
        let without = grades(corpora, ranking, session, &mut Vec::new(), interrupt).await?;
        let lost: Grades = whole
            .iter()
            .zip(&without)
            .map(|(whole, without)| whole - without)
            .collect();
        rows.push((*name, lost));
    }
    progress.clear();
    printer.data(&table(&queries, &whole, &rows))
}

async fn grades(
    corpora: &[Corpus<'_>],
    ranking: BTreeMap<String, f32>,
    session: &Session,
    took: &mut Vec<Duration>,
    interrupt: &mut Interrupt,
) -> Result<Grades, Failure> {
    let mut grades = Vec::new();
    for corpus in corpora {
        for query in &corpus.queries {
            let (places, time) = ask(session, query, &corpus.root, HITS, ranking.clone(), interrupt).await?;
            took.push(time);
            let paths = places.iter().map(|place| place.path.as_str());
            grades.push(ndcg(&query.relevant, paths));
        }
    }
    Ok(grades)
}

/// A Markdown table: what leaving each signal out costs, as the mean of the suites with its interval, and by suite.
fn table(queries: &[&Query], whole: &[f64], rows: &[(&str, Grades)]) -> String {
    let mut suites: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, query) in queries.iter().enumerate() {
        suites.entry(&query.suite).or_default().push(at);
    }
    let names: Vec<&str> = suites
        .keys()
        .map(|name| if name.is_empty() { "all" } else { name })
        .collect();
    let suites: Vec<&Vec<usize>> = suites.values().collect();
    let mut text = format!(
        "NDCG@10 of {} queries: {:.4}",
        queries.len(),
        macro_mean(&suites, whole)
    );
    for (name, suite) in names.iter().zip(&suites) {
        let _ = write!(text, ", {name} {:.4}", mean(suite, whole));
    }
    let _ = write!(
        text,
        "\n\n| signal | worth | 95 % | {} |\n|---|---|---|",
        names.join(" | ")
    );
    text.push_str(&"---|".repeat(names.len()));
    text.push('\n');
    for (name, lost) in rows {
        let (low, high) = interval(&suites, lost);
        let _ = write!(
            text,
            "| {name} | {:+.4} | {low:+.4} … {high:+.4} |",
            macro_mean(&suites, lost)
        );
        for suite in &suites {
            let _ = write!(text, " {:+.4} |", mean(suite, lost));
        }
        text.push('\n');
    }
    text
}

fn mean(places: &[usize], values: &[f64]) -> f64 {
    places.iter().map(|at| values[*at]).sum::<f64>() / places.len().max(1) as f64
}

/// The mean of the suites' means, so that a large suite does not decide alone.
fn macro_mean(suites: &[&Vec<usize>], values: &[f64]) -> f64 {
    suites.iter().map(|suite| mean(suite, values)).sum::<f64>() / suites.len().max(1) as f64
}

/// Where the mean lies if the queries had been others of their kind: percentiles over resampled suites. The same
/// numbers at every run.
fn interval(suites: &[&Vec<usize>], values: &[f64]) -> (f64, f64) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let suite = |suite: &&Vec<usize>| {
                let drawn: Vec<usize> = suite.iter().map(|_| suite[random.usize(..suite.len())]).collect();
                mean(&drawn, values)
            };
            suites.iter().map(suite).sum::<f64>() / suites.len().max(1) as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    (at(OUTSIDE), at(1.0 - OUTSIDE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_the_loss_by_suite_and_its_interval() {
        let query = |suite: &str| Query {
            id: String::new(),
            corpus: "c".to_owned(),
            query: "q".to_owned(),
            suite: suite.to_owned(),
            relevant: Vec::new(),
        };
        let queries = [query("one"), query("one"), query("two")];
        let queries: Vec<&Query> = queries.iter().collect();
        let rows = [("prose", vec![0.5, 0.5, 0.0]), ("test", vec![0.0, 0.0, 0.0])];
        insta::assert_snapshot!(table(&queries, &[1.0, 0.5, 0.25], &rows), @r"
        NDCG@10 of 3 queries: 0.5000, one 0.7500, two 0.2500

        | signal | worth | 95 % | one | two |
        |---|---|---|---|---|
        | prose | +0.2500 | +0.2500 … +0.2500 | +0.5000 | +0.0000 |
        | test | +0.0000 | +0.0000 … +0.0000 | +0.0000 | +0.0000 |
        ");
    }
}
