//! `realtime_counts`: who is active right now, from CleverTap's Real-Time Counts API.

use crate::catalog::own::{KEPT_DAY, text};
use crate::catalog::{Filling, FixedColumn, Key, Parameter, Period, Repeat, TableSpec, Values};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "realtime_counts",
    description: "How many people were active in the last five minutes, as a whole and by the slices asked for. \
                  CleverTap keeps no history of it.",
    row: "one value of a slice and its count, or the total",
    required: &[],
    choice: &[],
    optional: &[Parameter {
        name: "slice",
        values: Values::OneOf(&["user_type", "session_source", "browser", "os", "device"]),
        repeat: Repeat::Many,
        default: None,
        example: "os",
        description: "Also count by this. Repeat the parameter for several slices. The total is always there.",
    }],
    period: Period::Unused,
    filling: Filling::RealtimeCounts,
    columns: &[
        FixedColumn::always("slice", ColumnType::Text, "", "What is counted by; `total` for everybody."),
        text("value", "<slice>.<value>", "Which of them, in CleverTap's words; null for the total."),
        FixedColumn::always(
            "count",
            ColumnType::Integer,
            "count",
            "How many people were active in the five minutes before `as_of`.",
        ),
        FixedColumn::always("as_of", ColumnType::TimestampUtc, "", "When CleverTap was asked, in UTC."),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &[],
    key: Key::Made(&["slice", "value"]),
};
