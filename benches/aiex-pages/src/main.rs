//! Measures how well and how fast pages are read: word-F1 against what people say a page's content is, and the
//! time a page takes. Pages belong to their sites, so the sets are given by path and are no part of the project.
//!
//! ```text
//! aiex-pages wcxb PATH        # web content extraction benchmark: PATH/html/*.html.gz, PATH/ground-truth/*.json
//! aiex-pages articles PATH    # article extraction benchmark: PATH/html/*.html.gz, PATH/ground-truth.json
//! ```
#![allow(clippy::print_stdout, reason = "the results are its output")]

mod score;
mod set;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aiex_page::extract::{Source, read};
use aiex_page::fetch::Media;
use clap::{Parser, ValueEnum};

use score::{Score, word_score};
use set::SavedPage;

/// Bytes of a page that are read, as the program does it.
const MAX_TEXT: usize = 2 << 20;

#[derive(Debug, Parser)]
struct Args {
    /// How the set is laid out.
    layout: Layout,
    /// The folder that the set is in.
    path: PathBuf,
    /// Show the pages that were read worst.
    #[arg(long, default_value_t = 0)]
    worst: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Layout {
    /// One JSON file for each page.
    Wcxb,
    /// One JSON file for all pages.
    Articles,
}

#[derive(Debug, Default)]
struct Group {
    scores: Vec<Score>,
    empty: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let pages = match args.layout {
        Layout::Wcxb => set::wcxb(&args.path),
        Layout::Articles => set::articles(&args.path),
    };
    match pages {
        Ok(pages) => {
            report(&pages, args.worst);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn report(pages: &[SavedPage], worst: usize) {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut times = Vec::with_capacity(pages.len());
    let mut busy = Vec::with_capacity(pages.len());
    let mut ranked = Vec::with_capacity(pages.len());
    for page in pages {
        let source = Source {
            url: page.url.clone(),
            media: Media::Html,
            charset: None,
            bytes: page.html.clone(),
        };
        let (begin, begin_busy) = (Instant::now(), processor_time());
        let text = read(&source, MAX_TEXT).map(|page| page.markdown);
        times.push(begin.elapsed());
        busy.extend(
            processor_time()
                .zip(begin_busy)
                .map(|(end, begin)| end.saturating_sub(begin)),
        );
        let text = text.unwrap_or_default();
        let score = word_score(&text, &page.truth);
        ranked.push((score, page));
        for group in ["all", page.kind.as_str()] {
            let group = groups.entry(group.to_owned()).or_default();
            group.scores.push(score);
            group.empty += usize::from(text.is_empty());
        }
    }
    println!("| pages | n | F1 | precision | recall | empty |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (name, group) in &groups {
        let mean =
            |of: fn(&Score) -> f64| group.scores.iter().map(of).sum::<f64>() / group.scores.len() as f64;
        println!(
            "| {name} | {} | {:.3} | {:.3} | {:.3} | {} |",
            group.scores.len(),
            mean(|score| score.f1),
            mean(|score| score.precision),
            mean(|score| score.recall),
            group.empty
        );
    }
    println!();
    print_times("time per page", times);
    print_times("time on a processor per page", busy);
    ranked.sort_by(|one, other| one.0.f1.total_cmp(&other.0.f1));
    for (score, page) in ranked.iter().take(worst) {
        println!(
            "{:.3} p{:.2} r{:.2} {} {} {}",
            score.f1, score.precision, score.recall, page.name, page.kind, page.url
        );
    }
}

/// What this thread has spent on a processor, which other programs do not lengthen; only Linux tells.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn print_times(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else {
        return;
    };
    let at = |share: f64| times[(last as f64 * share).round() as usize].as_secs_f64() * 1000.0;
    println!(
        "{name}: p50 {:.1} ms, p95 {:.1} ms, max {:.1} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    );
}
