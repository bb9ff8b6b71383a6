//! `event_catalog`: which events the project has, from CleverTap's schema API and from what is kept here.

use crate::catalog::own::KEPT_DAY;
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "event_catalog",
    description: "The events of the project: those of CleverTap's schema, and those of which rows are kept here. \
                  Where CleverTap does not give its schema, only the latter.",
    row: "one event name known to the project",
    required: &[],
    choice: &[],
    optional: &[],
    period: Period::Unused,
    filling: Filling::EventCatalog,
    columns: &[
        FixedColumn::always("event_name", ColumnType::Text, "events.name", "Name of the event, as `event` takes it."),
        FixedColumn::always(
            "known_by",
            ColumnType::Text,
            "",
            "`schema` when CleverTap's schema has it, `store` when only rows that are kept here tell of it.",
        ),
        FixedColumn::nullable(
            "first_day",
            ColumnType::Date,
            "",
            "First day of which rows are kept here, in the project's time zone. Days that nobody asked for are not \
             kept.",
        ),
        FixedColumn::nullable(
            "last_day",
            ColumnType::Date,
            "",
            "Last day of which rows are kept here, in the project's time zone.",
        ),
        FixedColumn::nullable(
            "rows",
            ColumnType::Integer,
            "",
            "How many rows are kept here; null when none ever were.",
        ),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["event_name"],
    key: Key::Own(&["event_name"]),
};
