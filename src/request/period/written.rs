//! Days and date-times as people and tools write them.
//!
//! Times are on the project's own clock. An offset or a `Z` is refused rather than converted: a tool that sends one
//! believes that our days are another zone's, and its rows would be missing or doubled at the edges.

use std::borrow::Cow;
use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, DateTimeRound, Time};
use jiff::{RoundMode, Unit};

use crate::request::RequestError;
use crate::request::error::quoted;
use crate::request::nearest::nearest;
use crate::request::period::Moment;
use crate::request::period::named::{MOST_DAYS, count};

/// The first day that can be written. CleverTap is younger.
const FIRST: Date = Date::constant(1970, 1, 1);
/// The last one: days may lie in the future, but not where sums with them would leave the calendar.
const LAST: Date = Date::constant(2999, 12, 31);

/// A day, perhaps counted from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayWord {
    On(Date),
    Today,
    Yesterday,
    /// `-30d`. 0 is today.
    DaysAgo(u32),
}

impl DayWord {
    /// `None` when it would leave the calendar.
    pub(super) fn on(self, today: Date) -> Option<Date> {
        match self {
            Self::On(day) => Some(day),
            Self::Today => Some(today),
            Self::Yesterday => today.yesterday().ok(),
            Self::DaysAgo(n) => today.checked_sub(i64::from(n).days()).ok(),
        }
    }

    pub(super) fn is_absolute(self) -> bool {
        matches!(self, Self::On(_))
    }
}

impl fmt::Display for DayWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(day) => day.fmt(f),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::DaysAgo(n) => write!(f, "-{n}d"),
        }
    }
}

const DAYS: &str = "a day is written 2026-11-01, 20261101, today, yesterday, or -30d for 30 days ago";
const MOMENTS: &str = "it takes a day (2026-11-01, 20261101, today, yesterday, -30d) or a date-time of the project's \
                       time zone (2026-11-01T00:00:00)";

/// Reads a day.
pub(super) fn day(parameter: &'static str, text: &str) -> Result<DayWord, RequestError> {
    read_day(text).ok_or_else(|| {
        let expected = match read_moment(text) {
            Ok(_) | Err(Wrong::Offset) => {
                "`to` takes whole days, itself included; use `until` for a date-time, itself excluded"
            }
            Err(Wrong::Unreadable) => DAYS,
        };
        bad(parameter, text, expected)
    })
}

/// Reads a day or a date-time.
pub(super) fn moment(parameter: &'static str, text: &str) -> Result<Moment, RequestError> {
    if let Some(day) = read_day(text) {
        return Ok(Moment::Day(day));
    }
    read_moment(text).map(Moment::At).map_err(|wrong| match wrong {
        Wrong::Offset => bad(
            parameter,
            text,
            "date-times are on the clock of the project's time zone; write them without Z and without an offset",
        ),
        Wrong::Unreadable => bad(parameter, text, MOMENTS),
    })
}

fn bad(parameter: &'static str, text: &str, expected: &'static str) -> RequestError {
    RequestError::BadValue { parameter, value: quoted(text), expected: Cow::Borrowed(expected), near: near(text) }
}

fn read_day(text: &str) -> Option<DayWord> {
    match text {
        "today" => Some(DayWord::Today),
        "yesterday" => Some(DayWord::Yesterday),
        "-0d" => Some(DayWord::DaysAgo(0)),
        _ => {
            if let Some(number) = text.strip_prefix('-').and_then(|rest| rest.strip_suffix('d')) {
                count(number).filter(|n| *n <= MOST_DAYS).map(DayWord::DaysAgo)
            } else {
                date(text).map(DayWord::On)
            }
        }
    }
}

/// `2026-11-01` or `20261101`, nothing else.
fn date(text: &str) -> Option<Date> {
    let (year, month, day) = match *text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => (text.get(..4)?, text.get(5..7)?, text.get(8..)?),
        [_, _, _, _, _, _, _, _] => (text.get(..4)?, text.get(4..6)?, text.get(6..)?),
        _ => return None,
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    (FIRST <= date && date <= LAST).then_some(date)
}

enum Wrong {
    Offset,
    Unreadable,
}

/// A day, `T` or a space, and a time of hours and minutes, perhaps with seconds and a fraction. A fraction finer than
/// a microsecond goes up to the next one, so that a window neither wins nor loses a row.
fn read_moment(text: &str) -> Result<DateTime, Wrong> {
    let (day, time) = text.split_once(['T', 't', ' ']).ok_or(Wrong::Unreadable)?;
    let day = date(day).ok_or(Wrong::Unreadable)?;
    let end = time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
    let (clock, rest) = time.split_at_checked(end).ok_or(Wrong::Unreadable)?;
    let shaped = matches!(clock.as_bytes(), [_, _, b':', _, _] | [_, _, b':', _, _, b':', _, _, ..]);
    let clock: Time = clock.parse().ok().filter(|_| shaped).ok_or(Wrong::Unreadable)?;
    if !rest.is_empty() {
        // A `+` arrives as a space, so an offset may begin with one.
        return Err(if rest.starts_with(['Z', 'z', '+', '-', ' ']) { Wrong::Offset } else { Wrong::Unreadable });
    }
    let microseconds = DateTimeRound::new().smallest(Unit::Microsecond).mode(RoundMode::Ceil);
    day.to_datetime(clock).round(microseconds).map_err(|_| Wrong::Unreadable)
}

