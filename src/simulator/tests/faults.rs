//! Every fault does on the wire what it says, and leaves the walk where it was.

use super::*;
use crate::simulator::{Endpoint, Fault, Oddity};

/// A simulator whose pages are ready at once, with a cursor to its first page of yesterday's purchases.
async fn opened(parameters: &str) -> (Simulator, Caller, String) {
    let config = SimulatorConfig { first_page_polls: 0, count_polls: 0, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let cursor = caller.open("Charged", YESTERDAY, YESTERDAY, parameters).await.cursor();
    (simulator, caller, cursor)
}

#[actix_web::test]
async fn answers_are_replaced_once_and_the_page_is_still_there() {
    let (simulator, caller, cursor) = opened("").await;
    let good = caller.page(&cursor).await;
    let cases = [
        (Fault::Unauthorized, 401, "Invalid Credentials"),
        (Fault::Forbidden, 403, "Access from this IP"),
        (Fault::TooManyRequests, 429, "Too many concurrent requests"),
        (Fault::Html(500), 500, "<html>"),
        (Fault::EmptyBody, 200, ""),
        (Fault::NoContent, 204, ""),
        (Fault::InProgress, 200, "\"code\":2"),
        (Fault::Accepted, 202, "\"code\":2"),
        (Fault::IncorrectUsage, 200, "\"code\":3"),
        (Fault::BadDate, 400, "\"code\":4002"),
        (Fault::ExportNotAllowed, 400, "Export not allowed"),
        (Fault::InvalidEvent(400), 400, "Invalid event : Charged"),
        (Fault::Answer { status: 418, body: b"short and stout".to_vec() }, 418, "short and stout"),
    ];
    for (fault, status, text) in cases {
        simulator.faults().next(Endpoint::EventsPage, fault.clone());
        let said = caller.page(&cursor).await;
        assert_eq!(said.status, status, "{fault:?}");
        assert!(said.body.contains(text), "{fault:?}: {}", said.body);
        assert_eq!(said.body.is_empty(), text.is_empty(), "{fault:?}");
        assert_eq!(caller.page(&cursor).await.body, good.body, "{fault:?}");
    }
    assert_eq!((simulator.faults().played(), simulator.faults().left()), (13, 0));
    assert_eq!(simulator.log().calls().iter().filter(|call| call.faulty).count(), 13);
}

#[actix_web::test]
async fn bytes_that_are_not_json_arrive_as_they_are() {
    let (simulator, caller, cursor) = opened("").await;
    simulator.faults().next(Endpoint::EventsPage, Fault::Binary);
    let body = caller.get(&format!("/1/events.json?cursor={cursor}")).send().await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    assert_eq!(body.len(), 512);
}

#[actix_web::test]
async fn connections_end_early_in_every_way() {
    let (simulator, caller, cursor) = opened("").await;
    let good = caller.page(&cursor).await;
    for fault in [
        Fault::ConnectionClosed,
        Fault::ConnectionReset,
        Fault::Hang(Duration::from_millis(20)),
        Fault::CutBody,
        Fault::ResetBody,
    ] {
        simulator.faults().next(Endpoint::EventsPage, fault.clone());
        let read = async {
            let response = caller.get(&format!("/1/events.json?cursor={cursor}")).send().await?;
            response.bytes().await
        };
        let error = read.await.expect_err("cut");
        // A reset may overtake what was said before it.
        if fault != Fault::ResetBody {
            let midway = error.is_body() || error.is_decode();
            assert_eq!(midway, fault == Fault::CutBody, "{fault:?}: {error:?}");
        }
        #[cfg(unix)]
        if matches!(fault, Fault::ConnectionReset | Fault::ResetBody) {
            assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
        }
        assert_eq!(caller.page(&cursor).await.body, good.body, "{fault:?}");
    }
}

#[actix_web::test]
async fn a_truncated_body_has_the_length_it_says() {
    let (simulator, caller, cursor) = opened("").await;
    let good = caller.page(&cursor).await;
    simulator.faults().next(Endpoint::EventsPage, Fault::TruncatedBody);
    let cut = caller.page(&cursor).await;
    assert!(good.body.starts_with(&cut.body) && cut.body.len() < good.body.len());
}

#[actix_web::test]
async fn a_slow_a_late_and_a_giant_body_are_still_the_same_page() {
    let (simulator, caller, cursor) = opened("").await;
    let good = caller.page(&cursor).await;
    for fault in [
        Fault::SlowBody { pieces: 7, pause: Duration::from_millis(2) },
        Fault::Delay(Duration::from_millis(2)),
        Fault::Giant { bytes: 3_000_000 },
    ] {
        simulator.faults().next(Endpoint::EventsPage, fault.clone());
        let said = caller.page(&cursor).await;
        assert_eq!(said.records(), good.records(), "{fault:?}");
        assert_eq!(said.body.len() == 3_000_000, matches!(fault, Fault::Giant { .. }));
    }
}

#[actix_web::test]
async fn an_empty_page_with_a_cursor_is_not_the_end() {
    let (simulator, caller, cursor) = opened("").await;
    let good = caller.page(&cursor).await;
    simulator.faults().next(Endpoint::EventsPage, Fault::EmptyPage);
    simulator.faults().next(Endpoint::EventsPage, Fault::NoRecordsKey);
    let empty = caller.page(&cursor).await;
    assert_eq!(empty.json()["records"], json!([]));
    let second = empty.next_cursor().unwrap();
    let keyless = caller.page(&second).await;
    assert!(keyless.json().get("records").is_none());
    let third = keyless.next_cursor().unwrap();
    assert!(cursor != second && second != third && cursor != third);
    assert_eq!(caller.page(&third).await.records(), good.records());
}

#[actix_web::test]
async fn the_next_cursor_is_written_in_every_way() {
    let (simulator, caller, cursor) = opened("").await;
    for (fault, written) in [
        (Fault::NextCursorEmpty, json!("")),
        (Fault::NextCursorNull, Value::Null),
        (Fault::NextCursorNumber, json!(12345)),
        (Fault::NextCursorRepeated, json!(cursor)),
    ] {
        simulator.faults().next(Endpoint::EventsPage, fault);
        assert_eq!(caller.page(&cursor).await.json().get("next_cursor"), Some(&written));
    }
}

#[actix_web::test]
async fn an_expired_cursor_stays_expired() {
    let (simulator, caller, cursor) = opened("").await;
    simulator.faults().next(Endpoint::EventsPage, Fault::CursorExpired);
    for _ in 0..2 {
        assert_eq!(caller.page(&cursor).await.json()["code"], "CURSOR_INVALIDATED");
    }
}

#[actix_web::test]
async fn the_first_record_of_a_page_can_be_odd_or_double() {
    let (simulator, caller, cursor) = opened("events=false").await;
    let good = caller.page(&cursor).await.records();
    simulator.faults().next(Endpoint::EventsPage, Fault::OddRecord(Oddity::TimeAsText));
    let odd = caller.page(&cursor).await.records();
    assert_eq!(odd[0].as_bytes(), Oddity::TimeAsText.apply(good[0].as_bytes()));
    assert_eq!(odd[1..], good[1..]);
    simulator.faults().next(Endpoint::EventsPage, Fault::DuplicateRecord);
    let double = caller.page(&cursor).await.records();
    assert_eq!((&double[0], &double[1..]), (&good[0], &good[..]));
}

#[actix_web::test]
async fn waiting_uses_no_fault_up() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    simulator.faults().next(Endpoint::EventsPage, Fault::OddRecord(Oddity::NotAnObject));
    let pages = caller.walk("Charged", YESTERDAY, YESTERDAY, "").await;
    assert_eq!(simulator.log().count(Endpoint::EventsPage), 2, "the first is still in progress");
    assert_eq!(pages[0].records()[0], "42");
}

