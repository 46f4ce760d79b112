//! Names of months, numbers and units.

use super::{Dimension, Unit};

/// The number of a month by its name, from 1.
pub(super) fn month(name: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let lower = name.to_lowercase();
    let place = MONTHS.iter().position(|month| lower.starts_with(month))?;
    u32::try_from(place + 1).ok()
}

/// A number written as a word.
pub(super) fn spelled(word: &str) -> Option<u32> {
    const SMALL: [&str; 11] = [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let of = |list: &[&str]| {
        list.iter()
            .position(|known| *known == word)
            .and_then(|at| u32::try_from(at).ok())
    };
    match word {
        "zero" => Some(0),
        "dozen" => Some(12),
        "hundred" => Some(100),
        "thousand" => Some(1000),
        _ => of(&SMALL)
            .map(|at| at + 2)
            .or_else(|| of(&TENS).map(|at| (at + 2) * 10)),
    }
}

/// What a word or letter behind a number multiplies it by.
pub(super) fn multiplier(word: &str, attached: bool) -> Option<f64> {
    match word {
        "k" | "K" if attached => Some(1e3),
        "M" if attached => Some(1e6),
        "B" if attached => Some(1e9),
        "thousand" => Some(1e3),
        "million" | "mn" => Some(1e6),
        "billion" | "bn" => Some(1e9),
        _ => None,
    }
}

/// A unit's dimension, and how many of the dimension's base it is.
pub(super) fn known_unit(word: &str, attached: bool) -> Option<(Dimension, f64)> {
    use Dimension::{Bytes, Hertz, Percent, Seconds, Times};
    let known = match word {
        "%" | "percent" => (Percent, 1.0),
        "ns" | "nanosecond" | "nanoseconds" => (Seconds, 1e-9),
        "µs" | "μs" | "us" | "microsecond" | "microseconds" => (Seconds, 1e-6),
        "ms" | "msec" | "millisecond" | "milliseconds" => (Seconds, 1e-3),
        "s" | "sec" | "secs" | "second" | "seconds" => (Seconds, 1.0),
        "min" | "mins" | "minute" | "minutes" => (Seconds, 60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => (Seconds, 3600.0),
        "d" if attached => (Seconds, 86400.0),
        "day" | "days" => (Seconds, 86400.0),
        "week" | "weeks" => (Seconds, 604_800.0),
        "byte" | "bytes" => (Bytes, 1.0),
        "kB" | "KB" | "kilobyte" | "kilobytes" => (Bytes, 1e3),
        "MB" | "megabyte" | "megabytes" => (Bytes, 1e6),
        "GB" | "gigabyte" | "gigabytes" => (Bytes, 1e9),
        "TB" | "terabyte" | "terabytes" => (Bytes, 1e12),
        "KiB" | "kibibytes" => (Bytes, 1024.0),
        "MiB" | "mebibytes" => (Bytes, 1_048_576.0),
        "GiB" | "gibibytes" => (Bytes, 1_073_741_824.0),
        "TiB" => (Bytes, 1_099_511_627_776.0),
        "Hz" => (Hertz, 1.0),
        "kHz" => (Hertz, 1e3),
        "MHz" => (Hertz, 1e6),
        "GHz" => (Hertz, 1e9),
        "x" | "×" if attached => (Times, 1.0),
        "times" => (Times, 1.0),
        _ => return None,
    };
    Some(known)
}

/// The unit that a word of a text or a part of a name speaks of: `seconds`, the `MS` of `RETRY_MS`. Not those that are
/// other words as often.
pub(crate) fn unit_named(word: &str) -> Option<Unit> {
    let lower = word.to_lowercase();
    let known = match lower.as_str() {
        "min" | "us" | "second" => None,
        "millis" => Some((Dimension::Seconds, 1e-3)),
        "micros" => Some((Dimension::Seconds, 1e-6)),
        "nanos" => Some((Dimension::Seconds, 1e-9)),
        lower => known_unit(word, false).or_else(|| known_unit(lower, false)),
    };
    known.map(|(dimension, factor)| Unit::Known(dimension, factor))
}
