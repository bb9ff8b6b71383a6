//! Which keys of a message are which columns, however they are spelt.

use super::super::value::Members;
use crate::flatten::names::normalise;

/// What describes a message; a text as CleverTap sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Id,
    Name,
    Variant,
    Channel,
    Delivery,
    Type,
    Status,
    Start,
    ConversionEvent,
    Labels,
    Device,
}

/// How many facts there are.
pub(super) const FACTS: usize = Fact::Device as usize + 1;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Sent,
    Viewed,
    Clicked,
}

/// How many metrics have columns of their own.
pub(super) const METRICS: usize = Metric::Clicked as usize + 1;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Fact(Fact),
    Metric(Metric),
    /// The day that a row is about.
    Date,
    /// Where variants are.
    Variants,
    Other,
}

/// Whose members are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// A message, or a day of one.
    Message,
    /// A variant, whose `name` and `id` are its own.
    Variant,
}

pub(super) fn field(key: &str, level: Level) -> Field {
    Field::Fact(match (normalise(key).as_str(), level) {
        ("message_id", _) | ("id", Level::Message) => Fact::Id,
        ("message_name", _) | ("name", Level::Message) => Fact::Name,
        ("variant" | "variant_name", _) | ("name", Level::Variant) => Fact::Variant,
        ("channel", _) => Fact::Channel,
        ("delivery", _) => Fact::Delivery,
        ("message_type", _) => Fact::Type,
        ("status", _) => Fact::Status,
        ("start_date" | "start_time", _) => Fact::Start,
        ("conversion_event", _) => Fact::ConversionEvent,
        ("labels" | "label", _) => Fact::Labels,
        ("device" | "devices", _) => Fact::Device,
        ("sent", _) => return Field::Metric(Metric::Sent),
        ("viewed", _) => return Field::Metric(Metric::Viewed),
        ("clicked", _) => return Field::Metric(Metric::Clicked),
        ("date" | "day" | "report_date" | "run_date", _) => return Field::Date,
        ("variants" | "ab_variants" | "versions", _) => return Field::Variants,
        _ => return Field::Other,
    })
}

/// The first member that stands for the day a row is about.
pub(super) fn date_of<'a>(members: &Members<'a>) -> Option<&'a str> {
    members.iter().find(|(key, _)| field(key, Level::Message) == Field::Date).map(|(_, json)| json)
}
