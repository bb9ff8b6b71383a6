//! `profile_properties`: which properties profiles have, from CleverTap's schema API and from what is kept here.

use crate::catalog::own::{KEPT_DAY, text};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "profile_properties",
    description: "The properties that profiles of the project have: those of CleverTap's schema, and those that kept \
                  profiles have. Where CleverTap does not give its schema, only the latter.",
    row: "one profile property known to the project",
    required: &[],
    choice: &[],
    optional: &[],
    period: Period::Unused,
    filling: Filling::ProfileProperties,
    columns: &[
        FixedColumn::always(
            "property",
            ColumnType::Text,
            "userProperties.name",
            "Name of the property, as CleverTap shows it.",
        ),
        text("column", "", "Its column in `profiles`; null while no profile with it is kept here."),
        text("type", "", "The type of that column; null while no profile with it is kept here."),
        FixedColumn::always(
            "is_personal",
            ColumnType::Boolean,
            "",
            "Whether it is about a person, so that keys get it hashed or not at all unless they may see it.",
        ),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["property"],
    key: Key::Own(&["property"]),
};
