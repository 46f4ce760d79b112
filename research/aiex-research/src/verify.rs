//! Checking an old report against its sources as they are now.

use std::collections::BTreeMap;

use aiex_evidence::{QuoteId, Report, Source, SourceId, Verdict, quote};
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::error::ResearchError;
use crate::ports::{Ports, Present};

/// Sources looked at side by side.
const TOGETHER: usize = 8;

/// What has become of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum QuoteState {
    /// Its source still says it, word for word.
    Kept,
    /// Its source still says it, at other lines than those cited.
    Moved {
        /// The first line now, from 1.
        first_line: u32,
        /// The last line now.
        last_line: u32,
    },
    /// Its source does not say it any more.
    Changed,
    /// Its source is not there any more.
    Gone,
    /// Nobody could look.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A quote that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The quote.
    pub quote: QuoteId,
    /// Where its source lies, as reports show it.
    pub place: String,
    /// What has become of it.
    pub state: QuoteState,
    /// The sentences of the report that rest on it, each once.
    pub sentences: Vec<String>,
}

/// An old report as it stands today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Quotes that were looked at.
    pub quotes: u32,
    /// Those that their sources still say, moved ones included.
    pub kept: u32,
    /// Those that moved, changed or went, and those that nobody could look at.
    pub drifted: Vec<Drift>,
    /// Claims of the report that were borne out when it was made.
    pub claims: u32,
    /// Those of them that still are: every quote that they rest on is kept.
    pub standing: u32,
    /// Those of them that nobody could look at in full, though nothing speaks against them.
    pub unknown: u32,
}

/// Looks at every cited source and finds every cited quote in it again.
pub(crate) async fn verify(
    report: Report,
    ports: &Ports,
    cancel: &CancellationToken,
) -> Result<Verification, ResearchError> {
    let cited: Vec<QuoteId> = {
        let mut ids: Vec<QuoteId> = report
            .sentences()
            .flat_map(|sentence| sentence.cites.iter().copied())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let mut wanted: Vec<SourceId> = cited.iter().map(|id| id.source).collect();
    wanted.dedup();
    let sources: Vec<&Source> = wanted.iter().filter_map(|id| report.sources.get(*id)).collect();
    let looking: Vec<_> = sources
        .into_iter()
        .map(|source| look(source, ports, cancel))
        .collect();
    let presents: BTreeMap<SourceId, Present> = stream::iter(looking).buffered(TOGETHER).collect().await;
    tokio::task::spawn_blocking(move || judge(&report, &cited, &presents))
        .await
        .map_err(|_| ResearchError::Closed)
}

async fn look<'a>(
    source: &'a Source,
    ports: &'a Ports,
    cancel: &'a CancellationToken,
) -> (SourceId, Present) {
    let present = tokio::select! {
        present = ports.revisit.revisit(source, cancel) => present,
        () = cancel.cancelled() => Present::Unknown { reason: "the check was cancelled".to_owned() },
    };
    (source.id, present)
}

fn judge(report: &Report, cited: &[QuoteId], presents: &BTreeMap<SourceId, Present>) -> Verification {
    let states: BTreeMap<QuoteId, QuoteState> = cited
        .iter()
        .map(|id| (*id, state_of(report, *id, presents.get(&id.source))))
        .collect();
    let mut verification = Verification {
        quotes: cited.len() as u32,
        ..Verification::default()
    };
    for (id, state) in &states {
        if matches!(state, QuoteState::Kept | QuoteState::Moved { .. }) {
            verification.kept += 1;
        }
        if *state != QuoteState::Kept {
            let resting = report.sentences().filter(|sentence| sentence.cites.contains(id));
            // The summary says again what a section says.
            let mut sentences: Vec<String> = Vec::new();
            for sentence in resting {
                if !sentences.contains(&sentence.text) {
                    sentences.push(sentence.text.clone());
                }
            }
            verification.drifted.push(Drift {
                quote: *id,
                place: label(report, *id),
                state: state.clone(),
                sentences,
            });
        }
    }
    let borne_out = report
        .sentences()
        .filter(|sentence| matches!(sentence.verdict, Some(Verdict::Supported | Verdict::Partial)));
    for sentence in borne_out {
        verification.claims += 1;
        let of_cites = || sentence.cites.iter().filter_map(|id| states.get(id));
        if of_cites().all(|state| matches!(state, QuoteState::Kept | QuoteState::Moved { .. })) {
            verification.standing += 1;
        } else if of_cites().all(|state| !matches!(state, QuoteState::Changed | QuoteState::Gone)) {
            verification.unknown += 1;
        }
    }
    verification
}

