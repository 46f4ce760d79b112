//! Measures a lexical index over source files: `measure_lexical DIRECTORY SOURCES [PIECES]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use aiex_lexical::{Document, LexicalIndex, Query};

/// Bytes of a piece of source: the size of a common chunk.
const PIECE: usize = 650;

fn sources(directory: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = (PIECE..rest.len())
            .find(|&at| rest.is_char_boundary(at))
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

fn defined(piece: &str) -> Vec<&str> {
    let mut words = piece
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty());
    let mut names = Vec::new();
    while let Some(word) = words.next() {
        if matches!(word, "fn" | "struct" | "enum" | "trait") {
            names.extend(words.next());
        }
    }
    names
}

fn median(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let directory = Path::new(&arguments[1]);
    let most: usize = arguments.get(3).map_or(100_000, |text| text.parse().unwrap());
    let mut files = Vec::new();
    sources(Path::new(&arguments[2]), &mut files);

    let index = LexicalIndex::open(directory).unwrap();
    let (mut bytes, mut documents, mut version) = (0, 0, 0u64);
    let mut questions: Vec<String> = Vec::new();
    let start = Instant::now();
    let mut writer = index.begin(64_000_000).unwrap();
    'files: for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        version += 1;
        for (ordinal, piece) in (0..).zip(pieces(&text)) {
            if documents == most || ordinal > u64::from(u16::MAX) {
                break 'files;
            }
            let document = Document {
                chunk: version << 16 | ordinal,
                body: piece,
                symbols: &defined(piece),
                path: &file.to_string_lossy()[arguments[2].len()..],
                ..Document::default()
            };
            writer.add(&document).unwrap();
            bytes += piece.len();
            documents += 1;
            if documents % (most / 300).max(1) == 0 {
                let words = piece.split_whitespace().filter(|word| word.len() > 2);
                questions.push(words.take(3 + documents % 6).collect::<Vec<_>>().join(" "));
            }
        }
    }
    let added = start.elapsed();
    writer.commit(1).unwrap();
    let committed = start.elapsed();
    let start = Instant::now();
    writer.settle(&|| false).unwrap();
    println!("settle {:.1?}", start.elapsed());
    drop(writer);
    index.publish().unwrap();
    println!(
        "{documents} pieces, {:.1} MB: added in {added:.1?}, committed at {committed:.1?}: {:.0} pieces/s",
        bytes as f64 / 1e6,
        documents as f64 / committed.as_secs_f64(),
    );
    let disk = index.disk_bytes().unwrap();
    println!(
        "{:.1} MB on disk, {:.2} of the source, {} segments",
        disk as f64 / 1e6,
        disk as f64 / bytes as f64,
        index.num_segments()
    );
    drop(index);

    let start = Instant::now();
    let index = LexicalIndex::open(directory).unwrap();
    println!("open {:.1?}", start.elapsed());
    let start = Instant::now();
    index.verify().unwrap();
    println!("verify {:.1?}", start.elapsed());
    for round in ["first", "again"] {
        let mut times = Vec::new();
        for text in &questions {
            let start = Instant::now();
            index
                .search(
                    &Query {
                        pieces: &[(text, 1.0)],
                        limit: 50,
                    },
                    None,
                )
                .unwrap();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let (p50, p99) = median(times);
        println!(
            "{} searches, {round}: p50 {p50:.2} ms, p99 {p99:.2} ms",
            questions.len()
        );
    }
    let (mut times, mut settles) = (Vec::new(), Vec::new());
    for round in 0..300u32 {
        let start = Instant::now();
        let mut writer = index.begin(15_000_000).unwrap();
        writer.delete_version(round + 1).unwrap();
        for ordinal in 0..20u64 {
            let chunk = (version + 1 + u64::from(round)) << 16 | ordinal;
            let body = &questions[(round as usize + ordinal as usize) % questions.len()];
            writer
                .add(&Document {
                    chunk,
                    body,
                    path: "src/changed.rs",
                    ..Document::default()
                })
                .unwrap();
        }
        writer.commit(u64::from(round) + 2).unwrap();
        index.publish().unwrap();
        times.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        if writer.settle(&|| false).unwrap() {
            drop(writer);
            index.publish().unwrap();
        } else {
            drop(writer);
        }
        settles.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (p50, p99) = median(times);
    println!(
        "20 chunks committed and published: p50 {p50:.2} ms, p99 {p99:.2} ms, {} segments",
        index.num_segments()
    );
    let (p50, p99) = median(settles);
    println!("settle after each: p50 {p50:.2} ms, p99 {p99:.2} ms");
}
