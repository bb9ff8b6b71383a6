//! The service document and `$metadata`.

use reqwest::Method;

use super::WEEK;
use crate::support::{Setup, TestGateway};

/// As a server's author logged it of Power Query.
const POWER_QUERY: [(&str, &str); 5] = [
    ("accept-encoding", "gzip, deflate"),
    ("user-agent", "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)"),
    ("maxdataserviceversion", "3.0"),
    ("odata-maxversion", "4.0"),
    (
        "accept",
        "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,\
         application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7",
    ),
];

const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8";

fn lasting(gateway: &TestGateway, text: &str) -> String {
    text.replace(&gateway.base, "https://bi.example.com")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_list_every_set_with_its_key_and_what_is_known_of_it() {
    let views = flattap::config::sample_views().expect("views");
    let gateway = TestGateway::with(Setup::default().config(move |config| config.views = views.clone())).await;
    gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}")).await.good();
    let root = gateway.get("/odata/").await.good();
    assert_eq!(root.header("content-type"), JSON);
    insta::assert_snapshot!("service_document", lasting(&gateway, &format!("{:#}", root.json())));
    assert_eq!(gateway.get("/odata").await.good().json(), root.json(), "with and without the slash");
    let metadata = gateway.get("/odata/$metadata").await.good();
    assert_eq!(metadata.header("content-type"), "application/xml");
    insta::assert_snapshot!("metadata", metadata.text());
    let again = gateway.request(Method::GET, "/odata/$metadata").header("if-none-match", metadata.header("etag"));
    assert_eq!(gateway.send(again).await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn power_querys_own_headers_get_json_once_versioned_and_xml_for_the_metadata() {
    let gateway = TestGateway::start().await;
    for (path, media_type) in [
        ("/odata/".to_owned(), JSON),
        ("/odata/$metadata".to_owned(), "application/xml"),
        (format!("/odata/events_charged?$top=2&{WEEK}"), JSON),
        (format!("/odata/events_charged/$count?{WEEK}"), "text/plain"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let request = POWER_QUERY
                .iter()
                .fold(gateway.request(method.clone(), &path), |request, (name, value)| request.header(*name, *value));
            let answer = gateway.send(request).await.good();
            assert_eq!(answer.header("content-type"), media_type, "{method} {path}");
            let versions: Vec<_> = answer.headers.get_all("odata-version").iter().collect();
            assert_eq!(versions, ["4.0"], "{method} {path}");
        }
    }
    for accept in ["application/json", "text/html,*/*;q=0.1", ""] {
        let rows = gateway.request(Method::GET, &format!("/odata/events_charged?$top=1&{WEEK}"));
        gateway.send(rows.header("accept", accept)).await.good();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_of_one_set_loads_it_and_then_declares_what_its_rows_have() {
    let gateway = TestGateway::start().await;
    let root = "/odata/t/events_charged/";
    let unknown = gateway.get("/odata/$metadata").await.good().text();
    assert!(unknown.contains("<EntityType Name=\"events_charged\" OpenType=\"true\">"), "{unknown}");
    let metadata = gateway.get(&format!("{root}$metadata?{WEEK}")).await.good().text();
    assert!(metadata.contains("<EntityType Name=\"events_charged\">"), "{metadata}");
    assert_eq!(metadata.matches("<EntitySet ").count(), 1);
    let page = gateway.get(&format!("{root}events_charged?$top=1&{WEEK}")).await.good().json();
    assert_eq!(page["@odata.context"], format!("{}{root}$metadata#events_charged", gateway.base));
    let row = page["value"][0].as_object().expect("a row");
    let declared: Vec<&str> = metadata
        .lines()
        .filter_map(|line| line.trim().strip_prefix("<Property Name=\""))
        .map(|line| line.split('"').next().unwrap())
        .collect();
    assert_eq!(row.keys().collect::<std::collections::BTreeSet<_>>().len(), declared.len());
    assert!(row.keys().all(|name| declared.contains(&name.as_str())), "{declared:?}");
    let sets = gateway.get(root).await.good().json();
    assert_eq!(sets["value"].as_array().map(Vec::len), Some(1));
    gateway.get(&format!("{root}campaigns")).await.refused(404, "request_unknown_path");
    gateway.get("/odata/t/nothing/$metadata").await.refused(404, "table_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_begin_with_the_public_address_and_never_with_what_a_caller_says() {
    let setup = Setup::default()
        .config(|config| config.server.public_url = Some("https://bi.example.com/below/".parse().unwrap()));
    let gateway = TestGateway::with(setup).await;
    let path = format!("/odata/events_charged?{WEEK}&foo=1");
    let request = gateway.request(Method::GET, &path).header("prefer", "odata.maxpagesize=3");
    let answer = gateway.send(request.header("host", "evil.example").header("x-forwarded-host", "evil.example")).await;
    let answer = answer.good();
    assert_eq!(answer.header("preference-applied"), "odata.maxpagesize=3");
    assert_eq!(answer.header("flattap-period"), "2026-11-03/2026-11-09");
    assert_eq!(answer.header("flattap-ignored"), "foo");
    let page = answer.json();
    assert_eq!(page["@odata.context"], "https://bi.example.com/below/odata/$metadata#events_charged");
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&format!("https://bi.example.com/below{path}&$skiptoken=")), "{next}");
    let bare = TestGateway::start().await;
    let request = bare.request(Method::GET, "/odata/").header("host", "evil.example");
    let root = bare.send(request).await.good().json();
    assert_eq!(root["@odata.context"], format!("{}/odata/$metadata", bare.base));
}
