//! The served document is the one in the repository, and it explains every operation.

use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Setup, TestGateway};

/// Without a key.
const PUBLIC: [&str; 11] = [
    "/",
    "/openapi.json",
    "/docs",
    "/docs/errors",
    "/connect/powerbi",
    "/connect/tableau/",
    "/connect/looker-studio",
    "/connect/looker-studio/{file}",
    "/livez",
    "/readyz",
    "/metrics",
];
/// Those of them on the admin listener.
const ADMIN: [&str; 3] = ["/livez", "/readyz", "/metrics"];

#[test]
fn the_printed_document_is_the_one_in_the_repository() {
    let printed = Command::new(env!("CARGO_BIN_EXE_flattap")).arg("openapi").output().expect("flattap runs");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed = String::from_utf8(printed.stdout).expect("UTF-8");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    if std::env::var_os("FLATTAP_UPDATE_OPENAPI").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(&path, &printed).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(printed == kept, "openapi/openapi.json is out of date: run the tests with FLATTAP_UPDATE_OPENAPI=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_document_is_the_one_in_the_repository() {
    let gateway = TestGateway::start().await;
    let served = gateway.send(gateway.client.get(format!("{}/openapi.json", gateway.base))).await.good();
    assert_eq!(served.header("content-type"), "application/json");
    let kept: Value =
        serde_json::from_str(include_str!("../../openapi/openapi.json")).expect("openapi/openapi.json is JSON");
    let served_json = served.json();
    assert_eq!(served_json["servers"], kept["servers"]);
    assert!(served_json == kept, "openapi/openapi.json is out of date: run the tests with FLATTAP_UPDATE_OPENAPI=1");
    let again =
        gateway.client.get(format!("{}/openapi.json", gateway.base)).header("if-none-match", served.header("etag"));
    assert_eq!(gateway.send(again).await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_says_what_it_does_what_it_answers_and_who_may_ask() {
    let gateway = TestGateway::start().await;
    let document = gateway.get("/openapi.json").await.good().json();
    let mut walked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let here = format!("{method} {path}");
            walked += 1;
            for text in ["summary", "description", "operationId"] {
                assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{here} has no {text}");
            }
            let security = operation["security"].as_array().map_or(0, Vec::len);
            assert_eq!(security == 0, PUBLIC.contains(&path.as_str()), "{here}: {security} ways to show a key");
            let responses = operation["responses"].as_object().expect("responses");
            if method != "head" && path != "/docs" {
                let (_, good) = responses.iter().find(|(status, _)| status.starts_with('2')).expect("a good answer");
                for (kind, content) in good["content"].as_object().unwrap_or_else(|| panic!("{here} has no content")) {
                    let has_example = content.get("example").is_some() || content.get("examples").is_some();
                    assert!(has_example, "{here} has no example of {kind}");
                }
            }
            if security == 0 {
                continue;
            }
            for status in ["400", "401", "503"] {
                assert!(responses.contains_key(status), "{here} does not tell of {status}");
            }
            for (status, refusal) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                if method != "head" {
                    let media_type =
                        if path.starts_with("/odata") { "application/json" } else { "application/problem+json" };
                    let problem = &refusal["content"][media_type];
                    assert!(problem["schema"].is_object(), "{here} {status} has no body: {refusal:#}");
                }
            }
        }
    }
    assert!(walked >= 18, "{walked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_get_answers() {
    let views = flattap::config::sample_views().expect("views");
    let gateway = TestGateway::with(Setup::default().config(move |config| config.views = views.clone())).await;
    let document = gateway.get("/openapi.json").await.good().json();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if item.get("get").is_none() || path == "/v1/jobs/{id}" || path == "/docs" {
            continue;
        }
        let base = if ADMIN.contains(&path.as_str()) { &gateway.admin } else { &gateway.base };
        let query = match path.as_str() {
            "/v1/sql.{format}" => "?q=SELECT+1",
            "/v1/views/{name}.{format}" | "/odata/{set}" | "/odata/{set}/$count" => "?from=2026-11-10&to=2026-11-10",
            path if path.contains("{table}") => "?event=Charged&from=2026-11-10&to=2026-11-10",
            _ => "",
        };
        let path = path
            .replace("{table}", "events")
            .replace("{format}", "csv")
            .replace("{name}", "revenue_by_day")
            .replace("{set}", "events_charged")
            .replace("{file}", if path.starts_with("/v1") { "web.pq" } else { "Code.js" });
        let url = format!("{base}{path}{query}");
        let request = gateway.client.request(Method::GET, &url).header("x-api-key", flattap::config::TEST_KEY);
        assert_eq!(gateway.send(request).await.status, 200, "{url}");
    }
}
