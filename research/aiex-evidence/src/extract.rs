//! Quotes without a model.
//!
//! A source is taken apart into the pieces that can stand alone (`prose`, `items`): a paragraph, a point of a list, a
//! definition with its comment. The best for a question are those that hold most of its words by their rarity, together
//! and with the cues of an answer (`asked`); examples, tests and templates stand back (`aside`). Pieces that overlap or
//! say the same are taken once.

mod aside;
mod asked;
mod code;
mod fences;
mod headings;
mod items;
mod layout;
mod meaning;
mod midst;
mod parts;
mod prose;
mod rarity;
mod restructured;
mod seen;

use std::collections::HashSet;
use std::ops::Range;

use crate::Source;
use crate::quote::{LONGEST, SHORTEST};
use crate::sentences;
use crate::words::{self, stems};

use aside::Aside;
use asked::Asked;
pub(crate) use code::docstrings_of;
pub use code::{
    comment, comment_below, defines, definition_above, head, is_prompt, is_said, is_statement,
    is_within_comment, name, said, signature,
};
pub use headings::{has_example, told};
pub use meaning::Meaning;
pub use midst::{begins_in_midst, behind_its_first_sentence};
pub use parts::Parts;
pub use rarity::Rarity;
pub use restructured::plainly;
use seen::{Held, Seen};

/// A further piece of a source must score this much of the best one.
const FURTHER: f64 = 0.6;
/// What a piece gains for being what the search found: it knows more than words.
const MATCHED: f64 = 1.15;
/// What the first piece of a source gains over the last.
const EARLY: f64 = 0.05;

/// How much of a question a text speaks of, 0 to 1: the weight of the question's words that it holds, of the weight of
/// all of them that any text of the run holds. A question without words that carry meaning is held by everything.
pub fn coverage(question: &str, text: &str, rarity: &Rarity) -> f64 {
    Asked::new(question, rarity).coverage(text)
}

/// The names out of code that a question asks the places of: `busy_timeout` of "where is busy_timeout set". None when it
/// asks something else.
pub fn names_to_place(question: &str) -> Vec<String> {
    if !asks_where(question) {
        return Vec::new();
    }
    let words = words::words(question);
    let names = words.iter().filter(|word| words::is_name(word.text));
    names.map(|word| word.text.to_owned()).collect()
}

/// Whether a word is a name out of code: `busy_timeout`, `RetryPolicy`.
pub fn is_name(word: &str) -> bool {
    words::is_name(word)
}

/// Whether a question asks for a place.
pub fn asks_where(question: &str) -> bool {
    let words = words::words(question);
    words.iter().any(|word| word.text.eq_ignore_ascii_case("where"))
}

/// Whether a part of a source is an example within prose or within a comment: a block of code, what a console shows.
pub fn is_example(source: &Source, part: &Range<usize>) -> bool {
    let holds = |piece: &Piece| piece.range.start <= part.start && part.end <= piece.range.end;
    let pieces = parted(source);
    pieces
        .iter()
        .any(|piece| piece.kind == Kind::Example && holds(piece))
}

/// Whether a piece is a fenced block: of prose, or of a comment.
pub fn is_fenced(piece: &str) -> bool {
    piece
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '!' | '*' | '#'))
        .starts_with("```")
}

/// Whether a text has one of these names as a word.
pub fn has_name(text: &str, names: &[String]) -> bool {
    words::words(text)
        .iter()
        .any(|word| names.iter().any(|name| name == word.text))
}

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

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Prose.
    Said,
    /// Code, and comments.
    Shown,
    /// An example within prose or a comment.
    Example,
}

/// A piece of a source that can stand alone.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    range: Range<usize>,
    kind: Kind,
    /// What stands above it: headings, the name of a definition.
    above: String,
}

/// A question, put to the sources of a run.
pub struct Question<'a> {
    question: &'a str,
    asked: Asked,
    aside: Aside,
    meaning: Option<&'a dyn Meaning>,
}

impl<'a> Question<'a> {
    /// A question whose words are weighed by their rarity. With `meaning`, texts that mean the same in other words answer
    /// it, too.
    pub fn new(question: &'a str, rarity: &Rarity, meaning: Option<&'a dyn Meaning>) -> Self {
        Self {
            question,
            asked: Asked::new(question, rarity),
            aside: Aside::wanted_by(question),
            meaning,
        }
    }

