//! When to try again. It does not know what failed, only what the server asked for and how often it was tried.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest pause that a server can impose; the vendors' own libraries stop at the same.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often to try again, and with which pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Further tries after the first.
    pub attempts: u32,
    /// The pause before the first further try; doubled for each one after it.
    pub pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            pause: Duration::from_millis(500),
        }
    }
}

impl Retry {
    /// The pause before further try number `attempt` (from 0): what the server asked for, or the exponential
    /// pause less up to half of it, so that many clients do not come back together. At most a minute.
    pub(crate) fn pause_before(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let pause = asked.unwrap_or_else(|| {
            let full = self.pause.saturating_mul(2u32.saturating_pow(attempt));
            full.mul_f64(0.5 + 0.5 * fastrand::f64())
        });
        pause.min(LONGEST_PAUSE)
    }
}

/// What the server asked for, in any of the three forms in use: `retry-after-ms`, `retry-after` in seconds
/// (fractions occur), `retry-after` as an HTTP date. A date in the past is zero.
pub(crate) fn asked_pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    if let Some(millis) = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()) {
        return seconds(millis / 1000.0);
    }
    let value = text(RETRY_AFTER.as_str())?;
    match value.parse::<f64>() {
        Ok(number) => seconds(number),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

fn seconds(number: f64) -> Option<Duration> {
    if number < 0.0 {
        Some(Duration::ZERO)
    } else {
        Duration::try_from_secs_f64(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        // 1994-11-06T08:49:37Z
        asked_pause(
            &headers,
            SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
        )
    }

    #[test]
    fn all_three_forms_are_read() {
        assert_eq!(asked("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("retry-after", " 0.25 "), Some(Duration::from_millis(250)));
        assert_eq!(asked("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(
            asked("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
            Some(Duration::from_secs(10))
        );
    }

    #[test]
    fn a_past_date_is_zero_and_nonsense_is_nothing() {
        assert_eq!(
            asked("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(asked("retry-after", "-3"), Some(Duration::ZERO));
        for nonsense in ["soon", "NaN", "inf", "1e300", ""] {
            assert_eq!(asked("retry-after", nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn pauses_grow_and_are_capped() {
        let retry = Retry {
            attempts: 9,
            pause: Duration::from_secs(1),
        };
        for attempt in 0..9 {
            let pause = retry.pause_before(attempt, None);
            let full = Duration::from_secs(1 << attempt);
            assert!(
                full / 2 <= pause || pause == LONGEST_PAUSE,
                "{attempt}: {pause:?}"
            );
            assert!(pause <= full && pause <= LONGEST_PAUSE, "{attempt}: {pause:?}");
        }
        assert_eq!(
            retry.pause_before(0, Some(Duration::from_secs(3600))),
            LONGEST_PAUSE
        );
        assert_eq!(retry.pause_before(5, Some(Duration::ZERO)), Duration::ZERO);
    }
}
