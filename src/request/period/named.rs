//! Named periods: `last_7_days`, `this_month` …

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::period::Days;
use crate::request::RequestError;
use crate::request::error::quoted;
use crate::request::nearest::nearest;

/// A period that follows the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedPeriod {
    Today,
    Yesterday,
    /// That many whole days, the last of them yesterday. At least 1.
    LastDays(u32),
    /// The same, and today.
    LastDaysAndToday(u32),
    /// The whole unit that holds today, also its days that are still to come.
    This(Unit),
    /// The whole unit before it.
    Last(Unit),
}

/// A unit of the calendar. Weeks are ISO weeks and begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Week,
    Month,
    Quarter,
    Year,
}

/// Days of `last_N_days`: a hundred years. Longer ones are refused as unreadable, not as too long, so that no sum with
/// them can leave the calendar.
pub(super) const MOST_DAYS: u32 = 36_600;

const WORDS: [&str; 12] = [
    "today",
    "yesterday",
    "last_N_days",
    "last_N_days_and_today",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
];

pub(super) fn parse(text: &str) -> Result<NamedPeriod, RequestError> {
    read(text).ok_or_else(|| RequestError::BadValue {
        parameter: "range",
        value: quoted(text),
        expected: format!("it takes {}, with N from 1 to {MOST_DAYS}", WORDS.join(", ")).into(),
        near: near(text),
    })
}

fn read(text: &str) -> Option<NamedPeriod> {
    Some(match text {
        "today" => NamedPeriod::Today,
        "yesterday" => NamedPeriod::Yesterday,
        _ => {
            if let Some(number) = text.strip_prefix("last_").and_then(|rest| rest.strip_suffix("_days")) {
                NamedPeriod::LastDays(count(number)?)
            } else if let Some(number) =
                text.strip_prefix("last_").and_then(|rest| rest.strip_suffix("_days_and_today"))
            {
                NamedPeriod::LastDaysAndToday(count(number)?)
            } else {
                let (which, unit) = text.split_once('_')?;
                let unit = match unit {
                    "week" => Unit::Week,
                    "month" => Unit::Month,
                    "quarter" => Unit::Quarter,
                    "year" => Unit::Year,
                    _ => return None,
                };
                match which {
                    "this" => NamedPeriod::This(unit),
                    "last" => NamedPeriod::Last(unit),
                    _ => return None,
                }
            }
        }
    })
}

/// A count of days in plain digits.
pub(super) fn count(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|n| plain && (1..=MOST_DAYS).contains(n))
}

/// `last 30 day` → `last_30_days`; also a bare `30d` or `30 days`.
fn near(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let start = text.find(|c: char| c.is_ascii_digit());
    let Some(start) = start else {
        return nearest(&text, WORDS).filter(|word| !word.contains('N')).map(str::to_owned);
    };
    let digits: String = text.get(start..)?.chars().take_while(char::is_ascii_digit).collect();
    let number = count(&digits)?;
    let shape = text.replacen(&digits, "N", 1);
    let word = match shape.trim_start_matches('-').replace(' ', "").as_str() {
        "Nd" | "Nday" | "Ndays" => "last_N_days",
        _ => nearest(&shape, WORDS.into_iter().filter(|word| word.contains('N')))?,
    };
    Some(word.replace('N', &number.to_string()))
}

impl NamedPeriod {
    /// Its days. `None` when they would leave the calendar.
    pub(super) fn days(self, today: Date) -> Option<Days> {
        let yesterday = today.yesterday().ok()?;
        let back = |n: u32| today.checked_sub(i64::from(n).days()).ok();
        match self {
            Self::Today => Some(Days::one(today)),
            Self::Yesterday => Some(Days::one(yesterday)),
            Self::LastDays(n) => Days::new(back(n)?, yesterday),
            Self::LastDaysAndToday(n) => Days::new(back(n)?, today),
            Self::This(unit) => unit.around(today),
            Self::Last(unit) => unit.around(unit.around(today)?.first.yesterday().ok()?),
        }
    }
}

