//! A home folder with a daemon of its own, and the means to hurt it. All gone at the end of the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct World {
    dir: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("aiex-").tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn aiex_home(&self) -> PathBuf {
        self.path("aiex")
    }

    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.aiex_home().join("state/c1").join(name)
    }

    pub(crate) fn index_dir(&self) -> PathBuf {
        self.aiex_home().join("cache/index")
    }

    /// The folder of the one repository's own stores.
    pub(crate) fn repo_dir(&self) -> PathBuf {
        let mut folders = fs::read_dir(self.index_dir().join("repos")).unwrap();
        let only = folders.next().unwrap().unwrap().path();
        assert!(folders.next().is_none(), "more than one repository");
        only
    }

    /// `program` with this world's environment, not yet started.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("AIEX_HOME", self.aiex_home())
            .env("AIEX_IDLE_EXIT", "5m")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The program, not yet started.
    pub(crate) fn aiex(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_aiex"));
        command.current_dir(folder).args(args);
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, folder: &Path, args: &[&str]) -> Outcome {
        outcome(self.aiex(folder, args).output().unwrap())
    }

    /// Runs it and expects success.
    pub(crate) fn ok(&self, folder: &Path, args: &[&str]) -> Outcome {
        let outcome = self.run(folder, args);
        assert_eq!(outcome.code, Some(0), "{args:?}\n{outcome:#?}\n{}", self.log());
        outcome
    }

    /// The state of the daemon and of every repository.
    pub(crate) fn status(&self) -> Value {
        let shown = self.ok(self.dir.path(), &["status", "--json"]);
        serde_json::from_str(&shown.stdout).unwrap()
    }

    /// The state of one repository.
    pub(crate) fn repo_status(&self, root: &Path) -> Value {
        let root = root.to_str().unwrap();
        let status = self.status();
        let mut repos = status["repos"].as_array().unwrap().iter();
        repos
            .find(|repo| repo["root"] == root)
            .unwrap_or_else(|| panic!("{root} is not registered: {status:#}"))
            .clone()
    }

    /// Waits until nothing is left to do, vectors included.
    pub(crate) fn wait_settled(&self, root: &Path) -> Value {
        let mut last = Value::Null;
        wait_until("everything is indexed and has vectors", || {
            last = self.repo_status(root);
            last["phase"] == "idle"
                && last["is_complete"] == true
                && last["chunks"] == last["chunks_embedded"]
                && last["stale_files"] == 0
        });
        last
    }

    /// The process of the daemon that holds the lock, if one does. The info file would not do: for a moment
    /// after a crash a new daemon answers while that file still names the old one.
    pub(crate) fn pid(&self) -> Option<Pid> {
        let owner = fs::read_to_string(self.state("aiexd.lock")).ok()?;
        let pid = Pid::from_raw(owner.split_whitespace().next()?.parse().ok()?)?;
        self.is_alive().then_some(pid)
    }

    /// Whether the daemon that holds the lock has told clients where it is.
    pub(crate) fn is_published(&self) -> bool {
        let Ok(bytes) = fs::read(self.state("aiexd.json")) else {
            return false;
        };
        let info: Value = serde_json::from_slice(&bytes).unwrap();
        self.pid()
            .is_some_and(|pid| info["pid"] == pid.as_raw_nonzero().get())
    }

    /// Kills the daemon as the system does when memory runs out. A client that waits may have started
    /// another by the time this returns.
    pub(crate) fn kill(&self) {
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, Signal::KILL);
            wait_until("the killed daemon is gone", || !is_running(pid));
        }
    }

    /// Whether a daemon holds its lock.
    pub(crate) fn is_alive(&self) -> bool {
        aiex_config::is_daemon_alive(&aiex_config::Home::at(&self.aiex_home()))
    }

    /// Lets the crash-loop breaker forget, so that a test may kill more often than a machine would.
    pub(crate) fn forget_crashes(&self) {
        let _ = fs::remove_file(self.state("aiexd.exits.json"));
    }

    /// The end of the daemon's log, for failures.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(self.state("aiexd.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "the daemon's log ends with\n{}", self.log());
        }
        if !self.is_alive() {
            return;
        }
        let stopped = self.aiex(Path::new("/"), &["daemon", "stop"]).output();
        if stopped.is_ok_and(|output| output.status.success()) {
            return;
        }
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

impl Outcome {
    /// Standard output as one JSON value a line.
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.rows()
            .iter()
            .map(|row| row["path"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Waits until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Waits for a process that is expected to end.
pub(crate) fn wait_for(child: Child) -> Outcome {
    outcome(child.wait_with_output().unwrap())
}

/// Whether a process runs.
pub(crate) fn is_running(pid: Pid) -> bool {
    // One that has ended but was not yet waited for by its parent does not count.
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_ok() && !state.is_ok_and(|text| text.contains(") Z "))
}

/// Instants spread over `0..limit` without a pattern, the same in every run.
pub(crate) fn instants(seed: u64, limit: Duration) -> impl Iterator<Item = Duration> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        // Knuth's MMIX generator; its upper bits are good enough for this.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        limit.mul_f64((state >> 33) as f64 / f64::from(1_u32 << 31))
    })
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
