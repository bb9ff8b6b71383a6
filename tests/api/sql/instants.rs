//! Instants beside the project's clock, on projects of both ends of the world: what a condition on a local time or day
//! finds, the same condition on the UTC time finds as well.

use rstest::rstest;

use super::{WEEK, address, ask, rows};
use crate::support::{Setup, TestGateway};

async fn project_in(zone: &'static str) -> TestGateway {
    TestGateway::with(Setup { zone, ..Setup::default() }).await
}

async fn count(gateway: &TestGateway, condition: &str) -> String {
    let sql = format!(r#"SELECT count(*) AS n FROM events."Charged" a WHERE {condition}"#);
    rows(gateway, &sql).await.rows[0]["n"].clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_local_time_is_compared_with_an_instant_as_the_utc_time_is(
    #[values("America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati")] zone: &'static str,
) {
    let gateway = project_in(zone).await;
    let wanted = count(&gateway, "event_time_utc >= TIMESTAMPTZ '2026-11-05T12:00:00Z'").await;
    assert_ne!(wanted, count(&gateway, "event_time_utc IS NOT NULL").await);
    assert_ne!(wanted, count(&gateway, "event_time >= TIMESTAMP '2026-11-05 12:00:00'").await, "the zone is seen");
    for same in [
        "event_time >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "TRY_CAST(event_time AS TIMESTAMPTZ) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "CAST(event_time AS TIMESTAMPTZ) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "event_time >= '2026-11-05T12:00:00Z'",
        "event_time >= '2026-11-05T17:30:00+05:30'",
        "event_time >= '2026-11-05 12:00:00 UTC'",
        "event_time >= '2026-11-05 12:00:00 +00:00'",
        "event_time >= '2026-11-05 17:30:00 Asia/Kolkata'",
        "event_time >= TIMESTAMP '2026-11-05T12:00:00Z'",
        "event_time BETWEEN '2026-11-05T12:00:00Z' AND now()",
        "NOT event_time < '2026-11-05T12:00:00Z'",
        "event_time_utc >= '2026-11-05T12:00:00Z'",
        "event_time_utc >= TIMESTAMP '2026-11-05T12:00:00Z'",
        // Seconds since 1970.
        "event_time >= to_timestamp(1793880000)",
        "event_time_utc >= to_timestamp(1793880000)",
        "event_time_utc >= to_timestamp(1793880000.0)",
        "event_time_utc >= to_timestamp(to_unixtime('2026-11-05T12:00:00Z'))",
        "to_unixtime(event_time_utc) >= 1793880000",
        "event_time >= to_timestamp_millis(1793880000000)",
        "event_time >= from_unixtime(1793880000, 'UTC')",
        "event_time >= to_timestamp('2026-11-05T12:00:00Z')",
        "extract(epoch FROM event_time_utc) >= 1793880000",
        "to_timestamp_seconds(CAST(extract(epoch FROM event_time_utc) AS BIGINT)) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "to_timestamp(extract(epoch FROM event_time_utc)) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "to_timestamp(event_time_utc::text) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "to_timestamp(event_time::text) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "to_timestamp_millis(event_time::text) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "to_timestamp(to_char(event_time, '%d/%m/%Y %H:%M:%S'), '%d/%m/%Y %H:%M:%S') >= to_timestamp(1793880000)",
        "to_timestamp('2026-11-05T12:00:00Z', '%Y-%m-%dT%H:%M:%S%#z') <= event_time",
        // Texts that the query makes, or finds.
        "event_time >= CAST('2026-11-05T12' || ':00:00Z' AS TIMESTAMP)",
        "event_time >= '2026-11-05T12' || ':00:00Z'",
        "event_time >= TRY_CAST(replace(a.row_id, a.row_id, '2026-11-05T12:00:00Z') AS TIMESTAMP)",
        "event_time >= replace(a.row_id, a.row_id, '2026-11-05T13:00:00+01:00')",
        // From within another query.
        r#"EXISTS (SELECT 1 FROM events."Charged" b WHERE b.row_id = a.row_id AND a.event_time >= TIMESTAMPTZ '2026-11-05T12:00:00Z')"#,
        r#"EXISTS (SELECT 1 FROM events."Charged" b WHERE b.row_id = a.row_id AND a.event_time::timestamptz >= TIMESTAMPTZ '2026-11-05T12:00:00Z')"#,
    ] {
        assert_eq!(count(&gateway, same).await, wanted, "{same}");
    }
}

#[rstest]
#[case("America/Los_Angeles", "2026-11-05T08:00:00Z")]
#[case("Asia/Kolkata", "2026-11-04T18:30:00Z")]
#[case("Pacific/Kiritimati", "2026-11-04T10:00:00Z")]
#[tokio::test(flavor = "multi_thread")]
async fn a_day_begins_at_midnight_of_the_project(#[case] zone: &'static str, #[case] midnight: &str) {
    let gateway = project_in(zone).await;
    let day = count(&gateway, "event_date = DATE '2026-11-05'").await;
    assert_ne!(day, "0");
    for same in [
        format!("event_date = TIMESTAMPTZ '{midnight}'"),
        format!("event_date = '{midnight}'"),
        format!("event_date IN (TIMESTAMPTZ '{midnight}')"),
        format!("event_date = date_trunc('day', TIMESTAMPTZ '{midnight}' + INTERVAL '3 hours')"),
        format!("TIMESTAMPTZ '{midnight}' = event_date"),
        format!("event_date BETWEEN TIMESTAMPTZ '{midnight}' AND TIMESTAMPTZ '{midnight}' + INTERVAL '23 hours'"),
    ] {
        assert_eq!(count(&gateway, &same).await, day, "{same}");
    }
}

#[rstest]
#[case(r#"SELECT greatest(event_date, date_trunc('day', now())) FROM events."Charged""#)]
#[case(r#"SELECT event_date FROM events."Charged" UNION ALL SELECT now()"#)]
#[case(
    r#"SELECT count(*) FROM events."Charged" a WHERE EXISTS (SELECT 1 FROM events."Added To Cart" b
          WHERE b.identity = a.identity AND b.event_time_utc > a.event_time)"#
)]
#[case(r#"SELECT lag(event_time, 1, now()) OVER (ORDER BY event_time) FROM events."Charged""#)]
#[case(r#"SELECT lead(event_date, 1, event_time_utc) OVER (ORDER BY event_time) FROM events."Charged""#)]
#[case(r#"SELECT date_bin(INTERVAL '1 day', event_time, now()) FROM events."Charged""#)]
#[case(r#"SELECT to_unixtime(event_time) FROM events."Charged""#)]
#[case(r#"SELECT from_unixtime(1793880000)"#)]
#[case(r#"SELECT extract(epoch FROM event_time) FROM events."Charged""#)]
#[case(r#"SELECT CAST(1793880000 AS TIMESTAMP) FROM events."Charged""#)]
#[case(r#"SELECT nvl(event_time, event_time_utc) FROM events."Charged""#)]
#[case(r#"SELECT to_date(event_time_utc::text, '%+') FROM events."Charged""#)]
#[case(r#"SELECT to_date(to_unixtime(event_time_utc)::text, '%-s') FROM events."Charged""#)]
#[case(r#"SELECT to_timestamp(event_time_utc::text, '%Y-%m-%dT%H:%M:%SZ') FROM events."Charged""#)]
#[case(
    r#"SELECT lag(event_time, 1, concat('2026-11-01', 'T03:00:00Z')) OVER (ORDER BY event_time) FROM events."Charged""#
)]
#[case(r#"SELECT CAST(event_time AS BIGINT) FROM events."Charged""#)]
#[case(r#"SELECT lag(event_time, 1, '2026-11-01T00:00:00Z') OVER (ORDER BY event_time) FROM events."Charged""#)]
#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_meet_where_nobody_says_how_are_refused(#[case] sql: &str) {
    let gateway = TestGateway::start().await;
    let refused = ask(&gateway, sql).await.refused(400, "request_bad_sql");
    let said = refused["detail"].as_str().unwrap();
    assert!(said.contains("clock") || said.contains("project's calendar"), "{refused}");
}

