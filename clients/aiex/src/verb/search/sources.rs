//! A search of several sources: each as it answers, all of them in one ranked list.

use std::collections::BTreeMap;

use aiex_protocol::search::{Hit, Hits, SearchSummary, Stage};
use aiex_protocol::source::{Found, FoundList, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{Call, Event};
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

/// Searches and shows.
pub(super) async fn run(
    session: &Session,
    call: Call,
    verb: &SearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let results = collect(session, call, verb, printer, interrupt).await?;
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
) -> Result<Results, Failure> {
    let reveal_at = Instant::now() + PATIENCE;
    let mut progress = Progress::new(printer);
    let mut results = Results::default();
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
                return Ok(results);
            }
            Step::Event(Event::Error(error)) => {
                progress.clear();
                tell_failures(&results, printer);
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

/// `code 5 hits, 12 ms · docs searching · web failed`.
fn status_line(sources: &BTreeMap<SourceKind, SourceStatus>, palette: Palette) -> String {
    let one = |status: &SourceStatus| {
        let name = status.source.as_str();
        match status.state {
            SourceState::Searching if status.found > 0 => {
                format!("{name} {} so far", counted(u64::from(status.found), "hit"))
            }
            SourceState::Searching => format!("{name} searching"),
            SourceState::Failed => format!("{name} failed"),
            SourceState::Done => format!(
                "{name} {}, {}",
                counted(u64::from(status.found), "hit"),
                span(std::time::Duration::from_millis(status.took_ms))
            ),
        }
    };
    let parts: Vec<String> = sources.values().map(one).collect();
    palette.dim(parts.join(" · ")).to_string()
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
}
