//! `aiex history`: what was searched for.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use aiex_protocol::search::Mode;
use aiex_protocol::sessions::{ClearHistory, ListHistory, PastSearch};
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::printer::Printer;
use crate::quantity::{ago, count, counted, now_ms, parse_span};
use crate::repository;
use crate::session::Session;
use crate::snippet::{displayable, fit, one_line};

/// Columns of an age: `100 min ago`.
const AGE_WIDTH: usize = 11;
/// Columns of a verb: `search`.
const VERB_WIDTH: usize = 6;
/// A query is not cut to less.
const LEAST_QUERY: usize = 20;

const EXAMPLES: &str = "\
Examples:
  aiex history                                 what was searched for in this repository, the newest first
  aiex history retry --all                     in every repository, as far as it speaks of retries
  aiex history --json -n 1000 | jq -r .query
  aiex history clear --older-than 30d
  aiex history -- clear                        a text that is the name of an action

`aiex search --follow-up` and `--within-last` build on the newest. Searches are remembered on this machine alone;
`history = false` under `[search]` in the settings ends that.
";

/// Show or clear what was searched for
///
/// Searches and questions of people are remembered with the number of places found: the newest 10,000, secrets blotted
/// out.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_help_heading = "Actions")]
#[command(subcommand_value_name = "ACTION", after_long_help = EXAMPLES)]
pub(crate) struct HistoryVerb {
    #[command(subcommand)]
    action: Option<Action>,

    /// Only searches whose query holds this, whatever the case
    #[arg(value_name = "TEXT")]
    text: Vec<String>,

    #[command(flatten)]
    of: Whose,

    /// How many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Forget what was searched for in this repository
    Clear {
        #[command(flatten)]
        of: Whose,
        /// Only searches that are older (`12h`, `30d`)
        #[arg(long, value_name = "TIME", value_parser = parse_span)]
        older_than: Option<Duration>,
    },
}

/// Which repositories.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Of every repository
    #[arg(long, conflicts_with = "repo")]
    all: bool,

    /// Of this repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    repo: Option<PathBuf>,
}

impl Whose {
    /// The folder to send; empty for all.
    pub(crate) fn folder(&self) -> Result<String, Failure> {
        if self.all {
            return Ok(String::new());
        }
        match &self.repo {
            Some(folder) => repository::absolute_or_gone(folder),
            None => repository::absolute(None),
        }
    }

    /// Whether rows have to say which repository they are of.
    pub(crate) fn is_mixed(&self) -> bool {
        self.all
    }
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: HistoryVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let call = match &verb.action {
        None => Call::HistoryList(ListHistory {
            repo: verb.of.folder()?,
            text: verb.text.join(" "),
            limit: verb.limit,
        }),
        Some(Action::Clear { of, older_than }) => Call::HistoryClear(ClearHistory {
            repo: of.folder()?,
            older_than_ms: older_than.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        }),
    };
    let session = Session::open(false, printer, interrupt).await?;
    let outcome = match verb.action {
        None => list(&session, call, &verb, printer, interrupt).await,
        Some(_) => clear(&session, call, printer, interrupt).await,
    };
    session.close().await;
    outcome
}

async fn list(
    session: &Session,
    call: Call,
    verb: &HistoryVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let searches = session.fetch(call, printer, interrupt, |event| match event {
        Event::History(history) => Some(history.searches),
        _ => None,
    });
    let searches = searches.await?;
    if verb.json {
        for search in &searches {
            printer.json(search)?;
        }
    } else if searches.is_empty() {
        printer.notice("nothing was searched for yet");
    } else {
        let width = if printer.is_terminal {
            printer.width
        } else {
            usize::MAX
        };
        let look = (now_ms(), width, verb.of.is_mixed());
        printer.data(&render(&searches, look, printer.palette))?;
    }
    Ok(if searches.is_empty() {
        ExitCode::NoHits
    } else {
        ExitCode::Ok
    })
}

async fn clear(
    session: &Session,
    call: Call,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let cleared = session.fetch(call, printer, interrupt, |event| match event {
        Event::HistoryCleared(cleared) => Some(cleared.searches),
        _ => None,
    });
    printer.notice(&format!("forgot {}", counted(cleared.await?, "search")));
    Ok(ExitCode::Ok)
}

/// `2 h ago       search  retry with back-off  7 found`.
fn render(searches: &[PastSearch], (now, width, is_mixed): (u64, usize, bool), palette: Palette) -> String {
    let mut text = String::new();
    for search in searches {
        let mut rest = format!("{} found", count(search.found));
        match search.mode {
            Mode::Auto => {}
            Mode::Regex => rest += ", regex",
            Mode::Literal => rest += ", literal",
        }
        if !search.sources.is_empty() {
            rest = format!("{rest} in {}", one_line(&search.sources.join(", ")));
        }
        if is_mixed {
            rest = format!("{rest}  {}", displayable(&search.repo));
        }
        let room = width.saturating_sub(AGE_WIDTH + VERB_WIDTH + rest.chars().count() + 6);
        let _ = writeln!(
            text,
            "{:AGE_WIDTH$}  {:VERB_WIDTH$}  {}  {}",
            palette.dim(ago(search.at_ms, now)),
            one_line(&search.verb),
            palette.strong(fit(&one_line(&search.query), room.max(LEAST_QUERY))),
            palette.dim(rest)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str, mode: Mode, sources: &[&str]) -> PastSearch {
        PastSearch {
            at_ms: 1_000,
            repo: "/src/queue".into(),
            verb: "search".into(),
            mode,
            query: query.into(),
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            found: 1_200,
            ..PastSearch::default()
        }
    }

    #[test]
    fn each_search_is_a_line() {
        let searches = [
            search("retry\nwith back-off", Mode::Auto, &["code", "docs"]),
            search("fn \\w+", Mode::Regex, &[]),
        ];
        let shown = render(&searches, (61_000, 80, false), Palette::new(false));
        insta::assert_snapshot!(shown, @r"
        60 s ago     search  retry with back-off  1,200 found in code, docs
        60 s ago     search  fn \w+  1,200 found, regex
        ");
        let shown = render(&searches[1..], (61_000, 60, true), Palette::new(false));
        insta::assert_snapshot!(shown, @r"60 s ago     search  fn \w+  1,200 found, regex  /src/queue");
    }
}
