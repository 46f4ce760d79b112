//! The words of a sentence and of its quotes as they are compared: those that carry meaning and values, with the small words
//! that turn the sense at them.

use crate::draft::plain;
use crate::facts::{Fact, Value, facts};
use crate::fold::fold;
use crate::sentences;
use crate::words::{Word, carries_meaning, stem, words};

use super::ground::Ground;
use super::left::{Unit, units};
use super::{pieces, says_about, turns};

/// A word that carries meaning, or a value, with the turning words at it.
#[derive(Debug, Default)]
pub(super) struct Token {
    pub(super) stem: String,
    /// The turning words before it. Of words that stand side by side those before the first: in `from the old host` they
    /// belong to the host.
    pub(super) before: Vec<String>,
    /// The turning words behind it, up to the next token.
    pub(super) behind: Vec<String>,
    pub(super) fact: Option<Fact>,
    /// Whether a word before it says that it is rounded.
    pub(super) is_rounded: bool,
    pub(super) is_prose: bool,
    /// Where it begins in its sentence, in bytes.
    at: usize,
    /// Which sentence and which unit of the quotes it belongs to.
    pub(super) sentence: usize,
    pub(super) unit: usize,
}

/// What the quotes say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) tokens: Vec<Token>,
    pub(super) units: Vec<Unit>,
}

/// The tokens of a sentence. Only behind its end turning words have nothing that they belong to.
pub(super) fn claimed(text: &str, start: usize, looked_for: &[&Fact]) -> Vec<Token> {
    let mut reader = Reader::new(true);
    reader.read(text, start, looked_for, true);
    let last = reader.tokens.len().saturating_sub(1);
    for (place, token) in reader.tokens.iter_mut().enumerate() {
        if place < last {
            token.behind.clear();
        }
    }
    reader.tokens
}

/// The tokens of the quotes.
pub(super) fn said(ground: &Ground<'_>) -> Said {
    let mut said = Said::default();
    for cited in &ground.cited {
        for piece in pieces::pieces(cited) {
            if piece.is_prose {
                for sentence in parted(&piece.text) {
                    said.read(&fold(&sentence), true);
                }
            } else {
                said.read(&fold(&piece.text), false);
            }
        }
    }
    said
}

/// The sentences of a piece as they are told. The addresses of links stand between words that belong together; where they lead
/// is told in lines of their own, which are lines only beside the others.
fn parted(text: &str) -> Vec<String> {
    let told: Vec<String> = lines(text).into_iter().map(plain).collect();
    let whole = plain(text);
    if told.join(" ").split_whitespace().eq(whole.split_whitespace()) {
        return told;
    }
    let ranges = sentences::split(&whole);
    ranges
        .into_iter()
        .filter_map(|range| whole.get(range))
        .map(str::to_owned)
        .collect()
}

/// The sentences of a text. A point of a list is one of its own, unless what leads the list says something of each.
pub(super) fn lines(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for range in sentences::split(text) {
        let sentence = text.get(range).unwrap_or_default();
        let (mut start, mut end) = (0, 0);
        let mut push = |range| all.extend(sentence.get(range));
        for line in sentence.split_inclusive('\n') {
            let is_led = sentence
                .get(start..end)
                .is_some_and(|before| before.contains(":\n"));
            let marks = ["- ", "* ", "+ ", "|", "#"];
            if !is_led && marks.iter().any(|mark| line.trim_start().starts_with(mark)) {
                push(start..end);
                start = end;
            }
            end += line.len();
        }
        push(start..end);
    }
    all
}

