//! Which of the people and occurrences are meant: the filter part of CleverTap's query language.
//!
//! In: a JSON object that was checked elsewhere, with keys among `event_properties`, `session_properties`,
//! `common_profile_properties` and `advanced_query`. Out: the keys in a request's body, and one text per meaning to
//! tell answers apart by. What is inside a filter is CleverTap's to judge.

use std::fmt;

use serde_json::{Map, Value};

/// The filters of a query. `Default` has none. Two are equal when their JSON is, whatever the order of keys was.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    filters: Map<String, Value>,
    canonical: String,
}

impl Filters {
    /// Takes an object that was checked already; an empty one is no filter.
    pub fn new(filters: Map<String, Value>) -> Self {
        let mut filters = Value::Object(filters);
        filters.sort_all_objects();
        match filters {
            Value::Object(filters) if !filters.is_empty() => {
                let canonical = Value::Object(filters.clone()).to_string();
                Self { filters, canonical }
            }
            _ => Self::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// The JSON text with sorted keys; the empty text for no filter. It may hold personal data.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The beginning of a request's body.
    pub(super) fn to_body(&self) -> Map<String, Value> {
        self.filters.clone()
    }
}

/// Shows which kinds of filter there are; their values may be e-mail addresses.
impl fmt::Debug for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filters")?;
        f.debug_list().entries(self.filters.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(json: &str) -> Filters {
        Filters::new(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_order_of_keys_makes_no_difference_and_the_order_of_filters_does() {
        let one = filters(r#"{"event_properties":[{"name":"a","value":[2,1]}],"advanced_query":{"b":1,"a":{}}}"#);
        let same = filters(r#"{"advanced_query":{"a":{},"b":1},"event_properties":[{"value":[2,1],"name":"a"}]}"#);
        assert_eq!(one, same);
        assert_eq!(one.canonical(), same.canonical());
        assert_eq!(
            one.canonical(),
            r#"{"advanced_query":{"a":{},"b":1},"event_properties":[{"name":"a","value":[2,1]}]}"#
        );
        assert_ne!(
            one,
            filters(r#"{"event_properties":[{"name":"a","value":[1,2]}],"advanced_query":{"b":1,"a":{}}}"#)
        );
    }

    #[test]
    fn an_empty_object_is_no_filter() {
        assert!(filters("{}").is_empty());
        assert_eq!(filters("{}"), Filters::default());
        assert_eq!(Filters::default().canonical(), "");
    }

    #[test]
    fn debug_shows_no_value() {
        let filters = filters(r#"{"common_profile_properties":{"profile_fields":[{"value":"ana@example.com"}]}}"#);
        assert_eq!(format!("{filters:?}"), r#"Filters["common_profile_properties"]"#);
    }
}
