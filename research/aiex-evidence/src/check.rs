//! Does what is cited say what is claimed? Checked without a model, as far as that goes.
//!
//! What a sentence states exactly (numbers, versions, dates, quoted words, identifiers, places in files) must stand in
//! the quotes that it cites; otherwise it is [`Verdict::Unsupported`], and the reason names what is missing. A sentence
//! whose facts are there but whose sense is in doubt is [`Finding::Doubtful`]: a model may be asked. Without a model, or
//! without the budget for one, it stays [`Verdict::Unchecked`] or [`Verdict::Partial`], never refuted.

mod place;
mod sense;

use std::fmt;

use crate::draft::{fenced, plain};
use crate::facts::{Fact, Value, facts};
use crate::fold::fold;
use crate::words::{is_word, stems, words};
use crate::{Evidence, Quote, Sentence, Source, Verdict};

pub use place::stands;

/// How much of a sentence's meaningful words must stand in its quotes, 0 to 1.
pub const LEAST_SUPPORT: f64 = 0.6;
/// How far beside a quote is looked, in bytes of the snapshot each way.
const BESIDE: usize = 400;

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The sentence claims nothing.
    Exempt,
    /// The verdict stands without a model.
    Settled {
        /// How far the quotes bear the sentence out.
        verdict: Verdict,
        /// Why, for people.
        reason: Option<String>,
    },
    /// Its facts are in the quotes, but it may say something else.
    Doubtful(Doubt),
}

/// Why a sentence may say something else than its quotes.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// A fact stands beside the quote in its source, not in the quote.
    Beside {
        /// The fact as the sentence has it.
        fact: String,
    },
    /// The one denies, the other does not.
    Negation,
    /// The one says the opposite of the other: `faster` and `slower`.
    Opposite {
        /// The sentence's word.
        claimed: String,
        /// The quote's word.
        said: String,
    },
    /// The number is in the quote, but another one stands where it is claimed.
    Swapped {
        /// The sentence's number.
        claimed: String,
        /// The number that stands there.
        said: String,
    },
    /// None of the names that the sentence sets as code stands on the lines that it names, though these are cited.
    Elsewhere {
        /// The place as the sentence has it.
        place: String,
    },
    /// A name is in none of the quotes.
    Name {
        /// The name.
        name: String,
    },
    /// A number is in the quote, but not in this unit, or only as a word of the sentence.
    Loose {
        /// The number as the sentence has it.
        number: String,
    },
    /// Too few of its words are in the quotes.
    FewWords {
        /// The share of its words that are, 0 to 1.
        share: f64,
    },
    /// A block of code that no quote holds.
    Code,
}

impl Doubt {
    /// The verdict when no model is asked. A fact that stands beside the quote, or on other lines of it, is borne out in
    /// part; everything else nobody has looked at.
    pub fn without_model(&self) -> Verdict {
        match self {
            Self::Beside { .. } | Self::Elsewhere { .. } => Verdict::Partial,
            _ => Verdict::Unchecked,
        }
    }
}

/// The share of a sentence's words in its quotes below which no word of a model's makes them its ground.
const APART: f64 = 0.2;

impl Doubt {
    /// Whether a model's word that the quotes bear the sentence out clears it. Where the two say the opposite of each
    /// other, or share next to nothing, it does not: the same model may have written both.
    pub fn may_be_cleared(&self) -> bool {
        match self {
            Self::Negation | Self::Opposite { .. } | Self::Swapped { .. } => false,
            Self::FewWords { share } => *share >= APART,
            Self::Beside { .. }
            | Self::Elsewhere { .. }
            | Self::Name { .. }
            | Self::Loose { .. }
            | Self::Code => true,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beside { fact } => write!(f, "{fact} stands beside the quote, not in it"),
            Self::Negation => write!(f, "the sentence and the quote differ in a negation"),
            Self::Opposite { claimed, said } => write!(f, "the sentence says {claimed}, the quote {said}"),
            Self::Swapped { claimed, said } => {
                write!(f, "where the sentence has {claimed}, the quote has {said}")
            }
            Self::Elsewhere { place } => write!(f, "no name of the sentence stands at {place}"),
            Self::Name { name } => write!(f, "{name} is in none of the quotes"),
            Self::Loose { number } => write!(f, "{number} is not in the quotes in this form"),
            Self::FewWords { share } => write!(f, "the quotes share {:.0} % of its words", share * 100.0),
            Self::Code => write!(f, "no quote holds this code"),
        }
    }
}

/// What a fact was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// In a quote, or in what the source is known by.
    Quoted,
    /// Beside a quote.
    Beside,
    /// In a quote, in another form.
    Loosely,
    Nowhere,
}

