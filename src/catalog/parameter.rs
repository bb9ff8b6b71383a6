//! What a parameter of a table is called, takes and means.
//!
//! The same facts drive the parser (which words are known, which may be repeated), its hints (the nearest right word)
//! and the OpenAPI document, so that the three cannot disagree.

/// One parameter of the query string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub values: Values,
    pub repeat: Repeat,
    /// What happens when it is left out, as text of the same form as a value; `None` when there is no fixed default.
    pub default: Option<&'static str>,
    /// A value that works.
    pub example: &'static str,
    pub description: &'static str,
}

/// Whether a parameter may stand in one request several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    Once,
    Many,
}

/// The form of a parameter's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any text of the kind its description names.
    Text,
    /// A day: `2026-11-01`, `20261101`, `today`, `yesterday`, `-30d`.
    Day,
    /// A day, or a project-local date-time `2026-11-01T00:00:00`.
    DayOrTime,
    /// A named period: `last_7_days`, `this_month` …
    Range,
    /// `90s`, `5m`, `6h`, `2d`.
    Duration,
    /// Exactly one of these words.
    OneOf(&'static [&'static str]),
    /// `1` for yes, `0` for no.
    Flag,
    /// A whole number, both bounds included.
    Whole { least: u64, most: u64 },
    /// A JSON object.
    Json,
    /// A query.
    Sql,
    /// A condition, an order or a list of columns in OData v4's grammar, without the `$` of its names.
    Expression,
}

impl Parameter {
    /// The words it takes, when they are a closed list.
    pub fn words(&self) -> &'static [&'static str] {
        match self.values {
            Values::OneOf(words) => words,
            Values::Flag => &["0", "1"],
            Values::Text
            | Values::Day
            | Values::DayOrTime
            | Values::Range
            | Values::Duration
            | Values::Whole { .. }
            | Values::Json
            | Values::Sql
            | Values::Expression => &[],
        }
    }
}
