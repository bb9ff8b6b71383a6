//! Which tables we offer: plain facts about each, one file a table.
//!
//! A table is described by a [`TableSpec`]: its parameters, what one of its rows is, the columns it always has and how
//! it is filled. `request` reads the parameters from here, the OpenAPI document and `/v1/tables` show them, the schema
//! page shows the columns, [`markdown`] makes the list in the README. Another table is one more file and one more line
//! in [`tables`]. Nothing here knows of callers, days or HTTP; CleverTap's field names appear as source paths.

pub mod campaign_reports;
pub mod campaigns;
mod describe;
pub mod event_catalog;
pub mod event_counts;
pub mod event_items;
pub mod event_trends;
pub mod events;
pub mod message_reports;
mod own;
mod parameter;
pub mod profile;
pub mod profile_counts;
pub mod profile_devices;
pub mod profile_events;
pub mod profile_properties;
pub mod profiles;
pub mod property_counts;
pub mod realtime_counts;
mod shared;
mod spec;
#[cfg(test)]
mod tests;

pub use describe::{markdown, needs};
pub use parameter::{Parameter, Repeat, Values};
pub use shared::{ACCOUNT, API_KEY, FORM, FRESHNESS, PARTIAL, PERIOD, SELECTION, SQL};
pub use spec::{Filling, FixedColumn, Key, Period, TableSpec};

/// The tables that are offered, in the order in which lists show them.
pub fn tables() -> &'static [&'static TableSpec] {
    static TABLES: [&TableSpec; 16] = [
        &events::TABLE,
        &event_items::TABLE,
        &event_counts::TABLE,
        &event_trends::TABLE,
        &property_counts::TABLE,
        &realtime_counts::TABLE,
        &profiles::TABLE,
        &profile_devices::TABLE,
        &profile_events::TABLE,
        &profile_counts::TABLE,
        &profile::TABLE,
        &campaigns::TABLE,
        &campaign_reports::TABLE,
        &message_reports::TABLE,
        &event_catalog::TABLE,
        &profile_properties::TABLE,
    ];
    &TABLES
}

/// The tables in which kept rows of this one are seen: itself, and those that are made of it.
pub fn shown_by(kept: &str) -> impl Iterator<Item = &'static str> {
    let made_of = move |table: &&TableSpec| match table.filling {
        Filling::EventItems => kept == events::TABLE.name,
        Filling::ProfileDevices | Filling::ProfileEvents => kept == profiles::TABLE.name,
        _ => false,
    };
    tables().iter().copied().filter(move |table| table.name == kept || made_of(table)).map(|table| table.name)
}

/// The table of this name, exactly as written: names are lower-case.
pub fn find(name: &str) -> Option<&'static TableSpec> {
    tables().iter().copied().find(|table| table.name == name)
}