#[actix_web::test]
async fn a_walk_may_open_without_a_cursor() {
    let (simulator, caller, _) = opened("").await;
    simulator.faults().next(Endpoint::EventsOpen, Fault::NoCursor);
    assert_eq!(caller.open("Charged", YESTERDAY, YESTERDAY, "").await.json(), json!({"status": "success"}));
}

#[actix_web::test]
async fn counts_have_faults_of_their_own() {
    let (simulator, caller, _) = opened("").await;
    let query = json!({"event_name": "Charged", "from": 20261122, "to": 20261122});
    let count = async || Said::by(caller.post("/1/counts/events.json", &query).send().await.unwrap()).await.json();
    let right = simulator.count("Charged", YESTERDAY, YESTERDAY);
    simulator.faults().next(Endpoint::CountsOpen, Fault::CountAsText);
    assert_eq!(count().await["count"], json!(right.to_string()));
    simulator.faults().next(Endpoint::CountsOpen, Fault::NoCount);
    assert_eq!(count().await, json!({"status": "success"}));
    simulator.faults().next(Endpoint::CountsOpen, Fault::Partial);
    let id = count().await["req_id"].clone();
    simulator.faults().times(2, Endpoint::CountsPoll, Fault::Partial);
    let mut said = Vec::new();
    for _ in 0..3 {
        let poll = caller.get(&format!("/1/counts/events.json?req_id={id}"));
        said.push(Said::by(poll.send().await.unwrap()).await.json()["status"].clone());
    }
    assert_eq!(said, ["partial", "partial", "success"]);
}

#[actix_web::test]
async fn a_fault_waits_for_its_event_day_and_page() {
    let (simulator, caller, _) = opened("").await;
    let place = Endpoint::EventsPage.of("Product Viewed").on(YESTERDAY).page(2);
    simulator.faults().next(place, Fault::Html(502));
    let second_page = async |event: &str, day: Date| {
        let cursor = caller.open(event, day, day, "batch_size=23").await.cursor();
        let first = caller.page(&cursor).await;
        assert_eq!(first.status, 200, "another page");
        caller.page(&first.next_cursor().unwrap()).await.status
    };
    assert_eq!(second_page("App Launched", YESTERDAY).await, 200, "another event");
    assert_eq!(second_page("Product Viewed", date(2026, 11, 21)).await, 200, "another day");
    assert_eq!(second_page("Product Viewed", YESTERDAY).await, 502);
    assert_eq!(second_page("Product Viewed", YESTERDAY).await, 200, "once only");
}

#[actix_web::test]
async fn an_outage_meets_everybody_until_it_is_over() {
    let (simulator, caller, cursor) = opened("").await;
    simulator.faults().outage(Fault::Html(503));
    assert_eq!(caller.page(&cursor).await.status, 503);
    let stranger = caller.client.post(format!("{}/1/now.json", caller.base)).send().await.unwrap();
    assert_eq!(stranger.status(), 503);
    simulator.faults().outage(Fault::ConnectionReset);
    assert!(caller.get("/getSchema?type=events").send().await.is_err());
    simulator.faults().outage_over();
    assert_eq!(caller.page(&cursor).await.status, 200);
}

#[test]
#[should_panic(expected = "cannot have the fault")]
fn a_fault_at_an_endpoint_that_cannot_have_it_is_a_mistake_of_the_test() {
    simulator().faults().next(Endpoint::Schema, Fault::EmptyPage);
}