/// On the first of November an hour came twice there.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_came_twice_keeps_no_condition_from_being_answered() {
    let gateway = project_in("America/Los_Angeles").await;
    let sql = |condition: &str| format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {condition}"#);
    let count = async |condition: &str| {
        let address = address(&sql(condition)).replace(WEEK, "from=2026-10-30&to=2026-11-03");
        gateway.get(&address).await.good().csv().rows[0]["n"].clone()
    };
    let wanted = count("event_time_utc >= TIMESTAMPTZ '2026-11-02T00:00:00Z'").await;
    assert_ne!(wanted, count("event_date IS NOT NULL").await);
    assert_eq!(count("event_time >= TIMESTAMPTZ '2026-11-02T00:00:00Z'").await, wanted);
    assert_eq!(count("event_time BETWEEN '2026-11-02T00:00:00Z' AND now()").await, wanted);
}

#[rstest]
#[case("event_time >= TIMESTAMP '2026-11-05T12:00:00Z' - INTERVAL '1 hour'")]
#[case("event_time >= TRY_CAST('2026-11-05T12:00:00Z' AS TIMESTAMP)")]
#[case("event_time >= (SELECT TIMESTAMP '2026-11-05T12:00:00Z')")]
#[case("event_time >= greatest(event_time, TIMESTAMP '2026-11-05 12:00:00 UTC')")]
#[tokio::test(flavor = "multi_thread")]
async fn an_offset_is_never_lost(#[case] condition: &str) {
    let gateway = TestGateway::start().await;
    let sql = format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {condition}"#);
    let refused = ask(&gateway, &sql).await.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains("TIMESTAMPTZ"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_in_brackets_is_not_passed_over() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT count(*) FROM events."Charged" WHERE event_time >= '2026-11-05T12:00:00[America/New_York]'"#;
    ask(&gateway, sql).await.refused(400, "request_bad_sql");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shows_the_clock_of_utc_is_compared_by_it() {
    let gateway = project_in("America/Los_Angeles").await;
    let wanted = count(&gateway, "event_time_utc >= TIMESTAMPTZ '2026-11-05T12:00:00Z'").await;
    for same in [
        "event_time_utc::timestamp >= '2026-11-05T12:00:00Z'",
        "to_local_time(event_time_utc) >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "event_time_utc::timestamp >= TIMESTAMPTZ '2026-11-05T12:00:00Z'",
        "event_time_utc::timestamp >= '2026-11-05 12:00:00'",
    ] {
        assert_eq!(count(&gateway, same).await, wanted, "{same}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_groups_may_ask_for_an_instant() {
    let gateway = TestGateway::start().await;
    let sql =
        r#"SELECT event_date, count(*) AS n FROM events."Charged" GROUP BY ROLLUP(event_date, event_time > now())"#;
    assert_eq!(rows(&gateway, sql).await.rows.len(), 15, "seven days twice, and all");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_far_away_are_compared_as_well() {
    let gateway = TestGateway::start().await;
    let all = count(&gateway, "event_time IS NOT NULL").await;
    for condition in [
        "event_time < '9999-12-31'",
        "event_time < TIMESTAMP '9999-12-31 00:00:00'",
        "event_time BETWEEN '1600-01-01' AND '2999-12-31 23:59:59.999'",
        "event_date < '9999-12-31'",
        "event_date < CAST(8000000 AS DATE)",
        "event_time_utc < '9999-12-31'",
        "event_time_utc BETWEEN TIMESTAMP '1600-01-01 00:00:00' AND '9999-12-31T23:59:59Z'",
        "nvl(event_time, event_time) < '9999-12-31'",
        "event_date < '9999-12-30T00:00:00Z'",
        "event_date > '0001-01-01T00:00:00Z'",
    ] {
        assert_eq!(count(&gateway, condition).await, all, "{condition}");
    }
}

/// Two tables have each other's columns there, beside what they are joined by.
#[tokio::test(flavor = "multi_thread")]
async fn tables_are_joined_by_instants_of_local_times() {
    let gateway = project_in("America/Los_Angeles").await;
    let all = count(&gateway, "true").await;
    let of =
        |joined: &str| format!(r#"SELECT count(*) AS n FROM events."Charged" a JOIN events."Charged" b ON {joined}"#);
    let wanted = rows(&gateway, &of("a.event_time_utc = b.event_time_utc")).await.rows[0]["n"].clone();
    for same in [
        "a.event_time::timestamptz = b.event_time::timestamptz",
        "a.event_time::timestamptz = b.event_time_utc",
        "a.event_time_utc = b.event_time::timestamptz AND a.event_time = b.event_time",
        "a.event_time = b.event_time",
        "a.event_time = CAST(b.event_time::text AS TIMESTAMP)",
    ] {
        assert_eq!(rows(&gateway, &of(same)).await.rows[0]["n"], wanted, "{same}");
    }
    for same in [
        "SELECT count(*) AS n FROM (SELECT row_id, event_time::text AS event_time FROM events.\"Charged\") a
         JOIN events.\"Charged\" b USING (row_id, event_time)",
        "SELECT count(*) AS n FROM (SELECT row_id, event_time::timestamptz AS event_time FROM events.\"Charged\") a
         NATURAL JOIN (SELECT row_id, event_time FROM events.\"Charged\") b",
        "SELECT count(*) AS n FROM (SELECT row_id, event_time::text AS t FROM events.\"Charged\") a JOIN events.\"Charged\" b
         ON a.row_id = b.row_id AND a.t::timestamp = b.event_time AND a.t::date = b.event_date
            AND TRY_CAST(a.t AS date) = b.event_date",
    ] {
        assert_eq!(rows(&gateway, same).await.rows[0]["n"], all, "{same}");
    }
    let within = r#"event_time::timestamptz IN (SELECT event_time::timestamptz FROM events."Charged")"#;
    assert_eq!(count(&gateway, within).await, all);
    for part in ["event_time::timestamptz", "CAST(event_time::text AS TIMESTAMP)"] {
        let groups = format!(r#"SELECT {part} AS at, count(*) AS n FROM events."Charged" GROUP BY ROLLUP ({part})"#);
        assert_eq!(rows(&gateway, &groups).await.rows.len().to_string(), one_more(&all), "{part}");
    }
    let groups = r#"SELECT to_date(event_time::text) AS day, count(*) AS n FROM events."Charged"
                    GROUP BY ROLLUP (to_date(event_time::text))"#;
    assert_eq!(rows(&gateway, groups).await.rows.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_says_its_day_on_the_projects_calendar() {
    let gateway = project_in("America/Los_Angeles").await;
    assert_ne!(count(&gateway, "date_trunc('day', event_time_utc::timestamp) <> event_date").await, "0");
    for none in [
        "to_date(event_time_utc::text) <> event_date",
        "event_time_utc::text::date <> event_date",
        "event_time_utc::text::timestamp <> event_time",
        "event_time::text::date <> event_date",
        "to_date(to_char(event_time, '%d/%m/%Y'), '%d/%m/%Y') <> event_date",
        "to_date(to_char(event_time, '%d/%m/%Y') || ' %s', '%d/%m/%Y %%s') <> event_date",
        "to_date('2026-11-05T03:00:00Z') <> DATE '2026-11-04'",
    ] {
        assert_eq!(count(&gateway, none).await, "0", "{none}");
    }
    let count = ask(&gateway, "SELECT event_time || event_time_utc AS a FROM events.\"Charged\" LIMIT 1").await;
    assert_eq!(count.good().csv().rows.len(), 1);
    let late = ask(&gateway, "SELECT to_timestamp(1795780800000.0)").await.refused(400, "request_bad_sql");
    assert!(late["detail"].as_str().unwrap().contains("17957808"), "{late}");
}

/// Every occurrence has a time of its own there.
fn one_more(count: &str) -> String {
    (count.parse::<usize>().unwrap() + 1).to_string()
}
