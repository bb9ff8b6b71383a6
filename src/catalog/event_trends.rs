//! `event_trends`: events, people or sums over time, from CleverTap's Trends API.

use crate::catalog::own::{EVENT_NAME, EVENTS, KEPT_DAY, WHERE, text};
use crate::catalog::{Filling, FixedColumn, Key, Parameter, Period, Repeat, TableSpec, Values};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "event_trends",
    description: "An event over time, by day, week or month: how often it happened, with `unique=1` how many people \
                  did it, with `sum` the sum of one of its properties. With `App Launched` and `unique=1` these are \
                  the daily or monthly active users.",
    row: "one event in one day, week or month",
    required: &[EVENTS],
    choice: &[],
    optional: &[
        Parameter {
            name: "by",
            values: Values::OneOf(&["day", "week", "month"]),
            repeat: Repeat::Once,
            default: Some("day"),
            example: "week",
            description: "`day`, `week` (ISO weeks, from Monday) or `month` of each value. Weeks and months at the \
                          ends of the period are whole: they count days outside of it as well.",
        },
        Parameter {
            name: "unique",
            values: Values::Flag,
            repeat: Repeat::Once,
            default: Some("0"),
            example: "1",
            description: "`1` counts people instead of events. Such values cannot be summed over days.",
        },
        Parameter {
            name: "sum",
            values: Values::Text,
            repeat: Repeat::Once,
            default: None,
            example: "Amount",
            description: "Event property whose values are summed instead of counting events. Not together with \
                          `unique=1`. CleverTap sums whole numbers only.",
        },
        WHERE,
    ],
    period: Period::Used,
    filling: Filling::EventTrends,
    columns: &[
        EVENT_NAME,
        text(
            "period",
            "<group>.<period>",
            "CleverTap's own key of the day (YYYYMMDD), week (YYYYWW) or month (YYYYMM).",
        ),
        FixedColumn::always(
            "period_start",
            ColumnType::Date,
            "",
            "First day of the day, week or month, also where the period asked for begins later.",
        ),
        FixedColumn::always(
            "period_end",
            ColumnType::Date,
            "",
            "Last day of the day, week or month, also where the period asked for ends earlier.",
        ),
        FixedColumn::nullable(
            "value",
            ColumnType::Number,
            "<group>.<period>",
            "How often the event happened, how many people did it, or the sum of the property. A number of people \
             (`is_unique`) cannot be summed over days: the same person may be in several of them.",
        ),
        FixedColumn::always("is_unique", ColumnType::Boolean, "", "Whether `value` counts people instead of events."),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["period_start", "event_name"],
    key: Key::Own(&["event_name", "period_start"]),
};
