//! Counts: what the records themselves come to, asked for once.

use std::collections::BTreeMap;

use flattap::simulator::{Endpoint, Fault};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support::{Rows, TestGateway, folders, hours};

const FIRST: Date = date(2026, 11, 9);
const LAST: Date = date(2026, 11, 15);

fn days() -> impl Iterator<Item = Date> {
    FIRST.series(1.day()).take_while(|day| *day <= LAST)
}

fn row(cells: &[(&str, &str)]) -> BTreeMap<String, String> {
    cells.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect()
}

fn counted(event: &str, (first, last): (Date, Date), count: u64) -> BTreeMap<String, String> {
    let (first, last, count) = (first.to_string(), last.to_string(), count.to_string());
    row(&[("event_name", event), ("period_start", &first), ("period_end", &last), ("count", &count)])
}

async fn both(gateway: &TestGateway, path: &str) -> Rows {
    let csv = gateway.get(&path.replace('?', ".csv?")).await.good().csv();
    let json = gateway.get(&path.replace('?', ".json?")).await.good().json_rows();
    assert_eq!(csv.rows, json.rows, "CSV and JSON say the same");
    csv
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted_by_day_and_in_total_and_closed_days_are_asked_once() {
    let mut gateway = TestGateway::start().await;
    let count = |event: &str, day| gateway.simulator.count(event, day, day);
    let mut expected = Vec::new();
    for day in days() {
        for event in ["App Launched", "Charged"] {
            expected.push(counted(event, (day, day), count(event, day)));
        }
    }
    let asked = format!("event=Charged&event=App%20Launched&from={FIRST}&to={LAST}");
    let by_day = both(&gateway, &format!("/v1/event_counts?{asked}&by=day")).await;
    assert_eq!(by_day.columns, ["event_name", "period_start", "period_end", "count"]);
    assert_eq!(by_day.rows, expected);
    let calls = gateway.simulator.log().total();

    let total = both(&gateway, &format!("/v1/event_counts?{asked}")).await;
    let of = |event: &str| counted(event, (FIRST, LAST), gateway.simulator.count(event, FIRST, LAST));
    assert_eq!(total.rows, [of("App Launched"), of("Charged")], "by name, whatever the order asked");
    gateway.restart().await;
    assert_eq!(both(&gateway, &format!("/v1/event_counts?{asked}&by=day")).await, by_day);
    let again = &gateway.simulator.log().calls()[calls..];
    assert!(again.iter().all(|call| call.event.is_none()), "kept days answer for themselves: {again:?}");

    let wider = format!("/v1/event_counts.csv?event=Charged&from={FIRST}&to={}", LAST.tomorrow().unwrap());
    let found = gateway.get(&wider).await.good().csv();
    assert_eq!(found.rows[0]["count"], gateway.simulator.count("Charged", FIRST, LAST.tomorrow().unwrap()).to_string());
    let opened: Vec<_> =
        gateway.simulator.log().calls()[calls..].iter().filter(|call| call.event.is_some()).cloned().collect();
    assert!(!opened.is_empty() && opened.iter().all(|call| call.from != Some(FIRST)), "one more day is one more day");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_a_long_period_are_kept_several_at_once_and_survive_a_restart() {
    let mut gateway = TestGateway::start().await;
    let (first, last) = (date(2026, 10, 25), date(2026, 11, 18));
    let path = |first: Date, last| format!("/v1/event_counts.csv?event=Charged&by=day&from={first}&to={last}");
    let count =
        |gateway: &TestGateway, day| counted("Charged", (day, day), gateway.simulator.count("Charged", day, day));
    // The table is there, so days are kept as they come.
    gateway.get(&path(last, last)).await.good();
    let commits = commits(&gateway);
    let found = gateway.get(&path(first, last)).await.good().csv();
    let all: Vec<_> = first.series(1.day()).take_while(|day| *day <= last).collect();
    let expected: Vec<_> = all.iter().map(|day| count(&gateway, *day)).collect();
    assert_eq!(found.rows, expected);
    let more = self::commits(&gateway) - commits;
    assert!((1..all.len() - 1).contains(&more), "{more} commits for {} days", all.len() - 1);

    let calls = gateway.simulator.log().count(Endpoint::CountsOpen);
    gateway.restart().await;
    assert_eq!(gateway.get(&path(first, last)).await.good().csv().rows, expected);
    assert_eq!(gateway.simulator.log().count(Endpoint::CountsOpen), calls, "every day was kept");
}

/// Entries in the log of the counts.
fn commits(gateway: &TestGateway) -> usize {
    folders::commits(gateway.store(), "/event_counts/")
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_counted_once_over_a_period_however_often_they_came() {
    let gateway = TestGateway::start().await;
    let people = |first, last| gateway.simulator.people("App Launched", first, last).len() as u64;
    let path = format!("/v1/profile_counts?event=App%20Launched&from={FIRST}&to={LAST}");
    let total = both(&gateway, &path).await;
    assert_eq!(total.rows, [counted("App Launched", (FIRST, LAST), people(FIRST, LAST))]);
    let by_day = both(&gateway, &format!("{path}&by=day")).await;
    let expected: Vec<_> = days().map(|day| counted("App Launched", (day, day), people(day, day))).collect();
    assert_eq!(by_day.rows, expected);
    let sum: u64 = by_day.rows.iter().map(|row| row["count"].parse::<u64>().unwrap()).sum();
    assert!(sum > people(FIRST, LAST), "otherwise this test tells nothing");
    let schema = gateway.get("/v1/tables/profile_counts/schema?event=App%20Launched").await.good().json();
    let count = schema.as_array().unwrap().iter().find(|column| column["name"] == "count").unwrap();
    assert!(count["description"].as_str().unwrap().to_lowercase().contains("sum"), "not to be summed: {count:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trends_have_a_row_for_every_day_week_and_month() {
    let gateway = TestGateway::start().await;
    let path = format!("/v1/event_trends?event=Charged&from={FIRST}&to={LAST}");
    let trend = both(&gateway, &path).await;
    let value = |first, last| format!("{}.0", gateway.simulator.count("Charged", first, last));
    let expected: Vec<_> = days()
        .map(|day| {
            let (shown, label, value) = (day.to_string(), day.strftime("%Y%m%d").to_string(), value(day, day));
            row(&[
                ("event_name", "Charged"),
                ("period", &label),
                ("period_start", &shown),
                ("period_end", &shown),
                ("value", &value),
                ("is_unique", "false"),
            ])
        })
        .collect();
    assert_eq!(trend.rows, expected);
    let weeks = both(&gateway, &format!("/v1/event_trends?event=Charged&from={FIRST}&to=2026-11-18&by=week")).await;
    let found: Vec<_> =
        weeks.rows.iter().map(|row| (row["period_start"].as_str(), row["period_end"].as_str())).collect();
    assert_eq!(found, [("2026-11-09", "2026-11-15"), ("2026-11-16", "2026-11-22")], "whole weeks");
    assert_eq!(weeks.rows[0]["value"], value(FIRST, LAST));
    let unique = both(&gateway, &format!("{path}&unique=1")).await;
    for (row, day) in unique.rows.iter().zip(days()) {
        let people = gateway.simulator.people("Charged", day, day).len();
        assert_eq!((row["value"].as_str(), row["is_unique"].as_str()), (format!("{people}.0").as_str(), "true"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_property_come_with_their_type_the_most_frequent_first() {
    let gateway = TestGateway::start().await;
    let path =
        format!("/v1/property_counts?event=Charged&property=Payment%20mode&from={FIRST}&to={LAST}&limit_values=3");
    let found = both(&gateway, &path).await;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for record in gateway.records("Charged", FIRST, LAST) {
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        if let Some(mode) = record["event_props"]["Payment mode"].as_str() {
            *counts.entry(mode.to_owned()).or_default() += 1;
        }
    }
    let mut expected: Vec<_> = counts.into_iter().collect();
    expected.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let numbers: Vec<u64> = found.rows.iter().map(|row| row["count"].parse().unwrap()).collect();
    assert_eq!(numbers, expected.iter().take(3).map(|(_, count)| *count).collect::<Vec<_>>());
    for row in &found.rows {
        let known = expected.iter().find(|(mode, _)| *mode == row["value"]).unwrap();
        assert_eq!((row["value_type"].as_str(), row["count"].as_str()), ("STR", known.1.to_string().as_str()));
    }
    gateway
        .get(&path.replace('?', ".csv?").replace("limit_values=3", "limit_values=101"))
        .await
        .refused(400, "request_bad_parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_the_event_has_not_is_the_callers_mistake_and_the_near_name_is_said() {
    let gateway = TestGateway::start().await;
    let days = format!("event=Charged&from={FIRST}&to={LAST}");
    let asked = |property: &str| format!("/v1/property_counts.csv?{days}&property={property}");
    // Nothing is kept of the event, so nothing near is known.
    let refused = gateway.get(&asked("payment_mode")).await.refused(400, "request_bad_parameter");
    assert_eq!((&refused["parameter"], refused.get("near")), (&"property".into(), None), "{refused:#}");
    assert!(refused["detail"].as_str().unwrap().contains("`payment_mode`"), "{refused:#}");
    gateway.get(&format!("/v1/events.csv?{days}")).await.good();
    let refused = gateway.get(&asked("Payment_Mode")).await.refused(400, "request_bad_parameter");
    assert_eq!(refused["near"], serde_json::json!(["Payment mode"]), "{refused:#}");
    let refused = gateway.get(&asked("Email&property_type=session_properties")).await;
    assert_eq!(refused.refused(400, "request_bad_parameter").get("near"), None);
    gateway.simulator.faults().always(Endpoint::TrendsOpen, Fault::InvalidGroup);
    let trend = format!("/v1/event_trends.csv?{days}");
    let refused = gateway.get(&format!("{trend}&sum=Amout")).await.refused(400, "request_bad_parameter");
    assert_eq!((&refused["parameter"], &refused["near"]), (&"sum".into(), &serde_json::json!(["Amount"])));
    gateway.get(&trend).await.refused(502, "upstream_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_now_is_asked_again_and_again() {
    let gateway = TestGateway::start().await;
    let now = both(&gateway, "/v1/realtime_counts?slice=os").await;
    assert_eq!((now.rows[0]["slice"].as_str(), now.rows[0].get("value")), ("total", None));
    assert_eq!(now.rows[0]["count"], gateway.simulator.active_now().to_string());
    assert!(now.rows.len() > 1 && now.rows[1..].iter().all(|row| row["slice"] == "os"));
    let calls = gateway.simulator.log().total();
    both(&gateway, "/v1/realtime_counts?slice=os").await;
    assert_eq!(gateway.simulator.log().total(), calls, "half a minute old is now");
    gateway.pass(hours(5));
    let later = both(&gateway, "/v1/realtime_counts?slice=os").await;
    assert_eq!(later.rows[0]["count"], gateway.simulator.active_now().to_string());
    assert!(gateway.simulator.log().total() > calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_does_not_exist_is_refused_by_every_count() {
    let gateway = TestGateway::start().await;
    for table in ["event_counts", "profile_counts", "event_trends", "event_items", "profiles"] {
        let path = format!("/v1/{table}.csv?event=No%20Such&from={FIRST}&to={LAST}");
        let answer = gateway.get(&path).await;
        answer.refused(404, "table_unknown_event");
    }
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsPage), 0);
}
