//! What a sentence may rest on: the quotes that it cites, what stands beside them, what their sources are known by.

use crate::facts::{Fact, Value, facts};
use crate::fold::fold;
use crate::words::{is_word, stems, words};
use crate::{Evidence, Quote, Source};

use super::{place, sense, share, units};

/// How far beside a quote is looked, in bytes of the snapshot each way.
const BESIDE: usize = 400;

/// What a fact was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// In a quote, or in what the source is known by.
    Quoted,
    /// Beside a quote.
    Beside,
    /// In a quote, in another form.
    Loosely,
    /// In a quote, in another unit.
    OtherUnit,
    Nowhere,
}

/// A quote with its source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cited<'a> {
    pub(super) quote: &'a Quote,
    pub(super) source: &'a Source,
}

impl<'a> Cited<'a> {
    /// A quote that is not a piece of its source bears nothing out.
    pub(super) fn of(id: crate::QuoteId, evidence: Evidence<'a>) -> Option<Self> {
        let quote = evidence.quote(id)?;
        let source = evidence.source(id.source)?;
        quote.is_in(source).then_some(Self { quote, source })
    }

    /// The snapshot around the quote, without the quote.
    fn beside(&self) -> String {
        let text = &self.source.text;
        let mut from = self.quote.start.saturating_sub(BESIDE);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let mut to = (self.quote.end + BESIDE).min(text.len());
        while !text.is_char_boundary(to) {
            to -= 1;
        }
        let before = text.get(from..self.quote.start).unwrap_or_default();
        let after = text.get(self.quote.end..to).unwrap_or_default();
        format!("{before}\n\n{after}")
    }

    /// What the source is known by: its title, its place, its date.
    fn description(&self) -> String {
        let date = self.source.date.as_deref().unwrap_or_default();
        format!("{}\n{}\n{date}", self.source.title, self.source.origin.label())
    }
}

/// Everything that a sentence may rest on.
pub(super) struct Ground<'a> {
    pub(super) cited: Vec<Cited<'a>>,
    quoted: Vec<Fact>,
    beside: Vec<Fact>,
    described: Vec<Fact>,
    quoted_text: String,
    beside_text: String,
    described_text: String,
}

