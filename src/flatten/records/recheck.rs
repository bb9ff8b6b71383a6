//! Our own check of the `event_properties` filters that CleverTap was given: it is known to ignore what it does not
//! understand, without saying so (reference 2.5).
//!
//! In: the filters as JSON, then pages of event records. Out: the records that pass. How CleverTap compares is not
//! documented in detail, so a record is only dropped when it fails under every reading: text is found whatever its
//! case, and differs when its case does; a list passes when one element does; a property may also be one of the
//! items. What is no readable record stays, for [`crate::flatten::Flattener`] to refuse.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::value::{Members, elements, said};
use crate::flatten::kinds::date_seconds;

/// Why a filter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error("`event_properties` must be a JSON array of objects with `name`, `operator` and `value`")]
    NotAList,
    #[error("filter {index} of `event_properties` must be an object with a text `name`")]
    Nameless { index: usize },
    #[error(
        "filter {index} of `event_properties` has an unknown key `{key}`; it may have `name`, `operator` and `value`"
    )]
    UnknownKey { index: usize, key: String },
    #[error("filter {index} of `event_properties` has an unknown operator `{operator}`; nearest is `{nearest}`")]
    UnknownOperator { index: usize, operator: String, nearest: &'static str },
    #[error("filter {index} of `event_properties` needs a `value`: text, a number, a boolean, or a list of these")]
    Valueless { index: usize },
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

/// Both vocabularies.
const OPERATORS: [(&str, Operator); 18] = [
    ("equals", Operator::Equals),
    ("not_equals", Operator::NotEquals),
    ("contains", Operator::Contains),
    ("does_not_contain", Operator::NotContains),
    ("exists", Operator::Exists),
    ("does_not_exist", Operator::NotExists),
    ("greater_than", Operator::Greater),
    ("greater_than_equals", Operator::GreaterOrEqual),
    ("less_than", Operator::Less),
    ("less_than_equals", Operator::LessOrEqual),
    ("not_contains", Operator::NotContains),
    ("in", Operator::Equals),
    ("not_in", Operator::NotEquals),
    ("gt", Operator::Greater),
    ("gte", Operator::GreaterOrEqual),
    ("lt", Operator::Less),
    ("lte", Operator::LessOrEqual),
    ("not_exists", Operator::NotExists),
];

/// Filters that all must pass.
#[derive(Clone)]
pub struct EventFilter(Vec<Filter>);

/// Shows how many filters there are; their values may be personal.
impl std::fmt::Debug for EventFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EventFilter({} filters)", self.0.len())
    }
}

#[derive(Clone)]
struct Filter {
    name: String,
    operator: Operator,
    /// Any of these; texts, numbers and booleans as text.
    values: Vec<String>,
}

impl EventFilter {
    /// Takes the value of `event_properties` as it is sent to CleverTap. A missing operator is `equals`; a list of values
    /// means any of them, with a negative operator none of them.
    pub fn new(event_properties: &Value) -> Result<Self, FilterError> {
        let filters = event_properties.as_array().ok_or(FilterError::NotAList)?;
        filters.iter().enumerate().map(|(index, filter)| Filter::new(index, filter)).collect::<Result<_, _>>().map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an event record, as CleverTap sent it, passes.
    pub fn matches(&self, record: &[u8]) -> bool {
        std::str::from_utf8(record).map_or(true, |record| self.matches_text(record))
    }

    /// The records of a page that pass, as a page; the page itself when all do.
    pub fn keep<'a>(&self, page: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_empty() {
            return page.into();
        }
        let Some(records) = std::str::from_utf8(page).ok().and_then(elements) else { return page.into() };
        let kept: Vec<&str> = records.iter().copied().filter(|record| self.matches_text(record)).collect();
        match kept.len() == records.len() {
            true => page.into(),
            false => format!("[{}]", kept.join(",")).into_bytes().into(),
        }
    }

    fn matches_text(&self, record: &str) -> bool {
        let Some(record) = Members::of(record) else { return true };
        let properties = record.get("event_props").and_then(Members::of).unwrap_or_default();
        self.0.iter().all(|filter| filter.passes(&properties))
    }
}

