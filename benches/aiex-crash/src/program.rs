//! The program under test with a home of its own: commands with a deadline, and what ends its daemon.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aiex_config::{Home, is_daemon_alive};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::failure::Failure;
use crate::fault::Faults;

/// What a look at what is waited for may count of a deadline. A machine that stands still, or has no time for this
/// program, is not what is tested.
const LONGEST_LOOK: Duration = Duration::from_millis(50);

pub(crate) struct Program {
    exe: PathBuf,
    /// Holds the home and what commands print.
    folder: PathBuf,
    home: Home,
    /// No command may take longer, whatever is done to the daemon.
    deadline: Duration,
    /// What its daemons have loaded, if they are to be hurt below their stores.
    faults: Option<Faults>,
}

/// A command at work.
pub(crate) struct Running {
    child: Child,
    words: String,
    deadline: Duration,
    began: Instant,
    printed: [PathBuf; 2],
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) words: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Program {
    /// A home under `folder`; nothing runs yet.
    pub(crate) fn new(exe: &Path, folder: &Path, deadline: Duration) -> Result<Self, Failure> {
        let user = folder.join("user");
        fs::create_dir_all(&user).map_err(Failure::at(&user))?;
        Ok(Self {
            exe: exe.to_owned(),
            folder: folder.to_owned(),
            home: Home::at(&folder.join("aiex")),
            deadline,
            faults: None,
        })
    }

    /// A home under `folder` whose daemons can be hurt below their stores.
    pub(crate) fn with_faults(exe: &Path, folder: &Path, deadline: Duration) -> Result<Self, Failure> {
        let mut program = Self::new(exe, folder, deadline)?;
        let under = folder.join("aiex");
        program.faults = Some(Faults::new(exe, folder.join("faults"), under)?);
        Ok(program)
    }

    /// The hand on its daemon.
    pub(crate) fn faults(&self) -> Result<&Faults, Failure> {
        let faults = self.faults.as_ref();
        faults.ok_or_else(|| Failure::Daemon("was started without the seam for faults".to_owned()))
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The flag that waits until the index has seen what is on disk, a little less long than a command may take.
    pub(crate) fn wait_fresh(&self) -> String {
        format!("--wait-fresh={}s", self.deadline.as_secs() * 5 / 6)
    }

    pub(crate) fn index_dir(&self) -> PathBuf {
        self.home.index_dir()
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.home.log_file()
    }

    /// Starts a command in `place`. A daemon that it starts ignores the signal of a write beyond its limit when
    /// `bears_limits`: the write fails instead, as on a full disk.
    pub(crate) fn start(
        &self,
        place: &Path,
        words: &[String],
        bears_limits: bool,
    ) -> Result<Running, Failure> {
        // The breaker stops daemons that crash more often than a machine would let them; here they are killed.
        let _ = fs::remove_file(self.home.exits_file());
        let mut command = if bears_limits {
            let mut command = Command::new("sh");
            command
                .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
                .arg(&self.exe);
            command
        } else {
            Command::new(&self.exe)
        };
        let printed = ["stdout", "stderr"].map(|name| self.folder.join(name));
        let open = |path: &Path| File::create(path).map_err(Failure::at(path));
        command
            .args(words)
            .current_dir(place)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.join("user"))
            .env("AIEX_HOME", self.folder.join("aiex"))
            .env("AIEX_IDLE_EXIT", "30m")
            .envs(self.faults.iter().flat_map(Faults::variables))
            .stdin(Stdio::null())
            .stdout(open(&printed[0])?)
            .stderr(open(&printed[1])?);
        let began = Instant::now();
        let child = command.spawn().map_err(Failure::at(&self.exe))?;
        Ok(Running {
            child,
            words: words.join(" "),
            deadline: self.deadline,
            began,
            printed,
        })
    }

    /// Runs a command that must answer: nothing is wrong with the daemon.
    pub(crate) fn answer(&self, place: &Path, words: &[String]) -> Result<Outcome, Failure> {
        let outcome = self.start(place, words, false)?.end()?;
        outcome.must_answer()?;
        Ok(outcome)
    }

    /// The daemon that holds the lock.
    pub(crate) fn daemon(&self) -> Option<Pid> {
        let owner = fs::read_to_string(self.home.lock_file()).ok()?;
        let pid = Pid::from_raw(owner.split_whitespace().next()?.parse().ok()?)?;
        is_daemon_alive(&self.home).then_some(pid)
    }

    /// Sends the daemon a signal that ends it, and waits until it is gone.
    pub(crate) fn end_daemon(&self, signal: Signal) -> Result<(), Failure> {
        let Some(pid) = self.daemon() else { return Ok(()) };
        // It may be gone since.
        let _ = kill_process(pid, signal);
        if wait_until(self.deadline, || !is_running(pid)) {
            Ok(())
        } else {
            Err(Failure::Daemon(format!(
                "lives on {} s after {signal:?}",
                self.deadline.as_secs()
            )))
        }
    }
}

