//! `where`: conditions that CleverTap applies, in its own query language.
//!
//! Experts write the language themselves, so most of it passes through as it is. But CleverTap ignores what it does
//! not know, and an ignored condition is a wrong table with status 200: keys and operators that it is known to have are
//! the only ones taken. Pieces that are given apart are put together into one object.
//!
//! Source: CleverTap's query language (developer.clevertap.com/docs/clevertap-query-language), checked 2026-11. Two
//! vocabularies of operators are documented; both are taken here, and which one is sent is for `clevertap`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::request::RequestError;
use crate::request::error::quoted;
use crate::request::json::{Strict, why};
use crate::request::nearest::nearest;
use crate::request::parameters::Given;

const PARAMETER: &str = "where";

const EVENT_PROPERTIES: &str = "event_properties";
const SESSION_PROPERTIES: &str = "session_properties";
const PROFILE_PROPERTIES: &str = "common_profile_properties";
const ADVANCED: &str = "advanced_query";

const KEYS: [&str; 4] = [EVENT_PROPERTIES, SESSION_PROPERTIES, PROFILE_PROPERTIES, ADVANCED];

const KEYS_OF_PROFILES: [&str; 7] =
    ["profile_fields", "app_fields", "demographics", "technographics", "geo_fields", "reachability", "likelihood"];

const KEYS_OF_ADVANCED: [&str; 3] = ["did_all", "did_any", "did_none"];

const KEYS_OF_CONDITIONS: [&str; 3] = ["name", "operator", "value"];

/// Of the query language's page, then those that only newer pages have.
const OPERATORS: [&str; 18] = [
    "equals",
    "not_equals",
    "contains",
    "does_not_contain",
    "exists",
    "does_not_exist",
    "greater_than",
    "greater_than_equals",
    "less_than",
    "less_than_equals",
    "not_contains",
    "in",
    "not_in",
    "gt",
    "gte",
    "lt",
    "lte",
    "not_exists",
];

/// Operators that compare with nothing.
const WITHOUT_VALUE: [&str; 3] = ["exists", "does_not_exist", "not_exists"];

/// All pieces together, objects sorted by key; `None` when there is no condition in them.
pub(super) fn read(given: &Given) -> Result<Option<Map<String, Value>>, RequestError> {
    let mut whole = Map::new();
    for text in given.all(PARAMETER) {
        for (key, value) in piece(text)? {
            add(&mut whole, key, value)?;
        }
    }
    whole.retain(|_, value| !is_empty(value));
    whole.sort_keys();
    Ok((!whole.is_empty()).then_some(whole))
}

/// One `where`, checked.
fn piece(text: &str) -> Result<Map<String, Value>, RequestError> {
    let Strict(value) = serde_json::from_str(text).map_err(|error| refuse(text, why(&error), None))?;
    let Value::Object(members) = value else {
        return Err(refuse(text, "it takes a JSON object", None));
    };
    for (key, value) in &members {
        match known(key, &KEYS)? {
            EVENT_PROPERTIES | SESSION_PROPERTIES => conditions(key, value)?,
            PROFILE_PROPERTIES => {
                for (key, _) in object(key, value)? {
                    known(key, &KEYS_OF_PROFILES)?;
                }
            }
            _ => {
                for (key, value) in object(key, value)? {
                    known(key, &KEYS_OF_ADVANCED)?;
                    inner_conditions(value)?;
                }
            }
        }
    }
    Ok(members)
}

/// Conditions on the properties of the events of an advanced query, wherever they stand.
fn inner_conditions(value: &Value) -> Result<(), RequestError> {
    match value {
        Value::Array(values) => values.iter().try_for_each(inner_conditions),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| match key.as_str() {
            EVENT_PROPERTIES | SESSION_PROPERTIES => conditions(key, value),
            _ => inner_conditions(value),
        }),
        _ => Ok(()),
    }
}

