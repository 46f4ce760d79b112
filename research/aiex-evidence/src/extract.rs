//! Quotes without a model.
//!
//! The best passages of a source for a question are its sentences (prose) and short runs of lines (code) by this score:
//! the rarity of the question's words that they hold (BM25's inverse document frequency over the run's sources, Robertson
//! and Spärck Jones 1976), once each; more for pairs of words that stand together, for lines that define what is asked
//! for, for numbers when the question asks for one, and slightly for standing early; less for pieces too short to say
//! something or too long to be read. Passages that overlap or say the same are taken once.

mod code;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::Source;
use crate::quote::{LONGEST, SHORTEST};
use crate::sentences;
use crate::words::{carries_meaning, stem, stems, words};

pub use code::{comment, defines, definition_above, head, name, signature};

/// How rare each word is among the sources of a run.
#[derive(Debug, Clone, Default)]
pub struct Rarity {
    texts: u32,
    holding: HashMap<String, u32>,
}

impl Rarity {
    /// Counts in how many texts each word stands.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut rarity = Self::default();
        for text in texts {
            rarity.texts += 1;
            for stem in stems(text) {
                *rarity.holding.entry(stem).or_insert(0) += 1;
            }
        }
        rarity
    }

    /// The weight of a stem: `ln(1 + (N - n + 0.5) / (n + 0.5))`.
    fn weight(&self, stem: &str) -> f64 {
        let holding = f64::from(self.holding.get(stem).copied().unwrap_or(0));
        let texts = f64::from(self.texts.max(1));
        (1.0 + ((texts - holding).max(0.0) + 0.5) / (holding + 0.5)).ln()
    }
}

/// How much of a question a text speaks of, 0 to 1: the weight of the question's words that it holds, of the weight of
/// all of them. A question without words that carry meaning is held by everything.
pub fn coverage(question: &str, text: &str, rarity: &Rarity) -> f64 {
    let asked = stems(question);
    let all: f64 = asked.iter().map(|stem| rarity.weight(stem)).sum();
    if all <= 0.0 {
        return 1.0;
    }
    let mut held = HashSet::new();
    for word in words(text) {
        for part in parts(word.text) {
            let stem = stem(part);
            if asked.contains(&stem) {
                held.insert(stem);
            }
        }
    }
    held.iter().map(|stem| rarity.weight(stem)).sum::<f64>() / all
}

/// A word and, of an identifier, its parts: `worker_threads` and `WorkerThreads` speak of workers and threads.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut cuts = vec![0];
    let mut before = ' ';
    for (at, c) in word.char_indices() {
        if c == '_' || before == '_' || (c.is_uppercase() && before.is_lowercase()) {
            cuts.push(at);
        }
        before = c;
    }
    cuts.push(word.len());
    let whole = (cuts.len() > 2).then_some(word);
    let pieces: Vec<&str> = cuts
        .windows(2)
        .filter_map(|cut| match cut {
            [from, to] => word.get(*from..*to),
            _ => None,
        })
        .filter(|piece| piece.len() > 1)
        .collect();
    whole.into_iter().chain(pieces)
}

/// A passage of prose with the rest of its paragraph, when that is not much: a sentence alone seldom says enough.
pub fn paragraph(text: &str, passage: Range<usize>) -> Range<usize> {
    let start = text
        .get(..passage.start)
        .and_then(|before| before.rfind("\n\n"))
        .map_or(0, |at| at + 2);
    let end = text
        .get(passage.end..)
        .and_then(|after| after.find("\n\n"))
        .map_or(text.len(), |at| passage.end + at);
    let whole = text.get(start..end).unwrap_or_default();
    let (begin, trimmed) = (start + (whole.len() - whole.trim_start().len()), whole.trim());
    if trimmed.len() <= PARAGRAPH && begin <= passage.start {
        begin..begin + trimmed.len()
    } else {
        passage
    }
}

/// Bytes of a paragraph that is taken whole.
const PARAGRAPH: usize = 600;

/// A passage of a source and how well it answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// How well it answers; greater is better.
    pub score: f64,
}

/// Words that say that a name beside them is defined here.
const DEFINERS: &[&str] = &[
    "fn",
    "struct",
    "enum",
    "trait",
    "type",
    "const",
    "static",
    "mod",
    "macro_rules",
    "def",
    "class",
    "func",
    "function",
    "interface",
    "let",
    "var",
    "impl",
];

/// The best passages of a source for a question, best first, at most `limit`, none without a word of the question.
pub fn best(question: &str, source: &Source, rarity: &Rarity, limit: usize) -> Vec<Span> {
    let asked: Vec<String> = {
        let mut seen = HashSet::new();
        let meant = words(question)
            .into_iter()
            .filter(|word| carries_meaning(word.text));
        meant
            .map(|word| stem(word.text))
            .filter(|stem| seen.insert(stem.clone()))
            .collect()
    };
    let pairs: HashSet<(&str, &str)> = asked
        .windows(2)
        .filter_map(|pair| Some((pair.first()?.as_str(), pair.get(1)?.as_str())))
        .collect();
    let lower = question.to_lowercase();
    let wants_number = [
        "how many", "how much", "how long", "version", "limit", "size", "default", "when",
    ]
    .iter()
    .any(|cue| lower.contains(cue));

    let length = source.text.len().max(1);
    let mut scored: Vec<(Span, HashSet<String>)> = passages(&source.text)
        .into_iter()
        .filter_map(|range| {
            let text = source.text.get(range.clone())?;
            let score = score(text, &asked, &pairs, rarity, wants_number)?;
            let early = 1.0 + 0.1 * (1.0 - share(range.start, length));
            Some((
                Span {
                    start: range.start,
                    end: range.end,
                    score: score * early,
                },
                stems(text),
            ))
        })
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.score.total_cmp(&a.score).then(a.start.cmp(&b.start)));

    let mut taken: Vec<(Span, HashSet<String>)> = Vec::new();
    for (span, stems) in scored {
        if taken.len() >= limit {
            break;
        }
        let repeats = taken.iter().any(|(known, said)| {
            (span.start < known.end && known.start < span.end) || says_the_same(&stems, said)
        });
        if !repeats {
            taken.push((span, stems));
        }
    }
    taken.into_iter().map(|(span, _)| span).collect()
}

