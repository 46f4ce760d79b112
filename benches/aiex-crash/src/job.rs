//! One daemon with a home and a repository of its own, hurt again and again.

mod strike;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;

use crate::comparison;
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::program::{Outcome, Program, Running, words};
use crate::question;
use crate::sweep::Sweep;
use crate::tally::Tally;
use crate::tree::{Change, Tree};
use crate::workload::{self, Cycle, Task};

/// The repository's own stores take at most so many times the room of fresh ones, and a little.
const MOST_ROOM: u64 = 3;
const LITTLE_ROOM: u64 = 4 << 20;

/// How a job is done.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) exe: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    pub(crate) files: usize,
    /// Which operations are hit in turn, instead of chance.
    pub(crate) sweep: Option<Sweep>,
    pub(crate) kills: u64,
    pub(crate) check_every: u64,
    pub(crate) deadline: Duration,
}

pub(crate) struct Job {
    plan: Plan,
    program: Program,
    tree: Tree,
    ledger: Ledger,
    pub(crate) tally: Tally,
    /// Cycles begun, and steps taken in all of them.
    cycle: u64,
    step: u64,
    log_read: usize,
    /// Whether something besides kills was done to the daemon since the last check.
    was_short: bool,
    /// What the last fault hit, for whoever looks into a failure.
    last_hit: Option<String>,
}

impl Job {
    /// Lays the repository out and indexes it.
    pub(crate) fn new(plan: Plan) -> Result<Self, Failure> {
        // What an earlier run left there, its daemon perhaps among it, would take part in this one.
        fs::create_dir(&plan.folder).map_err(Failure::at(&plan.folder))?;
        let program = Program::with_faults(&plan.exe, &plan.folder, plan.deadline)?;
        let tree = Tree::new(
            &plan.folder.join("tree"),
            plan.files,
            &mut Rng::with_seed(plan.seed),
        )?;
        program.answer(&tree.root, &words(["repos", "add", "--yes"]))?;
        Ok(Self {
            plan,
            program,
            tree,
            ledger: Ledger::default(),
            tally: Tally::default(),
            cycle: 0,
            step: 0,
            log_read: 0,
            was_short: false,
            last_hit: None,
        })
    }

    /// Where it stands, for whoever looks into a failure.
    pub(crate) fn place(&self) -> String {
        format!(
            "seed {}, cycle {}, step {}, {} kills, in {}; the last fault hit: {}",
            self.plan.seed,
            self.cycle,
            self.step,
            self.tally.kills,
            self.plan.folder.display(),
            self.last_hit.as_deref().unwrap_or("nothing")
        )
    }

    /// Goes on until the daemon was killed often enough or `is_over`, and checks at the end. A sweep goes on until every
    /// operation that it is about has gone wrong.
    pub(crate) fn run(&mut self, is_over: &dyn Fn() -> bool, tell: &dyn Fn(&Self)) -> Result<(), Failure> {
        let mut checked = 0;
        let mut sweep = self.plan.sweep;
        while !is_over() {
            self.cycle += 1;
            let cycle = match &mut sweep {
                None if self.tally.kills >= self.plan.kills => break,
                None => Cycle::draw(self.plan.seed, self.cycle),
                Some(sweep) => match sweep.next() {
                    Some(cycle) => cycle,
                    None => break,
                },
            };
            self.hurt(&cycle)?;
            if let Some(sweep) = &mut sweep {
                sweep.tell(self.last_hit.is_some());
            }
            if checked + self.plan.check_every <= self.tally.kills {
                checked = self.tally.kills;
                self.check()?;
                tell(self);
            }
        }
        if checked < self.tally.kills {
            self.check()?;
        }
        self.program.end_daemon(Signal::TERM)
    }

    fn kill(&mut self) -> Result<(), Failure> {
        if self.program.daemon().is_some() {
            self.program.end_daemon(Signal::KILL)?;
            self.tally.kills += 1;
        }
        Ok(())
    }

    fn change(&mut self, change: Change, rng: &mut Rng) -> Result<(), Failure> {
        self.step += 1;
        self.tally.changes += 1;
        if change == Change::Switch {
            self.tree.switch(rng)
        } else {
            self.tree.change(change, rng)
        }
    }

    fn begin(&mut self, task: Task, bears_limits: bool, rng: &mut Rng) -> Result<Asked, Failure> {
        self.step += 1;
        self.tally.commands += 1;
        let (words, about) = self.words(task, rng)?;
        let child = self.program.start(&self.tree.root, &words, bears_limits)?;
        Ok(Asked { child, about })
    }

