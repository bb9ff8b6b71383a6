//! Every cell equals what an independent reading of the records gives.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::support::expectation::FIXED;
use crate::support::{Expectation, Rows, Setup, TestGateway};

/// Compares a table with its expectation: columns, order, every cell, ids.
#[track_caller]
fn assert_true(found: &Rows, expected: &Expectation, first: Date, last: Date) {
    let mut columns = vec!["row_id".to_owned()];
    columns.extend(FIXED.iter().map(|name| (*name).to_owned()));
    columns.extend(expected.property_names().iter().cloned());
    assert_eq!(found.columns, columns);

    let key = |row: &BTreeMap<String, String>| (row["event_time"].clone(), row["row_id"].clone());
    assert!(found.rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "rows are ordered and ids are unique");

    let within = |row: &BTreeMap<String, String>| {
        let day: Date = row["event_date"].parse().unwrap();
        first <= day && day <= last
    };
    let mut wanted: Vec<_> = expected.cells().into_iter().filter(within).collect();
    let mut cells: Vec<_> = found.rows.clone();
    for row in &mut cells {
        let id = row.remove("row_id").expect("a row id");
        assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    }
    wanted.sort();
    cells.sort();
    assert_eq!(cells.len(), wanted.len(), "number of rows");
    for (found, wanted) in cells.iter().zip(&wanted) {
        assert_eq!(found, wanted);
    }
}

async fn every_event_is_true(zone: &'static str, now: jiff::civil::DateTime) {
    let mut gateway = TestGateway::with(Setup { zone, now, ..Setup::default() }).await;
    let today = gateway.today();
    let week = (today.checked_sub(7.days()).unwrap(), today.yesterday().unwrap());
    let month = (today.checked_sub(20.days()).unwrap(), today);
    for event in gateway.simulator.event_names() {
        let mut expected = Expectation::new(&event, zone);
        expected.load(&gateway.records(&event, week.0, week.1));
        let query = |format: &str, (first, last): (Date, Date)| {
            let event = percent_encoding::utf8_percent_encode(&event, percent_encoding::NON_ALPHANUMERIC);
            format!("/v1/events.{format}?event={event}&from={first}&to={last}")
        };
        let found = gateway.get(&query("csv", week)).await.good();
        assert_true(&found.csv(), &expected, week.0, week.1);

        expected.load(
            &gateway
                .records(&event, month.0, week.0.yesterday().unwrap())
                .into_iter()
                .chain(gateway.records(&event, today, today))
                .collect::<Vec<_>>(),
        );
        let csv = gateway.get(&query("csv", month)).await.good().csv();
        assert_true(&csv, &expected, month.0, month.1);
        let json = gateway.get(&query("json", month)).await.good().json_rows();
        assert_eq!(json.rows, csv.rows, "JSON and CSV say the same");
    }
    let event = "Charged";
    let path = format!("/v1/events.csv?event={event}&from={}&to={}", week.0, week.1);
    let before = gateway.get(&path).await.good();
    let calls = gateway.simulator.log().total();
    gateway.restart().await;
    let after = gateway.get(&path).await.good();
    assert_eq!(before.text(), after.text(), "the same bytes after a restart");
    assert!(
        gateway.simulator.log().calls()[calls..].iter().all(|call| call.event.is_none()),
        "nothing is fetched again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_every_event_is_true() {
    every_event_is_true("Asia/Kolkata", jiff::civil::date(2026, 11, 23).at(12, 0, 0, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_true_when_clocks_go_back() {
    every_event_is_true("America/New_York", jiff::civil::date(2026, 11, 4).at(9, 30, 0, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_true_when_clocks_go_forward() {
    every_event_is_true("Europe/Berlin", jiff::civil::date(2026, 4, 2).at(23, 59, 0, 0)).await;
}
