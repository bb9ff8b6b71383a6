//! What a caller's view makes of a column.
//!
//! In: a column of a table and the caller's mode. Out: a [`Cell`]. Nothing here touches data; `query` builds the view
//! from it before anything of the caller's own is applied.

use serde_json::{Map, Value};

use super::members::Members;
use super::personal::{Holds, JOINING, PersonalColumns};
use crate::config::{PiiConfig, PiiMode};
use crate::table::{Column, ColumnType, Origin};

/// What becomes of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    Clear,
    Hashed(HashRule),
    /// As it is, but for personal members of the JSON in it.
    Masked(Members),
    /// The column is absent.
    Dropped,
}

/// How a personal cell is hashed. Null stays null under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashRule {
    /// The text as it is; a number by its digits, JSON by its text.
    Text,
    /// The digits of a telephone number, so that `+49 151 …` and `49151…` meet.
    Phone,
    /// A JSON array of identities, element by element; it stays an array.
    Elements,
}

impl HashRule {
    /// The type of the hashed column.
    pub fn kind(self) -> ColumnType {
        match self {
            // The identities are JSON in a text column, hashed as in clear.
            Self::Text | Self::Phone | Self::Elements => ColumnType::Text,
        }
    }
}

/// CleverTap's word for conditions on where people are: names of places, or a point and a distance.
const PLACES: &str = "geo_fields";

/// The rules for personal columns, with those that the configuration adds.
pub struct Policy(PersonalColumns);

impl Policy {
    pub fn new(config: &PiiConfig) -> Self {
        Self(PersonalColumns::new(config))
    }

    /// Whether the schema page calls this column personal.
    pub fn is_personal(&self, table: &str, column: &Column) -> bool {
        self.0.holds(table, column).is_some()
    }

    /// What a caller of this mode sees of this column. The table is named as in its URL.
    ///
    /// The values of `property_counts` are judged by [`values`](Self::values): their column says nothing of them.
    pub fn treatment(&self, table: &str, column: &Column, mode: PiiMode) -> Cell {
        let joins = column.name == JOINING && matches!(column.origin, Origin::Fixed(_));
        match treated(self.0.holds(table, column), mode, joins) {
            Cell::Clear if mode != PiiMode::Clear => {
                members_of(column).map_or(Cell::Clear, |prefixes| Cell::Masked(Members { prefixes, mode }))
            }
            cell => cell,
        }
    }

    /// What a member of a JSON cell holds of a person. `prefixes` are those that a column of it would have.
    pub(super) fn member_holds(&self, key: &str, prefixes: &[&str]) -> Option<Holds> {
        self.0.property_holds(key, prefixes)
    }

    /// What a caller of this mode sees of the values of a property, where a table lists them one a row. `kind` is
    /// CleverTap's word for whose property it is (`profile_fields`).
    pub fn values(&self, kind: &str, property: &str, mode: PiiMode) -> Cell {
        treated(self.0.property_holds(property, prefixes(kind)), mode, false)
    }

    /// Whether the values of this property are personal. `kind` as above.
    pub fn value_is_personal(&self, kind: &str, property: &str) -> bool {
        self.0.property_holds(property, prefixes(kind)).is_some()
    }

    /// The first personal property on which a filter in CleverTap's form puts a condition.
    ///
    /// CleverTap compares with the clear value. Whoever may not see it must not learn it from which rows come back, so
    /// such a filter is only for callers in clear.
    pub fn personal_condition<'a>(&self, filters: &'a Map<String, Value>) -> Option<&'a str> {
        filters.iter().find_map(|(kind, value)| self.condition_within(kind, value))
    }

    fn condition_within<'a>(&self, kind: &str, value: &'a Value) -> Option<&'a str> {
        match value {
            Value::Array(values) => values.iter().find_map(|value| self.condition_within(kind, value)),
            Value::Object(members) => match members.get("name") {
                Some(Value::String(name)) if self.value_is_personal(kind, name) => Some(name),
                // Within a distance of a place: whoever moves the place learns where people are.
                _ if kind == PLACES => members
                    .keys()
                    .map(String::as_str)
                    .find(|key| self.value_is_personal(kind, key))
                    .or_else(|| members.values().find_map(|value| self.condition_within(kind, value))),
                _ => members.iter().find_map(|(kind, value)| self.condition_within(kind, value)),
            },
            _ => None,
        }
    }
}

fn treated(holds: Option<Holds>, mode: PiiMode, joins: bool) -> Cell {
    let rule = match holds {
        None => return Cell::Clear,
        Some(Holds::Text) => HashRule::Text,
        Some(Holds::Phone) => HashRule::Phone,
        Some(Holds::Identities) => HashRule::Elements,
    };
    match mode {
        PiiMode::Clear => Cell::Clear,
        PiiMode::Drop if !joins => Cell::Dropped,
        PiiMode::Hash | PiiMode::Drop => Cell::Hashed(rule),
    }
}