    /// The words of a task, and what is to be remembered of it.
    fn words(&mut self, task: Task, rng: &mut Rng) -> Result<(Vec<String>, About), Failure> {
        let tree = &self.tree;
        let plain = match task {
            Task::Search => words(["search", &question::words(tree, rng)?, "--json"]),
            Task::SearchFresh => words([
                "search",
                &question::name(tree, rng)?,
                &self.program.wait_fresh(),
                "--json",
            ]),
            Task::Literal => words(["search", "--literal", &question::name(tree, rng)?, "--json"]),
            Task::Regex => words(["search", "--regex", &question::pattern(rng), "--json"]),
            Task::Symbols => words(["symbols", &question::name(tree, rng)?, "--json"]),
            Task::Outline => words(["outline", ".", "--json"]),
            Task::Reindex => words(["repos", "reindex"]),
            Task::Status => words(["status", "--json"]),
            Task::History => {
                return Ok((
                    words(["history", "--all", "--json", "--limit", "200"]),
                    About::History,
                ));
            }
            Task::Research => {
                let question = format!("how is {} used", question::words(tree, rng)?);
                let asked = [
                    "research",
                    &question,
                    "--sources",
                    "code",
                    "--depth",
                    "quick",
                    "--json",
                ];
                return Ok((words(asked), About::Report));
            }
            Task::RemoveBookmark => {
                if let Some(id) = self.ledger.bookmark_to_remove(rng) {
                    return Ok((words(["bookmark", "remove", &id.to_string()]), About::Removal(id)));
                }
                words(["bookmark", "list", "--json"])
            }
            Task::AddBookmark => {
                if let Some((path, line)) = question::line(tree, rng)? {
                    let note = self.ledger.next_note();
                    let lines = format!("{path}:{line}");
                    return Ok((
                        words(["bookmark", "add", &lines, "--note", &note]),
                        About::Bookmark { path, line },
                    ));
                }
                words(["bookmark", "list", "--json"])
            }
        };
        Ok((plain, About::Nothing))
    }

    /// Waits for the end and remembers what the program says that it keeps.
    fn end(&mut self, asked: Asked) -> Result<Outcome, Failure> {
        let outcome = asked.child.end()?;
        match asked.about {
            About::Nothing => {}
            About::Bookmark { path, line } => self.ledger.bookmark_added(&path, line, &outcome)?,
            About::Removal(id) => self.ledger.bookmark_removed(id, &outcome),
            About::History if outcome.is_answer() => self.ledger.history_shown(&outcome)?,
            About::Report if outcome.is_answer() => self.ledger.report_printed(&outcome)?,
            About::History | About::Report => {}
        }
        Ok(outcome)
    }

    fn end_excused(&mut self, asked: Asked) -> Result<(), Failure> {
        let outcome = self.end(asked)?;
        outcome.must_be_readable()?;
        self.tally.excused += u64::from(!outcome.is_answer());
        Ok(())
    }

    /// The index is what a fresh one is, and everything that was acknowledged is there.
    fn check(&mut self) -> Result<(), Failure> {
        let rng = &mut workload::rng(!self.plan.seed, !self.cycle);
        let mut room = comparison::settle(&self.program, &self.tree)?;
        let folder = self.plan.folder.join("fresh");
        let fresh = Program::new(&self.plan.exe, &folder, self.plan.deadline)?;
        let compared = comparison::compare(&self.program, &fresh, &self.tree, rng);
        fresh.end_daemon(Signal::TERM)?;
        let (fresh_room, agreement) = compared?;
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
        self.ledger.check(&self.program, &self.tree.root, rng)?;
        let doctor = self.program.answer(&self.tree.root, &words(["doctor"]))?;
        let most = MOST_ROOM * fresh_room.own + LITTLE_ROOM;
        if room.own > most {
            room = comparison::tidied(&self.program, &self.tree, most)?;
        }
        if room.own > most {
            return Err(Failure::Wrong {
                what: "the index takes far more room than a fresh one".to_owned(),
                detail: format!("  {room:?}\n  {fresh_room:?}"),
            });
        }
        if doctor.code != Some(0) {
            return Err(doctor.unreadable("doctor is not content"));
        }
        self.read_log()?;
        self.tally.room(room, fresh_room);
        self.tally.kept = self.ledger.kept();
        self.tally.agreement.add(agreement);
        self.tally.checks += 1;
        Ok(())
    }

    /// Since the last look no daemon panicked, and no kill damaged a store.
    fn read_log(&mut self) -> Result<(), Failure> {
        let log = fs::read(self.program.log_file()).unwrap_or_default();
        // A log that was begun anew is read from its start.
        let new = log.get(self.log_read..).unwrap_or(&log);
        let text = String::from_utf8_lossy(new);
        self.log_read = log.len();
        if let Some(line) = text.lines().find(|line| line.contains("panicked:")) {
            return Err(Failure::Daemon(format!("panicked: {line}")));
        }
        let mut rebuilt = text.lines().filter(|line| line.contains("is built anew"));
        // What cannot be written or opened may look like damage to the store that needs it; a kill never may.
        if !std::mem::take(&mut self.was_short)
            && let Some(line) = rebuilt.next()
        {
            return Err(Failure::Daemon(format!(
                "takes a store for damaged after kills alone: {line}"
            )));
        }
        self.tally.rebuilt += rebuilt.count() as u64;
        Ok(())
    }
}

impl Drop for Job {
    /// No daemon outlives the run.
    fn drop(&mut self) {
        let _ = self.program.end_daemon(Signal::KILL);
    }
}

/// A command on its way.
struct Asked {
    child: Running,
    about: About,
}

/// What is to be remembered of a command.
enum About {
    Nothing,
    Bookmark { path: String, line: u64 },
    Removal(u64),
    History,
    Report,
}

/// The folder of a job.
pub(crate) fn folder(scratch: &Path, number: u64) -> PathBuf {
    scratch.join(format!("j{number}"))
}
