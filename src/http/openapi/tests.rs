//! The document is a contract: it is complete, the same every time, and the one in the repository.

use std::collections::HashSet;

use serde_json::Value;

use super::*;
use crate::catalog;

fn json() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// Path, method, operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    operations
}

#[test]
fn every_address_is_there() {
    let document = json();
    let listed: Vec<String> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    for expected in [
        "GET /v1/",
        "GET /v1/tables",
        "GET /v1/tables.{format}",
        "GET /v1/tables/{table}/schema",
        "GET /v1/tables/{table}/schema.{format}",
        "GET /v1/{table}",
        "HEAD /v1/{table}",
        "GET /v1/{table}.{format}",
        "HEAD /v1/{table}.{format}",
        "GET /v1/tables/{table}/explain",
        "GET /v1/tables/{table}/chart.svg",
        "GET /v1/sql.{format}",
        "HEAD /v1/sql.{format}",
        "POST /v1/sql.{format}",
        "GET /v1/views/{name}.{format}",
        "HEAD /v1/views/{name}.{format}",
        "GET /v1/connect/{table}",
        "GET /v1/connect/powerbi/{table}/{file}",
        "GET /v1/jobs",
        "GET /v1/jobs/{id}",
        "POST /v1/refresh",
        "GET /odata/",
        "GET /odata/$metadata",
        "GET /odata/{set}",
        "HEAD /odata/{set}",
        "GET /odata/{set}/$count",
        "GET /",
        "GET /openapi.json",
        "GET /docs",
        "GET /docs/errors",
        "GET /connect/powerbi",
        "GET /connect/tableau/",
        "GET /connect/looker-studio",
        "GET /connect/looker-studio/{file}",
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
    ] {
        assert!(listed.iter().any(|line| line == expected), "{expected} is not in {listed:#?}");
    }
    assert_eq!(listed.len(), 37, "{listed:#?}");
}

#[test]
fn every_operation_explains_itself() {
    let mut names = HashSet::new();
    for (path, method, operation) in operations(&json()) {
        let here = format!("{method} {path}");
        for member in ["summary", "description", "operationId"] {
            assert!(operation[member].as_str().is_some_and(|text| !text.is_empty()), "{here} has no {member}");
        }
        assert!(names.insert(operation["operationId"].to_string()), "{here} has a name twice");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{here}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|text| !text.is_empty()), "{here}: {parameter}");
        }
        if method != "head" {
            let good = &operation["responses"]["200"];
            let good = if good.is_null() { &operation["responses"]["202"] } else { good };
            for (media_type, content) in good["content"].as_object().into_iter().flatten() {
                let example = [&content["example"], &content["examples"]].into_iter().any(|example| !example.is_null());
                assert!(example, "{here} {media_type} has no example");
            }
            assert!(path == "/docs" || good["content"].is_object(), "{here} has no good answer");
        }
    }
}

#[test]
fn everything_below_v1_needs_a_credential_and_says_how_it_refuses() {
    let document = json();
    for (path, method, operation) in operations(&document) {
        let security = operation["security"].as_array().map(Vec::len);
        if path.starts_with("/odata") {
            assert_eq!(security, Some(3), "{method} {path}");
            let refused = &operation["responses"]["400"]["content"]["application/json"]["schema"]["$ref"];
            assert!(method == "head" || *refused == "#/components/schemas/ODataProblem", "{method} {path}");
            continue;
        }
        if !path.starts_with("/v1") {
            assert_eq!(security, Some(0), "{method} {path}");
            continue;
        }
        assert_eq!(security, Some(4), "{method} {path}");
        if method == "head" {
            continue;
        }
        for status in ["400", "401", "429", "500", "503"] {
            let content = &operation["responses"][status]["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
            for (name, example) in content["examples"].as_object().unwrap() {
                assert_eq!(example["$ref"], format!("#/components/examples/{name}"));
                let body = &document["components"]["examples"][name]["value"];
                assert_eq!(
                    (&body["code"], body["status"].to_string()),
                    (&Value::from(name.as_str()), status.to_owned())
                );
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|value| walk(document, value));
            }
            Value::Array(values) => values.iter().for_each(|value| walk(document, value)),
            _ => {}
        }
    }
    let document = json();
    walk(&document, &document);
}

#[test]
fn every_path_parameter_is_declared_once() {
    for (path, method, operation) in operations(&json()) {
        let empty = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty);
        let mut names = HashSet::new();
        for parameter in parameters {
            assert!(names.insert(parameter["name"].to_string()), "{method} {path}: {} twice", parameter["name"]);
            if parameter["in"] == "path" {
                let braced = format!("{{{}}}", parameter["name"].as_str().unwrap());
                assert!(path.contains(&braced), "{method} {path}: {braced}");
            }
        }
        assert_eq!(path.matches('{').count(), parameters.iter().filter(|parameter| parameter["in"] == "path").count());
    }
}

#[test]
fn tables_and_formats_are_those_of_the_catalogue() {
    let document = json();
    let parameters = document["paths"]["/v1/{table}.{format}"]["get"]["parameters"].as_array().unwrap();
    let find = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
    let names: Vec<_> = catalog::tables().iter().map(|table| table.name).collect();
    assert_eq!(find("table")["schema"]["enum"], serde_json::json!(names));
    assert_eq!(
        find("format")["schema"]["enum"],
        serde_json::json!(["csv", "json", "ndjson", "arrow", "parquet", "xlsx"])
    );
    assert_eq!(find("event")["required"], false, "tables of the project as a whole have none");
    assert_eq!(find("event")["schema"]["type"], "array");
    assert_eq!(find("range")["schema"]["default"], "last_7_days");
    assert!(!parameters.iter().any(|parameter| parameter["name"] == "api_key"), "it is a security scheme");
}

#[test]
fn the_document_says_under_which_address_it_is_served() {
    let url = "https://bi.example.com/flattap".parse().unwrap();
    let served: Value = serde_json::from_slice(&served(&Links::new(Some(&url))).unwrap()).unwrap();
    assert_eq!(served["servers"], serde_json::json!([{"url": "https://bi.example.com/flattap/"}]));
    assert_eq!(json()["servers"], serde_json::json!([{"url": "/"}]));
}

#[test]
fn the_document_is_the_one_in_the_repository() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    let made = pretty().unwrap();
    assert_eq!(made, pretty().unwrap(), "it differs from one time to the next");
    if std::env::var_os("FLATTAP_UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(made == kept, "openapi/openapi.json is not up to date: run the tests with FLATTAP_UPDATE_OPENAPI=1");
}
