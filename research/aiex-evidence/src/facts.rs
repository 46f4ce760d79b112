//! The parts of a text that can be checked letter by letter: numbers, versions, dates, quoted words, identifiers, places
//! in files.

mod dates;
mod spelled;
mod units;
mod value;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::fold::{Folded, fold};
use crate::sentences::code_spans;

pub(crate) use units::unit_named;
use units::{known_unit, multiplier};
pub(crate) use value::{Date, Dimension, Number, Unit, Value, Version};

/// Something that a sentence states exactly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub(crate) range: Range<usize>,
    /// As it is written.
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// A pattern of this file.
#[expect(
    clippy::unwrap_used,
    reason = "the patterns are constants and the tests compile each of them"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"((?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.[A-Za-z][A-Za-z0-9]{0,7})(?::|#L|, lines? |:L)(\d{1,7})(?:(?:-|–|-L| to )(\d{1,7}))?(?:@[0-9a-fA-F]{4,40})?",
    )
});
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"[vV]?(\d+(?:\.\d+){2,})((?:[-+]|rc|beta|alpha|b|a)[0-9A-Za-z][0-9A-Za-z.-]*)?")
});
static SHORT_VERSION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:[vV]|[\^~]|[<>=]=? ?)(\d+(?:\.\d+)*)((?:-|rc|beta|alpha)[0-9A-Za-z][0-9A-Za-z.-]*)?")
});
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\d{1,3}(?:[,_\u{a0}\u{202f}\u{2009}'’]\d{3})+|\d+)(\.\d+)?"));
static SPACED_NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{1,3}(?: \d{3})+"));
static UNIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([ \u{a0}\u{202f}-]?)(%|°|\p{L}[\p{L}\p{N}]*)"));
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)+|[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+|[A-Za-z]*[a-z][A-Z][A-Za-z0-9]*|[A-Za-z]+\d[A-Za-z0-9]*)\b(?:\(\))?",
    )
});
static NAMED_VERSION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:\bversions?|\breleases?|\bsince|\bMSRV|\brust|\bpython|\bnode|\bgo|@)[ @]$")
});

/// Every fact of a text, in order. Ranges do not overlap. Digits of other scripts and widths are read as what they count.
pub(crate) fn facts(text: &str) -> Vec<Fact> {
    let Some(plain) = Folded::digits(text) else {
        return read(text);
    };
    let at_home = |fact: Fact| {
        let range = plain.original(fact.range)?;
        let text = text.get(range.clone())?.to_owned();
        Some(Fact { range, text, ..fact })
    };
    read(&plain.text).into_iter().filter_map(at_home).collect()
}

fn read(text: &str) -> Vec<Fact> {
    let mut reader = Reader {
        text,
        facts: Vec::new(),
    };
    reader.code();
    reader.quoted();
    reader.places();
    reader.dates();
    reader.versions();
    reader.numbers();
    reader.spelled();
    reader.names();
    reader.facts.sort_by_key(|fact| fact.range.start);
    reader.facts
}

struct Reader<'a> {
    text: &'a str,
    facts: Vec<Fact>,
}

