//! The searches of one round, side by side; slow ones do not hold up what the others found.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{self, BoxFuture};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::Query;
use super::searching::{Searched, TRIES};
use crate::SourceKind;
use crate::journal::Stop;
use crate::live::Live;
use crate::store::Patch;

/// The searches of a round.
pub(super) struct Round<'a> {
    /// Those that answered in time, in the order in which they were put.
    pub(super) prompt: Vec<Searched>,
    /// The others, if there are any. They go on while this is polled.
    pub(super) late: Option<Late<'a>>,
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
        let late = match self.decided::<BTreeSet<usize>>(&name) {
            Some(late) => {
                let is_missing =
                    |at: &usize, ended: &BTreeMap<_, _>| !late.contains(at) && !ended.contains_key(at);
                while (0..queries.len()).any(|at| is_missing(&at, &ended))
                    && let Some(next) = searches.next().await
                {
                    let (at, searched) = next?;
                    ended.insert(at, searched);
                }
                late
            }
            None => {
                self.wait_a_little(&mut searches, &mut ended).await?;
                if searches.is_empty() {
                    BTreeSet::new()
                } else {
                    // What earlier reports had read is judged by what the run's own searches find, by all of them.
                    let is_late =
                        |at: &usize| queries[*at].source == SourceKind::Reports || !ended.contains_key(at);
                    let late = (0..queries.len()).filter(is_late).collect();
                    self.decide(&name, || late, |_| Vec::new(), Patch::default())
                        .await?
                }
            }
        };
        if late.is_empty() {
            let prompt = self.unless_dead(round, queries, ended.into_values().collect());
            return Ok(Round {
                prompt: prompt.await?,
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
            late: Some(late.boxed()),
        })
    }

    /// Waits for every search, or for a little after the first that found something.
    async fn wait_a_little(
        &self,
        searches: &mut (impl Stream<Item = Result<(usize, Searched), Stop>> + Unpin),
        ended: &mut BTreeMap<usize, Searched>,
    ) -> Result<(), Stop> {
        let mut until: Option<Instant> = None;
        loop {
            let next = tokio::select! {
                biased;
                next = searches.next() => next,
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => None,
            };
            let Some(next) = next else {
                return Ok(());
            };
            let (at, searched) = next?;
            let is_found = !searched.found.is_empty() && searched.query.source != SourceKind::Reports;
            if is_found && until.is_none() {
                until = Some(Instant::now() + self.settings.search_patience);
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
