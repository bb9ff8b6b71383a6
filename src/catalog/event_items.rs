//! `event_items`: the elements of an array of objects, such as the `Items` of a purchase, one row each.

use crate::catalog::own::{ONE_EVENT, text};
use crate::catalog::{Filling, FixedColumn, Key, Parameter, Period, Repeat, TableSpec, Values};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "event_items",
    description: "The elements of an event property that is a list of objects, such as the items of a purchase. \
                  Made from the rows of `events`, which it joins by `row_id`; it costs CleverTap nothing of its own.",
    row: "one element of an array-of-objects property",
    required: &[ONE_EVENT],
    choice: &[],
    optional: &[Parameter {
        name: "property",
        values: Values::Text,
        repeat: Repeat::Once,
        default: Some("Items"),
        example: "Items",
        description: "Event property that holds the list, exactly as CleverTap shows it.",
    }],
    period: Period::Used,
    filling: Filling::EventItems,
    columns: &[
        FixedColumn::always(
            "row_id",
            ColumnType::Text,
            "",
            "The `row_id` of the event in `events`. The same for all items of one occurrence.",
        ),
        FixedColumn::always(
            "item_index",
            ColumnType::Integer,
            "",
            "Place of the item in its list, counted from 0. With `row_id` it identifies the row.",
        ),
        FixedColumn::always("event_name", ColumnType::Text, "", "Name of the event, as asked for."),
        FixedColumn::always(
            "event_time",
            ColumnType::Timestamp,
            "ts",
            "When the event happened, on the clock of the project's time zone, without an offset.",
        ),
        FixedColumn::always(
            "event_date",
            ColumnType::Date,
            "ts",
            "The day the event happened on, in the project's time zone.",
        ),
        text("object_id", "profile.objectId", "CleverTap's id of the device. One person can have several."),
        text("identity", "profile.identity", "Your own id of the person; null until they have logged in."),
    ],
    behind: &[],
    stored: &[],
    order: &["event_time", "row_id", "item_index"],
    key: Key::Own(&["row_id", "item_index"]),
};
