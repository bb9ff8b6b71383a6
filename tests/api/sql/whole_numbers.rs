//! Whole numbers that leave their 64 bits: an answer is exact or refused, never begun again at the other end.

use flattap::config::{View, ViewParameter, ViewParameterType};
use rstest::rstest;

use super::{WEEK, address, ask, gateway_with, rows};
use crate::support::TestGateway;

const MOST: i64 = i64::MAX;
const LEAST: i64 = i64::MIN;

#[rstest]
#[case("SELECT 9223372036854775807 + 1 AS x")]
#[case("SELECT -9223372036854775807 - 2 AS x")]
#[case("SELECT 3037000500 * 3037000500 AS x")]
#[case("SELECT - (-9223372036854775807 - 1) AS x")]
#[case("SELECT 1 << 63 AS x")]
#[case("SELECT 1 << -1 AS x")]
#[case("SELECT 9223372036854775808 - 1 AS x")]
#[case("SELECT abs(-9223372036854775807 - 1) AS x")]
#[case("SELECT (-9223372036854775807 - 1) / -1 AS x")]
#[case(r#"SELECT ts * 9223372036854775807 AS x FROM events."Charged""#)]
#[case(r#"SELECT row_id FROM events."Charged" WHERE ts + 9223372036854775807 < ts"#)]
#[case(r#"SELECT row_id FROM events."Charged" ORDER BY ts * ts * ts LIMIT 3"#)]
#[case(r#"SELECT sum(ts * 1000000) AS x FROM events."Charged""#)]
#[case(r#"SELECT event_date, sum(9223372036854775807) AS x FROM events."Charged" GROUP BY 1"#)]
#[case(r#"SELECT count(*) FROM events."Charged" GROUP BY GROUPING SETS ((ts + 9223372036854775807), ())"#)]
#[case(r#"SELECT sum(9000000000000000000) OVER (ORDER BY ts, row_id) AS x FROM events."Charged""#)]
#[case(r#"SELECT sum(9000000000000000000) OVER (ORDER BY ts, row_id ROWS 1 PRECEDING) AS x FROM events."Charged""#)]
#[case(r#"SELECT a.row_id FROM events."Charged" a JOIN events."Charged" b ON a.ts + 9223372036854775807 = b.ts"#)]
#[case(
    r#"SELECT row_id FROM events."Charged" a WHERE EXISTS
       (SELECT 1 FROM events."Charged" b WHERE b.ts * 9223372036854775807 = a.ts)"#
)]
#[case("WITH RECURSIVE t AS (SELECT 3 AS n UNION ALL SELECT n * n FROM t WHERE n > 0) SELECT max(n) FROM t")]
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused(#[case] sql: &str) {
    let gateway = TestGateway::start().await;
    let answer = ask(&gateway, sql).await;
    let problem = answer.refused(400, "request_bad_sql");
    let detail = problem["detail"].as_str().unwrap().to_lowercase();
    assert!(["64 bits", "overflow", "shift by"].iter().any(|said| detail.contains(said)), "{sql}: {detail}");
}

#[rstest]
#[case(&format!("SELECT {MOST} - 1 + 1 AS x"), &MOST.to_string())]
#[case("SELECT -9223372036854775807 - 1 AS x", &LEAST.to_string())]
#[case("SELECT 3037000499 * 3037000499 AS x", "9223372030926249001")]
#[case("SELECT CAST(9223372036854775807 AS DECIMAL(38, 0)) + 1 > 9223372036854775807 AS x", "true")]
#[case("SELECT 7 - 9 AS x", "-2")]
#[case("SELECT (-3 << 61) AS x", "-6917529027641081856")]
#[case("SELECT sum(1 << n) AS x FROM (SELECT row_number() OVER () AS n UNION ALL SELECT 2)", "6")]
#[case("SELECT -(3 + 4) * 2 AS x", "-14")]
#[case("SELECT 1 + NULL AS x", "")]
#[case("SELECT 1.5 + 2 AS x", "3.5")]
// A row's number has no sign in the engine.
#[case("SELECT x FROM (SELECT row_number() OVER () - row_number() OVER () - 3 AS x)", "-3")]
#[case("SELECT sum(n) AS x FROM (SELECT row_number() OVER () AS n)", "1")]
#[case(
    "SELECT sum(n) AS x FROM (SELECT 9223372036854775807 AS n UNION ALL SELECT 1 UNION ALL SELECT -2)",
    "9223372036854775806"
)]
#[case("SELECT x FROM (SELECT 1 + 1 AS x) GROUP BY x HAVING sum(x + 1) = 3", "2")]
#[case("SELECT date '2026-11-03' + 2 AS x", "2026-11-05")]
#[case("SELECT count(*) + 1 AS x FROM (SELECT 1) LIMIT 1 + 1", "2")]
#[tokio::test(flavor = "multi_thread")]
async fn what_fits_is_exact(#[case] sql: &str, #[case] value: &str) {
    let gateway = TestGateway::start().await;
    let found = rows(&gateway, sql).await;
    assert_eq!(found.columns, ["x"]);
    assert_eq!(found.rows.len(), 1, "{sql}");
    assert_eq!(found.rows[0].get("x").map_or("", String::as_str), value, "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_such_operators_are_named_and_typed_as_before() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT ts + 1, -ts, count(*) - 1, row_number() OVER (ORDER BY ts) - 1 AS place
                 FROM events."Charged" GROUP BY ts, ts + 1, -ts ORDER BY ts + 1 LIMIT 1"#;
    let answer = gateway.get(&format!("{}&shape=envelope", address(sql).replace(".csv", ".json"))).await.good().json();
    let schema: Vec<_> =
        answer["schema"].as_array().unwrap().iter().map(|column| (&column["name"], &column["type"])).collect();
    insta::assert_json_snapshot!(schema);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_and_an_order_count_on_beyond_64_bits() {
    let gateway = TestGateway::start().await;
    let all = gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}")).await.good().csv();
    let chosen =
        async |query: &str| gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}&{query}")).await.good().csv();
    let none = chosen("filter=ts%20add%209223372036854775807%20lt%200").await;
    assert_eq!(none.rows.len(), 0);
    let every = chosen("filter=ts%20add%209223372036854775807%20gt%209223372036854775807").await;
    assert_eq!(every.rows, all.rows);
    let sorted = chosen("orderby=ts%20add%209223372036854775807%20desc&top=1").await;
    let latest = all.rows.iter().map(|row| &row["ts"]).max();
    assert_eq!(Some(&sorted.rows[0]["ts"]), latest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_whose_parameter_leaves_64_bits_is_refused() {
    let by = ViewParameter { kind: ViewParameterType::Integer, default: Some("0".to_owned()) };
    let view = View {
        sql: r#"SELECT count(*) AS rows FROM events."Charged" WHERE ts + $by < 0"#.to_owned(),
        description: String::new(),
        range: None,
        parameters: [("by".to_owned(), by)].into(),
    };
    let gateway = gateway_with(move |config| config.views = [("shifted".to_owned(), view.clone())].into()).await;
    let within = gateway.get(&format!("/v1/views/shifted.csv?{WEEK}&by=1")).await.good().csv();
    assert_eq!(within.rows[0]["rows"], "0");
    let answer = gateway.get(&format!("/v1/views/shifted.csv?{WEEK}&by={MOST}")).await;
    assert!(answer.text().contains("64 bits"), "{}", answer.text());
    answer.refused(400, "request_bad_sql");
}