/// The nearest right way to write it: a day with other separators or without zeros, a misspelt word.
fn near(text: &str) -> Option<String> {
    let text = text.trim();
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    if let [year, month, day] = parts[..]
        && year.len() == 4
        && let Some(date) = read_parts(year, month, day)
    {
        return Some(date.to_string());
    }
    let ago = text.strip_suffix('d').and_then(count).map(|n| format!("-{n}d"));
    ago.or_else(|| nearest(text, ["today", "yesterday"]).map(str::to_owned))
}

fn read_parts(year: &str, month: &str, day: &str) -> Option<Date> {
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    (FIRST <= date && date <= LAST).then_some(date)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as on;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-01", DayWord::On(on(2026, 11, 1)))]
    #[case("20261101", DayWord::On(on(2026, 11, 1)))]
    #[case("2024-02-29", DayWord::On(on(2024, 2, 29)))]
    #[case("today", DayWord::Today)]
    #[case("yesterday", DayWord::Yesterday)]
    #[case("-30d", DayWord::DaysAgo(30))]
    #[case("-0d", DayWord::DaysAgo(0))]
    fn a_day_is_read(#[case] text: &str, #[case] expected: DayWord) {
        assert_eq!(day("to", text).unwrap(), expected);
        assert_eq!(moment("from", text).unwrap(), Moment::Day(expected));
    }

    #[rstest]
    #[case("2026-11-31", None)]
    #[case("2025-02-29", None)]
    #[case("2026-13-01", None)]
    #[case("2026-1-5", Some("2026-01-05"))]
    #[case("2026/11/01", Some("2026-11-01"))]
    #[case("01-11-2026", None)]
    #[case("0001-01-01", None)]
    #[case("9999-12-31", None)]
    #[case("2026-11-0é", None)]
    #[case("30d", Some("-30d"))]
    #[case("-30", None)]
    #[case("--1d", None)]
    #[case("-99999999d", None)]
    #[case("Today", Some("today"))]
    #[case("yesteday", Some("yesterday"))]
    #[case("1793491200", None)]
    #[case("+2026-1-1", None)]
    fn another_text_is_no_day(#[case] text: &str, #[case] near: Option<&str>) {
        let error = day("to", text).unwrap_err();
        assert_eq!((error.parameter(), error.near()), (Some("to"), near));
    }

    #[rstest]
    #[case("2026-11-01T06:30:00", on(2026, 11, 1).at(6, 30, 0, 0))]
    #[case("2026-11-01 06:30:00", on(2026, 11, 1).at(6, 30, 0, 0))]
    #[case("20261101T06:30", on(2026, 11, 1).at(6, 30, 0, 0))]
    #[case("2026-11-01T06:30:00.5", on(2026, 11, 1).at(6, 30, 0, 500_000_000))]
    #[case("2026-11-01T00:00:00.0000000", on(2026, 11, 1).at(0, 0, 0, 0))]
    #[case("2026-11-01T00:00:00.0000001", on(2026, 11, 1).at(0, 0, 0, 1_000))]
    #[case("2026-12-31T23:59:59.9999999", on(2027, 1, 1).at(0, 0, 0, 0))]
    fn a_date_time_is_read(#[case] text: &str, #[case] expected: DateTime) {
        assert_eq!(moment("until", text).unwrap(), Moment::At(expected));
        assert!(day("to", text).unwrap_err().to_string().contains("until"));
    }

    #[rstest]
    #[case("2026-11-01T00:00:00Z", true)]
    #[case("2026-11-01T00:00:00+05:30", true)]
    #[case("2026-11-01T00:00:00 05:30", true)]
    #[case("2026-11-01T00:00:00-03:00", true)]
    #[case("2026-11-01T25:00:00", false)]
    #[case("2026-11-01T", false)]
    #[case("2026-11-01T00", false)]
    #[case("2026-11-01T00:00:00.", false)]
    #[case("2026-11-31T00:00:00", false)]
    #[case("2026-11-01T00:00:00[UTC]", false)]
    #[case("2026-11-01T0é:00", false)]
    fn another_date_time_is_refused_and_an_offset_is_named(#[case] text: &str, #[case] offset: bool) {
        let error = moment("from", text).unwrap_err();
        assert_eq!(error.to_string().contains("offset"), offset, "{error}");
    }
}
