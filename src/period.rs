//! Days and periods: the unit of fetching, storing, expiring and repairing.
//!
//! A day here is always a whole day of the project's own calendar (CleverTap's `from` and `to` are such days). The
//! clock is a value, so that tests can say what day it is.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// An inclusive run of project-local days. `first <= last` always holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

impl Days {
    /// `None` when `last` is before `first`.
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    pub fn one(day: Date) -> Self {
        Self { first: day, last: day }
    }

    /// Number of days, at least 1.
    pub fn count(self) -> usize {
        usize::try_from(day_number(self.last) - day_number(self.first)).map_or(1, |n| n + 1)
    }

    pub fn contains(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }

    pub fn iter(self) -> impl Iterator<Item = Date> {
        self.first.series(1.day()).take(self.count())
    }
}

/// Days since 1970-01-01: Arrow's Date32.
pub fn day_number(day: Date) -> i32 {
    day.duration_since(Date::constant(1970, 1, 1)).as_hours().div_euclid(24) as i32
}

/// The day of an Arrow Date32, or `None` outside jiff's years.
pub fn day_from_number(number: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(number).ok()?).ok()
}

/// CleverTap's form of a day: the integer `YYYYMMDD`. Meaningful for years 1 to 9999.
pub fn compact(day: Date) -> u32 {
    u32::from(day.year().unsigned_abs()) * 10_000
        + u32::from(day.month().unsigned_abs()) * 100
        + u32::from(day.day().unsigned_abs())
}

/// The end of a day: the instant at which the next one begins in this zone.
pub fn end_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    start_of_day(day.tomorrow().unwrap_or(day), zone)
}

/// The instant at which a day begins in this zone, also where its midnight does not exist.
pub fn start_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().unwrap_or(Timestamp::MAX)
}

/// The zone's name in the time zone database.
pub fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// Tells the time. Real in the gateway, set by hand in tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The current day in this zone.
    pub fn today(&self, zone: &TimeZone) -> Date {
        zone.to_datetime(self.now()).date()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_number_goes_there_and_back() {
        for day in [date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29), date(2026, 11, 23)] {
            assert_eq!(day_from_number(day_number(day)), Some(day));
        }
        assert_eq!(day_number(date(1970, 1, 2)), 1);
    }

    #[test]
    fn days_are_inclusive() {
        let days = Days::new(date(2026, 2, 27), date(2026, 3, 1)).unwrap();
        assert_eq!(days.count(), 3);
        assert_eq!(days.iter().map(compact).collect::<Vec<_>>(), [20260227, 20260228, 20260301]);
        assert!(Days::new(date(2026, 3, 2), date(2026, 3, 1)).is_none());
    }

    #[test]
    fn a_day_ends_where_the_next_begins_even_when_midnight_does_not_exist() {
        let cairo = TimeZone::get("Africa/Cairo").unwrap();
        // Clocks go from 00:00 to 01:00 on 2026-04-24.
        assert_eq!(end_of_day(date(2026, 4, 23), &cairo).to_string(), "2026-04-23T22:00:00Z");
    }
}
