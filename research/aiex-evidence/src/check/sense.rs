//! The same facts in another sense: negations, opposites, what is said of one case alone.

use std::collections::HashSet;

use crate::words::{is_negation, stems, words};
use crate::{Quote, sentences};

use super::{Cited, Doubt, conditions, pieces, tokens, turns};

/// Words that cannot both be right.
const OPPOSITES: &[(&str, &str)] = &[
    ("add", "remove"),
    ("added", "removed"),
    ("adds", "removes"),
    ("allow", "forbid"),
    ("allowed", "forbidden"),
    ("allows", "forbids"),
    ("asynchronous", "synchronous"),
    ("decrease", "increase"),
    ("decreases", "increases"),
    ("disable", "enable"),
    ("disabled", "enabled"),
    ("disables", "enables"),
    ("false", "true"),
    ("fastest", "slowest"),
    ("faster", "slower"),
    ("fewer", "more"),
    ("first", "last"),
    ("higher", "lower"),
    ("highest", "lowest"),
    ("immutable", "mutable"),
    ("larger", "smaller"),
    ("largest", "smallest"),
    ("least", "most"),
    ("less", "more"),
    ("longer", "shorter"),
    ("maximum", "minimum"),
    ("newer", "older"),
    ("optional", "required"),
    ("mandatory", "optional"),
    ("safe", "unsafe"),
    ("sound", "unsound"),
    ("stable", "unstable"),
    ("succeeds", "fails"),
    ("supported", "unsupported"),
    ("before", "after"),
    ("above", "below"),
    ("at least", "at most"),
    ("max", "min"),
];

/// What the keywords of code are called in prose.
const SPOKEN: &[(&[&str], &str)] = &[
    (&["async"], "asynchronous"),
    (
        &["class", "struct", "record"],
        "structure type class defined declared",
    ),
    (&["const", "static", "final"], "constant value defined declared"),
    (
        &["def", "fn", "func", "function"],
        "function method defined declared",
    ),
    (&["derive", "impl", "implements"], "implement implementation"),
    (&["enum"], "enumeration type variants defined declared"),
    (&["import", "use", "require"], "import"),
    (&["interface", "trait"], "interface trait defined declared"),
    (&["let", "var"], "variable set"),
    (&["macro_rules"], "macro defined"),
    (&["mod", "module"], "module"),
    (&["mut"], "mutable"),
    (&["export", "pub", "public"], "public exported"),
    (&["return"], "return"),
    (&["type"], "alias defined"),
];

/// The stems of what the keywords of a piece of code say.
pub(super) fn spoken(code: &str) -> HashSet<String> {
    let words = words(code);
    let said = SPOKEN
        .iter()
        .filter(|(keywords, _)| words.iter().any(|word| keywords.contains(&word.text)));
    said.flat_map(|(_, spoken)| stems(spoken)).collect()
}

/// Words that deny in prose and are values or operators in code.
const VALUES: &[&str] = &["None", "none", "nothing", "Nothing", "not", "no"];

