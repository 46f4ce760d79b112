//! A daemon with many repositories and nothing to do.

use std::path::Path;
use std::time::Duration;

use super::{Row, memory_row};
use crate::Failure;
use crate::corpus::{Enough, lay_out_until};
use crate::process;
use crate::subject::Subject;

const REPOSITORIES: usize = 50;
const BYTES_EACH: u64 = 400_000;
const SPAN: Duration = Duration::from_secs(120);

pub(super) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    let home = tempfile::tempdir_in(scratch)?;
    let subject = Subject::start(program, home.path()).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (empty, _) = process::memory(subject.pid())?;
    memory_row("resident memory, idle, no repository yet", empty, 60.0);
    for number in 0..REPOSITORIES {
        let name = format!("many-{number}");
        let corpus = lay_out_until(
            scratch,
            &name,
            Enough::From {
                skip: number,
                bytes: BYTES_EACH,
            },
        )?;
        subject.index(&corpus.root).await?;
    }
    // What indexing leaves to be done behind it is not idleness.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let before = process::cpu(subject.pid())?;
    tokio::time::sleep(SPAN).await;
    let used = process::cpu(subject.pid())?.saturating_sub(before);
    let (resident, _) = process::memory(subject.pid())?;
    Row {
        what: &format!("idle CPU, {REPOSITORIES} repositories, of one core"),
        unit: "%",
        measured: 100.0 * used.as_secs_f64() / SPAN.as_secs_f64(),
        bar: 0.1,
        limit: None,
    }
    .print();
    memory_row(
        &format!("resident memory, {REPOSITORIES} repositories"),
        resident,
        256.0,
    );
    Ok(())
}
