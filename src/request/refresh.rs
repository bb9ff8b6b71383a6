//! The body of `POST /v1/refresh`: a flat JSON object with the words of the query string.
//!
//! It goes through the same checks as a query string: unknown words, repeated ones and bad values are refused alike.
//! Numbers stand for their digits (`"from": 20261101`), null for a missing word, a list for a repeated one.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

use crate::catalog::{self, ACCOUNT, PERIOD, Parameter, Period, Repeat, TableSpec, Values};
use crate::request::json::{Strict, why};
use crate::request::own;
use crate::request::parameters::{Given, Pair};
use crate::request::{RequestError, TableRequest, table};

/// What is to be loaded again. Which words it may hold depends on the table, so only the table's name is read at first:
/// whoever may not see the table must be told so before anything else of the request is looked at.
pub struct RefreshRequest {
    /// Not yet looked up.
    pub table: String,
    /// All words but the table.
    words: Vec<Pair>,
    longest_days: u32,
}

const TABLE: Parameter = Parameter {
    name: "table",
    values: Values::Text,
    repeat: Repeat::Once,
    default: None,
    example: "events",
    description: "Name of the table.",
};

/// One in each refresh, because a refresh is one job.
const EVENT: Parameter = Parameter {
    name: "event",
    values: Values::Text,
    repeat: Repeat::Once,
    default: None,
    example: "Charged",
    description: "Name of the event, where the table has one.",
};

const FROM: Parameter = Parameter {
    values: Values::Day,
    description: "First day to be loaded again, in the project's time zone: `2026-11-01`, `20261101`, `today`, \
                  `yesterday`, `-30d`. Needed where the table is about days.",
    ..PERIOD[0]
};

const TO: Parameter = Parameter { description: "Last day, itself included. Today when it is left out.", ..PERIOD[1] };

/// Reads the body as far as to know the table. Without `to` the period ends today.
pub fn parse_refresh(body: &[u8], longest_days: u32) -> Result<RefreshRequest, RequestError> {
    let Object(pairs) = serde_json::from_slice(body).map_err(|error| RequestError::Body {
        line: error.line(),
        column: error.column(),
        why: why(&error),
    })?;
    let (named, words): (Vec<Pair>, Vec<Pair>) = pairs.into_iter().partition(|(name, _)| name == TABLE.name);
    if named.is_empty() {
        // A misspelt word says more than a missing one.
        Given::new(words.clone(), words_of_any_table())?;
    }
    let given = Given::new(named, [&TABLE])?;
    given.require(&[TABLE])?;
    Ok(RefreshRequest { table: given.one(TABLE.name).unwrap_or_default().to_owned(), words, longest_days })
}

impl RefreshRequest {
    /// What is asked of this table, which is the one that the request names: its rows of the period, and by what they
    /// are chosen.
    pub fn of(&self, spec: &'static TableSpec) -> Result<TableRequest, RequestError> {
        let given = Given::new(self.words.clone(), std::iter::once(&TABLE).chain(refresh_words(spec)))?;
        table::required(&given, spec)?;
        if own::uses_period(&given, spec.period) {
            given.require(&[FROM])?;
        }
        table::table_request(&given, spec, self.longest_days)
    }
}