impl Running {
    /// Waits for the end until `patience` is over. Whether it came.
    pub(crate) fn ends_within(&mut self, patience: Duration) -> bool {
        wait_until(patience, || !matches!(self.child.try_wait(), Ok(None)))
    }

    /// Waits for its end, which must come before the deadline.
    pub(crate) fn end(mut self) -> Result<Outcome, Failure> {
        if !self.ends_within(self.deadline) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            return Err(Failure::Hangs {
                words: self.words,
                seconds: self.deadline.as_secs(),
            });
        }
        let took = self.began.elapsed();
        let status = self.child.wait().map_err(Failure::at(Path::new("aiex")))?;
        let read = |path: &PathBuf| {
            let bytes = fs::read(path).map_err(Failure::at(path))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let outcome = Outcome {
            words: self.words,
            code: status.code(),
            stdout: read(&self.printed[0])?,
            stderr: read(&self.printed[1])?,
            took,
        };
        if outcome.stderr.contains("panicked at") {
            return Err(outcome.failure("panicked"));
        }
        Ok(outcome)
    }
}

impl Outcome {
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self.code, Some(0 | 1))
    }

    pub(crate) fn must_answer(&self) -> Result<(), Failure> {
        if self.is_answer() {
            Ok(())
        } else {
            Err(self.failure("failed, though nothing stands in its way"))
        }
    }

    /// It may fail, but must say why.
    pub(crate) fn must_be_readable(&self) -> Result<(), Failure> {
        match self.code {
            Some(0 | 1) => Ok(()),
            Some(3..=9) if !self.stderr.trim().is_empty() => Ok(()),
            Some(3..=9) => Err(self.failure("failed without a word")),
            _ => Err(self.failure("ended as no command may")),
        }
    }

    /// Standard output as one JSON value a line.
    pub(crate) fn rows(&self) -> Result<Vec<Value>, Failure> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).map_err(|error| self.unreadable(&error.to_string())))
            .collect()
    }

    /// Standard output as one JSON value.
    pub(crate) fn value(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.stdout).map_err(|error| self.unreadable(&error.to_string()))
    }

    pub(crate) fn unreadable(&self, detail: &str) -> Failure {
        Failure::Output {
            words: self.words.clone(),
            detail: detail.to_owned(),
        }
    }

    fn failure(&self, how: &'static str) -> Failure {
        Failure::Command {
            words: self.words.clone(),
            how,
            code: self.code,
            stderr: self.stderr.trim().to_owned(),
        }
    }
}

/// Whether a process runs. One that has ended but was not yet waited for by its parent does not.
pub(crate) fn is_running(pid: Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_ok() && !state.is_ok_and(|text| text.contains(") Z "))
}

/// Waits until `condition` holds, at most as long as `patience`. Whether it does.
pub(crate) fn wait_until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let mut left = patience;
    loop {
        let looked = Instant::now();
        if condition() {
            return true;
        }
        if left.is_zero() {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(2));
        left = left.saturating_sub(looked.elapsed().min(LONGEST_LOOK));
    }
}

/// Lets time pass that is part of what is tested, such as the instant of a blow.
pub(crate) fn let_pass(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        std::thread::park_timeout(left);
    }
}

/// Words as the program takes them.
pub(crate) fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}
