//! The third stage: rounds of searching, reading and quoting, until a stop rule holds.

mod ahead;
mod earlier;
mod early;
mod gathered;
mod pick;
mod queries;
mod quoting;
mod reading;
mod round;
mod searching;

use aiex_evidence::{Catalogue, Quote, Source, SourceId};

use tokio::sync::oneshot;

use crate::SourceKind;
use crate::budget::Purpose;
use crate::event::{Event, StopRule};
use crate::journal::Stop;
use crate::live::Live;
use crate::plan::{Brief, Plan};
use crate::store::Patch;
use crate::terms;

pub(crate) use ahead::Ahead;
pub(crate) use early::Early;
pub(crate) use gathered::Gathered;
use pick::Picked;
pub(crate) use queries::{Query, WINDOWS};
use round::{Late, Round};
use searching::Searched;

/// Rounds in a row that may bring nothing new.
const STALLED: u32 = 2;
/// How the failure of a call begins that a budget refused.
const OUT_OF_BUDGET: &str = "the budget of";

/// A source that was read in this round.
pub(crate) struct Reading {
    id: SourceId,
    /// The sub-questions that it was read for.
    sub_questions: Vec<usize>,
    /// The piece that the search found, where it stands in the source; empty when that is not known.
    matched: String,
}

/// Late searches of a round, and how much of what they find is read.
struct Further<'a> {
    round: u32,
    searches: Late<'a>,
    most: usize,
}

/// What was read of one round, and what of it was quoted.
struct Read {
    gathered: Gathered,
    readings: Vec<Reading>,
    quotes: Vec<Quote>,
}

impl Live {
    /// Gathers evidence for a plan.
    pub(crate) async fn gather(&self, brief: &Brief, plan: &Plan) -> Result<Gathered, Stop> {
        let mut gathered = Gathered::default();
        let mut wanted = self.first_queries(brief, plan);
        let mut stalled = 0;
        let mut round = 0;
        let stop = loop {
            round += 1;
            wanted.retain(|query| {
                gathered
                    .tried
                    .insert((query.source, terms::same_query(&query.text)))
            });
            if wanted.is_empty() {
                break StopRule::Duplicates;
            }
            for query in &wanted {
                gathered
                    .asked
                    .entry(query.sub_question)
                    .or_default()
                    .push(query.text.clone());
            }
            let began = Event::RoundBegan {
                round,
                // As the ledger counts: the own store of reports costs nothing.
                searches: wanted
                    .iter()
                    .filter(|query| query.source != SourceKind::Reports)
                    .count() as u32,
            };
            self.tell(&format!("round/{round}/began"), vec![began], Patch::default())
                .await?;
            let before = gathered.quotes.len();
            let Round { prompt, heard, late } = self.search_round(round, &wanted).await?;
            gathered.note(&prompt);
            // Late searches have their share of what is read, and what the others leave of theirs; those that have found
            // something have half of theirs at once.
            let most = self.shape.sources_per_round;
            let share = (most * (2 * prompt.len() + heard.len())).div_ceil(2 * wanted.len());
            let searched = prompt.into_iter().chain(heard).collect();
            let picked = self.pick(round, &gathered, plan, searched, share).await?;
            let late = late.map(|searches| Further {
                round,
                searches,
                most: most - picked.len(),
            });
            self.read_and_quote(&mut gathered, plan, picked, late).await?;
            let new_quotes = (gathered.quotes.len() - before) as u32;
            stalled = if new_quotes == 0 { stalled + 1 } else { 0 };

            let unanswered = gathered.unanswered(plan);
            let silent = gathered.without_evidence(plan);
            let name = format!("round/{round}/stop");
            let stop = self.decide(
                &name,
                || self.stop_rule(&gathered, round, stalled, unanswered.is_empty() && silent == 0),
                |stop| {
                    let answered = (plan.sub_questions.len() - silent) as u32;
                    vec![Event::RoundEnded {
                        round,
                        new_quotes,
                        answered,
                        stop: *stop,
                    }]
                },
                Patch::default(),
            );
            if let Some(stop) = stop.await? {
                break stop;
            }
            wanted = self
                .next_queries(&gathered, brief, plan, &unanswered, round)
                .await?;
        };
        gathered.stop = Some(stop);
        Ok(gathered)
    }

    fn stop_rule(
        &self,
        gathered: &Gathered,
        round: u32,
        stalled: u32,
        is_answered: bool,
    ) -> Option<StopRule> {
        let out_of_budget = self.purse.time_left(Purpose::Gather).is_zero()
            || gathered.searches.iter().any(|search| {
                search
                    .failure
                    .as_deref()
                    .is_some_and(|failure| failure.starts_with(OUT_OF_BUDGET))
            });
        if is_answered {
            Some(StopRule::Answered)
        } else if self.finishing.is_cancelled() {
            Some(StopRule::Told)
        } else if gathered.catalogue.is_empty() && gathered.is_unreachable() {
            Some(StopRule::Unreachable)
        } else if out_of_budget {
            Some(StopRule::Budget)
        } else if round >= self.shape.rounds {
            Some(StopRule::Rounds)
        } else if stalled >= STALLED {
            Some(StopRule::Stalled)
        } else {
            None
        }
    }

