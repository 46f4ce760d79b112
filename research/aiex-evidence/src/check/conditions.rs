//! What in a sentence of a quote is said under a condition, and where the condition stands. Read by its small words and commas
//! alone.

use std::ops::Range;

use crate::words::words;

use super::clauses::{Clause, Gap, clauses, without_code};

/// What begins a clause that another depends on.
const OPENING: &[&[&str]] = &[
    &["if"],
    &["unless"],
    &["until"],
    &["till"],
    &["when"],
    &["whenever"],
    &["wherever"],
    &["while"],
    &["once"],
    &["except"],
    &["assuming"],
    &["as", "long", "as"],
    &["so", "long", "as"],
    &["as", "soon", "as"],
    &["provided", "that"],
    &["providing", "that"],
    &["given", "that"],
    &["in", "case"],
    &["depending", "on"],
    &["where", "available"],
    &["where", "possible"],
    &["where", "supported"],
];

/// Words before `if` with which it asks and makes no condition, and before others that do not begin a clause either.
const ASKING: &[&str] = &[
    "as", "ask", "asks", "check", "checks", "decide", "decides", "even", "know", "knows", "see", "tell",
    "tells", "test", "tests", "what",
];

/// Where the conditions of a sentence stand, in bytes and in their order.
pub(super) fn conditions(sentence: &str) -> Vec<Range<usize>> {
    let text = without_code(sentence);
    let reader = Reader {
        lower: words(&text).iter().map(|word| word.text.to_lowercase()).collect(),
        clauses: clauses(&text),
    };
    (0..reader.lower.len())
        .filter_map(|at| reader.condition(at))
        .collect()
}

struct Reader {
    lower: Vec<String>,
    clauses: Vec<Clause>,
}

impl Reader {
    /// The condition that begins at a word, if one does.
    fn condition(&self, at: usize) -> Option<Range<usize>> {
        let holds = |phrase: &&&[&str]| {
            self.lower
                .get(at..at + phrase.len())
                .is_some_and(|own| own == **phrase)
        };
        let phrase = OPENING.iter().find(holds).filter(|_| self.opens(at))?;
        let last = self.clause_from(at).max(at + phrase.len()).checked_sub(1)?;
        Some(self.clauses.get(at)?.range.start..self.clauses.get(last)?.range.end)
    }

    fn lower_is(&self, at: usize, wanted: &[&str]) -> bool {
        self.lower
            .get(at)
            .is_some_and(|word| wanted.contains(&word.as_str()))
    }

    fn gap(&self, at: usize) -> Gap {
        self.clauses.get(at).map_or(Gap::Part, |clause| clause.gap)
    }

    /// Whether a word that may begin a condition does.
    fn opens(&self, at: usize) -> bool {
        let follows = |wanted: &[&str]| at > 0 && self.lower_is(at - 1, wanted);
        match self.lower.get(at).map(String::as_str) {
            Some("once") => {
                let subject = ["a", "all", "an", "it", "that", "the", "they", "this", "you"];
                !follows(&["at"]) && (self.leads(at) || self.lower_is(at + 1, &subject))
            }
            // With a comma it contrasts.
            Some("while") => self.gap(at) != Gap::Comma,
            _ => !follows(ASKING),
        }
    }

    /// Whether a clause begins with a word, but for such as `and` and `only`.
    fn leads(&self, at: usize) -> bool {
        self.first_of(at) == self.start_of_clause(at)
    }

    /// The word that a condition begins with, its `and` or `only` included.
    fn first_of(&self, at: usize) -> usize {
        const LEADING: &[&str] = &["also", "and", "but", "just", "only", "or", "so", "then", "yet"];
        let mut first = at;
        while first > self.start_of_clause(at)
            && self.gap(first) == Gap::None
            && self.lower_is(first - 1, LEADING)
        {
            first -= 1;
        }
        first
    }

    fn start_of_clause(&self, at: usize) -> usize {
        let clause = self.clauses.get(at).map(|clause| clause.clause);
        self.clauses
            .iter()
            .position(|other| Some(other.clause) == clause)
            .unwrap_or(at)
    }

    fn end_of_clause(&self, at: usize) -> usize {
        let clause = self.clauses.get(at).map(|clause| clause.clause);
        self.clauses
            .iter()
            .rposition(|other| Some(other.clause) == clause)
            .map_or(at, |last| last + 1)
    }

    /// Whether a comma or the beginning of a clause sets a condition off.
    fn is_set_off(&self, at: usize) -> bool {
        let first = self.first_of(at);
        first == self.start_of_clause(at) || self.gap(first) != Gap::None
    }

    /// Where a clause that begins at a word ends: at the next comma if one sets it off, else with the words around it.
    fn clause_from(&self, at: usize) -> usize {
        let end = self.end_of_clause(at);
        if !self.is_set_off(at) {
            return end;
        }
        let is_end = |next: &usize| self.gap(*next) != Gap::None || self.lower_is(*next, &["then"]);
        (at + 1..end).find(is_end).unwrap_or(end)
    }
}

#[cfg(test)]
mod tests;
