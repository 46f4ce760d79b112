//! Grades of many queries, by suite.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_index::search::RankSettings;

use crate::{Graded, Outcome, leads, ndcg};

/// The place of a query, its grade, and whether the best file's first span lies on the answer.
type Score = (usize, f64, Option<bool>);

/// Means by suite, and their mean.
#[derive(Debug)]
pub struct Report {
    pub(crate) suites: BTreeMap<String, (f64, usize)>,
    /// Of how many queries a best file was found whose answering lines are known, and how many lead to these lines.
    pub(crate) found: usize,
    pub(crate) leading: usize,
}

impl Report {
    /// Ranks the chosen queries with these constants and grades the rankings, on all cores.
    ///
    /// # Errors
    /// When a ranking fails.
    pub fn of(graded: &[Graded], settings: &RankSettings, takes: &dyn Fn(&Graded) -> bool) -> Outcome<Self> {
        let chosen: Vec<&Graded> = graded.iter().filter(|one| takes(one)).collect();
        let next = AtomicUsize::new(0);
        let work = || -> Outcome<Vec<Score>> {
            let mut mine = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = chosen.get(at) else {
                    return Ok(mine);
                };
                let placed = match &one.case {
                    Some(case) => case.rank(settings, 30)?,
                    None => Vec::new(),
                };
                let paths = placed.iter().map(|hit| hit.path.as_str());
                mine.push((at, ndcg(&one.query, paths), leads(&one.query, &placed)));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let scores = std::thread::scope(|scope| -> Outcome<Vec<Score>> {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::new();
            for worker in workers {
                all.extend(worker.join().map_err(|_| "a worker panicked")??);
            }
            Ok(all)
        })?;
        let mut suites: BTreeMap<String, (f64, usize)> = BTreeMap::new();
        let (mut found, mut leading) = (0, 0);
        for (at, score, leads) in scores {
            found += usize::from(leads.is_some());
            leading += usize::from(leads == Some(true));
            let query = &chosen[at].query;
            for key in [query.suite.clone(), format!("{}/{}", query.suite, query.kind)] {
                let entry = suites.entry(key).or_default();
                entry.0 += score;
                entry.1 += 1;
            }
        }
        Ok(Self {
            suites,
            found,
            leading,
        })
    }

    /// The mean of a suite, or of a kind of query within it (`suite/kind`); 0 where there is none.
    pub fn mean(&self, suite: &str) -> f64 {
        self.suites
            .get(suite)
            .map_or(0.0, |(sum, count)| sum / *count as f64)
    }

    /// The share of the found files whose first span lies on the answer; 0 where no lines are known.
    pub fn leading(&self) -> f64 {
        self.leading as f64 / self.found.max(1) as f64
    }

    /// What is climbed: the mean of the suites, of which small ones count less.
    pub fn goal(&self) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (suite, (_, count)) in self.suites.iter().filter(|(suite, _)| !suite.contains('/')) {
            let weight = (*count as f64 / 100.0).min(1.0);
            sum += weight * self.mean(suite);
            weights += weight;
        }
        sum / f64::max(weights, 1e-9)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.4} |", self.goal())?;
        for suite in self.suites.keys() {
            write!(f, " {suite} {:.4}", self.mean(suite))?;
        }
        if self.found > 0 {
            write!(
                f,
                " | first span on the answer in {} of {} found files",
                self.leading, self.found
            )?;
        }
        Ok(())
    }
}
