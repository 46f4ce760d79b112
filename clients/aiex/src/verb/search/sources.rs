//! A search of several sources: each as it answers, all of them in one ranked list.

use std::collections::BTreeMap;

use aiex_protocol::journal::EngineRun;
use aiex_protocol::search::{Hit, Hits, SearchSummary, Stage};
use aiex_protocol::source::{Found, FoundList, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{Call, Event};
use serde::Serialize;
use tokio::time::Instant;

use super::{PATIENCE, SearchVerb};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::found_list::{self, Merged};
use crate::freshness;
use crate::hit_list::HitStyle;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::quantity::{counted, span};
use crate::session::{Session, Step};
use crate::snippet::one_line;

/// What has come so far.
#[derive(Debug, Default)]
struct Results {
    hits: Vec<Hit>,
    found: Vec<Found>,
    sources: BTreeMap<SourceKind, SourceStatus>,
    summary: SearchSummary,
}

/// The last line for programs: what became of every source, also where it failed and nothing else is printed.
#[derive(Debug, Serialize)]
struct SourcesRow<'a> {
    kind: &'static str,
    sources: Vec<SourceRow<'a>>,
}

/// One source, every key always there.
#[derive(Debug, Serialize)]
struct SourceRow<'a> {
    source: SourceKind,
    state: SourceState,
    found: u32,
    took_ms: u64,
    failure: Option<&'a str>,
    hint: Option<&'a str>,
    engines: &'a [EngineRun],
}

impl<'a> From<&'a SourceStatus> for SourceRow<'a> {
    fn from(status: &'a SourceStatus) -> Self {
        Self {
            source: status.source,
            state: status.state,
            found: status.found,
            took_ms: status.took_ms,
            failure: status.failure.as_deref(),
            hint: status.hint.as_deref(),
            engines: &status.engines,
        }
    }
}

