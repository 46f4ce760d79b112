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
        })
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
        log.file.write_all(bytes)?;
        log.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
