//! From `ts` to the project's wall clock and to UTC.
//!
//! In: CleverTap's `ts`: 14 digits are project-local `YYYYMMDDhhmmss`, 10 digits seconds and 13 digits milliseconds
//! since the Unix epoch. Out: microseconds, local (no offset) and UTC. An hour that happens twice is its earlier
//! self, an hour that never happens moves forward: in UTC only, the local time stays as CleverTap gave it.
//!
//! jiff answers once per calendar day and local hour; what it said is kept, because all events of an hour share it.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::period::{day_from_number, day_number};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Hours remembered: more than a year of them.
const HOURS_KEPT: usize = 10_000;

/// The number of the day (Arrow's Date32) of a local time.
pub(super) fn day_number_of(local: i64) -> i32 {
    // Times are within the years 1 to 9999, so this fits by far.
    local.div_euclid(DAY) as i32
}

/// The day of a local time.
pub(super) fn day_of(local: i64) -> Option<Date> {
    day_from_number(day_number_of(local))
}

/// The local times of a day, the end not included.
pub(super) fn span_of(day: Date) -> std::ops::Range<i64> {
    let start = i64::from(day_number(day)) * DAY;
    start..start + DAY
}

/// The minute of the day (0 to 1439) of a local time.
pub(super) fn minute_of(local: i64) -> u16 {
    (local.rem_euclid(DAY) / (60 * SECOND)) as u16
}

/// When an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Microseconds of the project's wall clock, counted as if it were UTC.
    pub local: i64,
    /// Microseconds since the Unix epoch.
    pub utc: i64,
    /// `ts` as received.
    pub ts: i64,
}

/// Reads `ts` for one time zone.
pub(super) struct Times {
    zone: TimeZone,
    day: (i64, i64),
    hour: (i64, HourOffset),
    hours: HashMap<i64, HourOffset>,
}

/// What the zone says about one hour of the wall clock.
#[derive(Clone, Copy)]
enum HourOffset {
    /// One offset throughout, in microseconds.
    Even(i64),
    /// The clocks change within it: ask for each moment.
    Changing,
}

impl Times {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, day: (i64::MIN, 0), hour: (i64::MIN, HourOffset::Changing), hours: HashMap::new() }
    }

    /// `None` when the text is none of the three forms or no possible time.
    pub fn read(&mut self, ts: &str) -> Option<Moment> {
        if !ts.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = ts.parse::<i64>().ok()?;
        match ts.len() {
            14 => {
                let local = self.midnight(number / 1_000_000)? + time_of_day(number % 1_000_000)?;
                Some(Moment { local, utc: self.utc(local)?, ts: number })
            }
            10 => self.at_epoch(number * SECOND, number),
            13 => self.at_epoch(number * 1_000, number),
            _ => None,
        }
    }

    /// The microsecond at which a day of the form `YYYYMMDD` begins.
    fn midnight(&mut self, compact: i64) -> Option<i64> {
        if self.day.0 != compact {
            let year = i16::try_from(compact / 10_000).ok().filter(|year| *year >= 1)?;
            let month = i8::try_from(compact / 100 % 100).ok()?;
            let day = i8::try_from(compact % 100).ok()?;
            let date = Date::new(year, month, day).ok()?;
            self.day = (compact, i64::from(day_number(date)) * DAY);
        }
        Some(self.day.1)
    }

    fn at_epoch(&self, utc: i64, ts: i64) -> Option<Moment> {
        let local = wall_clock(self.zone.to_datetime(Timestamp::from_microsecond(utc).ok()?));
        Some(Moment { local, utc, ts })
    }

    fn utc(&mut self, local: i64) -> Option<i64> {
        let hour = local.div_euclid(HOUR);
        if self.hour.0 != hour {
            self.hour = (hour, self.offset_of(hour)?);
        }
        match self.hour.1 {
            HourOffset::Even(offset) => Some(local - offset),
            HourOffset::Changing => {
                let instant = self.zone.to_ambiguous_timestamp(civil(local)?).compatible().ok()?;
                Some(instant.as_microsecond())
            }
        }
    }

    fn offset_of(&mut self, hour: i64) -> Option<HourOffset> {
        if let Some(known) = self.hours.get(&hour) {
            return Some(*known);
        }
        let offset_at = |local| match self.zone.to_ambiguous_timestamp(civil(local)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => Some(i64::from(offset.seconds()) * SECOND),
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Fold { .. } => None,
        };
        // A change within the hour, also a half-hour one, shows as another offset (or none) at one of its ends.
        let (first, last) = (offset_at(hour * HOUR), offset_at(hour * HOUR + HOUR - SECOND));
        let found = match (first, last) {
            (Some(first), Some(last)) if first == last && in_range(hour * HOUR - first) => HourOffset::Even(first),
            _ => HourOffset::Changing,
        };
        if self.hours.len() >= HOURS_KEPT {
            self.hours.clear();
        }
        self.hours.insert(hour, found);
        Some(found)
    }
}

