//! From what was said to days, once it is known what day it is.

use jiff::civil::{Date, DateTime};

use crate::period::Days;
use crate::request::RequestError;
use crate::request::period::{End, Moment, NamedPeriod, PeriodRequest};

/// The days of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// May reach into the future.
    pub days: Days,
    /// The half-open stretch of project-local time whose rows are wanted, when it is not made of whole days. It lies
    /// within `days` and touches the first and the last of them.
    pub window: Option<(DateTime, DateTime)>,
}

impl PeriodRequest {
    /// The days that are meant on this day of the account's calendar.
    ///
    /// Errors: the period is empty, or has more than `longest_days` days.
    pub fn resolve(&self, today: Date, longest_days: u32) -> Result<Period, RequestError> {
        let period = match self {
            Self::Named(named) => {
                let days = named.days(today).ok_or_else(|| self.outside("range", named.to_string()))?;
                Period { days, window: None }
            }
            Self::Between { from, end } => self.between(*from, *end, today)?,
        };
        let days = period.days.count();
        if days > usize::try_from(longest_days).unwrap_or(usize::MAX) {
            return Err(RequestError::PeriodTooLong { days, longest: longest_days });
        }
        Ok(period)
    }

    fn between(&self, from: Moment, end: End, today: Date) -> Result<Period, RequestError> {
        let parameter = match end {
            End::Today | End::To(_) => "to",
            End::Until(_) => "until",
        };
        let said = || match end {
            End::Today => "today".to_owned(),
            End::To(day) => day.to_string(),
            End::Until(moment) => moment.to_string(),
        };
        let start = from.begins(today).ok_or_else(|| self.outside("from", from.to_string()))?;
        let after = |day: Date| day.tomorrow().ok().map(|next| next.at(0, 0, 0, 0));
        let stop = match end {
            End::Today => after(today),
            End::To(day) => day.on(today).and_then(after),
            End::Until(moment) => moment.begins(today),
        };
        let stop = stop.ok_or_else(|| self.outside(parameter, said()))?;
        let midnight = |moment: DateTime| moment.time() == jiff::civil::Time::midnight();
        let last = if midnight(stop) { stop.date().yesterday().ok() } else { Some(stop.date()) };
        let days = last.filter(|_| start < stop).and_then(|last| Days::new(start.date(), last));
        let days = days.ok_or_else(|| RequestError::Backwards { from: from.to_string(), parameter, end: said() })?;
        Ok(Period { days, window: (!(midnight(start) && midnight(stop))).then_some((start, stop)) })
    }

    /// Whether it begins and ends at midnight, on whatever day.
    pub fn has_whole_days(&self) -> bool {
        let is_whole = |moment: &Moment| match moment {
            Moment::Day(_) => true,
            Moment::At(moment) => moment.time() == jiff::civil::Time::midnight(),
        };
        match self {
            Self::Named(_) => true,
            Self::Between { from, end: End::Until(until) } => is_whole(from) && is_whole(until),
            Self::Between { from, end: End::Today | End::To(_) } => is_whole(from),
        }
    }

    /// Refuses what is wrong on any day: both ends on the calendar, or both counted from today.
    pub(super) fn check(&self, longest_days: u32) -> Result<(), RequestError> {
        let same_footing = match self {
            // Months, quarters and years differ in length from day to day.
            Self::Named(named) => !matches!(named, NamedPeriod::This(_) | NamedPeriod::Last(_)),
            Self::Between { from, end: End::Today } => !from.is_absolute(),
            Self::Between { from, end: End::To(day) } => from.is_absolute() == day.is_absolute(),
            Self::Between { from, end: End::Until(moment) } => from.is_absolute() == moment.is_absolute(),
        };
        if same_footing {
            self.resolve(Date::constant(2026, 6, 15), longest_days)?;
        }
        Ok(())
    }

