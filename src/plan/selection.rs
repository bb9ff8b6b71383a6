//! What a selection says before any column beyond the fixed ones is known: names that cannot be, and days that need not
//! be looked at.

use jiff::tz::TimeZone;

use super::View;
use crate::auth::Cell;
use crate::catalog::{FixedColumn, TableSpec};
use crate::period::Days;
use crate::request::{RequestError, Selection, day_bounds, unknown_column};

/// Refuses columns that the table has not and never will have. One that the caller does not get is none.
pub(super) fn check(spec: &TableSpec, view: &View, selection: &Selection) -> Result<(), RequestError> {
    let is_seen = |fixed: &&FixedColumn| !matches!(view.treatment(&fixed.column()), Cell::Dropped);
    for (parameter, column) in selection.named() {
        let known = match spec.columns.iter().find(|fixed| fixed.name == column.name) {
            Some(fixed) => is_seen(&fixed),
            None => spec.may_have(&column.name),
        };
        if !known {
            let seen = spec.columns.iter().filter(is_seen).map(|fixed| fixed.name);
            return Err(unknown_column(parameter, &column, seen));
        }
    }
    Ok(())
}

/// Those of the days on which the condition can hold, for tables whose rows say on which day they are. Where it can
/// hold on none, one day stays: a table that is not loaded has not all its columns.
pub(super) fn narrowed(spec: &TableSpec, days: Days, selection: &Selection, zone: &TimeZone) -> Days {
    const DAY_COLUMNS: [&str; 3] = ["event_date", "event_time", "event_time_utc"];
    let says_its_day = spec.columns.iter().any(|fixed| fixed.name == "event_date");
    let Some(condition) = selection.condition.as_ref().filter(|_| says_its_day) else { return days };
    let bounds = day_bounds(condition, &DAY_COLUMNS, zone);
    let first = bounds.first.map_or(days.first, |first| first.clamp(days.first, days.last));
    let last = bounds.last.map_or(days.last, |last| last.clamp(days.first, days.last));
    Days::new(first, last).unwrap_or(Days::one(first))
}
