//! The filters of a query: `event_properties`, `session_properties` and the `profile_fields` of
//! `common_profile_properties`.
//!
//! Both vocabularies of operators are understood: `greater_than_equals` and `gte`, `does_not_contain` and
//! `not_contains`, and so on. As CleverTap does, whatever is not understood is ignored without a word: an operator of
//! another name, a filter without a value, and every other kind of filter (`advanced_query`, `app_fields`, …).
//!
//! A property that a record lacks, or whose value is null, meets only `does_not_exist`.

use std::borrow::Cow;

use serde_json::Value;

/// Conditions that a record has to meet, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    event: Vec<Condition>,
    session: Vec<Condition>,
    profile: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    name: String,
    operator: Operator,
    /// Any of them will do.
    values: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    NotEquals,
    Contains,
    NotContains,
    Exists,
    NotExists,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filters {
    /// What a query's body asks for.
    pub fn read(body: &Value) -> Self {
        Self {
            event: conditions(&body["event_properties"]),
            session: conditions(&body["session_properties"]),
            profile: conditions(&body["common_profile_properties"]["profile_fields"]),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.event.is_empty() && self.session.is_empty() && self.profile.is_empty()
    }

    /// Whether a record, given as JSON, meets all conditions. What is not JSON meets none.
    pub fn admit(&self, record: &[u8]) -> bool {
        let Ok(record) = serde_json::from_slice::<Value>(record) else { return self.is_empty() };
        let holds = |condition: &Condition, found: Option<Cow<'_, Value>>| condition.holds(found.as_deref());
        self.event.iter().all(|condition| holds(condition, property(&record["event_props"], &condition.name)))
            && self
                .session
                .iter()
                .all(|condition| holds(condition, property(&record["session_props"], &condition.name)))
            && self.profile.iter().all(|condition| holds(condition, profile_field(&record["profile"], &condition.name)))
    }
}

fn property<'a>(properties: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    properties.get(name).map(Cow::Borrowed)
}

/// A profile property. `Email`, `Phone` (as `+` and digits) and `Name` are those that stand beside `profileData`.
pub fn profile_field<'a>(profile: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    match name {
        "Email" => property(profile, "email"),
        "Name" => property(profile, "name"),
        "Phone" => match profile.get("phone")? {
            Value::Number(digits) => Some(Cow::Owned(Value::from(format!("+{digits}")))),
            phone => Some(Cow::Borrowed(phone)),
        },
        _ => property(&profile["profileData"], name),
    }
}

fn conditions(list: &Value) -> Vec<Condition> {
    list.as_array().into_iter().flatten().filter_map(Condition::read).collect()
}

impl Condition {
    fn read(filter: &Value) -> Option<Self> {
        let operator = match filter["operator"].as_str() {
            // Without an operator it is `equals`.
            None => Operator::Equals,
            Some(word) => Operator::named(word)?,
        };
        let values = match &filter["value"] {
            Value::Null => Vec::new(),
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        };
        let needs_value = !matches!(operator, Operator::Exists | Operator::NotExists);
        if needs_value && values.is_empty() {
            return None;
        }
        Some(Self { name: filter["name"].as_str()?.to_owned(), operator, values })
    }

    fn holds(&self, found: Option<&Value>) -> bool {
        let found = found.filter(|value| !value.is_null());
        let any = |is: fn(&Value, &Value) -> bool| {
            found.is_some_and(|found| {
                let elements = match found {
                    Value::Array(elements) => elements.as_slice(),
                    value => std::slice::from_ref(value),
                };
                elements.iter().any(|element| self.values.iter().any(|wanted| is(element, wanted)))
            })
        };
        match self.operator {
            Operator::Exists => found.is_some(),
            Operator::NotExists => found.is_none(),
            Operator::Equals => any(equals),
            Operator::NotEquals => found.is_some() && !any(equals),
            Operator::Contains => any(contains),
            Operator::NotContains => found.is_some() && !any(contains),
            Operator::Greater => any(|found, wanted| compare(found, wanted).is_some_and(|order| order.is_gt())),
            Operator::GreaterOrEqual => any(|found, wanted| compare(found, wanted).is_some_and(|order| order.is_ge())),
            Operator::Less => any(|found, wanted| compare(found, wanted).is_some_and(|order| order.is_lt())),
            Operator::LessOrEqual => any(|found, wanted| compare(found, wanted).is_some_and(|order| order.is_le())),
        }
    }
}

