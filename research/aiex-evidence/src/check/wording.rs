//! Whether a sentence has the words of its quotes, in their order, with the small words that turn the sense at their places.

use crate::draft::plain;
use crate::facts::{Fact, Value, facts};
use crate::fold::fold;
use crate::words::{carries_meaning, stem, words};

use super::ground::Ground;
use super::{pieces, says_about, turns};

/// How a sentence's words compare with those of its quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wording {
    /// They are the quotes' own, in their order.
    Same,
    /// One of them turns what the quotes say.
    Turned(String),
    /// Some are others, or stand in another order.
    Other,
}

/// A word that carries meaning, or a value, with the turning words at it.
#[derive(Debug, Default)]
struct Token {
    stem: String,
    /// The turning words before it. Of words that stand side by side those before the first: in `from the old host` they
    /// belong to the host.
    before: Vec<String>,
    /// The turning words behind it, up to the next token.
    behind: Vec<String>,
    fact: Option<Fact>,
    is_prose: bool,
}

/// Compares a sentence with its quotes. Values are looked for one by one, in any order, and what the source is known by may be
/// named besides: (`Policy::retry`: Tries three times).
pub(super) fn compare(text: &str, facts: &[Fact], ground: &Ground<'_>) -> Wording {
    let start = match text.split_once(": ") {
        Some((name, _)) if ground.is_known_by(name) => name.len(),
        _ => 0,
    };
    let looked_for = facts.iter().filter(|fact| match &fact.value {
        // Of two names in a quote each has its place.
        Value::Identifier { name, .. } => ground.only_described(name),
        _ => true,
    });
    let looked_for: Vec<&Fact> = looked_for.collect();
    let claimed = claimed(text, start, &looked_for);
    // Small words alone have no place in a quote.
    if claimed.is_empty() {
        return Wording::Other;
    }
    let said = said(ground);
    let is_borne_out = |fact: &Fact, said: &Token| {
        let rounded = says_about(text, fact);
        said.fact
            .as_ref()
            .is_some_and(|said| said.value.bears_out(&fact.value, rounded))
    };
    let fits = |wanted: &Token, said: &Token| match &wanted.fact {
        Some(fact) => is_borne_out(fact, said),
        None => wanted.stem == said.stem,
    };
    let agree = |wanted: &Token, said: &Token| {
        turns::agree(&wanted.before, &said.before)
            && wanted.behind.iter().all(|turn| said.behind.contains(turn))
    };
    let turning = |wanted: &Token, said: &Token| {
        let is_number = wanted.fact.is_some();
        turns::turning(&wanted.before, &said.before, is_number)
            .or_else(|| turns::turning(&wanted.behind, &said.behind, false))
            .cloned()
    };

    let mut rest = said.iter();
    let is_same = claimed.iter().all(|wanted| {
        if wanted.fact.is_none() {
            return rest.any(|said| fits(wanted, said) && agree(wanted, said));
        }
        let mut values = said.iter().filter(|said| fits(wanted, said)).peekable();
        match values.peek() {
            Some(_) => values.any(|said| agree(wanted, said)),
            // It is no value of a quote: a place, or the source's own version.
            None => wanted.before.is_empty() && wanted.behind.is_empty(),
        }
    });
    if is_same {
        return Wording::Same;
    }
    let mut rest = said.iter();
    let in_order = |wanted: &Token| wanted.fact.is_some() || rest.any(|said| fits(wanted, said));
    if !claimed.iter().all(in_order) {
        return Wording::Other;
    }
    // A word may stand in the quotes more than once: it turns what they say if it does so at every place.
    let turned = claimed.iter().find_map(|wanted| {
        let mut places = said.iter().filter(|said| said.is_prose && fits(wanted, said));
        let first = turning(wanted, places.next()?)?;
        places
            .all(|said| turning(wanted, said).is_some())
            .then_some(first)
    });
    turned.map_or(Wording::Other, Wording::Turned)
}

/// The tokens of a sentence. Only behind its end turning words have nothing that they belong to.
fn claimed(text: &str, start: usize, looked_for: &[&Fact]) -> Vec<Token> {
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
fn said(ground: &Ground<'_>) -> Vec<Token> {
    let mut tokens = Vec::new();
    for cited in &ground.cited {
        for piece in pieces::pieces(cited) {
            let mut reader = Reader::new(piece.is_prose);
            // The addresses of links stand between words that belong together.
            let text = if piece.is_prose {
                plain(&piece.text)
            } else {
                piece.text
            };
            let text = fold(&text).replace(['`', '"'], " ");
            let values = facts(&text);
            let is_value =
                |fact: &&Fact| matches!(fact.value, Value::Number(_) | Value::Version(_) | Value::Date(_));
            let values: Vec<&Fact> = values.iter().filter(is_value).collect();
            reader.read(&text, 0, &values, false);
            tokens.append(&mut reader.tokens);
        }
    }
    tokens
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
                self.push(word.text, Some(fact));
            } else if let Some((turn, taken)) = turns::read(plain.get(at - 1..).unwrap_or_default())
                && fact.is_none()
                && !is_compound
            {
                self.turn(turn);
                at += taken - 1;
                end = found.get(at - 1).map_or(end, |word| word.range.end);
            } else if carries_meaning(word.text) || is_compound {
                self.push(word.text, None);
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

    fn push(&mut self, word: &str, fact: Option<&Fact>) {
        let own = std::mem::take(&mut self.pending);
        let before = match self.run.take() {
            Some(run) if own.is_empty() => run,
            _ => own,
        };
        self.run = Some(before.clone());
        self.has_ended = false;
        self.tokens.push(Token {
            stem: stem(&fold(word)),
            before,
            behind: Vec::new(),
            fact: fact.cloned(),
            is_prose: self.is_prose,
        });
    }
}