/// An array of `{name, operator, value}`.
fn conditions(key: &str, value: &Value) -> Result<(), RequestError> {
    let Value::Array(conditions) = value else {
        return Err(refuse(key, "it is a list of objects `{\"name\", \"operator\", \"value\"}`", None));
    };
    conditions.iter().try_for_each(|condition| {
        let Value::Object(members) = condition else {
            return Err(refuse(key, "each of its entries is an object `{\"name\", \"operator\", \"value\"}`", None));
        };
        for key in members.keys() {
            known(key, &KEYS_OF_CONDITIONS)?;
        }
        if !matches!(members.get("name"), Some(Value::String(name)) if !name.is_empty()) {
            return Err(refuse(key, "each of its entries needs the `name` of a property", None));
        }
        let operator = match members.get("operator") {
            None => OPERATORS[0],
            Some(Value::String(operator)) => known_operator(operator)?,
            Some(other) => return Err(refuse(&other.to_string(), "an operator is text", None)),
        };
        match members.get("value") {
            None if WITHOUT_VALUE.contains(&operator) => Ok(()),
            None => Err(refuse(operator, "a condition with this operator needs a `value`", None)),
            Some(value) if is_comparable(value) => Ok(()),
            Some(value) => {
                Err(refuse(&value.to_string(), "a value is text, a number, true, false or a list of these", None))
            }
        }
    })
}

fn is_comparable(value: &Value) -> bool {
    let scalar = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    match value {
        Value::Array(values) => !values.is_empty() && values.iter().all(scalar),
        value => scalar(value),
    }
}

fn object<'a>(key: &str, value: &'a Value) -> Result<&'a Map<String, Value>, RequestError> {
    value.as_object().ok_or_else(|| refuse(key, "it is a JSON object", None))
}

