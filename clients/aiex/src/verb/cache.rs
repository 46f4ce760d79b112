//! `aiex cache`: what the daemon keeps so as not to get it twice.

use std::fmt::Write;

use aiex_protocol::cache::{CacheKind, CacheProblem, CacheReport, ClearCache};
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::{bytes, count, counted, percent, span};
use crate::session::Session;
use crate::snippet::one_line;

/// Show or empty the caches of searches, pages and answers
#[derive(Debug, Args)]
pub(crate) struct CacheVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is kept and how often it was of use
    Stats {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Empty them; nothing is lost but the time to get it again
    Clear {
        /// Only these kinds, by the names that `stats` shows
        #[arg(value_name = "KIND")]
        kinds: Vec<String>,
    },
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: CacheVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let session = Session::open(false, printer, interrupt).await?;
    let outcome = match verb.action {
        Action::Stats { json } => stats(&session, json, printer, interrupt).await,
        Action::Clear { kinds } => clear(&session, kinds, printer, interrupt).await,
    };
    session.close().await;
    outcome.map(|()| ExitCode::Ok)
}

async fn stats(
    session: &Session,
    json: bool,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let report = fetch(session, printer, interrupt).await?;
    if json {
        printer.json(&report)
    } else {
        printer.data(&render(&report, printer.palette))
    }
}

/// What the caches hold.
pub(crate) async fn fetch(
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<CacheReport, Failure> {
    let report = session.fetch(Call::CacheStats {}, printer, interrupt, |event| match event {
        Event::Cache(report) => Some(report),
        _ => None,
    });
    report.await
}

async fn clear(
    session: &Session,
    kinds: Vec<String>,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let call = Call::CacheClear(ClearCache { kinds });
    let cleared = session.fetch(call, printer, interrupt, |event| match event {
        Event::CacheCleared(cleared) => Some(cleared),
        _ => None,
    });
    let cleared = cleared.await?;
    let entries = counted(cleared.entries, "entry");
    printer.notice(&format!("took out {entries}, {}", bytes(cleared.disk_bytes)));
    Ok(())
}

fn render(report: &CacheReport, palette: Palette) -> String {
    let mut text = String::new();
    let names: Vec<String> = report.kinds.iter().map(|kind| one_line(&kind.name)).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or_default();
    for (name, kind) in names.iter().zip(&report.kinds) {
        let _ = writeln!(
            text,
            "{}  {}",
            palette.strong(format!("{name:width$}")),
            kind_words(kind)
        );
    }
    let _ = writeln!(
        text,
        "{}",
        palette.dim(format!(
            "on disk {} of {} · in memory {} of {}",
            bytes(report.disk_bytes),
            bytes(report.max_disk_bytes),
            bytes(report.memory_bytes),
            bytes(report.max_memory_bytes)
        ))
    );
    if let Some(problem) = &report.problem {
        let _ = writeln!(text, "{}", palette.warning(problem_words(problem)));
    }
    text
}

/// `nothing is kept on disk: the disk is full; make room on it`.
pub(crate) fn problem_words(problem: &CacheProblem) -> String {
    let what = if problem.is_off {
        "nothing is kept on disk"
    } else {
        "begun anew"
    };
    format!(
        "{what}: {}; {}",
        one_line(&problem.message),
        one_line(&problem.hint)
    )
}

/// `120 entries, 3.0 MiB · 68 % of 22 at hand (10 in memory) · 1 evicted · good for 24 h`.
fn kind_words(kind: &CacheKind) -> String {
    let mut parts = vec![format!(
        "{}, {}",
        counted(kind.entries, "entry"),
        bytes(kind.disk_bytes)
    )];
    let hits = kind.memory_hits + kind.disk_hits + kind.shared;
    let asked = hits + kind.misses;
    parts.push(match asked {
        0 => "not asked yet".to_owned(),
        asked => format!(
            "{} % of {} at hand ({} in memory)",
            percent(hits, asked),
            count(asked),
            count(kind.memory_hits)
        ),
    });
    if kind.evicted > 0 {
        parts.push(format!("{} made room", count(kind.evicted)));
    }
    if let Some(seconds) = kind.ttl_s {
        parts.push(format!(
            "good for {}",
            span(std::time::Duration::from_secs(seconds))
        ));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_a_line_and_the_limits_are_the_last() {
        let report = CacheReport {
            kinds: vec![
                CacheKind {
                    name: "pages".into(),
                    entries: 120,
                    disk_bytes: 3 << 20,
                    memory_hits: 10,
                    disk_hits: 5,
                    misses: 7,
                    shared: 0,
                    evicted: 1,
                    ttl_s: Some(86_400),
                },
                CacheKind {
                    name: "model_calls".into(),
                    ..CacheKind::default()
                },
            ],
            disk_bytes: 3 << 20,
            max_disk_bytes: 512 << 20,
            memory_bytes: 1 << 20,
            max_memory_bytes: 16 << 20,
            problem: Some(CacheProblem {
                is_off: true,
                message: "the cache cannot be written: disk full".into(),
                hint: "make room".into(),
            }),
        };
        insta::assert_snapshot!(render(&report, Palette::new(false)), @r"
        pages        120 entries, 3.0 MiB · 68 % of 22 at hand (10 in memory) · 1 made room · good for 24 h
        model_calls  0 entries, 0 B · not asked yet
        on disk 3.0 MiB of 512 MiB · in memory 1.0 MiB of 16.0 MiB
        nothing is kept on disk: the cache cannot be written: disk full; make room
        ");
    }
}
