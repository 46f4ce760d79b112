//! What a sentence of a quote says under a condition, of some cases, within a bound or as a maybe, and which of its words that
//! governs. Read by its small words and commas alone, so where it is open how far a condition reaches, it reaches further.

use std::ops::Range;

use crate::facts::facts;
use crate::words::words;

use super::clauses::{Clause, Gap, clauses, without_code};

/// Words that a part of a sentence depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// What names it to people: the word or the phrase that begins it.
    pub(super) word: String,
    /// Where it stands, in bytes.
    pub(super) own: Range<usize>,
    /// What is said under it, itself included.
    pub(super) governs: Range<usize>,
    /// Whether it is a phrase as `on Windows`, of which another may stand in its place: `on Linux and … on Windows`.
    is_case: bool,
}

impl Condition {
    /// Whether another case is told beside this one, behind an `and`: a sentence that takes the other has not lost this one.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.is_case && other.is_case && other.governs.start >= self.own.end
    }
}

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

/// Words and phrases without which more is said.
const HEDGES: &[&[&str]] = &[
    &["commonly"],
    &["frequently"],
    &["generally"],
    &["largely"],
    &["likely"],
    &["mostly"],
    &["normally"],
    &["occasionally"],
    &["often"],
    &["optionally"],
    &["perhaps"],
    &["possibly"],
    &["probably"],
    &["rarely"],
    &["seldom"],
    &["sometimes"],
    &["typically"],
    &["usually"],
    &["deprecated"],
    &["by", "default"],
    &["for", "now"],
    &["in", "general"],
    &["in", "most", "cases"],
    &["in", "some", "cases"],
    &["in", "theory"],
    &["as", "a", "rule"],
];

/// Verbs that leave open whether it is so. In lower case: `May` is a month.
const MAYBE: &[&str] = &["can", "could", "may", "might", "must", "should", "would"];

/// What a phrase begins with that tells one case out of several…
const BEFORE_CASES: &[&str] = &["for", "in", "on", "under", "with"];
/// …within so many words…
const CASE: usize = 4;
/// …and what it ends with.
const CASES: &[&str] = &[
    "android",
    "arm",
    "bsd",
    "build",
    "builds",
    "darwin",
    "edition",
    "editions",
    "feature",
    "flag",
    "freebsd",
    "ios",
    "linux",
    "mac",
    "macos",
    "mode",
    "musl",
    "nightly",
    "platform",
    "platforms",
    "posix",
    "profile",
    "release",
    "releases",
    "systems",
    "target",
    "targets",
    "unix",
    "version",
    "versions",
    "wasm",
    "windows",
];

/// Words before `if` with which it asks and makes no condition, and before others that do not begin a clause either.
const ASKING: &[&str] = &[
    "as", "ask", "asks", "check", "checks", "decide", "decides", "even", "know", "knows", "see", "tell",
    "tells", "test", "tests", "what",
];

/// The conditions of a sentence, in their order.
pub(super) fn conditions(sentence: &str) -> Vec<Condition> {
    let text = without_code(sentence);
    let words: Vec<String> = words(&text).iter().map(|word| word.text.to_owned()).collect();
    let clauses = clauses(&text);
    let mut reader = Reader {
        text: &text,
        lower: words.iter().map(|word| word.to_lowercase()).collect(),
        words,
        clauses,
        found: Vec::new(),
    };
    let mut at = 0;
    while at < reader.words.len() {
        at = reader.read(at).max(at + 1);
    }
    reader.found
}

struct Reader<'a> {
    text: &'a str,
    words: Vec<String>,
    lower: Vec<String>,
    clauses: Vec<Clause>,
    found: Vec<Condition>,
}

