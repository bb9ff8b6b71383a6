//! The Looker Studio connector, run in Node as Apps Script runs it, against a gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use flattap::config::{TEST_KEY, sample_views};
use serde_json::{Value, json};

use crate::support::tools::node;
use crate::support::{Setup, TestGateway};

async fn gateway() -> TestGateway {
    let views = sample_views().expect("views");
    TestGateway::with(Setup::default().config(move |config| config.views = views.clone())).await
}

/// What the connector's functions give, one after the other.
async fn call(gateway: &TestGateway, calls: Value) -> (Vec<Value>, Value) {
    call_in_pages(gateway, calls, "").await
}

/// The same with another size of a page, in cells.
async fn call_in_pages(gateway: &TestGateway, calls: Value, cells: &str) -> (Vec<Value>, Value) {
    let said = node("looker.mjs", &[&gateway.base, TEST_KEY, &calls.to_string(), cells]).await;
    (said["results"].as_array().unwrap().clone(), said)
}

fn options(config: &Value, id: &str) -> Vec<String> {
    let element = config["configParams"].as_array().unwrap().iter().find(|element| element["id"] == id);
    let options = element.unwrap_or_else(|| panic!("no {id} in {config:#}"))["options"].as_array().unwrap();
    options.iter().map(|option| option["value"].as_str().unwrap().to_owned()).collect()
}

