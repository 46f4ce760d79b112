//! The daemon's log: one file, bounded, the one before it kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiex_config::LogLevel;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::error::DaemonError;

/// Days of work at the usual level, and quick to search.
const MAX_BYTES: u64 = 8 << 20;

/// Sends this process's log to the file from here on, unless it goes somewhere already.
pub(crate) fn start(path: &Path, level: LogLevel, copy_to_stderr: bool) -> Result<(), DaemonError> {
    let at = |source| DaemonError::Log {
        path: path.to_owned(),
        source,
    };
    let target = Target(Arc::new(Mutex::new(
        Rotating::open(path, copy_to_stderr).map_err(at)?,
    )));
    let filter = EnvFilter::new(format!("warn,aiex={level}"));
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        // They would be told on standard error, which is this same log, and a print that fails there panics.
        .log_internal_errors(false)
        .with_writer(target);
    // A second daemon in one process shares the first one's log.
    let _ = logging.try_init();
    Ok(())
}

struct Rotating {
    path: PathBuf,
    file: File,
    written: u64,
    copy_to_stderr: bool,
    /// Lines that could not be written since the last that could, and why.
    lost: Option<(u64, io::Error)>,
}

impl Rotating {
    fn open(path: &Path, copy_to_stderr: bool) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        let written = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            written,
            copy_to_stderr,
            lost: None,
        })
    }

    /// Appends a line, and before it how many are missing.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some((lines, why)) = &self.lost {
            let gap = format!("({lines} lines of the log could not be written: {why})\n");
            self.file.write_all(gap.as_bytes())?;
            self.written += gap.len() as u64;
            self.lost = None;
        }
        self.file.write_all(line)?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        fs::rename(&self.path, old)?;
        *self = Self::open(&self.path, self.copy_to_stderr)?;
        Ok(())
    }
}

#[derive(Clone)]
struct Target(Arc<Mutex<Rotating>>);

impl<'a> MakeWriter<'a> for Target {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One line of the log. Held while it is written, so that lines do not mix.
struct Line<'a>(MutexGuard<'a, Rotating>);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let log = &mut *self.0;
        if log.copy_to_stderr {
            // Nobody may be reading there.
            let _ = io::stderr().write_all(bytes);
        }
        if log.written + bytes.len() as u64 > MAX_BYTES {
            // A log that cannot be rotated (a full disk) goes on where it is; the next line tries again.
            let _ = log.rotate();
        }
        // A full disk ends no work: whoever logs cannot do anything about it.
        if let Err(why) = log.append(bytes) {
            let before = log.lost.as_ref().map_or(0, |(lines, _)| *lines);
            log.lost = Some((before + 1, why));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_written_fails_nobody_and_is_told_when_it_can() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("aiexd.log");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let target = Target(Arc::new(Mutex::new(Rotating::open(&path, false).unwrap())));
        target.make_writer().write_all(b"one\n").unwrap();
        target.make_writer().write_all(b"two\n").unwrap();
        fs::remove_file(&path).unwrap();
        let there_is_room = File::create(&path).unwrap();
        target.0.lock().unwrap().file = there_is_room;
        target.make_writer().write_all(b"three\n").unwrap();
        target.make_writer().write_all(b"four\n").unwrap();
        let log = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        assert!(
            lines[0].starts_with("(2 lines of the log could not be written: No space"),
            "{log}"
        );
        assert_eq!(lines[1..], ["three", "four"]);
    }

    #[test]
    fn the_log_is_bounded_and_the_one_before_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("aiexd.log");
        let target = Target(Arc::new(Mutex::new(Rotating::open(&path, false).unwrap())));
        let line = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            target.make_writer().write_all(&line).unwrap();
        }
        assert!(fs::metadata(&path).unwrap().len() <= MAX_BYTES);
        assert!(fs::metadata(place.path().join("aiexd.log.1")).unwrap().len() <= MAX_BYTES);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }
}
