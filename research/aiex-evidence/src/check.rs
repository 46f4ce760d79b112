//! Does what is cited say what is claimed? Checked without a model, as far as that goes.
//!
//! What a sentence states exactly (numbers, versions, dates, quoted words, identifiers, places in files) must stand in
//! the quotes that it cites; otherwise it is [`Verdict::Unsupported`], and the reason names what is missing. Code vouches for
//! sense only where the sentence has the quotes' own words in their order, the small ones that turn the sense among them: one
//! other word, or two that changed places, may turn it round. Of what it takes it leaves out nothing but words that say
//! nothing: any other may be what the quotes say it under. Any other sentence is [`Finding::Doubtful`]: a model may be asked,
//! but it clears nothing that code has looked up ([`Doubt::may_be_cleared`]). Without a model, or without the budget for one, it
//! stays [`Verdict::Unchecked`] or [`Verdict::Partial`], never refuted.

mod clauses;
mod conditions;
mod doubt;
mod exempt;
mod ground;
mod left;
mod pieces;
mod place;
mod placed;
mod sense;
mod swapped;
mod taken;
mod tokens;
mod turns;
mod units;
mod wording;

use crate::draft::{fenced, plain};
use crate::extract::plainly;
use crate::facts::{Fact, Value, facts};
use crate::fold::fold;
use crate::words::words;
use crate::{Evidence, Quote, Sentence, Verdict};

use exempt::is_exempt;
use ground::{Cited, Found, Ground};
use wording::Wording;

pub use doubt::Doubt;
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
    if cited.iter().any(|cited| is_verbatim(&sentence.text, cited)) {
        return Finding::Settled {
            verdict: Verdict::Supported,
            reason: None,
        };
    }
    let ground = Ground::of(cited);
    let mut doubts = Vec::new();
    for fact in &facts {
        let text = fact.text.clone();
        match (ground.holds(fact, says_about(&sentence.text, fact)), &fact.value) {
            (Found::Quoted, _) => {}
            (Found::Beside, _) => doubts.push(Doubt::Beside { fact: text }),
            (Found::Loosely, _) => doubts.push(Doubt::Loose { number: text }),
            (Found::OtherUnit, _) => doubts.push(Doubt::Unit { number: text }),
            (Found::Nowhere, Value::Identifier { name, exact: false }) => {
                doubts.push(Doubt::Name { name: name.clone() });
            }
            (Found::Nowhere, Value::Number(number)) if number.spelled => {
                doubts.push(Doubt::Spelled { number: text });
            }
            (Found::Nowhere, value) => return unsupported(missing(value, &text)),
        }
    }
    let quotes: Vec<&Quote> = ground.cited.iter().map(|cited| cited.quote).collect();
    doubts.extend(placed::misplaced(&sentence.text, &facts, |place| {
        ground.at(place)
    }));
    doubts.extend(swapped::swapped(&sentence.text, &facts, &quotes));
    doubts.extend(sense::negated(&sentence.text, &ground.cited));
    doubts.extend(sense::opposed(&sentence.text, &quotes));
    doubts.extend(sense::narrowed(&sentence.text, &ground.cited));
    let share = ground.support(&sentence.text);
    if share < LEAST_SUPPORT {
        doubts.push(Doubt::FewWords { share });
    }
    match wording::compare(&sentence.text, &facts, &ground) {
        Wording::Same => {}
        Wording::Cut(word) => doubts.push(Doubt::Dropped { word }),
        Wording::Turned(word) => doubts.push(Doubt::Turned { word }),
        Wording::Other => doubts.push(Doubt::Reworded),
    }
    match weightiest(doubts) {
        Some(doubt) => Finding::Doubtful(doubt),
        None => Finding::Settled {
            verdict: Verdict::Supported,
            reason: None,
        },
    }
}

/// The doubt that decides: one that a model's word does not clear goes before those that it clears, or it would be hidden
/// behind them; among equals the first.
fn weightiest(mut doubts: Vec<Doubt>) -> Option<Doubt> {
    let stands = doubts.iter().position(|doubt| !doubt.may_be_cleared());
    (!doubts.is_empty()).then(|| doubts.swap_remove(stands.unwrap_or(0)))
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

/// Whether a text is a quote's own words, or those of a comment in it, in their order and without a gap, from its first or a
/// sentence's first word on to an end.
fn is_verbatim(text: &str, cited: &Cited<'_>) -> bool {
    // A line that is shown as code says what the line says.
    let shown = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
    if let Some(shown) = shown.filter(|shown| !shown.contains('`')) {
        let mut lines = cited.quote.text.lines().map(fold);
        if lines.any(|line| line.trim() == fold(shown).trim()) {
            return true;
        }
    }
    let text = fold(text);
    let is_in = |said: &str| {
        let said = fold(&plain(said));
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
    };
    // Roles and directives are marks: who quotes a passage without them says all of its words.
    let says = |said: &str| is_in(said) || is_in(&plainly(said));
    let comments = pieces::pieces(cited).into_iter().filter(|piece| piece.is_prose);
    says(&cited.quote.text) || comments.into_iter().any(|piece| says(&piece.text))
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
