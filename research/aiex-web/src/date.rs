//! Days of the calendar, for engines that take and give dates. It does not know what they are for.

use std::time::{Duration, SystemTime};

use crate::Freshness;

const DAY: u64 = 86_400;

/// Seconds since 1970 of the oldest result wanted.
pub(crate) fn oldest(freshness: Freshness, now: SystemTime) -> Option<u64> {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    Some(since.as_secs().saturating_sub(freshness.days()? * DAY))
}

/// `2026-03-01` from seconds since 1970, counted as in Howard Hinnant's "chrono-compatible low-level date algorithms"
/// (`civil_from_days`).
pub(crate) fn day(seconds: u64) -> String {
    let days = seconds / DAY + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_right() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_825_600, "2000-02-29"),
            (1_772_323_200, "2026-03-01"),
            (1_772_323_199, "2026-02-28"),
        ] {
            assert_eq!(day(seconds), date);
        }
    }

    #[test]
    fn freshness_counts_back_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10 * DAY);
        assert_eq!(oldest(Freshness::Week, now), Some(3 * DAY));
        assert_eq!(oldest(Freshness::Year, now), Some(0));
        assert_eq!(oldest(Freshness::Any, now), None);
    }
}