    fn outside(&self, parameter: &'static str, value: String) -> RequestError {
        RequestError::BadValue { parameter, value, expected: "it lies outside the calendar".into(), near: None }
    }
}

impl Moment {
    fn begins(self, today: Date) -> Option<DateTime> {
        match self {
            Self::Day(day) => day.on(today).map(|day| day.at(0, 0, 0, 0)),
            Self::At(moment) => Some(moment),
        }
    }

    fn is_absolute(self) -> bool {
        match self {
            Self::Day(day) => day.is_absolute(),
            Self::At(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::catalog::PERIOD;
    use crate::request::parameters::{Given, split};
    use crate::request::period;

    fn resolve(query: &str) -> Result<Period, RequestError> {
        let given = Given::new(split(query)?, PERIOD)?;
        period::read(&given, 800)?.resolve(date(2026, 11, 23), 800)
    }

    fn days(first: Date, last: Date) -> Period {
        Period { days: Days::new(first, last).unwrap(), window: None }
    }

    #[test]
    fn to_includes_its_day_and_until_excludes_it() {
        let november = days(date(2026, 11, 1), date(2026, 11, 30));
        assert_eq!(resolve("from=2026-11-01&to=20261130").unwrap(), november);
        assert_eq!(resolve("from=2026-11-01&until=2026-12-01").unwrap(), november);
        assert_eq!(resolve("from=2026-11-01T00:00:00&until=2026-12-01T00:00:00").unwrap(), november);
        assert_eq!(resolve("from=-2d").unwrap(), days(date(2026, 11, 21), date(2026, 11, 23)));
        assert_eq!(resolve("from=yesterday&to=yesterday").unwrap(), days(date(2026, 11, 22), date(2026, 11, 22)));
        assert_eq!(resolve("from=today").unwrap(), days(date(2026, 11, 23), date(2026, 11, 23)));
    }

    #[test]
    fn date_times_give_a_window_within_their_days() {
        let period = resolve("from=2026-11-01T06:00:00&until=2026-11-03T00:00:00").unwrap();
        assert_eq!(period.days, Days::new(date(2026, 11, 1), date(2026, 11, 2)).unwrap());
        assert_eq!(period.window, Some((date(2026, 11, 1).at(6, 0, 0, 0), date(2026, 11, 3).at(0, 0, 0, 0))));
        let period = resolve("from=2026-11-01&until=2026-11-01T00:00:01").unwrap();
        assert_eq!(period.days, Days::one(date(2026, 11, 1)));
        let period = resolve("from=2026-11-20T12:00:00").unwrap();
        assert_eq!(period.window, Some((date(2026, 11, 20).at(12, 0, 0, 0), date(2026, 11, 24).at(0, 0, 0, 0))));
    }

    #[test]
    fn a_period_may_end_in_the_future_but_not_before_it_begins() {
        assert_eq!(resolve("from=2026-12-01&to=2026-12-31").unwrap(), days(date(2026, 12, 1), date(2026, 12, 31)));
        for query in [
            "from=2026-11-24",
            "from=2026-11-24&to=today",
            "from=2026-11-02T00:00:01&until=2026-11-02T00:00:01",
            "from=2026-11-01&until=2026-11-01",
            "from=today&to=2026-11-22",
        ] {
            assert!(matches!(resolve(query), Err(RequestError::Backwards { .. })), "{query}");
        }
    }

    #[test]
    fn a_period_may_have_the_longest_number_of_days_and_no_more() {
        assert_eq!(resolve("range=last_800_days").unwrap().days.count(), 800);
        assert_eq!(
            resolve("range=last_800_days_and_today"),
            Err(RequestError::PeriodTooLong { days: 801, longest: 800 })
        );
        assert!(matches!(resolve("from=2020-01-01"), Err(RequestError::PeriodTooLong { .. })));
        assert_eq!(resolve("from=2026-11-01T23:00:00&until=2026-11-03T01:00:00").unwrap().days.count(), 3);
    }
}