impl Filter {
    fn new(index: usize, filter: &Value) -> Result<Self, FilterError> {
        let members = filter.as_object().ok_or(FilterError::Nameless { index })?;
        if let Some(key) = members.keys().find(|key| !["name", "operator", "value"].contains(&key.as_str())) {
            return Err(FilterError::UnknownKey { index, key: key.clone() });
        }
        let name = members.get("name").and_then(Value::as_str).ok_or(FilterError::Nameless { index })?;
        let operator = match members.get("operator") {
            None => Operator::Equals,
            Some(operator) => operator_of(index, operator)?,
        };
        let values = match members.get("value") {
            _ if matches!(operator, Operator::Exists | Operator::NotExists) => Some(Vec::new()),
            Some(Value::Array(values)) if !values.is_empty() => values.iter().map(text_of).collect::<Option<_>>(),
            Some(value) => text_of(value).map(|value| vec![value]),
            None => None,
        }
        .ok_or(FilterError::Valueless { index })?;
        Ok(Self { name: name.to_owned(), operator, values })
    }

    fn passes(&self, properties: &Members<'_>) -> bool {
        let found = self.find(properties);
        // A positive reading: one of the property's values is as one of the filter's. A negative one: one of the
        // property's values is unlike all of the filter's, or there is none.
        let any = |test: &dyn Fn(&str, &str) -> bool| {
            found.iter().any(|value| self.values.iter().any(|wanted| test(value, wanted)))
        };
        let unlike = |test: &dyn Fn(&str, &str) -> bool| {
            found.is_empty() || found.iter().any(|value| !self.values.iter().any(|wanted| test(value, wanted)))
        };
        let compared =
            |orders: [Ordering; 2]| any(&|value, wanted| order(value, wanted).is_some_and(|it| orders.contains(&it)));
        match self.operator {
            Operator::Exists => !found.is_empty(),
            Operator::NotExists => found.is_empty(),
            Operator::Equals => any(&|value, wanted| same(&value.to_lowercase(), &wanted.to_lowercase())),
            Operator::NotEquals => unlike(&same),
            Operator::Contains => any(&|value, wanted| value.to_lowercase().contains(&wanted.to_lowercase())),
            Operator::NotContains => unlike(&|value, wanted| value.contains(wanted)),
            Operator::Greater => compared([Ordering::Greater; 2]),
            Operator::GreaterOrEqual => compared([Ordering::Greater, Ordering::Equal]),
            Operator::Less => compared([Ordering::Less; 2]),
            Operator::LessOrEqual => compared([Ordering::Less, Ordering::Equal]),
        }
    }

    /// The property's values: its own, or those of the items.
    fn find<'a>(&self, properties: &Members<'a>) -> Vec<Cow<'a, str>> {
        if let Some(json) = properties.get(&self.name) {
            return flat(json);
        }
        let lists = properties.iter().filter(|(key, _)| key.eq_ignore_ascii_case("items")).map(|(_, json)| json);
        let items = lists.flat_map(|json| elements(json).unwrap_or_else(|| vec![json])).filter_map(Members::of);
        items.filter_map(|item| item.get(&self.name).map(flat)).flatten().collect()
    }
}

fn operator_of(index: usize, operator: &Value) -> Result<Operator, FilterError> {
    let text = operator.as_str().map_or_else(|| operator.to_string(), str::to_owned);
    if let Some((_, known)) = OPERATORS.iter().find(|(name, _)| *name == text) {
        return Ok(*known);
    }
    let near = |name: &str| strsim::damerau_levenshtein(name, &text.to_lowercase());
    let nearest = OPERATORS.iter().map(|(name, _)| *name).min_by_key(|name| near(name)).unwrap_or("equals");
    Err(FilterError::UnknownOperator { index, operator: text, nearest })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A list's elements, and any other value as it is, as texts.
fn flat(json: &str) -> Vec<Cow<'_, str>> {
    match elements(json) {
        Some(list) => list.into_iter().map(said).collect(),
        None => vec![said(json)],
    }
}

/// Whether two texts say the same: as texts, as numbers, or as booleans (which are sent as `True` and `False`).
fn same(one: &str, other: &str) -> bool {
    let boolean = |text: &str| ["true", "false"].iter().position(|name| text.eq_ignore_ascii_case(name));
    one == other
        || order(one, other) == Some(Ordering::Equal)
        || boolean(one).is_some_and(|value| boolean(other) == Some(value))
}

