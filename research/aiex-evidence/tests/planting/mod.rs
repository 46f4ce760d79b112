//! Cases with one error each, by the kind of error.
#![allow(dead_code, unreachable_pub)]

mod cuts;
mod facts;
mod senses;

use aiex_evidence::Quote;
use fastrand::Rng;

use crate::standing::Run;

/// Every kind of error.
pub const FAMILIES: &[fn(&mut Rng) -> Case] = &[
    facts::number,
    facts::thousands,
    facts::unit,
    facts::other_unit,
    facts::spelled,
    facts::version,
    facts::date,
    facts::quotation,
    facts::lines,
    facts::wrong_line,
    facts::identifier,
    facts::several_names,
    facts::mixed_path,
    senses::swap,
    senses::negation,
    senses::denied,
    senses::only,
    senses::preposition,
];

/// Every kind of sentence that leaves out what its quote says it under.
pub const CUTS: &[fn(&mut Rng) -> Case] = &[
    cuts::dropped_condition,
    cuts::dropped_modality,
    cuts::dropped_bound,
];

/// A page or a piece of code, a quote of it, a true sentence about it, and the same sentence with one error.
pub struct Case {
    pub family: &'static str,
    pub run: Run,
    pub quote: Quote,
    pub truth: String,
    pub planted: String,
}

pub const THINGS: &[&str] = &[
    "connection pool",
    "write buffer",
    "retry queue",
    "page cache",
    "event loop",
    "request parser",
    "index segment",
    "lock file",
    "worker thread",
    "token bucket",
    "search arm",
    "block allocator",
];
pub const PACKAGES: &[&str] = &[
    "tokio", "serde", "axum", "rayon", "clap", "hyper", "tantivy", "regex",
];
const FEATURES: &[&str] = &[
    "graceful shutdown",
    "borrowed keys",
    "nested routers",
    "scoped threads",
    "custom allocators",
    "lookahead assertions",
];
const UNITS: &[(&str, &str)] = &[
    ("ms", "s"),
    ("KiB", "MiB"),
    ("MB", "GB"),
    ("seconds", "minutes"),
    ("%", "ms"),
    ("threads", "threads"),
];
const FILLERS: &[&str] = &[
    "The default suits most programs.",
    "Other settings are described below.",
    "This was measured on a small machine.",
    "Nothing else depends on it.",
];

pub fn pick<'a, T>(random: &mut Rng, of: &'a [T]) -> &'a T {
    &of[random.usize(..of.len())]
}

fn other_number(random: &mut Rng, than: u32) -> u32 {
    match random.u32(..4) {
        0 => than * 10,
        1 => than + 1,
        2 => than / 2 + 7 + than,
        _ => than.saturating_sub(1).max(1) + if than <= 1 { 5 } else { 0 },
    }
}

/// A page around a quoted passage, and the quote.
pub fn around(random: &mut Rng, passage: &str, beside: &str) -> (Run, Quote) {
    let mut run = Run::default();
    let page = format!(
        "{}\n\n{passage}\n\n{beside} {}",
        pick(random, FILLERS),
        pick(random, FILLERS)
    );
    let id = run.page("https://docs.example/page", "Limits", &page);
    let quote = run.quote(id, passage);
    (run, quote)
}

/// A passage on a page, or in the comment of a piece of code.
pub fn told(random: &mut Rng, passage: &str) -> (Run, Quote) {
    if random.bool() {
        return around(random, passage, "");
    }
    let mut run = Run::default();
    let text = format!(
        "/// {passage}\npub fn run(&mut self) -> Option<u32> {{\n    if !self.ready {{ return None; }}\n    self.next()\n}}"
    );
    let id = run.code("src/run.rs", 10, &text);
    let quote = run.quote(id, &text);
    (run, quote)
}
