//! `aiex research`: a question, its sources, and a report whose every citation is checked.
//!
//! A run belongs to the daemon. What stands here only starts, watches and steers it.

mod export;
mod limits;
mod list;
mod show;
mod slip;
mod start;
mod steer;
mod verify;
mod watch;

use std::path::PathBuf;

use aiex_protocol::research::RunSummary;
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::run_name::{self, LATEST};
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  aiex research 'how do our retries differ from those of tower?'
  aiex research why does the upload time out --template find-bug-cause --depth deep
  aiex research what breaks with tokio 2 --budget '5m,$0.50' --sources code,docs
  aiex research compare our queue with X --plan-only > plan.toml
  aiex research approve latest --plan plan.toml --follow
  aiex research list
  aiex research follow                          the newest run, from its start
  aiex research export --out report.html
  aiex research -- list                         a question that is the name of an action

The report goes to standard output, everything else to standard error. Ctrl-C leaves the run to the daemon.
";

/// Research a question: search widely, quote, and report with checked citations
///
/// The question is cut into parts; your code, its history, the documentation of its dependencies and the web (as far as
/// they are configured) are searched for each; passages are quoted word for word; and a report is made of them in which
/// every sentence cites quotes and is checked against them. Without a model the report is made of the quotes. A run goes
/// on in the daemon when you leave, and survives its restart.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(subcommand_help_heading = "Actions", subcommand_value_name = "ACTION", after_long_help = EXAMPLES)]
pub(crate) struct ResearchVerb {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    start: start::StartFlags,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(flatten)]
    Look(Look),
    #[command(flatten)]
    Steer(SteerAction),
}

