//! SQL and saved queries: one SELECT over the caller's tables, and nothing beside it.

mod dialects;
mod hostile;
mod instants;
mod room;
mod types;
mod whole_numbers;

use flattap::config::{PiiMode, sample_views};
use flattap::simulator::Endpoint;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use rstest::rstest;
use serde_json::Value;

use crate::support::{Answer, Rows, Setup, TestGateway};

const WEEK: &str = "from=2026-11-03&to=2026-11-09";

fn address(sql: &str) -> String {
    format!("/v1/sql.csv?{WEEK}&q={}", utf8_percent_encode(sql, NON_ALPHANUMERIC))
}

async fn ask(gateway: &TestGateway, sql: &str) -> Answer {
    gateway.get(&address(sql)).await
}

async fn rows(gateway: &TestGateway, sql: &str) -> Rows {
    ask(gateway, sql).await.good().csv()
}

async fn gateway_with(change: impl Fn(&mut flattap::config::Config) + Send + Sync + 'static) -> TestGateway {
    TestGateway::with(Setup::default().config(change)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_over_events_equals_the_same_sum_over_the_table() {
    let gateway = TestGateway::start().await;
    let table = gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}")).await.good().csv();
    let found = rows(
        &gateway,
        r#"SELECT event_date, count(*) AS rows, sum(prop_amount) AS total FROM events."Charged" GROUP BY 1 ORDER BY 1"#,
    )
    .await;
    assert_eq!(found.columns, ["event_date", "rows", "total"]);
    assert_eq!(found.rows.len(), 7);
    for day in &found.rows {
        let own = || table.rows.iter().filter(|row| row["event_date"] == day["event_date"]);
        let total: f64 = own().filter_map(|row| row.get("prop_amount")).map(|cell| cell.parse::<f64>().unwrap()).sum();
        assert_eq!(own().count().to_string(), day["rows"]);
        assert!((day["total"].parse::<f64>().unwrap() - total).abs() < 1e-6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_items_profiles_and_counts_can_be_joined() {
    let gateway = TestGateway::start().await;
    let joined = rows(
        &gateway,
        r#"SELECT e.row_id, count(*) AS lines FROM events."Charged" e
           JOIN event_items."Charged.Items" i ON i.row_id = e.row_id GROUP BY e.row_id"#,
    )
    .await;
    let events = rows(&gateway, r#"SELECT count(*) AS n FROM events."Charged""#).await;
    assert_eq!(joined.rows.len().to_string(), events.rows[0]["n"]);
    let counts = rows(
        &gateway,
        r#"SELECT c.period_start, c.count, (SELECT count(*) FROM events."Charged" e
           WHERE e.event_date = c.period_start) AS rows FROM event_counts."Charged" c ORDER BY 1"#,
    )
    .await;
    assert_eq!(counts.rows.len(), 7);
    assert!(counts.rows.iter().all(|row| row["count"] == row["rows"]), "{counts:?}");
    let people = rows(
        &gateway,
        r#"SELECT count(DISTINCT p.profile_id) AS people FROM profiles."Charged" p
           JOIN events."Charged" e ON e.identity = p.identity"#,
    )
    .await;
    assert_ne!(people.rows[0]["people"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_the_day_narrow_what_is_fetched() {
    let gateway = TestGateway::start().await;
    // The first query settles the columns; only then can a condition be understood before anything is loaded.
    rows(&gateway, r#"SELECT count(*) FROM events."Charged" WHERE event_date = '2026-11-09'"#).await;
    let gateway = TestGateway::start().await;
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-09&to=2026-11-09").await.good();
    let before = gateway.simulator.log().calls_of(Endpoint::EventsOpen).len();
    let sql = r#"SELECT count(DISTINCT event_date) AS days FROM events."Charged"
                 WHERE event_date BETWEEN '2026-11-08' AND '2026-11-09' AND prop_amount > 0"#;
    assert_eq!(rows(&gateway, sql).await.rows[0]["days"], "2");
    assert_eq!(gateway.simulator.log().calls_of(Endpoint::EventsOpen).len(), before + 1, "one day was missing");
    gateway
        .get("/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-03&wait=0s")
        .await
        .refused(503, "table_loading");
}

#[rstest]
#[case("event_time >= TIMESTAMPTZ '2026-11-08T12:00:00Z'", "2026-11-08 to 2026-11-09: 0 of 1 days")]
#[case("event_time >= TIMESTAMPTZ '2026-11-09T12:00:00Z' - INTERVAL '1 day'", "2026-11-08 to 2026-11-09: 0 of 1 days")]
#[case("TIMESTAMPTZ '2026-11-08T12:00:00Z' < event_time", "2026-11-08 to 2026-11-09: 0 of 1 days")]
#[case("event_date >= TIMESTAMPTZ '2026-11-07T18:30:00Z'", "2026-11-08 to 2026-11-09: 0 of 1 days")]
#[case("event_time >= '2026-11-07T20:00:00Z'", "2026-11-08 to 2026-11-09: 0 of 1 days")]
// The project's day lies beside that of UTC.
#[case("event_time::timestamptz BETWEEN '2026-11-08T12:00:00Z' AND now()", "2026-11-07 to 2026-11-09: 0 of 2 days")]
#[case("event_time_utc >= TIMESTAMPTZ '2026-11-08T12:00:00Z'", "2026-11-07 to 2026-11-09: 0 of 2 days")]
#[tokio::test(flavor = "multi_thread")]
async fn an_instant_narrows_what_is_fetched_to_the_day_around_it(#[case] condition: &str, #[case] days: &str) {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-09&to=2026-11-09").await.good();
    let sql = format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {condition}"#);
    let refused = gateway.get(&format!("{}&wait=0s", address(&sql))).await.refused(503, "table_loading");
    let said = refused["detail"].as_str().unwrap();
    assert!(said.contains(days), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_comes_as_a_body_as_well() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT count(*) AS n FROM events."Charged""#;
    let wanted = rows(&gateway, sql).await.rows;
    let post = || gateway.request(Method::POST, &format!("/v1/sql.csv?{WEEK}"));
    let text = gateway.send(post().header("content-type", "text/plain").body(sql)).await;
    assert_eq!(text.good().csv().rows, wanted);
    let body = serde_json::json!({"sql": sql, "from": "2026-11-03", "to": "2026-11-09"});
    let json = gateway.send(gateway.request(Method::POST, "/v1/sql.csv").json(&body)).await;
    assert_eq!(json.good().csv().rows, wanted);
    let form = gateway.send(post().header("content-type", "application/x-www-form-urlencoded").body("q=1")).await;
    form.refused(415, "request_media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_unless_it_depends_on_the_moment() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT count(*) AS n FROM events."Charged""#;
    ask(&gateway, sql).await.good();
    assert!(ask(&gateway, sql).await.good().header("cache-status").contains("hit"));
    for sql in ["SELECT now() AS t", "SELECT random() AS r"] {
        ask(&gateway, sql).await.good();
        assert!(!ask(&gateway, sql).await.good().header("cache-status").contains("hit"), "{sql}");
    }
}

#[rstest]
#[case("SELECT 1; SELECT 2", 400, "request_bad_sql")]
#[case("EXPLAIN SELECT 1", 400, "request_bad_sql")]
#[case("SHOW TABLES", 400, "request_bad_sql")]
#[case("VALUES (1), (2)", 400, "request_bad_sql")]
#[case("(VALUES (1))", 400, "request_bad_sql")]
#[case("SELECT 1 AS a INTO b", 400, "request_bad_sql")]
#[case("SET datafusion.execution.batch_size = 1", 400, "request_bad_sql")]
#[case("COPY (SELECT 1) TO '/tmp/flattap-test.csv'", 400, "request_bad_sql")]
#[case("CREATE EXTERNAL TABLE a STORED AS CSV LOCATION '/etc/passwd'", 400, "request_bad_sql")]
#[case("INSERT INTO campaigns VALUES (1)", 400, "request_bad_sql")]
#[case("SELECT * FROM '/etc/passwd'", 404, "table_unknown")]
#[case("SELECT * FROM information_schema.tables", 404, "table_unknown")]
#[case("SELECT * FROM information_schema.df_settings", 404, "table_unknown")]
#[case("SELECT * FROM read_csv('/etc/passwd')", 404, "table_unknown")]
#[case("SELECT * FROM read_parquet('http://127.0.0.1/')", 404, "table_unknown")]
#[case("SELECT * FROM generate_series(1, 10)", 404, "table_unknown")]
#[case("SELECT * FROM events", 400, "request_bad_sql")]
#[case("SELECT * FROM nobody.events.\"Charged\"", 404, "table_unknown")]
#[case("SELECT * FROM events.\"Nothing Such\"", 404, "table_unknown_event")]
#[case("SELECT nope FROM campaigns", 400, "request_bad_sql")]
#[case("SELECT 1/0", 400, "request_bad_sql")]
#[case("SELECT CAST('x' AS INT)", 400, "request_bad_sql")]
#[case("SELECT $a", 400, "request_bad_sql")]
#[case("SELECT [1,2] AS list", 400, "request_bad_sql")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_query_of_the_callers_tables_is_refused(
    #[case] sql: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let gateway = TestGateway::start().await;
    ask(&gateway, sql).await.refused(status, code);
    assert!(!std::path::Path::new("/tmp/flattap-test.csv").exists());
}

/// Clear values of the shop that no answer may show.
async fn secrets(gateway: &TestGateway) -> Vec<String> {
    let mut found = Vec::new();
    for record in gateway.records("Charged", jiff::civil::date(2026, 11, 3), jiff::civil::date(2026, 11, 9)) {
        let record: Value = serde_json::from_str(&record).unwrap();
        for key in ["email", "identity", "name"] {
            if let Some(value) = record["profile"][key].as_str().filter(|value| value.len() > 5) {
                found.push(value.to_owned());
            }
        }
    }
    assert!(found.len() > 50);
    found
}

#[rstest]
#[case(r#"SELECT * FROM events."Charged""#)]
#[case(r#"SELECT email, identity, name, all_identities FROM events."Charged""#)]
#[case(r#"SELECT max(email), min(email), string_agg(name, ',') FROM events."Charged""#)]
#[case(r#"SELECT CAST(identity AS BIGINT) FROM events."Charged""#)]
#[case(r#"SELECT CAST(name AS TIMESTAMP) FROM events."Charged""#)]
#[case(r#"SELECT arrow_cast(email, 'Int64') FROM events."Charged""#)]
#[case(r#"SELECT e.email FROM (SELECT * FROM events."Charged") e UNION ALL SELECT email FROM profiles."Charged""#)]
#[case(r#"WITH a AS (SELECT email AS x FROM events."Charged") SELECT x || '' FROM a ORDER BY x"#)]
#[case(r#"SELECT CASE WHEN email LIKE '%@%' THEN 1/0 ELSE 0 END FROM events."Charged""#)]
#[case(r#"SELECT email FROM events."Charged" WHERE email LIKE '%@%'"#)]
#[case(r#"SELECT substr(email, 1, 3) FROM events."Charged" WHERE regexp_like(email, '@')"#)]
#[case(r#"SELECT (SELECT max(email) FROM profiles."Charged")"#)]
#[case(r#"SELECT count(*) FROM events."Charged" a JOIN profiles."Charged" b ON a.email = b.email WHERE a.email LIKE '%@%'"#)]
#[tokio::test(flavor = "multi_thread")]
async fn no_query_shows_a_personal_value(#[case] sql: &str) {
    for mode in [PiiMode::Hash, PiiMode::Drop] {
        let gateway = gateway_with(move |config| config.auth.keys[0].pii = mode).await;
        let answer = ask(&gateway, sql).await;
        let said = answer.text();
        for secret in secrets(&gateway).await {
            assert!(!said.contains(&secret), "{mode:?} {sql}: {secret}");
        }
        // What looks for a letter that no hash has finds nothing, whichever way the answer goes.
        if sql.contains("LIKE '%@%'") && answer.status == 200 && !sql.contains("CASE") {
            let found = answer.csv();
            assert!(found.rows.iter().all(|row| row.values().all(|cell| cell == "0")), "{found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_hidden_cannot_be_felt_by_a_query_that_fails_on_them() {
    let gateway = gateway_with(|config| config.auth.keys[0].events = vec!["Charged".to_owned()]).await;
    let seen = rows(&gateway, r#"SELECT DISTINCT event_name FROM profile_events."Charged""#).await;
    assert_eq!(seen.rows.len(), 1);
    let probe =
        r#"SELECT 1 / (CASE WHEN event_name = 'App Launched' THEN 0 ELSE 1 END) AS x FROM profile_events."Charged""#;
    ask(&gateway, probe).await.good();
    let probe = r#"SELECT count(*) FROM profile_events."Charged" WHERE 1 / (length(event_name) - 12) < 5"#;
    ask(&gateway, probe).await.good();
    ask(&gateway, r#"SELECT * FROM events."App Launched""#).await.refused(404, "table_unknown_event");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_its_limits() {
    let gateway = gateway_with(|config| {
        config.limits.query_rows = 1000;
        config.limits.query_time = std::time::Duration::from_secs(1);
        config.limits.query_memory = 16 << 20;
    })
    .await;
    let numbers = |to: u64| {
        format!("WITH RECURSIVE n AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM n WHERE v < {to}) SELECT v FROM n")
    };
    ask(&gateway, &numbers(1000)).await.good();
    ask(&gateway, &numbers(1001)).await.refused(413, "request_query_limit");
    let refusal = ask(&gateway, &numbers(1_000_000_000).replace("SELECT v FROM", "SELECT max(v) FROM")).await;
    let refusal = refusal.refused(413, "request_query_limit");
    assert!(refusal["detail"].as_str().unwrap().contains("query_time"), "{refusal}");
    // Every row joined with every other, several times over: a table of it would be larger than any memory.
    let wide = r#"SELECT count(DISTINCT a.row_id || b.row_id) FROM events."Product Viewed" a
                  CROSS JOIN events."Product Viewed" b"#;
    let refusal = ask(&gateway, wide).await.refused(413, "request_query_limit");
    assert!(refusal["detail"].as_str().unwrap().contains("limits.query_"), "{refusal}");
    // The next one finds everything as it was.
    ask(&gateway, "SELECT 1").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_of_the_sample_run_and_are_listed() {
    let views = sample_views().unwrap();
    let names: Vec<String> = views.keys().cloned().collect();
    let gateway = gateway_with(move |config| config.views = views.clone()).await;
    let listed = gateway.get("/v1/tables.csv").await.good().csv();
    for name in names {
        let row = listed.rows.iter().find(|row| row["table"] == format!("views.{name}")).unwrap();
        let answer = gateway.get(&format!("/v1/views/{name}.csv?{WEEK}")).await.good().csv();
        assert!(!answer.rows.is_empty(), "{name}");
        assert!(row["url"].ends_with(&format!("/v1/views/{name}.csv")));
    }
    let revenue = |words: &str| format!("/v1/views/revenue_by_day.csv?{WEEK}&{words}");
    let euros = gateway.get(&revenue("currency=EUR")).await.good().csv();
    let rupees = gateway.get(&revenue("currency=INR")).await.good().csv();
    assert!(euros.rows != rupees.rows);
    // A value is bound and never read as SQL.
    let spliced = gateway.get(&revenue("currency=EUR'+OR+'1'='1")).await.good().csv();
    assert!(spliced.rows.is_empty());
    gateway.get("/v1/views/top_products.csv?products=ten").await.refused(400, "request_bad_parameter");
    let near = gateway.get("/v1/views/top_product.csv").await.refused(404, "table_unknown");
    assert_eq!(near["near"][0], "top_products");
    assert_eq!(gateway.get(&format!("/v1/views/top_products.csv?{WEEK}&products=3")).await.good().csv().rows.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_described_and_explained_as_a_table_is() {
    let gateway = gateway_with(|config| config.views = sample_views().unwrap()).await;
    let page = |page: &str| format!("/v1/tables/views.revenue_by_day/{page}?{WEEK}&currency=INR");
    let cold = gateway.get(&page("explain")).await.good().json();
    assert_eq!((&cold["table"], &cold["days"]["cold"]), (&"views.revenue_by_day".into(), &7.into()), "{cold}");
    assert!(cold["plan"].as_str().unwrap().starts_with("not known before the first load"), "{cold}");
    let described = gateway.get(&page("schema.csv")).await.good().csv();
    let rows = gateway.get(&format!("/v1/views/revenue_by_day.csv?{WEEK}&currency=INR")).await.good().csv();
    let names: Vec<_> = described.rows.iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, rows.columns);
    assert_eq!(described.rows[1]["type"], "integer");
    let warm = gateway.get(&page("explain")).await.good().json();
    assert_eq!((&warm["days"]["warm"], &warm["upstream"]["calls"]), (&7.into(), &0.into()), "{warm}");
    assert_eq!((&warm["from"], &warm["to"]), (&"2026-11-03".into(), &"2026-11-09".into()), "{warm}");
    assert!(warm["plan"].as_str().unwrap().contains("prop_currency"), "{warm}");
    for page in ["schema", "explain"] {
        let near = gateway.get(&format!("/v1/tables/views.revenue_by_dya/{page}")).await.refused(404, "table_unknown");
        assert_eq!(near["near"][0], "revenue_by_day");
        let wrong = gateway.get(&format!("/v1/tables/views.top_products/{page}?products=ten")).await;
        let wrong = wrong.refused(400, "request_bad_parameter");
        assert_eq!(wrong["detail"], "`products` cannot be `ten`: it takes a whole number.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_views_alone_hears_of_no_table_behind_them() {
    let gateway = gateway_with(|config| {
        config.views = sample_views().unwrap();
        config.auth.keys[0].tables = vec!["views.revenue_*".to_owned()];
    })
    .await;
    let page = |view: &str, page: &str| format!("/v1/tables/views.{view}/{page}?{WEEK}");
    gateway.get(&page("revenue_by_day", "schema.csv")).await.good();
    let explained = gateway.get(&page("revenue_by_day", "explain")).await.good();
    assert_eq!(explained.json()["plan"], "not shown: the key reads the view and not its tables");
    assert!(!explained.text().contains("prop_") && !explained.text().contains("Charged"), "{}", explained.text());
    for hidden in ["schema", "explain"] {
        gateway.get(&page("top_products", hidden)).await.refused(404, "table_unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_can_be_limited_to_views() {
    let gateway = gateway_with(|config| {
        config.views = sample_views().unwrap();
        config.auth.keys[0].tables = vec!["views.revenue_*".to_owned()];
    })
    .await;
    gateway.get(&format!("/v1/views/revenue_by_day.csv?{WEEK}")).await.good();
    gateway.get(&format!("/v1/views/top_products.csv?{WEEK}")).await.refused(404, "table_unknown");
    gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}")).await.refused(404, "table_unknown");
    ask(&gateway, r#"SELECT * FROM events."Charged""#).await.refused(404, "table_unknown");
    let listed = gateway.get("/v1/tables.csv").await.good().csv();
    assert_eq!(listed.rows.iter().map(|row| row["table"].as_str()).collect::<Vec<_>>(), ["views.revenue_by_day"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_on_days_that_are_not_there_yet_says_which_and_loads_them() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT count(*) AS n FROM events."Charged""#;
    let refused = gateway.get(&format!("{}&wait=0s", address(sql))).await.refused(503, "table_loading");
    let said = refused["detail"].as_str().unwrap();
    assert!(said.contains(r#"events."Charged", 2026-11-03 to 2026-11-09"#), "{said}");
    ask(&gateway, sql).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_a_credential_is_refused_like_everything() {
    let gateway = TestGateway::start().await;
    let url = gateway.request(Method::GET, &address("SELECT 1")).build().unwrap().url().clone();
    let answer = Answer::of(reqwest::get(url).await.unwrap()).await;
    answer.refused(401, "auth_missing");
}
