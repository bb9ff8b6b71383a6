//! `events`: one row per event occurrence, from CleverTap's Get Events API.

use crate::catalog::own::{EVENTS, WHERE, text};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::{Column, ColumnType};

pub static TABLE: TableSpec = TableSpec {
    name: "events",
    description: "Every occurrence of one or several events in a period, with the event's properties, the properties \
                  of its session, and the profile of the person as it was when the day was read.",
    row: "one occurrence of an event",
    required: &[EVENTS],
    choice: &[],
    optional: &[WHERE],
    period: Period::Used,
    filling: Filling::Events,
    columns: &[
        FixedColumn {
            name: "row_id",
            kind: ColumnType::Text,
            nullable: false,
            source: "",
            description: "Identifies the occurrence: different for every row, and the same after every load.",
        },
        FixedColumn {
            name: "event_name",
            kind: ColumnType::Text,
            nullable: false,
            source: "",
            description: "Name of the event, as asked for.",
        },
        FixedColumn {
            name: "event_time",
            kind: ColumnType::Timestamp,
            nullable: false,
            source: "ts",
            description: "When it happened, on the clock of the project's time zone, without an offset.",
        },
        FixedColumn {
            name: "event_time_utc",
            kind: ColumnType::TimestampUtc,
            nullable: false,
            source: "ts",
            description: "When it happened, in UTC. In the hour that clocks repeat, the earlier offset is taken.",
        },
        FixedColumn {
            name: "event_date",
            kind: ColumnType::Date,
            nullable: false,
            source: "ts",
            description: "The day it happened on, in the project's time zone.",
        },
        FixedColumn {
            name: "ts",
            kind: ColumnType::Integer,
            nullable: false,
            source: "ts",
            description: "The time as CleverTap sent it: YYYYMMDDHHMMSS in the project's time zone.",
        },
        text("object_id", "profile.objectId", "CleverTap's id of the device. One person can have several."),
        text("identity", "profile.identity", "Your own id of the person; null until they have logged in."),
        text("email", "profile.email", "E-mail address of the person."),
        text("phone", "profile.phone", "Phone number of the person."),
        text("name", "profile.name", "Name of the person."),
        FixedColumn {
            name: "all_identities",
            kind: ColumnType::Text,
            nullable: true,
            source: "profile.all_identities",
            description: "All ids that CleverTap knows the person by, as a JSON list.",
        },
        text("platform", "profile.platform", "Platform of the device, such as Android, iOS or Web."),
        text("make", "profile.make", "Maker of the device."),
        text("model", "profile.model", "Model of the device."),
        text("os_version", "profile.os_version", "Version of the operating system."),
        text("app_version", "profile.app_version", "Version of the app."),
    ],
    behind: &[],
    stored: &[],
    order: &["event_time", "row_id"],
    key: Key::Own(&["row_id"]),
};

/// The columns that every event table begins with, in the order of the contract.
pub fn fixed_columns() -> Vec<Column> {
    TABLE.columns.iter().map(FixedColumn::column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Origin;

    #[test]
    fn a_column_is_described_by_where_it_comes_from() {
        let column = |origin| Column { name: "email".into(), kind: ColumnType::Text, nullable: true, origin };
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let describe = |origin| TABLE.describe(&column(origin));
        assert_eq!(describe(Origin::Fixed("profile.email".into())), "E-mail address of the person.");
        assert_eq!(
            describe(Origin::Property(keys(&["event_props", "Payment mode"]))),
            "Event property `Payment mode`."
        );
        assert_eq!(describe(Origin::Property(keys(&["event_props", "a", "b"]))), "Event property `a.b`.");
        assert_eq!(
            describe(Origin::Property(keys(&["profile", "profileData", "Plan"]))),
            "Profile property `Plan`, as the profile was when the day was read."
        );
        assert!(describe(Origin::Sibling(keys(&["session_props", "x"]))).contains("do not fit"));
    }
}