impl Reader<'_> {
    fn is_free(&self, range: &Range<usize>) -> bool {
        !self
            .facts
            .iter()
            .any(|fact| fact.range.start < range.end && range.start < fact.range.end)
    }

    fn take(&mut self, range: Range<usize>, value: Value) {
        if self.is_free(&range) {
            let text = self.text.get(range.clone()).unwrap_or_default().to_owned();
            self.facts.push(Fact { range, text, value });
        }
    }

    fn before(&self, at: usize) -> char {
        self.text
            .get(..at)
            .and_then(|text| text.chars().next_back())
            .unwrap_or(' ')
    }

    fn after(&self, at: usize) -> char {
        self.text
            .get(at..)
            .and_then(|text| text.chars().next())
            .unwrap_or(' ')
    }

    /// Code spans: one fact each. A span that is wholly a place, a version or a number is that.
    fn code(&mut self) {
        for range in code_spans(self.text) {
            let inner = self
                .text
                .get(range.clone())
                .unwrap_or_default()
                .trim_matches('`')
                .trim();
            if inner.is_empty() {
                continue;
            }
            let value = whole(inner).unwrap_or_else(|| Value::Identifier {
                name: inner.to_owned(),
                exact: true,
            });
            self.take(range, value);
        }
    }

    /// Words in double quotation marks: two words or more, or one of eight letters.
    fn quoted(&mut self) {
        let mut open: Option<usize> = None;
        let mut found = Vec::new();
        for (at, c) in self.text.char_indices() {
            let end = at + c.len_utf8();
            let opens = match c {
                '“' | '„' | '«' => true,
                '"' => open.is_none(),
                _ => false,
            };
            if opens {
                open = Some(end);
            } else if matches!(c, '”' | '»' | '"' | '“')
                && let Some(start) = open.take()
            {
                found.push(start..at);
            }
        }
        for range in found {
            let inner = self.text.get(range.clone()).unwrap_or_default();
            let folded = fold(inner).to_lowercase();
            let folded = folded
                .trim()
                .trim_end_matches(['.', ',', '!', '?', ';', ':'])
                .to_owned();
            if folded.contains(' ') || folded.chars().count() >= 8 {
                self.take(range, Value::Quoted(folded));
            }
        }
    }

    fn places(&mut self) {
        for found in PLACE.captures_iter(self.text) {
            if let (Some(all), Some(value)) = (found.get(0), place(&found)) {
                self.take(all.range(), value);
            }
        }
    }

    fn versions(&mut self) {
        let text = self.text;
        for found in VERSION.captures_iter(text) {
            self.version(&found);
        }
        for found in SHORT_VERSION.captures_iter(text) {
            // `v2` and `>=1.2` are versions; `= 5` is a value.
            let operator = !found
                .get(0)
                .is_some_and(|all| all.as_str().starts_with(['v', 'V']));
            if !(operator
                && found
                    .get(1)
                    .is_some_and(|numbers| !numbers.as_str().contains('.')))
            {
                self.version(&found);
            }
        }
        // A short number is a version where the words before it say so.
        for found in NUMBER.captures_iter(text) {
            let Some(all) = found.get(0) else { continue };
            let named = text
                .get(..all.start())
                .is_some_and(|before| NAMED_VERSION.is_match(before));
            if named && all.as_str().contains('.') && !all.as_str().contains(',') {
                self.version(&found);
            }
        }
    }

    fn version(&mut self, found: &regex::Captures<'_>) {
        let (Some(all), Some(numbers)) = (found.get(0), found.get(1)) else {
            return;
        };
        let before = self.before(all.start());
        if before.is_alphanumeric() || matches!(before, '_' | '.') {
            return;
        }
        let suffix = found.get(2).map_or("", |suffix| suffix.as_str());
        // The version of a short number is the number with its fraction: group 2 is the fraction there.
        let (numbers, suffix) = match suffix.strip_prefix('.') {
            Some(fraction) => (format!("{}.{fraction}", numbers.as_str()), ""),
            None => (numbers.as_str().to_owned(), suffix),
        };
        let dots = suffix.trim_end_matches(['.', '-']);
        let end = all.end() - (suffix.len() - dots.len());
        if self.after(end).is_alphanumeric() && suffix.is_empty() && self.after(end) != 'x' {
            return;
        }
        let parts = numbers.split('.').map(str::to_owned).collect();
        self.take(
            all.start()..end,
            Value::Version(Version {
                parts,
                suffix: dots.to_lowercase(),
            }),
        );
    }

    fn numbers(&mut self) {
        let text = self.text;
        let mut before: Option<(Range<usize>, usize)> = None;
        let grouped: Vec<Range<usize>> = SPACED_NUMBER.find_iter(text).map(|found| found.range()).collect();
        let plain = NUMBER.find_iter(text).map(|found| found.range());
        for range in grouped.into_iter().chain(plain) {
            if !self.is_free(&range) {
                continue;
            }
            let c = self.before(range.start);
            if c.is_alphabetic()
                || c == '_'
                || (c == '.'
                    && self
                        .text
                        .get(..range.start - 1)
                        .is_some_and(|t| t.ends_with(|c: char| c.is_alphanumeric())))
            {
                continue;
            }
            let Some((number, end)) = self.number(&range) else {
                continue;
            };
            // `5-10 ms`: the first number has the unit of the second.
            if let (Some((last, place)), Some(unit)) = (&before, &number.unit)
                && text
                    .get(last.end..range.start)
                    .is_some_and(|gap| matches!(gap.trim(), "-" | "–" | "to" | "and" | "/"))
                && let Some(Fact {
                    value: Value::Number(first),
                    ..
                }) = self.facts.get_mut(*place)
                && first.unit.is_none()
            {
                first.unit = Some(unit.clone());
                if let Unit::Known(_, factor) = unit {
                    first.value *= factor;
                }
            }
            before = Some((range.clone(), self.facts.len()));
            self.take(range.start..end, Value::Number(number));
        }
    }

    /// The number at a range, and where it ends with its unit.
    fn number(&self, range: &Range<usize>) -> Option<(Number, usize)> {
        let written = self.text.get(range.clone())?;
        let digits: String = written
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let mut value: f64 = digits.parse().ok()?;
        let decimals = digits.split_once('.').map_or(0, |(_, after)| after.len());
        let sign = self.before(range.start) == '-' && {
            let ahead = self
                .text
                .get(..range.start - 1)
                .and_then(|text| text.chars().next_back())
                .unwrap_or(' ');
            ahead.is_whitespace() || matches!(ahead, '(' | '=' | '[')
        };
        if sign {
            value = -value;
        }
        let mut end = range.end;
        let mut unit = None;
        let money = self.before(range.start);
        if matches!(money, '$' | '€' | '£' | '¥') {
            unit = Some(Unit::Known(Dimension::Money(money), 1.0));
        }
        let rest = self.text.get(end..).unwrap_or_default();
        if let Some(found) = UNIT.captures(rest) {
            let gap = found.get(1).map_or("", |gap| gap.as_str());
            let word = found.get(2).map_or("", |word| word.as_str());
            let behind = end + found.get(0).map_or(0, |all| all.end());
            if let Some(factor) = multiplier(word, gap.is_empty()) {
                value *= factor;
                end = behind;
            } else if let Some((dimension, factor)) = known_unit(word, gap.is_empty()) {
                value *= factor;
                unit = Some(Unit::Known(dimension, factor));
                end = behind;
            } else if gap.is_empty() && !matches!(word, "st" | "nd" | "rd" | "th") {
                unit = Some(Unit::Suffix(word.to_lowercase()));
                end = behind;
            }
        }
        let decimals = u8::try_from(decimals).unwrap_or(u8::MAX);
        Some((
            Number {
                value,
                unit,
                decimals,
                spelled: false,
                digits,
            },
            end,
        ))
    }

    fn names(&mut self) {
        for found in NAME.find_iter(self.text) {
            let name = found.as_str().trim_end_matches("()").to_owned();
            self.take(found.range(), Value::Identifier { name, exact: false });
        }
    }
}

