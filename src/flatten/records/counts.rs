//! The tables of numbers: `event_counts`, `profile_counts`, `event_trends`, `property_counts`, `realtime_counts`.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Timestamp, ToSpan};

use super::Placed;
use super::sheet::Sheet;
use crate::flatten::error::{FlattenError, RecordFault};

/// `event_counts` and `profile_counts`: rows of first day, last day, count. Their own day is the first one.
pub fn counts(event: &str, rows: &[(Date, Date, u64)], placed: Placed) -> Vec<u8> {
    let mut sheet = Sheet::new(rows.len() * 160);
    for (position, (first, last, count)) in rows.iter().enumerate() {
        let Some(day) = placed.day(*first) else { continue };
        let mut row = sheet.row(day, position as u128);
        row.text("event_name", Some(event))
            .date("period_start", Some(*first))
            .date("period_end", Some(*last))
            .count("count", Some(*count));
        row.end(&[]);
    }
    sheet.finish()
}

/// How long the periods of a trend are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrendBy {
    Day,
    Week,
    Month,
}

impl TrendBy {
    /// First and last day of the period with this key: 8 digits are its first day, 6 are `YYYYMM` or, of a week,
    /// `YYYYWW`. Weeks are ISO weeks; the weeks 00 and 53 that a year may not have are those before and after it.
    pub fn days(self, key: &str) -> Option<(Date, Date)> {
        if !key.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |range: std::ops::Range<usize>| key.get(range)?.parse::<i16>().ok();
        let year = part(0..4).filter(|year| (1..=9998).contains(year))?;
        let number = i8::try_from(part(4..6)?).ok()?;
        let first = match (key.len(), self) {
            (8, _) => Date::new(year, number, i8::try_from(part(6..8)?).ok()?).ok()?,
            (6, Self::Week) if (0..=53).contains(&number) => {
                let first_week = ISOWeekDate::new(year, 1, Weekday::Monday).ok()?.date();
                first_week.checked_add((i64::from(number) - 1).weeks()).ok()?
            }
            (6, Self::Month) => Date::new(year, number, 1).ok()?,
            _ => return None,
        };
        let length = match self {
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        };
        Some((first, first.checked_add(length).ok()?.yesterday().ok()?))
    }
}

/// `event_trends`: points of CleverTap's key and the number as written. Their own day is the period's first one.
///
/// A value that no double holds is null. Errors: `UnreadablePeriod` for a key that is none; `record` is the point's.
pub fn trend<'a>(
    event: &str,
    by: TrendBy,
    is_unique: bool,
    points: impl IntoIterator<Item = (&'a str, &'a str)>,
    placed: Placed,
) -> Result<Vec<u8>, FlattenError> {
    let mut sheet = Sheet::new(0);
    for (record, (key, value)) in points.into_iter().enumerate() {
        let unreadable = FlattenError::Record { record, fault: RecordFault::UnreadablePeriod };
        let (first, last) = by.days(key).ok_or(unreadable)?;
        let Some(day) = placed.day(first) else { continue };
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite());
        let mut row = sheet.row(day, record as u128);
        row.text("event_name", Some(event))
            .text("period", Some(key))
            .date("period_start", Some(first))
            .date("period_end", Some(last))
            .json("value", value.map(|value| serde_json::Value::from(value).to_string()).as_deref())
            .boolean("is_unique", is_unique);
        row.end(&[]);
    }
    Ok(sheet.finish())
}

/// Whose values `property_counts` counts.
#[derive(Clone, Copy, Debug)]
pub struct TopOf<'a> {
    pub event: &'a str,
    pub property_type: &'a str,
    pub property: &'a str,
}

/// `property_counts`: rows of CleverTap's word for the type (empty when it names none), value, count; in their order.
pub fn top<'a>(of: TopOf<'_>, rows: impl IntoIterator<Item = (&'a str, &'a str, u64)>, day: Date) -> Vec<u8> {
    let mut sheet = Sheet::new(0);
    for (position, (value_type, value, count)) in rows.into_iter().enumerate() {
        let mut row = sheet.row(day, position as u128);
        row.text("event_name", Some(of.event))
            .text("property_type", Some(of.property_type))
            .text("property", Some(of.property))
            .text("value_type", Some(value_type).filter(|name| !name.is_empty()))
            .text("value", Some(value))
            .count("count", Some(count));
        row.end(&[]);
    }
    sheet.finish()
}

