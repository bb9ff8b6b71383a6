//! The body of `POST /v1/refresh`: a flat JSON object with the words of the query string.
//!
//! It goes through the same checks as a query string: unknown words, repeated ones and bad values are refused alike.
//! Numbers stand for their digits (`"from": 20261101`), null for a missing word, a list for a repeated one.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

use crate::catalog::{ACCOUNT, PERIOD, Parameter, Repeat, Values};
use crate::request::RequestError;
use crate::request::parameters::{Given, Pair};
use crate::request::period::{self, PeriodRequest};

/// Which days of which table are to be loaded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshRequest {
    /// Not yet looked up.
    pub table: String,
    /// Whether the table needs one is not judged here.
    pub event: Option<String>,
    pub account: Option<String>,
    pub period: PeriodRequest,
}

const TABLE: Parameter = Parameter {
    name: "table",
    values: Values::Text,
    repeat: Repeat::Once,
    default: None,
    example: "events",
    description: "Name of the table.",
};

const EVENT: Parameter = Parameter {
    name: "event",
    values: Values::Text,
    repeat: Repeat::Once,
    default: None,
    example: "Charged",
    description: "Name of the event, where the table has one.",
};

const FROM: Parameter = PERIOD[0];

static KNOWN: [Parameter; 5] = [TABLE, EVENT, ACCOUNT, FROM, PERIOD[1]];

/// Reads the body. Without `to` the period ends today.
pub fn parse_refresh(body: &[u8], longest_days: u32) -> Result<RefreshRequest, RequestError> {
    let Object(pairs) = serde_json::from_slice(body).map_err(|error| RequestError::Body {
        line: error.line(),
        column: error.column(),
        why: why(&error),
    })?;
    let given = Given::new(pairs, &KNOWN)?;
    given.require(&[TABLE, FROM])?;
    Ok(RefreshRequest {
        table: given.one("table").unwrap_or_default().to_owned(),
        event: given.one("event").map(str::to_owned),
        account: given.one("account").map(str::to_owned),
        period: period::read(&given, longest_days)?,
    })
}

/// serde_json's text without the position, which we say ourselves. It quotes nothing of the body but single tokens.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

/// Keeps repeated keys, which a map would swallow.
struct Object(Vec<Pair>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object such as {\"table\": \"events\", \"event\": \"Charged\", \"from\": \"2026-11-01\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            for value in values {
                match value {
                    Value::Null => {}
                    Value::String(text) => pairs.push((name.clone(), text)),
                    Value::Number(number) => pairs.push((name.clone(), number.to_string())),
                    Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                        return Err(serde::de::Error::custom("a value must be text or a number"));
                    }
                }
            }
        }
        Ok(Object(pairs))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn refuse(body: &str) -> RequestError {
        parse_refresh(body.as_bytes(), 800).unwrap_err()
    }

    #[test]
    fn a_refresh_is_read() {
        let body = r#"{"table": "events", "event": "Charged", "from": 20261101, "to": "-2d", "account": null}"#;
        let request = parse_refresh(body.as_bytes(), 800).unwrap();
        assert_eq!((request.table.as_str(), request.event.as_deref()), ("events", Some("Charged")));
        assert_eq!(request.account, None);
        let period = request.period.resolve(date(2026, 11, 23), 800).unwrap();
        assert_eq!((period.days.first, period.days.last), (date(2026, 11, 1), date(2026, 11, 21)));
    }

    #[test]
    fn a_refresh_is_refused_as_a_query_string_would_be() {
        assert_eq!(refuse(r#"{"table": "events", "form": "today"}"#).near(), Some("from"));
        assert_eq!(refuse(r#"{"table": "events"}"#).parameter(), Some("from"));
        assert_eq!(refuse(r#"{"from": "today"}"#).parameter(), Some("table"));
        assert_eq!(
            refuse(r#"{"table": "a", "table": "b", "from": "today"}"#),
            RequestError::Repeated { parameter: "table", times: 2 }
        );
        assert_eq!(refuse(r#"{"table": "events", "from": "someday"}"#).parameter(), Some("from"));
        assert_eq!(
            refuse(r#"{"table": "events", "event": ["A", "B"], "from": "today"}"#),
            RequestError::Repeated { parameter: "event", times: 2 }
        );
    }

    #[test]
    fn a_body_that_is_not_such_an_object_is_refused_where_it_breaks() {
        for body in ["", "[]", "{", "null", r#"{"from": {}}"#, r#"{"from": true}"#, "{\"table\":\n \"x}", "\u{0}"] {
            assert!(matches!(refuse(body), RequestError::Body { .. }), "{body}");
        }
        assert!(matches!(refuse("{\"table\":\n  x}"), RequestError::Body { line: 2, column: 3, .. }));
    }
}