/// The sentence of the quotes that shares most words with a text, and whether it is prose. Where a comment and the code
/// beside it share as many, the comment says it.
fn nearest(text: &str, cited: &[Cited<'_>]) -> Option<(String, bool)> {
    let claimed = stems(text);
    let mut found: Option<(usize, String, bool)> = None;
    for cited in cited {
        let of_page = cited.source.origin.is_prose();
        for piece in pieces::pieces(cited) {
            for said in tokens::lines(&piece.text) {
                let shared = stems(said).intersection(&claimed).count();
                // A comment that has none of its words says nothing of what a sentence says of the code.
                let is_prose = piece.is_prose && (of_page || shared > 0);
                let is_nearer = |(most, _, prose): &(usize, String, bool)| {
                    shared > *most || shared == *most && is_prose && !prose
                };
                if found.as_ref().is_none_or(is_nearer) {
                    found = Some((shared, said.to_owned(), is_prose));
                }
            }
        }
    }
    found.map(|(_, said, is_prose)| (said, is_prose))
}

/// Whether the sentence denies what the quote says, or the reverse: compared with the sentence of the quotes that shares
/// most words with it.
pub(super) fn negated(text: &str, cited: &[Cited<'_>]) -> Option<Doubt> {
    let (said, is_prose) = nearest(text, cited)?;
    let said = if is_prose { taken_of(&said, text) } else { said };
    let differ = denials(&said, is_prose) % 2 != denials(text, is_prose) % 2;
    differ.then_some(Doubt::Negation)
}

/// A sentence of a quote without those of its conditions that the sentence takes no word of: what they deny, it leaves out.
fn taken_of(said: &str, text: &str) -> String {
    let claimed = stems(text);
    let mut taken = said.to_owned();
    for own in conditions::conditions(said) {
        let mut rest = said.to_owned();
        rest.replace_range(own.clone(), " ");
        let words = stems(said.get(own.clone()).unwrap_or_default());
        if words
            .difference(&stems(&rest))
            .all(|word| !claimed.contains(word))
        {
            taken.replace_range(own.clone(), &" ".repeat(own.len()));
        }
    }
    taken
}

/// How often a text denies. What it sets as code does not, nor does `None` within a sentence. Where it is compared with code
/// and not with prose, what may be a value there is left aside on both sides: nobody can tell `not` from `!`.
fn denials(text: &str, is_prose: bool) -> usize {
    let mut text = text.to_owned();
    for span in sentences::code_spans(&text) {
        text.replace_range(span.clone(), &" ".repeat(span.len()));
    }
    let words = words(&text);
    let plain: Vec<&str> = words.iter().map(|word| word.text).collect();
    let mut count = 0;
    let mut at = 0;
    while let Some(word) = plain.get(at) {
        // `no more than` denies nothing.
        let (turn, taken) = turns::read(plain.get(at..).unwrap_or_default()).unwrap_or_default();
        let is_value = (!is_prose && VALUES.contains(word)) || (*word == "None" && at > 0);
        count += usize::from(is_negation(&turn) && !is_value);
        at += taken.max(1);
    }
    count
}

/// Words that say that nothing else is so.
const ONLY: &[&str] = &["only", "solely", "exclusively", "merely"];
/// Words that bear them out.
const ALONE: &[&str] = &["just", "sole", "single", "alone", "except", "unless", "nothing"];

/// Whether the sentence says that it is so in no other case, and no quote does: what is said of one case is not denied of
/// the others.
pub(super) fn narrowed(text: &str, cited: &[Cited<'_>]) -> Option<Doubt> {
    let word = narrowing(text, &[ONLY])?;
    let is_said = |cited: &Cited<'_>| narrowing(&cited.quote.text, &[ONLY, ALONE]).is_some();
    let (_, is_prose) = nearest(text, cited).filter(|_| !cited.iter().any(is_said))?;
    is_prose.then_some(Doubt::Turned { word })
}

/// The first of some words in a text, as it is written. The `only` of `read-only` is a part of its word.
fn narrowing(text: &str, wanted: &[&[&str]]) -> Option<String> {
    let words = words(text);
    let found = words.iter().find(|word| {
        let lower = word.text.to_lowercase();
        let is_part = text
            .get(..word.range.start)
            .is_some_and(|before| before.ends_with('-'));
        !is_part && wanted.iter().any(|wanted| wanted.contains(&lower.as_str()))
    });
    found.map(|word| word.text.to_owned())
}

/// Whether the sentence has a word where all quotes have only its opposite.
pub(super) fn opposed(text: &str, quotes: &[&Quote]) -> Option<Doubt> {
    let lower = text.to_lowercase();
    let said = quotes
        .iter()
        .map(|quote| quote.text.to_lowercase())
        .collect::<Vec<_>>()
        .join("\n");
    let has = |text: &str, word: &str| super::ground::contains_words(text, word);
    OPPOSITES
        .iter()
        .flat_map(|(a, b)| [(a, b), (b, a)])
        .find_map(|(ours, theirs)| {
            let opposed =
                has(&lower, ours) && !has(&lower, theirs) && has(&said, theirs) && !has(&said, ours);
            opposed.then(|| Doubt::Opposite {
                claimed: (*ours).to_owned(),
                said: (*theirs).to_owned(),
            })
        })
}
