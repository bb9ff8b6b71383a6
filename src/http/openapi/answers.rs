//! The good answers of tables, with a sample in every format.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::IntoResponses;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Content, Header, RefOr, Response, ResponseBuilder};

use super::samples;
use crate::encode::Format;

/// The rows of a table.
pub struct Rows;

/// The tables.
pub struct ListOfTables;

/// The columns of a table.
pub struct ListOfColumns;

/// The headers of an answer with rows, and what they say.
const HEADERS: [(&str, &str, &str); 10] = [
    ("ETag", "\"5f2c9a7d\"", "Names these bytes. Send it as `If-None-Match` and an unchanged table is 304."),
    ("Last-Modified", "Mon, 23 Nov 2026 10:12:44 GMT", "When the data was last changed."),
    ("Flattap-As-Of", "2026-11-23T10:15:00Z", "When the data was last checked against CleverTap."),
    ("Flattap-Complete", "true", "`false` when days are missing, which only happens with `partial=allow`."),
    ("Cache-Control", "private, max-age=120", "How long the table stays fresh."),
    ("Cache-Status", "flattap; fwd=miss; detail=store", "Where the answer came from (RFC 9211)."),
    ("Vary", "Accept, Accept-Encoding, Authorization, X-API-Key", "What the answer depends on besides the address."),
    ("X-Request-Id", "0b6e5a3c-6f0e-4c0e-9b42-3f6f0a9d7f10", "Finds the request in the server's log."),
    ("X-CSV-Escaped", "formulas", "Only when text cells were escaped against formulas."),
    ("Content-Disposition", "attachment; filename=\"events.csv\"", "Only with `download=1`."),
];

impl IntoResponses for Rows {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut rows = table("The rows. A table without rows has its header, or is `[]`.", samples::ROWS);
        for (name, example, description) in HEADERS {
            rows = rows.header(name, header(example, description));
        }
        let unchanged = ResponseBuilder::new()
            .description("The table is the one that `If-None-Match` or `If-Modified-Since` names.")
            .header("ETag", header(HEADERS[0].1, HEADERS[0].2));
        let part = ResponseBuilder::new()
            .description("The part that `Range` asks for.")
            .header("Content-Range", header("bytes 0-1023/48211", "Which bytes these are, of how many."));
        BTreeMap::from([
            ("200".to_owned(), rows.build().into()),
            ("206".to_owned(), part.build().into()),
            ("304".to_owned(), unchanged.build().into()),
        ])
    }
}

impl IntoResponses for ListOfTables {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([("200".to_owned(), table("One table a row.", samples::TABLES).build().into())])
    }
}

impl IntoResponses for ListOfColumns {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([("200".to_owned(), table("One column a row.", samples::COLUMNS).build().into())])
    }
}

fn table(description: &str, sample: samples::Sample) -> ResponseBuilder {
    Format::ALL.iter().fold(ResponseBuilder::new().description(description), |response, format| {
        let media_type = format.media_type().split(';').next().unwrap_or_default();
        response.content(media_type, content(*format, sample))
    })
}

fn content(format: Format, sample: samples::Sample) -> Content {
    match format {
        Format::Csv => {
            let schema = ObjectBuilder::new().schema_type(Type::String);
            Content::builder().schema(Some(schema)).example(Some(sample.csv().into())).build()
        }
        Format::Ndjson => {
            let schema = ObjectBuilder::new().schema_type(Type::String);
            Content::builder().schema(Some(schema)).example(Some(sample.ndjson().into())).build()
        }
        // Bytes: the media type says all there is to say.
        Format::Arrow | Format::Parquet | Format::Xlsx => {
            let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
            let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
            Content::builder().schema(Some(schema)).example(Some("(the bytes of the file)".into())).build()
        }
        Format::Json => {
            let row = ObjectBuilder::new()
                .schema_type(Type::Object)
                .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(true)));
            let schema = ArrayBuilder::new().items(row);
            Content::builder().schema(Some(schema)).example(Some(sample.json())).build()
        }
    }
}

pub(super) fn header(example: &str, description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    Header::builder().schema(Some(schema)).description(Some(description)).example(Some(Value::from(example))).build()
}