/// A cell as Looker Studio wants it, from a cell of our JSON.
fn looker_cell(value: &Value, kind: &str) -> Value {
    match (value, kind) {
        (Value::String(text), "YEAR_MONTH_DAY") => json!(text.replace('-', "")),
        (Value::String(text), "YEAR_MONTH_DAY_SECOND") => {
            json!(text.chars().filter(char::is_ascii_digit).take(14).collect::<String>())
        }
        // JavaScript writes 12.0 as 12.
        (Value::Number(number), _) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
            json!(number.as_f64().map(|number| number as i64))
        }
        (value, _) => value.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn the_form_leads_from_the_table_to_the_event_to_the_options() {
    let gateway = gateway().await;
    // The catalogue of events is asked for beside the first request.
    gateway.get("/v1/event_catalog.json").await.good();
    let step = |chosen: Value| json!(["getConfig", {"configParams": chosen}]);
    let calls = json!([
        ["getConfig", {}],
        step(json!({"table": "events"})),
        step(json!({"table": "event_trends"})),
        step(json!({"table": "campaigns"})),
        step(json!({"table": "views.revenue_by_day"})),
        step(json!({"table": "gone"})),
    ]);
    let (results, _) = call(&gateway, calls).await;
    let config = |at: usize| &results[at]["value"];
    let tables = options(config(0), "table");
    assert!(tables.contains(&"events".to_owned()) && tables.contains(&"views.revenue_by_day".to_owned()), "{tables:?}");
    assert!(!tables.contains(&"profile".to_owned()), "one person is no report");
    assert_eq!(config(0)["isSteppedConfig"], true);
    assert!(config(0)["dateRangeRequired"].is_null());

    assert!(options(config(1), "event").contains(&"Charged".to_owned()));
    assert_eq!((&config(1)["isSteppedConfig"], &config(1)["dateRangeRequired"]), (&json!(false), &json!(true)));
    assert_eq!(options(config(2), "by"), ["day", "week", "month"]);
    let ids = |at: usize| {
        let elements = config(at)["configParams"].as_array().unwrap();
        elements.iter().map(|element| element["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(ids(2).contains(&"unique".to_owned()) && !ids(3).contains(&"event".to_owned()), "{:?}", ids(3));
    assert!(ids(4).contains(&"currency".to_owned()), "{:?}", ids(4));
    assert_eq!(config(5)["isSteppedConfig"], true, "a table that is gone has to be chosen again");
    assert!(!ids(1).contains(&"account".to_owned()), "there is one only");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn a_key_of_several_accounts_chooses_one_first() {
    let setup = Setup::default().config(|config| {
        let mut second = config.accounts["main"].clone();
        second.account_id = "ANOTHER-ID".to_owned();
        config.accounts.insert("second".to_owned(), second);
    });
    let gateway = TestGateway::with(setup).await;
    gateway.get("/v1/event_catalog.json?account=main").await.good();
    let step = |chosen: Value| json!(["getConfig", {"configParams": chosen}]);
    let calls = json!([
        step(json!({"table": "events"})),
        step(json!({"table": "events", "account": "main"})),
        ["getSchema", {"configParams": {"table": "events", "account": "main", "event": "Charged"}}],
        ["getSchema", {"configParams": {"table": "campaign_reports", "account": "main", "id": "7"}}],
    ]);
    let (results, _) = call(&gateway, calls).await;
    assert_eq!(options(&results[0]["value"], "account"), ["main", "second"]);
    assert_eq!(results[0]["value"]["isSteppedConfig"], true);
    assert!(options(&results[1]["value"], "event").contains(&"Charged".to_owned()));
    assert_eq!(results[1]["value"]["isSteppedConfig"], false);
    let schema = results[2]["value"]["schema"].as_array().unwrap_or_else(|| panic!("{:#}", results[2]));
    let field = |name: &str| schema.iter().find(|field| field["label"] == name).unwrap();
    assert!(field("event_time_utc")["description"].as_str().unwrap().ends_with("In UTC."));
    assert!(field("event_time")["description"].as_str().unwrap().ends_with("In the project's time zone."));
    assert!(results[3]["value"]["schema"].is_array(), "what has an id needs no period: {:#}", results[3]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn a_chart_gets_its_columns_and_days_as_the_table_has_them() {
    let gateway = gateway().await;
    let chosen = json!({"table": "events", "event": "Charged", "filter": "prop_amount gt 100"});
    let (results, _) = call(&gateway, json!([["getSchema", {"configParams": chosen}]])).await;
    let schema = results[0]["value"]["schema"].as_array().unwrap().clone();
    let whole = "/v1/events.json?event=Charged&from=2026-11-03&to=2026-11-09&filter=prop_amount%20gt%20100";
    let rows = gateway.get(whole).await.good().json();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 5);
    let labels: Vec<&str> = schema.iter().map(|field| field["label"].as_str().unwrap()).collect();
    assert_eq!(labels, gateway.get(&whole.replace(".json", ".csv")).await.good().csv().columns);
    let field = |name: &str| schema.iter().find(|field| field["label"] == name).unwrap();
    assert_eq!(field("event_date")["semantics"]["semanticType"], "YEAR_MONTH_DAY");
    assert_eq!(field("event_time")["semantics"]["semanticType"], "YEAR_MONTH_DAY_SECOND");
    assert_eq!(field("ts")["semantics"]["conceptType"], "DIMENSION");
    let amount = field("prop_amount");
    assert_eq!(
        (&amount["semantics"]["conceptType"], &amount["defaultAggregationType"]),
        (&json!("METRIC"), &json!("SUM"))
    );
    assert!(field("email")["description"].as_str().unwrap().contains("E-mail"));

    let wanted = ["event_date", "prop_amount", "event_time", "platform", "event_time_utc"];
    let fields: Vec<Value> = wanted.iter().map(|name| json!({"name": field(name)["name"]})).collect();
    let request = json!({
        "configParams": chosen,
        "fields": fields,
        "dateRange": {"startDate": "2026-11-03", "endDate": "2026-11-09"},
        "scriptParams": {"lastRefresh": "1700000000000"},
    });
    let (results, _) = call(&gateway, json!([["getData", request]])).await;
    let answer = &results[0]["value"];
    let (paged, _) = call_in_pages(&gateway, json!([["getData", request]]), "15").await;
    assert_eq!(&paged[0]["value"], answer, "three rows a page or all at once");
    assert_eq!(answer["filtersApplied"], false);
    let names: Vec<&Value> = answer["schema"].as_array().unwrap().iter().map(|field| &field["label"]).collect();
    assert_eq!(json!(names), json!(wanted));
    let kinds: BTreeMap<&str, &str> =
        wanted.iter().map(|name| (*name, field(name)["semantics"]["semanticType"].as_str().unwrap())).collect();
    let expected: Vec<Value> = rows
        .iter()
        .map(|row| json!({"values": wanted.iter().map(|name| looker_cell(&row[*name], kinds[name])).collect::<Vec<_>>()}))
        .collect();
    assert_eq!(answer["rows"], Value::from(expected));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn numbers_that_count_people_are_not_added_up() {
    let gateway = gateway().await;
    let schema = |chosen: Value| json!(["getSchema", {"configParams": chosen}]);
    let calls = json!([
        schema(json!({"table": "event_trends", "event": "Charged", "unique": "1"})),
        schema(json!({"table": "event_trends", "event": "Charged"})),
        schema(json!({"table": "profile_counts", "event": "Charged"})),
        schema(json!({"table": "views.daily_active_users"})),
        schema(json!({"table": "views.revenue_by_day"})),
    ]);
    let (results, _) = call(&gateway, calls).await;
    let summed = |at: usize, name: &str| {
        let schema = results[at]["value"]["schema"].as_array().unwrap_or_else(|| panic!("{:#}", results[at]));
        let field = schema.iter().find(|field| field["label"] == name).unwrap();
        let flag = field["semantics"]["isReaggregatable"].as_bool().unwrap();
        assert_eq!(field["defaultAggregationType"], if flag { "SUM" } else { "AUTO" });
        flag
    };
    assert!(!summed(0, "value") && summed(1, "value"));
    assert!(!summed(2, "count"));
    assert!(!summed(3, "people") && summed(3, "launches"));
    assert!(!summed(4, "average_order") && summed(4, "revenue"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn a_view_is_a_data_source_too() {
    let gateway = gateway().await;
    let request = json!({
        "configParams": {"table": "views.revenue_by_day", "currency": "INR"},
        "fields": [{"name": "revenue"}, {"name": "event_date"}],
        "dateRange": {"startDate": "2026-11-03", "endDate": "2026-11-09"},
    });
    let (results, _) = call(&gateway, json!([["getData", request]])).await;
    let path = "/v1/views/revenue_by_day.json?currency=INR&from=2026-11-03&to=2026-11-09";
    let rows = gateway.get(path).await.good().json();
    let expected: Vec<Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!({"values": [looker_cell(&row["revenue"], ""), looker_cell(&row["event_date"], "YEAR_MONTH_DAY")]}))
        .collect();
    assert!(expected.len() >= 5);
    assert_eq!(results[0]["value"]["rows"], json!(expected));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn people_are_told_what_is_wrong_in_words() {
    let gateway = gateway().await;
    let ask = |chosen: Value| {
        json!(["getData", {"configParams": chosen, "fields": [{"name": "row_id"}],
                           "dateRange": {"startDate": "2026-11-03", "endDate": "2026-11-03"}}])
    };
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-03").await.good();
    let calls = json!([
        ask(json!({"table": "events", "event": "Nothing like it"})),
        ask(json!({"table": "gone"})),
        ["setCredentials", {"pathKey": {"path": "http://gateway.test/", "key": TEST_KEY}}],
        ["setCredentials", {"pathKey": {"path": "https://gateway.test/", "key": "wrong"}}],
        ["setCredentials", {"pathKey": {"path": " https://gateway.test/v1/ ", "key": TEST_KEY}}],
        ["isAuthValid", null],
        ["resetAuth", null],
        ["isAuthValid", null],
        ask(json!({"table": "events", "event": "Charged"})),
        ["getAuthType", null],
    ]);
    let (results, said) = call(&gateway, calls).await;
    let text = results[0]["error"].as_str().unwrap();
    assert!(text.contains("Nothing like it"), "{text}");
    assert!(results[0]["debug"].as_str().unwrap().starts_with("404 table_unknown_event"), "{}", results[0]);
    assert!(results[1]["error"].as_str().unwrap().contains("no longer offered"), "{}", results[1]);
    assert_eq!(results[2]["value"]["errorCode"], "INVALID_CREDENTIALS", "a key over plain HTTP");
    assert_eq!(results[3]["value"]["errorCode"], "INVALID_CREDENTIALS");
    assert_eq!(results[4]["value"]["errorCode"], "NONE");
    assert_eq!((&results[5]["value"], &results[7]["value"]), (&json!(true), &json!(false)));
    assert_eq!(said["kept"], json!({}));
    assert!(results[8]["error"].as_str().unwrap().contains("Connect to flattap again"), "{}", results[8]);
    assert_eq!(results[9]["value"]["type"], "PATH_KEY");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node and curl: FLATTAP_TEST_NODE"]
async fn it_comes_back_while_data_is_still_loading() {
    let setup = Setup::default().config(|config| {
        config.server.default_wait = Duration::from_millis(300);
        config.server.max_wait = Duration::from_millis(300);
    });
    let mut setup = Setup { tuning: flattap::clevertap::Tuning::default(), ..setup };
    setup.simulator.report_slowness = 0.05;
    let gateway = TestGateway::with(setup).await;
    let request = json!({
        "configParams": {"table": "message_reports"},
        "fields": [{"name": "message_id"}, {"name": "sent"}],
        "dateRange": {"startDate": "2026-10-01", "endDate": "2026-11-20"},
    });
    let (results, said) = call(&gateway, json!([["getData", request]])).await;
    assert!(said["sleeps"].as_array().is_some_and(|sleeps| !sleeps.is_empty()), "otherwise this test tells nothing");
    let path = "/v1/message_reports.json?by=day&from=2026-10-01&to=2026-11-20";
    let rows = gateway.get(path).await.good().json();
    let expected: Vec<Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!({"values": [row["message_id"], looker_cell(&row["sent"], "")]}))
        .collect();
    assert_eq!(results[0]["value"]["rows"], json!(expected), "{:#}", results[0]);
}