/// Where a quote was cited from, as reports show it.
fn label(report: &Report, id: QuoteId) -> String {
    let quote = report.evidence().quote(id);
    let source = report.sources.get(id.source);
    quote
        .zip(source)
        .map(|(quote, source)| quote.label(source))
        .unwrap_or_default()
}

fn state_of(report: &Report, id: QuoteId, present: Option<&Present>) -> QuoteState {
    let (Some(source), Some(known)) = (report.sources.get(id.source), report.evidence().quote(id)) else {
        return QuoteState::Gone;
    };
    let text = match present {
        Some(Present::There { text }) => text,
        Some(Present::Gone) => return QuoteState::Gone,
        Some(Present::Unknown { reason }) => {
            return QuoteState::Unknown {
                reason: reason.clone(),
            };
        }
        None => {
            return QuoteState::Unknown {
                reason: "nobody looked".to_owned(),
            };
        }
    };
    let mut now = source.clone();
    now.text.clone_from(text);
    let Ok(found) = quote::accept(&now, &known.text, id.number, None) else {
        return QuoteState::Changed;
    };
    // A quote of code begins with its first line's indentation, which finding it again leaves out.
    if found.text.trim() != known.text.trim() {
        return QuoteState::Changed;
    }
    match lines_cited(source, known.start, known.end) {
        // The same words may stand in several places: those where they were cited count first.
        Some((first, last))
            if lines(text, first, last).is_some_and(|span| span.contains(known.text.trim())) =>
        {
            QuoteState::Kept
        }
        Some(_) => {
            let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() as u32 + 1;
            QuoteState::Moved {
                first_line: line(found.start),
                last_line: line(found.end),
            }
        }
        None => QuoteState::Kept,
    }
}

/// The lines of the file where a quote of a span stood.
fn lines_cited(source: &Source, start: usize, end: usize) -> Option<(u32, u32)> {
    use aiex_evidence::Origin;
    let first = match &source.origin {
        Origin::Code { first_line, .. } | Origin::Docs { first_line, .. } => *first_line,
        Origin::Web { .. } | Origin::Commit { .. } | Origin::Report { .. } => return None,
    };
    let line = |at: usize| first + source.text.get(..at).unwrap_or_default().matches('\n').count() as u32;
    Some((line(start), line(end)))
}

/// Some lines of a text, joined.
fn lines(text: &str, first: u32, last: u32) -> Option<String> {
    let skip = usize::try_from(first.checked_sub(1)?).ok()?;
    let count = usize::try_from(last.checked_sub(first)?).ok()? + 1;
    Some(text.lines().skip(skip).take(count).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use aiex_evidence::{Catalogue, Document, Ledger, Origin, Quotes, Removed};

    use super::*;

    /// A report with one quote, out of these lines of a file.
    fn quoting(text: &str, quoted: &str) -> (Report, QuoteId) {
        let mut sources = Catalogue::new();
        let origin = Origin::Code {
            repo: "shop".to_owned(),
            root: "/shop".to_owned(),
            commit: None,
            path: "src/retry.rs".to_owned(),
            first_line: 1,
            last_line: 9,
        };
        let source = sources.add(Document {
            origin,
            title: String::new(),
            date: None,
            read_at: 0,
            text: text.to_owned(),
            licence: None,
            instructs: false,
        });
        let mut quotes = Quotes::new();
        let at = text.find(quoted).unwrap();
        let id = quotes
            .take(sources.get(source).unwrap(), at..at + quoted.len(), None)
            .unwrap();
        let report = Report {
            run: String::new(),
            question: String::new(),
            title: String::new(),
            model: None,
            partial: None,
            nowhere: Vec::new(),
            sections: Vec::new(),
            disagreements: Vec::new(),
            searches: Vec::new(),
            sources,
            quotes: quotes.into_vec(),
            unread: Vec::new(),
            removed: Removed::default(),
            ledger: Ledger::default(),
            finished_at: 0,
            settled: false,
        };
        (report, id)
    }

    #[test]
    fn a_quote_with_its_indentation_is_found_where_it_was_and_where_it_went() {
        let text = "impl Policy {\n    /// Three times.\n    fn retry(&self) -> u32 {\n        3\n    }\n}\n";
        let quoted = "    /// Three times.\n    fn retry(&self) -> u32 {\n        3\n    }";
        let (report, id) = quoting(text, quoted);
        let state = |now: &str| state_of(&report, id, Some(&Present::There { text: now.to_owned() }));
        assert_eq!(state(text), QuoteState::Kept);
        let moved = QuoteState::Moved {
            first_line: 4,
            last_line: 7,
        };
        assert_eq!(state(&format!("use std::io;\n\n{text}")), moved);
        assert_eq!(state(&text.replace('3', "4")), QuoteState::Changed);
    }
}
