//! The days outside of which a condition cannot hold, so that they need not be fetched or read.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{Expression, Function, Kind, Literal, Operator};

/// First and last day, both included, as far as the condition says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    pub first: Option<Date>,
    pub last: Option<Date>,
}

impl Bounds {
    /// Both hold.
    pub fn and(self, other: Self) -> Self {
        let later = |one: Option<Date>, two: Option<Date>| one.max(two);
        let earlier = |one: Option<Date>, two: Option<Date>| match (one, two) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { first: later(self.first, other.first), last: earlier(self.last, other.last) }
    }

    /// Either holds.
    pub fn or(self, other: Self) -> Self {
        let both = |one: Option<Date>, two: Option<Date>, outer: fn(Date, Date) -> Date| Some(outer(one?, two?));
        Self { first: both(self.first, other.first, Date::min), last: both(self.last, other.last, Date::max) }
    }
}

/// What the condition says of the row's day, told by any of these columns: days, project-local times, or UTC times.
///
/// Never narrower than the truth: what is not understood bounds nothing. `zone` is the project's.
pub fn day_bounds(condition: &Expression, columns: &[&str], zone: &TimeZone) -> Bounds {
    Teller { columns, zone }.bounds(condition)
}

/// Which columns tell the day.
struct Teller<'a> {
    columns: &'a [&'a str],
    zone: &'a TimeZone,
}

impl Teller<'_> {
    fn bounds(&self, condition: &Expression) -> Bounds {
        match &condition.kind {
            Kind::Binary(_, Operator::And, _) => {
                let parts = all_of(condition);
                let each = parts.iter().map(|part| self.bounds(part));
                each.fold(self.calendar(&parts), Bounds::and)
            }
            Kind::Binary(one, Operator::Or, other) => self.bounds(one).or(self.bounds(other)),
            Kind::Binary(one, operator, other) => match (&one.kind, &other.kind) {
                (_, Kind::Literal(value)) => self.compared(*operator, one, value),
                (Kind::Literal(value), _) => self.compared(turned(*operator), other, value),
                _ => Bounds::default(),
            },
            Kind::In(one, several) => several
                .iter()
                .map(|value| match &value.kind {
                    Kind::Literal(value) => self.compared(Operator::Equal, one, value),
                    _ => Bounds::default(),
                })
                .reduce(Bounds::or)
                .unwrap_or_default(),
            _ => Bounds::default(),
        }
    }

    /// The column, when it is one that tells the day.
    fn column<'e>(&self, expression: &'e Expression) -> Option<&'e str> {
        match &expression.kind {
            Kind::Column(name) => self.columns.contains(&name.as_str()).then_some(name),
            _ => None,
        }
    }

    /// The column whose part this function takes.
    fn part_of<'e>(&self, expression: &'e Expression, part: Function) -> Option<&'e str> {
        match &expression.kind {
            Kind::Call(function, arguments) if *function == part => self.column(arguments.first()?),
            _ => None,
        }
    }

    fn compared(&self, operator: Operator, with: &Expression, value: &Literal) -> Bounds {
        let days = if let Some(column) = self.column(with) {
            self.days_of(column, value, operator)
        } else if let (Some(column), Literal::Date(_)) = (self.part_of(with, Function::Date), value) {
            self.days_of(column, value, operator)
        } else if let (Some(column), Literal::Integer(year)) = (self.part_of(with, Function::Year), value) {
            span(*year, None, None).map(|days| about(column, days))
        } else {
            None
        };
        let Some(days) = days else { return Bounds::default() };
        match operator {
            Operator::Equal => days,
            Operator::Greater | Operator::GreaterOrEqual => Bounds { first: days.first, last: None },
            Operator::Less | Operator::LessOrEqual => Bounds { first: None, last: days.last },
            _ => Bounds::default(),
        }
    }

    /// The project-local days that the value can lie on; where less than it is asked for, those that end before it.
    fn days_of(&self, column: &str, value: &Literal, operator: Operator) -> Option<Bounds> {
        let one = |day: Date| Bounds { first: Some(day), last: Some(day) };
        let until = |time: DateTime| match operator == Operator::Less && time.time() == Time::midnight() {
            true => Bounds { first: Some(time.date()), last: time.date().yesterday().ok() },
            false => one(time.date()),
        };
        match value {
            Literal::Date(day) => Some(about(column, until(day.to_datetime(Time::midnight())))),
            Literal::Time(time, None) => Some(about(column, until(*time))),
            Literal::Time(time, Some(offset)) => {
                let instant = offset.to_timestamp(*time).ok()?;
                let local = self.zone.to_datetime(instant);
                let beside = |hours: i64| Some(self.zone.to_offset(instant.checked_add(hours.hours()).ok()?));
                match beside(-24)? == beside(24)? {
                    true => Some(until(local)),
                    // An hour that comes twice can lie on the other side of midnight.
                    false => Some(widened(one(local.date()))),
                }
            }
            _ => None,
        }
    }

    /// The days of a year, a month or a day that are asked for by their numbers, each for itself.
    fn calendar(&self, parts: &[&Expression]) -> Bounds {
        let equal = |column: &str, part: Function| {
            parts.iter().find_map(|condition| match &condition.kind {
                Kind::Binary(one, Operator::Equal, other) => match (&one.kind, &other.kind) {
                    (_, Kind::Literal(Literal::Integer(number))) if self.part_of(one, part) == Some(column) => {
                        Some(*number)
                    }
                    (Kind::Literal(Literal::Integer(number)), _) if self.part_of(other, part) == Some(column) => {
                        Some(*number)
                    }
                    _ => None,
                },
                _ => None,
            })
        };
        let of = |column: &&str| {
            let year = equal(column, Function::Year)?;
            let days = span(year, equal(column, Function::Month), equal(column, Function::Day))?;
            Some(about(column, days))
        };
        self.columns.iter().filter_map(of).fold(Bounds::default(), Bounds::and)
    }
}

