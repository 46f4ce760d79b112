//! Watching a run: its story on standard error, or its journal as JSON on standard output; its report at the end.

use aiex_client::Followed;
use aiex_protocol::journal::{RunEntry, RunEvent};
use aiex_protocol::research::{Plan, ReportArgs, ReportFormat, RunState};
use aiex_protocol::{Call, Event};
use serde::Serialize;

use super::Desk;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::run_story::Story;
use crate::session::broken_request;
use crate::snippet::{displayable_text, one_line};

/// How far to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Until the run is over.
    Over,
    /// Or until it waits for a yes to its plan.
    Approval,
}

/// What is shown of a run's journal while it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Its story, for people.
    Story,
    /// Its entries, for programs.
    Journal,
    /// Nothing.
    Nothing,
}

/// Why watching ended.
#[derive(Debug)]
pub(super) enum Watched {
    /// The run is over.
    Over(End),
    /// It waits for a yes.
    AwaitingApproval {
        /// The plan.
        plan: Plan,
        /// Where to watch on.
        next_seq: u64,
    },
    /// Ctrl-C. The run goes on.
    Left,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// With a report.
    Done {
        partial: Option<String>,
        spent: Option<String>,
        /// Whether it says anything; not known of a run that was not watched to its end.
        is_empty: bool,
    },
    /// Without.
    Failed { reason: String, hint: Option<String> },
    /// By its user.
    Cancelled,
}

/// An entry of the journal as programs read it.
#[derive(Serialize)]
struct EntryRow<'a> {
    run: &'a str,
    #[serde(flatten)]
    entry: &'a RunEntry,
}

/// The report, behind the journal.
#[derive(Serialize)]
struct ReportRow<'a> {
    run: &'a str,
    kind: &'static str,
    report: serde_json::Value,
}

/// Watches a run until it is over and prints its report.
pub(super) async fn to_the_end(
    run: &str,
    from_seq: u64,
    json: bool,
    desk: &mut Desk<'_>,
) -> Result<ExitCode, Failure> {
    let shown = if json { Shown::Journal } else { Shown::Story };
    let watched = watch(run, from_seq, Until::Over, shown, desk).await?;
    close(run, watched, json, desk).await
}

/// Watches a run.
pub(super) async fn watch(
    run: &str,
    from_seq: u64,
    until: Until,
    shown: Shown,
    desk: &mut Desk<'_>,
) -> Result<Watched, Failure> {
    let mut story = Story::new(run, desk.printer.notice_palette);
    let mut progress = Progress::new(desk.printer);
    let mut end = None;
    let mut is_empty = false;
    let mut plan = Plan::default();
    let mut follow = desk.session.follow(run, from_seq);
    loop {
        let next = tokio::select! {
            // A long journal must not keep a key from being noticed.
            biased;
            () = desk.interrupt.pressed() => return Ok(Watched::Left),
            next = follow.next() => next.map_err(|error| broken_request(&error))?,
        };
        let entry = match next {
            Some(Followed::Entry(entry)) => entry,
            Some(Followed::Notice(message)) => {
                progress.note(&message);
                continue;
            }
            None => break,
        };
        match shown {
            Shown::Journal => desk.printer.json(&EntryRow { run, entry: &entry })?,
            Shown::Story => {
                for line in story.tell(&entry.event) {
                    progress.note(&line);
                }
                progress.live(&story.now());
            }
            Shown::Nothing => {}
        }
        match entry.event {
            RunEvent::Planned { plan: made } | RunEvent::Approved { plan: made } => plan = made,
            RunEvent::AwaitingApproval if until == Until::Approval => {
                let next_seq = entry.seq + 1;
                return Ok(Watched::AwaitingApproval { plan, next_seq });
            }
            RunEvent::Checked { .. } => is_empty = says_nothing(&entry.event),
            RunEvent::Done { partial, .. } => {
                let spent = (shown != Shown::Nothing).then(|| story.spent());
                end = Some(End::Done {
                    partial,
                    spent,
                    is_empty,
                });
            }
            RunEvent::Failed { reason, hint } => {
                let hint = (!hint.is_empty()).then_some(hint);
                end = Some(End::Failed { reason, hint });
            }
            RunEvent::Cancelled => end = Some(End::Cancelled),
            // It was retried.
            RunEvent::Resumed => end = None,
            _ => {}
        }
    }
    drop(progress);
    match end {
        Some(end) => Ok(Watched::Over(end)),
        // Its end lies before what was watched.
        None => end_of(run, desk).await.map(Watched::Over),
    }
}

