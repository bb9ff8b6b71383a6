//! Columns whose type is only known when several branches or rows have met.

use rstest::rstest;

use super::{WEEK, ask, rows};
use crate::support::TestGateway;

#[rstest]
#[case("SELECT 1 AS a UNION ALL SELECT 2.5", &["1.0", "2.5"])]
#[case("SELECT 2.5 AS a UNION ALL SELECT 1", &["1.0", "2.5"])]
#[case("SELECT 1 AS a UNION ALL SELECT 'x'", &["1", "x"])]
#[case("SELECT NULL AS a UNION ALL SELECT 1", &["", "1"])]
#[case("SELECT DATE '2026-11-03' AS a UNION ALL SELECT TIMESTAMP '2026-11-03 09:30:00'",
       &["2026-11-03T00:00:00", "2026-11-03T09:30:00"])]
#[case("SELECT CASE WHEN n > 1 THEN n ELSE 0.5 END AS a FROM (VALUES (1), (3)) v(n)", &["0.5", "3.0"])]
#[case("SELECT CASE WHEN n > 1 THEN n - 10 ELSE n END AS a FROM (SELECT row_number() OVER () AS n FROM (VALUES (1), (3)) v)",
       &["-8.0", "1.0"])]
#[case("SELECT coalesce(NULL, 1, 2.5) AS a", &["1.0"])]
#[case("SELECT greatest(1, 2.5) AS a", &["2.5"])]
#[case("WITH RECURSIVE r AS (SELECT 1.0 AS a UNION ALL SELECT a * 2 FROM r WHERE a < 4) SELECT a FROM r",
       &["1.0", "2.0", "4.0"])]
#[tokio::test(flavor = "multi_thread")]
async fn a_column_has_the_type_that_all_its_values_fit(#[case] sql: &str, #[case] values: &[&str]) {
    let gateway = TestGateway::start().await;
    let mut found: Vec<_> =
        rows(&gateway, sql).await.rows.iter().map(|row| row.get("a").cloned().unwrap_or_default()).collect();
    found.sort();
    assert_eq!(found, values, "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_different_types_meet_in_every_format() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT 'orders' AS what, count(*) AS a FROM events."Charged" UNION ALL
                 SELECT 'revenue', sum(prop_amount) FROM events."Charged""#;
    for format in ["csv", "json", "ndjson", "parquet", "arrow", "xlsx"] {
        let address = super::address(sql).replace(".csv", &format!(".{format}"));
        gateway.get(&address).await.good();
    }
}

#[rstest]
#[case(r#"SELECT CASE WHEN true THEN event_time ELSE event_time_utc END AS a FROM events."Charged""#)]
#[case(r#"SELECT event_time AS a FROM events."Charged" UNION ALL SELECT event_time_utc FROM events."Charged""#)]
#[case(r#"SELECT coalesce(event_time, event_time_utc) AS a FROM events."Charged""#)]
#[case(r#"SELECT count(*) FROM events."Charged" WHERE event_time > event_time_utc"#)]
#[case(r#"SELECT event_time_utc AS a FROM events."Charged" UNION ALL SELECT event_date FROM events."Charged""#)]
#[case(r#"SELECT coalesce(event_time_utc, event_date) AS a FROM events."Charged""#)]
#[case(r#"SELECT event_time - event_time_utc AS a FROM events."Charged""#)]
#[case(r#"SELECT count(*) FROM events."Charged" WHERE event_time_utc = event_date"#)]
#[tokio::test(flavor = "multi_thread")]
async fn a_local_time_is_never_taken_for_one_of_utc(#[case] sql: &str) {
    let gateway = TestGateway::start().await;
    let refused = ask(&gateway, sql).await.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains("clock"), "{refused}");
}

/// An instant is an hour on the project's clock, wherever it stands beside a kept time.
#[tokio::test(flavor = "multi_thread")]
async fn an_instant_is_compared_with_what_the_projects_clock_showed_then() {
    let gateway = TestGateway::start().await;
    let count = async |condition: &str| {
        let sql = format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {condition}"#);
        rows(&gateway, &sql).await.rows[0]["n"].clone()
    };
    let after = count("event_time > TIMESTAMP '2026-11-05 18:30:00'").await;
    assert_ne!(after, count("event_time > TIMESTAMP '2026-11-05 13:00:00'").await, "the offset would be seen");
    for same in [
        "event_time > TIMESTAMPTZ '2026-11-05 18:30:00'",
        "event_time > TIMESTAMPTZ '2026-11-05T13:00:00Z'",
        "event_time::timestamptz > TIMESTAMPTZ '2026-11-05T13:00:00Z'",
        "event_time AT TIME ZONE 'Asia/Kolkata' > TIMESTAMPTZ '2026-11-05T13:00:00Z'",
        "NOT event_time <= TIMESTAMPTZ '2026-11-05T13:00:00Z'",
        "event_time BETWEEN TIMESTAMPTZ '2026-11-05T13:00:00.000001Z' AND now()",
        "event_time > (SELECT TIMESTAMPTZ '2026-11-05T13:00:00Z')",
        "event_time_utc > TIMESTAMPTZ '2026-11-05 18:30:00'",
        "event_time_utc > TIMESTAMP '2026-11-05 13:00:00'",
    ] {
        assert_eq!(count(same).await, after, "{same}");
    }
    let days = count("event_date >= DATE '2026-11-05'").await;
    assert_eq!(count("event_date >= TIMESTAMPTZ '2026-11-05 00:00:00'").await, days);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_one_kind_meet_and_literals_are_of_the_kind_that_they_meet() {
    let gateway = TestGateway::start().await;
    for condition in [
        "event_time >= TIMESTAMP '2026-11-04 00:00:00'",
        "event_time >= '2026-11-04'",
        "event_time_utc >= TIMESTAMP '2026-11-04 00:00:00'",
        "event_time_utc >= '2026-11-04T00:00:00Z'",
        "event_time_utc < now()",
        "event_time < CAST(event_time_utc AS TIMESTAMP) + INTERVAL '6 hours'",
    ] {
        let found = rows(&gateway, &format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {condition}"#)).await;
        assert_ne!(found.rows[0]["n"], "0", "{condition} {WEEK}");
    }
}

/// The engine calls some of these its own mistake.
#[rstest]
#[case("sum(CASE WHEN date_part('day', current_date - event_date) > 3 THEN 1 ELSE 0 END)", "`date_part`")]
#[case("sum(CASE WHEN date_trunc('day', prop_amount) = event_time THEN 1 ELSE 0 END)", "`date_trunc`")]
#[case("max(date_part('year', prop_amount))", "`date_part`")]
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_no_such_values_is_the_callers_mistake(#[case] sql: &str, #[case] function: &str) {
    let gateway = TestGateway::start().await;
    let refused =
        ask(&gateway, &format!(r#"SELECT {sql} AS a FROM events."Charged""#)).await.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains(function), "{refused}");
}
