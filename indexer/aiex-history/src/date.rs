//! Dates of queries, as seconds since 1970.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A point in time: `2024`, `2024-03`, `2024-03-09` (UTC), `yesterday`, `today`, or an age such as `3d`, `2w`, `6m`, `1y`,
/// `3.weeks`, `3weeks`.
pub(crate) fn parse(text: &str, now: i64) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    match text.as_str() {
        "today" => return Some(now - now.rem_euclid(DAY)),
        "yesterday" => return Some(now - now.rem_euclid(DAY) - DAY),
        _ => {}
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let number: i64 = number.parse().ok()?;
    let unit = rest.trim_start_matches(['.', '-', ' ']).trim_end_matches(".ago");
    let days = match unit {
        "d" | "day" | "days" => 1,
        "w" | "week" | "weeks" => 7,
        "m" | "month" | "months" => 30,
        "y" | "year" | "years" => 365,
        _ => return calendar(&text),
    };
    now.checked_sub(number.checked_mul(days * DAY)?)
}

fn calendar(text: &str) -> Option<i64> {
    let mut fields = text.split(['-', '/']);
    let year: i64 = fields.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month: i64 = fields
        .next()
        .map_or(Ok(1), str::parse)
        .ok()
        .filter(|month| (1..=12).contains(month))?;
    let day: i64 = fields
        .next()
        .map_or(Ok(1), str::parse)
        .ok()
        .filter(|day| (1..=31).contains(day))?;
    fields.next().is_none().then(|| days(year, month, day) * DAY)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_ages_are_points_in_time() {
        let now = 1_700_000_000;
        assert_eq!(parse("1970", now), Some(0));
        assert_eq!(parse("2000-03-01", now), Some(951_868_800));
        assert_eq!(parse("2024-02-29", now), Some(1_709_164_800));
        assert_eq!(parse("2023/11", now), Some(1_698_796_800));
        assert_eq!(parse("3d", now), Some(now - 3 * DAY));
        assert_eq!(parse("2.weeks.ago", now), Some(now - 14 * DAY));
        assert_eq!(parse("1y", now), Some(now - 365 * DAY));
        assert_eq!(parse("yesterday", now), Some(1_699_833_600));
        for wrong in [
            "",
            "soon",
            "2024-13",
            "2024-01-40",
            "24-01-01",
            "99999999999999999999d",
            "2024-1-1-1",
        ] {
            assert_eq!(parse(wrong, now), None, "{wrong}");
        }
    }
}
