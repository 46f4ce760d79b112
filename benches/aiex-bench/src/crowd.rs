//! Many clients at once, while files change.

use std::path::Path;
use std::time::{Duration, Instant};

use aiex_protocol::search::SearchArgs;

use crate::Failure;
use crate::corpus::Corpus;
use crate::measure::{QUESTIONS, row};
use crate::quantile::Times;
use crate::subject::Subject;

const CLIENTS: usize = 64;
const SPAN: Duration = Duration::from_secs(60);
/// Between two questions of one client: an agent at work, not a mill. All together ask 128 times a second.
const PAUSE: Duration = Duration::from_millis(500);

/// Asks as one client and then as many, each time while a file is saved four times a second.
pub(crate) async fn all(
    program: &Path,
    home: &Path,
    subject: &Subject,
    corpus: &Corpus,
) -> Result<(), Failure> {
    let spans = [(1, SPAN / 2), (CLIENTS, SPAN)];
    for ((clients, span), times) in spans.into_iter().zip(both(program, home, subject, corpus).await?) {
        let what = format!("{clients} clients for {} s while files change", span.as_secs());
        row(&what, corpus, &times.show());
    }
    Ok(())
}

/// What one client waits for, and what each of many does.
pub(crate) async fn both(
    program: &Path,
    home: &Path,
    subject: &Subject,
    corpus: &Corpus,
) -> Result<[Times; 2], Failure> {
    let alone = crowd(program, home, corpus, 1, SPAN / 2).await?;
    let together = crowd(program, home, corpus, CLIENTS, SPAN).await?;
    // The daemon is there still.
    subject.status().await?;
    Ok([alone, together])
}

async fn crowd(
    program: &Path,
    home: &Path,
    corpus: &Corpus,
    clients: usize,
    span: Duration,
) -> Result<Times, Failure> {
    let mut asking = Vec::new();
    for number in 0..clients {
        let client = Subject::join(program, home).await?;
        asking.push(ask(client, corpus, number, span));
    }
    let (asked, saved) = tokio::join!(
        futures_util::future::try_join_all(asking),
        save(&corpus.root, span)
    );
    saved?;
    Ok(Times::new(asked?.into_iter().flatten().collect()))
}

async fn ask(
    client: Subject,
    corpus: &Corpus,
    number: usize,
    span: Duration,
) -> Result<Vec<Duration>, Failure> {
    // Not all at the same instant.
    tokio::time::sleep(PAUSE.mul_f64(number as f64 / CLIENTS as f64)).await;
    let began = Instant::now();
    let mut times = Vec::new();
    let mut round = number;
    while began.elapsed() < span {
        let args = SearchArgs {
            // No two ask the same at the same time: what is remembered is another measurement.
            query: format!("{} {round}", QUESTIONS[round % QUESTIONS.len()]),
            limit: 10,
            ..SearchArgs::default()
        };
        let asked = Instant::now();
        client.search(&corpus.root, args).await?;
        times.push(asked.elapsed());
        round += CLIENTS;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}

async fn save(root: &Path, span: Duration) -> Result<(), Failure> {
    let began = Instant::now();
    let mut round = 0;
    while began.elapsed() < span {
        let text = format!("/// A probe.\npub fn crowded_{round}() -> u32 {{\n    {round}\n}}\n");
        std::fs::write(root.join("crowd_probe.rs"), text)?;
        round += 1;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok(())
}
