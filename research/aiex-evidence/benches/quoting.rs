//! How long finding quotes in a long page takes: by words alone, and for a model's copies. Prints the median of several.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints what it measured, and may stop where it fails"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aiex_evidence::extract::{Parts, Question, Rarity, best};
use aiex_evidence::{Catalogue, Document, Origin, Quotes, Source, SourceId};

/// Bytes of a page.
const BYTES: usize = 256 << 10;
const TIMES: usize = 15;
const QUESTION: &str = "how many attempts does the back-off policy make before a request fails";
/// Words of pages, some of them the question's.
const WORDS: [&str; 48] = [
    "server",
    "request",
    "answers",
    "policy",
    "client",
    "waits",
    "between",
    "attempts",
    "each",
    "pause",
    "is",
    "doubled",
    "until",
    "the",
    "a",
    "of",
    "limit",
    "and",
    "connection",
    "closed",
    "by",
    "peer",
    "errors",
    "are",
    "counted",
    "when",
    "back-off",
    "begins",
    "`retry_after`",
    "header",
    "tells",
    "seconds",
    "which",
    "worker",
    "threads",
    "queue",
    "holds",
    "bytes",
    "written",
    "to",
    "log",
    "version",
    "2.4",
    "settings",
    "default",
    "value",
    "for",
    "every",
];

/// Prose drawn from the words: sentences of a dozen words, paragraphs of so many sentences, a heading to every ten.
fn prose(sentences: usize) -> String {
    let mut text = String::new();
    let mut state = 1_u64;
    let mut next = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut paragraph = 0;
    while text.len() < BYTES {
        if paragraph % 10 == 0 {
            write!(text, "## Part {paragraph}\n\n").unwrap();
        }
        for _ in 0..sentences {
            text.push_str("The ");
            for _ in 0..8 + next(10) {
                text.push_str(WORDS[next(WORDS.len())]);
                text.push(' ');
            }
            writeln!(text, "number {}.", next(1000)).unwrap();
        }
        text.push('\n');
        paragraph += 1;
    }
    text
}

fn page(text: String) -> (Catalogue, SourceId) {
    let mut catalogue = Catalogue::new();
    let id = catalogue.add(Document {
        origin: Origin::Web {
            url: "https://example.org/policy".to_owned(),
        },
        title: "Policies".to_owned(),
        date: None,
        licence: None,
        read_at: 0,
        text,
        instructs: false,
    });
    (catalogue, id)
}

fn shown(what: &str, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!("{what}: p50 {:.1} ms", times[TIMES / 2].as_secs_f64() * 1000.0);
}

fn measured(name: &str, text: String) {
    let (catalogue, id) = page(text);
    let source: &Source = catalogue.get(id).unwrap();
    let text = source.text.as_str();
    shown(&format!("{name}, rarity of its words"), || {
        black_box(Rarity::of_paragraphs([text]));
    });
    let rarity = Rarity::of_paragraphs([text]);
    shown(&format!("{name}, quotes by words"), || {
        let spans = Question::new(QUESTION, &rarity, None).telling(source, None, 2);
        assert!(!spans.is_empty());
    });
    shown(&format!("{name}, passages for a model"), || {
        assert!(!best(QUESTION, source, &rarity, 12).is_empty());
    });
    let spans = best(QUESTION, source, &rarity, 4);
    let pieces: Vec<_> = spans.iter().map(|span| span.start..span.end).collect();
    shown(&format!("{name}, parts of the question"), || {
        black_box(Parts::new([QUESTION, "who waits"]).answered(source, &pieces, None));
    });
    // Near the end, so that all of the page is looked through: copied as it stands, with a word changed, and made up.
    let at = text.rfind("The ").unwrap();
    let start = text[..at - 300].rfind("The ").unwrap();
    let verbatim = text[start..at].trim().to_owned();
    let careless = verbatim.replacen("number", "numero", 1);
    let made_up = prose(3)[400..800].to_uppercase().replace("THE", "NO");
    for (kind, copy) in [
        ("verbatim", verbatim),
        ("careless", careless),
        ("made up", made_up),
    ] {
        shown(&format!("{name}, four {kind} copies"), || {
            let mut quotes = Quotes::new();
            for _ in 0..4 {
                _ = black_box(quotes.accept(source, &copy, None));
            }
        });
    }
}

fn main() {
    measured("short paragraphs", prose(3));
    measured("long paragraphs", prose(40));
    measured("one paragraph", prose(5000));
}
