//! Open days are read again, sealed ones never; what is loading says so; what is old says how old.

use std::time::Duration;

use flattap::simulator::{Endpoint, Fault};
use reqwest::Method;
use serde_json::json;

use crate::support::{Setup, TestGateway, hours, minutes};

const TODAY: &str = "/v1/events.csv?event=App%20Launched&range=today";
const MONTH: &str = "/v1/events.csv?event=Charged&range=last_20_days";

fn opened(gateway: &TestGateway) -> usize {
    gateway.simulator.log().count(Endpoint::EventsOpen)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_day_is_read_again_only_when_it_is_too_old() {
    let gateway = TestGateway::start().await;
    let first = gateway.get(TODAY).await.good();
    assert_eq!(first.header("cache-status"), "flattap; fwd=miss; detail=upstream");
    gateway.pass(minutes(4));
    gateway.get(TODAY).await.good();
    assert_eq!(opened(&gateway), 1);
    gateway.pass(hours(2));
    let later = gateway.get(TODAY).await.good();
    assert_eq!(opened(&gateway), 2);
    assert!(later.csv().rows.len() > first.csv().rows.len(), "today grows");
    assert_ne!(first.header("etag"), later.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_read_again_without_change_keeps_its_tag() {
    let gateway = TestGateway::start().await;
    let path = "/v1/events.csv?event=Charged&range=yesterday";
    let first = gateway.get(path).await.good();
    gateway.pass(minutes(10));
    let again = gateway.get(path).await.good();
    assert_eq!(opened(&gateway), 2, "yesterday is still open");
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(first.header("last-modified"), again.header("last-modified"));
    assert_ne!(first.header("flattap-as-of"), again.header("flattap-as-of"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_mean_other_days_after_midnight() {
    let gateway = TestGateway::start().await;
    let days = async || -> Vec<String> {
        let rows = gateway.get("/v1/events.csv?event=Charged&range=yesterday").await.good().csv();
        let mut days: Vec<String> = rows.rows.iter().map(|row| row["event_date"].clone()).collect();
        days.dedup();
        days
    };
    for _ in 0..3 {
        let yesterday = gateway.today().yesterday().expect("a day").to_string();
        assert_eq!(days().await, [yesterday.as_str()]);
        assert_eq!(days().await, [yesterday.as_str()]);
        gateway.pass(hours(24));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fresh_asks_for_younger_days_and_leaves_sealed_ones_alone() {
    let gateway = TestGateway::start().await;
    let as_of = async |path: &str| -> jiff::Timestamp {
        gateway.get(path).await.good().header("flattap-as-of").parse().expect("a time")
    };
    let first_read = as_of(MONTH).await;
    gateway.simulator.log().clear();
    gateway.pass(minutes(1));
    assert_eq!(as_of(&format!("{MONTH}&fresh=2m")).await, first_read);
    assert_eq!(opened(&gateway), 0);
    let read_again = as_of(&format!("{MONTH}&fresh=0s")).await;
    assert!(read_again.duration_since(first_read) >= minutes(1), "sealed days make nothing older");
    let calls = gateway.simulator.log().calls_of(Endpoint::EventsOpen);
    let first = calls.iter().filter_map(|call| call.from).min().unwrap();
    assert_eq!(first, gateway.today().checked_sub(jiff::ToSpan::days(3)).unwrap(), "only the open days");
    gateway.simulator.log().clear();
    gateway.get(&format!("{MONTH}&fresh=0s")).await.good();
    assert_eq!(opened(&gateway), 0, "the floor of ten seconds holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_rows_are_found_before_a_day_is_sealed() {
    let gateway = TestGateway::start().await;
    let path = "/v1/events.csv?event=Charged&from=2026-11-22&to=2026-11-22";
    let before = gateway.get(path).await.good().csv().rows.len();
    let day = jiff::civil::date(2026, 11, 22);
    gateway.simulator.add_records("Charged", day, [r#"{"ts":20261122101010,"profile":{"objectId":"late"}}"#]);
    gateway.pass(hours(24 * 10));
    assert_eq!(gateway.get(path).await.good().csv().rows.len(), before + 1, "one last reading after ten days");
    gateway.simulator.log().clear();
    gateway.pass(hours(24));
    gateway.get(path).await.good();
    assert_eq!(opened(&gateway), 0, "now it is sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_data_is_served_with_its_age_when_clevertap_is_down() {
    let gateway = TestGateway::start().await;
    let good = gateway.get(TODAY).await.good();
    gateway.simulator.faults().outage(Fault::Html(503));
    gateway.pass(minutes(30));
    let stale = gateway.get(TODAY).await.good();
    assert_eq!(stale.text(), good.text());
    assert!(stale.header("cache-status").starts_with("flattap; fwd=stale; detail="), "{:?}", stale.headers);
    assert_eq!(stale.header("flattap-as-of"), good.header("flattap-as-of"));
    let cold = gateway.get("/v1/events.csv?event=Product%20Viewed&range=today").await;
    cold.refused(503, "upstream_unavailable");
    cold.header("retry-after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_remembered_so_that_retries_do_not_hammer() {
    let gateway = TestGateway::start().await;
    gateway.simulator.faults().always(Endpoint::EventsOpen, Fault::Unauthorized);
    gateway.get(TODAY).await.refused(502, "upstream_unauthorized");
    let calls = opened(&gateway);
    for _ in 0..5 {
        gateway.get(TODAY).await.refused(502, "upstream_unauthorized");
    }
    assert_eq!(opened(&gateway), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_takes_longer_than_the_wait_says_how_far_it_is_and_goes_on() {
    let gateway = TestGateway::start().await;
    gateway.simulator.faults().always(Endpoint::EventsPage, Fault::Delay(Duration::from_millis(150)));
    let answer = gateway.get(&format!("{MONTH}&wait=0s")).await;
    let problem = answer.refused(503, "table_loading");
    let retry: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=120).contains(&retry));
    assert_eq!(problem["progress"]["days_total"], 20);
    let job = problem["job"].as_str().unwrap().to_owned();
    let whole = gateway.get(MONTH).await.good();
    assert_eq!(whole.header("flattap-complete"), "true");
    let job = gateway.get(&job).await.good().json();
    assert_eq!((&job["state"], &job["days_done"]), (&json!("done"), &json!(20)), "{job:#}");
    let listed = gateway.get("/v1/jobs").await.good().json();
    assert!(listed.to_string().contains(job["id"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_answers_are_marked_as_incomplete_and_never_the_default() {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/events.csv?event=Charged&range=last_7_days").await.good();
    gateway.simulator.faults().always(Endpoint::EventsOpen, Fault::ExportNotAllowed);
    let path = "/v1/events.csv?event=Charged&range=last_14_days";
    gateway.get(path).await.refused(502, "upstream_refused");
    let some = gateway.get(&format!("{path}&partial=allow")).await.good();
    assert_eq!(some.header("flattap-complete"), "false");
    let kept = gateway.get("/v1/events.csv?event=Charged&range=last_7_days").await.good();
    assert_eq!(some.csv().rows.len(), kept.csv().rows.len());
    assert_ne!(some.header("etag"), kept.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_reads_sealed_days_again() {
    let gateway = TestGateway::with(Setup::default().config(|config| config.auth.keys[0].refresh = true)).await;
    let path = "/v1/events.csv?event=Charged&from=2026-11-05&to=2026-11-06";
    let before = gateway.get(path).await.good().csv().rows.len();
    let day = jiff::civil::date(2026, 11, 6);
    gateway.simulator.add_records("Charged", day, [r#"{"ts":20261106101010,"profile":{"objectId":"late"}}"#]);
    assert_eq!(gateway.get(path).await.good().csv().rows.len(), before, "sealed");
    let wish = json!({"table": "events", "event": "Charged", "from": "2026-11-06", "to": "2026-11-06"});
    let accepted = gateway.send(gateway.request(Method::POST, "/v1/refresh").json(&wish)).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let job = accepted.json()["url"].as_str().unwrap().to_owned();
    for _ in 0..100 {
        if gateway.get(&job).await.json()["state"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(gateway.get(path).await.good().csv().rows.len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_after_today_are_empty_and_never_asked_for() {
    let gateway = TestGateway::start().await;
    let future = gateway.get("/v1/events.csv?event=Charged&from=2026-12-01&to=2026-12-05").await.good();
    assert!(future.csv().rows.is_empty() && future.text().ends_with("\r\n"));
    assert_eq!(opened(&gateway), 0);
    let both = gateway.get("/v1/events.csv?event=Charged&from=2026-11-23&to=2026-12-05").await.good();
    assert!(!both.csv().rows.is_empty());
    assert_eq!(gateway.simulator.log().calls_of(Endpoint::EventsOpen)[0].to, Some(gateway.today()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_rows_is_known_to_be_empty() {
    let gateway = TestGateway::start().await;
    let day = jiff::civil::date(2026, 11, 10);
    gateway.simulator.set_records::<&str>("Charged", day, []);
    let path = "/v1/events.csv?event=Charged&from=2026-11-10&to=2026-11-10";
    let empty = gateway.get(path).await.good();
    assert_eq!(empty.csv().rows.len(), 0);
    assert!(empty.text().starts_with("row_id,event_name,event_time,"), "{}", empty.text());
    gateway.simulator.log().clear();
    gateway.get(path).await.good();
    assert_eq!(opened(&gateway), 0);
}
