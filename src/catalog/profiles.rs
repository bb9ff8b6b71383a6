//! `profiles`: the people who did an event, from CleverTap's Get User Profiles API.

use crate::catalog::own::{KEPT_DAY, PROFILE_ID, SWEPT_EVENT, WHERE, text};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "profiles",
    description: "Everybody who did an event in the period, with all properties of their profile as they are today: \
                  CleverTap keeps no history of them. Events join by `identity`, not by `object_id`, which is that \
                  of one device.",
    row: "one person who did the event in the period",
    required: &[],
    choice: &[],
    optional: &[SWEPT_EVENT, WHERE],
    period: Period::Used,
    filling: Filling::Profiles,
    columns: COLUMNS,
    behind: &[],
    stored: STORED,
    order: &["profile_id"],
    key: Key::Made(&["profile_id"]),
};

/// The columns of one person.
pub(super) const COLUMNS: &[FixedColumn] = &[
    PROFILE_ID,
    text("identity", "identity", "Your own id of the person; null until they have logged in."),
    text("email", "email", "E-mail address of the person."),
    text("phone", "phone", "Phone number of the person, as text whatever CleverTap sends."),
    text("name", "name", "Name of the person."),
    text("all_identities", "all_identities", "All ids that CleverTap knows the person by, as a JSON list."),
    text("object_id", "objectId", "CleverTap's id of the person's first device. The others are in `profile_devices`."),
    FixedColumn::nullable(
        "platforms",
        ColumnType::Json,
        "platformInfo.platform",
        "The platforms of the person's devices, each once, as a JSON list.",
    ),
];

/// What is kept of one person and shown in tables of its own: it holds push tokens.
pub(super) const STORED: &[FixedColumn] = &[
    KEPT_DAY,
    FixedColumn::nullable(
        "platform_info",
        ColumnType::Json,
        "platformInfo",
        "The person's devices, of which `profile_devices` is made.",
    ),
    FixedColumn::nullable(
        "event_summaries",
        ColumnType::Json,
        "events",
        "The person's events in short, of which `profile_events` is made.",
    ),
];