fn known(key: &str, keys: &[&'static str]) -> Result<&'static str, RequestError> {
    keys.iter().copied().find(|known| *known == key).ok_or_else(|| {
        refuse(key, format!("there is no such key; here it takes {}", keys.join(", ")), nearest_key(key, keys))
    })
}

/// `did_not` is what everybody writes first.
fn nearest_key(key: &str, keys: &[&'static str]) -> Option<&'static str> {
    match key {
        "did_not" => keys.iter().copied().find(|known| *known == "did_none"),
        key => nearest(key, keys.iter().copied()),
    }
}

fn known_operator(operator: &str) -> Result<&'static str, RequestError> {
    OPERATORS.iter().copied().find(|known| *known == operator).ok_or_else(|| {
        let near = match operator {
            "=" | "==" | "eq" | "is" => Some("equals"),
            "!=" | "<>" | "ne" | "neq" => Some("not_equals"),
            ">" => Some("greater_than"),
            ">=" | "ge" => Some("greater_than_equals"),
            "<" => Some("less_than"),
            "<=" | "le" => Some("less_than_equals"),
            other => nearest(other, OPERATORS),
        };
        refuse(operator, format!("there is no such operator; there are {}", OPERATORS.join(", ")), near)
    })
}

/// Lists of one key are put together, and so are the members of one object; anything else may stand once.
fn add(whole: &mut Map<String, Value>, key: String, value: Value) -> Result<(), RequestError> {
    match (whole.get_mut(&key), value) {
        (None, value) => {
            whole.insert(key, value);
        }
        (Some(Value::Array(there)), Value::Array(more)) => there.extend(more),
        (Some(Value::Object(there)), Value::Object(more)) => {
            for (key, value) in more {
                add_member(there, key, value)?;
            }
            there.sort_keys();
        }
        (Some(there), value) if *there == value => {}
        (Some(_), _) => return Err(refuse(&key, "it stands in two pieces that cannot be put together", None)),
    }
    Ok(())
}

/// As [`add`], but objects are taken as they are: two `did_any` are not one with all their events.
fn add_member(there: &mut Map<String, Value>, key: String, value: Value) -> Result<(), RequestError> {
    match (there.get(&key), &value) {
        (Some(Value::Object(known)), Value::Object(more)) if known != more => {
            Err(refuse(&key, "it stands in two pieces that cannot be put together", None))
        }
        (Some(Value::Object(_)), Value::Object(_)) => Ok(()),
        _ => add(there, key, value),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        _ => false,
    }
}

fn refuse(value: &str, expected: impl Into<Cow<'static, str>>, near: Option<&str>) -> RequestError {
    RequestError::BadValue {
        parameter: PARAMETER,
        value: quoted(value),
        expected: expected.into(),
        near: near.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::catalog::event_counts::TABLE;
    use crate::request::{QueryKey, Rules, parse};

    fn ask(pieces: &[&str]) -> Result<Option<Value>, RequestError> {
        let mut query = url::form_urlencoded::Serializer::new("event=A".to_owned());
        for piece in pieces {
            query.append_pair("where", piece);
        }
        let rules = Rules { query_key: QueryKey::Known, longest_days: 800 };
        Ok(parse(&query.finish(), &TABLE, rules)?.filters.map(Value::Object))
    }

    fn refused(piece: &str) -> (String, Option<String>) {
        match ask(&[piece]).unwrap_err() {
            RequestError::BadValue { parameter: "where", value, near, .. } => (value, near),
            other => panic!("{piece}: {other}"),
        }
    }

    #[test]
    fn pieces_are_put_together() {
        assert_eq!(
            ask(&[
                r#"{"event_properties":[{"name":"Amount","operator":"gt","value":5}]}"#,
                r#"{"common_profile_properties":{"profile_fields":[{"name":"Plan","value":"gold"}]},
                    "event_properties":[{"name":"Coupon","operator":"exists"}]}"#,
                r#"{"common_profile_properties":{"profile_fields":[{"name":"Age","value":3}],"geo_fields":[["US"]]}}"#,
                r#"{"advanced_query":{"did_none":[{"event_name":"B","from":20260101,"to":20260131}]}}"#,
            ])
            .unwrap(),
            Some(json!({
                "event_properties": [{"name": "Amount", "operator": "gt", "value": 5}, {"name": "Coupon", "operator": "exists"}],
                "common_profile_properties": {
                    "profile_fields": [{"name": "Plan", "value": "gold"}, {"name": "Age", "value": 3}],
                    "geo_fields": [["US"]],
                },
                "advanced_query": {"did_none": [{"event_name": "B", "from": 20_260_101, "to": 20_260_131}]},
            }))
        );
    }

    #[test]
    fn no_condition_is_no_filter() {
        for pieces in [&[][..], &["{}"], &[r#"{"event_properties":[]}"#, r#"{"advanced_query":{"did_all":[]}}"#]] {
            assert_eq!(ask(pieces).unwrap(), None);
        }
    }

    #[test]
    fn the_same_conditions_are_written_in_one_way() {
        let text = |piece| serde_json::to_string(&ask(&[piece]).unwrap()).unwrap();
        assert_eq!(
            text(r#"{ "session_properties": [], "event_properties": [{"value": 1, "name": "a"}] }"#),
            text(r#"{"event_properties":[{"name":"a","value":1}]}"#)
        );
        assert_eq!(
            text(r#"{"session_properties":[{"name":"b","value":2}],"event_properties":[{"name":"a","value":1}]}"#),
            text(r#"{"event_properties":[{"name":"a","value":1}],"session_properties":[{"name":"b","value":2}]}"#)
        );
    }

    #[test]
    fn what_clevertap_would_ignore_is_refused() {
        for (piece, value, near) in [
            (r#"{"event_property":[]}"#, "event_property", Some("event_properties")),
            (r#"{"props":[]}"#, "props", None),
            (r#"{"common_profile_properties":{"profile_field":[]}}"#, "profile_field", Some("profile_fields")),
            (r#"{"advanced_query":{"did_not":[]}}"#, "did_not", Some("did_none")),
            (r#"{"event_properties":[{"name":"a","operatr":"equals","value":1}]}"#, "operatr", Some("operator")),
            (r#"{"event_properties":[{"name":"a","operator":"equal","value":1}]}"#, "equal", Some("equals")),
            (r#"{"event_properties":[{"name":"a","operator":">=","value":1}]}"#, ">=", Some("greater_than_equals")),
            (r#"{"event_properties":[{"name":"a","operator":"Equals","value":1}]}"#, "Equals", Some("equals")),
            (
                r#"{"advanced_query":{"did_all":[{"event_name":"B","event_properties":[{"name":"a","operator":"lte_","value":1}]}]}}"#,
                "lte_",
                Some("lte"),
            ),
        ] {
            assert_eq!(refused(piece), (value.to_owned(), near.map(str::to_owned)), "{piece}");
        }
    }

    #[test]
    fn a_condition_has_a_name_and_something_to_compare_with() {
        for piece in [
            "",
            "[]",
            "{",
            "null",
            "{} {}",
            r#"{"event_properties":{}}"#,
            r#"{"event_properties":["a"]}"#,
            r#"{"event_properties":[{"value":1}]}"#,
            r#"{"event_properties":[{"name":"","value":1}]}"#,
            r#"{"event_properties":[{"name":1,"value":1}]}"#,
            r#"{"event_properties":[{"name":"a"}]}"#,
            r#"{"event_properties":[{"name":"a","operator":"gt"}]}"#,
            r#"{"event_properties":[{"name":"a","operator":1,"value":1}]}"#,
            r#"{"event_properties":[{"name":"a","value":null}]}"#,
            r#"{"event_properties":[{"name":"a","value":{}}]}"#,
            r#"{"event_properties":[{"name":"a","value":[]}]}"#,
            r#"{"event_properties":[{"name":"a","value":[[1]]}]}"#,
            r#"{"event_properties":[],"event_properties":[{"name":"a","value":1}]}"#,
            r#"{"common_profile_properties":[]}"#,
            r#"{"advanced_query":[]}"#,
        ] {
            refused(piece);
        }
        for piece in [
            r#"{"event_properties":[{"name":"a","value":[1,"b",true]}]}"#,
            r#"{"event_properties":[{"name":"a","operator":"does_not_exist"}]}"#,
            "{\"event_properties\":\n\t[{\"name\":\"a\",\"operator\":\"exists\",\"value\":\"x\"}]}",
        ] {
            assert!(ask(&[piece]).is_ok(), "{piece}");
        }
    }

    #[test]
    fn every_operator_of_both_vocabularies_is_taken() {
        for operator in OPERATORS {
            let piece = json!({"event_properties": [{"name": "a", "operator": operator, "value": 1}]});
            assert!(ask(&[&piece.to_string()]).is_ok(), "{operator}");
        }
    }

    #[test]
    fn two_conditions_that_can_only_stand_alone_contradict_each_other() {
        let did_any = |value| {
            let any = json!({"any_events": [{"event_name": "A"}], "operator": "greater_than_equals", "value": value});
            json!({"advanced_query": {"did_any": any}}).to_string()
        };
        assert_eq!(ask(&[&did_any(1), &did_any(1)]).unwrap(), ask(&[&did_any(1)]).unwrap());
        assert!(matches!(ask(&[&did_any(1), &did_any(2)]), Err(RequestError::BadValue { .. })));
    }

    #[test]
    fn a_filter_has_bounds_and_its_content_is_not_quoted_whole() {
        let long = json!({"event_properties": [{"name": "a", "value": "x".repeat(9_000)}]}).to_string();
        let error = ask(&[&long]).unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter_or_a_refusal(text in "(?s)[\\[\\]{}\":,a-z_0-9 \u{0}-\u{20}]{1,60}") {
            if let Err(error) = ask(&[&text]) {
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
    }
}
