//! Parameters and columns that several tables have and not all.

use crate::catalog::{FixedColumn, Parameter, Repeat, Values};
use crate::table::ColumnType;

/// One event or several, each an own kept table.
pub(super) const EVENTS: Parameter = Parameter {
    name: "event",
    values: Values::Text,
    repeat: Repeat::Many,
    default: None,
    example: "Charged",
    description: "Name of the event, exactly as CleverTap shows it. Repeat the parameter for several events in one \
                  table.",
};

pub(super) const ONE_EVENT: Parameter = Parameter {
    repeat: Repeat::Once,
    description: "Name of the event, exactly as CleverTap shows it. One in each request.",
    ..EVENTS
};

/// What everybody whose profile is wanted has done.
pub(super) const SWEPT_EVENT: Parameter = Parameter {
    repeat: Repeat::Once,
    default: Some("App Launched"),
    example: "App Launched",
    description: "People who did this event in the period. `App Launched` over a long period is nearly everybody.",
    ..EVENTS
};

pub(super) const WHERE: Parameter = Parameter {
    name: "where",
    values: Values::Json,
    repeat: Repeat::Many,
    default: None,
    example: r#"{"event_properties":[{"name":"Amount","operator":"greater_than","value":100}]}"#,
    description: "A condition in CleverTap's query language, applied by CleverTap: a JSON object with any of \
                  `event_properties`, `session_properties`, `common_profile_properties` and `advanced_query`. Repeat \
                  the parameter to give it in pieces; all of them must hold. CleverTap ignores what it does not \
                  know, so misspelt keys and operators are refused here, and the rows of `events` are looked at again.",
};

pub(super) const BY_TOTAL_OR_DAY: Parameter = Parameter {
    name: "by",
    values: Values::OneOf(&["total", "day"]),
    repeat: Repeat::Once,
    default: Some("total"),
    example: "day",
    description: "`total` counts the period as a whole, `day` gives one row for each of its days.",
};

/// The partition of the store, where a table has no day of its own to show.
pub(super) const KEPT_DAY: FixedColumn =
    FixedColumn::always("event_date", ColumnType::Date, "", "The day under which the row is kept.");

pub(super) const EVENT_NAME: FixedColumn =
    FixedColumn::always("event_name", ColumnType::Text, "", "Name of the event, as asked for.");

pub(super) const PERIOD_START: FixedColumn =
    FixedColumn::always("period_start", ColumnType::Date, "", "First day that is counted, in the project's time zone.");

pub(super) const PERIOD_END: FixedColumn = FixedColumn::always(
    "period_end",
    ColumnType::Date,
    "",
    "Last day that is counted, itself included. Days after today count nothing yet.",
);

pub(super) const PROFILE_ID: FixedColumn = FixedColumn::nullable(
    "profile_id",
    ColumnType::Text,
    "",
    "Names the person in all tables of profiles: their identity, or the first id of a device where there is none.",
);

/// A text cell that may be missing.
pub(super) const fn text(name: &'static str, source: &'static str, description: &'static str) -> FixedColumn {
    FixedColumn::nullable(name, ColumnType::Text, source, description)
}
