//! What queries take from the machine: its disk.

use std::time::Duration;

use jiff::ToSpan;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::program::{Configuration, Served, shop};

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
