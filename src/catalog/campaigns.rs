//! `campaigns`: the campaigns of CleverTap's Get Campaigns API.

use crate::catalog::own::{KEPT_DAY, text};
use crate::catalog::{Filling, FixedColumn, Key, Period, TableSpec};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "campaigns",
    description: "The campaigns that are scheduled for days of the period. CleverTap lists here mainly those that \
                  were created through its API; `message_reports` also has those of the dashboard. Pending campaigns \
                  lie in the future, so let the period end there.",
    row: "one campaign of the list API",
    required: &[],
    choice: &[],
    optional: &[],
    period: Period::Used,
    filling: Filling::Campaigns,
    columns: &[CAMPAIGN_ID, NAME, STATUS, SCHEDULED_ON, SCHEDULED_ON_RAW],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["scheduled_on", "campaign_id"],
    key: Key::Made(&["campaign_id"]),
};

pub(super) const CAMPAIGN_ID: FixedColumn = text("campaign_id", "id", "CleverTap's id of the campaign.");

pub(super) const NAME: FixedColumn = text("name", "name", "Name of the campaign.");

pub(super) const STATUS: FixedColumn =
    text("status", "status", "Where it stands, in CleverTap's words: pending, running, completed and others.");

pub(super) const SCHEDULED_ON: FixedColumn = FixedColumn::nullable(
    "scheduled_on",
    ColumnType::Timestamp,
    "scheduled_on",
    "When it starts, on the clock of the project's time zone, without an offset. Null where CleverTap's form of the \
     time is not known.",
);

pub(super) const SCHEDULED_ON_RAW: FixedColumn =
    text("scheduled_on_raw", "scheduled_on", "When it starts, as CleverTap sent it.");
