//! Queries that are written to do harm: to see what is hidden, to take the server's memory or its time.

use std::time::{Duration, Instant};

use flattap::config::PiiMode;
use rstest::rstest;

use super::{WEEK, ask, gateway_with, rows, secrets};
use crate::support::{Answer, TestGateway};

/// Ways to a clear value. `{secret}` is one that the attacker guesses.
const ATTACKS: [&str; 46] = [
    r#"SELECT "email", e."name", events."Charged".identity FROM events."Charged" e"#,
    r#"SELECT e.*, e.email AS event_name FROM events."Charged" e LIMIT 50"#,
    r#"SELECT * EXCEPT (row_id) FROM events."Charged""#,
    r#"SELECT email::int FROM events."Charged""#,
    r#"SELECT TRY_CAST(email AS DOUBLE), CAST(phone AS BIGINT) FROM profiles."Charged""#,
    r#"SELECT CAST(email AS BOOLEAN) FROM events."Charged""#,
    r#"SELECT CAST(name AS DATE) FROM events."Charged""#,
    r#"SELECT CAST(name AS INTERVAL) FROM events."Charged""#,
    r#"SELECT CAST(identity AS DECIMAL(20, 2)) FROM events."Charged""#,
    r#"SELECT to_timestamp(name), to_date(email) FROM events."Charged""#,
    r#"SELECT to_char(event_time, email) FROM events."Charged""#,
    r#"SELECT date_trunc(name, event_time) FROM events."Charged""#,
    r#"SELECT date_part(email, event_time) FROM events."Charged""#,
    r#"SELECT regexp_like('x', email) FROM events."Charged""#,
    r#"SELECT regexp_match(email, '.*')[1] FROM events."Charged""#,
    r#"SELECT regexp_replace(email, '(.*)', '\1\1') FROM events."Charged""#,
    r#"SELECT regexp_like(name, '(') FROM events."Charged""#,
    r#"SELECT 1 / (CASE WHEN email = '{secret}' THEN 0 ELSE 1 END) FROM events."Charged""#,
    r#"SELECT 1 / (length(name) - length(name)) || name FROM events."Charged""#,
    r#"SELECT chr(ascii(email) * 1000000000) FROM events."Charged""#,
    r#"SELECT factorial(ascii(name)), power(ts, ascii(email)) FROM events."Charged""#,
    r#"SELECT string_to_array(all_identities, '"')[2] FROM events."Charged""#,
    r#"SELECT unnest(string_to_array(email, '@')) FROM events."Charged""#,
    r#"SELECT array_to_string(array_agg(DISTINCT email), ' ') FROM events."Charged""#,
    r#"SELECT first_value(email) OVER (ORDER BY email), lag(name) OVER (ORDER BY name) FROM events."Charged""#,
    r#"SELECT email, row_number() OVER (PARTITION BY name ORDER BY phone) FROM events."Charged" ORDER BY 2, 1"#,
    r#"SELECT DISTINCT ON (email) email, name FROM events."Charged""#,
    r#"SELECT email FROM events."Charged" GROUP BY GROUPING SETS ((email), (name, email))"#,
    r#"SELECT email FROM events."Charged" ORDER BY email LIMIT (SELECT 5)"#,
    r#"SELECT (SELECT max(p.email) FROM profiles."Charged" p WHERE p.identity = e.identity) FROM events."Charged" e"#,
    r#"SELECT x.email FROM events."Charged" e, LATERAL (SELECT e.email) x"#,
    r#"WITH RECURSIVE a AS (SELECT email, 1 AS n FROM events."Charged" UNION SELECT email, n + 1 FROM a WHERE n < 3) SELECT * FROM a"#,
    r#"WITH events AS (SELECT * FROM events."Charged") SELECT email FROM events"#,
    r#"SELECT email FROM profiles."Charged" EXCEPT SELECT '' UNION SELECT name FROM profiles."Charged""#,
    r#"SELECT push_token, profile_id FROM profile_devices."Charged""#,
    r#"SELECT * FROM event_items."Charged.Items" i JOIN events."Charged" e USING (row_id, identity)"#,
    r#"SELECT prop_items, all_identities FROM events."Charged""#,
    r#"SELECT input_file_name() AS f, email FROM events."Charged""#,
    r#"SELECT file_row_index() AS f, email FROM events."Charged""#,
    r#"SELECT arrow_cast(email, 'Binary') FROM events."Charged""#,
    r#"SELECT arrow_metadata(email), arrow_field(email) FROM events."Charged""#,
    r#"SELECT struct(email, name) FROM events."Charged""#,
    r#"SELECT {'a': email} FROM events."Charged""#,
    r#"SELECT encode(email, 'hex'), md5(email), sha256(name) FROM events."Charged""#,
    "SELECT \u{ff45}mail, \"\u{435}\u{200b}mail\" FROM events.\"Charged\"",
    r#"SELECT email FROM events."Charged" WHERE email > 'a' /* '; SELECT email -- */ ORDER BY -length(email)"#,
];