/// Checks a sentence and writes down what was found. `Some` when a model may be asked; the verdict is then
/// [`Doubt::without_model`].
pub fn settle(sentence: &mut Sentence, evidence: Evidence<'_>) -> Option<Doubt> {
    match check(sentence, evidence) {
        Finding::Exempt => (sentence.verdict, sentence.reason) = (None, None),
        Finding::Settled { verdict, reason } => (sentence.verdict, sentence.reason) = (Some(verdict), reason),
        Finding::Doubtful(doubt) => {
            sentence.verdict = Some(doubt.without_model());
            sentence.reason = Some(doubt.to_string());
            return Some(doubt);
        }
    }
    None
}

/// Checks a sentence against the quotes that it cites.
pub fn check(sentence: &Sentence, evidence: Evidence<'_>) -> Finding {
    let unsupported = |reason: String| Finding::Settled {
        verdict: Verdict::Unsupported,
        reason: Some(reason),
    };
    let cited: Vec<Cited<'_>> = sentence
        .cites
        .iter()
        .filter_map(|id| Cited::of(*id, evidence))
        .collect();
    if let Some((_, code)) = fenced(&sentence.text) {
        return check_code(code, &cited);
    }
    let facts = facts(&sentence.text);
    if is_exempt(&sentence.text, &facts, sentence.cites.is_empty()) {
        return Finding::Exempt;
    }
    if cited.is_empty() {
        return unsupported("it cites nothing".to_owned());
    }
    if cited.iter().any(|cited| is_verbatim(&sentence.text, cited.quote)) {
        return Finding::Settled {
            verdict: Verdict::Supported,
            reason: None,
        };
    }
    let ground = Ground::of(cited);
    let mut doubt = None;
    for fact in &facts {
        match ground.holds(fact, says_about(&sentence.text, fact)) {
            Found::Quoted => {}
            Found::Beside => {
                doubt.get_or_insert(Doubt::Beside {
                    fact: fact.text.clone(),
                });
            }
            Found::Loosely => {
                doubt.get_or_insert(Doubt::Loose {
                    number: fact.text.clone(),
                });
            }
            Found::Nowhere => match &fact.value {
                Value::Identifier { name, exact: false } => {
                    doubt.get_or_insert(Doubt::Name { name: name.clone() });
                }
                Value::Number(number) if number.spelled => {
                    doubt.get_or_insert(Doubt::Loose {
                        number: fact.text.clone(),
                    });
                }
                value => return unsupported(missing(value, &fact.text)),
            },
        }
    }
    doubt = doubt.or_else(|| ground.misplaced(&facts));
    let quotes: Vec<&Quote> = ground.cited.iter().map(|cited| cited.quote).collect();
    doubt = doubt
        .or_else(|| sense::swapped(&sentence.text, &facts, &quotes))
        .or_else(|| sense::negated(&sentence.text, &ground.cited))
        .or_else(|| sense::opposed(&sentence.text, &quotes));
    let share = ground.support(&sentence.text);
    if share < LEAST_SUPPORT {
        doubt.get_or_insert(Doubt::FewWords { share });
    }
    match doubt {
        Some(doubt) => Finding::Doubtful(doubt),
        None => Finding::Settled {
            verdict: Verdict::Supported,
            reason: None,
        },
    }
}

/// How much of a text's meaningful words stand in a quote or in what its source is known by, 0 to 1. A text without any
/// is supported by everything.
pub fn support(text: &str, quote: &Quote, evidence: Evidence<'_>) -> f64 {
    match Cited::of(quote.id, evidence) {
        Some(cited) => Ground::of(vec![cited]).support(text),
        None => 0.0,
    }
}

/// Why a fact that is in no quote is missed.
fn missing(value: &Value, text: &str) -> String {
    let what = match value {
        Value::Number(_) => "the number",
        Value::Version(_) => "the version",
        Value::Date(_) => "the date",
        Value::Quoted(_) => return format!("the words “{text}” are in none of the quotes"),
        Value::Identifier { .. } => "the name",
        Value::Place { .. } => return format!("{text} is in none of the spans that are cited"),
    };
    format!("{what} {text} is in none of the quotes")
}

/// Words that begin a sentence which leads over to the next.
const TRANSITIONS: &[&str] = &[
    "in summary",
    "in short",
    "to summarise",
    "to summarize",
    "in conclusion",
    "overall",
    "this section",
    "this report",
    "the following",
    "below",
    "above",
    "here is",
    "here are",
    "here's",
    "as follows",
    "let us",
    "let's",
    "the rest of",
    "the sources",
    "no source",
    "none of the sources",
    "the evidence",
    "no evidence",
    "it is unclear",
    "note:",
];

