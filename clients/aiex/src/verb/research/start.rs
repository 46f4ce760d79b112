//! Starting a run.

use std::io::IsTerminal;
use std::path::PathBuf;

use aiex_protocol::research::{Depth, Plan, ResearchArgs, RunState, RunSummary};
use aiex_protocol::source::SourceKind;
use aiex_protocol::{Call, Event};
use clap::Args;
use tokio::sync::oneshot;

use super::limits::LimitFlags;
use super::list::estimate_line;
use super::steer::{Order, Steer};
use super::watch::{self, Shown, Until, Watched};
use super::{Desk, slip};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::plan_file;
use crate::repository;
use crate::run_words::plan_lines;
use crate::sources;

/// What to research and how far to go.
#[derive(Debug, Args)]
pub(crate) struct Wish {
    /// The question
    #[arg(required = true, value_name = "QUESTION")]
    question: Vec<String>,

    /// The sections of the report, by a template's name (`aiex research templates` lists them)
    #[arg(long, short, value_name = "NAME")]
    template: Option<String>,

    /// How far to go [default: as the settings say, or standard]
    #[arg(long, short, value_name = "DEPTH", value_enum)]
    depth: Option<DepthWord>,

    /// Where to look (code, docs, git, web, reports) [default: all that are there]
    #[arg(long, short, value_name = "SOURCES", value_delimiter = ',', value_parser = sources::any())]
    #[arg(hide_possible_values = true)]
    sources: Vec<SourceKind>,

    /// A repository that counts; may be repeated [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    repo: Vec<PathBuf>,

    /// Index a folder even if it is not a repository, or is refused by default
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    limits: LimitFlags,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DepthWord {
    /// One round of searches: a minute or so
    Quick,
    /// Up to two
    Standard,
    /// Up to four: for large questions
    Deep,
}

/// How to start a run.
#[derive(Debug, Args)]
pub(crate) struct StartFlags {
    #[command(flatten)]
    wish: Wish,

    /// Stop behind the plan and print it; approving it later continues the run
    #[arg(long)]
    plan_only: bool,

    /// Show the plan and wait for a yes
    #[arg(long, conflicts_with = "plan_only")]
    approve: bool,

    /// Begin a run of its own that asks engines, pages and models anew, even where an earlier report answers the same
    /// question and nothing has changed since
    #[arg(long)]
    fresh: bool,

    /// Start the run, print its name, and leave
    #[arg(long)]
    detach: bool,

    /// Print every entry of the run's journal as JSON, one object a line, and the report last
    #[arg(long)]
    json: bool,
}

#[cfg(test)]
impl StartFlags {
    /// The question as it was read.
    pub(super) fn question(&self) -> String {
        self.wish.question.join(" ")
    }
}

impl Wish {
    /// The request that these flags are. Repositories are named only where they matter.
    pub(super) fn args(&self) -> Result<ResearchArgs, Failure> {
        let repos = if self.repo.is_empty() && sources::need_a_repository(&self.sources) {
            vec![repository::absolute(None)?]
        } else {
            let absolute = |folder: &PathBuf| repository::absolute(Some(folder));
            self.repo.iter().map(absolute).collect::<Result<_, _>>()?
        };
        Ok(ResearchArgs {
            question: self.question.join(" "),
            template: self.template.clone(),
            depth: self.depth.map(|depth| match depth {
                DepthWord::Quick => Depth::Quick,
                DepthWord::Standard => Depth::Standard,
                DepthWord::Deep => Depth::Deep,
            }),
            budget: self.limits.budget(),
            sources: self.sources.clone(),
            repos,
            yes: self.yes,
            plan_only: false,
            approve: false,
            fresh: false,
            ticket: None,
        })
    }
}

/// A run to be started.
pub(super) struct Start {
    args: ResearchArgs,
    detaches: bool,
    json: bool,
}

impl Start {
    /// Reads the flags.
    pub(super) fn read(flags: StartFlags, is_quoted: bool) -> Result<Self, Failure> {
        slip::refuse(&flags.wish.question, is_quoted)?;
        Ok(Self {
            args: ResearchArgs {
                plan_only: flags.plan_only,
                approve: flags.approve,
                fresh: flags.fresh,
                ticket: Some(format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))),
                ..flags.wish.args()?
            },
            detaches: flags.detach,
            json: flags.json,
        })
    }

    /// Starts it and stays with it as long as that was asked for.
    pub(super) async fn carry_out(self, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
        let is_asked_for = self.args.approve;
        let stops_at_the_plan = is_asked_for || self.args.plan_only;
        let printer = desk.printer;
        let run = desk.fetch(Call::ResearchStart(self.args), |event| {
            if let Event::Estimate(estimate) = &event {
                printer.notice(&estimate_line(estimate));
            }
            run_of(event)
        });
        let run = run.await?;
        if self.detaches {
            return detached(&run, self.json, desk);
        }
        let until = if stops_at_the_plan {
            Until::Approval
        } else {
            Until::Over
        };
        let shown = match (self.json, run.state) {
            (true, _) => Shown::Journal,
            // Its story was told when it was made.
            (false, RunState::Done) => Shown::Nothing,
            (false, _) => Shown::Story,
        };
        match watch::watch(&run.id, 1, until, shown, desk).await? {
            Watched::AwaitingApproval { plan, next_seq } => {
                if is_asked_for && !self.json && people_are_there(desk) {
                    return ask(&run, &plan, next_seq, desk).await;
                }
                if !self.json {
                    desk.printer.data(&plan_file::write(&run.id, &plan)?)?;
                    tell_how_to_approve(&run.id, desk);
                }
                Ok(ExitCode::Ok)
            }
            watched => watch::close(&run.id, watched, self.json, desk).await,
        }
    }
}