impl<'a> Ground<'a> {
    pub(super) fn of(cited: Vec<Cited<'a>>) -> Self {
        let all =
            |piece: &dyn Fn(&Cited<'a>) -> String| cited.iter().map(piece).collect::<Vec<_>>().join("\n\n");
        let quoted_text = all(&|cited| cited.quote.text.clone());
        let beside_text = all(&Cited::beside);
        let described_text = all(&Cited::description);
        Self {
            quoted: said(&quoted_text),
            beside: said(&beside_text),
            described: said(&described_text),
            quoted_text: fold(&quoted_text),
            beside_text: fold(&beside_text),
            described_text: fold(&described_text),
            cited,
        }
    }

    pub(super) fn holds(&self, fact: &Fact, rounded: bool) -> Found {
        let among = |facts: &[Fact]| {
            facts
                .iter()
                .any(|said| said.value.bears_out(&fact.value, rounded))
        };
        match &fact.value {
            Value::Number(number) => {
                if among(&self.quoted) {
                    return Found::Quoted;
                }
                if let Some(found) = units::same_digits(number, &self.quoted, &self.quoted_text) {
                    return found;
                }
                if among(&self.beside) {
                    Found::Beside
                } else {
                    Found::Nowhere
                }
            }
            // What a source is called and when it was written is known by code, not claimed by a model.
            Value::Version(_) | Value::Date(_) => {
                if among(&self.quoted) || among(&self.described) {
                    Found::Quoted
                } else if among(&self.beside) {
                    Found::Beside
                } else {
                    Found::Nowhere
                }
            }
            Value::Quoted(words) => {
                let holds = |text: &str| contains_words(&text.to_lowercase(), words);
                if holds(&self.quoted_text) || holds(&self.described_text) {
                    Found::Quoted
                } else if holds(&self.beside_text) {
                    Found::Beside
                } else {
                    Found::Nowhere
                }
            }
            Value::Identifier { name, exact } => self.names(name, *exact),
            Value::Place { path, first, last } => {
                let held = self
                    .cited
                    .iter()
                    .any(|cited| place::covers(&cited.source.origin, path, *first, *last));
                // A place may also be what a page says: a panic message, a backtrace.
                let said = self.quoted.iter().any(|said| said.value == fact.value);
                if held || said {
                    Found::Quoted
                } else {
                    Found::Nowhere
                }
            }
        }
    }

    /// What stands at a place, where it is within what is cited.
    pub(super) fn at(&self, place: &Fact) -> Option<String> {
        let Value::Place { path, first, last } = &place.value else {
            return None;
        };
        let covering = self
            .cited
            .iter()
            .filter(|cited| place::covers(&cited.source.origin, path, *first, *last));
        let lines: Vec<String> = covering
            .map(|cited| place::lines(cited.source, *first, *last))
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn names(&self, name: &str, exact: bool) -> Found {
        let wanted = fold(name);
        let wanted = wanted
            .trim()
            .trim_end_matches("()")
            .trim_end_matches(['.', ',', ';', ':', '!']);
        let known = |text: &str| {
            if exact {
                contains_words(text, wanted)
            } else {
                contains_words(&text.to_lowercase(), &wanted.to_lowercase())
            }
        };
        if known(&self.quoted_text) || known(&self.described_text) {
            return Found::Quoted;
        }
        // `tokio::spawn` is said by a quote that says `spawn`, of a source that is known by `tokio`; `Pool::open` is not by one
        // that says `Pool::close` and `Queue::open`.
        let path = wanted.rsplit_once("::");
        let is_of_others = path.is_some_and(|(path, last)| self.is_of_others(path, last));
        if let Some((path, last)) = path.filter(|_| !is_of_others) {
            let elsewhere = |part: &str| {
                contains_words(&self.quoted_text, part) || contains_words(&self.described_text, part)
            };
            if contains_words(&self.quoted_text, last) && path.split("::").all(elsewhere) {
                return Found::Quoted;
            }
        }
        if known(&self.beside_text) {
            return Found::Beside;
        }
        if is_of_others {
            return Found::Nowhere;
        }
        // A longer piece of code whose words are all there, in another order.
        let parts = words(wanted);
        let all_there = parts.len() > 1
            && parts
                .iter()
                .all(|word| contains_words(&self.quoted_text, word.text));
        if all_there { Found::Loosely } else { Found::Nowhere }
    }

    /// Whether the quotes have a name behind other paths alone, and the sources are not known by this one.
    fn is_of_others(&self, path: &str, name: &str) -> bool {
        let parts: Vec<&str> = path.split("::").collect();
        let owners = owners(&self.quoted_text, name);
        let is_other = |of: &str| !of.split("::").any(|part| parts.contains(&part));
        !owners.is_empty()
            && owners.iter().all(|of| of.is_some_and(is_other))
            && !parts
                .iter()
                .all(|part| contains_words(&self.described_text, part))
    }

    /// Whether the sources are known by a name, and no quote has it.
    pub(super) fn only_described(&self, name: &str) -> bool {
        self.is_known_by(name) && !contains_words(&self.quoted_text, &bare(name))
    }

    /// Whether the sources are known by a name: it is in their titles or places.
    pub(super) fn is_known_by(&self, name: &str) -> bool {
        contains_words(&self.described_text, &bare(name))
    }

    pub(super) fn support(&self, text: &str) -> f64 {
        // Values have been looked for one by one; here it is the words that count.
        let mut prose = text.to_owned();
        for fact in facts(text)
            .into_iter()
            .rev()
            .filter(|fact| !matches!(fact.value, Value::Identifier { .. }))
        {
            prose.replace_range(fact.range, " ");
        }
        let claimed = stems(&prose);
        if claimed.is_empty() {
            return 1.0;
        }
        let mut said = stems(&self.quoted_text);
        said.extend(stems(&self.described_text));
        // The parts of an identifier say what the identifier says.
        let parts: Vec<String> = said
            .iter()
            .flat_map(|stem| stem.split('_'))
            .map(crate::words::stem)
            .collect();
        said.extend(parts);
        if self
            .cited
            .iter()
            .any(|cited| cited.source.origin.span().is_some())
        {
            said.extend(sense::spoken(&self.quoted_text));
        }
        let shared = claimed.iter().filter(|stem| said.contains(*stem)).count();
        share(shared, claimed.len())
    }
}

/// The paths before a name wherever a text has it; `None` where it stands without one, or with one that may be any: `Self`.
fn owners<'t>(text: &'t str, name: &str) -> Vec<Option<&'t str>> {
    let places = text.match_indices(name).filter(|(at, found)| {
        let outer = |c: Option<char>| c.is_some_and(is_word);
        let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
        !outer(text.get(..*at).and_then(|text| text.chars().next_back())) && !outer(after)
    });
    let owner = |(at, _): (usize, &str)| {
        let before = text.get(..at)?.strip_suffix("::")?;
        let start = before
            .rfind(|c: char| !is_word(c) && c != ':')
            .map_or(0, |at| at + 1);
        before
            .get(start..)
            .filter(|path| !path.is_empty() && !["Self", "self", "crate", "super"].contains(path))
    };
    places.map(owner).collect()
}

/// A name without the marks of code.
fn bare(name: &str) -> String {
    fold(name).trim().trim_matches('`').to_owned()
}

/// The facts of a text that others are checked against: with code spans also read as text.
fn said(text: &str) -> Vec<Fact> {
    let mut found = facts(text);
    if text.contains(['`', '"', '“']) {
        let bare = text.replace(['`', '"', '“', '”'], " ");
        found.extend(facts(&bare));
    }
    // `10 000` may be one number or two.
    let between_digits = |(at, _): &(usize, &str)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        digit(text.get(..*at).and_then(|text| text.chars().next_back()))
            && digit(text.get(at + 1..).and_then(|text| text.chars().next()))
    };
    if text.match_indices(' ').any(|place| between_digits(&place)) {
        let mut apart = String::with_capacity(text.len() + 8);
        for (at, c) in text.char_indices() {
            apart.push(c);
            if c == ' ' && between_digits(&(at, " ")) {
                apart.push(' ');
            }
        }
        found.extend(facts(&apart));
    }
    found
}

/// Whether a text holds another one that does not begin or end within a word.
pub(super) fn contains_words(text: &str, wanted: &str) -> bool {
    !wanted.is_empty()
        && text.match_indices(wanted).any(|(at, found)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
            let splits = |outer: Option<char>, inner: Option<char>| {
                outer.is_some_and(is_word) && inner.is_some_and(is_word)
            };
            !splits(before, wanted.chars().next()) && !splits(after, wanted.chars().next_back())
        })
}