    /// How near pieces of a source are to the question in meaning, each read below what stands above it. Nothing where
    /// nobody tells.
    fn near(&self, source: &Source, pieces: &[Piece]) -> Vec<f64> {
        let Some(meaning) = self.meaning else {
            return vec![0.0; pieces.len()];
        };
        let read = |piece: &Piece| {
            let text = source.text.get(piece.range.clone()).unwrap_or_default();
            format!("{}\n{text}", piece.above)
        };
        let texts: Vec<String> = pieces.iter().map(read).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut near = meaning.nearness(self.question, &texts);
        near.resize(pieces.len(), 0.0);
        near
    }

    /// How well a piece of a source answers: 0 without any word of the question and without its meaning, about 1 when it
    /// holds all of the words.
    pub fn answered(&self, source: &Source, piece: Range<usize>) -> f64 {
        let kind = if is_example(source, &piece) {
            Kind::Example
        } else {
            Kind::Shown
        };
        let bare = Piece {
            range: piece,
            kind,
            above: String::new(),
        };
        let near = self.near(source, std::slice::from_ref(&bare));
        let near = near.first().copied().unwrap_or_default();
        let text = source.text.get(bare.range.clone()).unwrap_or_default();
        let (seen, range) = (self.asked.see(text), 0..text.len());
        let answered = self
            .asked
            .answered(&seen, &range, &self.context(source, ""), near);
        answered * self.set_back(source, Aside::tests_begin(source), &bare)
    }

    /// What of the question stands above a piece of a source.
    fn context(&self, source: &Source, above: &str) -> Held {
        let path = source.origin.path().unwrap_or_default();
        self.asked.held_by(&format!("{above}\n{} {path}", source.title))
    }

    /// What a piece of a source keeps of its score, where `tests` begin in it.
    fn set_back(&self, source: &Source, tests: Option<usize>, piece: &Piece) -> f64 {
        let Piece { range, kind, .. } = piece;
        let text = source.text.get(range.clone()).unwrap_or_default();
        let example = if *kind == Kind::Example || is_fenced(text) {
            self.aside.example()
        } else {
            1.0
        };
        let is_below_tests = tests.is_some_and(|tests| tests <= range.start);
        self.aside.place(source, is_below_tests, text) * example
    }

    /// The pieces of a source that are best to be read as an answer, best first, at most `limit`, none that has neither a
    /// word of the question nor its meaning. `matched` is what the search found in it.
    pub fn telling(&self, source: &Source, matched: Option<Range<usize>>, limit: usize) -> Vec<Span> {
        let mut chosen = self.chosen(source, matched, pieces(source), limit);
        let best = chosen.first().map_or(0.0, |best| best.score);
        chosen.retain(|span| span.score >= FURTHER * best);
        chosen
    }

    fn chosen(
        &self,
        source: &Source,
        matched: Option<Range<usize>>,
        pieces: Vec<Piece>,
        limit: usize,
    ) -> Vec<Span> {
        let length = source.text.len().max(1);
        let mut scored: Vec<Span> = Vec::new();
        let near = self.near(source, &pieces);
        let seen: Seen<'_> = self.asked.see(&source.text);
        let tests = Aside::tests_begin(source);
        // Most pieces stand below what the one before stands below.
        let mut context: Option<(String, Held)> = None;
        for (piece, near) in pieces.into_iter().zip(near) {
            let above = match context.take() {
                Some((above, held)) if above == piece.above => held,
                _ => self.context(source, &piece.above),
            };
            let mut score = self.asked.answered(&seen, &piece.range, &above, near);
            if score > 0.0 {
                score *= self.set_back(source, tests, &piece);
            }
            context = Some((piece.above, above));
            if score <= 0.0 {
                continue;
            }
            let range = piece.range;
            score *= 1.0 + EARLY * (1.0 - range.start as f64 / length as f64);
            let is_matched = |found: &Range<usize>| range.start < found.end && found.start < range.end;
            if matched.as_ref().is_some_and(is_matched) {
                score *= MATCHED;
            }
            scored.push(Span {
                start: range.start,
                end: range.end,
                score,
            });
        }
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.start.cmp(&b.start)));

        let mut taken: Vec<(Span, HashSet<String>)> = Vec::new();
        for span in scored {
            if taken.len() >= limit {
                break;
            }
            let overlaps = |(known, _): &(Span, _)| span.start < known.end && known.start < span.end;
            if taken.iter().any(overlaps) {
                continue;
            }
            let said = stems(source.text.get(span.start..span.end).unwrap_or_default());
            if !taken.iter().any(|(_, known)| says_the_same(&said, known)) {
                taken.push((span, said));
            }
        }
        taken.into_iter().map(|(span, _)| span).collect()
    }
}

