//! Where sources contradict each other.
//!
//! Two sentences of different sources disagree when they speak of the same thing and give it another number, version or
//! date: most of their meaningful words are the same, the values are of one kind and one unit, what is counted or measured is
//! called the same, and neither sentence holds the other's value. A number that only names one of several (`level 0`) or stands
//! in a formula (`L+1`) says nothing that another could contradict. This misses much and seldom errs.

use std::collections::HashSet;

use crate::facts::{Fact, Unit, Value, facts};
use crate::words::{carries_meaning, stem, words};
use crate::{Disagreement, Evidence, QuoteId, sentences};

/// Shared words, at least, for two sentences to speak of the same thing.
const LEAST_WORDS: usize = 3;
/// And at least this share of the shorter sentence's words, in percent.
const LEAST_SHARE: usize = 60;

struct Statement {
    quote: QuoteId,
    /// Meaningful words in the order they stand, as written.
    written: Vec<String>,
    stems: HashSet<String>,
    facts: Vec<Counted>,
}

/// A value and what there is so much of.
struct Counted {
    fact: Fact,
    /// The stem of what it counts, `languages` of "27 languages", or measures, `limit` of "the limit is 27".
    of: Option<String>,
}

/// Every disagreement among the quotes, each subject once.
pub fn find(evidence: Evidence<'_>) -> Vec<Disagreement> {
    // Code states nothing about the world: a default here and an argument there are both right.
    let is_prose = |id: QuoteId| {
        evidence
            .source(id.source)
            .is_some_and(|source| source.origin.is_prose())
    };
    let statements: Vec<Statement> = evidence
        .quotes
        .iter()
        .filter(|quote| is_prose(quote.id))
        .flat_map(|quote| statements(quote.id, &quote.text))
        .collect();
    let mut found: Vec<Disagreement> = Vec::new();
    for (at, one) in statements.iter().enumerate() {
        for other in statements.iter().skip(at + 1) {
            if one.quote.source == other.quote.source || !differ(one, other) {
                continue;
            }
            let shared = one
                .written
                .iter()
                .filter(|word| other.stems.contains(&stem(word)));
            let about = shared.take(8).cloned().collect::<Vec<_>>().join(" ");
            match found.iter_mut().find(|known| known.about == about) {
                Some(known) => {
                    for id in [one.quote, other.quote] {
                        if !known.quotes.contains(&id) {
                            known.quotes.push(id);
                        }
                    }
                }
                None => found.push(Disagreement {
                    about,
                    quotes: vec![one.quote, other.quote],
                }),
            }
        }
    }
    found
}

fn statements(quote: QuoteId, text: &str) -> Vec<Statement> {
    sentences::split(text)
        .into_iter()
        .filter_map(|range| {
            let text = text.get(range)?.replace('`', " ");
            let is_value =
                |fact: &Fact| matches!(fact.value, Value::Number(_) | Value::Version(_) | Value::Date(_));
            let facts: Vec<Fact> = facts(&text).into_iter().filter(is_value).collect();
            let outside = |range: &std::ops::Range<usize>| {
                !facts
                    .iter()
                    .any(|fact| fact.range.start < range.end && range.start < fact.range.end)
            };
            let mut seen = HashSet::new();
            let written: Vec<String> = words(&text)
                .into_iter()
                .filter(|word| {
                    carries_meaning(word.text) && outside(&word.range) && seen.insert(stem(word.text))
                })
                .map(|word| word.text.to_owned())
                .collect();
            let facts: Vec<Counted> = facts
                .into_iter()
                .map(|fact| Counted {
                    of: counted(&text, &fact).or_else(|| measured(&text, &fact)),
                    fact,
                })
                .collect();
            (!facts.is_empty()).then_some(Statement {
                quote,
                written,
                stems: seen,
                facts,
            })
        })
        .collect()
}

/// What a number counts: the meaningful word that follows it, if nothing stands between.
fn counted(text: &str, fact: &Fact) -> Option<String> {
    let behind = text.get(fact.range.end..)?;
    let word = words(behind).into_iter().next()?;
    let is_next = behind
        .get(..word.range.start)?
        .trim_matches([' ', '-'])
        .is_empty();
    (is_next && carries_meaning(word.text)).then(|| stem(word.text))
}

/// What a number measures: the meaningful word before it, with words or signs between them that say that it is so much.
fn measured(text: &str, fact: &Fact) -> Option<String> {
    let ahead = text.get(..fact.range.start)?;
    let known = words(ahead);
    let word = known.iter().rev().find(|word| carries_meaning(word.text))?;
    let between = ahead.get(word.range.end..)?;
    let is_said = between.contains(|c: char| c.is_alphabetic() || matches!(c, ':' | '='));
    let is_plain = |c: char| c.is_alphabetic() || matches!(c, ' ' | ':' | '=' | '\'' | '’');
    let is_formula = between.contains("==") || !between.chars().all(is_plain);
    (is_said && !is_formula).then(|| stem(word.text))
}

