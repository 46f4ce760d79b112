//! Starts the daemon's process and watches it until it is ready.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use aiex_config::{Home, StartFailure};

use crate::error::ConnectError;

/// How to start a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonCommand {
    /// The program.
    pub exe: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables set on top of this process's own.
    pub env: Vec<(OsString, OsString)>,
}

impl DaemonCommand {
    /// `EXE daemon run`.
    pub fn new(exe: impl Into<PathBuf>) -> Self {
        Self {
            exe: exe.into(),
            args: vec!["daemon".into(), "run".into()],
            env: Vec::new(),
        }
    }
}

/// A daemon on its way.
#[derive(Debug)]
pub(crate) struct Starting {
    child: Option<Child>,
    home: Home,
    /// Where this start begins in the log.
    log_start: u64,
}

/// Lines shown from the end of the log, and bytes read for them.
const TAIL_LINES: usize = 10;
const TAIL_BYTES: u64 = 8 << 10;

impl Starting {
    /// Starts it: a group of its own, so that Ctrl-C does not reach it; no input; output to the log; in `/`,
    /// so that it keeps no folder busy.
    pub(crate) fn spawn(command: &DaemonCommand, home: &Home) -> Result<Self, ConnectError> {
        let failed = |source| ConnectError::Spawn {
            exe: command.exe.clone(),
            source,
        };
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(home.log_file())
            .map_err(failed)?;
        let log_start = log.metadata().map_or(0, |metadata| metadata.len());
        let mut process = Command::new(&command.exe);
        process
            .args(&command.args)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log);
        // The daemon must mean the same folders, wherever this client has them from.
        match &home.root {
            Some(root) => process.env("AIEX_HOME", root),
            None => process.env_remove("AIEX_HOME"),
        };
        let child = process.spawn().map_err(failed)?;
        Ok(Self {
            child: Some(child),
            home: home.clone(),
            log_start,
        })
    }

    /// The process id, for as long as this is its parent's business.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How it failed, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<ConnectError> {
        let child = self.child.as_mut()?;
        let status = match child.try_wait() {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => return None,
            Err(error) => error.to_string(),
        };
        let pid = child.id();
        self.child = None;
        let failure = StartFailure::read(&self.home).filter(|failure| failure.pid == pid);
        let log = self.home.log_file();
        let detail = match &failure {
            Some(failure) => failure.message.clone(),
            None => match self.log_tail() {
                Ok(tail) if !tail.is_empty() => tail,
                _ => "it left no message".to_owned(),
            },
        };
        Some(ConnectError::StartFailed {
            status,
            detail,
            failure: failure.map(Box::new),
            log,
        })
    }

    fn log_tail(&self) -> io::Result<String> {
        let mut log = File::open(self.home.log_file())?;
        let length = log.metadata()?.len();
        // A log that was rotated meanwhile is shorter than where this start began: all of it is new.
        let start = if length < self.log_start {
            0
        } else {
            self.log_start
        };
        log.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL_BYTES))))?;
        let mut bytes = Vec::new();
        log.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
    }
}

impl Drop for Starting {
    /// Somebody must wait for the child when it ends one day, or a long-lived client would keep its remains.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = std::thread::Builder::new()
                .name("aiex-reaper".to_owned())
                .stack_size(64 << 10)
                .spawn(move || child.wait());
        }
    }
}
