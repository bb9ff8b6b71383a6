//! Which days are asked for: as written, and as days once it is known what day it is.
//!
//! A [`PeriodRequest`] holds what was said (`last_7_days`, from `-30d` to `today`); only
//! [`resolve`](PeriodRequest::resolve) turns it into days, because "today" is the account's. Periods may end in the
//! future: days after today are empty, and which days are asked of CleverTap is not decided here.

mod named;
mod resolve;
mod written;

use std::fmt;

use jiff::civil::DateTime;

pub use named::{NamedPeriod, Unit};
pub use resolve::Period;
pub use written::DayWord;

use crate::request::RequestError;
use crate::request::parameters::Given;

/// A period as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeriodRequest {
    /// `range=…`
    Named(NamedPeriod),
    /// `from=…`, with or without an end.
    Between { from: Moment, end: End },
}

impl Default for PeriodRequest {
    fn default() -> Self {
        Self::Named(NamedPeriod::LastDays(7))
    }
}

/// A day, or a moment on the project's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Its beginning.
    Day(DayWord),
    /// To the microsecond.
    At(DateTime),
}

/// Where a period ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Nothing was said: with today, today included.
    Today,
    /// `to`: with this day, itself included.
    To(DayWord),
    /// `until`: before this moment.
    Until(Moment),
}

/// The form of the query string: `range=last_7_days`, `from=2026-11-01&until=2026-11-01T06:30:00`.
impl fmt::Display for PeriodRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(named) => write!(f, "range={named}"),
            Self::Between { from, end: End::Today } => write!(f, "from={from}"),
            Self::Between { from, end: End::To(day) } => write!(f, "from={from}&to={day}"),
            Self::Between { from, end: End::Until(moment) } => write!(f, "from={from}&until={moment}"),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::At(moment) => moment.fmt(f),
        }
    }
}

/// Reads the name of a period.
pub(super) fn named(text: &str) -> Result<PeriodRequest, RequestError> {
    named::parse(text).map(PeriodRequest::Named)
}

