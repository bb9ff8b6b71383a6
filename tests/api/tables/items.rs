//! Items: the elements of a list, made of the event's own rows.

use std::collections::BTreeMap;

use flattap::simulator::Endpoint;
use jiff::civil::{Date, date};

use crate::support::{Setup, TestGateway};

const FIRST: Date = date(2026, 11, 10);
const LAST: Date = date(2026, 11, 14);

#[tokio::test(flavor = "multi_thread")]
async fn every_item_of_every_charge_is_a_row_and_costs_no_further_call() {
    let mut gateway = TestGateway::start().await;
    let query = format!("event=Charged&from={FIRST}&to={LAST}");
    let parents = gateway.get(&format!("/v1/events.csv?{query}")).await.good().csv();
    let walks = gateway.simulator.log().count(Endpoint::EventsOpen);
    let items = gateway.get(&format!("/v1/event_items.csv?{query}")).await.good();
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), walks, "made of the kept rows");

    let mut expected = Vec::new();
    for record in gateway.records("Charged", FIRST, LAST) {
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        for (index, item) in record["event_props"]["Items"].as_array().into_iter().flatten().enumerate() {
            let cell = |value: &serde_json::Value| match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let object: BTreeMap<String, String> = item
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (format!("item_{}", key.to_lowercase().replace([' ', '-'], "_")), cell(value)))
                .collect();
            expected.push((record["profile"]["objectId"].as_str().unwrap().to_owned(), index, object));
        }
    }
    let mut found: Vec<_> = items
        .csv()
        .rows
        .into_iter()
        .map(|mut row| {
            let index: usize = row["item_index"].parse().unwrap();
            let parent = parents.rows.iter().find(|parent| parent["row_id"] == row["row_id"]).expect("a parent");
            for column in ["event_name", "event_time", "event_date", "object_id", "identity"] {
                assert_eq!(row.remove(column), parent.get(column).cloned(), "{column}");
            }
            let person = parent["object_id"].clone();
            row.retain(|name, _| name.starts_with("item_") && name != "item_index");
            (person, index, row)
        })
        .collect();
    let number = |cell: &mut String| {
        if let Ok(value) = cell.parse::<f64>()
            && value.abs() < 9e15
        {
            *cell = value.to_string();
        }
    };
    for (_, _, cells) in expected.iter_mut().chain(&mut found) {
        cells.values_mut().for_each(number);
    }
    expected.sort();
    found.sort();
    assert!(expected.len() > parents.rows.len(), "some charges have several items");
    assert_eq!(found, expected);

    gateway.restart().await;
    assert_eq!(gateway.get(&format!("/v1/event_items.csv?{query}")).await.good().text(), items.text());
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), walks);
    let json = gateway.get(&format!("/v1/event_items.json?{query}")).await.good().json_rows();
    assert_eq!(json.rows, items.csv().rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_is_no_list_is_refused_and_a_period_without_rows_is_empty() {
    let gateway = TestGateway::start().await;
    let path = |property: &str| format!("/v1/event_items.csv?event=Charged&from={FIRST}&to={LAST}&property={property}");
    let refused = gateway.get(&path("Itms")).await.refused(400, "request_bad_parameter");
    assert_eq!((&refused["parameter"], &refused["near"][0]), (&"property".into(), &"Items".into()), "{refused}");
    gateway.get(&path("Amount")).await.refused(400, "request_bad_parameter");
    let sql = format!("/v1/sql.csv?from={FIRST}&to={LAST}&q=SELECT+*+FROM+event_items.%22Charged.Itms%22");
    gateway.get(&sql).await.refused(400, "request_bad_parameter");
    gateway.simulator.set_records::<&str>("Charged", date(2026, 11, 15), []);
    let empty = "/v1/event_items.csv?event=Charged&from=2026-11-15&to=2026-11-15&property=Itms";
    assert!(gateway.get(empty).await.good().csv().rows.is_empty());
    assert!(!gateway.get(&path("Items")).await.good().csv().rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn items_follow_their_event_when_it_is_loaded_again() {
    let gateway = TestGateway::with(Setup::default().config(|config| config.auth.keys[0].refresh = true)).await;
    let record = |items: &str| {
        format!(
            r#"{{"ts":20261112100000,"event_props":{{"Items":{items},"Lines":[{{"a":7}}]}},"profile":{{"objectId":"o1"}}}}"#
        )
    };
    let day = date(2026, 11, 12);
    gateway.simulator.set_records("Charged", day, [record(r#"[{"sku":"x"},{"sku":"y"}]"#)]);
    let path = format!("/v1/event_items.csv?event=Charged&from={day}&to={day}");
    let skus = async |path: &str| -> Vec<String> {
        let rows = gateway.get(path).await.good().csv().rows;
        rows.iter().map(|row| row.get("item_sku").or(row.get("item_a")).cloned().unwrap_or_default()).collect()
    };
    assert_eq!(skus(&path).await, ["x", "y"]);
    assert_eq!(skus(&format!("{path}&property=Lines")).await, ["7"], "any list of objects");
    gateway.simulator.set_records("Charged", day, [record(r#"[{"sku":"z"}]"#)]);
    let body = serde_json::json!({"table": "events", "event": "Charged", "from": day, "to": day, "account": "main"});
    let refresh = gateway.request(reqwest::Method::POST, "/v1/refresh").json(&body);
    let job = gateway.send(refresh).await;
    assert_eq!(job.status.as_u16(), 202, "{}", job.text());
    for _ in 0..200 {
        if gateway.get("/v1/jobs").await.good().json()[0]["state"] == "done" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(skus(&path).await, ["z"]);
}