/// Whether a report has no sentence that rests on a quote.
fn says_nothing(checked: &RunEvent) -> bool {
    match *checked {
        RunEvent::Checked {
            supported,
            partial,
            unsupported,
            contradicted,
            unchecked,
            ..
        } => supported + partial + unsupported + contradicted + unchecked == 0,
        _ => false,
    }
}

/// How a run ended, from what is kept of it.
async fn end_of(run: &str, desk: &mut Desk<'_>) -> Result<End, Failure> {
    let summary = desk.find(run).await?;
    Ok(match summary.state {
        RunState::Done => End::Done {
            partial: summary.reason,
            spent: None,
            is_empty: false,
        },
        RunState::Cancelled => End::Cancelled,
        _ => End::Failed {
            reason: summary
                .reason
                .unwrap_or_else(|| "it ended without a report".to_owned()),
            hint: None,
        },
    })
}

/// Prints the report, or says why there is none.
pub(super) async fn close(
    run: &str,
    watched: Watched,
    json: bool,
    desk: &mut Desk<'_>,
) -> Result<ExitCode, Failure> {
    let end = match watched {
        Watched::Over(end) => end,
        Watched::Left | Watched::AwaitingApproval { .. } => {
            desk.printer.notice(&format!(
                "the run goes on: `aiex research follow {run}` shows it, `aiex research cancel {run}` ends it"
            ));
            return Ok(ExitCode::Interrupted);
        }
    };
    match end {
        End::Done {
            partial,
            spent,
            is_empty,
        } => {
            report(run, json, desk).await?;
            if let Some(partial) = partial {
                desk.printer
                    .warning(&format!("the report is partial: {}", one_line(&partial)));
            }
            if !json {
                let spent = spent.map(|spent| format!("{spent} · ")).unwrap_or_default();
                let line =
                    format!("{spent}`aiex research export {run} --out FILE` writes the report to a file");
                let line = desk.printer.notice_palette.dim(line).to_string();
                desk.printer.notice(&line);
            }
            Ok(if is_empty { ExitCode::NoHits } else { ExitCode::Ok })
        }
        End::Failed { reason, hint } => {
            let failure = Failure::new(
                ExitCode::ResearchFailed,
                format!("there is no report: {}", one_line(&reason)),
            );
            Err(hint
                .into_iter()
                .fold(failure, |failure, hint| failure.hint(one_line(&hint)))
                .hint(format!("`aiex research retry {run}` goes on with what was found")))
        }
        End::Cancelled => Err(Failure::new(
            ExitCode::ResearchFailed,
            "there is no report: the run was cancelled",
        )
        .hint(format!("`aiex research retry {run}` goes on with what was found"))),
    }
}

async fn report(run: &str, json: bool, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let format = if json {
        ReportFormat::Json
    } else {
        ReportFormat::Markdown
    };
    let text = document(run, format, desk).await?;
    if json {
        let report = serde_json::from_str(&text)
            .map_err(|error| Failure::from_error(ExitCode::RequestFailed, &error))?;
        let kind = "report";
        return desk.printer.json(&ReportRow { run, kind, report });
    }
    desk.printer
        .data(&format!("{}\n", displayable_text(text.trim_end())))
}

/// A run's report as text.
pub(super) async fn document(
    run: &str,
    format: ReportFormat,
    desk: &mut Desk<'_>,
) -> Result<String, Failure> {
    let args = ReportArgs {
        run: run.to_owned(),
        format,
    };
    let document = desk.fetch(Call::ResearchReport(args), |event| match event {
        Event::Document(document) => Some(document.text),
        _ => None,
    });
    document.await
}
