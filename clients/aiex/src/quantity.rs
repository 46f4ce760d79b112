//! Numbers as people read and write them: counts, bytes, shares, spans of time.

use std::time::Duration;

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 file`, `2 files`, `2 searches`, `2 repositories`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        _ if number == 1 => noun.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with("ch") || noun.ends_with('s') => format!("{noun}es"),
        _ => format!("{noun}s"),
    };
    format!("{} {plural}", count(number))
}

/// Bytes with a binary unit: `12.3 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A share as a whole percentage. Less than all is never shown as 100.
pub(crate) fn percent(done: u64, total: u64) -> u64 {
    if total == 0 || done >= total {
        100
    } else {
        (u128::from(done) * 100 / u128::from(total)) as u64
    }
}

/// A span of time to two figures that matter: `340 µs`, `4.2 ms`, `12 s`, `3 min`, `2 h`, `5 d`.
pub(crate) fn span(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs();
    match seconds {
        0 if micros < 1_000 => format!("{micros} µs"),
        0 if micros < 10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        0 => format!("{} ms", micros / 1_000),
        1..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Money, given in millionths of a US dollar, to the cent, or to two figures below one: `$1.20`, `$0.0031`.
pub(crate) fn dollars(micro: u64) -> String {
    let value = micro as f64 / 1e6;
    match micro {
        0 => "$0".to_owned(),
        1..1_000 => format!("${value:.6}"),
        1_000..10_000 => format!("${value:.4}"),
        _ => format!("${value:.2}"),
    }
}

/// Reads `0.50`, `$0.50` or `2` as US dollars; millionths of one come back.
pub(crate) fn parse_dollars(text: &str) -> Result<u64, String> {
    let number = text.trim().trim_start_matches('$');
    let value: f64 = number.parse().map_err(|_| NOT_MONEY.to_owned())?;
    if value.is_finite() && (0.0..=1e9).contains(&value) {
        Ok((value * 1e6).round() as u64)
    } else {
        Err(NOT_MONEY.to_owned())
    }
}

const NOT_MONEY: &str = "write an amount of US dollars, as in `0.50` or `$2`";

/// Reads `20000`, `20,000`, `20k` or `1.5m`.
pub(crate) fn parse_count(text: &str) -> Result<u64, String> {
    let wrong = || "write a number, as in `20000`, `20k` or `1.5m`".to_owned();
    let text = text.trim().replace([',', '_'], "").to_lowercase();
    let (number, unit) = match text.strip_suffix(['k', 'm']) {
        Some(number) if text.ends_with('k') => (number, 1e3),
        Some(number) => (number, 1e6),
        None => return text.parse().map_err(|_| wrong()),
    };
    let value: f64 = number.parse().map_err(|_| wrong())?;
    let whole = value * unit;
    if whole.is_finite() && (0.0..=1e12).contains(&whole) {
        Ok(whole.round() as u64)
    } else {
        Err(wrong())
    }
}

/// How long ago a moment was, given as milliseconds since the Unix epoch; `never` for 0.
pub(crate) fn ago(then_ms: u64, now_ms: u64) -> String {
    if then_ms == 0 {
        return "never".to_owned();
    }
    let elapsed = Duration::from_millis(now_ms.saturating_sub(then_ms));
    if elapsed < Duration::from_secs(1) {
        "just now".to_owned()
    } else {
        format!("{} ago", span(elapsed))
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map(|elapsed| elapsed.as_millis() as u64)
        .unwrap_or_default()
}

/// Reads `500ms`, `60s`, `5m`, `1h30m`, or a bare number of seconds.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let bare = text
        .parse::<u32>()
        .ok()
        .map(|seconds| Duration::from_secs(u64::from(seconds)));
    bare.or_else(|| aiex_config::quantity::parse_duration(text))
        .ok_or_else(|| "write a time as in `500ms`, `60s`, `5m` or `1h30m`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [count(0), count(999), count(1_200), count(1_234_567)],
            ["0", "999", "1,200", "1,234,567"]
        );
        assert_eq!(
            [counted(1, "file"), counted(2, "file"), counted(0, "file")],
            ["1 file", "2 files", "0 files"]
        );
        assert_eq!(
            [counted(2, "repository"), counted(2, "search"), counted(2, "day")],
            ["2 repositories", "2 searches", "2 days"]
        );
        assert_eq!(
            [bytes(7), bytes(1536), bytes(300 << 20)],
            ["7 B", "1.5 KiB", "300 MiB"]
        );
        assert_eq!(
            [percent(0, 0), percent(999, 1_000), percent(1, 3), percent(5, 5)],
            [100, 99, 33, 100]
        );
    }

    #[test]
    fn spans_keep_two_figures() {
        let shown: Vec<String> = [340, 4_200, 45_000, 1_500_000, 59_000_000, 300_000_000]
            .map(|us| span(Duration::from_micros(us)))
            .into();
        assert_eq!(shown, ["340 µs", "4.2 ms", "45 ms", "1.5 s", "59 s", "5 min"]);
        assert_eq!(
            [ago(0, 5), ago(4, 5), ago(1, 5_001)],
            ["never", "just now", "5.0 s ago"]
        );
    }

    #[test]
    fn money_and_large_numbers_are_read_and_written() {
        assert_eq!(
            [
                dollars(0),
                dollars(12),
                dollars(3_100),
                dollars(21_000),
                dollars(1_234_567)
            ],
            ["$0", "$0.000012", "$0.0031", "$0.02", "$1.23"]
        );
        assert_eq!(parse_dollars("0.50"), Ok(500_000));
        assert_eq!(parse_dollars("$2"), Ok(2_000_000));
        assert_eq!(parse_dollars("0.1"), Ok(100_000));
        for wrong in ["", "$", "-1", "inf", "NaN", "1e30", "two"] {
            assert!(parse_dollars(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            [
                parse_count("20000"),
                parse_count("20,000"),
                parse_count("20k"),
                parse_count("1.5M")
            ],
            [Ok(20_000), Ok(20_000), Ok(20_000), Ok(1_500_000)]
        );
        for wrong in ["", "k", "-3", "-1k", "1.5", "1kk", "nank", "9e99m"] {
            assert!(parse_count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_are_read_with_units() {
        assert_eq!(parse_span("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_span("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_span("2"), Ok(Duration::from_secs(2)));
        assert!(parse_span("soon").is_err() && parse_span("5 parsecs").is_err() && parse_span("").is_err());
    }
}