/// The words beside `table` that a refresh of this table takes, those that say which rows: how long to wait and how
/// cells are written is no matter of loading.
pub fn refresh_words(spec: &'static TableSpec) -> impl Iterator<Item = &'static Parameter> {
    let own = spec.own_parameters().map(|parameter| if parameter.name == EVENT.name { &EVENT } else { parameter });
    let days: &[&Parameter] = match spec.period {
        Period::Used | Period::UsedUnless(_) => &[&FROM, &TO],
        Period::Unused => &[],
    };
    std::iter::once(&ACCOUNT).chain(own).chain(days.iter().copied())
}

/// Each once.
fn words_of_any_table() -> Vec<&'static Parameter> {
    let mut words: Vec<&'static Parameter> = vec![&TABLE];
    for word in catalog::tables().iter().flat_map(|spec| refresh_words(spec)) {
        if !words.iter().any(|known| known.name == word.name) {
            words.push(word);
        }
    }
    words
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
        while let Some((name, value)) = map.next_entry::<String, Strict>()? {
            let Strict(value) = value;
            let values = match value {
                // The one word whose value is JSON itself.
                Value::Object(_) if name == "where" => vec![Value::String(value.to_string())],
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

    fn ask(body: &str) -> Result<TableRequest, RequestError> {
        let request = parse_refresh(body.as_bytes(), 800)?;
        request.of(catalog::tables().iter().copied().find(|spec| spec.name == request.table).unwrap())
    }

    fn refuse(body: &str) -> RequestError {
        ask(body).unwrap_err()
    }

    #[test]
    fn a_refresh_is_read() {
        let body = r#"{"table": "events", "event": "Charged", "from": 20261101, "to": "-2d", "account": null}"#;
        assert_eq!(parse_refresh(body.as_bytes(), 800).unwrap().table, "events");
        let request = ask(body).unwrap();
        assert_eq!(request.events, ["Charged"]);
        assert_eq!(request.account, None);
        let period = request.period.resolve(date(2026, 11, 23), 800).unwrap();
        assert_eq!((period.days.first, period.days.last), (date(2026, 11, 1), date(2026, 11, 21)));
    }

    #[test]
    fn every_table_is_refreshed_with_its_own_words() {
        let own = |body: &str| ask(body).unwrap().own.to_string();
        assert_eq!(own(r#"{"table": "event_counts", "event": "A", "from": "today", "by": "day"}"#), "by=day");
        assert_eq!(
            own(
                r#"{"table": "property_counts", "event": "A", "from": "today", "property": "Plan", "limit_values": 5}"#
            ),
            "property=Plan&property_type=event_properties&limit_values=5"
        );
        assert_eq!(
            own(r#"{"table": "message_reports", "from": "-30d", "channel": ["sms", "email"]}"#),
            "by=total&channel=email&channel=sms"
        );
        assert_eq!(own(r#"{"table": "campaign_reports", "id": 42}"#), "id=42");
        assert_eq!(own(r#"{"table": "profile", "identity": 5}"#), "identity=5");
        assert_eq!(own(r#"{"table": "event_catalog"}"#), "");
        assert_eq!(ask(r#"{"table": "profiles", "from": "-30d"}"#).unwrap().events, ["App Launched"]);
    }

    #[test]
    fn a_filter_is_json_or_its_text() {
        let filters = |filter: &str| {
            ask(&format!(r#"{{"table": "events", "event": "A", "from": "today", "where": {filter}}}"#)).unwrap().filters
        };
        let object = r#"{"event_properties": [{"name": "a", "value": 1}]}"#;
        let text = Value::String(object.to_owned()).to_string();
        assert!(filters(object).is_some());
        assert_eq!(filters(object), filters(&text));
        assert_eq!(filters(&format!("[{text}]")), filters(object));
        assert_eq!(
            refuse(r#"{"table": "events", "event": "A", "from": "today", "where": 5}"#).parameter(),
            Some("where")
        );
    }

    #[test]
    fn a_refresh_is_refused_as_a_query_string_would_be() {
        assert_eq!(refuse(r#"{"table": "events", "form": "today"}"#).near(), Some("from"));
        assert_eq!(refuse(r#"{"tabel": "events"}"#).near(), Some("table"));
        assert_eq!(refuse(r#"{"table": "events", "from": "today"}"#).parameter(), Some("event"));
        assert_eq!(refuse(r#"{"table": "events", "event": "A"}"#).parameter(), Some("from"));
        assert_eq!(refuse(r#"{"table": "event_catalog", "from": "today"}"#).parameter(), Some("from"));
        assert_eq!(
            refuse(r#"{"table": "events", "event": "A", "from": "today", "wait": "5s"}"#).parameter(),
            Some("wait")
        );
        assert_eq!(refuse(r#"{"from": "today"}"#).parameter(), Some("table"));
        assert_eq!(
            refuse(r#"{"table": "a", "table": "b", "from": "today"}"#),
            RequestError::Repeated { parameter: "table", times: 2 }
        );
        assert_eq!(refuse(r#"{"table": "events", "event": "A", "from": "someday"}"#).parameter(), Some("from"));
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