/// What changes nothing, and `remove`.
#[derive(Debug, Subcommand)]
enum Look {
    /// List the runs, the newest first
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Show a run: what was asked, the plan, what it has spent
    Show {
        #[command(flatten)]
        which: ReadRun,
        /// Print only the plan, as a file to edit and approve
        #[arg(long)]
        plan: bool,
        /// Print JSON
        #[arg(long, conflicts_with = "plan")]
        json: bool,
    },
    /// Watch a run from its start, and print its report at the end
    Follow {
        #[command(flatten)]
        which: ReadRun,
        /// Begin at this entry of its journal
        #[arg(long, value_name = "N", default_value_t = 1)]
        from: u64,
        /// Print every entry of its journal as JSON, one object a line, and the report last
        #[arg(long)]
        json: bool,
    },
    /// Print a run's report, or write it to a file
    Export(export::ExportFlags),
    /// Check an old report again: are its sources there, do they still say what is quoted?
    Verify {
        #[command(flatten)]
        which: ReadRun,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what a run would come to, without starting it
    Estimate {
        #[command(flatten)]
        wish: start::Wish,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the templates, or show one as a beginning for your own
    Templates {
        /// Print the file of this one; your own lie in the folder that `research.templates` of the settings names
        name: Option<String>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Delete runs that are over, with everything that is kept of them
    Remove {
        /// The runs: their names or the beginnings of them
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
    },
}

/// What tells a run to do something.
#[derive(Debug, Subcommand)]
enum SteerAction {
    /// Say yes to a run's plan, as it is or edited
    Approve {
        #[command(flatten)]
        flags: SteerFlags,
        /// The plan as edited (`-` is standard input); `show --plan` prints one
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        plan: Option<PathBuf>,
        /// An answer to what was unclear, or further wishes
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Stop a run for a while
    Pause {
        #[command(flatten)]
        which: ChangeRun,
    },
    /// Go on with a paused run
    Resume(SteerFlags),
    /// Stop searching and report what is there
    Finish(SteerFlags),
    /// End a run without a report; what it found is kept
    Cancel {
        #[command(flatten)]
        which: ChangeRun,
    },
    /// Try again what failed in a run that is over
    Retry(SteerFlags),
}

/// A run to look at.
#[derive(Debug, Args)]
pub(crate) struct ReadRun {
    /// The run: its name or the beginning of it
    #[arg(value_name = "RUN", default_value = LATEST)]
    run: String,
}

/// A run to change: it must be named.
#[derive(Debug, Args)]
struct ChangeRun {
    /// The run: its name, the beginning of it, or `latest`
    #[arg(value_name = "RUN")]
    run: String,
}

/// A run to set going.
#[derive(Debug, Args)]
struct SteerFlags {
    #[command(flatten)]
    which: ChangeRun,
    /// Watch it from there, and print its report at the end
    #[arg(long, short)]
    follow: bool,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: ResearchVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let task = Task::read(verb, std::env::args_os().any(|word| word == "--"))?;
    let session = Session::open(false, printer, interrupt).await?;
    let mut desk = Desk {
        session: &session,
        printer,
        interrupt,
    };
    let outcome = task.carry_out(&mut desk).await;
    session.close().await;
    outcome
}

/// What to do, with everything read that needs no daemon: what is wrong with the command line is told before one is
/// started.
enum Task {
    Start(start::Start),
    Steer(steer::Steer),
    Look(Look),
}

impl Task {
    /// `is_quoted` says that there is a `--` on the command line: what stands behind it is no action.
    fn read(verb: ResearchVerb, is_quoted: bool) -> Result<Self, Failure> {
        Ok(match verb.action {
            None => Self::Start(start::Start::read(verb.start, is_quoted)?),
            Some(Action::Steer(action)) => Self::Steer(action.read()?),
            Some(Action::Look(look)) => Self::Look(look),
        })
    }

    async fn carry_out(self, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
        match self {
            Self::Start(start) => start.carry_out(desk).await,
            Self::Steer(steer) => steer.carry_out(desk).await,
            Self::Look(look) => look.carry_out(desk).await,
        }
    }
}

impl SteerAction {
    fn read(self) -> Result<steer::Steer, Failure> {
        use steer::Order;
        let (order, run, follows) = match self {
            Self::Approve { flags, plan, note } => {
                let order = Order::approve(plan.as_deref(), note)?;
                (order, flags.which.run, flags.follow)
            }
            Self::Pause { which } => (Order::Pause, which.run, false),
            Self::Cancel { which } => (Order::Cancel, which.run, false),
            Self::Resume(flags) => (Order::Resume, flags.which.run, flags.follow),
            Self::Finish(flags) => (Order::Finish, flags.which.run, flags.follow),
            Self::Retry(flags) => (Order::Retry, flags.which.run, flags.follow),
        };
        Ok(steer::Steer { run, order, follows })
    }
}

impl Look {
    async fn carry_out(self, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
        match self {
            Self::List { json } => list::runs(json, desk).await,
            Self::Templates { name, json } => list::templates(name.as_deref(), json, desk).await,
            Self::Estimate { wish, json } => list::estimate(wish.args()?, json, desk).await,
            Self::Show { which, plan, json } => show::show(&which.run, plan, json, desk).await,
            Self::Follow { which, from, json } => {
                let run = desk.find(&which.run).await?;
                watch::to_the_end(&run.id, from, json, desk).await
            }
            Self::Export(flags) => export::export(&flags, desk).await,
            Self::Verify { which, json } => verify::verify(&which.run, json, desk).await,
            Self::Remove { runs } => steer::remove(&runs, desk).await,
        }
    }
}

/// What every action works with.
pub(crate) struct Desk<'a> {
    session: &'a Session,
    printer: &'a Printer,
    interrupt: &'a mut Interrupt,
}

impl Desk<'_> {
    /// Asks and waits for the end; the last event that `pick` takes is the outcome.
    async fn fetch<T>(&mut self, call: Call, pick: impl FnMut(Event) -> Option<T>) -> Result<T, Failure> {
        self.session.fetch(call, self.printer, self.interrupt, pick).await
    }

    /// The run that is meant.
    async fn find(&mut self, name: &str) -> Result<RunSummary, Failure> {
        run_name::find(name, self.session, self.printer, self.interrupt).await
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Verb};

    /// How the words behind `aiex research` are read: a question, or an action.
    fn read(words: &[&str]) -> Result<String, clap::error::ErrorKind> {
        let line = ["aiex", "research"].iter().chain(words);
        let cli = Cli::try_parse_from(line).map_err(|error| error.kind())?;
        let Verb::Research(verb) = cli.verb else {
            panic!("{:?}", cli.verb)
        };
        Ok(match verb.action {
            None => format!("question: {}", verb.start.question()),
            Some(Action::Look(Look::Show { which, .. })) => format!("show {}", which.run),
            Some(action) => format!("{action:?}").chars().take(4).collect(),
        })
    }

    #[test]
    fn actions_come_first_and_everything_else_is_a_question() {
        assert_eq!(read(&["show"]).unwrap(), "show latest");
        assert_eq!(read(&["show", "0af"]).unwrap(), "show 0af");
        for (words, question) in [
            (&["why does it list twice?"][..], "why does it list twice?"),
            (&["why", "does", "it", "list", "twice"], "why does it list twice"),
            (&["how", "to", "list"], "how to list"),
            (&["--", "list"], "list"),
            (&["--depth", "deep", "--", "show"], "show"),
            (&["--sources", "code,web", "why"], "why"),
            (&["why", "--max-tokens", "20k", "--approve"], "why"),
        ] {
            assert_eq!(read(words).unwrap(), format!("question: {question}"), "{words:?}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        use clap::error::ErrorKind;
        assert_eq!(read(&[]), Err(ErrorKind::MissingRequiredArgument));
        assert_eq!(read(&["pause"]), Err(ErrorKind::MissingRequiredArgument));
        assert_eq!(read(&["remove"]), Err(ErrorKind::MissingRequiredArgument));
        assert_eq!(read(&["list", "all", "retries"]), Err(ErrorKind::UnknownArgument));
        assert_eq!(
            read(&["why", "--plan-only", "--approve"]),
            Err(ErrorKind::ArgumentConflict)
        );
    }
}