/// Searches and shows.
pub(super) async fn run(
    session: &Session,
    call: Call,
    verb: &SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let mut results = Results::default();
    let ended = collect(session, call, verb, printer, interrupt, &mut results).await;
    if let Err(failure) = ended {
        tell_programs(&results, verb, printer)?;
        return Err(failure);
    }
    let merged = found_list::merged(&results.hits, &results.found);
    show(&merged, &results, verb, printer)?;
    Ok(if merged.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

/// Takes in what comes; on a terminal, shows what is there while sources are slow.
async fn collect(
    session: &Session,
    call: Call,
    verb: &SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
    results: &mut Results,
) -> Result<(), Failure> {
    let reveal_at = Instant::now() + PATIENCE;
    let mut progress = Progress::new(printer);
    let mut is_unseen = false;
    let mut running = session.start(call, verb.at.timeout).await?;
    loop {
        let wake_at = (is_unseen && printer.is_interactive()).then_some(reveal_at);
        match running.next(interrupt, wake_at).await? {
            Step::Woken => {
                is_unseen = false;
                let merged = found_list::merged(&results.hits, &results.found);
                let list = found_list::compact(&merged, printer.notice_palette, printer.width);
                let status = status_line(&results.sources, printer.notice_palette);
                progress.preview(&format!("{list}{status}"));
            }
            Step::Event(Event::Hits(Hits { stage, hits })) => {
                is_unseen |= stage == Stage::Early;
                results.hits = hits;
            }
            Step::Event(Event::Found(FoundList { found, .. })) => {
                is_unseen = true;
                results.found = found;
            }
            Step::Event(Event::Source(status)) => {
                is_unseen = true;
                results.sources.insert(status.source, status);
            }
            Step::Event(Event::Progress(index)) => progress.index(&index),
            Step::Event(Event::Notice { message }) => {
                progress.clear();
                printer.notice(&message);
            }
            Step::Event(Event::Done { summary }) => {
                results.summary = summary.unwrap_or_default();
                return Ok(());
            }
            Step::Event(Event::Error(error)) => {
                progress.clear();
                tell_failures(results, printer);
                return Err(error.into());
            }
            Step::Event(_) => {}
        }
    }
}

fn show(
    merged: &[Merged<'_>],
    results: &Results,
    verb: &SearchVerb,
    printer: &Printer,
) -> Result<(), Failure> {
    if verb.at.json {
        for one in merged {
            printer.json(&found_list::row(one))?;
        }
        tell_programs(results, verb, printer)?;
    } else {
        let style = HitStyle {
            palette: printer.palette,
            width: printer.width,
            extent: verb.extent(),
        };
        let text = if printer.is_terminal {
            found_list::for_people(merged, style)
        } else {
            found_list::plain(merged, style)
        };
        printer.data(&text)?;
    }
    if merged.is_empty() {
        printer.notice("nothing found");
    }
    tell_failures(results, printer);
    if !verb.at.json {
        printer.notice(&status_line(&results.sources, printer.notice_palette));
    }
    if let Some(nowhere) = freshness::nowhere(&results.summary) {
        printer.notice(&nowhere);
    }
    if results.sources.contains_key(&SourceKind::Code)
        && let Some(shortfall) = freshness::shortfall(&results.summary)
    {
        printer.notice(&shortfall);
    }
    Ok(())
}

/// What became of each source that was asked, for programs; nothing when none was, or when people read.
fn tell_programs(results: &Results, verb: &SearchVerb, printer: &Printer) -> Result<(), Failure> {
    if !verb.at.json || results.sources.is_empty() {
        return Ok(());
    }
    printer.json(&SourcesRow {
        kind: "sources",
        sources: results.sources.values().map(SourceRow::from).collect(),
    })
}

/// What did not answer, or only in part, and what to do about it.
fn tell_failures(results: &Results, printer: &Printer) {
    for line in failures(&results.sources) {
        printer.warning(&line);
    }
}

fn failures(sources: &BTreeMap<SourceKind, SourceStatus>) -> Vec<String> {
    let line = |status: &SourceStatus| {
        let failure = status.failure.as_ref()?;
        let hint = status
            .hint
            .as_ref()
            .map(|hint| format!("; {}", one_line(hint)))
            .unwrap_or_default();
        Some(format!("{}: {}{hint}", status.source.as_str(), one_line(failure)))
    };
    sources.values().filter_map(line).collect()
}

/// `code 5 hits, 12 ms · docs searching · web 5 hits (serper 5, searxng: no connection), 80 ms`.
fn status_line(sources: &BTreeMap<SourceKind, SourceStatus>, palette: Palette) -> String {
    let one = |status: &SourceStatus| {
        let name = status.source.as_str();
        match status.state {
            SourceState::Searching if status.found > 0 => {
                format!("{name} {} so far", counted(u64::from(status.found), "hit"))
            }
            SourceState::Searching => format!("{name} searching"),
            SourceState::Failed => format!("{name} failed{}", engines(status)),
            SourceState::Done => format!(
                "{name} {}{}, {}",
                counted(u64::from(status.found), "hit"),
                engines(status),
                span(std::time::Duration::from_millis(status.took_ms))
            ),
        }
    };
    let parts: Vec<String> = sources.values().map(one).collect();
    palette.dim(parts.join(" · ")).to_string()
}

/// ` (serper 5, searxng: no connection)`, when several engines were asked or one failed.
fn engines(status: &SourceStatus) -> String {
    let runs = &status.engines;
    if runs.len() < 2 && runs.iter().all(|run| run.failure.is_none()) {
        return String::new();
    }
    let told = runs.iter().map(|run| {
        let name = one_line(&run.engine);
        match &run.failure {
            None => format!("{name} {}", run.found),
            Some(failure) if run.found == 0 => format!("{name}: {}", one_line(failure)),
            Some(failure) => format!("{name} {}: {}", run.found, one_line(failure)),
        }
    });
    format!(" ({})", told.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_says_how_it_fares() {
        let status = |source, state, failure: Option<&str>| SourceStatus {
            source,
            state,
            found: if state == SourceState::Searching { 0 } else { 5 },
            took_ms: 12,
            failure: failure.map(str::to_owned),
            hint: failure.map(|_| "put in a valid key".to_owned()),
            engines: Vec::new(),
        };
        let sources: BTreeMap<_, _> = [
            status(SourceKind::Web, SourceState::Failed, Some("the key is\nrejected")),
            status(SourceKind::Code, SourceState::Done, None),
            status(SourceKind::Docs, SourceState::Searching, None),
        ]
        .into_iter()
        .map(|status| (status.source, status))
        .collect();
        assert_eq!(
            status_line(&sources, Palette::new(false)),
            "code 5 hits, 12 ms · docs searching · web failed"
        );
        assert_eq!(
            failures(&sources),
            ["web: the key is rejected; put in a valid key"]
        );
        let some = SourceStatus {
            found: 3,
            ..status(SourceKind::Web, SourceState::Searching, None)
        };
        assert_eq!(
            status_line(&BTreeMap::from([(some.source, some)]), Palette::new(false)),
            "web 3 hits so far"
        );
    }

    #[test]
    fn engines_are_told_where_there_are_several_or_one_failed() {
        let run = |engine: &str, found, failure: Option<&str>| EngineRun {
            engine: engine.to_owned(),
            found,
            failure: failure.map(str::to_owned),
        };
        let told = |state, runs: &[EngineRun]| {
            let status = SourceStatus {
                source: SourceKind::Web,
                state,
                found: 5,
                took_ms: 12,
                failure: None,
                hint: None,
                engines: runs.to_vec(),
            };
            status_line(&BTreeMap::from([(status.source, status)]), Palette::new(false))
        };
        let serper = run("serper", 5, None);
        let searxng = run("searxng", 0, Some("no\nconnection"));
        let brave = run("brave", 2, Some("the rate is used up"));
        assert_eq!(
            told(SourceState::Done, std::slice::from_ref(&serper)),
            "web 5 hits, 12 ms"
        );
        assert_eq!(
            told(SourceState::Done, &[serper, searxng.clone()]),
            "web 5 hits (serper 5, searxng: no connection), 12 ms"
        );
        assert_eq!(
            told(SourceState::Failed, &[searxng, brave]),
            "web failed (searxng: no connection, brave 2: the rate is used up)"
        );
    }
}
