//! A home folder, repositories and a daemon for one test; all gone at its end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    dir: TempDir,
}

/// How a run of the program ended.
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

    /// The user's home directory.
    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Where aiex keeps everything.
    pub(crate) fn aiex_home(&self) -> PathBuf {
        self.dir.path().join("aiex")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Replaces the settings file.
    pub(crate) fn configure(&self, text: &str) {
        fs::create_dir_all(self.aiex_home()).unwrap();
        fs::write(self.aiex_home().join("config.toml"), text).unwrap();
    }

    /// A plain folder with files.
    pub(crate) fn folder(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = self.path(name);
        fs::create_dir_all(&root).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    /// A git repository without a commit, made without git.
    pub(crate) fn repo(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = self.folder(name, files);
        fs::create_dir_all(root.join(".git/objects")).unwrap();
        fs::create_dir_all(root.join(".git/refs/heads")).unwrap();
        fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(
            root.join(".git/config"),
            "[core]\n\trepositoryformatversion = 0\n",
        )
        .unwrap();
        root
    }

    /// The repository that most tests use.
    pub(crate) fn sample(&self) -> PathBuf {
        self.repo(
            "sample",
            &[
                ("src/retry.rs", RETRY),
                ("src/config.rs", CONFIG),
                ("tools/report.py", REPORT),
                (
                    "README.md",
                    "# Sample\n\nA program that fetches pages and retries.\n",
                ),
            ],
        )
    }

    /// The program, not yet started.
    pub(crate) fn aiex(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiex"));
        command
            .args(args)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("AIEX_HOME", self.aiex_home())
            .env("AIEX_IDLE_EXIT", "2m")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, folder: &Path, args: &[&str]) -> Outcome {
        outcome(self.aiex(folder, args).output().unwrap())
    }

    /// Runs it and expects success.
    pub(crate) fn ok(&self, folder: &Path, args: &[&str]) -> Outcome {
        let outcome = self.run(folder, args);
        assert_eq!(
            outcome.code,
            Some(0),
            "{args:?}\n{}\n{}",
            outcome.stdout,
            outcome.stderr
        );
        outcome
    }

    /// `text` without what differs from run to run.
    pub(crate) fn redact(&self, text: &str) -> String {
        let real = self.dir.path().canonicalize().unwrap();
        text.replace(real.to_str().unwrap(), "[DIR]")
            .replace(self.dir.path().to_str().unwrap(), "[DIR]")
    }

    /// The state of the daemon that runs.
    pub(crate) fn daemon_status(&self) -> Value {
        serde_json::from_str(&self.run(self.dir.path(), &["daemon", "status", "--json"]).stdout).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let lock = self.aiex_home().join("state/c1/aiexd.lock");
        if !lock.exists() {
            return;
        }
        let stopped = self.aiex(Path::new("/"), &["daemon", "stop"]).output();
        if stopped.is_ok_and(|output| output.status.success()) {
            return;
        }
        // The lock names its holder.
        let owner = fs::read_to_string(&lock).unwrap_or_default();
        let pid = owner.split_whitespace().next().and_then(|pid| pid.parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

pub(crate) fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
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

    /// The paths of the hits.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.rows()
            .iter()
            .map(|row| row["path"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Waits until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Waits for a process that is expected to end.
pub(crate) fn wait_for(mut child: Child) -> Outcome {
    wait_until("the program ends", || child.try_wait().unwrap().is_some());
    outcome(child.wait_with_output().unwrap())
}

/// The first line that a process writes.
pub(crate) fn first_line(child: &mut Child) -> (String, BufReader<std::process::ChildStdout>) {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    (line, reader)
}

const RETRY: &str = "\
use std::time::Duration;

/// Decides how long to wait before the next attempt.
pub struct BackoffPolicy {
    base: Duration,
    limit: u32,
}

impl BackoffPolicy {
    /// Doubles the delay with every failed attempt, up to the limit.
    pub fn next_delay(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.limit {
            return None;
        }
        Some(self.base * 2u32.pow(attempt))
    }
}
";

const CONFIG: &str = "\
/// Settings read from the environment.
pub struct Config {
    pub address: String,
}

/// Reads the settings.
pub fn load_config() -> Config {
    Config { address: std::env::var(\"ADDRESS\").unwrap_or_default() }
}
";

const REPORT: &str = "\
def render_report(rows):
    \"\"\"Turn rows into a table, one line for each.\"\"\"
    return '\\n'.join(' | '.join(str(cell) for cell in row) for row in rows)
";