impl Unit {
    /// The whole unit that holds this day.
    fn around(self, day: Date) -> Option<Days> {
        match self {
            Self::Week => {
                let first = day.checked_sub(i64::from(day.weekday().since(Weekday::Monday)).days()).ok()?;
                Days::new(first, first.checked_add(6.days()).ok()?)
            }
            Self::Month => Days::new(day.first_of_month(), day.last_of_month()),
            Self::Quarter => {
                let first = Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok()?;
                Days::new(first, first.checked_add(2.months()).ok()?.last_of_month())
            }
            Self::Year => Days::new(day.first_of_year(), day.last_of_year()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

impl fmt::Display for NamedPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::LastDays(n) => write!(f, "last_{n}_days"),
            Self::LastDaysAndToday(n) => write!(f, "last_{n}_days_and_today"),
            Self::This(unit) => write!(f, "this_{}", unit.name()),
            Self::Last(unit) => write!(f, "last_{}", unit.name()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    pub(in crate::request::period) fn any() -> impl Strategy<Value = NamedPeriod> {
        let unit = prop_oneof![Just(Unit::Week), Just(Unit::Month), Just(Unit::Quarter), Just(Unit::Year)];
        prop_oneof![
            Just(NamedPeriod::Today),
            Just(NamedPeriod::Yesterday),
            (1u32..=MOST_DAYS).prop_map(NamedPeriod::LastDays),
            (1u32..=MOST_DAYS).prop_map(NamedPeriod::LastDaysAndToday),
            unit.clone().prop_map(NamedPeriod::This),
            unit.prop_map(NamedPeriod::Last),
        ]
    }

    /// Each word on a day in the middle of everything, and on the edges of month, quarter, year, leap day and week.
    #[rstest]
    #[case("today", "2026-11-23", "2026-11-23", "2026-11-23")]
    #[case("yesterday", "2026-03-01", "2026-02-28", "2026-02-28")]
    #[case("yesterday", "2024-03-01", "2024-02-29", "2024-02-29")]
    #[case("yesterday", "2026-01-01", "2025-12-31", "2025-12-31")]
    #[case("last_1_days", "2026-11-23", "2026-11-22", "2026-11-22")]
    #[case("last_7_days", "2026-11-23", "2026-11-16", "2026-11-22")]
    #[case("last_7_days", "2024-03-03", "2024-02-25", "2024-03-02")]
    #[case("last_365_days", "2025-01-01", "2024-01-02", "2024-12-31")]
    #[case("last_7_days_and_today", "2026-11-23", "2026-11-16", "2026-11-23")]
    #[case("last_1_days_and_today", "2026-01-01", "2025-12-31", "2026-01-01")]
    #[case("this_week", "2026-11-23", "2026-11-23", "2026-11-29")]
    #[case("this_week", "2026-11-29", "2026-11-23", "2026-11-29")]
    #[case("this_week", "2027-01-01", "2026-12-28", "2027-01-03")]
    #[case("last_week", "2026-11-23", "2026-11-16", "2026-11-22")]
    #[case("last_week", "2026-11-29", "2026-11-16", "2026-11-22")]
    #[case("last_week", "2024-03-04", "2024-02-26", "2024-03-03")]
    #[case("last_week", "2026-01-01", "2025-12-22", "2025-12-28")]
    #[case("this_month", "2026-11-23", "2026-11-01", "2026-11-30")]
    #[case("this_month", "2024-02-29", "2024-02-01", "2024-02-29")]
    #[case("this_month", "2026-02-01", "2026-02-01", "2026-02-28")]
    #[case("last_month", "2026-01-01", "2025-12-01", "2025-12-31")]
    #[case("last_month", "2024-03-31", "2024-02-01", "2024-02-29")]
    #[case("last_month", "2026-12-31", "2026-11-01", "2026-11-30")]
    #[case("this_quarter", "2026-11-23", "2026-10-01", "2026-12-31")]
    #[case("this_quarter", "2026-03-31", "2026-01-01", "2026-03-31")]
    #[case("this_quarter", "2026-04-01", "2026-04-01", "2026-06-30")]
    #[case("this_quarter", "2026-08-15", "2026-07-01", "2026-09-30")]
    #[case("last_quarter", "2026-01-01", "2025-10-01", "2025-12-31")]
    #[case("last_quarter", "2026-12-31", "2026-07-01", "2026-09-30")]
    #[case("last_quarter", "2024-04-01", "2024-01-01", "2024-03-31")]
    #[case("this_year", "2026-01-01", "2026-01-01", "2026-12-31")]
    #[case("this_year", "2024-12-31", "2024-01-01", "2024-12-31")]
    #[case("last_year", "2026-01-01", "2025-01-01", "2025-12-31")]
    #[case("last_year", "2024-02-29", "2023-01-01", "2023-12-31")]
    fn a_named_period_has_its_days(#[case] word: &str, #[case] today: Date, #[case] first: Date, #[case] last: Date) {
        let named = parse(word).unwrap();
        assert_eq!(named.days(today), Days::new(first, last));
        assert_eq!(named.to_string(), word);
    }

    #[rstest]
    #[case("last_7_day", Some("last_7_days"))]
    #[case("last_30d", Some("last_30_days"))]
    #[case("Last 30 Days", Some("last_30_days"))]
    #[case("30d", Some("last_30_days"))]
    #[case("-30d", Some("last_30_days"))]
    #[case("last_7_days_today", Some("last_7_days_and_today"))]
    #[case("this-month", Some("this_month"))]
    #[case("lastmonth", Some("last_month"))]
    #[case("THIS_YEAR", Some("this_year"))]
    #[case("todya", Some("today"))]
    #[case("last_0_days", None)]
    #[case("last_N_days", None)]
    #[case("last__days", None)]
    #[case("last_-1_days", Some("last_1_days"))]
    #[case("last_99999999999_days", None)]
    #[case("last_37000_days", None)]
    #[case("next_week", None)]
    #[case("2026-11", None)]
    #[case("last_٣_days", None)]
    fn another_word_is_refused_with_the_nearest_one(#[case] word: &str, #[case] near: Option<&str>) {
        let error = parse(word).unwrap_err();
        assert_eq!((error.parameter(), error.near()), (Some("range"), near));
    }

    proptest! {
        #[test]
        fn every_named_period_has_days_on_every_day(named in any(), day in 40_000i32..100_000) {
            let today = crate::period::day_from_number(day).unwrap();
            let days = named.days(today).unwrap();
            match named {
                NamedPeriod::Today | NamedPeriod::LastDaysAndToday(_) => prop_assert_eq!(days.last, today),
                NamedPeriod::This(_) => prop_assert!(days.contains(today)),
                NamedPeriod::Yesterday | NamedPeriod::LastDays(_) => prop_assert_eq!(days.last.tomorrow().unwrap(), today),
                NamedPeriod::Last(_) => prop_assert!(days.last < today),
            }
        }
    }
}