/// `realtime_counts`: the count, as slice `total`, then rows of slice, value, count in their order.
pub fn real_time<'a>(
    count: u64,
    slices: impl IntoIterator<Item = (&'a str, &'a str, u64)>,
    as_of: Timestamp,
    day: Date,
) -> Vec<u8> {
    let mut sheet = Sheet::new(0);
    let slices = slices.into_iter().map(|(slice, value, count)| (slice, Some(value), count));
    for (position, (slice, value, count)) in std::iter::once(("total", None, count)).chain(slices).enumerate() {
        let mut row = sheet.row(day, position as u128);
        row.text("slice", Some(slice))
            .text("value", value)
            .count("count", Some(count))
            .utc("as_of", Some(as_of.as_second()));
        row.end(&[]);
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::testing::Table;
    use super::*;
    use crate::period::Days;

    const DAY: Date = date(2026, 11, 20);

    fn count_table() -> Table {
        Table::of(&["event_name", "period_start date", "period_end date", "count integer"])
    }

    fn trend_table() -> Table {
        Table::of(&[
            "event_name",
            "period",
            "period_start date",
            "period_end date",
            "value number",
            "is_unique boolean",
        ])
    }

    #[test]
    fn counts_lie_under_their_days_or_under_one() {
        let days = Days::new(date(2026, 11, 1), date(2026, 11, 2)).unwrap();
        let rows = [2, 1, 3].map(|day| (date(2026, 11, day), date(2026, 11, day), 7000 + day as u64));
        let row =
            |day| format!("event_name=A \"b\"|period_start=2026-11-0{day}|period_end=2026-11-0{day}|count=700{day}");
        assert_eq!(count_table().rows(&counts("A \"b\"", &rows, Placed::Within(days))), [row(1), row(2)]);
        assert_eq!(count_table().rows(&counts("A \"b\"", &rows, Placed::On(DAY))), [row(2), row(1), row(3)]);
    }

    #[rstest]
    #[case(TrendBy::Day, "20161224", "2016-12-24", "2016-12-24")]
    #[case(TrendBy::Week, "201652", "2016-12-26", "2017-01-01")]
    #[case(TrendBy::Week, "201701", "2017-01-02", "2017-01-08")]
    #[case(TrendBy::Week, "202053", "2020-12-28", "2021-01-03")]
    #[case(TrendBy::Week, "201653", "2017-01-02", "2017-01-08")]
    #[case(TrendBy::Week, "201700", "2016-12-26", "2017-01-01")]
    #[case(TrendBy::Week, "20170102", "2017-01-02", "2017-01-08")]
    #[case(TrendBy::Month, "201602", "2016-02-01", "2016-02-29")]
    #[case(TrendBy::Month, "20160201", "2016-02-01", "2016-02-29")]
    fn a_key_is_a_period(#[case] by: TrendBy, #[case] key: &str, #[case] first: &str, #[case] last: &str) {
        let page = trend("A", by, true, [(key, "12")], Placed::On(DAY)).unwrap();
        let expected =
            format!("event_name=A|period={key}|period_start={first}|period_end={last}|value=12.0|is_unique=true");
        assert_eq!(trend_table().rows(&page), [expected]);
    }

    #[rstest]
    #[case(TrendBy::Day, "201612")]
    #[case(TrendBy::Day, "20161301")]
    #[case(TrendBy::Week, "201654")]
    #[case(TrendBy::Month, "201613")]
    #[case(TrendBy::Month, "2016-1")]
    #[case(TrendBy::Month, "")]
    fn a_key_that_is_no_period_is_refused(#[case] by: TrendBy, #[case] key: &str) {
        let result = trend("A", by, false, [("20161224", "1"), (key, "2")], Placed::On(DAY));
        assert!(matches!(result, Err(FlattenError::Record { record: 1, fault: RecordFault::UnreadablePeriod })));
    }

    #[test]
    fn values_are_numbers_however_they_are_written() {
        let points = [("20161224", "12.50"), ("20161225", "90071992547409931234"), ("20161226", "1e400")];
        let rows = trend_table().rows(&trend("A", TrendBy::Day, false, points, Placed::On(DAY)).unwrap());
        let values: Vec<&str> = rows.iter().map(|row| row.split('|').nth(4).unwrap()).collect();
        assert_eq!(values, ["value=12.5", "value=9.007199254740994e19", "is_unique=false"]);
    }

    #[test]
    fn top_values_keep_their_order() {
        let of = TopOf { event: "A", property_type: "event_properties", property: "Colour" };
        let page = top(of, [("STR", "red", 120), ("", "", 87)], DAY);
        let table = Table::of(&["event_name", "property_type", "property", "value_type", "value", "count integer"]);
        let head = "event_name=A|property_type=event_properties|property=Colour";
        assert_eq!(
            table.rows(&page),
            [format!("{head}|value_type=STR|value=red|count=120"), format!("{head}|value=|count=87")]
        );
    }

    #[test]
    fn the_total_comes_before_the_slices() {
        let as_of = Timestamp::from_second(1_457_271_567).unwrap();
        let page = real_time(61, [("user_type", "new", 3), ("os", "", 58)], as_of, DAY);
        let rows = Table::of(&["slice", "value", "count integer", "as_of utc"]).rows(&page);
        let as_of = "as_of=1457271567000000";
        assert_eq!(
            rows,
            [
                format!("slice=total|count=61|{as_of}"),
                format!("slice=user_type|value=new|count=3|{as_of}"),
                format!("slice=os|value=|count=58|{as_of}"),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(key in prop_oneof!["[0-9]{6}", "[0-9]{8}", any::<String>()], value in any::<String>()) {
            for by in [TrendBy::Day, TrendBy::Week, TrendBy::Month] {
                if let Ok(page) = trend(&value, by, false, [(key.as_str(), value.as_str())], Placed::On(DAY)) {
                    prop_assert_eq!(trend_table().rows(&page).len(), 1);
                }
            }
            let of = TopOf { event: &key, property_type: &value, property: &key };
            top(of, [(key.as_str(), value.as_str(), u64::MAX)], DAY);
            real_time(0, [(key.as_str(), value.as_str(), 1)], Timestamp::UNIX_EPOCH, DAY);
        }
    }
}
