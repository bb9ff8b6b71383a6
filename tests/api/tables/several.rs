//! Several events in one table.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::support::{Rows, TestGateway};

const FIRST: Date = date(2026, 11, 10);
const LAST: Date = date(2026, 11, 12);

async fn rows(gateway: &TestGateway, events: &str, more: &str) -> Rows {
    let path = format!("/v1/events.csv?{events}&from={FIRST}&to={LAST}{more}");
    let csv = gateway.get(&path).await.good().csv();
    assert_eq!(gateway.get(&path.replace(".csv", ".json")).await.good().json_rows().rows, csv.rows);
    csv
}

fn by_id(rows: &[BTreeMap<String, String>]) -> BTreeMap<&str, &BTreeMap<String, String>> {
    rows.iter().map(|row| (row["row_id"].as_str(), row)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_events_are_the_rows_of_each_in_one_order() {
    let gateway = TestGateway::start().await;
    let events = ["event=Charged", "event=Product%20Viewed", "event=%E8%B3%BC%E5%85%A5%E5%AE%8C%E4%BA%86"];
    let together = rows(&gateway, &events.join("&"), "").await;
    let order = |row: &BTreeMap<String, String>| (row["event_time"].clone(), row["row_id"].clone());
    assert!(together.rows.is_sorted_by_key(order), "by time, whatever the event");

    let mut apart = Vec::new();
    let mut columns = BTreeSet::new();
    for event in events {
        let one = rows(&gateway, event, "").await;
        assert!(!one.rows.is_empty(), "{event}");
        columns.extend(one.columns);
        apart.extend(one.rows);
    }
    assert_eq!(together.columns.iter().cloned().collect::<BTreeSet<_>>(), columns, "columns meet by name");
    assert_eq!(together.columns.len(), columns.len(), "each once");
    assert_eq!(together.rows.len(), apart.len());
    let (together, apart) = (by_id(&together.rows), by_id(&apart));
    for (id, row) in apart {
        let found = together[id];
        assert_eq!(found.keys().collect::<Vec<_>>(), row.keys().collect::<Vec<_>>());
        for (column, cell) in row {
            // An integer of one event is a number when it is one in another.
            let same = found[column] == *cell || found[column] == format!("{cell}.0");
            assert!(same, "{column}: {cell} became {}", found[column]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_holds_for_each_of_several_events() {
    let gateway = TestGateway::start().await;
    let condition = json!({"event_properties": [{"name": "CT Source", "operator": "equals", "value": "Web"}]});
    let condition = format!("&where={}", utf8_percent_encode(&condition.to_string(), NON_ALPHANUMERIC));
    let events = "event=Charged&event=App%20Launched";
    let all = rows(&gateway, events, "").await;
    let is_from_the_web = |row: &&BTreeMap<String, String>| row.get("prop_ct_source").is_some_and(|cell| cell == "Web");
    let expected: BTreeSet<_> = all.rows.iter().filter(is_from_the_web).map(|row| row["row_id"].clone()).collect();
    let named = |event: &str| all.rows.iter().filter(is_from_the_web).any(|row| row["event_name"] == event);
    assert!(named("Charged") && named("App Launched") && expected.len() < all.rows.len());
    let found = rows(&gateway, events, &condition).await;
    assert_eq!(found.rows.iter().map(|row| row["row_id"].clone()).collect::<BTreeSet<_>>(), expected);
    let path = format!("/v1/event_counts.csv?{events}&from={FIRST}&to={LAST}{condition}");
    let counts = gateway.get(&path).await.good().csv().rows;
    let total: usize = counts.iter().map(|row| row["count"].parse::<usize>().unwrap()).sum();
    assert_eq!((counts.len(), total), (2, expected.len()));
}
