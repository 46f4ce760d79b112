//! Measures how fast a folder's files are cut, on one thread: `throughput FOLDER [LANGUAGE]`.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aiex_chunk::{Language, Limits, Parse, chunk};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut folders = vec![PathBuf::from(arguments.next().ok_or("a folder is missing")?)];
    let only = arguments.next().and_then(|name| Language::from_name(&name));
    let list = arguments.next().is_some();
    let (mut bytes, mut lines, mut chunks, mut symbols, mut files) = (0usize, 0usize, 0usize, 0usize, 0usize);
    let (mut busy, mut plain, mut recovered, mut crumbs) = (Duration::ZERO, 0usize, 0usize, 0usize);
    let mut worst = (Duration::ZERO, PathBuf::new());
    while let Some(folder) = folders.pop() {
        if folder.is_file() {
            let text = std::fs::read_to_string(&folder)?;
            let found = chunk(&text, only, &Limits::default());
            for piece in &found.chunks {
                println!(
                    "=== {:?} {:?}\n{}",
                    piece.lines,
                    piece.breadcrumb,
                    &text[piece.bytes.start as usize..piece.bytes.end as usize]
                );
            }
            continue;
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let Ok(text) = std::fs::read_to_string(entry.path()) else {
                continue;
            };
            let language = Language::detect(&entry.path().to_string_lossy(), &text);
            if language.is_none() || only.is_some() && language != only {
                continue;
            }
            let started = Instant::now();
            let found = chunk(&text, language, &Limits::default());
            let took = started.elapsed();
            busy += took;
            if took > worst.0 {
                worst = (took, entry.path());
            }
            files += 1;
            bytes += text.len();
            lines += text.lines().count();
            chunks += found.chunks.len();
            symbols += found.symbols.len();
            crumbs += found
                .chunks
                .iter()
                .filter(|chunk| chunk.bytes.len() < 100)
                .count();
            plain += usize::from(found.parse == Parse::Lines);
            recovered += usize::from(found.parse == Parse::Recovered);
            if list && found.parse == Parse::Lines {
                println!("by lines: {}", entry.path().display());
            }
        }
    }
    let seconds = busy.as_secs_f64().max(f64::MIN_POSITIVE);
    println!(
        "{files} files, {bytes} bytes, {lines} lines: {chunks} chunks ({crumbs} under 100 bytes), {symbols} symbols"
    );
    println!(
        "{plain} by lines, {recovered} with errors; slowest {:?} {}",
        worst.0,
        worst.1.display()
    );
    println!(
        "{seconds:.2} s, {:.1} MB/s, {:.0} lines/s",
        bytes as f64 / 1e6 / seconds,
        lines as f64 / seconds
    );
    Ok(())
}
