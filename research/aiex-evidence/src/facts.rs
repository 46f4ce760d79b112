//! The parts of a text that can be checked letter by letter: numbers, versions, dates, quoted words, identifiers, places
//! in files.

mod units;
mod value;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::fold::fold;
use crate::sentences::code_spans;

use units::{known_unit, month, multiplier, spelled};
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

const MONTH: &str = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?";

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"((?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.[A-Za-z][A-Za-z0-9]{0,7})(?::|#L|, lines? |:L)(\d{1,7})(?:(?:-|–|-L| to )(\d{1,7}))?(?:@[0-9a-fA-F]{4,40})?",
    )
});
static ISO_DATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(\d{4})-(\d{2})-(\d{2})\b"));
static DAY_MONTH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{MONTH},? (\d{{4}})\b"
    ))
});
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)\b{MONTH} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b"
    ))
});
static MONTH_YEAR: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)\b{MONTH},? (\d{{4}})\b")));
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

/// Every fact of a text, in order. Ranges do not overlap.
pub(crate) fn facts(text: &str) -> Vec<Fact> {
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

    fn dates(&mut self) {
        let text = self.text;
        let number =
            |found: &regex::Captures<'_>, at: usize| -> Option<u32> { found.get(at)?.as_str().parse().ok() };
        let named = |found: &regex::Captures<'_>, at: usize| month(found.get(at)?.as_str());
        let mut dates = Vec::new();
        for found in ISO_DATE.captures_iter(text) {
            dates.push((
                found.get(0),
                number(&found, 1),
                number(&found, 2),
                number(&found, 3),
            ));
        }
        for found in DAY_MONTH.captures_iter(text) {
            dates.push((
                found.get(0),
                number(&found, 3),
                named(&found, 2),
                number(&found, 1),
            ));
        }
        for found in MONTH_DAY.captures_iter(text) {
            dates.push((
                found.get(0),
                number(&found, 3),
                named(&found, 1),
                number(&found, 2),
            ));
        }
        for found in MONTH_YEAR.captures_iter(text) {
            dates.push((found.get(0), number(&found, 2), named(&found, 1), None));
        }
        for (all, year, month, day) in dates {
            let fits = month.is_some_and(|month| (1..=12).contains(&month))
                && day.is_none_or(|day| (1..=31).contains(&day));
            if let (Some(all), Some(year), true) = (all, year, fits) {
                self.take(all.range(), Value::Date(Date { year, month, day }));
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

    /// `two` to `twelve` and the tens. `one` is left out: it is a pronoun as often as a number.
    fn spelled(&mut self) {
        for word in crate::words::words(self.text) {
            if let Some(value) = spelled(&word.text.to_lowercase()) {
                let digits = value.to_string();
                let number = Number {
                    value: f64::from(value),
                    unit: None,
                    decimals: 0,
                    spelled: true,
                    digits,
                };
                self.take(word.range, Value::Number(number));
            }
        }
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
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        facts(text)
            .into_iter()
            .map(|fact| match fact.value {
                Value::Number(Number { value, unit, .. }) => match unit {
                    Some(Unit::Known(dimension, _)) => format!("{value} {dimension:?}"),
                    Some(Unit::Suffix(suffix)) => format!("{value}{suffix}"),
                    None => format!("{value}"),
                },
                Value::Version(version) => format!("v{}{}", version.parts.join("."), version.suffix),
                Value::Date(Date { year, month, day }) => {
                    format!("{year}/{}/{}", month.unwrap_or(0), day.unwrap_or(0))
                }
                Value::Quoted(words) => format!("“{words}”"),
                Value::Identifier { name, exact } => {
                    if exact {
                        format!("`{name}`")
                    } else {
                        name
                    }
                }
                Value::Place { path, first, last } => format!("{path}:{first}-{last}"),
            })
            .collect()
    }

    #[test]
    fn numbers_are_read_with_separators_units_and_multipliers() {
        assert_eq!(read("1,000 and 1_000 and 1 000"), ["1000", "1000", "1000"]);
        assert_eq!(
            read("64 KiB, 64KiB, 1.5 s"),
            ["65536 Bytes", "65536 Bytes", "1.5 Seconds"]
        );
        assert_eq!(
            read("50% or 50 percent of $5"),
            ["50 Percent", "50 Percent", "5 Money('$')"]
        );
        assert_eq!(read("10k and 2 million"), ["10000", "2000000"]);
        assert_eq!(read("5-10 ms"), ["0.005 Seconds", "0.01 Seconds"]);
        assert_eq!(read("three of 7B"), ["3", "7000000000"]);
        assert_eq!(read("a 512-thread pool, -5"), ["512", "-5"]);
        assert_eq!(read("see x86_64 and 0x1f"), ["x86_64", "0x1f"]);
    }

    #[test]
    fn versions_and_dates_are_told_from_numbers() {
        assert_eq!(read("tokio 1.38.0-rc.1."), ["v1.38.0-rc.1"]);
        assert_eq!(read("v2 and >=1.2, version 1.10"), ["v2", "v1.2", "v1.10"]);
        assert_eq!(
            read("on 2024-05-03, 3 May 2024, May 3rd, 2024 and May 2024"),
            ["2024/5/3", "2024/5/3", "2024/5/3", "2024/5/0"]
        );
        assert_eq!(read("`1.38.0` and `src/a.rs:3-9`"), ["v1.38.0", "src/a.rs:3-9"]);
    }

    #[test]
    fn quotes_names_and_places_are_read() {
        assert_eq!(read("It “never blocks” \"x\" here."), ["“never blocks”"]);
        assert_eq!(
            read("`spawn_blocking()` in JoinHandle and foo_bar"),
            ["`spawn_blocking()`", "JoinHandle", "foo_bar"]
        );
        assert_eq!(
            read("src/lib.rs:10-12@1a2b3c4, and lib.rs#L7"),
            ["src/lib.rs:10-12", "lib.rs:7-7"]
        );
    }

    #[test]
    fn a_source_bears_out_what_it_says_in_other_units_and_with_more_digits() {
        let value = |text: &str| facts(text).remove(0).value;
        let says = |said: &str, claim: &str| value(said).bears_out(&value(claim), false);
        assert!(says("1500 ms", "1.5 s") && says("1,000", "1000") && says("1.38.0", "v1.38"));
        assert!(says("2024-05-03", "May 2024") && says("3 May 2024", "2024"));
        assert!(!says("1.38", "1.38.0") && !says("64 KB", "64 MB") && !says("1.1", "1.10"));
        assert!(!says("May 2024", "3 May 2024") && !says("1.38.0-rc.1", "1.38.0"));
        assert!(value("3.47 ms").bears_out(&value("3.5 ms"), true));
        assert!(!value("3.4 ms").bears_out(&value("3.5 ms"), true));
    }
}