/// The best passages of a source to be cited, best first, at most `limit`, none without a word of the question: as
/// [`Question::telling`], with prose sentence by sentence.
pub fn best(question: &str, source: &Source, rarity: &Rarity, limit: usize) -> Vec<Span> {
    let mut passages: Vec<Piece> = Vec::new();
    let mut known = HashSet::new();
    for piece in pieces(source) {
        let text = source.text.get(piece.range.clone()).unwrap_or_default();
        if piece.kind != Kind::Said {
            passages.push(piece);
            continue;
        }
        for sentence in sentences::split(text) {
            let range = piece.range.start + sentence.start..piece.range.start + sentence.end;
            if known.insert(range.clone()) {
                passages.push(Piece {
                    range,
                    ..piece.clone()
                });
            }
        }
    }
    Question::new(question, rarity, None).chosen(source, None, passages, limit)
}

fn parted(source: &Source) -> Vec<Piece> {
    if source.origin.is_prose() {
        prose::pieces(&source.text, source.origin.is_cut())
    } else {
        items::pieces(&source.text, source.origin.is_cut())
    }
}

fn pieces(source: &Source) -> Vec<Piece> {
    let text = &source.text;
    let mut pieces = parted(source);
    pieces.retain_mut(|piece| {
        let text = text.get(piece.range.clone()).unwrap_or_default();
        if piece.kind == Kind::Said && code::looks_like_code(text) {
            piece.kind = Kind::Shown;
        }
        text.len() <= LONGEST
            && text.trim().chars().count() >= SHORTEST
            && !code::says_nothing(text)
            && !is_address(text)
    });
    pieces
}

/// Whether a text is nothing but addresses, with the marks of a list or a name for each before them: it leads elsewhere and
/// says nothing.
fn is_address(text: &str) -> bool {
    let is_target = |line: &str| line.trim_start().starts_with(".. _");
    if text.lines().all(is_target) {
        return true;
    }
    let mut words = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .peekable();
    words.peek().is_some() && words.all(|word| word.contains("://"))
}

/// Whether two passages share nine words of ten.
fn says_the_same(a: &HashSet<String>, b: &HashSet<String>) -> bool {
    let shared = a.intersection(b).count();
    shared > 0 && shared * 10 >= a.len().max(b.len()) * 9
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
    fn an_address_alone_is_no_piece() {
        let text = "# Cookies\n\nCookies are signed with the key of the app.\n\n- https://example.org/docs/cookies/signed\n\
                    - <https://example.org/cookies>\n\n.. _signed_cookies: https://example.org/cookies/signed\n";
        let (catalogue, id) = source(text);
        let source = catalogue.get(id).unwrap();
        let said: Vec<&str> = pieces(source)
            .into_iter()
            .map(|piece| &text[piece.range])
            .collect();
        assert_eq!(said, ["Cookies are signed with the key of the app."]);
        assert!(!is_address("see https://example.org/cookies"));
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
    fn an_example_within_a_comment_stands_back_as_one_within_prose_does() {
        let example = "/// ```\n/// let parcel = weigh(scale);\n/// ```";
        let said = "/// A parcel is weighed on the scale.";
        let (catalogue, id) = source(&format!("{example}\n\n{said}"));
        let source = catalogue.get(id).unwrap();
        let rarity = Rarity::of([example, said]);
        let question = Question::new("how is a parcel weighed on a scale", &rarity, None);
        let at = |piece: &str| {
            let start = source.text.find(piece).unwrap();
            question.answered(source, start..start + piece.len())
        };
        assert!(is_fenced(example) && !is_fenced(said));
        assert!(at(said) > at(example), "{} {}", at(said), at(example));
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
