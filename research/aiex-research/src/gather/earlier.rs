//! What earlier reports say and cite, as a source of this run.
//!
//! A text that an earlier report read is how its place was on that day. It may find the place again; it does not stand for
//! it: a page is fetched like any other, a file or a commit is looked at again, and what is gone or says something else is
//! left out. What nobody can look at keeps the day on which it was read.

use std::time::Duration;

use aiex_evidence::{Catalogue, Document, Hindrance, Origin};
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use super::searching::Searched;
use super::{Gathered, Query};
use crate::SourceKind;
use crate::budget::{Cost, Purpose};
use crate::event::Event;
use crate::journal::{Call, Granted, Outcome, Stop, key};
use crate::live::Live;
use crate::ports::{Found, Present};
use crate::store::PastSource;
use crate::terms;

/// Places looked at side by side.
const TOGETHER: usize = 8;
/// Bytes of a text that are shown as the piece that matched.
const SHOWN: usize = 300;

/// A result of a search.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hit {
    /// Without a text, if an earlier report left it.
    pub(crate) found: Found,
    /// What an earlier report read there; `None` of what a search of this run found.
    pub(crate) kept: Option<Kept>,
}

/// What an earlier report read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) text: String,
    /// When it was read, in seconds since 1970.
    pub(crate) read_at: u64,
}

impl From<Found> for Hit {
    fn from(found: Found) -> Self {
        Self { found, kept: None }
    }
}

impl From<PastSource> for Hit {
    fn from(past: PastSource) -> Self {
        let snippet = terms::head(&past.text, SHOWN).to_owned();
        let (text, kept) = match past.read_at {
            Some(read_at) => (
                None,
                Some(Kept {
                    text: past.text,
                    read_at,
                }),
            ),
            None => (Some(past.text), None),
        };
        let found = Found {
            origin: past.origin,
            title: past.title,
            snippet,
            score: past.score,
            text,
            date: past.date,
            licence: past.licence,
            instructs: past.instructs,
        };
        Self { found, kept }
    }
}

impl Hit {
    /// Takes in another result of the same place. What was found there now counts for itself; of two that earlier reports
    /// left, the one that was read last.
    pub(super) fn join(&mut self, other: Self) {
        let is_later = match (&self.kept, &other.kept) {
            (Some(_), None) => true,
            (Some(kept), Some(other)) => other.read_at > kept.read_at,
            (None, _) => false,
        };
        if is_later {
            *self = other;
        }
    }

    /// Whether its place is on this machine and has to be looked at again. Pages are fetched instead.
    pub(super) fn is_to_be_seen(&self) -> bool {
        self.kept.is_some() && !matches!(self.found.origin, Origin::Web { .. })
    }

    /// The result as it stands after its place was looked at.
    fn seen(mut self, standing: Standing) -> Option<Self> {
        let line = match standing {
            Standing::Other => return None,
            Standing::Unseen => return Some(self),
            Standing::Same { first_line } => first_line,
        };
        if let Some(line) = line {
            self.found.origin = begun_at(self.found.origin, line);
        }
        self.found.text = self.kept.take().map(|kept| kept.text);
        Some(self)
    }
}

/// A result as a document: with the day on which an earlier report read it, else with that of now, in seconds since 1970.
pub(super) fn document(found: &Found, kept: Option<&Kept>, now: u64) -> Document {
    let (text, read_at) = match (&found.text, kept) {
        (None, Some(kept)) => (kept.text.clone(), kept.read_at),
        (text, _) => (text.clone().unwrap_or_default(), now),
    };
    Document {
        origin: found.origin.clone(),
        title: found.title.clone(),
        date: found.date.clone(),
        licence: found.licence.clone(),
        read_at,
        text,
        instructs: found.instructs,
    }
}

/// What a place says of which an earlier report left a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// The same; of a span of a file, from this line on.
    Same { first_line: Option<u32> },
    /// Something else, or nothing: it is gone.
    Other,
    /// Nobody could look.
    Unseen,
}