/// The parts of a condition that all have to hold.
fn all_of(condition: &Expression) -> Vec<&Expression> {
    let mut parts = Vec::new();
    let mut open = vec![condition];
    while let Some(part) = open.pop() {
        match &part.kind {
            Kind::Binary(one, Operator::And, other) => open.extend([other.as_ref(), one.as_ref()]),
            _ => parts.push(part),
        }
    }
    parts
}

/// The days of a year, or of a month or one day in it; `None` where there are none of these numbers.
fn span(year: i64, month: Option<i64>, day: Option<i64>) -> Option<Bounds> {
    let year = i16::try_from(year).ok()?;
    let first = Date::new(year, month.map_or(Some(1), |month| i8::try_from(month).ok())?, 1).ok()?;
    let last = match month {
        None => first.last_of_year(),
        Some(_) => first.last_of_month(),
    };
    let days = Bounds { first: Some(first), last: Some(last) };
    let (Some(_), Some(day)) = (month, day) else { return Some(days) };
    let day = Date::new(year, first.month(), i8::try_from(day).ok()?).ok()?;
    Some(Bounds { first: Some(day), last: Some(day) })
}

/// Days by the clock of a column as days of the project: those of the UTC clock are on that day or beside it, wherever
/// the project is.
fn about(column: &str, days: Bounds) -> Bounds {
    if column.ends_with("_utc") { widened(days) } else { days }
}

fn widened(days: Bounds) -> Bounds {
    Bounds {
        first: days.first.and_then(|day| day.yesterday().ok()),
        last: days.last.and_then(|day| day.tomorrow().ok()),
    }
}

