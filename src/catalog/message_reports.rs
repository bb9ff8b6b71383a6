//! `message_reports`: what messages of every channel achieved, from CleverTap's Get Message Reports API.

use crate::catalog::own::{KEPT_DAY, text};
use crate::catalog::{Filling, FixedColumn, Key, Parameter, Period, Repeat, TableSpec, Values};
use crate::table::ColumnType;

pub static TABLE: TableSpec = TableSpec {
    name: "message_reports",
    description: "Every message of every channel that began in the period, also those built in the dashboard, with \
                  its metrics. A message that began earlier is not in it, even if it still runs. Metrics of a \
                  message go on rising for weeks after its start.",
    row: "one message, or with `by=day` one day of a message, of each of its variants",
    required: &[],
    choice: &[],
    optional: &[
        Parameter {
            name: "by",
            values: Values::OneOf(&["total", "day"]),
            repeat: Repeat::Once,
            default: Some("total"),
            example: "day",
            description: "`total` gives each message once, `day` splits its metrics by the days on which they came. A message \
                          of which nothing was sent yet has one row without a day.",
        },
        filter(
            "channel",
            &[
                "push",
                "email",
                "sms",
                "browser",
                "audiences",
                "inapp",
                "webhooks",
                "whatsapp",
                "web_pop_up",
                "web_exit_intent",
                "web_native_display",
                "nativedisplay",
                "web_inbox",
                "tiktok",
            ],
            "push",
            "Only messages of this channel. Repeat the parameter for several.",
        ),
        filter(
            "delivery",
            &["one_time", "inaction", "action", "recurring", "property_time", "api", "multiple_dates"],
            "recurring",
            "Only messages that are delivered in this way. Repeat the parameter for several.",
        ),
        filter(
            "status",
            &["scheduled", "running", "stopped", "completed"],
            "completed",
            "Only messages that stand there. Repeat the parameter for several.",
        ),
        filter(
            "message_type",
            &["single", "ab", "message_on_user_property"],
            "ab",
            "Only messages of this type. Repeat the parameter for several.",
        ),
        Parameter {
            name: "label",
            values: Values::Text,
            repeat: Repeat::Many,
            default: None,
            example: "onboarding",
            description: "Only messages with this label, exactly as CleverTap shows it. Repeat the parameter for \
                          several, of which each will do.",
        },
    ],
    period: Period::Used,
    filling: Filling::MessageReports,
    columns: &[
        text("message_id", "message id", "CleverTap's id of the message."),
        text("message_name", "message_name", "Name of the message."),
        FixedColumn::nullable(
            "report_date",
            ColumnType::Date,
            "",
            "The day on which the metrics came, in the project's time zone; null with `by=total`, and for a message that \
             has no day yet because nothing of it was sent: it is there once, so that none is missing.",
        ),
        text("variant", "variant", "Which variant of an A/B message; null for a message without variants."),
        text("channel", "channel", "Channel in the words of the dashboard, such as `Mobile Push`."),
        text("delivery", "delivery", "How it is delivered, in the words of the dashboard."),
        text("message_type", "message_type", "Type of the message, in CleverTap's words."),
        text("status", "status", "Where it stands, in the words of the dashboard."),
        FixedColumn::nullable(
            "start_time",
            ColumnType::Timestamp,
            "start_date",
            "When it began, on the clock of the project's time zone, without an offset.",
        ),
        text("conversion_event", "conversion_event", "The event that counts as its success."),
        FixedColumn::nullable("labels", ColumnType::Json, "labels", "Its labels, as a JSON list."),
        FixedColumn::nullable("device", ColumnType::Json, "device", "The kinds of devices it goes to, as a JSON list."),
        metric("sent", "How many were sent; null where CleverTap has no such number for the channel."),
        metric("viewed", "How many were viewed, for e-mail opened; null where CleverTap has no such number."),
        metric("clicked", "How many were clicked; null where CleverTap has no such number for the channel."),
    ],
    behind: &[],
    stored: &[KEPT_DAY],
    order: &["start_time", "message_id", "variant", "report_date"],
    key: Key::Made(&["message_id", "variant", "report_date"]),
};

/// A closed list of which any number may be named.
const fn filter(
    name: &'static str,
    words: &'static [&'static str],
    example: &'static str,
    description: &'static str,
) -> Parameter {
    Parameter { name, values: Values::OneOf(words), repeat: Repeat::Many, default: None, example, description }
}

const fn metric(name: &'static str, description: &'static str) -> FixedColumn {
    FixedColumn::nullable(name, ColumnType::Integer, name, description)
}
