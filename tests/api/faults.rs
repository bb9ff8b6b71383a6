//! Whatever goes wrong on CleverTap's side of the wire ends in the whole truth or in an explicit error.

use std::time::Duration;

use flattap::simulator::{Endpoint, Fault, Oddity, Place};
use futures_util::future::join_all;

use crate::support::{Setup, TestGateway};

const PATH: &str = "/v1/events.csv?event=Charged&range=last_7_days";

/// Plays one fault in a cold fill and returns the gateway's answer, with the number of rows there really are.
async fn cold_fill_with(
    times: u32,
    place: impl Into<Place>,
    fault: Fault,
) -> (TestGateway, crate::support::Answer, usize) {
    cold_fill(Setup::default(), times, place, fault).await
}

async fn cold_fill(
    setup: Setup,
    times: u32,
    place: impl Into<Place>,
    fault: Fault,
) -> (TestGateway, crate::support::Answer, usize) {
    let gateway = TestGateway::with(setup).await;
    let today = gateway.today();
    let rows =
        gateway.records("Charged", today.checked_sub(jiff::ToSpan::days(7)).unwrap(), today.yesterday().unwrap()).len();
    gateway.simulator.faults().times(times, place, fault);
    let answer = gateway.get(PATH).await;
    assert!(gateway.simulator.faults().played() > 0, "the fault was played");
    (gateway, answer, rows)
}

async fn is_overcome(times: u32, place: impl Into<Place>, fault: Fault) {
    let shown = format!("{fault:?}");
    let (_, answer, rows) = cold_fill_with(times, place, fault).await;
    assert_eq!(answer.good().csv().rows.len(), rows, "{shown}");
}

async fn is_told(place: impl Into<Place>, fault: Fault, status: u16, code: &str) {
    let (gateway, answer, _) = cold_fill_with(u32::MAX, place, fault.clone()).await;
    let problem = answer.refused(status, code);
    assert!(!problem.to_string().contains("DEM-OPA"), "{fault:?}: no passcode in {problem}");
    // Nothing half-loaded is left: once the fault is gone and forgotten, the table is whole.
    gateway.simulator.faults().clear();
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_while_opening_a_walk_are_overcome() {
    for fault in [
        Fault::TooManyRequests,
        Fault::Html(500),
        Fault::Html(502),
        Fault::Html(503),
        Fault::Html(504),
        Fault::EmptyBody,
        Fault::Accepted,
        Fault::InProgress,
        Fault::ConnectionReset,
        Fault::ConnectionClosed,
        Fault::TruncatedBody,
        Fault::CutBody,
        Fault::ResetBody,
    ] {
        is_overcome(2, Endpoint::EventsOpen, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_on_a_page_are_overcome() {
    for fault in [
        Fault::TooManyRequests,
        Fault::Html(500),
        Fault::Html(503),
        Fault::EmptyBody,
        Fault::Accepted,
        Fault::InProgress,
        Fault::ConnectionReset,
        Fault::ConnectionClosed,
        Fault::TruncatedBody,
        Fault::CutBody,
        Fault::ResetBody,
        Fault::EmptyPage,
        Fault::NoRecordsKey,
        Fault::SlowBody { pieces: 3, pause: Duration::from_millis(20) },
    ] {
        is_overcome(2, Endpoint::EventsPage, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_walk_may_be_said_in_three_ways() {
    for fault in [Fault::NextCursorEmpty, Fault::NextCursorNull] {
        is_overcome(u32::MAX, Endpoint::EventsPage, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_cursor_starts_the_day_again() {
    for fault in [Fault::CursorExpired, Fault::IncorrectUsage] {
        is_overcome(1, Endpoint::EventsPage, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_without_a_cursor_is_an_empty_day() {
    let (_, answer, _) = cold_fill_with(u32::MAX, Endpoint::EventsOpen, Fault::NoCursor).await;
    assert_eq!(answer.good().csv().rows.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_giant_page_is_read_whole() {
    is_overcome(1, Endpoint::EventsPage, Fault::Giant { bytes: 30 << 20 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told() {
    is_told(Endpoint::EventsOpen, Fault::Unauthorized, 502, "upstream_unauthorized").await;
    is_told(Endpoint::EventsOpen, Fault::Forbidden, 502, "upstream_unauthorized").await;
    is_told(Endpoint::EventsOpen, Fault::ExportNotAllowed, 502, "upstream_refused").await;
    is_told(Endpoint::EventsOpen, Fault::BadDate, 502, "upstream_refused").await;
    is_told(Endpoint::EventsPage, Fault::Binary, 502, "upstream_malformed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lasting_faults_are_told() {
    let faults = [
        (Fault::Html(503), 503, "upstream_unavailable"),
        (Fault::TooManyRequests, 503, "upstream_overloaded"),
        (Fault::InProgress, 504, "upstream_timeout"),
        (Fault::CutBody, 503, "upstream_unavailable"),
        (Fault::NextCursorRepeated, 502, "upstream_malformed"),
        (Fault::NextCursorNumber, 502, "upstream_malformed"),
        (Fault::CursorExpired, 503, "upstream_unavailable"),
    ];
    // Most of the time is waiting.
    join_all(faults.map(|(fault, status, code)| is_told(Endpoint::EventsPage, fault, status, code))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_is_told() {
    let mut setup = Setup::default();
    (setup.tuning.first_byte, setup.tuning.within) = (Duration::from_secs(1), Duration::from_secs(4));
    let hang = Fault::Hang(Duration::from_secs(60));
    let (_, answer, _) = cold_fill(setup, u32::MAX, Endpoint::EventsPage, hang).await;
    answer.refused(504, "upstream_timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_records_keep_their_rows() {
    for oddity in
        [Oddity::TimeAsText, Oddity::UnknownKey, Oddity::DuplicateKeys, Oddity::HugeNumber, Oddity::LongInteger]
    {
        is_overcome(u32::MAX, Endpoint::EventsPage, Fault::OddRecord(oddity)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_placed_are_told_and_not_left_out() {
    for oddity in [Oddity::NotAnObject, Oddity::Null, Oddity::NoTime, Oddity::TimeUnreadable, Oddity::LoneSurrogate] {
        is_told(Endpoint::EventsPage, Fault::OddRecord(oddity), 502, "upstream_malformed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn identical_records_are_all_kept_and_told_apart() {
    let (_, answer, rows) = cold_fill_with(1, Endpoint::EventsPage, Fault::DuplicateRecord).await;
    let found = answer.good().csv();
    assert_eq!(found.rows.len(), rows + 1);
    let mut ids: Vec<_> = found.rows.iter().map(|row| &row["row_id"]).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), rows + 1);
}