/// How two texts compare as numbers; dates are numbers of seconds.
fn order(one: &str, other: &str) -> Option<Ordering> {
    let whole = |text: &str| date_seconds(text).map(i128::from).or_else(|| text.trim().parse::<i128>().ok());
    let number = |text: &str| match whole(text) {
        Some(number) => Some(number as f64),
        None => text.trim().parse::<f64>().ok().filter(|number| number.is_finite()),
    };
    match (whole(one), whole(other)) {
        // Long ids differ in digits that a double does not have.
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => number(one)?.partial_cmp(&number(other)?),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::super::testing::any_json;
    use super::*;

    fn passes(filter: Value, properties: &str) -> bool {
        let record = format!(r#"{{"ts":20261101000000,"event_props":{properties}}}"#);
        EventFilter::new(&json!([filter])).unwrap().matches(record.as_bytes())
    }

    #[rstest]
    #[case(json!({"name":"a","operator":"equals","value":"Mobile"}), r#"{"a":"Mobile"}"#, true)]
    #[case(json!({"name":"a","value":"Mobile"}), r#"{"a":"mobile"}"#, true)]
    #[case(json!({"name":"a","value":"Mobile"}), r#"{"a":"Web"}"#, false)]
    #[case(json!({"name":"a","value":"Mobile"}), r#"{}"#, false)]
    #[case(json!({"name":"a","value":["x","Mobile"]}), r#"{"a":"Mobile"}"#, true)]
    #[case(json!({"name":"a","operator":"in","value":["x","y"]}), r#"{"a":"z"}"#, false)]
    #[case(json!({"name":"a","value":300}), r#"{"a":"300.0"}"#, true)]
    #[case(json!({"name":"a","value":"300"}), r#"{"a":3e2}"#, true)]
    #[case(json!({"name":"a","value":"9007199254740993"}), r#"{"a":9007199254740992}"#, false)]
    #[case(json!({"name":"a","value":"True"}), r#"{"a":true}"#, true)]
    #[case(json!({"name":"a","value":"False"}), r#"{"a":true}"#, false)]
    #[case(json!({"name":"a","value":"x"}), r#"{"a":["y","x"]}"#, true)]
    #[case(json!({"name":"Category","value":"books"}), r#"{"Items":[{"Category":"toys"},{"Category":"books"}]}"#, true)]
    #[case(json!({"name":"Category","value":"books"}), r#"{"items":{"Category":"toys"}}"#, false)]
    #[case(json!({"name":"a","operator":"not_equals","value":"x"}), r#"{"a":"x"}"#, false)]
    #[case(json!({"name":"a","operator":"not_equals","value":"x"}), r#"{"a":"X"}"#, true)]
    #[case(json!({"name":"a","operator":"not_equals","value":"True"}), r#"{"a":true}"#, false)]
    #[case(json!({"name":"a","operator":"not_in","value":["x",7]}), r#"{"a":7.0}"#, false)]
    #[case(json!({"name":"a","operator":"not_in","value":["x",7]}), r#"{"b":7}"#, true)]
    #[case(json!({"name":"a","operator":"contains","value":"CaR"}), r#"{"a":"Credit Card"}"#, true)]
    #[case(json!({"name":"a","operator":"contains","value":"x"}), r#"{"a":"Credit Card"}"#, false)]
    #[case(json!({"name":"a","operator":"does_not_contain","value":"Card"}), r#"{"a":"Credit Card"}"#, false)]
    #[case(json!({"name":"a","operator":"not_contains","value":"x"}), r#"{"a":"Credit Card"}"#, true)]
    #[case(json!({"name":"a","operator":"exists"}), r#"{"a":""}"#, true)]
    #[case(json!({"name":"a","operator":"exists"}), r#"{"a":null}"#, false)]
    #[case(json!({"name":"a","operator":"does_not_exist","value":"x"}), r#"{"b":1}"#, true)]
    #[case(json!({"name":"a","operator":"not_exists"}), r#"{"a":1}"#, false)]
    #[case(json!({"name":"a","operator":"greater_than","value":5}), r#"{"a":"10"}"#, true)]
    #[case(json!({"name":"a","operator":"gt","value":5}), r#"{"a":5}"#, false)]
    #[case(json!({"name":"a","operator":"gte","value":"5"}), r#"{"a":5.0}"#, true)]
    #[case(json!({"name":"a","operator":"greater_than_equals","value":5}), r#"{"a":4.9}"#, false)]
    #[case(json!({"name":"a","operator":"less_than","value":5}), r#"{"a":-1}"#, true)]
    #[case(json!({"name":"a","operator":"lt","value":5}), r#"{"a":"few"}"#, false)]
    #[case(json!({"name":"a","operator":"less_than_equals","value":5}), r#"{"a":5}"#, true)]
    #[case(json!({"name":"a","operator":"lte","value":5}), r#"{}"#, false)]
    #[case(json!({"name":"a","operator":"gt","value":"$D_1457308800"}), r#"{"a":"$D_1457308801"}"#, true)]
    fn a_record_passes_or_does_not(#[case] filter: Value, #[case] properties: &str, #[case] expected: bool) {
        assert_eq!(passes(filter, properties), expected);
    }

    #[rstest]
    #[case(json!({}), FilterError::NotAList)]
    #[case(json!(["a"]), FilterError::Nameless { index: 0 })]
    #[case(json!([{"name":"a","value":1},{"value":1}]), FilterError::Nameless { index: 1 })]
    #[case(json!([{"name":"a","operater":"equals","value":1}]),
        FilterError::UnknownKey { index: 0, key: "operater".into() })]
    #[case(json!([{"name":"a","operator":"greter_than","value":1}]),
        FilterError::UnknownOperator { index: 0, operator: "greter_than".into(), nearest: "greater_than" })]
    #[case(json!([{"name":"a","operator":"Equals","value":1}]),
        FilterError::UnknownOperator { index: 0, operator: "Equals".into(), nearest: "equals" })]
    #[case(json!([{"name":"a","operator":null,"value":1}]),
        FilterError::UnknownOperator { index: 0, operator: "null".into(), nearest: "lt" })]
    #[case(json!([{"name":"a"}]), FilterError::Valueless { index: 0 })]
    #[case(json!([{"name":"a","value":[]}]), FilterError::Valueless { index: 0 })]
    #[case(json!([{"name":"a","value":[null]}]), FilterError::Valueless { index: 0 })]
    fn a_filter_that_is_none_is_refused(#[case] filters: Value, #[case] expected: FilterError) {
        assert_eq!(EventFilter::new(&filters).unwrap_err(), expected);
    }

    #[test]
    fn all_filters_must_pass_and_only_such_records_stay() {
        let filters = json!([{"name":"a","value":"x"},{"name":"n","operator":"gt","value":1}]);
        let filter = EventFilter::new(&filters).unwrap();
        let page =
            r#"[{"event_props":{"a":"x","n":2}}, {"event_props":{"a":"x","n":1}},{"event_props":{"a":"y","n":2}},7]"#;
        assert_eq!(filter.keep(page.as_bytes()), r#"[{"event_props":{"a":"x","n":2}},7]"#.as_bytes());
        for untouched in [r#"[ {"event_props":{"a":"x","n":2}} ]"#, "[]", "nonsense", "{}"] {
            assert!(matches!(filter.keep(untouched.as_bytes()), Cow::Borrowed(page) if page == untouched.as_bytes()));
        }
        assert!(EventFilter::new(&json!([])).unwrap().is_empty());
        assert!(!format!("{filter:?}").contains('x'));
    }

    proptest! {
        #[test]
        fn any_json_is_answered(record in any_json(), value in any_json(), bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(value) = serde_json::from_str::<Value>(&value) {
                let _ = EventFilter::new(&value);
            }
            for (operator, _) in OPERATORS {
                let filter = json!([{"name":"a b","operator":operator,"value":["7", true, 1.5]}]);
                let filter = EventFilter::new(&filter).unwrap();
                let whole = format!(r#"{{"event_props":{{"a b":{record},"Items":{record}}}}}"#);
                filter.matches(whole.as_bytes());
                filter.matches(record.as_bytes());
                filter.keep(&bytes);
                let page = format!("[{whole},{record}]");
                let kept = filter.keep(page.as_bytes());
                prop_assert!(elements(std::str::from_utf8(&kept).unwrap()).is_some());
            }
        }
    }
}
