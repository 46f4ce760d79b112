//! Dates as people and programs write them.

use std::sync::LazyLock;

use regex::Regex;

use super::units::month;
use super::{Date, Reader, Value, pattern};

const MONTH: &str = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?";

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
impl Reader<'_> {
    pub(super) fn dates(&mut self) {
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
}
