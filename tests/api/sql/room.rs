//! What queries take from the machine and from each other: its disk, and their turns.

use std::time::Duration;

use jiff::ToSpan;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::AsyncReadExt;

use super::{WEEK, address, ask, gateway_with};
use crate::support::program::{Configuration, Served, shop};
use crate::support::slow::read_a_little;

/// A sort of more rows than fit into 16 MiB, and one row of it.
const LARGE_SORT: &str = r#"SELECT max(n) AS n FROM (SELECT row_number() OVER (ORDER BY b.row_id, a.row_id) AS n
                            FROM events."Charged" a CROSS JOIN events."Charged" b)"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_puts_aside_meets_a_full_disk_or_its_bound_and_each_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = shop(150, Duration::ZERO);
    let day = simulator.today().checked_sub(6.days()).unwrap();
    let sort = format!(
        "/v1/sql.csv?from={day}&until={}&q={}",
        day.checked_add(4.days()).unwrap(),
        utf8_percent_encode(LARGE_SORT, NON_ALPHANUMERIC)
    );
    let limits = "[limits]\nquery_memory = \"16MiB\"\n[cache]";
    let configuration = Configuration::write(folder.path(), &simulator).replace("[cache]", limits);

    let gateway = Served::start(&configuration).await;
    let refused = gateway.get(&sort).await.refused(413, "request_query_limit");
    assert!(refused["detail"].as_str().unwrap().contains("room on disk"), "{refused}");
    gateway.program.kill();

    let configuration = configuration.replace("spool = \"0\"", "spool = \"1GiB\"");
    let gateway = Served::start(&configuration).await;
    assert_eq!(gateway.get(&sort).await.good().csv().rows[0]["n"], (600 * 600).to_string());
    gateway.program.kill();

    let gateway = Served::start_with_short_files(&configuration, 1024).await;
    gateway.get(&sort).await.refused(507, "store_full");
    gateway.get(&format!("/v1/events.csv?event=Charged&from={day}&to={day}")).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_of_queries_hold_others_up_for_as_long_as_a_query_may_work_and_no_longer() {
    let gateway = gateway_with(|config| {
        config.cache.answer = 16 * 1024;
        config.limits.query_time = Duration::from_secs(2);
    })
    .await;
    ask(&gateway, r#"SELECT count(*) FROM events."Charged""#).await.good();
    // Each of its own, so that they do not share one answer; each larger than what lies in buffers between.
    let large = |reader: usize| {
        let sql = format!(
            r#"SELECT {reader} AS reader, a.*, b.row_id AS other FROM events."Charged" a CROSS JOIN events."Charged" b"#
        );
        address(&sql)
    };
    let mut slow = Vec::new();
    for reader in 0..4 {
        slow.push(read_a_little(&gateway.base, &large(reader)).await);
    }
    let refused = ask(&gateway, "SELECT 1").await;
    refused.refused(503, "request_too_many");
    assert!((1..=120).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}")).await.good();

    // One of them reads on and has not run out of time, because waiting for a reader is no work.
    let (mut stream, mut whole) = slow.pop().unwrap();
    let next = ask(&gateway, "SELECT 2 AS two");
    let (next, read) = tokio::join!(next, stream.read_to_end(&mut whole));
    read.unwrap();
    assert!(whole.ends_with(b"\r\n0\r\n\r\n"), "the slow reader got all of it");
    assert_eq!(next.good().csv().rows[0]["two"], "2");
    // One of them goes away.
    drop(slow.pop());
    ask(&gateway, "SELECT 3").await.good();
}