/// Reads `from`, `to`, `until` and `range`. What is wrong on any day is refused at once, before the account is known.
pub(super) fn read(given: &Given, longest_days: u32) -> Result<PeriodRequest, RequestError> {
    let period = match (given.one("range"), given.one("from"), given.one("to"), given.one("until")) {
        (Some(range), None, None, None) => PeriodRequest::Named(named::parse(range)?),
        (None, Some(from), None, None) => {
            PeriodRequest::Between { from: written::moment("from", from)?, end: End::Today }
        }
        (None, Some(from), Some(to), None) => {
            PeriodRequest::Between { from: written::moment("from", from)?, end: End::To(written::day("to", to)?) }
        }
        (None, Some(from), None, Some(until)) => PeriodRequest::Between {
            from: written::moment("from", from)?,
            end: End::Until(written::moment("until", until)?),
        },
        (None, None, None, None) => PeriodRequest::default(),
        (Some(_), from, to, _) => {
            let other = if from.is_some() {
                "from"
            } else if to.is_some() {
                "to"
            } else {
                "until"
            };
            return Err(RequestError::Contradiction {
                parameter: "range",
                other,
                why: "a named range has its own beginning and end",
            });
        }
        (None, _, Some(_), Some(_)) => {
            return Err(RequestError::Contradiction {
                parameter: "to",
                other: "until",
                why: "`to` includes its day, `until` excludes it; give one of them",
            });
        }
        (None, None, _, _) => {
            return Err(RequestError::Missing {
                parameter: "from",
                why: "A period with an end needs a beginning.".into(),
            });
        }
    };
    period.check(longest_days)?;
    Ok(period)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, Time, date};
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::PERIOD;
    use crate::request::parameters::split;

    fn ask(query: &str) -> Result<PeriodRequest, RequestError> {
        read(&Given::new(split(query)?, PERIOD)?, 800)
    }

    #[test]
    fn without_any_word_it_is_the_last_seven_days() {
        assert_eq!(ask("").unwrap(), PeriodRequest::Named(NamedPeriod::LastDays(7)));
    }

    #[test]
    fn words_that_contradict_each_other_are_refused() {
        for (query, parameter, other) in [
            ("range=today&from=today", "range", "from"),
            ("range=today&to=today", "range", "to"),
            ("range=today&until=today", "range", "until"),
            ("from=yesterday&to=today&until=today", "to", "until"),
            ("to=today&until=today", "to", "until"),
        ] {
            assert!(
                matches!(ask(query), Err(RequestError::Contradiction { parameter: p, other: o, .. })
                    if p == parameter && o == other),
                "{query}"
            );
        }
        for query in ["to=today", "until=today"] {
            assert!(matches!(ask(query), Err(RequestError::Missing { parameter: "from", .. })), "{query}");
        }
    }

    #[test]
    fn what_is_wrong_on_any_day_is_refused_before_today_is_known() {
        for query in ["from=2026-11-02&to=2026-11-01", "from=today&until=today", "from=-2d&to=-3d"] {
            assert!(matches!(ask(query), Err(RequestError::Backwards { .. })), "{query}");
        }
        for query in ["from=2020-01-01&to=2026-11-01", "range=last_900_days", "from=-900d"] {
            assert!(matches!(ask(query), Err(RequestError::PeriodTooLong { .. })), "{query}");
        }
    }

    fn days() -> impl Strategy<Value = Date> {
        (0i32..300_000).prop_map(|n| crate::period::day_from_number(n).unwrap())
    }

    fn day_words() -> impl Strategy<Value = DayWord> {
        prop_oneof![
            days().prop_map(DayWord::On),
            Just(DayWord::Today),
            Just(DayWord::Yesterday),
            (0u32..2_000).prop_map(DayWord::DaysAgo),
        ]
    }

    fn moments() -> impl Strategy<Value = Moment> {
        let time = (0i8..24, 0i8..60, 0i8..60, 0i32..1_000_000)
            .prop_map(|(h, m, s, micros)| Time::constant(h, m, s, micros * 1_000));
        prop_oneof![
            day_words().prop_map(Moment::Day),
            (days(), time).prop_map(|(day, time)| Moment::At(day.to_datetime(time))),
        ]
    }

    fn periods() -> impl Strategy<Value = PeriodRequest> {
        let end = prop_oneof![Just(End::Today), day_words().prop_map(End::To), moments().prop_map(End::Until),];
        prop_oneof![
            named::tests::any().prop_map(PeriodRequest::Named),
            (moments(), end).prop_map(|(from, end)| PeriodRequest::Between { from, end }),
        ]
    }

    proptest! {
        #[test]
        fn a_printed_period_reads_back_as_itself(period in periods()) {
            let text = period.to_string();
            match read(&Given::new(split(&text).unwrap(), PERIOD).unwrap(), u32::MAX) {
                Ok(again) => prop_assert_eq!(again, period),
                Err(error) => prop_assert!(matches!(error, RequestError::Backwards { .. }), "{text}: {error}"),
            }
        }

        #[test]
        fn any_text_is_a_period_or_a_refusal(query in "(&?(from|to|until|range|event)=?[-+%0-9a-zA-Z_:.TZ ]{0,20}){0,4}") {
            if let Ok(period) = ask(&query) {
                let _ = period.resolve(date(2026, 11, 23), 800);
            }
        }

        #[test]
        fn a_resolved_period_holds_its_window(period in periods(), today in days()) {
            if let Ok(Period { days, window }) = period.resolve(today, u32::MAX) {
                prop_assert!(days.first <= days.last);
                if let Some((start, end)) = window {
                    prop_assert!(start < end);
                    prop_assert_eq!(start.date(), days.first);
                    prop_assert!(end > days.last.at(0, 0, 0, 0) && end <= days.last.tomorrow().unwrap().at(0, 0, 0, 0));
                }
            }
        }
    }
}
