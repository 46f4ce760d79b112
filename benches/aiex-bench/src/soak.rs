//! Hours in the life of a daemon: files are edited, branches switched and questions asked, all the time. Whatever a
//! process holds must stay as it was.

mod life;
mod plot;
mod sample;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::corpus;
use crate::subject::Subject;
use life::Life;
use sample::{Sample, Series};

/// Between two samples.
const MINUTE: Duration = Duration::from_secs(60);

/// What is written first and not counted: caches fill, and the first segments are merged.
const WARM_UP: f64 = 0.1;

/// Works on one repository for each of `chunks`, samples once a minute, prints how what it saw changed, and draws it.
pub(crate) async fn all(
    program: &Path,
    scratch: &Path,
    chunks: &[u64],
    lasting: Duration,
    picture: &Path,
) -> Result<(), Failure> {
    let home = tempfile::tempdir_in(scratch)?;
    let subject = Subject::start(program, home.path()).await?;
    let mut lives = Vec::new();
    for (number, chunks) in chunks.iter().enumerate() {
        let folder = scratch.join(format!("soak-{number}"));
        std::fs::create_dir_all(&folder)?;
        let corpus = corpus::lay_out(&folder, *chunks)?;
        let life = Life::begin(&corpus.root, number as u64)?;
        subject.index(&corpus.root).await?;
        lives.push(life);
    }
    let began = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    while began.elapsed() < lasting {
        let minute = Instant::now();
        let mut asked = Vec::new();
        let mut saved = Vec::new();
        for life in &mut lives {
            saved.push(life.probe(&subject, samples.len()).await?);
            if samples.len() % 10 == 9 {
                life.switch_branch()?;
            }
        }
        while minute.elapsed() < MINUTE {
            for life in &mut lives {
                life.edit()?;
                asked.extend(life.ask(&subject).await?);
            }
            // A person and three agents, not a mill.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let edits = lives.iter().map(|life| life.edits).sum();
        let sample = Sample::take(&subject, began.elapsed(), asked, saved, edits).await?;
        println!("{}", sample.row());
        samples.push(sample);
    }
    report(&samples);
    std::fs::write(picture, plot::draw(&Series::of(&samples)))?;
    println!("\ndrawn: {}", picture.display());
    Ok(())
}

/// How the means of the first and the last third behind the warm-up differ, line by line.
fn report(samples: &[Sample]) {
    let skipped = (samples.len() as f64 * WARM_UP).ceil() as usize;
    let counted = samples.get(skipped..).unwrap_or_default();
    println!("\n| what | first third | last third | change | most |\n|---|---|---|---|---|");
    for series in Series::of(counted) {
        let third = series.values.len() / 3;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let first = mean(&series.values[..third]);
        let last = mean(&series.values[series.values.len() - third..]);
        let most = series.values.iter().copied().fold(0.0, f64::max);
        println!(
            "| {} | {first:.1} | {last:.1} | {:+.1} % | {most:.1} |",
            series.name,
            100.0 * (last - first) / first.max(f64::EPSILON),
        );
    }
}
