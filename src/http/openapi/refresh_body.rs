//! The body of a refresh in the document, made from the catalogue as the query parameters are.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::meanings::{Meaning, Shared, gather};
use super::parameters::{schema, value};
use crate::catalog::{self, PERIOD, Period, Repeat, TableSpec, Values};
use crate::request::refresh_words;

/// Which rows are to be loaded again. What it holds is read by `request`; here it is only described.
pub struct RefreshBody;

impl PartialSchema for RefreshBody {
    fn schema() -> RefOr<Schema> {
        of_tables(catalog::tables())
    }
}

impl ToSchema for RefreshBody {}

fn of_tables(tables: &[&'static TableSpec]) -> RefOr<Schema> {
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    let table = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Name of the table."))
        .examples(names.first().copied())
        .enum_values(Some(names));
    let body = ObjectBuilder::new()
        .description(Some("Which rows are to be loaded again. The words mean what they mean in a query string."))
        .property("table", table)
        .required("table");
    let body = gather(tables, refresh_words).iter().fold(body, |body, shared| {
        let everywhere = shared.is_everywhere(tables.len());
        let body = body.property(shared.name(), property(shared, shared.description(everywhere, " Required there.")));
        let always = match shared.name() == PERIOD[0].name {
            true => tables.iter().all(|table| table.period == Period::Used),
            false => everywhere && shared.meanings().all(Meaning::is_required),
        };
        if always { body.required(shared.name()) } else { body }
    });
    body.into()
}

/// One value, or where several may be given also a list of them.
fn property(shared: &Shared, description: String) -> RefOr<Schema> {
    let parameter = shared.first.parameter;
    let example = value(parameter, parameter.example);
    let mut one = schema(shared);
    if shared.repeat() == Repeat::Once {
        one.description = Some(description);
        one.examples = vec![example];
        return one.into();
    }
    let mut either = OneOfBuilder::new().description(Some(description)).examples([example]);
    if parameter.values == Values::Json {
        let anything = AdditionalProperties::FreeForm(true);
        let object = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(anything));
        either = either.item(object);
    }
    either.item(one.clone()).item(ArrayBuilder::new().items(one)).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(tables: &[&'static TableSpec]) -> Value {
        serde_json::to_value(of_tables(tables)).unwrap()
    }

    #[test]
    fn a_refresh_of_events_needs_table_event_and_from() {
        let body = body(&[&catalog::events::TABLE]);
        assert_eq!(body["required"], json!(["table", "event", "from"]));
        assert_eq!(body["properties"]["event"]["type"], "string", "one in each refresh");
        assert!(body["properties"]["wait"].is_null());
    }

    #[test]
    fn every_table_is_described_with_its_own_words() {
        let body = body(catalog::tables());
        assert_eq!(body["required"], json!(["table"]));
        assert_eq!(body["properties"]["table"]["enum"].as_array().map(Vec::len), Some(catalog::tables().len()));
        assert_eq!(body["properties"]["limit_values"]["type"], "integer");
        assert_eq!(body["properties"]["channel"]["oneOf"][1]["type"], "array");
        assert_eq!(body["properties"]["where"]["oneOf"][0]["type"], "object");
        for (name, property) in body["properties"].as_object().unwrap() {
            assert!(property["description"].is_string() && !property["examples"][0].is_null(), "{name}");
        }
    }
}
