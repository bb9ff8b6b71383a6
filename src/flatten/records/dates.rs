//! Reads the days and times that CleverTap writes in many ways (reference 1.5).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::value::said;

/// The forms of a time in English, its commas taken out; the first is the one that was seen.
const FORMS: [&str; 9] = [
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d %b %Y %I:%M %p",
    "%d %b %Y",
    "%d %B %Y %H:%M:%S",
    "%d %B %Y %H:%M",
    "%d %B %Y",
    "%b %d %Y %H:%M:%S",
    "%b %d %Y",
];

/// The time of the project's wall clock that a JSON value says; see [`read_text`].
pub(super) fn read(json: &str, zone: &TimeZone) -> Option<DateTime> {
    read_text(&said(json), zone)
}

/// The time of the project's wall clock that a text says: 14, 12 or 8 digits of a local time, 10 or 13 digits since the
/// Unix epoch, English (`07 Sep, 2017 16:00:00`), or ISO. `None` when it is none of these.
pub(super) fn read_text(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let text = text.trim();
    let time = match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits(text, zone),
        false => words(text),
    };
    time.filter(|time| (1..=9998).contains(&time.year()))
}

fn digits(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let number: i64 = text.parse().ok()?;
    let form = match text.len() {
        8 => "%Y%m%d",
        12 => "%Y%m%d%H%M",
        14 => "%Y%m%d%H%M%S",
        10 => return Some(zone.to_datetime(Timestamp::from_second(number).ok()?)),
        13 => return Some(zone.to_datetime(Timestamp::from_millisecond(number).ok()?)),
        _ => return None,
    };
    strtime::parse(form, text).ok()?.to_datetime().ok()
}

fn words(text: &str) -> Option<DateTime> {
    let plain = text.replace(',', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let spelled = || FORMS.iter().find_map(|form| strtime::parse(form, &plain).ok()?.to_datetime().ok());
    text.parse().ok().or_else(spelled)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("\"07 Sep, 2017 16:00:00\"", "2017-09-07T16:00:00")]
    #[case("\"7 september 2017 16:00\"", "2017-09-07T16:00:00")]
    #[case("\"Oct 07, 2017\"", "2017-10-07T00:00:00")]
    #[case("\"07 Sep, 2017 04:05 PM\"", "2017-09-07T16:05:00")]
    #[case("\"2017-09-07T16:00:00\"", "2017-09-07T16:00:00")]
    #[case("\"2017-09-07\"", "2017-09-07T00:00:00")]
    #[case("201603081508", "2016-03-08T15:08:00")]
    #[case("20160308150809", "2016-03-08T15:08:09")]
    #[case("\"20160308\"", "2016-03-08T00:00:00")]
    #[case("1457271567", "2016-03-06T19:09:27")]
    fn a_time_is_read_in_every_form(#[case] json: &str, #[case] expected: &str) {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        assert_eq!(read(json, &zone).map(|time| time.to_string()).as_deref(), Some(expected));
    }

    #[rstest]
    #[case("\"\"")]
    #[case("\"N/A\"")]
    #[case("\"07 Foo, 2017\"")]
    #[case("20161308")]
    #[case("123")]
    #[case("true")]
    #[case("\"99991231\"")]
    fn what_is_no_time_is_none(#[case] json: &str) {
        assert_eq!(read(json, &TimeZone::UTC), None);
    }
}
