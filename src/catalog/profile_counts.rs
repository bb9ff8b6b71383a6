//! `profile_counts`: how many people did an event, from CleverTap's Get Profile Count API.

use crate::catalog::own::{BY_TOTAL_OR_DAY, EVENT_NAME, EVENTS, KEPT_DAY, PERIOD_END, PERIOD_START, WHERE};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "profile_counts",
    description: "How many people did one or several events, as CleverTap counts them, for the whole period or for \
                  each day. Who did an event on two days is counted once in the period and once in each of the days.",
    row: "the number of profiles that did one event in the period, or in one day of it",
    required: &[EVENTS],
    choice: &[],
    optional: &[BY_TOTAL_OR_DAY, WHERE],
    period: Period::Used,
    filling: Filling::ProfileCounts,
    columns: &[
        EVENT_NAME,
        PERIOD_START,
        PERIOD_END,
        FixedColumn::always(
            "count",
            ColumnType::Integer,
            "count",
            "How many different people did the event. It cannot be summed over days or events: the same person may \
             be in several of them.",
        ),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["period_start", "event_name"],
    key: Key::Own(&["event_name", "period_start"]),
};
