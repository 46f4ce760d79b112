//! What a server asked for: how long to leave it alone. It does not know why.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// The longest wait that a server can impose at once; the vendors' own libraries stop at the same. After it one
/// more request is made, which is how a client learns that a limit was lifted early.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Numbers from here on are seconds since 1970, smaller ones are seconds from now.
const FIRST_EPOCH: f64 = 1e9;

/// How long the server asked to be left alone, at most [`LONGEST_WAIT`]; a moment in the past is zero.
///
/// Read in this order: `retry-after-ms`; `retry-after` in seconds (fractions occur) or as an HTTP date; and, of the
/// vendors' own counters, the reset of each window of which nothing remains: `x-ratelimit-reset` (one number a window,
/// from now or since 1970), `x-ratelimit-reset-requests` and `-tokens` (`6m0s`), `anthropic-ratelimit-*-reset`
/// (RFC 3339).
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    asked(headers, now)
        .or_else(|| counters(headers, now))
        .map(|wait| wait.min(LONGEST_WAIT))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let millis = text(headers, "retry-after-ms").and_then(|value| value.parse::<f64>().ok());
    if let Some(wait) = millis.and_then(|millis| seconds(millis / 1000.0)) {
        return Some(wait);
    }
    let value = text(headers, "retry-after")?;
    match value.parse::<f64>() {
        Ok(number) => seconds(number),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

/// The longest reset among the windows that are used up.
fn counters(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let plain = windows(headers, "x-ratelimit-remaining", "x-ratelimit-reset");
    let named = ["requests", "tokens"].into_iter().flat_map(|what| {
        let remaining = format!("x-ratelimit-remaining-{what}");
        windows(headers, &remaining, &format!("x-ratelimit-reset-{what}"))
    });
    let anthropic = ["requests", "tokens", "input-tokens", "output-tokens"]
        .into_iter()
        .flat_map(|what| {
            let remaining = format!("anthropic-ratelimit-{what}-remaining");
            windows(headers, &remaining, &format!("anthropic-ratelimit-{what}-reset"))
        });
    plain
        .into_iter()
        .chain(named)
        .chain(anthropic)
        .filter_map(|reset| moment(&reset, now))
        .max()
}

/// The resets of the windows of which nothing remains; both headers list one value a window.
fn windows(headers: &HeaderMap, remaining: &str, reset: &str) -> Vec<String> {
    let list = |name| text(headers, name).unwrap_or_default().split(',').map(str::trim);
    list(remaining)
        .zip(list(reset))
        .filter(|(remaining, _)| *remaining == "0")
        .map(|(_, reset)| reset.to_owned())
        .collect()
}

/// From `7`, `1700000000`, `6m0s`, `20ms` or `2026-01-01T10:00:00Z` to how far away that is.
fn moment(value: &str, now: SystemTime) -> Option<Duration> {
    let since_1970 = |at: Duration| {
        let at = SystemTime::UNIX_EPOCH + at;
        at.duration_since(now).unwrap_or_default()
    };
    if let Ok(number) = value.parse::<f64>() {
        let wait = seconds(number)?;
        return Some(if number >= FIRST_EPOCH {
            since_1970(wait)
        } else {
            wait
        });
    }
    rfc3339(value).map(since_1970).or_else(|| units(value))
}

fn seconds(number: f64) -> Option<Duration> {
    if number < 0.0 {
        return Some(Duration::ZERO);
    }
    Duration::try_from_secs_f64(number)
        .ok()
        // A longer wait is nonsense, and too far away for a clock to hold.
        .filter(|wait| wait.as_secs() < 1 << 40)
}

/// `1h2m3.5s`, `20ms`.
fn units(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        sum = sum.checked_add(seconds(number.parse::<f64>().ok()? * unit)?)?;
        rest = tail;
    }
    (!value.is_empty()).then_some(sum)
}

/// Seconds since 1970 of `2026-01-01T10:00:00Z`, fractions dropped. The days are counted as in Howard Hinnant's
/// "chrono-compatible low-level date algorithms" (`days_from_civil`).
fn rfc3339(value: &str) -> Option<Duration> {
    let (date, time) = value.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, between: char| -> Option<[i64; 3]> {
        let mut parts = text
            .split(between)
            .map(|part| part.split('.').next().unwrap_or_default().parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    let total = days * 86_400 + hour * 3600 + minute * 60 + second;
    u64::try_from(total).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z
    const NOW: u64 = 784_111_777;

    fn asked(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let map = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        retry_after(&map, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn all_three_forms_of_retry_after_are_read() {
        assert_eq!(asked(&[("retry-after", "7")]), secs(7));
        assert_eq!(
            asked(&[("retry-after", " 0.25 ")]),
            Some(Duration::from_millis(250))
        );
        assert_eq!(
            asked(&[("retry-after-ms", "1500"), ("retry-after", "9")]),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")]),
            secs(10)
        );
    }

    #[test]
    fn the_past_is_zero_the_far_future_a_minute_and_nonsense_nothing() {
        assert_eq!(
            asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT")]),
            secs(0)
        );
        assert_eq!(asked(&[("retry-after", "-3")]), secs(0));
        assert_eq!(asked(&[("retry-after", "86400")]), secs(60));
        for nonsense in ["soon", "NaN", "inf", "1e300", ""] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn only_used_up_windows_of_the_vendors_counters_count() {
        // A second and a month: the second is over soon, the month is not.
        let brave = |remaining| {
            asked(&[
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", "1, 1419704"),
            ])
        };
        assert_eq!(brave("0, 1000"), secs(1));
        assert_eq!(brave("0, 0"), secs(60));
        assert_eq!(brave("1, 1000"), None);
        assert_eq!(asked(&[("x-ratelimit-remaining", "0")]), None);
        // Numbers since 1970 are told by their size, so a clock of 1994 cannot test them; one of today can.
        assert_eq!(moment("1800000030", epoch(1_800_000_000)), secs(30));
        assert_eq!(moment("1800000000", epoch(1_800_000_030)), secs(0));
    }

    fn epoch(at: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(at)
    }

    #[test]
    fn units_and_dates_of_model_vendors_are_read() {
        for (value, millis) in [
            ("20ms", 20),
            ("1s", 1000),
            ("6m0s", 360_000),
            ("1h2m3.5s", 3_723_500),
        ] {
            assert_eq!(units(value), Some(Duration::from_millis(millis)), "{value}");
        }
        for nonsense in ["", "s", "5", "5x", "1.2.3s", "ms5"] {
            assert_eq!(units(nonsense), None, "{nonsense}");
        }
        let reset = [
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "6s"),
        ];
        assert_eq!(asked(&reset), secs(6));
        let reset = [
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "1994-11-06T08:50:00Z"),
        ];
        assert_eq!(asked(&reset), secs(23));
        for (date, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-03-01T00:00:00.25Z", 1_772_323_200),
        ] {
            assert_eq!(rfc3339(date), secs(seconds), "{date}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_survived_and_the_cap_holds(name in "retry-after(-ms)?", value in "[ -~]{0,24}") {
            let mut headers = HeaderMap::new();
            headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            let wait = retry_after(&headers, epoch(NOW));
            proptest::prop_assert!(wait.is_none_or(|wait| wait <= LONGEST_WAIT));
        }
    }
}
