//! Measures postings alone: `measure_grams FOLDER [COPIES]` covers every text of a folder, so many times over, merges what
//! was written until eight segments are left, and asks some patterns.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use aiex_grams::{Builder, Candidates, Document, Folder, Query, Segment, merge};

const PATTERNS: &[&str] = &[
    "zq_nowhere_at_all",
    "memory_order_acq_rel",
    r"fn \w+_spin_lock\(",
    r"impl.*\bIterator for \w+Iter\b",
    "(?i)deprecated since",
    r"(SAFETY|NOTE|WARNING): \w+ly\b",
    r"unwrap_or_default\(\)",
];

const SEGMENT_BYTES: u64 = 16 << 20;

fn texts(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => texts(&entry.path(), all),
            Ok(kind) if kind.is_file() => all.push(entry.path()),
            _ => {}
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let source = PathBuf::from(args.next().unwrap());
    let copies: u64 = args.next().map_or(1, |copies| copies.parse().unwrap());
    let dir = tempfile::tempdir_in(".").unwrap();
    let folder = Folder::open(dir.path()).unwrap().folder;
    let mut files = Vec::new();
    texts(&source, &mut files);

    let began = Instant::now();
    let mut segments: Vec<Segment> = Vec::new();
    let mut builder = Builder::default();
    let (mut id, mut bytes) = (0, 0);
    for stamp in 0..copies {
        for file in &files {
            let Ok(text) = std::fs::read_to_string(file) else {
                continue;
            };
            builder.add(Document { id, stamp }, &text);
            id += 1;
            bytes += text.len() as u64;
            if builder.text_bytes() >= SEGMENT_BYTES {
                segments.push(std::mem::take(&mut builder).write(&folder).unwrap());
            }
        }
    }
    segments.push(builder.write(&folder).unwrap());
    let built = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let num_built = segments.len();
    while segments.len() > 8 {
        segments.sort_by_key(Segment::disk_bytes);
        let old: Vec<Segment> = segments
            .drain(..(segments.len() - 7).clamp(4, 24).min(segments.len()))
            .collect();
        let sources: Vec<&Segment> = old.iter().collect();
        segments.extend(merge(&folder, &sources, &|_| true, &|| false).unwrap());
        for segment in old {
            segment.remove().unwrap();
        }
    }
    let disk: u64 = segments.iter().map(Segment::disk_bytes).sum();
    println!(
        "{id} texts, {:.0} MB: {num_built} segments in {built:.1} s, {} in {:.1} s more; {:.1} MB on disk, {:.3} × the source",
        bytes as f64 / 1e6,
        segments.len(),
        began.elapsed().as_secs_f64(),
        disk as f64 / 1e6,
        disk as f64 / bytes as f64
    );
    for pattern in PATTERNS {
        let query = Query::of_pattern(pattern).unwrap();
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..50 {
            let began = Instant::now();
            let of = |segment: &Segment| match segment.candidates(&query).unwrap() {
                Candidates::All => segment.documents().len(),
                Candidates::At(places) => places.len(),
            };
            found = segments.iter().map(of).sum();
            times.push(began.elapsed());
        }
        times.sort();
        println!(
            "{pattern}: {found} candidates, p50 {:.2} ms",
            times[25].as_secs_f64() * 1e3
        );
    }
}
