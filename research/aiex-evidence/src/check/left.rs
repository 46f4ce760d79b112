//! What a quote says beside the words that a sentence takes of it.
//!
//! No list holds every word without which more is said: `hardly`, `half of`, `according to its author`, `(drafts only)`. So the
//! rule is the other way round: of what a sentence takes it has every word, but for those of a closed list that say nothing.

use crate::facts::Fact;
use crate::fold::fold;
use crate::words::{stem, words};

use super::clauses::{Clause, Gap, clauses};
use super::turns;

/// A word of a text, in the form that it is compared in.
#[derive(Debug)]
pub(super) struct Form {
    /// As it is written.
    pub(super) word: String,
    pub(super) form: String,
    /// The value that it begins.
    pub(super) fact: Option<Fact>,
    at: usize,
}

/// What a sentence of a quote tells beside its other units: `The reader waits`, `and the writer goes on`.
#[derive(Debug, Default)]
pub(super) struct Unit {
    pub(super) sentence: usize,
    /// Its words, but for those that say nothing.
    pub(super) forms: Vec<Form>,
    /// Whether a sentence that takes of the others may leave it out whole.
    pub(super) may_go: bool,
    /// Whether it is told apart from what stands before it.
    pub(super) begins_anew: bool,
}

/// Words that say nothing. Tenses do, and so do `just` and `that` behind what somebody says, which is a word itself.
const HARMLESS: &[&str] = &[
    "a",
    "additionally",
    "also",
    "am",
    "an",
    "and",
    "are",
    "be",
    "been",
    "being",
    "but",
    "do",
    "does",
    "furthermore",
    "has",
    "have",
    "hence",
    "however",
    "is",
    "it",
    "its",
    "itself",
    "moreover",
    "please",
    "simply",
    "so",
    "that",
    "the",
    "their",
    "then",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "thus",
    "which",
];

/// Words with which a clause of its own begins…
const SUBJECTS: &[&str] = &[
    "a", "an", "he", "it", "its", "our", "she", "the", "their", "these", "they", "this", "those", "we",
    "you", "your",
];
/// …as it does with a noun in the plural or a verb, which end as these do that qualify.
const ADVERBS: &[&str] = &[
    "across",
    "afterwards",
    "always",
    "as",
    "besides",
    "less",
    "minus",
    "nevertheless",
    "nonetheless",
    "nowadays",
    "perhaps",
    "plus",
    "regardless",
    "sometimes",
    "towards",
    "unless",
    "versus",
    "whereas",
];
/// Words that lead such a clause without making it depend on the one before.
const LEADING: &[&str] = &["and", "but", "so", "yet"];

/// The words of a text; a value is one.
pub(super) fn forms(text: &str, values: &[&Fact]) -> Vec<Form> {
    let found = words(text);
    let plain: Vec<&str> = found.iter().map(|word| word.text).collect();
    let mut forms: Vec<Form> = Vec::new();
    let (mut at, mut end) = (0, 0);
    while let Some(word) = found.get(at) {
        let start = word.range.start;
        let fact = values.iter().find(|fact| fact.range.contains(&start));
        let mut taken = 1;
        let mut form = stem(&fold(word.text));
        if fact.is_none()
            && let Some((turn, length)) = turns::read(plain.get(at..).unwrap_or_default())
        {
            (form, taken) = (turn, length);
        }
        if start >= end {
            end = fact.map_or(0, |fact| fact.range.end);
            forms.push(Form {
                word: word.text.to_lowercase(),
                form,
                fact: fact.map(|fact| (*fact).clone()),
                at: start,
            });
        }
        at += taken;
    }
    forms
}

/// The units of a sentence, and where each begins. `values` are those of the text in which code is not marked.
pub(super) fn units(text: &str, bare: &str, values: &[&Fact]) -> Vec<(usize, Unit)> {
    let clauses = clauses(text);
    let mut rest = forms(bare, values).into_iter().peekable();
    let mut notes = noted(text, &clauses);
    let runs: Vec<&[Clause]> = clauses.chunk_by(|a, b| a.unit == b.unit).collect();
    let mut found = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let start = run.first().map_or(0, |word| word.range.start);
        let next = runs.get(place + 1).and_then(|next| next.first());
        let end = next.map_or(usize::MAX, |next| next.range.start);
        let mut forms: Vec<Form> = std::iter::from_fn(|| rest.next_if(|form| form.at < end)).collect();
        forms.drain(..std::mem::take(&mut notes).min(forms.len()));
        forms.retain(|form| form.fact.is_some() || !HARMLESS.contains(&form.word.as_str()));
        let has_beginning = has_beginning(text, run);
        let is_apart = run.first().is_some_and(|first| first.gap == Gap::Part);
        let unit = Unit {
            sentence: 0,
            forms,
            may_go: has_beginning && is_plain(text, run),
            begins_anew: has_beginning || is_apart,
        };
        found.push((start, unit));
    }
    found
}

/// How many words at the beginning of a sentence ask to note it: `Note that`, `Please note:`.
fn noted(text: &str, clauses: &[Clause]) -> usize {
    let is = |at: usize, wanted: &str| {
        clauses
            .get(at)
            .is_some_and(|clause| lower(text, clause) == wanted)
    };
    let note = usize::from(is(0, "please"));
    let is_set_off = clauses.get(note + 1).is_some_and(|next| next.gap == Gap::Comma);
    if is(note, "note") && (is(note + 1, "that") || is_set_off) {
        note + 1
    } else {
        0
    }
}

fn lower(text: &str, word: &Clause) -> String {
    text.get(word.range.clone()).unwrap_or_default().to_lowercase()
}

/// Whether a unit has what it speaks of, or a verb of its own, at its beginning: `and the writer waits`, `and waits`, not `and
/// only on Linux`, `and that it waits`.
fn has_beginning(text: &str, run: &[Clause]) -> bool {
    let mut words = run.iter().map(|word| lower(text, word)).peekable();
    words.next_if(|word| LEADING.contains(&word.as_str()));
    words.peek().is_some_and(|word| {
        let is_noun_or_verb = word.len() > 3 && word.ends_with('s') && !ADVERBS.contains(&word.as_str());
        SUBJECTS.contains(&word.as_str()) || is_noun_or_verb || word.starts_with('`')
    })
}

/// Whether nothing in a unit may reach beyond it: no phrase that is set off, no word of somebody's, no reservation.
fn is_plain(text: &str, run: &[Clause]) -> bool {
    let joins = |word: &String| LEADING.contains(&word.as_str()) && word != "and";
    !run.first().is_some_and(|first| joins(&lower(text, first)))
        && run.iter().skip(1).all(|word| word.gap == Gap::None)
        && run.iter().all(|word| lower(text, word) != "that")
}
