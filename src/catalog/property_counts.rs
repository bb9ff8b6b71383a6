//! `property_counts`: the most frequent values of a property, from CleverTap's Top Property Counts API.

use crate::catalog::own::{EVENT_NAME, KEPT_DAY, ONE_EVENT, WHERE, text};
use crate::catalog::{Filling, FixedColumn, Key, Parameter, Period, Repeat, TableSpec, Values};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "property_counts",
    description: "The most frequent values of a property among the occurrences of an event in the period, and how \
                  often each was there. The property may be the event's, the session's, or one of the person, the \
                  app, the device or the place.",
    row: "one value of the property and its count",
    required: &[
        ONE_EVENT,
        Parameter {
            name: "property",
            values: Values::Text,
            repeat: Repeat::Once,
            default: None,
            example: "Payment mode",
            description: "Name of the property, exactly as CleverTap shows it.",
        },
    ],
    choice: &[],
    optional: &[
        Parameter {
            name: "property_type",
            values: Values::OneOf(&[
                "event_properties",
                "session_properties",
                "profile_fields",
                "app_fields",
                "demographics",
                "technographics",
                "reachability",
                "geo_fields",
            ]),
            repeat: Repeat::Once,
            default: Some("event_properties"),
            example: "profile_fields",
            description: "Whose property it is, in CleverTap's words.",
        },
        Parameter {
            name: "limit_values",
            values: Values::Whole { least: 1, most: 100 },
            repeat: Repeat::Once,
            default: Some("10"),
            example: "20",
            description: "How many values at most, from 1 to 100, the most frequent ones.",
        },
        WHERE,
    ],
    period: Period::Used,
    filling: Filling::PropertyCounts,
    columns: &[
        EVENT_NAME,
        FixedColumn::always("property_type", ColumnType::Text, "", "Whose property it is, as asked for."),
        FixedColumn::always("property", ColumnType::Text, "", "Name of the property, as asked for."),
        text(
            "value_type",
            "<group>.<type>",
            "CleverTap's own name for the type of the value, such as `STR`; null where it gives none.",
        ),
        FixedColumn::always(
            "value",
            ColumnType::Text,
            "<group>.<type>.<value>",
            "The value as text, also where it is a number or a range of numbers. Personal where the property is.",
        ),
        FixedColumn::always(
            "count",
            ColumnType::Integer,
            "<group>.<type>.<value>",
            "How often the property had this value.",
        ),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &[],
    key: Key::Made(&["value_type", "value"]),
};
