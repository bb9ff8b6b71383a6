//! One condition on a property: a name, an operator, and values of which any will do.

use std::borrow::Cow;

use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub name: String,
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

/// Those of a list that can be understood.
pub fn conditions(list: &Value) -> Vec<Condition> {
    let named = |filter: &&Value| filter["name"].is_string();
    list.as_array().into_iter().flatten().filter(named).filter_map(Condition::read).collect()
}

impl Condition {
    /// `None` when it cannot be understood.
    pub fn read(filter: &Value) -> Option<Self> {
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
        Some(Self { name: filter["name"].as_str().unwrap_or_default().to_owned(), operator, values })
    }

    /// Whether what was found of the property, if anything, meets this.
    pub fn holds(&self, found: Option<&Value>) -> bool {
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