/// Whether a sentence claims nothing: a question, a lead-in, a transition, a few words that say nothing exact.
fn is_exempt(text: &str, facts: &[Fact], cites_nothing: bool) -> bool {
    let trimmed = text.trim().trim_matches(['*', '_']).trim();
    if trimmed.ends_with('?') || !trimmed.chars().any(char::is_alphanumeric) {
        return true;
    }
    let is_number = |fact: &&Fact| !matches!(fact.value, Value::Identifier { exact: false, .. });
    let says_something_exact = facts.iter().any(|fact| is_number(&fact));
    if !cites_nothing || says_something_exact {
        return false;
    }
    let lower = trimmed.to_lowercase();
    trimmed.ends_with(':')
        || words(trimmed).len() <= 3
        || (TRANSITIONS.iter().any(|start| lower.starts_with(start)) && words(trimmed).len() <= 20)
}

/// Whether a sentence says that a number is rounded, in one of the two words before it.
fn says_about(text: &str, fact: &Fact) -> bool {
    let before = text.get(..fact.range.start).unwrap_or_default().to_lowercase();
    before.trim_end().ends_with(['~', '≈'])
        || words(&before).iter().rev().take(2).any(|word| {
            matches!(
                word.text,
                "about" | "around" | "roughly" | "approximately" | "nearly" | "almost" | "circa"
            )
        })
}

/// Whether a text is a quote's own words, in their order and without a gap, from its first or a sentence's first word on.
fn is_verbatim(text: &str, quote: &Quote) -> bool {
    let (text, said) = (fold(text), fold(&plain(&quote.text)));
    let begins = |at: usize| {
        said.get(..at)
            .is_some_and(|before| before.is_empty() || before.ends_with(". "))
    };
    let ends = |end: usize| {
        said.get(end..)
            .is_some_and(|after| after.is_empty() || after.starts_with(' ') && text.ends_with('.'))
    };
    said.find(text.trim())
        .is_some_and(|at| begins(at) && ends(at + text.trim().len()))
}

/// A block of code is borne out when every line of it stands in the quotes.
fn check_code(code: &str, cited: &[Cited<'_>]) -> Finding {
    let said: Vec<String> = cited.iter().map(|cited| fold(&cited.quote.text)).collect();
    let lines = code
        .lines()
        .map(fold)
        .filter(|line| line.chars().any(char::is_alphanumeric));
    let mut lines = lines.peekable();
    if lines.peek().is_some() && lines.all(|line| said.iter().any(|said| said.contains(line.trim()))) {
        return Finding::Settled {
            verdict: Verdict::Supported,
            reason: None,
        };
    }
    Finding::Doubtful(Doubt::Code)
}

/// A quote with its source.
#[derive(Debug, Clone, Copy)]
struct Cited<'a> {
    quote: &'a Quote,
    source: &'a Source,
}

impl<'a> Cited<'a> {
    /// A quote that is not a piece of its source bears nothing out.
    fn of(id: crate::QuoteId, evidence: Evidence<'a>) -> Option<Self> {
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
struct Ground<'a> {
    cited: Vec<Cited<'a>>,
    quoted: Vec<Fact>,
    beside: Vec<Fact>,
    described: Vec<Fact>,
    quoted_text: String,
    beside_text: String,
    described_text: String,
}

impl<'a> Ground<'a> {
    fn of(cited: Vec<Cited<'a>>) -> Self {
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

    fn holds(&self, fact: &Fact, rounded: bool) -> Found {
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
                // `5 retries` of the quote and `5 s` of the sentence are one number in two senses.
                let same_digits = |said: &Fact| match &said.value {
                    Value::Number(said) => {
                        said.unit.is_none() && number.unit.is_some() && said.digits == number.digits
                    }
                    _ => false,
                };
                if self.quoted.iter().any(same_digits) {
                    return Found::Loosely;
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

    /// A place within what is cited, as the sentence has it, on whose lines none of the sentence's names stands. They may
    /// lie inside of what is named, so it is a doubt.
    fn misplaced(&self, facts: &[Fact]) -> Option<Doubt> {
        facts.iter().find_map(|fact| {
            let Value::Place { path, first, last } = &fact.value else {
                return None;
            };
            let mut covering = self
                .cited
                .iter()
                .filter(|cited| place::covers(&cited.source.origin, path, *first, *last))
                .peekable();
            covering.peek()?;
            let stands = covering.any(|cited| place::names_stand(facts, cited.source, *first, *last));
            (!stands).then(|| Doubt::Elsewhere {
                place: fact.text.clone(),
            })
        })
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
        // `tokio::spawn` is said by a quote that says `spawn`, of a source that is known by `tokio`.
        if let Some((path, last)) = wanted.rsplit_once("::") {
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
        // A longer piece of code whose words are all there, in another order.
        let parts = words(wanted);
        let all_there = parts.len() > 1
            && parts
                .iter()
                .all(|word| contains_words(&self.quoted_text, word.text));
        if all_there { Found::Loosely } else { Found::Nowhere }
    }

    fn support(&self, text: &str) -> f64 {
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
fn contains_words(text: &str, wanted: &str) -> bool {
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

/// `a / b` for counts of words.
pub(crate) fn share(a: usize, b: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if b == 0 { 0.0 } else { float(a) / float(b) }
}
