//! The days outside of which a condition cannot hold, so that they need not be fetched or read.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Expression, Kind, Literal, Operator};

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
    match &condition.kind {
        Kind::Binary(one, Operator::And, other) => day_bounds(one, columns, zone).and(day_bounds(other, columns, zone)),
        Kind::Binary(one, Operator::Or, other) => day_bounds(one, columns, zone).or(day_bounds(other, columns, zone)),
        Kind::Binary(one, operator, other) => match (&one.kind, &other.kind) {
            (Kind::Column(name), Kind::Literal(value)) if columns.contains(&name.as_str()) => {
                compared(*operator, name, value, zone)
            }
            (Kind::Literal(value), Kind::Column(name)) if columns.contains(&name.as_str()) => {
                compared(turned(*operator), name, value, zone)
            }
            _ => Bounds::default(),
        },
        Kind::In(one, several) => match &one.kind {
            Kind::Column(name) if columns.contains(&name.as_str()) => several
                .iter()
                .map(|value| match &value.kind {
                    Kind::Literal(value) => compared(Operator::Equal, name, value, zone),
                    _ => Bounds::default(),
                })
                .reduce(Bounds::or)
                .unwrap_or_default(),
            _ => Bounds::default(),
        },
        _ => Bounds::default(),
    }
}

fn compared(operator: Operator, column: &str, value: &Literal, zone: &TimeZone) -> Bounds {
    let Some(days) = days_of(column, value, zone) else { return Bounds::default() };
    match operator {
        Operator::Equal => days,
        Operator::Greater | Operator::GreaterOrEqual => Bounds { first: days.first, last: None },
        Operator::Less | Operator::LessOrEqual => Bounds { first: None, last: days.last },
        _ => Bounds::default(),
    }
}

/// The project-local days that the value can lie on.
fn days_of(column: &str, value: &Literal, zone: &TimeZone) -> Option<Bounds> {
    let one = |day: Date| Some(Bounds { first: Some(day), last: Some(day) });
    let is_utc = column.ends_with("_utc");
    match value {
        Literal::Date(day) if !is_utc => one(*day),
        Literal::Time(time, None) if !is_utc => one(time.date()),
        Literal::Time(time, Some(offset)) => {
            let instant = offset.to_timestamp(*time).ok()?;
            // A repeated hour can lie on the other side of midnight.
            let day = zone.to_datetime(instant).date();
            Some(Bounds { first: day.yesterday().ok(), last: day.tomorrow().ok() })
        }
        // A day or a time of the UTC clock is on that day or beside it, wherever the project is.
        Literal::Date(day) => Some(Bounds { first: day.yesterday().ok(), last: day.tomorrow().ok() }),
        Literal::Time(time, None) => {
            Some(Bounds { first: time.date().yesterday().ok(), last: time.date().tomorrow().ok() })
        }
        _ => None,
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
        assert_eq!(bounds("event_date ge 2026-11-01 and event_date lt 2026-11-03"), (Some(one), Some(three)));
        assert_eq!(bounds("event_date eq 2026-11-02"), (Some(two), Some(two)));
        assert_eq!(bounds("2026-11-02 le event_date"), (Some(two), None));
        assert_eq!(bounds("event_time gt 2026-11-02T23:00:00"), (Some(two), None));
        assert_eq!(bounds("event_time_utc le 2026-11-02T20:00:00Z"), (None, Some(date(2026, 11, 4))));
        assert_eq!(bounds("event_date in (2026-11-03,2026-11-01)"), (Some(one), Some(three)));
        assert_eq!(bounds("event_date eq 2026-11-01 or event_date eq 2026-11-03"), (Some(one), Some(three)));
        assert_eq!(bounds("event_date ge 2026-11-01 and (a eq 1 or event_date le 2026-11-03)"), (Some(one), None));
    }

    #[test]
    fn what_may_hold_on_any_day_bounds_nothing() {
        for text in [
            "not (event_date ge 2026-11-01)",
            "a eq 1",
            "event_date eq null",
            "event_date ne 2026-11-01",
            "year(event_date) eq 2026",
            "event_date in (2026-11-01,null)",
            "event_date ge 2026-11-01 or a eq 1",
        ] {
            assert_eq!(bounds(text), (None, None), "{text}");
        }
    }
}