impl Reader<'_> {
    /// Reads the condition that begins at a word, if one does; returns the word to go on with.
    fn read(&mut self, at: usize) -> usize {
        let begins = |phrases: &[&[&str]]| {
            let holds = |phrase: &&&[&str]| {
                self.lower
                    .get(at..at + phrase.len())
                    .is_some_and(|own| own == **phrase)
            };
            phrases.iter().find(holds).map(|phrase| phrase.len())
        };
        if let Some(length) = begins(OPENING).filter(|_| self.opens(at)) {
            let end = self.clause_from(at);
            self.add(at..at + length, at..end.max(at + length), false);
            return at + length;
        }
        if let Some(length) = begins(HEDGES) {
            self.add(at..at + length, at..at + length, false);
            return at + length;
        }
        if let Some(end) = self.case(at) {
            self.add(at..end, at..end, true);
            return end;
        }
        if self
            .words
            .get(at)
            .is_some_and(|word| MAYBE.contains(&word.as_str()))
        {
            let end = self.end_of_clause(at);
            self.push(at..at + 1, at..at + 1, at..end, false);
        } else if self.lower_is(at, &["only"]) {
            self.only(at);
        }
        at + 1
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

    fn part(&self, at: usize) -> Range<usize> {
        let part = self.clauses.get(at).map(|clause| clause.part);
        let is_in = |other: &Clause| Some(other.part) == part;
        let first = self.clauses.iter().position(is_in).unwrap_or(at);
        first..self.clauses.iter().rposition(is_in).map_or(at, |last| last + 1)
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

    /// Adds a condition: `name` says which, `own` is all of it.
    fn add(&mut self, name: Range<usize>, own: Range<usize>, is_case: bool) {
        let (first, at) = (self.first_of(own.start), own.start);
        let governs = match self.gap(first) {
            // (if full)
            Gap::Bracket => self.part(at),
            _ if first == self.start_of_clause(at) => first..self.part(at).end,
            Gap::Comma if own.end > name.end && !is_case => self.part(at),
            _ => self.reach(at)..self.end_of_clause(at),
        };
        self.push(name, own, governs, is_case);
    }

    /// How far back a condition reaches that nothing sets off: over its clause, but not over another condition and an `and`.
    fn reach(&self, at: usize) -> usize {
        let start = self.start_of_clause(at);
        let begins = |word: usize| self.clauses.get(word).map_or(0, |clause| clause.range.start);
        let within = begins(start)..begins(at);
        let before = self
            .found
            .iter()
            .rev()
            .find(|other| within.contains(&other.own.start));
        let Some(before) = before else { return start };
        let is_behind = |word: &usize| {
            self.clauses
                .get(*word)
                .is_some_and(|clause| clause.range.start > before.own.start)
                && self.lower_is(*word, &["and", "but", "or"])
        };
        (start..at).rev().find(is_behind).unwrap_or(start)
    }

    fn push(&mut self, name: Range<usize>, own: Range<usize>, governs: Range<usize>, is_case: bool) {
        let bytes = |words: Range<usize>| {
            let first = self.clauses.get(words.start)?.range.start;
            Some(first..self.clauses.get(words.end.checked_sub(1)?)?.range.end)
        };
        let (Some(name), Some(own), Some(governs)) = (bytes(name), bytes(own), bytes(governs)) else {
            return;
        };
        self.found.push(Condition {
            word: self.text.get(name).unwrap_or_default().to_lowercase(),
            governs: governs.start.min(own.start)..governs.end.max(own.end),
            own,
            is_case,
        });
    }

    /// Where a phrase ends that begins at a word and tells one case out of several: `on Windows`, `since 1.2`.
    fn case(&self, at: usize) -> Option<usize> {
        let end = self.end_of_clause(at);
        if self.lower_is(at, &["since"]) {
            let from = self.clauses.get(at + 1)?.range.start;
            let version = facts(self.text.get(from..)?).into_iter().next()?;
            let is_in = |word: &usize| {
                self.clauses
                    .get(*word)
                    .is_some_and(|clause| clause.range.start < from + version.range.end)
            };
            return (version.range.start == 0).then(|| (at + 1..end).take_while(is_in).count() + at + 1);
        }
        if !self.lower_is(at, BEFORE_CASES) {
            return None;
        }
        (at + 1..end.min(at + 1 + CASE))
            .take_while(|next| {
                self.gap(*next) == Gap::None && !self.lower_is(*next, &["and", "is", "of", "or", "to"])
            })
            .find(|next| self.lower_is(*next, CASES))
            .map(|last| last + 1)
    }

    /// `only` narrows what stands behind it, or the phrase that it ends.
    fn only(&mut self, at: usize) {
        let is_part = self.clauses.get(at).is_some_and(|clause| {
            self.text
                .get(..clause.range.start)
                .is_some_and(|before| before.ends_with('-'))
        });
        if is_part || (at > 0 && self.lower_is(at - 1, &["not", "the"])) {
            return;
        }
        let ends = self.gap(at + 1) != Gap::None || at + 1 >= self.end_of_clause(at);
        let own = if ends {
            let from = at.saturating_sub(CASE).max(self.start_of_clause(at));
            let begins = |word: &usize| self.lower_is(*word, BEFORE_CASES);
            (from..at).rev().find(begins).unwrap_or(at)..at + 1
        } else {
            at..at + 2
        };
        self.add(at..at + 1, own, false);
    }
}

#[cfg(test)]
mod tests;