/// Whether two passages share nine words of ten.
fn says_the_same(a: &HashSet<String>, b: &HashSet<String>) -> bool {
    let shared = a.intersection(b).count();
    shared > 0 && shared * 10 >= a.len().max(b.len()) * 9
}

fn score(
    text: &str,
    asked: &[String],
    pairs: &HashSet<(&str, &str)>,
    rarity: &Rarity,
    wants_number: bool,
) -> Option<f64> {
    let words = words(text);
    let mut sequence = Vec::new();
    let mut defines = 0.0;
    let mut before = "";
    for word in &words {
        let stem = stem(word.text);
        if DEFINERS.contains(&before) && asked.contains(&stem) {
            defines = 2.0;
        }
        before = word.text;
        if carries_meaning(word.text) {
            // The parts of an identifier count as words too: `worker_threads` answers "worker threads".
            sequence.extend(
                parts(word.text)
                    .filter(|part| *part != word.text)
                    .map(crate::words::stem),
            );
            sequence.push(stem);
        }
    }
    let held: HashSet<&str> = sequence
        .iter()
        .map(String::as_str)
        .filter(|stem| asked.iter().any(|asked| asked == stem))
        .collect();
    if held.is_empty() {
        return None;
    }
    let mut score: f64 = held.iter().map(|stem| rarity.weight(stem)).sum();
    let together = sequence.windows(2).filter(|pair| match pair {
        [a, b] => pairs.contains(&(a.as_str(), b.as_str())),
        _ => false,
    });
    score += 0.5 * share(together.count().min(4), 1);
    score += defines;
    if wants_number && text.contains(|c: char| c.is_ascii_digit()) {
        score += 0.75;
    }
    // A good quote has between 8 and 60 words.
    let count = words.len();
    let length = match count {
        0..=3 => 0.4,
        4..=7 => 0.8,
        8..=60 => 1.0,
        _ => 0.7,
    };
    Some(score * length)
}

fn share(part: usize, whole: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(part) / float(whole)
}

/// The passages that may be quoted: sentences of prose; lines of code, a definition with the lines below it.
fn passages(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for block in text.split_inclusive("\n\n") {
        let range = at..at + block.len();
        at = range.end;
        if code::looks_like_code(block) {
            code::runs(block, range.start, &mut found);
        } else {
            for sentence in sentences::split(block) {
                found.push(range.start + sentence.start..range.start + sentence.end);
            }
        }
    }
    found.retain(|range| {
        text.get(range.clone()).is_some_and(|text| {
            text.len() <= LONGEST && text.chars().count() >= SHORTEST && !code::says_nothing(text)
        })
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, Document, Origin, Quotes};

    fn source(text: &str) -> (Catalogue, crate::SourceId) {
        let mut catalogue = Catalogue::new();
        let origin = Origin::Web {
            url: "https://example.org/".into(),
        };
        let document = Document {
            origin,
            title: String::new(),
            date: None,
            read_at: 0,
            text: text.into(),
            licence: None,
            instructs: false,
        };
        let id = catalogue.add(document);
        (catalogue, id)
    }

    #[track_caller]
    fn first(question: &str, text: &str) -> String {
        let (catalogue, id) = source(text);
        let source = catalogue.get(id).unwrap();
        let rarity = Rarity::of([
            text,
            "the runtime and the threads of another text",
            "tasks and more tasks",
        ]);
        let mut quotes = Quotes::new();
        let ids = quotes.extract(source, question, &rarity, 3, None);
        let quote = quotes.get(*ids.first().unwrap()).unwrap();
        assert!(quote.is_in(source));
        quote.text.clone()
    }

    #[test]
    fn the_sentence_with_the_rare_words_of_the_question_comes_first() {
        let text = "The runtime runs tasks. Blocking work goes to a separate pool of at most 512 threads. Tasks are cheap.";
        assert_eq!(
            first("How many threads does the blocking pool have?", text),
            "Blocking work goes to a separate pool of at most 512 threads."
        );
    }

    #[test]
    fn a_definition_comes_before_a_use() {
        let text = "let pool = spawn_pool(4);\nrun(pool);\n\n/// Starts the pool.\npub fn spawn_pool(size: usize) -> Pool {\n    Pool::new(size)\n}\n";
        assert!(first("what does spawn_pool do", text).contains("pub fn spawn_pool"));
    }

    #[test]
    fn a_source_without_any_word_of_the_question_gives_nothing() {
        let (catalogue, id) = source("Bread needs flour and water and salt.");
        let found = best(
            "tokio runtime threads",
            catalogue.get(id).unwrap(),
            &Rarity::default(),
            5,
        );
        assert_eq!(found, []);
    }

    #[test]
    fn the_same_sentence_is_taken_once() {
        let text = "The pool has 512 threads by default. Other words here entirely.\n\nThe pool has 512 threads by default.";
        let (catalogue, id) = source(text);
        assert_eq!(
            best("pool threads", catalogue.get(id).unwrap(), &Rarity::default(), 5).len(),
            1
        );
    }
}