/// Whether this hour can be said in UTC at all (the last of the year 9999 may not).
fn in_range(utc: i64) -> bool {
    Timestamp::from_microsecond(utc).is_ok() && Timestamp::from_microsecond(utc + HOUR).is_ok()
}

fn time_of_day(compact: i64) -> Option<i64> {
    let (hour, minute, second) = (compact / 10_000, compact / 100 % 100, compact % 100);
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 3_600 + minute * 60 + second) * SECOND)
}

pub(super) fn wall_clock(time: DateTime) -> i64 {
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    i64::from(day_number(time.date())) * DAY + seconds * SECOND + i64::from(time.subsec_nanosecond()) / 1_000
}

/// The date and time of local microseconds.
fn civil(local: i64) -> Option<DateTime> {
    Some(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(local).ok()?))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(zone: &str, ts: &str) -> Option<(String, String)> {
        let moment = Times::new(TimeZone::get(zone).unwrap()).read(ts)?;
        let utc = Timestamp::from_microsecond(moment.utc).unwrap().to_string();
        Some((civil(moment.local).unwrap().to_string(), utc))
    }

    #[rstest]
    #[case("Asia/Kolkata", "20221119054937", "2022-11-19T05:49:37", "2022-11-19T00:19:37Z")]
    #[case("Asia/Kolkata", "1668817177", "2022-11-19T05:49:37", "2022-11-19T00:19:37Z")]
    #[case("Asia/Kolkata", "1668817177123", "2022-11-19T05:49:37.123", "2022-11-19T00:19:37.123Z")]
    // The double hour takes the earlier offset.
    #[case("Europe/Berlin", "20261025023000", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z")]
    // The missing hour moves forward, in UTC only.
    #[case("Europe/Berlin", "20260329023000", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z")]
    #[case("Europe/Berlin", "20260329033000", "2026-03-29T03:30:00", "2026-03-29T01:30:00Z")]
    // Half an hour is missing here.
    #[case("Australia/Lord_Howe", "20261004021500", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z")]
    #[case("Australia/Lord_Howe", "20261004024500", "2026-10-04T02:45:00", "2026-10-03T15:45:00Z")]
    // Half an hour happens twice: 01:30 to 02:00.
    #[case("Australia/Lord_Howe", "20260405014500", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z")]
    #[case("Australia/Lord_Howe", "20260405021500", "2026-04-05T02:15:00", "2026-04-04T15:45:00Z")]
    // A whole day is missing.
    #[case("Pacific/Apia", "20111230120000", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z")]
    #[case("UTC", "00010101000000", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z")]
    fn a_ts_has_a_local_and_a_utc_time(#[case] zone: &str, #[case] ts: &str, #[case] local: &str, #[case] utc: &str) {
        assert_eq!(read(zone, ts), Some((local.to_owned(), utc.to_owned())));
    }

    #[rstest]
    #[case("20260230000000")]
    #[case("20261301000000")]
    #[case("20260101240000")]
    #[case("20260101006000")]
    #[case("20260101000060")]
    #[case("00000101000000")]
    #[case("202601010000")]
    #[case("")]
    #[case("-1668817177")]
    #[case("+166881717")]
    #[case(" 1668817177")]
    #[case("1668817177.0")]
    #[case("99991231235959")]
    fn what_is_no_time_is_refused(#[case] ts: &str) {
        // The last hours of the year 9999 have no UTC time in jiff west of Greenwich.
        assert_eq!(read("America/New_York", ts), None);
    }

    #[test]
    fn what_is_remembered_changes_nothing() {
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let mut remembering = Times::new(zone.clone());
        for hour in 0..24 {
            for minute in (0..60).step_by(7) {
                let ts = format!("20260405{hour:02}{minute:02}00");
                assert_eq!(remembering.read(&ts), Times::new(zone.clone()).read(&ts));
            }
        }
    }
}
