//! `profile_events`: which events the people in `profiles` ever did, made from the same sweep.

use crate::catalog::own::{KEPT_DAY, PROFILE_ID, SWEPT_EVENT, WHERE};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "profile_events",
    description: "What everybody who did an event in the period ever did: each of their events with its count and \
                  its first and last time, over their whole life and not only the period. Made from the rows of \
                  `profiles`, which it joins by `profile_id`; it costs CleverTap nothing of its own.",
    row: "one event that a person ever did",
    required: &[],
    choice: &[],
    optional: &[SWEPT_EVENT, WHERE],
    period: Period::Used,
    filling: Filling::ProfileEvents,
    columns: &[
        PROFILE_ID,
        FixedColumn::always("event_name", ColumnType::Text, "events", "Name of the event."),
        FixedColumn::nullable(
            "count",
            ColumnType::Integer,
            "events.<event>.count",
            "How often the person ever did it, as of the load.",
        ),
        FixedColumn::nullable(
            "first_seen",
            ColumnType::TimestampUtc,
            "events.<event>.first_seen",
            "When they did it for the first time, in UTC.",
        ),
        FixedColumn::nullable(
            "last_seen",
            ColumnType::TimestampUtc,
            "events.<event>.last_seen",
            "When they did it for the last time, in UTC.",
        ),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["profile_id", "event_name"],
    key: Key::Made(&["profile_id", "event_name"]),
};