fn differ(one: &Statement, other: &Statement) -> bool {
    let shared = one.stems.intersection(&other.stems).count();
    let shorter = one.stems.len().min(other.stems.len());
    if shared < LEAST_WORDS || shared * 100 < shorter * LEAST_SHARE {
        return false;
    }
    // A sentence with many values says many things; which of them is meant cannot be told from its words.
    if one.facts.len() > 3 || other.facts.len() > 3 {
        return false;
    }
    let says =
        |statement: &Statement, fact: &Fact| {
            statement.facts.iter().map(|said| &said.fact).any(|said| {
                said.value.bears_out(&fact.value, false) || fact.value.bears_out(&said.value, false)
            })
        };
    let mut ours = one.facts.iter().filter(|ours| !says(other, &ours.fact));
    let theirs: Vec<&Counted> = other
        .facts
        .iter()
        .filter(|theirs| !says(one, &theirs.fact))
        .collect();
    ours.any(|ours| theirs.iter().any(|theirs| comparable(ours, theirs)))
}

/// Whether two values could stand in each other's place.
fn comparable(a: &Counted, b: &Counted) -> bool {
    let is_one_thing = a.of.is_some() && a.of == b.of;
    match (&a.fact.value, &b.fact.value) {
        (Value::Number(a), Value::Number(b)) => match (&a.unit, &b.unit) {
            // Of bare numbers it must be told of what: 27 languages are not 750 characters.
            (None, None) => is_one_thing,
            (Some(Unit::Known(a, _)), Some(Unit::Known(b, _))) => a == b,
            (Some(Unit::Suffix(a)), Some(Unit::Suffix(b))) => a == b,
            _ => false,
        },
        (Value::Version(_), Value::Version(_)) | (Value::Date(_), Value::Date(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, Document, Origin, Quotes};

    fn about(texts: &[&str]) -> Vec<String> {
        let mut sources = Catalogue::new();
        let mut quotes = Quotes::new();
        for (at, text) in texts.iter().enumerate() {
            let id = sources.add(Document {
                origin: Origin::Web {
                    url: format!("https://example.org/{at}"),
                },
                title: String::new(),
                date: None,
                licence: None,
                read_at: 0,
                text: (*text).to_owned(),
                instructs: false,
            });
            quotes.accept(sources.get(id).unwrap(), text, None).unwrap();
        }
        find(Evidence {
            sources: &sources,
            quotes: quotes.as_slice(),
        })
        .into_iter()
        .map(|found| found.about)
        .collect()
    }

    #[test]
    fn sources_that_give_the_same_thing_another_number_disagree() {
        assert_eq!(
            about(&[
                "The blocking pool holds at most 512 threads.",
                "The blocking pool holds at most 500 threads."
            ]),
            ["blocking pool holds threads"]
        );
        assert_eq!(
            about(&[
                "Tokio dropped support for mio 0.6 in version 1.2.0.",
                "Tokio dropped mio support in version 1.3.0."
            ])
            .len(),
            1
        );
    }

    #[test]
    fn equal_values_in_other_units_and_other_subjects_do_not_disagree() {
        let none: [&str; 0] = [];
        assert_eq!(
            about(&[
                "The request timeout defaults to 30 s.",
                "The request timeout defaults to 30,000 ms."
            ]),
            none
        );
        assert_eq!(
            about(&[
                "The blocking pool holds 512 threads.",
                "The cache file takes 20 bytes."
            ]),
            none
        );
        assert_eq!(
            about(&[
                "Chunks, symbols and trees of 27 languages.",
                "Chunks, symbols and trees of languages, 750 characters each."
            ]),
            none,
            "another noun is counted"
        );
        assert_eq!(
            about(&[
                "The retry limit is set to 3 attempts here.",
                "The retry limit is set to 3 s here."
            ]),
            none
        );
    }

    #[test]
    fn what_a_number_measures_may_stand_before_it() {
        let told = about(&[
            "The retry limit of the client defaults to 3.",
            "The client's retry limit defaults to 5, unless told otherwise.",
        ]);
        assert_eq!(told, ["retry limit client defaults"]);
    }

    #[test]
    fn numbers_that_name_one_of_several_or_stand_in_formulas_do_not_disagree() {
        let none: [&str; 0] = [];
        for other in [
            "Files in level 1 may overlap each other when they are picked up.",
            "The files that are picked up overlap with files of the next level (L+1).",
        ] {
            let one = "Files in level 0 may overlap each other, so all that overlap are picked up.";
            assert_eq!(about(&[one, other]), none, "{other}");
        }
        let code = "if (files.level == 0) pick up all the files that overlap with it";
        assert_eq!(
            about(&[code, "if (files.level == 1) pick up files that overlap"]),
            none
        );
    }
}
