//! Query parameters in the document, made from the catalogue.
//!
//! One address serves all tables, so its parameters are those of all of them together. Where tables mean different
//! things by one name (`by`), the document says each with its tables, and the schema takes what any of them takes.

use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter as Documented, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, Required};

use super::meanings::{Meaning, Shared, gather};
use crate::catalog::{self, FORM, Parameter, Repeat, SQL, TableSpec, Values};
use crate::request::around;

/// What the rows of a table take: the union over all tables.
pub struct TableQuery;

/// The same where nothing is required.
pub struct DescriptionQuery;

/// What the list of tables takes.
pub struct ListingQuery;

impl IntoParams for TableQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        of_tables(catalog::tables(), Needs::AsTold)
    }
}

impl IntoParams for DescriptionQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        of_tables(catalog::tables(), Needs::Nothing)
    }
}

/// What a query in SQL takes.
pub struct SqlQuery;

/// What a view takes beside its own parameters.
pub struct ViewQuery;

impl IntoParams for SqlQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        alone(std::iter::once(&SQL).chain(around()))
    }
}

impl IntoParams for ViewQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        alone(around())
    }
}

/// Parameters that stand outside of any table.
fn alone(parameters: impl Iterator<Item = &'static Parameter>) -> Vec<Documented> {
    parameters
        .map(|parameter| documented(&Shared::only(parameter), Required::False, parameter.description.to_owned()))
        .collect()
}

impl IntoParams for ListingQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        alone(FORM.iter())
    }
}

/// Whether what a table requires is required here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    AsTold,
    Nothing,
}

fn of_tables(tables: &[&'static TableSpec], needs: Needs) -> Vec<Documented> {
    let document = |shared: &Shared| {
        let everywhere = shared.is_everywhere(tables.len());
        let always = everywhere && needs == Needs::AsTold && shared.meanings().all(Meaning::is_required);
        let required = if always { Required::True } else { Required::False };
        let requiring = if always || needs == Needs::Nothing { "" } else { " Required there." };
        documented(shared, required, shared.description(everywhere, requiring))
    };
    gather(tables, |table| table.parameters()).iter().map(document).collect()
}

/// Without these nearly no table and no query answers.
const FILLED_IN: [&str; 2] = ["event", "q"];

fn documented(shared: &Shared, required: Required, description: String) -> Documented {
    let parameter = shared.first.parameter;
    let example = value(parameter, parameter.example);
    // A page to try requests fills in the example of a parameter as its value, and most of these exclude each other. So
    // only what a first try needs has one; for the others it stands with the schema.
    let is_filled_in = FILLED_IN.contains(&parameter.name);
    let schema = |shared: &Shared| match is_filled_in {
        true => schema(shared),
        false => {
            let mut schema = schema(shared);
            schema.examples = vec![example.clone()];
            schema
        }
    };
    let documented = ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(required)
        .description(Some(description));
    match shared.repeat() {
        Repeat::Once => documented.schema(Some(schema(shared))).example(is_filled_in.then(|| example.clone())).build(),
        Repeat::Many => documented
            .schema(Some(ArrayBuilder::new().items(schema(shared))))
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
            .example(is_filled_in.then(|| Value::from(vec![example.clone()])))
            .build(),
    }
}

pub(super) fn schema(shared: &Shared) -> Object {
    let words = shared.words();
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .default(shared.default().map(|default| value(shared.first.parameter, default)))
        .enum_values((!words.is_empty()).then_some(words));
    match shared.common(|parameter| parameter.values) {
        Some(Values::Duration) => schema.pattern(Some("^[0-9]+[smhd]$")).build(),
        Some(Values::Whole { least, most }) => {
            schema.schema_type(Type::Integer).minimum(bound(least)).maximum(bound(most)).build()
        }
        Some(Values::Json) => schema.content_media_type("application/json").build(),
        Some(Values::Text) if shared.name() == catalog::API_KEY.name => {
            schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))).build()
        }
        Some(
            Values::Text
            | Values::Day
            | Values::DayOrTime
            | Values::Range
            | Values::OneOf(_)
            | Values::Flag
            | Values::Sql
            | Values::Expression,
        )
        | None => schema.build(),
    }
}