/// What holds of a clear value and of no hash: nothing may be found by it.
const GUESSES: [&str; 12] = [
    "email = '{secret}'",
    "email IN ('{secret}', 'x')",
    "'{secret}' = ANY (SELECT email FROM profiles.\"Charged\")",
    "email ILIKE '%@%'",
    "email SIMILAR TO '.*@.*'",
    "email ~ '@'",
    "strpos(email, '@') > 0",
    "contains(email, '@') OR ends_with(email, '.com') OR starts_with(email, '{secret}')",
    "length(email) <> 32",
    "substr('{secret}', 1, 3) = left(email, 3)",
    "email BETWEEN '{secret}' AND '{secret}'",
    "EXISTS (SELECT 1 FROM (VALUES ('{secret}')) v(x) WHERE v.x = email)",
];

fn clear_in<'a>(answer: &Answer, secrets: &'a [String]) -> Option<&'a String> {
    let headers = format!("{:?}", answer.headers);
    let body = answer.text();
    secrets.iter().find(|secret| body.contains(*secret) || headers.contains(*secret))
}

#[rstest]
#[case(PiiMode::Hash)]
#[case(PiiMode::Drop)]
#[tokio::test(flavor = "multi_thread")]
async fn no_attack_shows_a_personal_value(#[case] mode: PiiMode) {
    let gateway = gateway_with(move |config| config.auth.keys[0].pii = mode).await;
    let secrets = secrets(&gateway).await;
    let guessed = secrets.iter().find(|secret| secret.contains('@')).unwrap();
    for attack in ATTACKS {
        let sql = attack.replace("{secret}", guessed);
        let answer = ask(&gateway, &sql).await;
        assert!(answer.status.as_u16() < 500, "{sql}: {}", answer.text());
        let seen = clear_in(&answer, &secrets).filter(|seen| *seen != guessed || !attack.contains("{secret}"));
        assert_eq!(seen, None, "{mode:?} {sql}");
        assert!(!answer.text().contains("charged-"), "{sql} tells of files: {}", answer.text());
        // Dropped columns are not there: neither in an answer nor in a hint.
        if mode == PiiMode::Drop && answer.status == 200 {
            let columns = answer.csv().columns;
            let hidden = ["email", "phone", "name", "identity", "all_identities", "push_token"];
            assert!(!columns.iter().any(|column| hidden.contains(&column.as_str())), "{sql}: {columns:?}");
        }
    }
    for guess in GUESSES {
        let condition = guess.replace("{secret}", guessed);
        let answer = ask(&gateway, &format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {condition}"#)).await;
        match mode {
            PiiMode::Drop => assert_eq!(answer.status, 400, "{condition}: {}", answer.text()),
            _ => assert_eq!(answer.good().csv().rows[0]["n"], "0", "{condition}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_names_no_hidden_column() {
    let gateway = gateway_with(|config| config.auth.keys[0].pii = PiiMode::Drop).await;
    rows(&gateway, r#"SELECT count(*) AS n FROM events."Charged""#).await;
    for (near, hidden) in [("emial", "email"), ("identiy", "identity"), ("phnoe", "phone"), ("push_tokn", "push_token")]
    {
        let said = [
            ask(&gateway, &format!(r#"SELECT {near} FROM events."Charged""#)).await,
            ask(&gateway, &format!(r#"SELECT 1 FROM profile_devices."Charged" WHERE {near} = 'x'"#)).await,
            gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}&select={near}")).await,
            gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}&filter={near}+eq+'x'")).await,
            gateway.get(&format!("/v1/tables/events/explain?event=Charged&{WEEK}&orderby={near}")).await,
        ];
        for answer in said {
            assert_eq!(answer.status, 400, "{near}: {}", answer.text());
            assert!(!answer.text().contains(hidden), "{near}: {}", answer.text());
        }
    }
    let explained = gateway.get(&format!("/v1/tables/events/explain?event=Charged&{WEEK}")).await.good();
    assert_eq!(explained.json()["policy"], serde_json::json!({"pii": "drop", "hashed": []}));
    for hidden in ["events.email", "events.identity", "events.phone"] {
        assert!(!explained.text().contains(hidden), "{}", explained.text());
    }
}

/// What would take more memory, time or stack than there is, were it begun.
#[rstest]
#[case("SELECT length(repeat('x', 2000000000)) AS n", 413)]
#[case(r#"SELECT length(repeat(row_id, 100000000)) AS n FROM events."Charged""#, 413)]
#[case(r#"SELECT max(length(lpad(row_id, 1000000000, 'x'))) AS n FROM events."Charged""#, 413)]
#[case(r#"SELECT rpad('x', 1000000000) AS n"#, 413)]
#[case(r#"SELECT replace(repeat(row_id, 10000), '', repeat('y', 4000)) AS n FROM events."Charged""#, 413)]
#[case(r#"SELECT regexp_replace(repeat(row_id, 10000), '.', repeat('y', 4000), 'g') AS n FROM events."Charged""#, 413)]
#[case("SELECT count(*) AS n FROM (SELECT unnest(range(0, 100000000000)))", 400)]
#[case("SELECT count(*) AS n FROM (SELECT unnest(generate_series(1, 100000000000)))", 400)]
#[case("SELECT array_length(array_repeat(1, 100000000000)) AS n", 400)]
#[case("SELECT array_length(array_resize([1], 100000000000)) AS n", 400)]
#[case("SELECT array_length([1] || [2]) AS n", 400)]
#[case("SELECT array_length(arrow_cast(NULL, 'FixedSizeList(2000000000, Int64)')) AS n", 400)]
#[case("SELECT overlay('x' PLACING 'y' FROM 1) AS n", 400)]
#[case(
    r#"WITH RECURSIVE a AS (SELECT row_id AS s FROM events."Charged" UNION ALL SELECT s || s FROM a) SELECT max(length(s)) AS n FROM a"#,
    413
)]
#[case(
    r#"WITH RECURSIVE a AS (SELECT 'x' AS s UNION ALL SELECT concat(s, s) FROM a) SELECT max(length(s)) AS n FROM a"#,
    413
)]
#[case("WITH RECURSIVE a AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM a) SELECT max(v) AS n FROM a", 413)]
#[case(
    r#"SELECT sum(length(a.row_id)) OVER (ORDER BY b.row_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS n
       FROM events."Product Viewed" a CROSS JOIN events."Product Viewed" b CROSS JOIN events."Product Viewed" c"#,
    413
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_refused(#[case] sql: &str, #[case] status: u16) {
    let gateway = gateway_with(|config| config.limits.query_time = Duration::from_secs(5)).await;
    let began = Instant::now();
    let code = if status == 413 { "request_query_limit" } else { "request_bad_sql" };
    ask(&gateway, sql).await.refused(status, code);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    ask(&gateway, "SELECT 1").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_columns_of_text_are_bounded_together_and_not_one_by_one() {
    let gateway = gateway_with(|config| config.limits.query_memory = 16 << 20).await;
    let events =
        rows(&gateway, r#"SELECT count(*) AS n FROM events."Charged""#).await.rows[0]["n"].parse::<u64>().unwrap();
    let columns =
        |each: &dyn Fn(u64) -> String| (0..100).map(|n| format!("{} AS c{n}", each(n))).collect::<Vec<_>>().join(", ");
    // Each is within the bound for one function, a quarter of the memory; a hundred of them are 25 times the memory.
    let times = (3 << 20) / (32 * events);
    for each in ["repeat(row_id, {})", "lpad(row_id, {} * 32, 'x')", "replace(repeat(row_id, {}), 'a', 'b')"] {
        let each = |n: u64| each.replace("{}", &(times + n).to_string());
        let one = format!(r#"SELECT {} AS n FROM events."Charged" LIMIT 1"#, each(0));
        ask(&gateway, &one).await.good();
        let all = format!(r#"SELECT {} FROM events."Charged""#, columns(&each));
        let refused = ask(&gateway, &all).await;
        assert_eq!(refused.status, 413, "{}", each(0));
        let refused = refused.refused(413, "request_query_limit");
        assert!(refused["detail"].as_str().unwrap().contains("memory"), "{refused}");
    }
    // A copy of a large text is as large.
    let copies = columns(&|n| format!("upper(concat(s, '{n}'))"));
    let all = format!(r#"SELECT {copies} FROM (SELECT repeat(row_id, {times}) AS s FROM events."Charged")"#);
    assert_eq!(ask(&gateway, &all).await.status, 413, "copies");
    // What a report asks for is far from it.
    let small = columns(&|n| format!("upper(platform || '-' || concat(event_name, '{n}'))"));
    ask(&gateway, &format!(r#"SELECT {small} FROM events."Charged" ORDER BY event_name"#)).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_chain_is_refused_or_run_and_nothing_overflows() {
    let gateway = TestGateway::start().await;
    let send = async |sql: String| {
        let post = gateway.request(reqwest::Method::POST, &format!("/v1/sql.csv?{WEEK}"));
        gateway.send(post.header("content-type", "text/plain").body(sql)).await
    };
    let chains = [
        ("SELECT 1", " + 1"),
        ("SELECT 'a'", "||'b'"),
        ("SELECT 1 WHERE 1=1", " OR 1=1"),
        ("SELECT 1", "::int"),
        ("SELECT 1", " UNION ALL SELECT 1"),
    ];
    for (before, link) in chains {
        for links in [500, 3000] {
            send(format!("{before}{}", link.repeat(links))).await.refused(400, "request_bad_sql");
        }
        // Casts stand within one another, and nobody needs many of them.
        let few = if link == "::int" { 12 } else { 100 };
        send(format!("{before}{}", link.repeat(few))).await.good();
    }
    // The longest there can be.
    send(format!("SELECT 1{}", " + 1".repeat(490))).await.good();
    let ctes: String = (1..100).map(|n| format!(", a{n} AS (SELECT x + 1 AS x FROM a{})", n - 1)).collect();
    let chained = send(format!("WITH a0 AS (SELECT 1 AS x){ctes} SELECT x FROM a99")).await;
    assert_eq!(chained.good().csv().rows[0]["x"], "100");
}

#[tokio::test(flavor = "multi_thread")]
async fn casts_within_casts_are_planned_at_once() {
    let gateway = TestGateway::start().await;
    let nested = |first: &str| {
        let casts = (0..12).fold(first.to_owned(), |inner, _| format!("({inner} + 1.5)::bigint"));
        format!(r#"SELECT {casts} AS x FROM events."Charged" ORDER BY ts LIMIT 1"#)
    };
    let began = Instant::now();
    let found = rows(&gateway, &nested("(ts - ts)")).await;
    // Half of what is added falls away each time.
    assert_eq!(found.rows[0]["x"], "12");
    // Not even what fails when it is folded.
    ask(&gateway, &nested("(9223372036854775807 + 1)")).await.refused(400, "request_bad_sql");
    ask(&gateway, &nested("row_number() OVER (ORDER BY ts)")).await.good();
    let times = |levels| {
        let casts =
            (0..levels).fold("event_time".to_owned(), |inner, _| format!("CAST(CAST({inner} AS TEXT) AS TIMESTAMP)"));
        format!(r#"SELECT max(to_char({casts}, '%H')) AS x FROM events."Charged""#)
    };
    ask(&gateway, &times(6)).await.good();
    ask(&gateway, &times(7)).await.refused(400, "request_bad_sql");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_doubles_with_each_level_is_refused_before_it_is_planned() {
    let gateway = TestGateway::start().await;
    let began = Instant::now();
    let choices = (0..16).fold("profile_city".to_owned(), |inner, n| format!("coalesce({inner}, 'x{n}')"));
    let conditions = (0..16).fold("prop_amount > 1".to_owned(), |inner, n| {
        format!("CASE WHEN {inner} THEN ts > {n} ELSE prop_amount > {n} END")
    });
    let views = (0..13).fold("events.\"Charged\"".to_owned(), |inner, n| {
        format!("(SELECT coalesce(profile_city, 'x{n}') AS profile_city FROM {inner}) AS q{n}")
    });
    let functions = (0..12).fold("profile_city".to_owned(), |inner, _| format!("starts_with({inner}, 'a')::text"));
    ask(&gateway, &format!(r#"SELECT {functions} AS x FROM events."Charged" LIMIT 1"#)).await.good();
    let tables: String = (1..60).map(|n| format!(", a{n} AS (SELECT l.x FROM a{} l, a{} r)", n - 1, n - 1)).collect();
    for sql in [
        format!(r#"SELECT {choices} AS x FROM events."Charged""#),
        format!(r#"SELECT count(*) AS n FROM events."Charged" WHERE {conditions}"#),
        format!("SELECT count(*) AS n FROM {views} WHERE profile_city = 'x'"),
        format!("WITH a0 AS (SELECT 1 AS x){tables} SELECT count(*) AS n FROM a59"),
    ] {
        let refused = ask(&gateway, &sql).await.refused(400, "request_bad_sql");
        assert!(refused["detail"].as_str().unwrap().contains("written out"), "{refused}");
    }
    // What reports do is far from it.
    let modest = (0..4).fold("profile_city".to_owned(), |inner, n| format!("coalesce({inner}, 'x{n}')"));
    ask(&gateway, &format!(r#"SELECT {modest} AS x, count(*) AS n FROM events."Charged" GROUP BY 1"#)).await.good();
    // The words of an address never double.
    let filter = (0..30).fold("(ts gt 1)".to_owned(), |inner, n| format!("({inner} eq (prop_amount gt {n}))"));
    let lists = (0..12).fold("(ts gt 1)".to_owned(), |inner, _| format!("({inner} in (true,false,null))"));
    let select = async |filter: &str| {
        let words = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}&select=row_id&filter={words}")).await
    };
    select(&filter).await.good();
    select(&lists).await.refused(400, "request_bad_parameter");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_caller_left_stops_working() {
    let gateway = gateway_with(|config| config.limits.query_time = Duration::from_secs(300)).await;
    ask(&gateway, "SELECT 1").await.good();
    let endless = "WITH RECURSIVE a AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM a) SELECT max(v) AS n FROM a";
    // As many as work at the same time: the next one runs only when they have stopped.
    let impatient = (0..4).map(|_| {
        let request = gateway.request(reqwest::Method::GET, &super::address(endless));
        request.timeout(Duration::from_secs(2)).send()
    });
    let left = futures_util::future::join_all(impatient).await;
    assert!(left.iter().all(|answer| answer.as_ref().is_err_and(reqwest::Error::is_timeout)), "{left:?}");
    let began = Instant::now();
    ask(&gateway, "SELECT 2").await.good();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_as_long_as_is_promised_is_read_as_a_body() {
    let gateway = TestGateway::start().await;
    let send = async |sql: String| {
        let post = gateway.request(reqwest::Method::POST, &format!("/v1/sql.csv?{WEEK}"));
        gateway.send(post.header("content-type", "text/plain").body(sql)).await
    };
    let of_length = |length: usize| format!("SELECT 1 AS a -- {}", "x".repeat(length - 17));
    send(of_length(64 * 1024)).await.good();
    send(of_length(64 * 1024 + 1)).await.refused(400, "request_bad_parameter");
    send(of_length(512 * 1024)).await.refused(413, "request_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_query_is_said_and_what_is_wrong_with_the_store_is_not_blamed_on_it() {
    let gateway = TestGateway::start().await;
    let pattern = r#"SELECT regexp_like(platform, '(') FROM events."Charged""#;
    let refused = ask(&gateway, pattern).await.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains("unclosed group"), "{refused}");
    // Columns of a table and computed ones meet in one.
    let levels = r#"WITH RECURSIVE a AS (SELECT row_id AS s, 1 AS n FROM events."Charged"
                    UNION ALL SELECT upper(s), n + 1 FROM a WHERE n < 3) SELECT count(*) AS n FROM a WHERE n = 3"#;
    let events = rows(&gateway, r#"SELECT count(*) AS n FROM events."Charged""#).await;
    assert_eq!(rows(&gateway, levels).await.rows, events.rows);
    for file in stored_files(gateway.store()) {
        let size = std::fs::metadata(&file).unwrap().len() as usize;
        std::fs::write(&file, vec![b'x'; size]).unwrap();
    }
    ask(&gateway, r#"SELECT max(prop_amount) FROM events."Charged""#).await.refused(503, "store_unavailable");
}

fn stored_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => stored_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_columns_is_refused() {
    let gateway = TestGateway::start().await;
    ask(&gateway, "FROM campaigns").await.refused(400, "request_bad_sql");
}
