//! Many requests, one set of walks.

use flattap::simulator::{Api, Endpoint};
use futures_util::future::join_all;

use crate::support::{Setup, TestGateway, minutes};

fn walked_days(gateway: &TestGateway) -> Vec<jiff::civil::Date> {
    let mut days: Vec<_> = gateway
        .simulator
        .log()
        .calls_of(Endpoint::EventsOpen)
        .iter()
        .flat_map(|call| {
            let (from, to) = (call.from.unwrap(), call.to.unwrap());
            from.series(jiff::ToSpan::day(1)).take_while(move |day| *day <= to)
        })
        .collect();
    days.sort();
    days
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_identical_cold_requests_cause_one_set_of_walks() {
    let gateway = TestGateway::start().await;
    let path = "/v1/events.csv?event=Charged&range=last_14_days";
    let answers = join_all((0..200).map(|_| gateway.get(path))).await;
    let first = answers[0].text();
    for answer in answers {
        assert_eq!(answer.good().text(), first);
    }
    let days = walked_days(&gateway);
    assert_eq!(days.len(), 14, "each day is walked once: {days:?}");
    assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "no day is walked twice: {days:?}");
    let most = gateway.simulator.log().most_in_flight(Api::GetEvents);
    assert!(most <= 2, "{most} in flight");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_overlapping_cold_requests_walk_each_day_once() {
    let gateway = TestGateway::start().await;
    let paths: Vec<String> = (0..50)
        .map(|n| {
            let (from, to) = (25 - n % 20, 1 + n % 5);
            format!("/v1/events.csv?event=Charged&from=-{from}d&to=-{to}d")
        })
        .collect();
    for answer in join_all(paths.iter().map(|path| gateway.get(path))).await {
        answer.good();
    }
    let days = walked_days(&gateway);
    assert_eq!(days.len(), 25, "{days:?}");
    assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "no day is walked twice: {days:?}");
    assert!(gateway.simulator.log().most_in_flight(Api::GetEvents) <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_events_at_once_keep_to_the_slots_together() {
    let gateway = TestGateway::with(Setup::default().account(|account| account.concurrency = 1)).await;
    let events = gateway.simulator.event_names();
    let paths: Vec<String> = events
        .iter()
        .map(|event| {
            let event = percent_encoding::utf8_percent_encode(event, percent_encoding::NON_ALPHANUMERIC);
            format!("/v1/events.csv?event={event}&range=last_7_days")
        })
        .collect();
    for answer in join_all(paths.iter().map(|path| gateway.get(path))).await {
        answer.good();
    }
    assert_eq!(gateway.simulator.log().most_in_flight(Api::GetEvents), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_days_cost_no_call() {
    let gateway = TestGateway::start().await;
    let path = "/v1/events.csv?event=Charged&from=-20d&to=-10d";
    gateway.get(path).await.good();
    gateway.simulator.log().clear();
    gateway.pass(minutes(60 * 24));
    let again = gateway.get("/v1/events.csv?event=Charged&from=-21d&to=-12d").await.good();
    assert_eq!(again.header("cache-status"), "flattap; fwd=miss; detail=store");
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
}
