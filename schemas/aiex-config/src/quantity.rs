//! Durations and sizes as people write them: `30m`, `1h30m`, `40ms`, `2MiB`.

use std::time::Duration;

/// Milliseconds of each unit, largest first.
const DURATION_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Bytes of each unit, largest first among those that are shown.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
];

/// `30m`, `1h30m`, `40ms`; a bare `0` is zero. Other bare numbers are nothing: their unit is not known.
pub fn parse_duration(text: &str) -> Option<Duration> {
    parse(text, &DURATION_UNITS).map(Duration::from_millis)
}

/// `2MiB`, `512KiB`, `1GB`; a bare `0` is zero.
pub fn parse_size(text: &str) -> Option<u64> {
    parse(text, &SIZE_UNITS)
}

/// As [`parse_duration`] reads it, in the fewest parts.
pub fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in DURATION_UNITS {
        if rest >= factor {
            text += &format!("{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    text
}

/// As [`parse_size`] reads it, in the largest unit that loses nothing.
pub fn show_size(bytes: u64) -> String {
    let exact = SIZE_UNITS
        .iter()
        .find(|(_, factor)| bytes != 0 && bytes.is_multiple_of(*factor));
    exact.map_or_else(
        || "0".to_owned(),
        |(unit, factor)| format!("{}{unit}", bytes / factor),
    )
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0);
    }
    let mut total = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (_, factor) = units
            .iter()
            .find(|(unit, _)| unit.eq_ignore_ascii_case(&after[..end]))?;
        total = Some(u64::checked_add(
            total.unwrap_or(0),
            number.checked_mul(*factor)?,
        )?);
        rest = after[end..].trim_start();
    }
    total
}

/// A list as a variable or a flag gives it: with commas.
pub(crate) fn show_list<T: ToString>(items: &[T]) -> String {
    let shown: Vec<String> = items.iter().map(T::to_string).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_durations() {
        let cases: &[(&str, Option<u64>, &str)] = &[
            ("0", Some(0), "0"),
            ("0s", Some(0), "0"),
            ("40ms", Some(40), "40ms"),
            ("30m", Some(1_800_000), "30m"),
            ("90s", Some(90_000), "1m30s"),
            (" 1h 30m ", Some(5_400_000), "1h30m"),
            ("2d", Some(172_800_000), "2d"),
            ("10", None, ""),
            ("", None, ""),
            ("s", None, ""),
            ("-1s", None, ""),
            ("1.5s", None, ""),
            ("5 parsecs", None, ""),
            ("99999999999999999999d", None, ""),
            ("999999999999999999d", None, ""),
        ];
        for (text, expected, shown) in cases {
            let parsed = parse_duration(text);
            assert_eq!(parsed, expected.map(Duration::from_millis), "{text}");
            if let Some(duration) = parsed {
                assert_eq!(show_duration(duration), *shown);
                assert_eq!(parse_duration(shown), parsed);
            }
        }
    }

    #[test]
    fn reads_and_shows_sizes() {
        let cases: &[(&str, Option<u64>)] = &[
            ("0", Some(0)),
            ("2MiB", Some(2 << 20)),
            ("512 kib", Some(512 << 10)),
            ("1GB", Some(1_000_000_000)),
            ("1536B", Some(1536)),
            ("2", None),
            ("2MiBs", None),
        ];
        for (text, expected) in cases {
            let parsed = parse_size(text);
            assert_eq!(parsed, *expected, "{text}");
            if let Some(bytes) = parsed {
                assert_eq!(parse_size(&show_size(bytes)), parsed, "{text}");
            }
        }
        assert_eq!(show_size(3 << 20), "3MiB");
        assert_eq!(show_size(1537), "1537B");
    }
}