impl Standing {
    fn of(hit: &Hit, present: &Present) -> Self {
        let text = match present {
            Present::There { text } => text,
            Present::Gone => return Self::Other,
            Present::Unknown { .. } => return Self::Unseen,
        };
        let said = hit.kept.as_ref().map_or("", |kept| kept.text.as_str());
        match &hit.found.origin {
            Origin::Code { first_line, .. } | Origin::Docs { first_line, .. } => {
                match line_of(said, text, *first_line) {
                    None => Self::Other,
                    first_line => Self::Same { first_line },
                }
            }
            _ if text.trim() == said.trim() => Self::Same { first_line: None },
            _ => Self::Other,
        }
    }
}

/// The line of a text at which some lines stand, whatever blanks end them: of several places, the one nearest to where they
/// stood.
fn line_of(said: &str, text: &str, stood: u32) -> Option<u32> {
    let said: Vec<&str> = said.trim_end().lines().map(str::trim_end).collect();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if said.is_empty() {
        return None;
    }
    let places = lines.windows(said.len()).zip(1u32..);
    places
        .filter(|(window, _)| *window == said)
        .map(|(_, line)| line)
        .min_by_key(|line| line.abs_diff(stood))
}

/// A span that was found at other lines than it was read. Whether those are in a commit, nobody has asked.
fn begun_at(mut origin: Origin, line: u32) -> Origin {
    if let Origin::Code {
        first_line,
        last_line,
        ..
    }
    | Origin::Docs {
        first_line,
        last_line,
        ..
    } = &mut origin
        && *first_line != line
    {
        *last_line = line.saturating_add(last_line.saturating_sub(*first_line));
        *first_line = line;
        if let Origin::Code { commit, .. } = &mut origin {
            *commit = None;
        }
    }
    origin
}

impl Gathered {
    /// Notes what the run's own searches found.
    pub(super) fn meet(&mut self, searched: &[Searched]) {
        let hits = searched.iter().flat_map(|searched| &searched.found);
        let own = hits.filter(|hit| hit.kept.is_none());
        self.met.extend(own.map(|hit| hit.found.origin.clone()));
    }

    /// Forgets what an earlier report read of a page that the run's own searches found as well, if not for this question.
    pub(super) fn forget_met(&self, hit: &mut Hit) {
        let is_page = matches!(hit.found.origin, Origin::Web { .. });
        if is_page && hit.kept.is_some() && self.met.contains(&hit.found.origin) {
            hit.kept = None;
            hit.found.snippet.clear();
        }
    }

    /// Whether the package that a result is out of is searched now at the same version; `None` when no package was searched.
    fn is_locked(&self, origin: &Origin) -> Option<bool> {
        let Some(wanted) = version(origin) else {
            return Some(true);
        };
        let is_asked = self
            .searches
            .iter()
            .any(|search| search.source == SourceKind::Docs.as_str() && search.failure.is_none());
        is_asked.then(|| self.met.iter().any(|met| version(met) == Some(wanted)))
    }
}

/// A package and its version.
fn version(origin: &Origin) -> Option<(&str, &str)> {
    match origin {
        Origin::Docs { package, version, .. } => Some((package, version)),
        _ => None,
    }
}

