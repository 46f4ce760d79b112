//! The daemon's log: its last lines, and the next ones as they come.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;

/// Often enough for eyes.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// The end of the log is read up to here; hundreds of thousands of lines are more than a person reads.
const MAX_TAIL: u64 = 16 << 20;

pub(super) async fn show(
    path: &Path,
    lines: usize,
    follow: bool,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let mut reader = Reader::default();
    match reader.tail(path, lines) {
        Ok(text) => printer.data(&text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => printer.notice("there is no log yet"),
        Err(error) => return Err(cannot_read(path, &error)),
    }
    if !follow {
        return Ok(ExitCode::Ok);
    }
    loop {
        interrupt
            .or(async {
                tokio::time::sleep(LOOK_INTERVAL).await;
                Ok(())
            })
            .await?;
        match reader.next(path) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => printer.data(&text)?,
            // Between the renaming of the old log and the first line of the new one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot_read(path, &error)),
        }
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::new(ExitCode::RequestFailed, format!("cannot read {}", path.display())).because(error)
}

/// Remembers what was read of which file.
#[derive(Debug, Default)]
struct Reader {
    inode: u64,
    position: u64,
}

impl Reader {
    fn tail(&mut self, path: &Path, lines: usize) -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MAX_TAIL)))?;
        let text = self.rest(file, length.saturating_sub(MAX_TAIL))?;
        let skipped = text.lines().count().saturating_sub(lines);
        Ok(text.split_inclusive('\n').skip(skipped).collect())
    }

    fn next(&mut self, path: &Path) -> io::Result<String> {
        let metadata = fs::metadata(path)?;
        let is_same = metadata.ino() == self.inode && self.position <= metadata.len();
        let from = if is_same { self.position } else { 0 };
        if is_same && from == metadata.len() {
            return Ok(String::new());
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        self.rest(file, from)
    }

    fn rest(&mut self, mut file: File, from: u64) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.inode = file.metadata()?.ino();
        (&mut file).take(MAX_TAIL).read_to_end(&mut bytes)?;
        self.position = from + bytes.len() as u64;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
