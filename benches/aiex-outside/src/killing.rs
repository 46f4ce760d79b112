//! A run of research whose daemon is killed as soon as an entry of its journal is seen, and which goes on in the next.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::{Failure, Outside, QUESTION};

/// Longer than a process that was killed takes to be gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives the program with arguments, in the repository that the question is about.
pub type Program<'a> = &'a dyn Fn(&[&str]) -> Command;

/// A journal as a follower has it, and the report behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// The run's name.
    pub run: String,
    /// How many entries it has.
    pub entries: usize,
    /// How often its daemon was another.
    pub resumed: usize,
    /// The report.
    pub report: Value,
}

impl Journal {
    /// What the report says and whereon it rests, without when it was made and what was spent.
    pub fn said(&self) -> Value {
        ["sections", "quotes", "searches", "tally", "partial", "model"]
            .iter()
            .map(|part| ((*part).to_owned(), self.report[*part].clone()))
            .collect()
    }
}

/// How a killed run ended.
#[derive(Debug)]
pub struct Ended {
    /// Its journal, as it is in the end.
    pub journal: Journal,
    /// Calls that had begun and not ended when the daemon was killed.
    pub open: usize,
    /// What was asked more than once, over the whole run.
    pub repeated: Vec<String>,
    /// What was asked more than twice.
    pub asked_thrice: Vec<String>,
}

/// The command of a run that is followed to its end.
const ASK: [&str; 5] = ["research", QUESTION, "--sources", "code,web", "--json"];

/// Makes a run that nobody disturbs.
///
/// # Errors
/// When it does not end in a report.
pub fn whole(program: Program<'_>) -> Result<Journal, Failure> {
    read(spawned(program, &ASK)?)
}

/// Follows a run from its start to its end; starts a daemon if there is none.
///
/// # Errors
/// When it does not end in a report.
pub fn followed(program: Program<'_>, run: &str) -> Result<Journal, Failure> {
    read(spawned(program, &["research", "follow", run, "--json"])?)
}

/// Makes a run, kills the daemon as soon as this entry of the journal is seen, counted from 1, and follows the run to its
/// end in the next daemon. `state` is where the daemon keeps what users made. `None` when the run had fewer entries.
///
/// # Errors
/// When it does not end in a report.
pub fn killed_at(
    program: Program<'_>,
    state: &Path,
    outside: &Outside,
    entry: usize,
) -> Result<Option<Ended>, Failure> {
    let pid = daemon(program)?;
    let mut follower = spawned(program, &ASK)?;
    let run = seen(&mut follower, entry);
    kill(follower, pid)?;
    let Some(run) = run? else { return Ok(None) };
    let open = open_calls(&state.join("research/research.db"))?;
    let journal = followed(program, &run)?;
    let asked = outside.asked();
    let more_than = |times: usize| {
        let many = asked.iter().filter(|(_, asked)| **asked > times);
        many.map(|(what, _)| what.clone()).collect()
    };
    Ok(Some(Ended {
        journal,
        open,
        repeated: more_than(1),
        asked_thrice: more_than(2),
    }))
}

/// Makes a run and kills the daemon as soon as so many answers of single engines are in its journal; the run's name.
///
/// # Errors
/// When they do not come.
pub fn killed_behind_answers(program: Program<'_>, state: &Path, answers: usize) -> Result<String, Failure> {
    let pid = daemon(program)?;
    let mut follower = spawned(program, &ASK)?;
    let run = seen(&mut follower, 1)?.ok_or("the run has no entry")?;
    let journal = state.join("research/research.db");
    let deadline = Instant::now() + PATIENCE;
    while answers_kept(&journal)? < answers {
        if Instant::now() > deadline {
            return Err("no engine answered".into());
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    kill(follower, pid)?;
    Ok(run)
}

/// The daemon that runs.
fn daemon(program: Program<'_>) -> Result<Pid, Failure> {
    let status = program(&["daemon", "status", "--json"]).output()?;
    let status: Value = serde_json::from_slice(&status.stdout)?;
    let pid = status["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
    Ok(pid.and_then(Pid::from_raw).ok_or("no daemon runs")?)
}

/// Kills a daemon whose run is followed, and waits until it is gone.
fn kill(mut follower: Child, daemon: Pid) -> Result<(), Failure> {
    // First the follower, which would start the next daemon.
    follower.kill()?;
    kill_process(daemon, Signal::KILL)?;
    follower.wait()?;
    let deadline = Instant::now() + PATIENCE;
    while test_kill_process(daemon).is_ok() {
        if Instant::now() > deadline {
            return Err("the daemon was killed and lives".into());
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    Ok(())
}

fn spawned(program: Program<'_>, args: &[&str]) -> Result<Child, Failure> {
    let mut command = program(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    Ok(command.spawn()?)
}

/// Reads until this entry is there; the run's name. `None` when the journal ends before.
fn seen(follower: &mut Child, entry: usize) -> Result<Option<String>, Failure> {
    let output = follower.stdout.take().ok_or("the follower says nothing")?;
    for line in BufReader::new(output).lines() {
        let row: Value = serde_json::from_str(&line?)?;
        if row["seq"].as_u64() == Some(entry as u64) {
            return Ok(row["run"].as_str().map(str::to_owned));
        }
    }
    Ok(None)
}

/// A journal without holes, to its end.
fn read(follower: Child) -> Result<Journal, Failure> {
    let output = follower.wait_with_output()?;
    let rows: Vec<Value> = String::from_utf8(output.stdout)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let (last, entries) = rows.split_last().ok_or("nothing was told of the run")?;
    if last["kind"] != "report" {
        return Err(format!("the run ended without a report: {last}").into());
    }
    for (place, entry) in entries.iter().enumerate() {
        if entry["seq"] != place as u64 + 1 {
            return Err(format!("an entry is missing or comes twice at {place}: {entry}").into());
        }
    }
    Ok(Journal {
        run: last["run"].as_str().unwrap_or_default().to_owned(),
        entries: entries.len(),
        resumed: entries.iter().filter(|entry| entry["kind"] == "resumed").count(),
        report: last["report"].clone(),
    })
}

/// Answers of single engines, as the journal lies on the disk.
fn answers_kept(journal: &Path) -> Result<usize, Failure> {
    let store = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let sql = "SELECT count(*) FROM journal WHERE key LIKE 'answer/%'";
    Ok(store.query_row(sql, [], |row| row.get(0))?)
}

/// Calls that the journal has begun and not ended, as it lies on the disk.
fn open_calls(journal: &PathBuf) -> Result<usize, Failure> {
    let store = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut lines = store.prepare("SELECT kind, key FROM journal")?;
    let lines: BTreeSet<(String, String)> = lines
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut ends: BTreeMap<&str, bool> = BTreeMap::new();
    for (kind, key) in &lines {
        *ends.entry(key).or_default() |= kind == "ended";
    }
    Ok(ends.values().filter(|has_ended| !**has_ended).count())
}
