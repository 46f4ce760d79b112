//! A text is parsed by a process that nothing depends on.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use aiex_chunk::Language;

/// How long a trial may last. The largest file that is indexed is parsed in well under a second.
const TRIAL_TIME: Duration = Duration::from_secs(20);
/// Between two looks at a process that is being waited for.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A program that parses its standard input, in the language that its last argument names.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The program.
    pub program: PathBuf,
    /// What it is called with, before the name of the language.
    pub arguments: Vec<OsString>,
}

impl Trial {
    /// Whether the process came through. One that does not end in time did not.
    ///
    /// # Errors
    /// When it cannot be started, or somebody else killed it: that says nothing about the text.
    pub(super) fn survives(&self, language: Language, text: &str) -> io::Result<bool> {
        // A file, not a pipe: nobody has to wait for the other to read or write.
        let mut input = tempfile::tempfile()?;
        input.write_all(text.as_bytes())?;
        input.rewind()?;
        let status = ended(&mut self.start(language, input)?)?;
        tracing::info!(
            ?status,
            language = language.name(),
            "a text at which the process died was tried"
        );
        match status {
            None => Ok(false),
            Some(status) if was_killed(status) => Err(io::Error::other("the process was killed")),
            Some(status) => Ok(status.success()),
        }
    }

    fn start(&self, language: Language, input: File) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(language.name())
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// How a process ended; `None` if it had to be ended.
fn ended(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + TRIAL_TIME;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::park_timeout(LOOK_INTERVAL);
    }
}

/// Grammars crash with other signals. This one is somebody's wish, or that of a system without memory.
fn was_killed(status: ExitStatus) -> bool {
    const SIGKILL: i32 = 9;
    const SIGTERM: i32 = 15;
    use std::os::unix::process::ExitStatusExt as _;
    matches!(status.signal(), Some(SIGKILL | SIGTERM))
}
