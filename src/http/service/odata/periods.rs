//! Which days a set's request looks at, when it names them only by its condition or by a continuation.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::catalog::{Filling, TableSpec};
use crate::error::ApiError;
use crate::odata::Pinned;
use crate::period::{Days, day_from_number};
use crate::request::{Bounds, DayWord, End, Expression, Moment, NamedPeriod, PeriodRequest, day_bounds};

/// Days of the period when a request names none.
const DEFAULT_DAYS: u32 = 30;

/// The days on which the condition can hold, by the columns that say on which day a row is.
pub(super) fn bounds_of(spec: &TableSpec, condition: &Expression, zone: &TimeZone) -> Bounds {
    let columns: &[&str] = match spec.filling {
        Filling::Events | Filling::EventItems => &["event_date", "event_time", "event_time_utc"],
        Filling::Campaigns | Filling::CampaignReports => &["scheduled_on"],
        Filling::MessageReports => &["start_time"],
        _ => &["period_start"],
    };
    let bounds = day_bounds(condition, columns, zone);
    match spec.filling {
        // Their day is CleverTap's own, by a clock that need not be the one of their time.
        Filling::Campaigns | Filling::CampaignReports | Filling::MessageReports => Bounds {
            first: bounds.first.and_then(|day| day.yesterday().ok()),
            last: bounds.last.and_then(|day| day.tomorrow().ok()),
        },
        _ => bounds,
    }
}

/// As [`bounds_of`], for a view: by the columns that its rows may have of the tables' own.
pub(super) fn view_bounds(condition: &Expression, zone: &TimeZone) -> Bounds {
    day_bounds(condition, &["event_date", "event_time", "event_time_utc"], zone)
}

/// The period of a request that names none: the days of its condition, else the last thirty.
pub(super) fn implied(bounds: Bounds, today: Date) -> PeriodRequest {
    match told(bounds, today) {
        Some(days) => between(days),
        None => PeriodRequest::Named(NamedPeriod::LastDays(DEFAULT_DAYS)),
    }
}

/// The period of a view that is asked for none: its usual one, and the days of the condition with it. Never less than the
/// usual one, because what a query makes of a day may come from days before it.
pub(super) fn reaching(usual: Days, bounds: Bounds, today: Date) -> PeriodRequest {
    between(
        told(bounds, today)
            .map_or(usual, |told| Days { first: usual.first.min(told.first), last: usual.last.max(told.last) }),
    )
}

/// The days of a condition. One that only ends somewhere looks at the last thirty days, or where it ends earlier at thirty
/// days up to there.
fn told(bounds: Bounds, today: Date) -> Option<Days> {
    let before = |day: Date, days: u32| day.checked_sub(i64::from(days).days()).unwrap_or(day);
    let usual = before(today, DEFAULT_DAYS);
    match (bounds.first, bounds.last) {
        (None, None) => None,
        (Some(first), last) => Some(Days { first, last: last.unwrap_or(today).max(first) }),
        (None, Some(last)) if last >= usual => Some(Days { first: usual, last: last.min(today) }),
        (None, Some(last)) => Some(Days { first: before(last, DEFAULT_DAYS - 1), last }),
    }
}

pub(super) fn between(days: Days) -> PeriodRequest {
    PeriodRequest::Between { from: Moment::Day(DayWord::On(days.first)), end: End::To(DayWord::On(days.last)) }
}

pub(super) fn as_pinned(pinned: &Pinned) -> Result<PeriodRequest, ApiError> {
    let unreadable = || ApiError::internal("a token with days that there are not");
    if let Some((from, until)) = pinned.window {
        let moment =
            |micros| jiff::Timestamp::from_microsecond(micros).map(|instant| TimeZone::UTC.to_datetime(instant));
        let (from, until) = moment(from).and_then(|from| Ok((from, moment(until)?))).map_err(ApiError::internal)?;
        return Ok(PeriodRequest::Between { from: Moment::At(from), end: End::Until(Moment::At(until)) });
    }
    let day = |number| day_from_number(number).ok_or_else(unreadable);
    Ok(between(Days { first: day(pinned.days.0)?, last: day(pinned.days.1)? }))
}
