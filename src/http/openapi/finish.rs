//! What follows from rules and need not be said at each handler.

use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, RefOr};

use super::frame::{any_credential, credentials_in_headers};
use super::refusals;
use crate::catalog;
use crate::encode::Format;

pub(super) fn finish(document: &mut OpenApi) {
    document.components.get_or_insert_default().examples = refusals::examples();
    for (path, item) in &mut document.paths.paths {
        let security = match path {
            path if path.starts_with("/v1") => any_credential(),
            // The key in the address is refused there, unless it is switched on.
            path if path.starts_with("/odata") => credentials_in_headers(),
            _ => Vec::new(),
        };
        for operation in operations(item) {
            operation.security = Some(security.clone());
            name_path_values(operation);
            operation.description = operation.description.take().map(|text| flowing(&text));
        }
        if let Some(head) = &mut item.head {
            without_bodies(head);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.head, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch]
        .into_iter()
        .flatten()
}

/// Paragraphs without the line ends of the source they were written in.
fn flowing(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// The tables and formats there are, from where they are defined.
fn name_path_values(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if parameter.parameter_in != ParameterIn::Path {
            continue;
        }
        let words: Vec<&str> = match parameter.name.as_str() {
            "table" => catalog::tables().iter().map(|table| table.name).collect(),
            "format" => Format::ALL.iter().map(|format| format.name()).collect(),
            _ => continue,
        };
        let examples = words.first().map(|word| Value::from(*word));
        let schema = ObjectBuilder::new().schema_type(Type::String).examples(examples).enum_values(Some(words));
        parameter.schema = Some(schema.into());
    }
}

/// HEAD is GET without the body; two operations may not have one name.
fn without_bodies(head: &mut Operation) {
    head.operation_id = head.operation_id.take().map(|name| format!("head_{name}"));
    head.summary = head.summary.take().map(|summary| format!("{summary}: the headers only"));
    head.description =
        Some("Answers as GET does, without the body: size, `ETag`, freshness. Useful before a download.".to_owned());
    for response in head.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
}