/// What the members of a property's JSON would begin with as columns, where cells of the column may hold any: a text
/// column has JSON in it where a property was an object only now and then.
fn members_of(column: &Column) -> Option<&'static [&'static str]> {
    let is_fixed = matches!(column.origin, Origin::Fixed(_));
    if is_fixed || !matches!(column.kind, ColumnType::Json | ColumnType::Text) {
        return None;
    }
    match column.name.split('_').next() {
        Some("prop") => Some(&["prop", "item"]),
        Some("item") => Some(&["item"]),
        Some("session") => Some(&["session"]),
        Some("profile") => Some(&["profile"]),
        // Metrics of campaigns, in which nobody is named.
        _ => None,
    }
}

/// What the columns of a property of this kind begin with.
fn prefixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "event_properties" => &["prop", "item"],
        "session_properties" => &["session"],
        _ => &["profile"],
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("email", PiiMode::Clear, Cell::Clear)]
    #[case("email", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("email", PiiMode::Drop, Cell::Dropped)]
    #[case("phone", PiiMode::Hash, Cell::Hashed(HashRule::Phone))]
    #[case("all_identities", PiiMode::Hash, Cell::Hashed(HashRule::Elements))]
    #[case("profile_id", PiiMode::Clear, Cell::Clear)]
    #[case("profile_id", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("profile_id", PiiMode::Drop, Cell::Hashed(HashRule::Text))]
    #[case("object_id", PiiMode::Drop, Cell::Clear)]
    fn a_column_is_treated_by_the_callers_mode(#[case] name: &str, #[case] mode: PiiMode, #[case] cell: Cell) {
        let column = Column::fixed(name, ColumnType::Text, true, "");
        assert_eq!(Policy::new(&PiiConfig::default()).treatment("profiles", &column, mode), cell);
    }

    fn policy() -> Policy {
        let columns = vec!["prop_coupon".to_owned(), "session_referrer".to_owned(), "profile_nickname".to_owned()];
        Policy::new(&PiiConfig { columns, hash_key: None })
    }

    #[rstest]
    #[case("profile_fields", "Email", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("event_properties", "Mobile Number", PiiMode::Hash, Cell::Hashed(HashRule::Phone))]
    #[case("profile_fields", "Email", PiiMode::Drop, Cell::Dropped)]
    #[case("profile_fields", "Email", PiiMode::Clear, Cell::Clear)]
    #[case("profile_fields", "Identity", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("event_properties", "Identity", PiiMode::Hash, Cell::Clear)]
    #[case("event_properties", "Coupon", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("profile_fields", "Coupon", PiiMode::Hash, Cell::Clear)]
    #[case("profile_fields", "Nickname", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("session_properties", "Referrer", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("event_properties", "Payment mode", PiiMode::Drop, Cell::Clear)]
    fn the_values_of_a_property_are_treated_by_its_name(
        #[case] kind: &str,
        #[case] property: &str,
        #[case] mode: PiiMode,
        #[case] cell: Cell,
    ) {
        assert_eq!(policy().values(kind, property, mode), cell);
        assert_eq!(
            policy().value_is_personal(kind, property),
            policy().values(kind, property, PiiMode::Drop) != Cell::Clear
        );
    }

    #[test]
    fn a_condition_on_a_personal_property_is_found_wherever_it_stands() {
        let named = |name: &str| json!([{"name": "Plan", "value": 1}, {"name": name, "value": 1}]);
        for (filters, found) in [
            (json!({"event_properties": named("Coupon")}), Some("Coupon")),
            (json!({"session_properties": named("Coupon")}), None),
            (json!({"common_profile_properties": {"profile_fields": named("Email")}}), Some("Email")),
            (json!({"common_profile_properties": {"profile_fields": named("nickname")}}), Some("nickname")),
            (json!({"common_profile_properties": {"profile_fields": named("Identity")}}), Some("Identity")),
            (json!({"event_properties": named("Identity")}), None),
            (json!({"common_profile_properties": {"geo_fields": [["US"]]}}), None),
            (
                json!({"common_profile_properties": {"geo_fields": [{"radius": 3, "latitude": 12.9, "longitude": 77}]}}),
                Some("latitude"),
            ),
            (json!({"common_profile_properties": {"geo_fields": {"near": [{"longitude": 77}]}}}), Some("longitude")),
            (
                json!({"advanced_query": {"did_any": {"any_events": [{"event_name": "A", "event_properties": named("DOB")}]}}}),
                Some("DOB"),
            ),
            (json!({}), None),
        ] {
            assert_eq!(policy().personal_condition(filters.as_object().unwrap()), found, "{filters}");
        }
    }
}
