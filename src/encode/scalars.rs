//! The text of numbers, dates and timestamps, the same in every text format.
//!
//! Integers plain. Numbers always with decimals (`12.0`), never an exponent, the shortest text that reads back as the
//! same double. Dates `2026-11-01`; timestamps with seconds, and a fraction of three or six digits only where there
//! is one. Years outside 0–9999 carry a sign and at least six digits, as ISO 8601 has it.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::DateTimeStyle;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// The least whole number of sixteen digits.
const DIGITS_15: u64 = 1_000_000_000_000_000;

pub(super) fn write_integer(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// `value` is finite; what has no digits is null, and its caller's business.
pub(super) fn write_number(value: f64, out: &mut Vec<u8>) {
    if let Some(hundredths) = hundredths(value) {
        return write_hundredths(hundredths, out);
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    if !text.contains('e') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    // The standard library's form has no exponent, and no decimals where there is no fraction.
    let start = out.len();
    // Writing to a `Vec` does not fail.
    let _ = write!(out, "{value}");
    if !out.get(start..).is_some_and(|text| text.contains(&b'.')) {
        out.extend_from_slice(b".0");
    }
}

/// The value in hundredths, if those are all there is to it: counts and amounts of money, most numbers that come by.
///
/// Two different decimals of up to 15 digits never meet in one double, so when such a decimal gives back the value it
/// is also the shortest that does.
fn hundredths(value: f64) -> Option<i64> {
    let rounded = (value * 100.0 + 0.5_f64.copysign(value)) as i64;
    // Zero is left out for the sake of its sign.
    let exact = rounded != 0 && rounded.unsigned_abs() < DIGITS_15 && rounded as f64 / 100.0 == value;
    exact.then_some(rounded)
}

fn write_hundredths(hundredths: i64, out: &mut Vec<u8>) {
    if hundredths < 0 {
        out.push(b'-');
    }
    let magnitude = hundredths.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(magnitude / 100).as_bytes());
    let [tenths, rest] = two_digits((magnitude % 100) as u32);
    out.extend_from_slice(&[b'.', tenths]);
    if rest != b'0' {
        out.push(rest);
    }
}

/// Writes dates, and keeps the last one's text: neighbouring rows mostly share it.
pub(super) struct DateText {
    day: i64,
    text: [u8; 16],
    length: usize,
}

impl DateText {
    pub(super) fn new() -> Self {
        let mut date = Self { day: 0, text: [0; 16], length: 0 };
        date.set(0);
        date
    }

    /// `day` counts from 1970-01-01.
    pub(super) fn write(&mut self, day: i64, out: &mut Vec<u8>) {
        if day != self.day {
            self.set(day);
        }
        // Sixteen bytes at once are cheaper than a copy of unknown length.
        let end = out.len() + self.length;
        out.extend_from_slice(&self.text);
        out.truncate(end);
    }

    fn set(&mut self, day: i64) {
        let (year, month, day_of_month) = civil(day);
        let mut rest: &mut [u8] = &mut self.text;
        // Fits: the widest year of an `i32` day or an `i64` microsecond has seven digits and a sign.
        let written = match year {
            0..=9999 => write!(rest, "{year:04}-{month:02}-{day_of_month:02}"),
            _ => write!(rest, "{year:+07}-{month:02}-{day_of_month:02}"),
        };
        debug_assert!(written.is_ok());
        let left = rest.len();
        self.length = self.text.len() - left;
        self.day = day;
    }
}

/// Writes the timestamps of one column.
pub(super) struct TimestampText {
    date: DateText,
    separator: u8,
    zulu: bool,
    /// For wall clocks whose offset is written.
    offset: Option<OffsetText>,
}

impl TimestampText {
    /// `utc`: the values are instants rather than a wall clock's.
    pub(super) fn new(style: DateTimeStyle, utc: bool) -> Self {
        let (separator, zulu) = match style {
            DateTimeStyle::Iso => (b'T', utc),
            DateTimeStyle::Space => (b' ', false),
        };
        Self { date: DateText::new(), separator, zulu, offset: None }
    }

    /// The values are those of a wall clock in this zone, and are written with the offset of their moment.
    pub(super) fn with_offset(zone: TimeZone) -> Self {
        Self { offset: Some(OffsetText::new(zone)), ..Self::new(DateTimeStyle::Iso, false) }
    }

    /// `micros` counts from 1970-01-01T00:00:00.
    pub(super) fn write(&mut self, micros: i64, out: &mut Vec<u8>) {
        let micros = self.offset.as_mut().map_or(micros, |offset| offset.shown(micros));
        let day = micros.div_euclid(MICROS_PER_DAY);
        let of_day = micros.rem_euclid(MICROS_PER_DAY);
        let (seconds, fraction) = ((of_day / MICROS_PER_SECOND) as u32, (of_day % MICROS_PER_SECOND) as u32);
        self.date.write(day, out);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let [h, i] = two_digits(hour);
        let [m, n] = two_digits(minute);
        let [s, t] = two_digits(second);
        out.extend_from_slice(&[self.separator, h, i, b':', m, n, b':', s, t]);
        if fraction != 0 {
            let [a, b] = two_digits(fraction / 10_000);
            let [c, d] = two_digits(fraction / 100 % 100);
            let [e, f] = two_digits(fraction % 100);
            let digits = [b'.', a, b, c, d, e, f];
            let shown = if fraction.is_multiple_of(1000) { 4 } else { 7 };
            out.extend(digits.into_iter().take(shown));
        }
        if self.zulu {
            out.push(b'Z');
        }
        if let Some(offset) = &self.offset {
            out.extend_from_slice(&offset.text);
        }
    }
}

/// Finds the offsets of wall-clock times, and keeps the last one: neighbouring rows mostly share it.
struct OffsetText {
    zone: TimeZone,
    /// The quarter of an hour that was last looked up, counted from 1970 on that clock. Clocks are not turned within one.
    quarter: i64,
    /// From the clock's time to what is written: not zero in an hour that a clock leaves out.
    shift: i64,
    /// `+05:30`
    text: [u8; 6],
}

const MICROS_PER_QUARTER: i64 = 15 * 60 * MICROS_PER_SECOND;

impl OffsetText {
    fn new(zone: TimeZone) -> Self {
        // No quarter has this number.
        Self { zone, quarter: i64::MIN, shift: 0, text: *b"+00:00" }
    }

    /// The time to write before the offset.
    fn shown(&mut self, micros: i64) -> i64 {
        let quarter = micros.div_euclid(MICROS_PER_QUARTER);
        if quarter != self.quarter {
            self.look_up(micros);
            self.quarter = quarter;
        }
        micros.saturating_add(self.shift)
    }

    /// The repeated hour has its earlier offset, the missing one moves forward. A time beyond the calendar is written
    /// as if in UTC.
    fn look_up(&mut self, micros: i64) {
        (self.shift, self.text) = (0, *b"+00:00");
        let Ok(wall) = Timestamp::from_microsecond(micros) else { return };
        let wall = TimeZone::UTC.to_datetime(wall);
        let Ok(instant) = self.zone.to_ambiguous_timestamp(wall).compatible() else { return };
        // Offsets with seconds are those of centuries past; what is written has minutes only.
        let minutes = self.zone.to_offset(instant).seconds().div_euclid(60);
        let shown = instant.as_microsecond().saturating_add(i64::from(minutes) * 60 * MICROS_PER_SECOND);
        self.shift = shown.saturating_sub(micros);
        let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        let ([h, i], [m, n]) = (two_digits(hours.min(99)), two_digits(rest));
        self.text = [if minutes < 0 { b'-' } else { b'+' }, h, i, b':', m, n];
    }
}

/// `value` is below 100.
fn two_digits(value: u32) -> [u8; 2] {
    [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// The year is taken to begin in March, so that the leap day is its last; 400 such years are always 146,097 days.
fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    // 0000-03-01 is 719,468 days before 1970-01-01.
    let shifted = day + 719_468;
    let (cycle, of_cycle) = (shifted.div_euclid(DAYS_OF_400_YEARS), shifted.rem_euclid(DAYS_OF_400_YEARS));
    // Leap days are left out of the count before it is divided into years of 365 days.
    let year_of_cycle = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // March to January: months of 31, 30, 31, 30, 31 days repeat, 153 days each.
    let from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::period::day_from_number;

    fn number(value: f64) -> String {
        let mut out = Vec::new();
        write_number(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn timestamp(micros: i64, style: DateTimeStyle, utc: bool) -> String {
        let mut out = Vec::new();
        TimestampText::new(style, utc).write(micros, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn day(number: i64) -> String {
        let mut out = Vec::new();
        DateText::new().write(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_number_always_shows_decimals_and_never_an_exponent() {
        for (value, text) in [
            (12.0, "12.0"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (-7.0, "-7.0"),
            (0.1, "0.1"),
            (499.99, "499.99"),
            (1e15, "1000000000000000.0"),
            (1e16, "10000000000000000.0"),
            (1e22, "10000000000000000000000.0"),
            (-1.5e-7, "-0.00000015"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_timestamp_has_a_fraction_only_where_there_is_one() {
        let micros = 1_793_537_231_000_000;
        assert_eq!(timestamp(micros, DateTimeStyle::Iso, false), "2026-11-01T12:47:11");
        assert_eq!(timestamp(micros, DateTimeStyle::Iso, true), "2026-11-01T12:47:11Z");
        assert_eq!(timestamp(micros, DateTimeStyle::Space, false), "2026-11-01 12:47:11");
        assert_eq!(timestamp(micros, DateTimeStyle::Space, true), "2026-11-01 12:47:11");
        assert_eq!(timestamp(micros + 120_000, DateTimeStyle::Iso, true), "2026-11-01T12:47:11.120Z");
        assert_eq!(timestamp(micros + 7, DateTimeStyle::Iso, false), "2026-11-01T12:47:11.000007");
        assert_eq!(timestamp(-1, DateTimeStyle::Iso, false), "1969-12-31T23:59:59.999999");
    }

    #[test]
    fn a_wall_clock_is_written_with_the_offset_of_its_moment() {
        let shown = |zone: &str, times: &[&str]| -> Vec<String> {
            let mut text = TimestampText::with_offset(TimeZone::get(zone).unwrap());
            let write = |time: &&str| {
                let wall: jiff::civil::DateTime = time.parse().unwrap();
                let micros = TimeZone::UTC.to_timestamp(wall).unwrap().as_microsecond();
                let mut out = Vec::new();
                text.write(micros, &mut out);
                String::from_utf8(out).unwrap()
            };
            times.iter().map(write).collect()
        };
        assert_eq!(shown("Asia/Kolkata", &["2026-11-01T12:47:11"]), ["2026-11-01T12:47:11+05:30"]);
        assert_eq!(shown("America/St_Johns", &["2026-11-23T00:00:00.5"]), ["2026-11-23T00:00:00.500-03:30"]);
        assert_eq!(
            shown(
                "Europe/Berlin",
                &[
                    "2026-10-25T01:59:59",
                    // Twice that night: the first.
                    "2026-10-25T02:30:00",
                    "2026-10-25T03:00:00",
                    "2026-03-29T01:59:59",
                    // Never that night.
                    "2026-03-29T02:30:00",
                    "2026-03-29T03:00:00",
                ]
            ),
            [
                "2026-10-25T01:59:59+02:00",
                "2026-10-25T02:30:00+02:00",
                "2026-10-25T03:00:00+01:00",
                "2026-03-29T01:59:59+01:00",
                "2026-03-29T03:30:00+02:00",
                "2026-03-29T03:00:00+02:00",
            ]
        );
        // Nineteen minutes and 32 seconds are not written.
        let old = shown("Europe/Amsterdam", &["1900-01-01T00:00:00"]);
        assert!(old[0].ends_with("+00:17") || old[0].ends_with("+00:19"), "{old:?}");
    }

    #[test]
    fn years_without_four_digits_carry_a_sign() {
        assert_eq!(day(-719_528), "0000-01-01");
        assert_eq!(day(-719_529), "-000001-12-31");
        assert_eq!(day(2_932_897), "+010000-01-01");
        assert_eq!(day(i64::from(i32::MAX)), "+5881580-07-11");
        assert_eq!(day(i64::from(i32::MIN)), "-5877641-06-23");
        assert_eq!(timestamp(i64::MAX, DateTimeStyle::Iso, true), "+294247-01-10T04:00:54.775807Z");
        assert_eq!(timestamp(i64::MIN, DateTimeStyle::Iso, true), "-290308-12-21T19:59:05.224192Z");
    }

    #[test]
    fn the_kept_date_is_replaced_when_the_day_changes() {
        let mut out = Vec::new();
        let mut text = DateText::new();
        for number in [0, 0, 1, 1, 0, 20_758] {
            text.write(number, &mut out);
        }
        assert_eq!(out, b"1970-01-011970-01-011970-01-021970-01-021970-01-012026-11-01");
    }

    proptest! {
        #[test]
        fn an_amount_of_money_is_written_as_a_general_number_is(cents in -2_000_000_000_000_000..2_000_000_000_000_000i64) {
            let value = cents as f64 / 100.0;
            prop_assert_eq!(number(value), format!("{value:?}"));
        }

        #[test]
        fn a_small_amount_is_written_as_a_general_number_is(cents in -20_000..20_000i32) {
            let value = f64::from(cents) / 100.0;
            prop_assert_eq!(number(value), format!("{value:?}"));
        }

        #[test]
        fn every_day_of_the_common_years_is_the_calendar_librarys(number in -719_528..2_932_896i32) {
            prop_assert_eq!(day(i64::from(number)), day_from_number(number).unwrap().to_string());
        }

        #[test]
        fn a_number_reads_back_as_itself(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = number(value);
            prop_assert!(text.contains('.') && !text.contains(['e', 'E']), "{}", text);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
        }

        #[test]
        fn a_timestamp_reads_back_as_itself(micros in -62_135_596_800_000_000..253_402_300_799_999_999i64) {
            let text = timestamp(micros, DateTimeStyle::Iso, false);
            let read: jiff::civil::DateTime = text.parse().unwrap();
            let since = read.duration_since(date(1970, 1, 1).at(0, 0, 0, 0));
            prop_assert_eq!(since.as_micros(), i128::from(micros));
        }
    }
}
