//! The formats beside CSV and JSON: the same values, known lengths, and nothing that looks whole and is not.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::ipc::reader::StreamReader;
use bytes::Bytes;
use flattap::simulator::Rows as Many;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, Rows, Setup, TestGateway};

const WEEK: &str = "event=Charged&from=2026-11-03&to=2026-11-09";
const NOTHING: &str = "event=Charged&from=2026-12-01&to=2026-12-02";
const NEW: [(&str, &str); 4] = [
    ("ndjson", "application/x-ndjson"),
    ("arrow", "application/vnd.apache.arrow.stream"),
    ("parquet", "application/vnd.apache.parquet"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];
const FILES: [&str; 2] = ["parquet", "xlsx"];

/// What CSV would say of an answer in a format that can be read here.
fn rows(format: &str, answer: &Answer) -> Rows {
    match format {
        "ndjson" => {
            let lines = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
            let body = Ok(serde_json::to_vec(&lines).unwrap());
            Answer { status: answer.status, headers: answer.headers.clone(), body }.json_rows()
        }
        "arrow" => of_batches(StreamReader::try_new(Cursor::new(answer.bytes()), None).unwrap().map(Result::unwrap)),
        "parquet" => {
            let bytes = Bytes::copy_from_slice(answer.bytes());
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
            of_batches(reader.map(Result::unwrap))
        }
        other => panic!("{other}"),
    }
}

fn of_batches(batches: impl Iterator<Item = RecordBatch>) -> Rows {
    let mut found = Rows { columns: Vec::new(), rows: Vec::new() };
    for batch in batches {
        found.columns = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        for row in 0..batch.num_rows() {
            let cells = found.columns.iter().zip(batch.columns());
            let cells = cells.filter(|(_, column)| column.is_valid(row));
            found.rows.push(cells.map(|(name, column)| (name.clone(), cell(column.as_ref(), row))).collect());
        }
    }
    found
}

fn cell(column: &dyn Array, row: usize) -> String {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            date(1970, 1, 1).checked_add(days.days()).unwrap().to_string()
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let time = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(micros).unwrap());
            match zone.as_deref() {
                None => time.to_string(),
                Some("UTC") => format!("{time}Z"),
                Some(other) => panic!("zone {other}"),
            }
        }
        other => panic!("a type that not every reader knows: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_the_same_values_in_every_format() {
    let gateway = TestGateway::start().await;
    let tables = [
        ("events", WEEK),
        ("event_items", WEEK),
        ("event_counts", "event=Charged&event=App+Launched&from=2026-11-03&to=2026-11-09"),
        ("event_trends", "event=Charged&from=2026-11-03&to=2026-11-09"),
        ("profiles", "from=2026-11-03&to=2026-11-09"),
        ("profile_devices", "from=2026-11-03&to=2026-11-09"),
        ("profile_events", "from=2026-11-03&to=2026-11-09"),
        ("campaigns", "from=2026-11-03&to=2026-11-09"),
        ("message_reports", "from=2026-11-03&to=2026-11-09"),
        ("event_catalog", ""),
        ("tables", ""),
        ("tables/events/schema", "event=Charged"),
    ];
    for (table, query) in tables {
        let csv = gateway.get(&format!("/v1/{table}.csv?{query}")).await.good().csv();
        assert!(!csv.rows.is_empty(), "{table} shows nothing");
        for (format, media_type) in NEW {
            let answer = gateway.get(&format!("/v1/{table}.{format}?{query}")).await.good();
            assert_eq!(answer.header("content-type"), media_type, "{table}");
            if format == "xlsx" {
                assert!(answer.bytes().starts_with(b"PK"), "{table}");
                continue;
            }
            let found = rows(format, &answer);
            assert_eq!(found.rows, csv.rows, "{table}.{format}");
            assert_eq!(found.columns.len(), csv.columns.len(), "{table}.{format}");
            assert!(format == "ndjson" || found.columns == csv.columns, "{table}.{format}: {:?}", found.columns);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rows_still_have_their_columns() {
    let gateway = TestGateway::start().await;
    assert_eq!(gateway.get(&format!("/v1/events.ndjson?{NOTHING}")).await.good().text(), "");
    let arrow = gateway.get(&format!("/v1/events.arrow?{NOTHING}")).await.good();
    let reader = StreamReader::try_new(Cursor::new(arrow.bytes()), None).unwrap();
    assert_eq!((reader.schema().fields().len(), reader.count()), (17, 0));
    let parquet = gateway.get(&format!("/v1/events.parquet?{NOTHING}")).await.good();
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(parquet.bytes())).unwrap();
    assert_eq!((reader.schema().fields().len(), reader.metadata().file_metadata().num_rows()), (17, 0));
    let xlsx = gateway.get(&format!("/v1/events.xlsx?{NOTHING}")).await.good();
    assert!(xlsx.bytes().starts_with(b"PK"));
    let envelope = gateway.get(&format!("/v1/events.json?{NOTHING}&shape=envelope")).await.good().json();
    assert_eq!((envelope["schema"].as_array().unwrap().len(), envelope["rows"].as_array().unwrap().len()), (17, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_a_length_and_parts_and_is_never_packed() {
    // Some answers fit into the memory, these do not.
    let small = TestGateway::start().await;
    let large = TestGateway::with(Setup::default().config(|config| config.cache.answer = 1024)).await;
    for gateway in [small, large] {
        for format in FILES {
            let path = format!("/v1/events.{format}?{WEEK}");
            let head = gateway.send(gateway.request(Method::HEAD, &path)).await.good();
            let ask = |name, value: String| gateway.send(gateway.request(Method::GET, &path).header(name, value));
            let whole = ask("accept-encoding", "gzip, br, zstd, identity;q=0".to_owned()).await.good();
            assert!(!whole.headers.contains_key("content-encoding"), "{format}");
            assert_eq!(whole.header("content-length"), whole.bytes().len().to_string(), "{format}");
            for name in ["content-length", "etag", "content-type", "accept-ranges"] {
                assert_eq!(head.header(name), whole.header(name), "{format}");
            }
            let length = whole.bytes().len();
            for (range, part) in [
                ("bytes=-8".to_owned(), length - 8..length),
                ("bytes=4-99".to_owned(), 4..100),
                (format!("bytes={}-", length - 1), length - 1..length),
            ] {
                let answer = ask("range", range).await;
                assert_eq!((answer.status.as_u16(), answer.bytes()), (206, &whole.bytes()[part]), "{format}");
            }
            ask("range", format!("bytes={length}-")).await.refused(416, "request_range");
            assert_eq!(ask("if-none-match", whole.header("etag").to_owned()).await.status, 304);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_holds_the_rows_of_the_array_and_is_for_json_alone() {
    let gateway = TestGateway::start().await;
    let path = format!("/v1/events.json?{WEEK}");
    let plain = gateway.get(&path).await.good();
    assert_eq!(gateway.get(&format!("{path}&shape=rows")).await.good().bytes(), plain.bytes());
    let answer = gateway.get(&format!("{path}&shape=envelope")).await.good();
    assert_ne!(answer.header("etag"), plain.header("etag"));
    let envelope = answer.json();
    assert_eq!(envelope["rows"], plain.json());
    assert_eq!((&envelope["complete"], &envelope["next"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(envelope["as_of"], answer.header("flattap-as-of"));
    let schema = gateway.get("/v1/tables/events/schema.json?event=Charged").await.good().json();
    let of = |list: &Value, keys: [&str; 2]| -> Vec<(Value, Value)> {
        list.as_array().unwrap().iter().map(|column| (column[keys[0]].clone(), column[keys[1]].clone())).collect()
    };
    assert_eq!(of(&envelope["schema"], ["name", "type"]), of(&schema, ["name", "type"]));
    for address in ["events.csv", "events.ndjson", "events.arrow", "events.parquet", "events.xlsx"] {
        let refused = gateway.get(&format!("/v1/{address}?{WEEK}&shape=envelope")).await;
        let problem = refused.refused(400, "request_bad_parameter");
        assert_eq!(problem["parameter"], "shape");
    }
    gateway.get("/v1/tables.csv?shape=envelope").await.refused(400, "request_bad_parameter");
    let tables = gateway.get("/v1/tables?shape=envelope").await.good().json();
    assert_eq!(tables["rows"], gateway.get("/v1/tables").await.good().json());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_chooses_among_all_formats() {
    let gateway = TestGateway::start().await;
    let path = format!("/v1/events?{WEEK}");
    for (format, media_type) in NEW {
        let answer = gateway.send(gateway.request(Method::GET, &path).header("accept", media_type)).await.good();
        assert_eq!(answer.header("content-type"), media_type);
        let download = gateway.get(&format!("/v1/events.{format}?{WEEK}&download=1")).await.good();
        let named = format!("events-Charged-2026-11-03-2026-11-09.{format}\"");
        assert!(download.header("content-disposition").contains(&named), "{:?}", download.headers);
    }
    let refused = gateway.send(gateway.request(Method::GET, &path).header("accept", "text/html")).await;
    let problem = refused.refused(406, "request_not_acceptable").to_string();
    assert!(NEW.iter().all(|(_, media_type)| problem.contains(media_type)), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_too_long_for_a_cell_is_refused_and_never_cut() {
    let gateway = TestGateway::start().await;
    let day = date(2026, 11, 10);
    let text = "x".repeat(40_000);
    let record = format!(r#"{{"ts":20261110101001,"profile":{{"objectId":"o"}},"event_props":{{"Note":"{text}"}}}}"#);
    gateway.simulator.set_records("Charged", day, [record]);
    let query = "event=Charged&from=2026-11-10&to=2026-11-10";
    let problem = gateway.get(&format!("/v1/events.xlsx?{query}")).await.refused(413, "table_unfit");
    assert!(problem["detail"].as_str().unwrap().contains("prop_note"), "{problem}");
    let csv = gateway.get(&format!("/v1/events.csv?{query}")).await.good().csv();
    assert_eq!(rows("parquet", &gateway.get(&format!("/v1/events.parquet?{query}")).await.good()).rows, csv.rows);
    assert_eq!(csv.rows[0]["prop_note"].len(), 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_larger_than_the_room_for_it_is_refused() {
    let mut setup = Setup::default().config(|config| {
        config.cache.answer = 1024;
        config.cache.spool = 8 * 1024;
    });
    setup.simulator.rows = Many::Exactly(300);
    let gateway = TestGateway::with(setup).await;
    for format in FILES {
        gateway.get(&format!("/v1/events.{format}?{WEEK}")).await.refused(507, "store_full");
    }
}

/// The files of the last day, cut in the middle.
fn spoil(gateway: &TestGateway, day: Date) {
    let mut folders = vec![gateway.store().to_owned()];
    let mut spoilt = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|is| is == "parquet")
                && path.display().to_string().contains(&day.to_string())
            {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, vec![0; bytes.len()]).unwrap();
                spoilt.insert(path, bytes.len());
            }
        }
    }
    assert!(!spoilt.is_empty(), "no file of {day}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_breaks_never_gives_a_body_that_looks_whole() {
    let mut setup = Setup::default().config(|config| {
        config.cache.answer = 8 * 1024;
        config.cache.memory = 16 * 1024;
    });
    setup.simulator.rows = Many::Exactly(300);
    let gateway = TestGateway::with(setup).await;
    gateway.get(&format!("/v1/events.csv?{WEEK}")).await.good();
    spoil(&gateway, date(2026, 11, 9));
    for (format, _) in NEW {
        let answer = gateway.get(&format!("/v1/events.{format}?{WEEK}")).await;
        match format {
            "ndjson" | "arrow" => assert!(!answer.status.is_success() || answer.body.is_err(), "{format} looks whole"),
            _ => drop(answer.refused(503, "store_unavailable")),
        }
    }
}
