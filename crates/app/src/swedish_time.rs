use faltkarta_model::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The date on the wall in Sweden, `2026-05-19`: work at half past midnight belongs to the new day.
///
/// Source: Directive 2000/84/EC, summer time from the last Sunday of March to the last of October, 01:00 UTC.
pub(crate) fn swedish_date(now: Timestamp) -> String {
    let utc = now.date_utc();
    let year: i64 = utc.get(..4).and_then(|it| it.parse().ok()).unwrap_or(1970);
    let is_summer =
        (last_sunday(year, 3) + HOUR_MS..last_sunday(year, 10) + HOUR_MS).contains(&now.unix_ms());
    let offset_ms = if is_summer { 2 * HOUR_MS } else { HOUR_MS };
    Timestamp::from_unix_ms(now.unix_ms() + offset_ms).date_utc()
}

/// Midnight in UTC of the last Sunday of a month with 31 days.
fn last_sunday(year: i64, month: u32) -> i64 {
    let last = Timestamp::parse(&format!("{year:04}-{month:02}-31T00:00:00Z"))
        .map_or(0, Timestamp::unix_ms);
    // 1 January 1970 was a Thursday, day 4 of a week that begins on Sunday.
    let weekday = (last.div_euclid(DAY_MS) + 4).rem_euclid(7);
    last - weekday * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_turns_at_swedish_midnight_in_winter_and_summer() {
        let date = |text: &str| swedish_date(Timestamp::parse(text).unwrap());
        assert_eq!(date("2026-01-15T22:59:59Z"), "2026-01-15");
        assert_eq!(date("2026-01-15T23:00:00Z"), "2026-01-16");
        assert_eq!(date("2026-07-15T21:59:59Z"), "2026-07-15");
        assert_eq!(date("2026-07-15T22:00:00Z"), "2026-07-16");
        // The last Sunday of October 2026 is the 25th; the clocks go back at 01:00 UTC.
        assert_eq!(date("2026-10-24T22:30:00Z"), "2026-10-25");
        assert_eq!(date("2026-10-25T22:30:00Z"), "2026-10-25");
    }
}