fn bound(bound: u64) -> Option<usize> {
    usize::try_from(bound).ok()
}

/// A value as the schema has it: numbers are numbers.
pub(super) fn value(parameter: &Parameter, text: &str) -> Value {
    match parameter.values {
        Values::Whole { .. } => text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_all(needs: Needs) -> impl Fn(&str) -> Value {
        let parameters = serde_json::to_value(of_tables(catalog::tables(), needs)).unwrap();
        move |name| {
            let mut found = parameters.as_array().unwrap().iter().filter(|parameter| parameter["name"] == name);
            let parameter = found.next().unwrap_or_else(|| panic!("{name}")).clone();
            assert!(found.next().is_none(), "{name} twice");
            parameter
        }
    }

    fn description(parameter: &Value) -> &str {
        parameter["description"].as_str().unwrap()
    }

    #[test]
    fn a_parameter_of_some_tables_names_them() {
        let of = of_all(Needs::AsTold);
        assert!(description(&of("limit_values")).ends_with("Only for: property_counts."));
        assert!(description(&of("account")).ends_with("exactly one."), "all tables take it");
        assert!(description(&of("range")).contains("Only for: events, event_items,"));
        assert!(!description(&of("range")).contains("realtime_counts"));
    }

    #[test]
    fn tables_that_mean_different_things_by_one_name_are_told_apart() {
        let by = of_all(Needs::AsTold)("by");
        assert!(description(&by).contains("For event_counts, profile_counts: "), "{by}");
        assert!(description(&by).contains("For event_trends: `day`"), "{by}");
        assert!(description(&by).contains("Default `day`.") && description(&by).contains("Default `total`."), "{by}");
        assert_eq!(by["schema"]["enum"], serde_json::json!(["total", "day", "week", "month"]));
        assert!(by["schema"]["default"].is_null(), "there is no one default");
    }

    #[test]
    fn a_first_try_is_not_filled_with_what_excludes_each_other() {
        let of = of_all(Needs::AsTold);
        assert_eq!(of("event")["example"], serde_json::json!(["Charged"]));
        for name in ["from", "to", "until", "range", "account", "download"] {
            assert!(of(name)["example"].is_null() && of(name)["schema"]["examples"].is_array(), "{name}");
        }
    }

    #[test]
    fn what_only_some_tables_require_is_required_there() {
        let event = of_all(Needs::AsTold)("event");
        assert_eq!(event["required"], false);
        assert!(description(&event).contains("For events, event_counts, event_trends, profile_counts: "), "{event}");
        assert_eq!(description(&event).matches("Required there.").count(), 2, "{event}");
        assert!(description(&event).contains("Default `App Launched`."));
        assert_eq!(event["schema"]["type"], "array");
        assert!(!of_all(Needs::Nothing)("event").to_string().contains("Required"));
    }

    #[test]
    fn numbers_flags_json_and_lists_have_their_schemas() {
        let of = of_all(Needs::AsTold);
        let limit = of("limit_values");
        assert_eq!(
            limit["schema"],
            serde_json::json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 10, "examples": [20]})
        );
        assert_eq!(of("unique")["schema"]["enum"], serde_json::json!(["0", "1"]));
        let filter = of("where");
        assert_eq!(filter["schema"]["items"]["contentMediaType"], "application/json");
        assert!(
            filter["schema"]["items"]["examples"][0]
                .as_str()
                .is_some_and(|text| serde_json::from_str::<Value>(text).is_ok())
        );
        for name in ["channel", "delivery", "status", "message_type", "slice"] {
            assert!(of(name)["schema"]["items"]["enum"].as_array().is_some_and(|words| words.len() > 2), "{name}");
            assert_eq!((&of(name)["explode"], &of(name)["style"]), (&Value::from(true), &Value::from("form")));
        }
        assert_eq!(of("label")["schema"]["items"]["type"], "string");
    }
}