impl Said {
    /// Reads a sentence of prose, or a piece of code.
    fn read(&mut self, text: &str, is_prose: bool) {
        let bare = text.replace(['`', '"'], " ");
        let values = facts(&bare);
        let is_value =
            |fact: &&Fact| matches!(fact.value, Value::Number(_) | Value::Version(_) | Value::Date(_));
        let values: Vec<&Fact> = values.iter().filter(is_value).collect();
        let mut reader = Reader::new(is_prose);
        reader.read(&bare, 0, &values, false);
        // Code leaves nothing unsaid: it is one unit without words.
        let mut found = if is_prose {
            units(text, &bare, &values)
        } else {
            Vec::new()
        };
        if found.is_empty() {
            found.push((0, Unit::default()));
        }
        let sentence = self.units.last().map_or(0, |unit| unit.sentence + 1);
        let first = self.units.len();
        for token in &mut reader.tokens {
            token.sentence = sentence;
            token.unit = first
                + found
                    .iter()
                    .skip(1)
                    .filter(|(start, _)| *start <= token.at)
                    .count();
        }
        self.tokens.append(&mut reader.tokens);
        self.units
            .extend(found.into_iter().map(|(_, unit)| Unit { sentence, ..unit }));
    }
}

/// Reads a text token by token.
struct Reader {
    tokens: Vec<Token>,
    is_prose: bool,
    /// The turning words since the last token.
    pending: Vec<String>,
    /// Those before the words that stand side by side here.
    run: Option<Vec<String>>,
    /// Whether a sentence has ended since the last token.
    has_ended: bool,
}

impl Reader {
    fn new(is_prose: bool) -> Self {
        Self {
            tokens: Vec::new(),
            is_prose,
            pending: Vec::new(),
            run: None,
            has_ended: false,
        }
    }

    /// `whole`: a fact is one token, and what it is made of is left aside; else its words are tokens too.
    fn read(&mut self, text: &str, start: usize, values: &[&Fact], whole: bool) {
        let found = words(text);
        let plain: Vec<&str> = found.iter().map(|word| word.text).collect();
        let (mut at, mut end) = (0, start);
        while let Some(word) = found.get(at) {
            let gap = text.get(end..word.range.start).unwrap_or_default();
            let fact = values
                .iter()
                .find(|fact| fact.range.contains(&word.range.start))
                .copied();
            let is_again = fact.is_some_and(|fact| fact.range.start < end);
            end = word.range.end.max(start);
            at += 1;
            if word.range.start < start || (whole && is_again) {
                continue;
            }
            self.pass(gap);
            let is_compound = gap == "-";
            if let Some(fact) = fact.filter(|_| !is_again) {
                self.push(word, Some((fact, says_about(text, fact))));
            } else if let Some((turn, taken)) = turns::read(plain.get(at - 1..).unwrap_or_default())
                && fact.is_none()
                && !is_compound
            {
                self.turn(turn);
                at += taken - 1;
                end = found.get(at - 1).map_or(end, |word| word.range.end);
            } else if carries_meaning(word.text) || is_compound {
                self.push(word, None);
            } else {
                self.run = None;
            }
        }
    }

    /// What stands between two words ends what belongs together: a comma a run, a full stop a sentence.
    fn pass(&mut self, gap: &str) {
        let is_space = |c: char| c.is_whitespace() || matches!(c, '-' | '`' | '"' | '*' | '_' | '\'');
        if !gap.chars().all(is_space) {
            self.run = None;
        }
        if gap.contains(['.', '!', '?', ';', ':']) && gap.contains(char::is_whitespace) {
            self.pending.clear();
            self.has_ended = true;
        }
    }

    fn turn(&mut self, turn: String) {
        if let Some(last) = self.tokens.last_mut().filter(|_| !self.has_ended) {
            last.behind.push(turn.clone());
        }
        self.pending.push(turn);
        self.run = None;
    }

    fn push(&mut self, word: &Word<'_>, fact: Option<(&Fact, bool)>) {
        let own = std::mem::take(&mut self.pending);
        let before = match self.run.take() {
            Some(run) if own.is_empty() => run,
            _ => own,
        };
        self.run = Some(before.clone());
        self.has_ended = false;
        self.tokens.push(Token {
            stem: stem(&fold(word.text)),
            before,
            behind: Vec::new(),
            fact: fact.map(|(fact, _)| fact.clone()),
            is_rounded: fact.is_some_and(|(_, is_rounded)| is_rounded),
            is_prose: self.is_prose,
            at: word.range.start,
            sentence: 0,
            unit: 0,
        });
    }
}
