//! The saved queries, understood once at the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::scalar::ScalarValue;
use jiff::tz::TimeZone;

use super::Query;
use crate::auth::Granted;
use crate::catalog::{API_KEY, Parameter, Repeat, Values};
use crate::config::{View as Saved, ViewValue};
use crate::period::day_number;
use crate::request::{self, PeriodRequest, RequestError};

/// What stands before a view's name where rights to tables are written: a key with `tables = ["views.*"]` sees views
/// and no table.
const RIGHT: &str = "views.";

/// All views by their names. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Views(Arc<BTreeMap<String, SavedQuery>>);

/// A view that can be asked.
#[derive(Clone, Debug)]
pub struct SavedQuery {
    pub name: String,
    pub description: String,
    pub query: Query,
    /// The period when a request names none.
    pub range: Option<PeriodRequest>,
    /// Its own words of a request; they live as long as the process, as those of the tables do.
    pub parameters: &'static [Parameter],
    saved: Saved,
}

/// Why a view of the configuration cannot be offered.
#[derive(Debug, thiserror::Error)]
#[error("view `{view}`: {why}")]
pub struct ViewError {
    view: String,
    why: String,
}

impl Views {
    /// Errors: a text that is not one SELECT, a table that does not exist, a parameter that is not declared, not used
    /// or named as a word that every request has.
    pub fn new(saved: &BTreeMap<String, Saved>) -> Result<Self, ViewError> {
        let views = saved.iter().map(|(name, saved)| {
            let view = SavedQuery::new(name, saved).map_err(|why| ViewError { view: name.clone(), why })?;
            Ok((name.clone(), view))
        });
        views.collect::<Result<_, _>>().map(|views| Self(Arc::new(views)))
    }

    /// Those that the caller sees, by name.
    pub fn seen_by<'a>(&'a self, granted: &'a Granted) -> impl Iterator<Item = &'a SavedQuery> {
        self.0.values().filter(|view| granted.sees_table(&format!("{RIGHT}{}", view.name)))
    }

    pub fn all(&self) -> impl Iterator<Item = &SavedQuery> {
        self.0.values()
    }
}

impl SavedQuery {
    fn new(name: &str, saved: &Saved) -> Result<Self, String> {
        let query = Query::parse(&saved.sql).map_err(|error| error.to_string())?;
        query.check_names().map_err(|error| error.to_string())?;
        let used = query.placeholders();
        if let Some(unknown) = used.iter().find(|used| !saved.parameters.contains_key(*used)) {
            return Err(format!("`${unknown}` stands in the SQL and is no parameter"));
        }
        if let Some(unused) = saved.parameters.keys().find(|declared| !used.contains(*declared)) {
            return Err(format!("the parameter `{unused}` does not stand in the SQL as `${unused}`"));
        }
        let range = match &saved.range {
            Some(range) => Some(request::parse_range(range).map_err(|error| error.to_string())?),
            None => None,
        };
        let mut parameters = Vec::new();
        for (word, parameter) in &saved.parameters {
            if request::around().chain([&API_KEY]).any(|known| known.name == word) {
                return Err(format!("`{word}` is a word that every request has; name the parameter otherwise"));
            }
            let kind = parameter.kind.said();
            let default = parameter.default.as_deref();
            let needed = if default.is_none() { " Required." } else { "" };
            parameters.push(Parameter {
                name: leaked(word),
                values: Values::Text,
                repeat: Repeat::Once,
                default: default.map(leaked),
                example: leaked(default.unwrap_or(kind)),
                description: leaked(&format!("A parameter of the view: {kind}.{needed}")),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            description: saved.description.clone(),
            query,
            range,
            parameters: parameters.leak(),
            saved: saved.clone(),
        })
    }

    /// The values that stand for its parameters.
    ///
    /// Errors: one that is missing, or not of its type.
    pub fn values(&self, given: &[(&'static str, String)]) -> Result<Vec<(&'static str, ScalarValue)>, RequestError> {
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in self.parameters {
            let text = given.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str());
            let Some(text) = text.or(parameter.default) else {
                let why = parameter.description.into();
                return Err(RequestError::Missing { parameter: parameter.name, why });
            };
            let kind = self.saved.parameters.get(parameter.name).map(|saved| saved.kind);
            let value = kind.and_then(|kind| kind.read(text)).ok_or_else(|| RequestError::BadValue {
                parameter: parameter.name,
                value: request::quoted(text),
                expected: kind.map_or(String::new(), |kind| format!("it takes {}", kind.said())).into(),
                near: None,
            })?;
            values.push((parameter.name, scalar(value)));
        }
        Ok(values)
    }
}

fn scalar(value: ViewValue) -> ScalarValue {
    match value {
        ViewValue::Text(text) => ScalarValue::Utf8(Some(text)),
        ViewValue::Integer(number) => ScalarValue::Int64(Some(number)),
        ViewValue::Number(number) => ScalarValue::Float64(Some(number)),
        ViewValue::Boolean(flag) => ScalarValue::Boolean(Some(flag)),
        ViewValue::Date(day) => ScalarValue::Date32(Some(day_number(day))),
        ViewValue::Timestamp(time) => {
            let micros = TimeZone::UTC.to_timestamp(time).ok().map(|instant| instant.as_microsecond());
            ScalarValue::TimestampMicrosecond(micros, None)
        }
    }
}

/// The configuration is read once, and what it declares is needed as long as the process runs.
fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ViewParameter, ViewParameterType};

    fn saved(sql: &str, parameters: &[(&str, ViewParameterType, Option<&str>)]) -> Saved {
        let parameter = |(name, kind, default): &(&str, ViewParameterType, Option<&str>)| {
            ((*name).to_owned(), ViewParameter { kind: *kind, default: default.map(str::to_owned) })
        };
        Saved {
            sql: sql.to_owned(),
            description: String::new(),
            range: None,
            parameters: parameters.iter().map(parameter).collect(),
        }
    }

    fn refused(saved: Saved) -> String {
        Views::new(&BTreeMap::from([("v".to_owned(), saved)])).unwrap_err().to_string()
    }

    #[test]
    fn a_view_that_cannot_work_is_refused_at_the_start() {
        use ViewParameterType::Text;
        assert!(refused(saved("SELECT", &[])).contains("view `v`"));
        assert!(refused(saved("DELETE FROM a", &[])).contains("only SELECT"));
        assert!(refused(saved("SELECT * FROM evens.\"A\"", &[])).contains("no table"));
        assert!(refused(saved("SELECT $a", &[])).contains("`$a` stands in the SQL"));
        assert!(refused(saved("SELECT 1", &[("a", Text, None)])).contains("does not stand in the SQL"));
        assert!(refused(saved("SELECT $account", &[("account", Text, None)])).contains("every request has"));
    }

    #[test]
    fn values_are_read_by_their_types_or_defaults() {
        use ViewParameterType::{Date, Integer};
        let saved = saved("SELECT $n, $day, $n", &[("n", Integer, Some("3")), ("day", Date, None)]);
        let views = Views::new(&BTreeMap::from([("v".to_owned(), saved)])).unwrap();
        let view = views.all().next().unwrap();
        let values = view.values(&[("day", "2026-11-01".to_owned())]).unwrap();
        assert_eq!(values[1], ("n", ScalarValue::Int64(Some(3))));
        assert!(matches!(view.values(&[]), Err(RequestError::Missing { parameter: "day", .. })));
        let bad = view.values(&[("day", "2026-11-01".to_owned()), ("n", "x".to_owned())]);
        assert!(matches!(bad, Err(RequestError::BadValue { parameter: "n", .. })));
    }
}
