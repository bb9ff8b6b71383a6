//! Every refusal is a problem with a code, says what was meant, and costs CleverTap nothing.

use std::time::Duration;

use flattap::simulator::{Endpoint, Fault};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, TestGateway};

const DAY: &str = "from=2026-11-10&to=2026-11-10";

fn asked_for_events(gateway: &TestGateway) -> usize {
    gateway.simulator.log().count(Endpoint::EventsOpen) + gateway.simulator.log().count(Endpoint::EventsPage)
}

async fn may_refresh() -> TestGateway {
    TestGateway::with(Setup::default().config(|config| config.auth.keys[0].refresh = true)).await
}

/// The problem as it is kept in a snapshot.
fn shown(answer: &Answer, status: u16, code: &str) -> Value {
    let mut problem = answer.refused(status, code);
    problem["request_id"] = json!("[request_id]");
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_which_pages_may_ask_and_with_what() {
    let setup =
        Setup::default().config(|config| config.server.cors_origins = vec!["https://bi.example.com".to_owned()]);
    let gateway = TestGateway::with(setup).await;
    let preflight = async |path: &str, origin: &str, method: &str, headers: &str| {
        let request =
            gateway.client.request(Method::OPTIONS, format!("{}{path}", gateway.base)).header("origin", origin);
        let request = request.header("access-control-request-method", method);
        gateway.send(request.header("access-control-request-headers", headers)).await
    };
    for path in ["/v1/events.csv", "/odata/events_charged"] {
        let ours = "https://bi.example.com";
        let headers = "authorization,x-api-key,range,if-range,if-match,if-none-match,prefer,odata-maxversion";
        let answer = preflight(path, ours, "GET", headers).await.good();
        assert_eq!(answer.header("access-control-allow-origin"), ours);
        preflight(path, "https://elsewhere.example.com", "GET", "accept").await.refused(400, "request_malformed");
        preflight(path, ours, "DELETE", "accept").await.refused(400, "request_malformed");
        let refusal = preflight(path, ours, "GET", "x-other").await.refused(400, "request_malformed");
        assert!(refusal.to_string().contains("if-range"), "what may be sent is told: {refusal:#}");
    }
    let bare = gateway.client.get(format!("{}/odata/", gateway.base)).header("origin", "https://bi.example.com");
    let answer = gateway.send(bare).await;
    answer.refused(401, "auth_missing");
    assert_eq!(answer.header("access-control-allow-origin"), "https://bi.example.com", "a page may read why");
    assert_eq!(answer.headers.get_all("odata-version").iter().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frameworks_own_refusals_are_problems_too() {
    let gateway = may_refresh().await;
    let long = format!("/v1/events.csv?event={}", "a".repeat(20_000));
    let many = format!("/v1/events.csv?{}", "event=a&".repeat(300));
    let refresh = || gateway.request(Method::POST, "/v1/refresh");
    for (what, request, status, code) in [
        ("unknown address", gateway.request(Method::GET, "/nowhere"), 404, "request_unknown_path"),
        ("unknown address below /v1", gateway.request(Method::GET, "/v1/a/b/c"), 404, "request_unknown_path"),
        ("root", gateway.request(Method::POST, "/"), 405, "request_method"),
        ("POST to a table", gateway.request(Method::POST, "/v1/events.csv"), 405, "request_method"),
        ("DELETE of a page", gateway.request(Method::DELETE, "/openapi.json"), 405, "request_method"),
        ("GET of a refresh", gateway.request(Method::GET, "/v1/refresh"), 405, "request_method"),
        ("PUT to the index", gateway.request(Method::PUT, "/v1/"), 405, "request_method"),
        ("a broken percent sign", gateway.request(Method::GET, "/v1/events.csv?event=%zz"), 400, "request_malformed"),
        ("not UTF-8", gateway.request(Method::GET, "/v1/events.csv?event=%ff"), 400, "request_malformed"),
        ("a path that is not UTF-8", gateway.request(Method::GET, "/v1/%ff.csv"), 404, "table_unknown"),
        ("a long query", gateway.request(Method::GET, &long), 414, "request_uri_too_long"),
        ("many parameters", gateway.request(Method::GET, &many), 414, "request_uri_too_long"),
        (
            "broken JSON",
            refresh().header("content-type", "application/json").body("{\"table\":"),
            400,
            "request_malformed",
        ),
        ("JSON of another kind", refresh().json(&json!(["events"])), 400, "request_malformed"),
        ("a large body", refresh().json(&json!({"table": "x".repeat(200_000)})), 413, "request_too_large"),
        ("a form", refresh().header("content-type", "text/plain").body("{}"), 415, "request_media_type"),
        ("no media type", refresh().body("{}"), 415, "request_media_type"),
        ("an unknown word", refresh().json(&json!({"tabel": "events"})), 400, "request_unknown_parameter"),
    ] {
        let answer = gateway.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
        let problem = answer.refused(status, code);
        assert_eq!(problem["request_id"], answer.header("x-request-id"), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert!(problem["type"].as_str().is_some_and(|kind| kind.ends_with(&format!("#{code}"))), "{what}");
        assert_eq!(answer.headers.contains_key("allow"), status == 405, "{what}");
        assert!(problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{what}");
    }
    let wrong = gateway.send(gateway.request(Method::POST, "/v1/events.csv")).await;
    assert_eq!(wrong.header("allow"), "GET, HEAD");
    assert_eq!(gateway.send(gateway.request(Method::GET, "/v1/refresh")).await.header("allow"), "POST");
    assert_eq!(asked_for_events(&gateway), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_to_a_head_request_has_the_status_and_no_body() {
    let gateway = TestGateway::start().await;
    let answer = gateway.send(gateway.request(Method::HEAD, "/v1/events.csv?form=1")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_word_is_answered_with_the_right_one_and_costs_clevertap_nothing() {
    let gateway = TestGateway::start().await;
    for (query, code, parameter, near) in [
        ("evnt=Charged", "request_unknown_parameter", "evnt", "event"),
        ("event=Charged&form=2026-11-10", "request_unknown_parameter", "form", "from"),
        ("event=Charged&start_date=2026-11-10", "request_unknown_parameter", "start_date", "from"),
        ("event=Charged&Range=today", "request_unknown_parameter", "Range", "range"),
        ("event=Charged&range=last_7_day", "request_bad_parameter", "range", "last_7_days"),
        ("event=Charged&datetime=spaces", "request_bad_parameter", "datetime", "space"),
        ("event=Charged&download=true", "request_bad_parameter", "download", "1"),
        ("event=Charged&from=today&from=yesterday", "request_repeated_parameter", "from", ""),
        ("event=Charged&range=today&range=today", "request_repeated_parameter", "range", ""),
        ("event=Charged&from=2026-02-30", "request_bad_parameter", "from", ""),
        ("event=Charged&from=01.11.2026", "request_bad_parameter", "from", ""),
        ("event=Charged&from=2026-11-10&to=2026-11-09", "request_bad_parameter", "", ""),
        ("event=Charged&range=today&from=2026-11-10", "request_contradiction", "", ""),
        ("event=Charged&from=2026-11-10&to=today&until=today", "request_contradiction", "", ""),
        ("event=Charged&from=2023-01-01&to=today", "request_period_too_long", "", ""),
        ("event=Charged&fresh=soon", "request_bad_parameter", "fresh", ""),
        ("event=Charged&wait=-1s", "request_bad_parameter", "wait", ""),
        ("event=", "request_bad_parameter", "event", ""),
        ("event=a%00b", "request_bad_parameter", "event", ""),
        ("", "request_missing_parameter", "event", ""),
    ] {
        let answer = gateway.get(&format!("/v1/events.csv?{query}")).await;
        let problem = answer.refused(400, code);
        if !parameter.is_empty() {
            assert_eq!(problem["parameter"], parameter, "{query}: {problem:#}");
        }
        if !near.is_empty() {
            assert_eq!(problem["near"][0], near, "{query}: {problem:#}");
            assert!(problem["hint"].as_str().unwrap().contains(near), "{query}: {problem:#}");
        }
    }
    gateway.get("/v1/events.exe?event=Charged").await.refused(404, "table_unknown_format");
    gateway.get("/v1/tables?event=Charged").await.refused(400, "request_unknown_parameter");
    gateway.get("/v1/?x=1").await.refused(400, "request_unknown_parameter");
    assert_eq!(asked_for_events(&gateway), 0, "nothing is asked before the whole request is understood");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_words_is_said_before_what_is_not_there() {
    let gateway = TestGateway::start().await;
    catalogue_is_known(&gateway).await;
    for (path, code) in [
        ("/v1/events.csv?event=Nothing&account=other&range=last_7_day", "request_bad_parameter"),
        ("/v1/events.csv?event=Nothing&account=other&from=2026-11-10&to=2026-11-09", "request_bad_parameter"),
        ("/v1/event_counts.csv?event=Nothing&from=2026-11-10T06:00:00", "request_contradiction"),
        (
            "/v1/event_counts.csv?event=Charged&account=other&until=2026-11-10T06:00:00&from=-30d",
            "request_contradiction",
        ),
        ("/v1/event_counts.csv?event=Nothing&select=nothing", "request_bad_parameter"),
        ("/v1/event_counts.csv?event=Charged&account=other&orderby=nothing", "request_bad_parameter"),
    ] {
        gateway.get(path).await.refused(400, code);
    }
    gateway.get("/v1/event_counts.csv?event=Charged&from=2026-11-10T00:00:00").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_event_is_answered_with_the_near_ones_once_the_catalogue_is_known() {
    let gateway = TestGateway::start().await;
    catalogue_is_known(&gateway).await;
    gateway.simulator.log().clear();
    let answer = gateway.get(&format!("/v1/events.csv?event=charged&{DAY}")).await;
    let problem = answer.refused(404, "table_unknown_event");
    assert_eq!(problem["near"][0], "Charged", "{problem:#}");
    let two = gateway.get(&format!("/v1/events.csv?event=Charged&event=Chargde&{DAY}")).await;
    assert!(two.refused(404, "table_unknown_event")["detail"].as_str().unwrap().contains("Chargde"));
    assert_eq!(asked_for_events(&gateway), 0);
}

/// Asks for days that nobody would fetch until the catalogue is at hand.
async fn catalogue_is_known(gateway: &TestGateway) {
    for _ in 0..200 {
        if gateway.get("/v1/events.csv?event=Nothing&from=2026-12-01&to=2026-12-01").await.status == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the catalogue never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_catalogue_no_event_is_unknown() {
    let mut setup = Setup::default();
    setup.simulator.unknown_event = flattap::simulator::UnknownEvent::Empty;
    let mut gateway = TestGateway::with(setup).await;
    gateway.simulator.faults().always(Endpoint::Schema, Fault::Unauthorized);
    // The catalogue is read at the start: now it is broken from the first moment.
    gateway.restart().await;
    gateway.simulator.log().clear();
    let path = format!("/v1/events.csv?event=Chargd&{DAY}");
    assert!(gateway.get(&path).await.good().csv().rows.is_empty());
    gateway.get("/v1/events.csv?event=Nothing&from=2026-12-01&to=2026-12-02").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_tells_a_good_key_from_a_bad_one() {
    let gateway = TestGateway::start().await;
    let index = gateway.get("/v1/").await.good();
    assert_eq!(index.json()["tables"], "/v1/tables");
    assert_eq!(index.header("content-type"), "application/json");
    let bare = gateway.send(gateway.client.get(format!("{}/v1/", gateway.base))).await;
    bare.refused(401, "auth_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn typical_refusals_read_like_this() {
    let gateway = TestGateway::start().await;
    catalogue_is_known(&gateway).await;
    let bare = gateway.send(gateway.client.get(format!("{}/v1/tables", gateway.base))).await;
    insta::assert_json_snapshot!("no_key", shown(&bare, 401, "auth_missing"));
    let unknown = gateway.get("/v1/events.csv?event=Charged&form=2026-11-01").await;
    insta::assert_json_snapshot!("unknown_parameter", shown(&unknown, 400, "request_unknown_parameter"));
    let long = gateway.get("/v1/events.csv?event=Charged&from=2020-01-01&to=2026-11-01").await;
    insta::assert_json_snapshot!("period_too_long", shown(&long, 400, "request_period_too_long"));
    let event = gateway.get(&format!("/v1/events.csv?event=Chargd&{DAY}")).await;
    insta::assert_json_snapshot!("unknown_event", shown(&event, 404, "table_unknown_event"));
    gateway.simulator.faults().always(Endpoint::EventsOpen, Fault::Unauthorized);
    let upstream = gateway.get(&format!("/v1/events.csv?event=Charged&{DAY}")).await;
    insta::assert_json_snapshot!("wrong_passcode", shown(&upstream, 502, "upstream_unauthorized"));
}
