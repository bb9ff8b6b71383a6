//! The interface itself: what needs a key, how requests are refused, and that the document says the truth of both.

use flattap::config::{KeyConfig, TEST_KEY};
use flattap::simulator::Endpoint;
use jiff::civil::date;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, TestGateway};

/// Method, path with its parts filled in, and the operation.
fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let path = path.replace("{table}", "events").replace("{format}", "csv").replace("{id}", "none");
        let path = path.replace("{file}", "Code.js");
        for (method, operation) in item.as_object().expect("operations") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            operations.push((method, path.clone(), operation.clone()));
        }
    }
    operations
}

async fn without_key(gateway: &TestGateway, method: Method, path: &str) -> Answer {
    let base = if ["/livez", "/readyz", "/metrics"].contains(&path) { &gateway.admin } else { &gateway.base };
    gateway.send(gateway.client.request(method, format!("{base}{path}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_as_it_is_kept() {
    let gateway = TestGateway::start().await;
    let served = without_key(&gateway, Method::GET, "/openapi.json").await.good();
    let kept: Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).expect("JSON");
    assert_eq!(served.json(), kept);
    assert_eq!(served.header("content-type"), "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_for_a_key_exactly_where_the_document_says_so() {
    let gateway = TestGateway::start().await;
    let document = without_key(&gateway, Method::GET, "/openapi.json").await.good().json();
    for (method, path, operation) in operations(&document) {
        let answer = without_key(&gateway, method.clone(), &path).await;
        if operation["security"] == json!([]) {
            assert!(answer.status.is_success() || answer.status.is_redirection(), "{method} {path}: {}", answer.status);
            continue;
        }
        assert_eq!(answer.status.as_u16(), 401, "{method} {path}");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert!(challenges[0].to_str().expect("text").starts_with("Basic "), "{method} {path}: {challenges:?}");
        let wrong = gateway.client.request(method.clone(), format!("{}{path}", gateway.base)).bearer_auth("wrong");
        assert_eq!(gateway.send(wrong).await.status.as_u16(), 401, "{method} {path} with a wrong key");
        if method != Method::HEAD {
            answer.refused(401, "auth_missing");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_its_own_is_no_table_however_it_is_written() {
    let gateway = TestGateway::start().await;
    let list = gateway.get("/v1/tables.csv").await.good().text();
    assert!(list.starts_with("table,"), "{list}");
    assert_eq!(gateway.get("/v1/%74ables.csv").await.good().text(), list);
    for path in ["/v1/sql.csv", "/v1/%73ql.csv"] {
        let one = gateway.get(&format!("{path}?q=SELECT%201%20AS%20one")).await.good().text();
        assert_eq!(one, "one\r\n1\r\n", "{path}");
    }
    let rows = gateway.get("/v1/events.csv?event=Charged&range=yesterday").await.good().text();
    assert_eq!(gateway.get("/v1/event%73.csv?event=Charged&range=yesterday").await.good().text(), rows);
    assert_eq!(gateway.get("/%76%31/events.csv?event=Charged&range=yesterday").await.good().text(), rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_format_was_given_another_is_refused_for_the_same_words() {
    let gateway = TestGateway::start().await;
    let words = "event=Charged&range=yesterday&shape=envelope";
    for _ in 0..2 {
        gateway.get(&format!("/v1/events.json?{words}")).await.good();
        gateway.get(&format!("/v1/events.csv?{words}")).await.refused(400, "request_bad_parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_hidden_from_whoever_has_no_key() {
    let gateway = TestGateway::start().await;
    for (method, path) in [
        (Method::GET, "/v1/nothing.csv"),
        (Method::GET, "/v1/events.exe"),
        (Method::GET, "/v1/events.csv?form=1"),
        (Method::GET, "/v1/no/such/path"),
        (Method::DELETE, "/v1/events.csv"),
        (Method::GET, "/odata/"),
    ] {
        without_key(&gateway, method, path).await.refused(401, "auth_missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_request_is_refused_with_its_code_and_costs_clevertap_nothing() {
    let gateway = TestGateway::start().await;
    for (method, path, status, code) in [
        (Method::GET, "/v1/events.csv", 400, "request_missing_parameter"),
        (Method::GET, "/v1/events.csv?event=Charged&form=today", 400, "request_unknown_parameter"),
        (Method::GET, "/v1/events.csv?event=Charged&range=last_7_day", 400, "request_bad_parameter"),
        (Method::GET, "/v1/events.csv?event=Charged&from=2026-11-02&to=2026-11-01", 400, "request_bad_parameter"),
        (Method::GET, "/v1/events.csv?event=Charged&bom=1&bom=1", 400, "request_repeated_parameter"),
        (Method::GET, "/v1/events.csv?event=Charged&range=today&to=today", 400, "request_contradiction"),
        (Method::GET, "/v1/events.csv?event=Charged&from=2020-01-01", 400, "request_period_too_long"),
        (Method::GET, "/v1/events.csv?event=%FF", 400, "request_malformed"),
        (Method::GET, "/v1/event.csv?event=Charged", 404, "table_unknown"),
        (Method::GET, "/v1/events.exe?event=Charged", 404, "table_unknown_format"),
        (Method::GET, "/v1/events.csv?event=Charged&account=other", 404, "table_unknown_account"),
        (Method::GET, "/v1/jobs/none", 404, "table_unknown_job"),
        (Method::GET, "/v1/no/such/path", 404, "request_unknown_path"),
        (Method::GET, "/v2/events.csv", 404, "request_unknown_path"),
        (Method::POST, "/v1/events.csv", 405, "request_method"),
        (Method::GET, "/v1/refresh", 405, "request_method"),
        (Method::GET, "/v1/?x=1", 400, "request_unknown_parameter"),
    ] {
        let answer = gateway.send(gateway.request(method.clone(), path)).await;
        let problem = answer.refused(status, code);
        assert_eq!(answer.header("x-request-id"), problem["request_id"], "{method} {path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
        assert!(problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{method} {path}: {problem:#}");
        if status == 405 {
            assert_eq!(answer.header("allow"), if path == "/v1/refresh" { "POST" } else { "GET, HEAD" });
        }
    }
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_refusal_leads_to_its_explanation() {
    let gateway = TestGateway::start().await;
    let problem = gateway.get("/v1/events.csv").await.refused(400, "request_missing_parameter");
    let (page, anchor) = problem["type"].as_str().and_then(|kind| kind.split_once('#')).expect("an anchor");
    let page = without_key(&gateway, Method::GET, page).await.good().text();
    assert!(page.contains(&format!("id=\"{anchor}\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_is_where_a_connection_is_tested() {
    let gateway = TestGateway::start().await;
    for path in ["/v1/", "/v1"] {
        let index = gateway.get(path).await.good().json();
        assert_eq!((&index["name"], &index["tables"]), (&json!("flattap"), &json!("/v1/tables")));
        let head = gateway.send(gateway.request(Method::HEAD, path)).await.good();
        assert!(head.bytes().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_is_chosen_by_extension_then_by_accept() {
    let gateway = TestGateway::start().await;
    let ask = |path: &'static str, accept: &'static str| {
        let request = gateway.request(Method::GET, path).header("accept", accept);
        gateway.send(request)
    };
    for (path, accept, expected) in [
        ("/v1/tables", "*/*", "application/json"),
        ("/v1/tables", "text/csv, */*;q=0.1", "text/csv; charset=utf-8; header=present"),
        ("/v1/tables.csv", "application/json", "text/csv; charset=utf-8; header=present"),
        ("/v1/events?event=Charged&range=yesterday", "text/csv", "text/csv; charset=utf-8; header=present"),
    ] {
        assert_eq!(ask(path, accept).await.good().header("content-type"), expected, "{path} {accept}");
    }
    let problem = ask("/v1/tables", "image/png").await.refused(406, "request_not_acceptable");
    let offered = flattap::encode::Format::ALL.map(|format| format.media_type().split(';').next());
    assert_eq!(problem["available"], json!(offered));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_columns_are_tables_themselves() {
    let gateway = TestGateway::start().await;
    let tables = gateway.get("/v1/tables").await.good().json();
    assert_eq!((&tables[0]["table"], &tables[0]["required"]), (&json!("events"), &json!("event")));
    let csv = gateway.get("/v1/tables.csv").await.good().csv();
    assert_eq!(csv.columns, ["table", "description", "required", "optional", "url", "sql"]);
    let columns = gateway.get("/v1/tables/events/schema").await.good().json();
    assert_eq!((&columns[0]["name"], &columns[0]["type"]), (&json!("row_id"), &json!("text")));
    assert!(columns.as_array().is_some_and(|columns| columns.len() == 17), "{columns:#}");
    let backwards = gateway.get("/v1/tables/events/schema?from=today&to=2020-01-01").await;
    backwards.refused(400, "request_bad_parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_needs_its_right_and_answers_with_a_job() {
    let setup = Setup::default().config(|config| {
        config.auth.keys[0].refresh = true;
        let reader = KeyConfig { refresh: false, ..KeyConfig::all_seeing("reader", "reader-key") };
        config.auth.keys.push(reader);
    });
    let gateway = TestGateway::with(setup).await;
    let body = json!({"table": "events", "event": "Charged", "from": "-2d", "to": "yesterday"});
    let post = |key: &str| gateway.client.post(format!("{}/v1/refresh", gateway.base)).header("x-api-key", key);
    gateway.send(post("reader-key").json(&body)).await.refused(403, "auth_forbidden");
    gateway.send(post(TEST_KEY).body(body.to_string())).await.refused(415, "request_media_type");
    gateway.send(post(TEST_KEY).json(&json!({"table": "events"}))).await.refused(400, "request_missing_parameter");
    let large = json!({"table": "x".repeat(200_000)});
    gateway.send(post(TEST_KEY).json(&large)).await.refused(413, "request_too_large");
    let accepted = gateway.send(post(TEST_KEY).json(&body)).await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text());
    let job = accepted.json();
    assert_eq!(job["url"], accepted.header("location"));
    assert_eq!((&job["from"], &job["to"]), (&json!("2026-11-21"), &json!("2026-11-22")));
    let shown = gateway.get(job["url"].as_str().expect("a path")).await.good().json();
    assert_eq!((&shown["id"], &shown["days_total"]), (&job["id"], &json!(2)));
    assert_eq!(gateway.today(), date(2026, 11, 23));
}
