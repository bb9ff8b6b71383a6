//! The OData face in the document: options, answers, refusals.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::IntoResponses;
use utoipa::openapi::path::{Parameter as Documented, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
use utoipa::openapi::{Content, RefOr, Required, Response, ResponseBuilder};

use super::answers::header;
use super::refusals;
use crate::catalog::{ACCOUNT, FRESHNESS, PERIOD, Parameter};

/// What the rows of a set take.
pub struct RowsQuery;

/// What a description takes.
pub struct MetadataQuery;

/// The sets of a root.
pub struct ServiceDocument;

/// Their types.
pub struct SetMetadata;

/// A page of rows.
pub struct SetRows;

/// The refusals of all of them.
pub struct OfSets;

/// Name, type, example, meaning.
const OPTIONS: [(&str, Type, &str, &str); 8] = [
    ("$select", Type::String, "event_time,identity,prop_amount", "The properties wanted, separated by commas."),
    (
        "$filter",
        Type::String,
        "event_date ge 2026-11-01 and prop_amount gt 100",
        "Which rows: `eq ne gt ge lt le in`, `and or not`, `add sub mul div divby mod`, and the functions contains, \
         startswith, endswith, length, indexof, substring, tolower, toupper, trim, concat, year, month, day, hour, \
         minute, second, date, round, floor, ceiling. A condition on `event_date` or `event_time` also chooses the \
         days that are loaded.",
    ),
    ("$orderby", Type::String, "prop_amount desc", "The order of the rows. Null is the smallest."),
    ("$top", Type::Integer, "50", "At most so many rows."),
    ("$skip", Type::Integer, "100", "Leaves out so many rows at the beginning."),
    ("$count", Type::Boolean, "true", "Whether `@odata.count` says how many rows meet the condition."),
    ("$skiptoken", Type::String, "01…", "Part of the address of a next page, signed. Nothing to write by hand."),
    ("$format", Type::String, "json", "Beats `Accept`: `json`, or a media type with its parameters."),
];

impl IntoParams for RowsQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        OPTIONS.iter().map(option).chain(custom(PERIOD)).chain(custom(FRESHNESS)).chain(custom(&[ACCOUNT])).collect()
    }
}

impl IntoParams for MetadataQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Documented> {
        OPTIONS.iter().filter(|(name, ..)| *name == "$format").map(option).chain(custom(&[ACCOUNT])).collect()
    }
}

fn option((name, kind, example, description): &(&str, Type, &str, &str)) -> Documented {
    let example = match kind {
        Type::Integer => example.parse::<u64>().map_or_else(|_| Value::from(*example), Value::from),
        Type::Boolean => Value::from(*example == "true"),
        _ => Value::from(*example),
    };
    ParameterBuilder::new()
        .name(*name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(*description))
        .schema(Some(ObjectBuilder::new().schema_type(kind.clone())))
        .example(Some(example))
        .build()
}

fn custom(parameters: &[Parameter]) -> Vec<Documented> {
    let documented = |parameter: &Parameter| {
        ParameterBuilder::new()
            .name(parameter.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(match parameter.name {
                "range" => parameter.description.to_owned() + " Without any period it is `last_30_days` here.",
                _ => parameter.description.to_owned(),
            }))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .example(Some(Value::from(parameter.example)))
            .build()
    };
    parameters.iter().map(documented).collect()
}

impl IntoResponses for ServiceDocument {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        good(
            "The sets.",
            "application/json",
            json!({
                "@odata.context": "https://bi.example.com/odata/$metadata",
                "value": [{"name": "events_charged", "kind": "EntitySet", "url": "events_charged"}],
            }),
        )
    }
}

impl IntoResponses for SetMetadata {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<edmx:Edmx Version=\"4.0\" \
                   xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"> … </edmx:Edmx>";
        good("The description.", "application/xml", Value::from(xml))
    }
}

impl IntoResponses for SetRows {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = good(
            "A page of rows.",
            "application/json",
            json!({
                "@odata.context": "https://bi.example.com/odata/$metadata#events_charged(row_id,event_time,prop_amount)",
                "@odata.count": 8120,
                "value": [{"row_id": "c2b7…", "event_time": "2026-11-22T09:30:00+05:30", "prop_amount": 499.0}],
                "@odata.nextLink": "https://bi.example.com/odata/events_charged?$count=true&$skiptoken=01…",
            }),
        );
        let unchanged = ResponseBuilder::new().description("The page is the one that `If-None-Match` names.");
        responses.insert("304".to_owned(), unchanged.build().into());
        responses
    }
}

fn good(description: &str, media_type: &str, example: Value) -> BTreeMap<String, RefOr<Response>> {
    let schema = match media_type {
        "application/xml" => ObjectBuilder::new().schema_type(Type::String),
        _ => ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::FreeForm(true))),
    };
    let response = ResponseBuilder::new()
        .description(description)
        .header("OData-Version", header("4.0", "Always."))
        .header("Flattap-Period", header("2026-10-24/2026-11-22", "The days that were looked at."))
        .header("Flattap-Ignored", header("utm_source", "Options of the address that have no meaning here."))
        .content(media_type, Content::builder().schema(Some(schema)).example(Some(example)).build());
    BTreeMap::from([("200".to_owned(), response.build().into())])
}

impl IntoResponses for OfSets {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::of_sets()
    }
}
