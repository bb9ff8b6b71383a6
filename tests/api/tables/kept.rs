//! What is over is asked for once: finished campaigns, and messages that nobody counts any more.

use std::collections::BTreeSet;

use flattap::simulator::{CampaignReport, Endpoint};
use jiff::civil::{Date, date};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Setup, TestGateway, hours};

/// Asks for days to be loaded again, and waits until they are.
async fn refresh(gateway: &TestGateway, body: Value) {
    let job = gateway.send(gateway.request(Method::POST, "/v1/refresh").json(&body)).await;
    assert_eq!(job.status.as_u16(), 202, "{}", job.text());
    for _ in 0..400 {
        if gateway.get("/v1/jobs").await.good().json()[0]["state"] == "done" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it never ends: {}", gateway.get("/v1/jobs").await.text());
}

async fn refreshing() -> TestGateway {
    TestGateway::with(Setup::default().config(|config| config.auth.keys[0].refresh = true)).await
}

/// The campaigns whose reports were asked for since so many calls ago.
fn reports_asked(gateway: &TestGateway, since: usize) -> BTreeSet<String> {
    let calls = gateway.simulator.log().calls_of(Endpoint::CampaignResult);
    calls[since..].iter().map(|call| call.event.clone().expect("a campaign's id")).collect()
}

/// Ids of the campaigns of these days, those with a report and those without.
fn by_state(gateway: &TestGateway, first: Date, last: Date) -> (BTreeSet<String>, BTreeSet<String>) {
    let campaigns = gateway.simulator.campaigns().into_iter();
    let within = campaigns.filter(|it| (first..=last).contains(&it.scheduled_on.date()));
    let (ready, others): (Vec<_>, Vec<_>) = within.partition(|it| matches!(it.report, CampaignReport::Ready(_)));
    let ids = |campaigns: Vec<flattap::simulator::Campaign>| campaigns.iter().map(|it| it.id.to_string()).collect();
    (ids(ready), ids(others))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_report_is_kept_and_an_unfinished_one_asked_for_again() {
    let mut gateway = refreshing().await;
    // All of these days are open for 45 days, so that it is the report that decides.
    let (first, last) = (date(2026, 10, 20), date(2026, 11, 30));
    let path = format!("/v1/campaign_reports.csv?from={first}&to={last}");
    let before = gateway.get(&path).await.good().csv();
    let (ready, others) = by_state(&gateway, first, last);
    assert!(ready.len() > 2 && others.len() > 2);
    assert_eq!(reports_asked(&gateway, 0), &ready | &others);

    let mut asked = gateway.simulator.log().count(Endpoint::CampaignResult);
    gateway.restart().await;
    gateway.pass(hours(2));
    let after = gateway.get(&path).await.good().csv();
    assert_eq!(reports_asked(&gateway, asked), others);
    assert_eq!(after, before, "made of the kept report, to the last cell");

    asked = gateway.simulator.log().count(Endpoint::CampaignResult);
    gateway.pass(hours(8 * 24));
    let later = gateway.get(&path).await.good().csv();
    assert_eq!(reports_asked(&gateway, asked), others);
    let (ready_now, others_now) = by_state(&gateway, first, last);
    assert!(ready_now.len() > ready.len(), "some have finished meanwhile");
    let shown: BTreeSet<_> =
        later.rows.iter().filter(|row| row["report_status"] == "ready").map(|row| row["campaign_id"].clone()).collect();
    assert_eq!(shown, ready_now);
    asked = gateway.simulator.log().count(Endpoint::CampaignResult);
    gateway.pass(hours(2));
    gateway.get(&path).await.good();
    assert_eq!(reports_asked(&gateway, asked), others_now);

    asked = gateway.simulator.log().count(Endpoint::CampaignResult);
    refresh(&gateway, json!({"table": "campaign_reports", "from": first, "to": last, "account": "main"})).await;
    assert_eq!(reports_asked(&gateway, asked), &ready_now | &others_now, "who wishes it gets all of it read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_one_campaign_is_asked_for_until_it_is_there() {
    let gateway = TestGateway::start().await;
    let (ready, others) = by_state(&gateway, date(2026, 10, 20), date(2026, 11, 30));
    for (id, calls) in [(ready.first().unwrap(), 1), (others.first().unwrap(), 3)] {
        let before = gateway.simulator.log().count(Endpoint::CampaignResult);
        let path = format!("/v1/campaign_reports.csv?id={id}");
        let found = gateway.get(&path).await.good().csv();
        for _ in 0..2 {
            gateway.pass(hours(2));
            assert_eq!(gateway.get(&path).await.good().csv(), found);
        }
        assert_eq!(gateway.simulator.log().count(Endpoint::CampaignResult) - before, calls);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_the_last_45_days_are_read_again_and_older_ones_are_not() {
    let gateway = refreshing().await;
    let (first, last) = (date(2026, 8, 26), date(2026, 11, 22));
    let path = format!("/v1/message_reports.csv?from={first}&to={last}");
    let days = |since: usize| -> BTreeSet<Date> {
        let calls = &gateway.simulator.log().calls_of(Endpoint::MessageReport)[since..];
        calls
            .iter()
            .flat_map(|call| call.from.unwrap().series(jiff::ToSpan::day(1)).take_while(|day| *day <= call.to.unwrap()))
            .collect()
    };
    let found = gateway.get(&path).await.good().csv();
    let all = days(0);
    assert_eq!((all.first(), all.last(), all.len()), (Some(&first), Some(&last), 89));
    let mut calls = gateway.simulator.log().count(Endpoint::MessageReport);
    gateway.get(&path).await.good();
    assert_eq!(gateway.simulator.log().count(Endpoint::MessageReport), calls, "fresh for an hour");

    gateway.pass(hours(2));
    assert_eq!(gateway.get(&path).await.good().csv().rows.len(), found.rows.len());
    let again = days(calls);
    assert_eq!((again.first(), again.last(), again.len()), (Some(&date(2026, 10, 9)), Some(&last), 45));

    calls = gateway.simulator.log().count(Endpoint::MessageReport);
    refresh(&gateway, json!({"table": "message_reports", "from": first, "to": "2026-08-30", "account": "main"})).await;
    assert_eq!(days(calls).last(), Some(&date(2026, 8, 30)), "whatever their age, when somebody wishes it");
}
