//! `[views.NAME]`: saved queries with parameters.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use super::error::{ConfigError, Problem};
use super::source::ConfigFile;

/// A saved query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub sql: String,
    /// What it answers, in a sentence.
    pub description: String,
    /// The period when a request names none, as in `range=`. Default `last_30_days`.
    pub range: Option<String>,
    /// By the name that stands behind `$` in the SQL and in an address.
    pub parameters: BTreeMap<String, ViewParameter>,
}

/// A value that a request can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewParameter {
    pub kind: ViewParameterType,
    /// Text of the form that an address has. Without it the parameter is required.
    pub default: Option<String>,
}

/// What a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewParameterType {
    Text,
    Integer,
    Number,
    Boolean,
    Date,
    Timestamp,
}

/// A value of one of those types.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewValue {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Date(Date),
    Timestamp(DateTime),
}

impl ViewParameterType {
    /// Reads a value. `None` when it is not of this type.
    pub fn read(self, text: &str) -> Option<ViewValue> {
        Some(match self {
            Self::Text => ViewValue::Text(text.to_owned()),
            Self::Integer => ViewValue::Integer(text.parse().ok()?),
            Self::Number => ViewValue::Number(text.parse().ok().filter(|number: &f64| number.is_finite())?),
            Self::Boolean => ViewValue::Boolean(match text {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return None,
            }),
            Self::Date => ViewValue::Date(text.parse().ok()?),
            Self::Timestamp => ViewValue::Timestamp(text.parse().ok()?),
        })
    }

    /// The form of a value, as the end of "it takes …".
    pub fn said(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a day such as 2026-11-01",
            Self::Timestamp => "a time such as 2026-11-01T09:30:00",
        }
    }
}

/// The views of the sample file, which the demo shows as well.
///
/// Errors: none; the file is part of the program.
pub fn sample_views() -> Result<BTreeMap<String, View>, ConfigError> {
    let file = ConfigFile { path: "flattap.example.toml".into(), text: SAMPLE.to_owned() };
    #[derive(Deserialize)]
    struct Views {
        views: BTreeMap<String, Written>,
    }
    let wrong = |problem: String| ConfigError::Wrong {
        place: file.path.display().to_string(),
        key: "views".to_owned(),
        problem,
    };
    let sample: Views = toml::from_str(&file.text).map_err(|error| wrong(error.message().to_owned()))?;
    let views = sample.views.into_iter().map(|(name, view)| Ok((name.clone(), view.resolve(&name)?)));
    views.collect::<Result<_, Problem>>().map_err(|problem| wrong(problem.text))
}

const SAMPLE: &str = include_str!("../../flattap.example.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    sql: String,
    description: Option<String>,
    range: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, WrittenParameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenParameter {
    #[serde(rename = "type")]
    kind: ViewParameterType,
    default: Option<String>,
}

impl Written {
    pub fn resolve(self, name: &str) -> Result<View, Problem> {
        let view = View {
            sql: self.sql,
            description: self.description.unwrap_or_default(),
            range: self.range,
            parameters: self
                .parameters
                .into_iter()
                .map(|(name, written)| (name, ViewParameter { kind: written.kind, default: written.default }))
                .collect(),
        };
        view.check(name).map(|()| view)
    }
}

impl View {
    /// What can be said without knowing any table.
    pub(super) fn check(&self, name: &str) -> Result<(), Problem> {
        if !is_name(name) {
            let rule = "a view's name is made of small letters, digits and `_`, and begins with a letter";
            return Err(Problem::at(format!("views.{name}"), rule));
        }
        for (word, parameter) in &self.parameters {
            let at = format!("views.{name}.parameters.{word}");
            if !is_name(word) {
                return Err(Problem::at(at, "a parameter's name is made of small letters, digits and `_`"));
            }
            if let Some(default) = &parameter.default
                && parameter.kind.read(default).is_none()
            {
                return Err(Problem::at(format!("{at}.default"), format!("must be {}", parameter.kind.said())));
            }
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_its_type_or_none() {
        use ViewParameterType::{Boolean, Date, Integer, Number, Text, Timestamp};
        for (kind, good, bad) in [
            (Integer, "-3", "3.0"),
            (Number, "2.5", "NaN"),
            (Boolean, "true", "yes"),
            (Date, "2026-11-01", "2026-11-31"),
            (Timestamp, "2026-11-01T09:30:00", "9:30"),
        ] {
            assert!(kind.read(good).is_some() && kind.read(bad).is_none(), "{kind:?}");
        }
        assert_eq!(Text.read("' OR 1"), Some(ViewValue::Text("' OR 1".to_owned())));
    }
}
