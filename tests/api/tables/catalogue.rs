//! What the account has: its events and profile properties, with what the store has seen of them.

use flattap::simulator::{Endpoint, Fault};

use crate::support::{TestGateway, minutes};

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_has_every_event_and_what_is_kept_of_it() {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-10&to=2026-11-12").await.good();
    let found = gateway.get("/v1/event_catalog.csv").await.good().csv();
    let mut names: Vec<_> = found.rows.iter().map(|row| row["event_name"].clone()).collect();
    names.sort();
    let truth = gateway.simulator.truth().expect("an account");
    // Events that are discarded are no events.
    let mut known: Vec<_> =
        truth.schema_events().into_iter().filter(|(_, status)| *status != "discarded").map(|(name, _)| name).collect();
    known.sort();
    assert_eq!(names, known);
    let charged = found.rows.iter().find(|row| row["event_name"] == "Charged").unwrap();
    let rows = gateway.records("Charged", "2026-11-10".parse().unwrap(), "2026-11-12".parse().unwrap()).len();
    assert_eq!(
        (charged["first_day"].as_str(), charged["last_day"].as_str(), charged["rows"].as_str()),
        ("2026-11-10", "2026-11-12", rows.to_string().as_str())
    );
    let properties = gateway.get("/v1/profile_properties.csv").await.good().csv();
    let mut names: Vec<_> = properties.rows.iter().map(|row| row["property"].clone()).collect();
    names.sort();
    let mut known: Vec<_> = truth.user_properties().into_iter().map(|(name, _)| name.to_owned()).collect();
    known.sort();
    assert!(known.iter().all(|name| names.contains(name)), "{known:?} in {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_schema_is_refused_the_catalogue_is_what_was_seen() {
    let gateway = TestGateway::start().await;
    gateway
        .simulator
        .faults()
        .always(Endpoint::Schema, Fault::Fail { status: 400, error: "Schema API is not enabled" });
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-10&to=2026-11-12").await.good();
    gateway.pass(minutes(10));
    let found = gateway.get("/v1/event_catalog.csv").await.good().csv();
    let charged = found.rows.iter().find(|row| row["event_name"] == "Charged").expect("what the store has");
    assert_ne!(charged["known_by"], "schema");
}
