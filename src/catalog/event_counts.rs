//! `event_counts`: how often events happened, from CleverTap's Get Event Count API.

use crate::catalog::own::{BY_TOTAL_OR_DAY, EVENT_NAME, EVENTS, KEPT_DAY, PERIOD_END, PERIOD_START, WHERE};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "event_counts",
    description: "How often one or several events happened, as CleverTap counts them, for the whole period or for \
                  each day. It also counts events that cannot be exported. CleverTap counts in another way than it \
                  exports, so small differences from the rows of `events` are usual.",
    row: "the count of one event in the period, or in one day of it",
    required: &[EVENTS],
    choice: &[],
    optional: &[BY_TOTAL_OR_DAY, WHERE],
    period: Period::Used,
    filling: Filling::EventCounts,
    columns: &[
        EVENT_NAME,
        PERIOD_START,
        PERIOD_END,
        FixedColumn::always(
            "count",
            ColumnType::Integer,
            "count",
            "How often the event happened, not how many people did it.",
        ),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["period_start", "event_name"],
    key: Key::Own(&["event_name", "period_start"]),
};
