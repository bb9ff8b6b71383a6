//! Several accounts in one gateway: each has its own zone, pace and store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flattap::simulator::{Endpoint, Flags, SimulatedAccount};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::support::{Setup, TestGateway};

const OTHER: &str = "OTHER-ACCOUNT";

/// `main` in India with two slots, `other` in New York with one. It is 8 o'clock in India, and the evening before in
/// New York.
async fn two() -> TestGateway {
    let new_york = TimeZone::get("America/New_York").unwrap();
    let zone = new_york.clone();
    let mut setup = Setup::default().config(move |config| {
        let mut other = config.accounts["main"].clone();
        (other.account_id, other.timezone, other.concurrency) = (OTHER.to_owned(), zone.clone(), 1);
        config.accounts.insert("other".to_owned(), other);
    });
    setup.now = date(2026, 11, 23).at(8, 0, 0, 0);
    setup.simulator.latency = Duration::from_millis(30);
    let mut other = SimulatedAccount::new(OTHER, "");
    other.passcode = setup.simulator.accounts[0].passcode.clone();
    other.timezone = Some(new_york);
    setup.simulator.accounts.push(other);
    TestGateway::with(setup).await
}

fn ts_of(records: &[String]) -> Vec<String> {
    let ts = |record: &String| serde_json::from_str::<serde_json::Value>(record).unwrap()["ts"].to_string();
    let mut found: Vec<_> = records.iter().map(ts).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn each_account_has_its_own_zone_and_rows() {
    let gateway = two().await;
    let today: BTreeMap<&str, Date> = BTreeMap::from([("main", date(2026, 11, 23)), ("other", date(2026, 11, 22))]);
    let ids = BTreeMap::from([
        ("main", gateway.simulator.config().accounts[0].account_id.clone()),
        ("other", OTHER.to_owned()),
    ]);
    let mut row_ids = BTreeSet::new();
    let mut rows = 0;
    for (account, hours) in [("main", 5.5), ("other", -5.0)] {
        let path = format!("/v1/events.csv?event=Product%20Viewed&range=today&account={account}");
        let found = gateway.get(&path).await.good().csv().rows;
        let records = gateway.simulator.records_of(&ids[account], "Product Viewed", today[account], Flags::LEAN);
        assert!(!records.is_empty());
        let mut shown: Vec<_> = found.iter().map(|row| row["ts"].clone()).collect();
        shown.sort();
        assert_eq!(shown, ts_of(&records), "{account}");
        for row in &found {
            assert_eq!(row["event_date"], today[account].to_string());
            let local: jiff::civil::DateTime = row["event_time"].parse().unwrap();
            let utc: jiff::civil::DateTime = row["event_time_utc"].trim_end_matches('Z').parse().unwrap();
            let offset = (local - utc).total(jiff::Unit::Hour).unwrap();
            assert_eq!(offset, hours, "{account}: {row:?}");
            row_ids.insert(row["row_id"].clone());
        }
        rows += found.len();
        let path = format!("/v1/event_counts.csv?event=Charged&range=yesterday&account={account}");
        let counted = gateway.get(&path).await.good().csv().rows;
        let yesterday = today[account].yesterday().unwrap();
        let truth = gateway.simulator.truth_of(&ids[account]).unwrap();
        assert_eq!(counted[0]["period_start"], yesterday.to_string());
        assert_eq!(counted[0]["count"], truth.count("Charged", yesterday, yesterday).to_string());
    }
    assert_eq!(row_ids.len(), rows, "no row is two accounts'");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_account_has_its_own_pace_and_store() {
    let mut gateway = two().await;
    let path = |account: &str| format!("/v1/events.csv?event=Charged&from=2026-11-01&to=2026-11-16&account={account}");
    let (main, other) = (path("main"), path("other"));
    let (of_main, of_other) = tokio::join!(gateway.get(&main), gateway.get(&other));
    let (of_main, of_other) = (of_main.good().text(), of_other.good().text());
    assert_ne!(of_main, of_other);
    let most = |id: &str| {
        let calls = gateway.simulator.log().calls().into_iter();
        let of_events = |endpoint| matches!(endpoint, Endpoint::EventsOpen | Endpoint::EventsPage);
        let its = calls.filter(|call| call.account_id.as_deref() == Some(id) && of_events(call.endpoint));
        its.map(|call| call.in_flight).max()
    };
    let id = gateway.simulator.config().accounts[0].account_id.clone();
    assert_eq!((most(&id), most(OTHER)), (Some(2), Some(1)));

    let calls = gateway.simulator.log().count(Endpoint::EventsOpen);
    gateway.restart().await;
    assert_eq!(gateway.get(&main).await.good().text(), of_main);
    assert_eq!(gateway.get(&other).await.good().text(), of_other);
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), calls, "both are kept");
    let folders = |id: &str| std::fs::read_dir(gateway.store().join(id)).map(Iterator::count).unwrap_or_default();
    assert!(folders(&id) > 0 && folders(OTHER) > 0, "a folder for each");
}
