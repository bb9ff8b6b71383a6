//! Waiting for a number, told by the event count: every endpoint of the kind waits the same way.

use super::super::fake_server::{FakeServer, Step, charged, json, reply};
use super::super::{Rank, Tuning};
use super::*;

const POST: &str = "POST /1/counts/events.json";
const AN_HOUR: &[std::time::Duration] = &[std::time::Duration::from_secs(3600)];
const PARTIAL: &str = r#"{"status":"partial","req_id":7}"#;

#[tokio::test]
async fn a_partial_count_is_asked_for_with_all_digits_of_its_id() {
    for id in ["9384649162721759820", "\"9384649162721759820\""] {
        let partial = json(&format!(r#"{{"status":"partial","req_id":{id}}}"#));
        let done = json(r#"{"status":"success","count":5}"#);
        let server = FakeServer::start([partial.clone(), partial.clone(), partial, done]).await;
        assert_eq!(server.client().event_count(&charged(), Rank::Waiting).await, Ok(5));
        let get = "GET /1/counts/events.json?req_id=9384649162721759820";
        assert_eq!(server.lines(), [POST, get, get, get]);
    }
}

#[tokio::test]
async fn a_forgotten_id_begins_the_count_once_more() {
    for status in [400, 500] {
        let forgotten = reply(status, br#"{"status":"fail","error":"Invalid request id","code":500}"#);
        let server = FakeServer::start([json(PARTIAL), forgotten]).await;
        let answer = server.client().event_count(&charged(), Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::Refused { .. })), "{answer:?}");
        let get = "GET /1/counts/events.json?req_id=7";
        assert_eq!(server.lines(), [POST, get, POST]);
    }
}

#[tokio::test]
async fn counting_for_ever_is_a_time_out_that_names_the_id() {
    let server = FakeServer::start([json(PARTIAL)]).await;
    let tuning = Tuning { within: std::time::Duration::from_millis(60), ..Tuning::for_testing() };
    let answer = server.client_with(tuning).event_count(&charged(), Rank::Waiting).await;
    let Err(UpstreamError::TimedOut { what }) = answer else { panic!("{answer:?}") };
    assert_eq!(what, "still counting (req_id 7)");
}

#[tokio::test]
async fn an_unusable_id_is_no_count() {
    for id in ["\"a b\"", "\"\""] {
        let server = FakeServer::start([json(&format!(r#"{{"status":"partial","req_id":{id}}}"#))]).await;
        let answer = server.client().event_count(&charged(), Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{id}: {answer:?}");
    }
}

#[tokio::test]
async fn no_slot_is_held_between_two_polls() {
    // Three counts wait for ever for their numbers, on two slots; the fourth gets its turn all the same.
    let partial = std::iter::repeat_n(json(PARTIAL), 3);
    let server = FakeServer::start(partial.chain([json(r#"{"status":"success","count":5}"#)])).await;
    let tuning =
        Tuning { while_counting: AN_HOUR, within: std::time::Duration::from_secs(7200), ..Tuning::for_testing() };
    let client = server.client_with(tuning);
    for _ in 0..3 {
        let client = client.clone();
        tokio::spawn(async move { client.event_count(&charged(), Rank::Waiting).await });
    }
    while server.lines().len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(client.event_count(&charged(), Rank::Waiting).await, Ok(5));
}

#[tokio::test]
async fn a_refusal_while_polling_is_told_at_once() {
    let refusals: [(Step, &str); 2] = [
        (json(r#"{"status":"fail","error":"[\"Invalid event : Charged\"]","code":400}"#), "unknown_event"),
        (reply(401, br#"{"status":"fail","error":"Invalid Credentials","code":401}"#), "unauthorized"),
    ];
    for (refusal, outcome) in refusals {
        let server = FakeServer::start([json(PARTIAL), refusal]).await;
        let error = server.client().event_count(&charged(), Rank::Waiting).await.unwrap_err();
        assert_eq!((error.outcome(), server.lines().len()), (outcome, 2));
    }
}
