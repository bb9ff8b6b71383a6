//! One day of a project's calendar: when it begins and ends, and what the clock on the wall shows in it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A local day. Its length is 23, 24 or 25 hours where clocks change, and 0 where a zone skipped it.
#[derive(Clone, Debug)]
pub struct Day {
    pub date: Date,
    /// Days since 1970-01-01.
    pub number: i64,
    /// Unix seconds of its first moment.
    pub start: i64,
    /// Seconds from its first moment to the next day's.
    pub length: i64,
    /// What the wall clock shows at the first moment, in seconds since midnight: not 0 where midnight is skipped.
    opens: i64,
    /// After so many seconds the wall clock is moved by so many.
    change: Option<(i64, i64)>,
    /// `YYYYMMDD` times a million.
    stem: i64,
}

impl Day {
    /// `None` for days outside the calendar's years.
    pub fn new(date: Date, zone: &TimeZone) -> Option<Self> {
        let first = midnight(date, zone)?;
        let end = midnight(date.tomorrow().ok()?, zone)?;
        let wall = zone.to_datetime(first);
        let offset = zone.to_offset(first).seconds();
        let change = zone.following(first).next().filter(|change| change.timestamp() < end).map(|change| {
            (change.timestamp().as_second() - first.as_second(), i64::from(change.offset().seconds() - offset))
        });
        let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
        Some(Self {
            date,
            number: days_since_epoch(date),
            start: first.as_second(),
            length: end.as_second() - first.as_second(),
            opens: i64::from(wall.hour()) * 3600 + i64::from(wall.minute()) * 60 + i64::from(wall.second()),
            change,
            stem: (year * 10_000 + month * 100 + day) * 1_000_000,
        })
    }

    /// CleverTap's `ts` so many seconds after the day's first moment: 14 digits of local time.
    pub fn ts(&self, elapsed: i64) -> i64 {
        let moved = self.change.filter(|(at, _)| elapsed >= *at).map_or(0, |(_, by)| by);
        let seconds = self.opens + elapsed + moved;
        self.stem + seconds / 3600 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60
    }
}

/// Days since 1970-01-01.
pub fn days_since_epoch(date: Date) -> i64 {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours().div_euclid(24)
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn day(date: Date, zone: &str) -> Day {
        Day::new(date, &TimeZone::get(zone).unwrap()).unwrap()
    }

    #[test]
    fn the_wall_clock_shows_the_second_hour_twice_when_summer_ends() {
        let day = day(date(2026, 10, 25), "Europe/Berlin");
        assert_eq!(day.length, 25 * 3600);
        assert_eq!(day.ts(2 * 3600 + 1), 20261025020001);
        assert_eq!(day.ts(3 * 3600 + 1), 20261025020001);
        assert_eq!(day.ts(day.length - 1), 20261025235959);
    }

    #[test]
    fn an_hour_that_does_not_exist_is_never_shown() {
        let day = day(date(2026, 3, 29), "Europe/Berlin");
        assert_eq!(day.length, 23 * 3600);
        assert_eq!(day.ts(2 * 3600 - 1), 20260329015959);
        assert_eq!(day.ts(2 * 3600), 20260329030000);
        assert_eq!(day.ts(day.length - 1), 20260329235959);
    }

    #[test]
    fn a_day_without_midnight_begins_at_one() {
        let day = day(date(2026, 4, 24), "Africa/Cairo");
        assert_eq!(day.ts(0), 20260424010000);
        assert_eq!(day.ts(day.length - 1), 20260424235959);
    }
}
