//! The filters of a query: `event_properties`, `session_properties`, `common_profile_properties` and `advanced_query`.
//!
//! Both vocabularies of operators are understood: `greater_than_equals` and `gte`, `does_not_contain` and
//! `not_contains`, and so on. As CleverTap does, whatever is not understood is ignored without a word: an operator of
//! another name, a filter without a value, a key of another name (`did_not`), a kind of filter that nobody has seen.
//!
//! A property that a record lacks, or whose value is null, meets only `does_not_exist`.
//!
//! | in `common_profile_properties` | what it is compared with |
//! |---|---|
//! | `profile_fields` | `profileData`; `Email`, `Phone` and `Name` beside it |
//! | `app_fields` | `os_version`, `app_version`, `make`, `model` of the device |
//! | `technographics` | `OS`: the platform; `Device`: `Mobile`, `Tablet` or `Desktop` |
//! | `demographics` | `profileData`, whatever the case of the name |
//! | `geo_fields` | the country and the city; regions are not known here and not compared |

mod condition;

use std::borrow::Cow;

use serde_json::Value;

use super::deeds::Deed;
use super::shop;
pub use condition::Condition;
use condition::conditions;

/// Conditions that a record has to meet, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    event: Vec<Condition>,
    session: Vec<Condition>,
    profile: Vec<Condition>,
    app: Vec<Condition>,
    technographics: Vec<Condition>,
    demographics: Vec<Condition>,
    /// Country, region and city, or fewer; one of them will do. None at all: anywhere.
    places: Vec<Vec<String>>,
    deeds: Vec<Deed>,
}

impl Filters {
    /// What a query's body asks for.
    pub fn read(body: &Value) -> Self {
        let common = &body["common_profile_properties"];
        Self {
            event: conditions(&body["event_properties"]),
            session: conditions(&body["session_properties"]),
            profile: conditions(&common["profile_fields"]),
            app: conditions(&common["app_fields"]),
            technographics: conditions(&common["technographics"]),
            demographics: conditions(&common["demographics"]),
            places: places(&common["geo_fields"]),
            deeds: Deed::read_all(&body["advanced_query"]),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the person behind a record has to have done; [`admit`](Self::admit) does not look at it.
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// Whether a record, given as JSON, meets all conditions on it. What is not JSON meets none.
    pub fn admit(&self, record: &[u8]) -> bool {
        let Ok(record) = serde_json::from_slice::<Value>(record) else {
            return *self == Self { deeds: self.deeds.clone(), ..Self::default() };
        };
        let profile = &record["profile"];
        all(&self.event, |name| property(&record["event_props"], name))
            && all(&self.session, |name| property(&record["session_props"], name))
            && all(&self.profile, |name| profile_field(profile, name))
            && all(&self.app, |name| app_field(profile, name))
            && all(&self.technographics, |name| technographic(profile, name))
            && all(&self.demographics, |name| demographic(profile, name))
            && (self.places.is_empty() || self.places.iter().any(|place| is_in(profile, place)))
    }
}

fn all<'a>(conditions: &[Condition], find: impl Fn(&str) -> Option<Cow<'a, Value>>) -> bool {
    conditions.iter().all(|condition| condition.holds(find(&condition.name).as_deref()))
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

/// What the device's application says of itself.
pub fn app_field<'a>(profile: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    matches!(name, "os_version" | "app_version" | "make" | "model").then(|| property(profile, name)).flatten()
}

/// `OS` and `Device`.
pub fn technographic<'a>(profile: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    if name.eq_ignore_ascii_case("os") {
        return property(profile, "platform");
    }
    let kind = match profile["platform"].as_str()? {
        _ if !name.eq_ignore_ascii_case("device") => return None,
        "iOS" if profile["model"].as_str().is_some_and(|model| model.starts_with("iPad")) => "Tablet",
        "Android" | "iOS" | "Mobile" => "Mobile",
        _ => "Desktop",
    };
    Some(Cow::Owned(Value::from(kind)))
}

/// `gender`, `age` and their like.
pub fn demographic<'a>(profile: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    let data = profile["profileData"].as_object()?;
    data.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| Cow::Borrowed(value))
}

fn places(list: &Value) -> Vec<Vec<String>> {
    let levels = |place: &Value| -> Vec<String> {
        place.as_array().into_iter().flatten().map_while(Value::as_str).map(str::to_owned).collect()
    };
    list.as_array().into_iter().flatten().map(levels).filter(|levels| !levels.is_empty()).collect()
}

fn is_in(profile: &Value, place: &[String]) -> bool {
    let Some(city) = profile["profileData"]["City"].as_str() else { return false };
    let country = shop::country_of(city);
    place.first().is_none_or(|wanted| country.is_some_and(|names| names.contains(&wanted.as_str())))
        && place.get(2).is_none_or(|wanted| wanted == city)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORD: &str = r#"{"profile":{"phone":4912,"platform":"iOS","model":"iPad13,18",
        "profileData":{"Customer Type":"Gold","tags":["foo","bar"],"City":"Köln","Gender":"F"}},"ts":1,
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
        assert!(Filters::read(&json!({"common_profile_properties": {"likelihood": [["high"]]}})).is_empty());
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

    #[test]
    fn devices_places_and_people_are_filtered_by() {
        let common = |kind: &str, filter: Value| admits(&json!({"common_profile_properties": {kind: filter}}));
        let named = |name: &str, value: Value| json!([{"name": name, "operator": "equals", "value": value}]);
        for (kind, filter, holds) in [
            ("app_fields", named("model", json!("iPad13,18")), true),
            ("app_fields", named("platform", json!("iOS")), false),
            ("technographics", named("OS", json!(["Android", "iOS"])), true),
            ("technographics", named("OS", json!(["Android"])), false),
            ("technographics", named("Device", json!("Tablet")), true),
            ("technographics", named("Device", json!("Mobile")), false),
            ("demographics", named("gender", json!("F")), true),
            ("demographics", named("gender", json!("M")), false),
            ("geo_fields", json!([["Spain"], ["Germany"]]), true),
            ("geo_fields", json!([["DE", "Nordrhein-Westfalen", "Köln"]]), true),
            ("geo_fields", json!([["DE", "Bayern", "München"], ["US"]]), false),
        ] {
            assert_eq!(common(kind, filter.clone()), holds, "{kind} {filter}");
        }
    }
}
