//! The searches of one round, side by side; slow ones do not hold up what the others found.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{self, BoxFuture};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use super::Query;
use super::earlier::Hit;
use super::searching::{Searched, TRIES};
use crate::SourceKind;
use crate::journal::Stop;
use crate::live::Live;
use crate::ports::Found;
use crate::store::Patch;

/// The searches of a round.
pub(super) struct Round<'a> {
    /// Those that answered in time, in the order in which they were put.
    pub(super) prompt: Vec<Searched>,
    /// What was found so far by those of whose engines some still owe an answer. They are late as well.
    pub(super) heard: Vec<Searched>,
    /// The others, if there are any. They go on while this is polled.
    pub(super) late: Option<Late<'a>>,
}

/// Which searches of a round are late, as it is journalled: a run that goes on after a restart reads the same.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "KeptLate")]
struct Lateness {
    late: BTreeSet<usize>,
    /// What some of them had found by then: their number, and the results.
    heard: Vec<(usize, Vec<Found>)>,
}

/// Journals of older programs have the numbers alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptLate {
    Bare(BTreeSet<usize>),
    Whole {
        late: BTreeSet<usize>,
        heard: Vec<(usize, Vec<Found>)>,
    },
}

impl From<KeptLate> for Lateness {
    fn from(kept: KeptLate) -> Self {
        match kept {
            KeptLate::Bare(late) => Self {
                late,
                heard: Vec::new(),
            },
            KeptLate::Whole { late, heard } => Self { late, heard },
        }
    }
}

/// Searches that are still under way.
pub(super) type Late<'a> = BoxFuture<'a, Result<Vec<Searched>, Stop>>;

impl Live {
    /// Searches for every query. Once something was found, slow searches are waited for a little and then left to go on
    /// beside what is done with it.
    pub(super) async fn search_round<'a>(
        &'a self,
        round: u32,
        queries: &'a [Query],
    ) -> Result<Round<'a>, Stop> {
        let search = |(at, query): (usize, &'a Query)| async move {
            let searched = self.search(round, query, 0..TRIES).await?;
            Ok((at, searched))
        };
        let mut searches: FuturesUnordered<_> = queries.iter().enumerate().map(search).collect();
        let mut ended = BTreeMap::new();
        let name = format!("round/{round}/late");
        let Lateness { late, heard } = match self.decided::<Lateness>(&name) {
            Some(lateness) => {
                let late = &lateness.late;
                let is_missing =
                    |at: &usize, ended: &BTreeMap<_, _>| !late.contains(at) && !ended.contains_key(at);
                while (0..queries.len()).any(|at| is_missing(&at, &ended))
                    && let Some(next) = searches.next().await
                {
                    let (at, searched) = next?;
                    ended.insert(at, searched);
                }
                lateness
            }
            None => {
                self.wait_a_little(queries, &mut searches, &mut ended).await?;
                if searches.is_empty() {
                    Lateness::default()
                } else {
                    let lateness = || self.lateness(queries, &ended);
                    self.decide(&name, lateness, |_| Vec::new(), Patch::default())
                        .await?
                }
            }
        };
        if late.is_empty() {
            let prompt = self.unless_dead(round, queries, ended.into_values().collect());
            return Ok(Round {
                prompt: prompt.await?,
                heard: Vec::new(),
                late: None,
            });
        }
        let (mut held, prompt): (BTreeMap<_, _>, BTreeMap<_, _>) =
            ended.into_iter().partition(|(at, _)| late.contains(at));
        let late = async move {
            while let Some(next) = searches.next().await {
                let (at, searched) = next?;
                held.insert(at, searched);
            }
            Ok(held.into_values().collect())
        };
        Ok(Round {
            prompt: prompt.into_values().collect(),
            heard: heard
                .into_iter()
                .filter_map(|(at, found)| {
                    let hits = found.into_iter().map(Hit::from).collect();
                    Some(Searched::of(queries.get(at)?.clone(), hits))
                })
                .collect(),
            late: Some(late.boxed()),
        })
    }

    /// Which searches are late when these have ended.
    fn lateness(&self, queries: &[Query], ended: &BTreeMap<usize, Searched>) -> Lateness {
        // What earlier reports had read is judged by what the run's own searches find, by all of them.
        let is_late = |at: &usize| queries[*at].source == SourceKind::Reports || !ended.contains_key(at);
        let late: BTreeSet<usize> = (0..queries.len()).filter(is_late).collect();
        let heard = late.iter().map(|at| (*at, self.early.of(&queries[*at])));
        Lateness {
            heard: heard.filter(|(_, found)| !found.is_empty()).collect(),
            late,
        }
    }

    /// Waits for every search, or for a little after the first that found something, be it with some of its engines only.
    async fn wait_a_little(
        &self,
        queries: &[Query],
        searches: &mut (impl Stream<Item = Result<(usize, Searched), Stop>> + Unpin),
        ended: &mut BTreeMap<usize, Searched>,
    ) -> Result<(), Stop> {
        let mut until: Option<Instant> = None;
        let in_a_little = || Instant::now() + self.settings.search_patience;
        loop {
            let next = tokio::select! {
                biased;
                next = searches.next() => next,
                () = self.early.wait(queries), if until.is_none() => {
                    until = Some(in_a_little());
                    continue;
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => None,
            };
            let Some(next) = next else {
                return Ok(());
            };
            let (at, searched) = next?;
            let is_found = !searched.found.is_empty() && searched.query.source != SourceKind::Reports;
            if is_found && until.is_none() {
                until = Some(in_a_little());
            }
            ended.insert(at, searched);
        }
    }

    /// When every search failed and some may succeed in a moment, they are all tried once more: a run must not end for
    /// one bad second.
    async fn unless_dead(
        &self,
        round: u32,
        queries: &[Query],
        first: Vec<Searched>,
    ) -> Result<Vec<Searched>, Stop> {
        let mut outside = first
            .iter()
            .filter(|searched| searched.query.source != SourceKind::Reports);
        let is_dead = outside.all(|searched| searched.failure.is_some());
        if !is_dead || !first.iter().any(Searched::may_succeed) {
            return Ok(first);
        }
        let again = queries
            .iter()
            .map(|query| self.search(round, query, TRIES..2 * TRIES));
        future::join_all(again).await.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_journalled_of_late_searches_is_read_again_also_of_older_programs() {
        let found = Found {
            origin: aiex_evidence::Origin::Web {
                url: "https://example.org/".to_owned(),
            },
            title: "A page".to_owned(),
            snippet: String::new(),
            score: 1.0,
            text: None,
            date: None,
            licence: None,
            instructs: false,
        };
        let written = serde_json::to_string(&Lateness {
            late: BTreeSet::from([1, 3]),
            heard: vec![(3, vec![found.clone()])],
        })
        .unwrap();
        let read: Lateness = serde_json::from_str(&written).unwrap();
        assert_eq!(read.late, BTreeSet::from([1, 3]));
        assert_eq!(read.heard, [(3, vec![found])]);
        let older: Lateness = serde_json::from_str("[0, 2]").unwrap();
        assert_eq!(older.late, BTreeSet::from([0, 2]));
        assert!(older.heard.is_empty());
    }
}