/// A code span that is wholly a place, a version or a number.
fn whole(inner: &str) -> Option<Value> {
    let covers = |found: &regex::Captures<'_>| found.get(0).is_some_and(|all| all.as_str() == inner);
    if let Some(found) = PLACE.captures(inner).filter(covers) {
        return place(&found);
    }
    let is_numeric = inner
        .starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'v' | '^' | '~' | '>' | '=' | '<' | '-'));
    if !is_numeric || inner.contains('`') {
        return None;
    }
    let mut facts = facts(inner);
    match (facts.pop(), facts.is_empty()) {
        (Some(fact), true)
            if fact.range.end == inner.len()
                && inner.get(..fact.range.start).is_some_and(|sign| {
                    sign.trim_matches(['-', '=', '>', '<', '^', '~', ' ']).is_empty()
                }) =>
        {
            Some(fact.value)
        }
        _ => None,
    }
}

fn place(found: &regex::Captures<'_>) -> Option<Value> {
    let path = found.get(1)?.as_str().trim_start_matches("./").to_owned();
    let first: u32 = found.get(2)?.as_str().parse().ok()?;
    let last = found
        .get(3)
        .and_then(|last| last.as_str().parse().ok())
        .unwrap_or(first);
    Some(Value::Place { path, first, last })
}

#[cfg(test)]
mod tests;