/// The run that an answer is about.
pub(super) fn run_of(event: Event) -> Option<RunSummary> {
    match event {
        Event::Run(run) => Some(run),
        _ => None,
    }
}

fn detached(run: &RunSummary, json: bool, desk: &Desk<'_>) -> Result<ExitCode, Failure> {
    if json {
        desk.printer.json(run)?;
    } else {
        desk.printer.line(&run.id)?;
        desk.printer
            .notice(&format!("`aiex research follow {}` shows it", run.id));
    }
    Ok(ExitCode::Ok)
}

fn tell_how_to_approve(run: &str, desk: &Desk<'_>) {
    desk.printer.notice(&format!(
        "the run waits: `aiex research approve {run}` goes on, `--plan FILE` with another plan; \
         `aiex research cancel {run}` ends it, and `remove` forgets it"
    ));
}

/// Whether somebody can be asked.
fn people_are_there(desk: &Desk<'_>) -> bool {
    std::io::stdin().is_terminal() && desk.printer.is_notice_terminal && desk.printer.shows_progress()
}

/// What somebody said to a plan.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    /// Something else: what was unclear, or what the plan is to heed.
    Note(String),
}

impl Said {
    fn read(line: &str) -> Self {
        match line.trim() {
            "y" | "Y" | "yes" | "Yes" => Self::Yes,
            "" | "n" | "N" | "no" | "No" => Self::No,
            note => Self::Note(note.to_owned()),
        }
    }
}

/// Shows the plan and asks for a yes, or for what it should know: the plan is made anew then.
async fn ask(run: &RunSummary, plan: &Plan, next_seq: u64, desk: &mut Desk<'_>) -> Result<ExitCode, Failure> {
    for line in plan_lines(plan, desk.printer.notice_palette) {
        desk.printer.notice(&line);
    }
    desk.printer
        .prompt("go on with this plan? [y, n, or what it should know] ");
    let answer = tokio::select! {
        answer = line_from_the_terminal() => answer,
        () = desk.interrupt.pressed() => {
            // The terminal shows the keys on the line of the prompt.
            desk.printer.prompt("\n");
            tell_how_to_approve(&run.id, desk);
            return Ok(ExitCode::Interrupted);
        }
    };
    let note = match answer.as_deref().map_or(Said::No, Said::read) {
        Said::Yes => None,
        Said::Note(note) => Some(note),
        Said::No => {
            tell_how_to_approve(&run.id, desk);
            return Ok(ExitCode::Ok);
        }
    };
    let approve = Steer {
        run: run.id.clone(),
        order: Order::approve(None, note)?,
        follows: false,
    };
    approve.give(&run.id, desk).await?;
    watch::to_the_end(&run.id, next_seq, false, desk).await
}

/// One line that somebody types; nothing when the terminal is closed. On a thread of its own: one that reads a terminal
/// cannot be told to stop, and must not hold up the end of the program.
async fn line_from_the_terminal() -> Option<String> {
    let (sender, answer) = oneshot::channel();
    let reading = std::thread::Builder::new()
        .name("aiex-answer".to_owned())
        .spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line);
            // Nobody waits for it any more when the question was interrupted.
            let _ = sender.send(read.is_ok_and(|bytes| bytes > 0).then_some(line));
        });
    reading.ok()?;
    answer.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_yes_and_no_no_is_a_wish() {
        for yes in ["y\n", " Yes \n"] {
            assert_eq!(Said::read(yes), Said::Yes);
        }
        for no in ["\n", "n\n", "no"] {
            assert_eq!(Said::read(no), Said::No);
        }
        let note = "only the async client\n";
        assert_eq!(Said::read(note), Said::Note("only the async client".to_owned()));
    }
}