    /// Reads what was picked of a round and takes quotes from it, and the same of what late searches find.
    async fn read_and_quote(
        &self,
        gathered: &mut Gathered,
        plan: &Plan,
        picked: Vec<Picked>,
        late: Option<Further<'_>>,
    ) -> Result<(), Stop> {
        let Read {
            gathered: read,
            readings,
            quotes,
        } = self.lanes(std::mem::take(gathered), plan, picked, late).await?;
        *gathered = read;
        let is_barren = quotes.is_empty();
        gathered.quotes.extend(quotes);
        if is_barren {
            // A model that finds nothing anywhere is more likely weak than right.
            let quotes = self.quote_all(gathered, plan, &readings, false).await?;
            gathered.quotes.extend(quotes);
        }
        gathered.quotes.sort_by_key(|quote| quote.id);
        Ok(())
    }

    /// What is at hand is quoted while pages are still being fetched, and both while slow searches go on. Each of the
    /// three works on a copy of what the one before it has read: numbers are those of this order, however long each takes.
    async fn lanes(
        &self,
        mut near: Gathered,
        plan: &Plan,
        picked: Vec<Picked>,
        late: Option<Further<'_>>,
    ) -> Result<Read, Stop> {
        let asks_web = self.sources().contains(&SourceKind::Web);
        let (at_hand, to_fetch): (Vec<Picked>, Vec<Picked>) =
            picked.into_iter().partition(|picked| picked.is_at_hand(asks_web));
        let mut readings: Vec<Reading> = Vec::new();
        for picked in at_hand {
            let document = picked.document(self.ports.clock.unix_ms());
            readings.push(near.read(document, picked.sub_questions, picked.found.snippet));
        }
        self.tell_read(&near.catalogue, &readings).await?;

        let (is_fetched, fetched) = oneshot::channel();
        let is_late = late.is_some();
        let mut far = near.clone();
        let fetching = async {
            let mut readings = Vec::new();
            for (document, sub_questions, unread) in self.fetch_all(to_fetch).await? {
                far.miss(unread);
                readings.extend(document.map(|document| far.read(document, sub_questions, String::new())));
            }
            self.tell_read(&far.catalogue, &readings).await?;
            if is_late {
                // An error means that the late searches have failed, which ends the round.
                let _ = is_fetched.send(far.clone());
            }
            let quotes = self.quote_all(&far, plan, &readings, true).await?;
            Ok::<_, Stop>((far, readings, quotes))
        };
        let further = async {
            let Some(Further {
                round,
                searches,
                most,
            }) = late
            else {
                return Ok(None);
            };
            let (searched, fetched) = tokio::join!(searches, fetched);
            let (searched, mut gathered) = (searched?, fetched.map_err(|_| Stop::Halted)?);
            gathered.note(&searched);
            let picked = self.pick(round, &gathered, plan, searched, most).await?;
            Box::pin(self.lanes(gathered, plan, picked, None)).await.map(Some)
        };
        let (near_quotes, fetching, further) =
            tokio::join!(self.quote_all(&near, plan, &readings, true), fetching, further);
        let mut quotes = near_quotes?;
        let (mut gathered, far_readings, far_quotes) = fetching?;
        readings.extend(far_readings);
        quotes.extend(far_quotes);
        if let Some(further) = further? {
            gathered = further.gathered;
            readings.extend(further.readings);
            quotes.extend(further.quotes);
        }
        Ok(Read {
            gathered,
            readings,
            quotes,
        })
    }

    async fn tell_read(&self, catalogue: &Catalogue, read: &[Reading]) -> Result<(), Stop> {
        let read = read
            .iter()
            .filter_map(|reading| catalogue.get(reading.id))
            .map(|source| Event::Read {
                source: source.id,
                origin: source.origin.clone(),
                title: source.title.clone(),
                instructs: source.instructs,
            });
        self.tell("read", read.collect(), Patch::default()).await
    }

    /// Sources that are worth quoting: not those that tell what an earlier one tells.
    fn sources_of<'a>(&self, gathered: &'a Gathered, read: &'a [Reading]) -> Vec<(&'a Source, &'a Reading)> {
        read.iter()
            .filter(|reading| !gathered.copies.contains_key(&reading.id))
            .filter_map(|reading| Some((gathered.catalogue.get(reading.id)?, reading)))
            .collect()
    }
}
