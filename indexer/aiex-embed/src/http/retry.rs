//! When to ask a service again, and after how long.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::EmbedError;

/// A service may ask for hours; OpenAI's own clients cap the wait at a minute as well.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Whether the same request may succeed later.
pub(super) fn is_worth(error: &EmbedError) -> bool {
    matches!(error, EmbedError::Busy { .. } | EmbedError::Unreachable { .. })
}

/// The wait a service asks for: `retry-after-ms`, or `Retry-After` as seconds or as a date.
pub(super) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let seconds = |text: &str, unit: f64| {
        text.parse::<f64>()
            .ok()
            .and_then(|number| Duration::try_from_secs_f64((number * unit).max(0.0)).ok())
    };
    if let Some(wait) = headers
        .get("retry-after-ms")
        .and_then(text)
        .and_then(|t| seconds(&t, 1e-3))
    {
        return Some(wait.min(MAX_WAIT));
    }
    let after = headers.get(RETRY_AFTER).and_then(text)?;
    let wait = seconds(&after, 1.0).or_else(|| {
        let date = httpdate::parse_http_date(&after).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    })?;
    Some(wait.min(MAX_WAIT))
}

/// What the service asked for, or the back-off doubled with every attempt.
pub(super) fn wait(asked: Option<Duration>, back_off: Duration, attempt: u32) -> Duration {
    let doubled = back_off.saturating_mul(1 << (attempt - 1).min(10));
    asked.unwrap_or(doubled).min(MAX_WAIT)
}

/// Blocks the thread until the time is over.
pub(super) fn pause(wait: Duration) {
    let end = Instant::now() + wait;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn every_form_of_retry_after_is_understood() {
        assert_eq!(asked(&header("retry-after", "2")), Some(Duration::from_secs(2)));
        assert_eq!(
            asked(&header("retry-after-ms", "1500")),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            asked(&header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")),
            Some(Duration::ZERO)
        );
        assert_eq!(asked(&header("retry-after", "7200")), Some(MAX_WAIT));
        assert_eq!(asked(&header("retry-after", "soon")), None);
        assert_eq!(asked(&HeaderMap::new()), None);
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let second = Duration::from_secs(1);
        assert_eq!(wait(None, second, 1), second);
        assert_eq!(wait(None, second, 3), 4 * second);
        assert_eq!(wait(None, second, 30), MAX_WAIT);
        assert_eq!(wait(Some(Duration::ZERO), second, 3), Duration::ZERO);
    }
}
