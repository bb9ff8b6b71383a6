//! The switches of the text formats, and how the format is chosen.

use super::{CSV, DAY, day};
use crate::support::TestGateway;

/// A day with everything that is awkward in CSV.
async fn awkward() -> TestGateway {
    let gateway = TestGateway::start().await;
    let record = |second: u32, props: &str| {
        format!(r#"{{"ts":202611101010{second:02},"profile":{{"objectId":"o{second}"}},"event_props":{{{props}}}}}"#)
    };
    gateway.simulator.set_records(
        "Charged",
        day(),
        [
            record(1, r#""Note":"a,b \"c\"","Empty":"","Amount":12,"Share":0.5,"Paid":true,"At":"$D_1762770000""#),
            record(2, r#""Note":"one\r\ntwo\nthree","Empty":"x","Amount":-3,"Share":2"#),
            record(3, r#""Note":"=1+1","Amount":null"#),
            record(4, r#""Note":"+49 151""#),
            record(5, r#""Note":"@home""#),
        ],
    );
    gateway
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_ends_lines_with_crlf_and_tells_null_from_the_empty_text() {
    let gateway = awkward().await;
    let answer = gateway.get(CSV).await.good();
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let text = answer.text();
    assert!(text.starts_with("row_id,event_name,event_time,event_time_utc,event_date,ts,object_id,"), "{text}");
    assert!(text.ends_with("\r\n") && !text.starts_with('\u{feff}'));
    let first = text.split("\r\n").nth(1).unwrap();
    assert!(
        first.ends_with(r#""a,b ""c""","",12,0.5,true,2025-11-10T10:20:00Z"#),
        "comma, quote, empty text, integer, number, boolean, time: {first}"
    );
    assert!(first.contains(",2026-11-10T10:10:01,2026-11-10T04:40:01Z,2026-11-10,20261110101001,o1,,,,,,"), "{first}");
    assert!(
        text.contains("\"one\r\ntwo\nthree\",x,-3,2.0,,\r\n"),
        "a number shows its decimals, null is nothing: {text}"
    );
    assert!(text.contains(",=1+1,,,,,\r\n"), "nothing is escaped unasked: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rows_are_a_header_and_an_empty_array() {
    let gateway = TestGateway::start().await;
    let csv = gateway.get("/v1/events.csv?event=Charged&from=2026-12-01&to=2026-12-02").await.good();
    assert_eq!((csv.text().matches("\r\n").count(), csv.csv().columns.len()), (1, 17));
    let json = gateway.get("/v1/events.json?event=Charged&from=2026-12-01&to=2026-12-02").await.good();
    assert_eq!(json.text(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_every_column_in_every_object() {
    let gateway = awkward().await;
    let json = gateway.get(&format!("/v1/events.json?event=Charged&{DAY}")).await.good();
    assert_eq!(json.header("content-type"), "application/json");
    let (rows, csv) = (json.json_rows(), gateway.get(CSV).await.good().csv());
    assert_eq!(rows.rows, csv.rows);
    assert_eq!(json.json()[0]["prop_empty"], "");
    assert!(json.json()[2]["prop_empty"].is_null() && json.json()[2].as_object().unwrap().contains_key("prop_amount"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switches_change_what_they_say_and_nothing_else() {
    let gateway = awkward().await;
    let plain = gateway.get(CSV).await.good().text();
    let bom = gateway.get(&format!("{CSV}&bom=1")).await.good();
    assert_eq!(bom.text(), format!("\u{feff}{plain}"));
    let spaced = gateway.get(&format!("{CSV}&newlines=space")).await.good().text();
    assert_eq!(spaced, plain.replace("\"one\r\ntwo\nthree\"", "one two three"));
    let times = gateway.get(&format!("{CSV}&datetime=space")).await.good().text();
    assert!(times.contains(",2026-11-10 10:10:01,2026-11-10 04:40:01,2026-11-10,"), "no Z: {times}");
    let escaped = gateway.get(&format!("{CSV}&escape=formulas")).await.good();
    assert_eq!(escaped.header("x-csv-escaped"), "formulas");
    let expected = plain.replace(",=1+1", ",'=1+1").replace(",+49", ",'+49").replace(",@home", ",'@home");
    assert_eq!(escaped.text(), expected, "text only: -3 is a number");
    let source = gateway.get(&format!("{CSV}&headers=source")).await.good().text();
    let (header, rows) = source.split_once("\r\n").unwrap();
    assert!(
        header.starts_with("row_id,event_name,event_time,") && header.ends_with("event_props.Paid,event_props.At"),
        "{header}"
    );
    assert_eq!(rows, plain.split_once("\r\n").unwrap().1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_has_a_name_and_is_escaped_unless_told_otherwise() {
    let gateway = awkward().await;
    let plain = gateway.get(CSV).await.good();
    assert!(!plain.headers.contains_key("content-disposition") && !plain.headers.contains_key("x-csv-escaped"));
    let download = gateway.get(&format!("{CSV}&download=1")).await.good();
    let disposition = download.header("content-disposition");
    assert!(
        disposition.starts_with("attachment; filename=\"events-Charged-2026-11-10-2026-11-10.csv\""),
        "{disposition}"
    );
    assert_eq!(download.header("x-csv-escaped"), "formulas");
    assert!(download.text().contains(",'=1+1,"));
    let raw = gateway.get(&format!("{CSV}&download=1&escape=none")).await.good();
    assert_eq!(raw.bytes(), plain.bytes());
    let foreign =
        gateway.get("/v1/events.json?event=%E8%B3%BC%E5%85%A5%E5%AE%8C%E4%BA%86&range=today&download=1").await.good();
    assert!(
        foreign.header("content-disposition").contains("filename*=UTF-8''events-%E8")
            || foreign.header("content-disposition").contains("filename*=UTF-8''events%2D%E8"),
        "{:?}",
        foreign.headers
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_extension_beats_the_header_and_the_header_decides_without_one() {
    let gateway = TestGateway::start().await;
    let path = format!("/v1/events?event=Charged&{DAY}");
    for (accept, kind) in [
        ("*/*", "application/json"),
        ("text/csv", "text/csv; charset=utf-8; header=present"),
        ("text/html, text/csv;q=0.5", "text/csv; charset=utf-8; header=present"),
        ("application/json", "application/json"),
    ] {
        assert_eq!(
            gateway.get_with(&path, &[("accept", accept)]).await.good().header("content-type"),
            kind,
            "{accept}"
        );
    }
    assert_eq!(gateway.get(&path).await.good().header("content-type"), "application/json");
    let beaten = gateway.get_with(CSV, &[("accept", "application/json")]).await.good();
    assert!(beaten.header("content-type").starts_with("text/csv"));
    let none = gateway.get_with(&path, &[("accept", "application/xml")]).await;
    let problem = none.refused(406, "request_not_acceptable");
    assert!(
        problem.to_string().contains("text/csv") && problem.to_string().contains("application/json"),
        "{problem:#}"
    );
    let unknown = gateway.get(&format!("/v1/events.exe?event=Charged&{DAY}")).await;
    let problem = unknown.refused(404, "table_unknown_format");
    assert_eq!(problem["available"], serde_json::json!(["csv", "json", "ndjson", "arrow", "parquet", "xlsx"]));
}