fn turned(operator: Operator) -> Operator {
    match operator {
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::request::expression::condition;

    fn bounds(text: &str) -> (Option<Date>, Option<Date>) {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let expression = condition("filter", text).unwrap();
        let bounds = day_bounds(&expression, &["event_date", "event_time", "event_time_utc"], &zone);
        (bounds.first, bounds.last)
    }

    #[test]
    fn what_holds_on_some_days_only_is_bounded_by_them() {
        let (one, two, three) = (date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3));
        assert_eq!(bounds("event_date ge 2026-11-01 and event_date lt 2026-11-03"), (Some(one), Some(two)));
        assert_eq!(bounds("event_date ge 2026-11-01 and event_date le 2026-11-03"), (Some(one), Some(three)));
        assert_eq!(bounds("event_date eq 2026-11-02"), (Some(two), Some(two)));
        assert_eq!(bounds("2026-11-02 le event_date"), (Some(two), None));
        assert_eq!(bounds("event_time gt 2026-11-02T23:00:00"), (Some(two), None));
        assert_eq!(bounds("event_time_utc le 2026-11-02T20:00:00Z"), (None, Some(three)));
        assert_eq!(
            bounds("event_time ge 2026-11-01T00:00:00+05:30 and event_time lt 2026-11-02T18:30:00Z"),
            (Some(one), Some(two))
        );
        assert_eq!(bounds("event_time lt 2026-11-03T00:00:01"), (None, Some(three)));
        assert_eq!(bounds("event_time_utc lt 2026-11-03T00:00:00"), (None, Some(three)));
        assert_eq!(bounds("event_date in (2026-11-03,2026-11-01)"), (Some(one), Some(three)));
        assert_eq!(bounds("event_date eq 2026-11-01 or event_date eq 2026-11-03"), (Some(one), Some(three)));
        assert_eq!(bounds("event_date ge 2026-11-01 and (a eq 1 or event_date le 2026-11-03)"), (Some(one), None));
    }

    #[test]
    fn years_months_and_days_are_days() {
        let day = |year, month, day| Some(date(year, month, day));
        assert_eq!(bounds("year(event_date) eq 2026"), (day(2026, 1, 1), day(2026, 12, 31)));
        assert_eq!(bounds("2026 le year(event_time)"), (day(2026, 1, 1), None));
        assert_eq!(bounds("year(event_time_utc) eq 2026"), (day(2025, 12, 31), day(2027, 1, 1)));
        assert_eq!(bounds("month(event_date) eq 2 and year(event_date) eq 2028"), (day(2028, 2, 1), day(2028, 2, 29)));
        let whole = "year(event_time) eq 2026 and month(event_time) eq 11 and (a eq 1 and 2 eq day(event_time))";
        assert_eq!(bounds(whole), (day(2026, 11, 2), day(2026, 11, 2)));
        assert_eq!(bounds("date(event_time) gt 2026-11-02"), (day(2026, 11, 2), None));
        assert_eq!(bounds("date(event_time_utc) eq 2026-11-02"), (day(2026, 11, 1), day(2026, 11, 3)));
        assert_eq!(bounds("year(event_date) in (2025,2026)"), (day(2025, 1, 1), day(2026, 12, 31)));
        let two = "year(event_date) eq 2026 and month(event_time) eq 2";
        assert_eq!(bounds(two), (day(2026, 1, 1), day(2026, 12, 31)), "each column tells its own");
    }

    #[test]
    fn where_clocks_change_a_moment_is_taken_for_its_neighbours_too() {
        let zone = TimeZone::get("America/Havana").unwrap();
        let told = |text: &str| {
            let bounds = day_bounds(&condition("filter", text).unwrap(), &["event_time"], &zone);
            (bounds.first, bounds.last)
        };
        // On 1 November 2026 the hour after midnight comes twice there.
        let (before, after) = (Some(date(2026, 10, 31)), Some(date(2026, 11, 2)));
        assert_eq!(told("event_time eq 2026-11-01T04:30:00Z"), (before, after));
        assert_eq!(told("event_time lt 2026-11-10T05:00:00Z"), (None, Some(date(2026, 11, 9))));
    }

    #[test]
    fn what_may_hold_on_any_day_bounds_nothing() {
        for text in [
            "not (event_date ge 2026-11-01)",
            "a eq 1",
            "event_date eq null",
            "event_date ne 2026-11-01",
            "month(event_date) eq 11",
            "year(other) eq 2026",
            "year(event_date) eq 2026 or a eq 1",
            "year(event_date) eq 2026000",
            "event_date in (2026-11-01,null)",
            "event_date ge 2026-11-01 or a eq 1",
        ] {
            assert_eq!(bounds(text), (None, None), "{text}");
        }
    }
}
