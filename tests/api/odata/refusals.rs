//! Refusals: in OData's form, with the codes of everywhere.

use std::time::Duration;

use flattap::config::TEST_KEY;
use flattap::simulator::{Endpoint, Fault};
use reqwest::Method;

use super::WEEK;
use crate::support::{Setup, TestGateway};

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_request_is_refused_in_the_form_of_odata_and_costs_clevertap_nothing() {
    let gateway = TestGateway::start().await;
    for (method, path, status, code, target) in [
        ("GET", "/odata/nothing", 404, "table_unknown", None),
        ("GET", "/odata/events_charged/x/y", 404, "request_unknown_path", None),
        ("GET", "/odata/$nothing", 404, "request_unknown_path", None),
        ("GET", "/odata/events_charged(x)", 400, "request_bad_parameter", None),
        ("GET", "/odata/events_charged('a')/platform", 501, "request_unsupported", None),
        ("GET", "/odata/events_charged?$expand=x", 501, "request_unsupported", Some("$expand")),
        ("GET", "/odata/events_charged?$search=x", 501, "request_unsupported", Some("$search")),
        ("GET", "/odata/events_charged?$apply=x", 501, "request_unsupported", Some("$apply")),
        ("GET", "/odata/events_charged?$filter=a%20eq%20@p&@p=1", 501, "request_unsupported", Some("@p")),
        ("GET", "/odata/events_charged?$filter=event_time%20lt%20now()", 501, "request_unsupported", Some("$filter")),
        (
            "GET",
            "/odata/events_charged?$filter=cast(ts,Edm.String)%20eq%20'x'",
            501,
            "request_unsupported",
            Some("$filter"),
        ),
        ("GET", "/odata/events_charged?$filtr=x", 400, "request_unknown_parameter", Some("$filtr")),
        ("GET", "/odata/events_charged?filter=x", 400, "request_unknown_parameter", Some("$filter")),
        ("GET", "/odata/events_charged?$top=1&$top=2", 400, "request_repeated_parameter", Some("$top")),
        ("GET", "/odata/events_charged?$top=x", 400, "request_bad_parameter", Some("$top")),
        ("GET", "/odata/events_charged?$filter=platform%20eq", 400, "request_bad_parameter", Some("$filter")),
        ("GET", "/odata/events_charged?$filter=emial%20eq%20null", 400, "request_bad_parameter", Some("$filter")),
        ("GET", "/odata/events_charged?$select=nothing", 400, "request_bad_parameter", Some("$select")),
        ("GET", "/odata/events_charged?$filter=%zz", 400, "request_malformed", None),
        ("GET", "/odata/events_charged?from=2020-01-01", 400, "request_period_too_long", None),
        ("GET", "/odata/events_charged?$format=atom", 406, "request_not_acceptable", None),
        ("GET", "/odata/$metadata?$format=json", 406, "request_not_acceptable", None),
        ("GET", "/odata/?$filter=x", 400, "request_unknown_parameter", Some("$filter")),
        ("POST", "/odata/events_charged", 405, "request_method", None),
        ("DELETE", "/odata/events_charged('x')", 405, "request_method", None),
        ("PATCH", "/odata/", 405, "request_method", None),
        ("POST", "/odata/$batch", 501, "request_unsupported", None),
    ] {
        let request = gateway.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
        let answer = gateway.send(request).await;
        let error = answer.refused(status, code);
        assert_eq!(error["target"].as_str(), target, "{path}: {error:#}");
        if status == 405 {
            assert_eq!(answer.header("allow"), "GET, HEAD", "{path}");
        }
    }
    let long = format!("/odata/events_charged?$filter={}", "x".repeat(17_000));
    gateway.get(&long).await.refused(414, "request_uri_too_long");
    let atom = gateway.request(Method::GET, "/odata/").header("accept", "application/atom+xml");
    gateway.send(atom).await.refused(406, "request_not_acceptable");
    let old = gateway.request(Method::GET, "/odata/").header("odata-maxversion", "3.0");
    gateway.send(old).await.refused(406, "request_not_acceptable");
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
    let error = gateway.get("/odata/events_charged?$filter=emial%20eq%20null").await;
    let mut error = error.refused(400, "request_bad_parameter");
    error["innererror"]["request_id"] = "…".into();
    insta::assert_json_snapshot!("error", error);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_everything_is_401_and_a_key_in_the_address_is_none() {
    let gateway = TestGateway::start().await;
    for path in ["/odata", "/odata/", "/odata/$metadata", "/odata/x?$expand=y", "/odata/$batch"] {
        let answer = gateway.send(gateway.client.get(format!("{}{path}", gateway.base))).await;
        answer.refused(401, "auth_missing");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert!(challenges[0].to_str().unwrap().starts_with("Basic"), "{challenges:?}");
    }
    let in_address = format!("{}/odata/?api_key={TEST_KEY}", gateway.base);
    let error = gateway.send(gateway.client.get(&in_address)).await.refused(401, "auth_missing");
    assert!(error["message"].as_str().is_some_and(|said| said.contains("no `api_key`")), "{error}");
    let basic = gateway.client.get(format!("{}/odata/", gateway.base)).basic_auth("anybody", Some(TEST_KEY));
    gateway.send(basic).await.good();

    let setup = Setup::default().config(|config| config.auth.key_in_odata_query = true);
    let gateway = TestGateway::with(setup).await;
    let address = format!("{}/odata/events_charged?{WEEK}&api_key={TEST_KEY}", gateway.base);
    let request = gateway.client.get(&address).header("prefer", "odata.maxpagesize=2");
    let all = gateway.send(request).await.good();
    let rows = gateway.table(&format!("/v1/events.json?event=Charged&{WEEK}")).await;
    assert_eq!(all.json()["value"].as_array().map(Vec::len), Some(rows.len()), "one page holds all");
    assert!(!all.text().contains(TEST_KEY) && !all.text().contains("nextLink"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_data_is_loading_a_tool_is_told_when_to_come_back() {
    let gateway = TestGateway::start().await;
    gateway.simulator.faults().always(Endpoint::EventsPage, Fault::Delay(Duration::from_millis(100)));
    for path in [
        format!("/odata/events_charged?wait=0s&{WEEK}"),
        format!("/odata/events_charged/$count?wait=0s&{WEEK}"),
        format!("/odata/t/events_charged/$metadata?wait=0s&{WEEK}"),
    ] {
        let answer = gateway.get(&path).await;
        let error = answer.refused(503, "table_loading");
        assert!((1..=120).contains(&answer.header("retry-after").parse::<u64>().unwrap()), "{path}");
        assert_eq!(error["innererror"]["progress"]["days_total"], 7, "{error:#}");
    }
    gateway.get(&format!("/odata/events_charged?{WEEK}")).await.good();
}