impl Operator {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "equals" | "in" => Self::Equals,
            "not_equals" | "not_in" => Self::NotEquals,
            "contains" => Self::Contains,
            "does_not_contain" | "not_contains" => Self::NotContains,
            "exists" => Self::Exists,
            "does_not_exist" | "not_exists" => Self::NotExists,
            "greater_than" | "gt" => Self::Greater,
            "greater_than_equals" | "gte" => Self::GreaterOrEqual,
            "less_than" | "lt" => Self::Less,
            "less_than_equals" | "lte" => Self::LessOrEqual,
            _ => return None,
        })
    }
}

/// Numbers by value, everything else by its text; booleans are written `"True"` and `"False"` in a filter.
fn equals(found: &Value, wanted: &Value) -> bool {
    if let (Value::Number(found), Value::Number(wanted)) = (found, wanted) {
        return found == wanted || found.as_f64() == wanted.as_f64();
    }
    let (found, wanted) = (text(found), text(wanted));
    let boolean = |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    found == wanted || boolean(&found) && found.eq_ignore_ascii_case(&wanted)
}

fn contains(found: &Value, wanted: &Value) -> bool {
    text(found).contains(text(wanted).as_ref())
}

/// A property is compared when it is a number; the filter may have the number as text.
fn compare(found: &Value, wanted: &Value) -> Option<std::cmp::Ordering> {
    let wanted = match wanted {
        Value::String(text) => text.parse().ok()?,
        value => value.as_f64()?,
    };
    found.as_f64()?.partial_cmp(&wanted)
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        value => Cow::Owned(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORD: &str = r#"{"profile":{"phone":4912,"profileData":{"Customer Type":"Gold","tags":["foo","bar"]}},"ts":1,
        "event_props":{"Amount":300,"Currency":"EUR","First order":true,"Note":null,"Tags":["bio","new"],"SKU":"7"},
        "session_props":{"first_time":"True"}}"#;

    fn admits(body: &Value) -> bool {
        Filters::read(body).admit(RECORD.as_bytes())
    }

    fn event(name: &str, operator: &str, value: Value) -> bool {
        admits(&json!({"event_properties": [{"name": name, "operator": operator, "value": value}]}))
    }

    #[test]
    fn both_vocabularies_say_the_same() {
        for (a, b, name, value, holds) in [
            ("equals", "in", "Currency", json!(["USD", "EUR"]), true),
            ("not_equals", "not_in", "Currency", json!(["USD", "INR"]), true),
            ("not_equals", "not_in", "Missing", json!("EUR"), false),
            ("contains", "contains", "Currency", json!("UR"), true),
            ("does_not_contain", "not_contains", "Currency", json!("UR"), false),
            ("greater_than", "gt", "Amount", json!(300), false),
            ("greater_than_equals", "gte", "Amount", json!("300"), true),
            ("less_than", "lt", "Amount", json!(300.5), true),
            ("less_than_equals", "lte", "Amount", json!(299), false),
            ("exists", "exists", "Note", Value::Null, false),
            ("does_not_exist", "not_exists", "Note", Value::Null, true),
            ("less_than", "lt", "SKU", json!(9), false),
        ] {
            assert_eq!(event(name, a, value.clone()), holds, "{a} {name}");
            assert_eq!(event(name, b, value), holds, "{b} {name}");
        }
    }

    #[test]
    fn values_are_compared_across_the_ways_of_writing_them() {
        assert!(event("Amount", "equals", json!(300.0)) && event("Amount", "equals", json!("300")));
        assert!(event("First order", "equals", json!("True")) && event("First order", "equals", json!(true)));
        assert!(!event("First order", "equals", json!("False")));
        assert!(event("Tags", "equals", json!("new")) && !event("Tags", "equals", json!("ne")));
    }

    #[test]
    fn what_is_not_understood_is_ignored() {
        assert!(event("Currency", "eqauls", json!("USD")));
        assert!(admits(&json!({"event_properties": [{"name": "Currency"}], "advanced_query": {"did_not": []}})));
        assert!(Filters::read(&json!({"common_profile_properties": {"geo_fields": [["US"]]}})).is_empty());
    }

    #[test]
    fn sessions_and_profiles_are_filtered_too_and_everything_has_to_hold() {
        let profile = |name: &str, value: Value| json!({"profile_fields": [{"name": name, "value": value}]});
        let session = json!([{"name": "first_time", "value": "True"}]);
        assert!(admits(&json!({"common_profile_properties": profile("Customer Type", json!("Gold"))})));
        assert!(admits(&json!({"common_profile_properties": profile("Phone", json!("+4912"))})));
        let both =
            |name| json!({"session_properties": session, "common_profile_properties": profile("tags", json!(name))});
        assert!(admits(&both("bar")) && !admits(&both("baz")));
        assert!(!Filters::read(&both("bar")).admit(b"\xff"));
    }
}
