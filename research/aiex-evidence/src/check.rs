//! Does what is cited say what is claimed? Checked without a model, as far as that goes.
//!
//! What a sentence states exactly (numbers, versions, dates, quoted words, identifiers, places in files) must stand in
//! the quotes that it cites; otherwise it is [`Verdict::Unsupported`], and the reason names what is missing. Code vouches for
//! sense only where the sentence has the quotes' own words in their order: one other word, or two that changed places, may turn
//! it round. Any other sentence whose facts are there is [`Finding::Doubtful`]: a model may be asked. Without a model, or without
//! the budget for one, it stays [`Verdict::Unchecked`] or [`Verdict::Partial`], never refuted.

mod exempt;
mod ground;
mod place;
mod sense;

use std::fmt;

use crate::draft::{fenced, plain};
use crate::facts::{Fact, Value, facts};
use crate::fold::fold;
use crate::words::words;
use crate::{Evidence, Quote, Sentence, Verdict};

use exempt::is_exempt;
use ground::{Cited, Found, Ground};

pub use place::stands;

/// How much of a sentence's meaningful words must stand in its quotes, 0 to 1.
pub const LEAST_SUPPORT: f64 = 0.6;
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
    /// It says it in words of its own, or in another order.
    Reworded,
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
            | Self::Reworded
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
            Self::Reworded => write!(f, "in words of its own"),
            Self::FewWords { share } => write!(f, "the quotes share {:.0} % of its words", share * 100.0),
            Self::Code => write!(f, "no quote holds this code"),
        }
    }
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
    if !ground.says(&sentence.text, &facts) {
        doubt.get_or_insert(Doubt::Reworded);
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

/// `a / b` for counts of words.
pub(crate) fn share(a: usize, b: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if b == 0 { 0.0 } else { float(a) / float(b) }
}
