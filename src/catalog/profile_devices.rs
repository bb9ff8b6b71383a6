//! `profile_devices`: the devices of the people in `profiles`, made from the same sweep.

use crate::catalog::own::{KEPT_DAY, PROFILE_ID, SWEPT_EVENT, WHERE, text};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "profile_devices",
    description: "The devices of everybody who did an event in the period. Made from the rows of `profiles`, which \
                  it joins by `profile_id`; it costs CleverTap nothing of its own.",
    row: "one device of a person",
    required: &[],
    choice: &[],
    optional: &[SWEPT_EVENT, WHERE],
    period: Period::Used,
    filling: Filling::ProfileDevices,
    columns: &[
        PROFILE_ID,
        FixedColumn::always(
            "device_index",
            ColumnType::Integer,
            "",
            "Place of the device among the person's, counted from 0. It can change from one load to the next.",
        ),
        text("object_id", "platformInfo.objectId", "CleverTap's id of the device."),
        text("platform", "platformInfo.platform", "Platform of the device, such as Android, iOS or Web."),
        text("make", "platformInfo.make", "Maker of the device."),
        text("model", "platformInfo.model", "Model of the device."),
        text("os_version", "platformInfo.os_version", "Version of the operating system."),
        text("app_version", "platformInfo.app_version", "Version of the app."),
        text("push_token", "platformInfo.push_token", "Token under which the device receives push messages."),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["profile_id", "device_index"],
    key: Key::Made(&["profile_id", "device_index"]),
};