impl Live {
    /// Searches what earlier reports say and cite, in the run's own store. A run that asks everything anew takes nothing
    /// that they had read.
    pub(super) async fn search_reports(
        &self,
        round: u32,
        query: &Query,
        attempt: u32,
    ) -> Result<Outcome<Vec<Hit>>, Stop> {
        let call = Call {
            key: key(
                // Not as searches outside are named: journals of before have another value there.
                &format!("earlier/{attempt}"),
                &(&query.text, self.shape.results, &self.request.repos),
            ),
            price: Cost::default().into(),
            purpose: Purpose::Gather,
            gate: &self.gates.searches,
            deadline: self.settings.search_deadline,
        };
        let is_fresh = self.kept_since_ms > 0;
        let work = |_: Granted| async move {
            let past = self.store.past(&query.text, self.shape.results, &self.id).await;
            let outcome = match past {
                Ok(past) => {
                    let hits = past.into_iter().map(Hit::from);
                    Outcome::Done {
                        value: hits.filter(|hit| hit.kept.is_none() || !is_fresh).collect(),
                    }
                }
                Err(error) => Outcome::Failed {
                    message: error.to_string(),
                    hint: error.hint().to_owned(),
                    retryable: false,
                    hindrance: Hindrance::default(),
                },
            };
            (outcome, Cost::default())
        };
        let events = |outcome: &Outcome<Vec<Hit>>| {
            vec![Event::Searched {
                round,
                sub_question: query.sub_question,
                source: query.source,
                query: query.text.clone(),
                found: match outcome {
                    Outcome::Done { value } => value.len() as u32,
                    Outcome::Failed { .. } | Outcome::Skipped { .. } => 0,
                },
                failure: outcome.failure().map(str::to_owned),
                engines: Vec::new(),
            }]
        };
        self.call(call, work, events).await
    }

    /// Looks again at the places of results that earlier reports left: each as it stands now, or nothing where it does not
    /// say any more what it said. One call for all of them, since they lie on this machine.
    pub(super) async fn look_again(
        &self,
        round: u32,
        gathered: &Gathered,
        hits: Vec<Hit>,
    ) -> Result<Vec<Option<Hit>>, Stop> {
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let origins: Vec<&Origin> = hits.iter().map(|hit| &hit.found.origin).collect();
        let call = Call {
            key: key(&format!("again/{round}"), &origins),
            price: Cost::default().into(),
            purpose: Purpose::Gather,
            gate: &self.gates.reads,
            deadline: self.settings.read_deadline,
        };
        let work = |Granted { deadline, .. }| {
            // One that takes long does not keep the others from being told.
            let looking: Vec<_> = hits.iter().map(|hit| self.look_at(hit, deadline / 2)).collect();
            async move {
                let value: Vec<Standing> = stream::iter(looking).buffered(TOGETHER).collect().await;
                (Outcome::Done { value }, Cost::default())
            }
        };
        let standings = match self.call(call, work, |_| Vec::new()).await? {
            Outcome::Done { value } => value,
            // Nobody looked; what the run's own searches find is enough.
            Outcome::Failed { .. } | Outcome::Skipped { .. } => vec![Standing::Other; hits.len()],
        };
        let seen = hits.into_iter().zip(standings).map(|(hit, standing)| {
            match gathered.is_locked(&hit.found.origin) {
                Some(true) => hit.seen(standing),
                Some(false) => None,
                // The file is as it was; whether it is the version that is used now, nobody has asked.
                None => (standing != Standing::Other).then_some(hit),
            }
        });
        Ok(seen.collect())
    }

    async fn look_at(&self, hit: &Hit, patience: Duration) -> Standing {
        let mut alone = Catalogue::new();
        let id = alone.add(document(&hit.found, hit.kept.as_ref(), 0));
        let Some(source) = alone.get(id) else {
            return Standing::Unseen;
        };
        let present = self.ports.revisit.revisit(source, &self.cancel);
        match tokio::time::timeout(patience, present).await {
            Ok(present) => Standing::of(hit, &present),
            Err(_) => Standing::Unseen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_where_they_went_and_only_as_a_whole() {
        let said = "fn pause() {\n    200\n}\n";
        let at = |text: &str, stood| line_of(said, text, stood);
        assert_eq!(at(said, 1), Some(1));
        assert_eq!(at("use a;\r\n\r\nfn pause() {\r\n    200  \r\n}", 1), Some(3));
        assert_eq!(at("fn pause() {\n    300\n}\n", 1), None);
        assert_eq!(at("pub fn pause() {\n    200\n}\n", 1), None);
        assert_eq!(at("", 1), None);
        let twice = format!("{said}\n{said}\n{said}");
        for (stood, found) in [(1, 1), (4, 5), (6, 5), (90, 9)] {
            assert_eq!(at(&twice, stood), Some(found), "{stood}");
        }
        assert_eq!(line_of("", "a", 1), None);
    }
}
