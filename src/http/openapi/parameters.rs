//! Query parameters in the document, made from the catalogue.

use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter as Documented, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, Required};

use crate::catalog::{self, FORM, Parameter, Repeat, TableSpec, Values};

/// What the rows of a table take: the union over all tables.
pub struct TableQuery;

/// The same where nothing is required.
pub struct DescriptionQuery;

/// What the list of tables takes.
pub struct ListingQuery;

impl IntoParams for TableQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        of_tables(|name| {
            let needs = |table: &&TableSpec| table.required.iter().any(|parameter| parameter.name == name);
            if catalog::tables().iter().all(needs) { Required::True } else { Required::False }
        })
    }
}

impl IntoParams for DescriptionQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        of_tables(|_| Required::False)
    }
}

impl IntoParams for ListingQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        FORM.iter().map(|parameter| documented(parameter, Required::False, None)).collect()
    }
}

fn of_tables(required: impl Fn(&str) -> Required) -> Vec<Documented> {
    let mut parameters: Vec<&'static Parameter> = Vec::new();
    for parameter in catalog::tables().iter().flat_map(|table| table.parameters()) {
        if !parameters.iter().any(|known| known.name == parameter.name) {
            parameters.push(parameter);
        }
    }
    parameters.into_iter().map(|parameter| documented(parameter, required(parameter.name), owners(parameter))).collect()
}

/// The tables that take it, unless all do.
fn owners(parameter: &Parameter) -> Option<String> {
    let takes = |table: &&&TableSpec| table.parameters().any(|own| own.name == parameter.name);
    let owners: Vec<_> = catalog::tables().iter().filter(takes).map(|table| table.name).collect();
    (owners.len() < catalog::tables().len()).then(|| owners.join(", "))
}

fn documented(parameter: &Parameter, required: Required, owners: Option<String>) -> Documented {
    let description = match owners {
        Some(owners) => format!("{} Only for: {owners}.", parameter.description),
        None => parameter.description.to_owned(),
    };
    let documented = ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(required)
        .description(Some(description))
        .example(Some(Value::from(parameter.example)));
    match parameter.repeat {
        Repeat::Once => documented.schema(Some(schema(parameter))).build(),
        Repeat::Many => documented
            .schema(Some(ArrayBuilder::new().items(schema(parameter))))
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
            .example(Some(Value::from(vec![parameter.example])))
            .build(),
    }
}

fn schema(parameter: &Parameter) -> Object {
    let words = parameter.words();
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .default(parameter.default.map(Value::from))
        .enum_values((!words.is_empty()).then_some(words.iter().copied()));
    match parameter.values {
        Values::Duration => schema.pattern(Some("^[0-9]+[smhd]$")).build(),
        Values::Text if parameter.name == catalog::API_KEY.name => {
            schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))).build()
        }
        Values::Text | Values::Day | Values::DayOrTime | Values::Range | Values::OneOf(_) => schema.build(),
    }
}
