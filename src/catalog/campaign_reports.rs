//! `campaign_reports`: what campaigns achieved, from CleverTap's Get Campaign Report API.

use crate::catalog::campaigns::{CAMPAIGN_ID, NAME, SCHEDULED_ON, SCHEDULED_ON_RAW, STATUS};
use crate::catalog::own::{KEPT_DAY, text};
use crate::catalog::{Filling, FixedColumn, Key, Parameter, Period, Repeat, TableSpec, Values};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "campaign_reports",
    description: "The reports of the campaigns that are scheduled for days of the period, or of the one with `id`: \
                  each metric of CleverTap's report in a column of its own. A campaign without a report has a row \
                  too, whose `report_status` says why.",
    row: "one campaign with the metrics of its report",
    required: &[],
    choice: &[],
    optional: &[Parameter {
        name: "id",
        values: Values::Whole { least: 1, most: i64::MAX as u64 },
        repeat: Repeat::Once,
        default: None,
        example: "1457432766",
        description: "Id of one campaign, instead of a period.",
    }],
    period: Period::UsedUnless("id"),
    filling: Filling::CampaignReports,
    columns: &[
        CAMPAIGN_ID,
        NAME,
        STATUS,
        SCHEDULED_ON,
        SCHEDULED_ON_RAW,
        FixedColumn::always(
            "report_status",
            ColumnType::Text,
            "",
            "`ready` when there are metrics, `not_completed` when the campaign has not ended yet, `no_result` when \
             CleverTap has no result for it, `error` when it refused, for example because there is no such campaign.",
        ),
        text("report_reason", "error", "What CleverTap said where there is no report; null when it is ready."),
        FixedColumn::nullable(
            "report_json",
            ColumnType::Json,
            "result",
            "The report as CleverTap sent it; null when there is none.",
        ),
    ],
    behind: &["report_json"],
    stored: &[KEPT_DAY],
    order: &["scheduled_on", "campaign_id"],
    key: Key::Made(&["campaign_id"]),
};
