//! What other people's tools make of us: object stores, lake readers, data frames.
//!
//! These tests need more than Rust. Each says what, and fails when it is not there: `.ci/run` provides everything.

use std::collections::BTreeMap;

use flattap::config::StoreConfig;
use flattap::simulator::Endpoint;
use serde_json::Value;

use crate::support::tools::{python, variable};
use crate::support::{Rows, Setup, TestGateway};

const WEEK: &str = "/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-09";

fn days(rows: &Rows) -> Vec<&str> {
    let mut days: Vec<&str> = rows.rows.iter().map(|row| row["event_date"].as_str()).collect();
    days.dedup();
    days
}

fn total(rows: &Rows, column: &str) -> f64 {
    rows.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.parse::<f64>().expect("a number")).sum()
}

#[track_caller]
fn assert_close(found: &Value, wanted: f64) {
    let found = found.as_f64().expect("a number");
    assert!((found - wanted).abs() <= wanted.abs() * 1e-9, "{found} instead of {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an S3 server: FLATTAP_TEST_S3_ENDPOINT"]
async fn a_bucket_serves_as_a_folder_does() {
    let endpoint = variable("FLATTAP_TEST_S3_ENDPOINT");
    let bucket = format!("flattap-{}", uuid::Uuid::now_v7());
    let made = crate::support::program::client().put(format!("{endpoint}/{bucket}")).send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
    let options: BTreeMap<String, String> = [
        ("aws_endpoint", endpoint.as_str()),
        ("aws_allow_http", "true"),
        ("aws_region", "us-east-1"),
        ("aws_access_key_id", "test"),
        ("aws_secret_access_key", "test"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let store = StoreConfig { url: format!("s3://{bucket}/some/lake").parse().unwrap(), options };
    let mut gateway = TestGateway::with(Setup::default().config(move |config| config.store = store.clone())).await;
    let day = |number| jiff::civil::date(2026, 11, number);

    let first = gateway.get(WEEK).await.good();
    assert_eq!(first.csv().rows.len(), gateway.records("Charged", day(3), day(9)).len());
    let folder = TestGateway::start().await;
    assert_eq!(folder.get(WEEK).await.good().text(), first.text(), "the same bytes as from a folder");

    gateway.restart().await;
    gateway.simulator.log().clear();
    assert_eq!(gateway.get(WEEK).await.good().text(), first.text());
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0, "nothing is fetched again");
    let more = "/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-12";
    assert_eq!(gateway.get(more).await.good().csv().rows.len(), gateway.records("Charged", day(3), day(12)).len());
    let calls = gateway.simulator.log().calls_of(Endpoint::EventsOpen);
    assert!(calls.iter().all(|call| call.from >= Some(day(10))), "only the missing days: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with deltalake, pyarrow and duckdb: FLATTAP_TEST_PYTHON"]
async fn lake_readers_see_the_rows_that_the_gateway_serves() {
    let gateway = TestGateway::start().await;
    let empty = jiff::civil::date(2026, 11, 10);
    gateway.simulator.set_records::<&str>("Charged", empty, []);
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-10&to=2026-11-10").await.good();
    let rows = gateway.get(WEEK).await.good().csv();
    let folder = table_folder(&gateway);
    let seen = python("lake.py", &[&folder, "prop_amount"]).await;
    assert_eq!(seen["rows"], rows.rows.len(), "{seen}");
    assert_eq!(seen["days"], serde_json::json!(days(&rows)));
    let kept: Vec<&str> = days(&rows).into_iter().chain(["2026-11-10"]).collect();
    assert_eq!(seen["kept_days"], serde_json::json!(kept), "a day without rows is kept as well");
    assert_close(&seen["sum"], total(&rows, "prop_amount"));
    for (place, row) in [("first", rows.rows.first()), ("last", rows.rows.last())] {
        assert_eq!(seen[place], row.unwrap()["event_time"].as_str());
    }
    let columns: Vec<&str> = seen["columns"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(rows.columns.iter().all(|name| columns.contains(&name.as_str())), "{columns:?}");
}

/// The one table of the store.
fn table_folder(gateway: &TestGateway) -> String {
    fn find(folder: &std::path::Path) -> Option<std::path::PathBuf> {
        if folder.join("_delta_log").is_dir() {
            return Some(folder.to_owned());
        }
        let entries = std::fs::read_dir(folder).ok()?;
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).find_map(|path| find(&path))
    }
    find(gateway.store()).expect("a table").to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with pandas and duckdb: FLATTAP_TEST_PYTHON"]
async fn data_frames_read_a_url_as_it_is() {
    let gateway = TestGateway::start().await;
    let rows = gateway.get(WEEK).await.good().csv();
    let url = format!("{}{WEEK}&api_key={}", gateway.base, flattap::config::TEST_KEY);
    let seen = python("url.py", &[&url, "prop_amount"]).await;
    for tool in ["pandas", "duckdb"] {
        let seen = &seen[tool];
        assert_eq!(seen["rows"], rows.rows.len(), "{tool}: {seen}");
        assert_eq!(seen["columns"], serde_json::json!(rows.columns), "{tool}");
        assert_eq!(seen["days"], serde_json::json!(days(&rows)), "{tool}");
        assert_close(&seen["sum"], total(&rows, "prop_amount"));
        assert_eq!(seen["first"], rows.rows[0]["event_time"], "{tool} takes event_time for a time");
        // Neither tool tells an empty text from a null.
        let missing: BTreeMap<&str, usize> = ["identity", "email", "prop_amount"]
            .into_iter()
            .map(|name| (name, rows.rows.iter().filter(|row| row.get(name).is_none_or(String::is_empty)).count()))
            .collect();
        assert_eq!(seen["missing"], serde_json::json!(missing), "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with duckdb and pyarrow: FLATTAP_TEST_PYTHON"]
async fn conditions_orders_and_sql_mean_what_they_mean_to_duckdb() {
    let gateway = TestGateway::start().await;
    let seen = python("queries.py", &[&gateway.base, flattap::config::TEST_KEY, "from=2026-10-20&to=2026-11-09"]).await;
    assert_eq!(seen["different"], serde_json::json!([]), "{seen:#}");
    assert_eq!((&seen["filters"], &seen["sql"]), (&200.into(), &30.into()));
    assert!(seen["rows"].as_u64().is_some_and(|rows| rows > 100), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with pandas, pyarrow, polars, duckdb and openpyxl: FLATTAP_TEST_PYTHON"]
async fn every_reader_sees_the_same_values_in_every_format() {
    let gateway = TestGateway::start().await;
    let rows = gateway.get(WEEK).await.good().csv();
    let url = format!("{}{}", gateway.base, WEEK.replace(".csv", ".{format}"));
    let seen = python("formats.py", &[&url, flattap::config::TEST_KEY]).await;
    let seen = seen.as_object().unwrap();
    for (reader, seen) in seen {
        assert_eq!(seen["columns"], serde_json::json!(rows.columns), "{reader}");
        if reader.ends_with("columns") {
            assert_eq!(seen["count"], rows.rows.len(), "{reader}");
            continue;
        }
        let read = seen["rows"].as_array().unwrap();
        assert_eq!(read.len(), rows.rows.len(), "{reader}");
        let is_sheet = reader.ends_with("xlsx");
        for (read, row) in read.iter().zip(&rows.rows) {
            for (cell, name) in read.as_array().unwrap().iter().zip(&rows.columns) {
                let wanted = row.get(name).map(String::as_str);
                let wanted = if is_sheet { wanted.and_then(in_a_sheet) } else { wanted.map(str::to_owned) };
                let found = cell.as_str().map(str::to_owned);
                let found = if is_sheet { found.as_deref().and_then(in_a_sheet) } else { found };
                assert_eq!(found, wanted, "{reader}: {name}");
            }
        }
    }
    assert!(seen.len() >= 16, "{:?}", seen.keys());
}

/// A sheet knows neither an empty text, nor numbers without decimals from those with, nor a zone, nor days without a
/// time of day.
fn in_a_sheet(text: &str) -> Option<String> {
    let text = text.strip_suffix(".0").or_else(|| text.strip_suffix('Z')).unwrap_or(text);
    let text = text.strip_suffix("T00:00:00").unwrap_or(text);
    (!text.is_empty()).then(|| text.to_owned())
}
