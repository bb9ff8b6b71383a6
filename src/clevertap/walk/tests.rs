//! Walks over a scripted server: whole, broken, hostile.

use super::super::Tuning;
use super::super::fake_server::{FakeServer, PASSCODE, Step, charged, json, promising, reply, reply_with};
use super::*;

const OPENED: &str = r#"{"status":"success","cursor":"Zy%2Bab%2Fc%3D"}"#;
const IN_PROGRESS: &str = r#"{"status":"fail","error":"Request still in progress, please retry later","code":2}"#;
const LAST: &str = r#"{"status":"success","records":[{"ts":3}]}"#;

fn page(records: &str, next: &str) -> Step {
    json(&format!(r#"{{"status":"success","next_cursor":"{next}","records":{records}}}"#))
}

/// Walks to the end or to the first error.
async fn walk_with(client: &CleverTap) -> Result<Vec<String>, UpstreamError> {
    let mut walk = client.walk(charged(), Rank::Waiting);
    let mut pages = Vec::new();
    while let Some(page) = walk.next_page().await? {
        pages.push(String::from_utf8(page.records().to_vec()).unwrap());
    }
    assert_eq!(walk.next_page().await.unwrap().map(|page| page.body), None, "the end stays the end");
    Ok(pages)
}

async fn walk(script: impl IntoIterator<Item = Step>) -> (Result<Vec<String>, UpstreamError>, FakeServer) {
    let server = FakeServer::start(script).await;
    let pages = walk_with(&server.client()).await;
    (pages, server)
}

#[tokio::test]
async fn a_walk_sends_each_cursor_exactly_as_it_came() {
    let (pages, server) = walk([
        json(OPENED),
        json(IN_PROGRESS),
        json(IN_PROGRESS),
        page(r#"[{"ts":1}]"#, "p2%2B%2F+/=%3D"),
        reply(202, b""),
        page(r#"[{"ts":2}]"#, "p3"),
        json(LAST),
    ])
    .await;
    assert_eq!(pages.unwrap(), [r#"[{"ts":1}]"#, r#"[{"ts":2}]"#, r#"[{"ts":3}]"#]);
    let first = "GET /1/events.json?cursor=Zy%2Bab%2Fc%3D";
    let second = "GET /1/events.json?cursor=p2%2B%2F+/=%3D";
    let lines = server.lines();
    assert_eq!(lines[0], "POST /1/events.json?batch_size=4991&app=true&events=false&profile=true");
    assert_eq!(lines[1..], [first, first, first, second, second, "GET /1/events.json?cursor=p3"]);
    assert!(server.asked()[0].ends_with(r#"{"event_name":"Charged","from":20261101,"to":20261101}"#));
}

#[tokio::test]
async fn nothing_is_asked_before_the_first_page_is_wanted() {
    let server = FakeServer::start([json(OPENED)]).await;
    drop(server.client().walk(charged(), Rank::Backfill));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_export_without_a_cursor_is_empty() {
    for opened in [
        r#"{"status":"success"}"#,
        r#"{"status":"success","cursor":""}"#,
        r#"{"status":"success","cursor":null,"records":[]}"#,
    ] {
        let (pages, server) = walk([json(opened)]).await;
        assert_eq!(pages.unwrap(), Vec::<String>::new());
        assert_eq!(server.lines().len(), 1);
    }
    let (pages, _server) = walk([reply(204, b"")]).await;
    assert_eq!(pages.unwrap(), Vec::<String>::new());
    let (pages, _server) = walk([page("[1]", "p2"), reply(204, b"")]).await;
    assert!(matches!(pages, Err(UpstreamError::Malformed { .. })), "no end of what was begun");
}

#[tokio::test]
async fn records_in_the_first_answer_are_the_first_page() {
    let (pages, server) = walk([page("[1]", "p2"), json(LAST)]).await;
    assert_eq!(pages.unwrap(), ["[1]", r#"[{"ts":3}]"#]);
    assert_eq!(server.lines()[1], "GET /1/events.json?cursor=p2");
    let (pages, _server) = walk([json(r#"{"status":"success","cursor":"a","records":[1]}"#)]).await;
    assert!(matches!(pages, Err(UpstreamError::Malformed { .. })));
}

#[tokio::test]
async fn every_way_of_ending_is_an_end() {
    for last in [
        r#"{"status":"success","records":[7]}"#,
        r#"{"status":"success","records":[7],"next_cursor":""}"#,
        r#"{"status":"success","records":[7],"next_cursor":null}"#,
    ] {
        assert_eq!(walk([json(OPENED), json(last)]).await.0.unwrap(), ["[7]"]);
    }
    for empty in
        [r#"{"status":"success"}"#, r#"{"status":"success","records":null}"#, r#"{"status":"success","records":[ ]}"#]
    {
        assert_eq!(walk([json(OPENED), json(empty)]).await.0.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_empty_page_with_a_next_cursor_is_not_the_end() {
    let without_records = json(r#"{"status":"success","next_cursor":"c"}"#);
    let (pages, _server) = walk([json(OPENED), page("[]", "b"), without_records, page("[1]", "d"), json(LAST)]).await;
    assert_eq!(pages.unwrap(), ["[1]", r#"[{"ts":3}]"#]);
}

#[tokio::test]
async fn fifty_empty_pages_in_a_row_are_enough() {
    let empty = |n: usize| page("[]", &format!("c{n}"));
    let opened = || std::iter::once(json(OPENED));
    let (pages, _server) = walk(opened().chain((0..49).map(empty)).chain([json(LAST)])).await;
    assert_eq!(pages.unwrap(), [r#"[{"ts":3}]"#]);
    let (pages, server) = walk(opened().chain((0..60).map(empty))).await;
    assert!(matches!(pages, Err(UpstreamError::Malformed { .. })), "{pages:?}");
    assert_eq!(server.lines().len(), 51);
}

#[tokio::test]
async fn a_cursor_seen_twice_stops_the_walk() {
    let (pages, _server) = walk([json(OPENED), page("[1]", "b"), page("[2]", "Zy%2Bab%2Fc%3D"), json(LAST)]).await;
    assert!(matches!(pages, Err(UpstreamError::Malformed { .. })), "{pages:?}");
    let (pages, server) = walk([json(OPENED), page("[1]", "b"), page("[2]", "b"), json(LAST)]).await;
    assert!(matches!(pages, Err(UpstreamError::Malformed { .. })), "{pages:?}");
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_lost_cursor_asks_for_a_new_start() {
    for lost in [
        json(r#"{"status":"fail","error":"Incorrect Usage","code":3}"#),
        reply(400, br#"{"status":"fail","error":"Cursor expired","code":"CURSOR_INVALIDATED"}"#),
    ] {
        let (pages, server) = walk([json(OPENED), page("[1]", "b"), lost]).await;
        assert!(matches!(pages, Err(UpstreamError::CursorLost { .. })), "{pages:?}");
        assert_eq!(server.lines().len(), 3, "a lost cursor does not come back");
    }
    let (pages, _server) = walk([json(r#"{"status":"fail","error":"Incorrect Usage","code":3}"#)]).await;
    assert!(matches!(pages, Err(UpstreamError::Refused { .. })), "no cursor was sent: {pages:?}");
}

#[tokio::test]
async fn passing_faults_are_outlasted_with_the_same_cursor() {
    let (pages, server) = walk([
        reply(429, br#"{"status":"fail","error":"Too many concurrent requests","code":429}"#),
        json(OPENED),
        reply(502, b"<html>bad gateway</html>"),
        Step::SendAndClose(promising(LAST.len(), &LAST.as_bytes()[..20])),
        json(&LAST[..30]),
        reply(200, b""),
        reply_with(503, "retry-after: 1000\r\n", b""),
        json(LAST),
    ])
    .await;
    assert_eq!(pages.unwrap(), [r#"[{"ts":3}]"#]);
    let lines = server.lines();
    assert!(lines[2..].iter().all(|line| line == "GET /1/events.json?cursor=Zy%2Bab%2Fc%3D"), "{lines:?}");
    assert_eq!(lines.len(), 8);
}

#[tokio::test]
async fn a_fault_that_stays_is_told_after_six_more_tries() {
    for (fault, outcome) in [
        (reply(429, b""), "overloaded"),
        (reply(500, b"<html>"), "unavailable"),
        (json(r#"{"status":"succ"#), "malformed"),
        (Step::SendAndClose(Vec::new()), "unavailable"),
    ] {
        let (pages, server) = walk([json(OPENED), fault]).await;
        assert_eq!(pages.unwrap_err().outcome(), outcome);
        assert_eq!(server.lines().len(), 1 + 7);
    }
}

#[tokio::test]
async fn what_will_not_pass_is_told_at_once() {
    for (refusal, outcome) in [
        (reply(401, br#"{"status":"fail","error":"Invalid Credentials","code":401}"#), "unauthorized"),
        (reply(400, br#"{"status":"fail","error":"Export not allowed for this event","code":400}"#), "refused"),
        (json(r#"{"status":"fail","error":"[\"Invalid event : Charged\"]","code":400}"#), "unknown_event"),
        (json(r#"{"status":"success","records":{}}"#), "malformed"),
        (json(r#"{"status":"success","next_cursor":7,"cursor":7}"#), "malformed"),
        (json(r#"{"status":"success","records":[1],"records":[2]}"#), "malformed"),
        (json(r#"{"status":"partial","req_id":7}"#), "malformed"),
    ] {
        let (pages, server) = walk([json(OPENED), refusal]).await;
        assert_eq!(pages.unwrap_err().outcome(), outcome);
        assert_eq!(server.lines().len(), 2);
    }
}

#[tokio::test]
async fn preparing_has_its_own_schedule_beside_the_six_tries() {
    let script = [json(OPENED)].into_iter().chain(vec![json(IN_PROGRESS); 20]).chain([json(LAST)]);
    let (pages, server) = walk(script).await;
    assert_eq!(pages.unwrap(), [r#"[{"ts":3}]"#]);
    assert_eq!(server.lines().len(), 22);
}

#[tokio::test]
async fn preparing_for_ever_is_a_time_out() {
    let server = FakeServer::start([json(OPENED), json(IN_PROGRESS)]).await;
    let tuning = Tuning { within: std::time::Duration::from_millis(100), ..Tuning::for_testing() };
    let pages = walk_with(&server.client_with(tuning)).await;
    assert!(matches!(pages, Err(UpstreamError::TimedOut { .. })), "{pages:?}");
}

#[tokio::test]
async fn a_walk_goes_on_after_a_fault_that_passed_and_stays_broken_after_another() {
    let tuning = Tuning { retries: 0, ..Tuning::for_testing() };
    let server = FakeServer::start([json(OPENED), reply(503, b""), json(LAST)]).await;
    let mut walk = server.client_with(tuning.clone()).walk(charged(), Rank::Waiting);
    assert!(walk.next_page().await.unwrap_err().may_pass());
    assert_eq!(walk.next_page().await.unwrap().unwrap().records(), br#"[{"ts":3}]"#);
    let server = FakeServer::start([json(OPENED), reply(401, b""), json(LAST)]).await;
    let mut walk = server.client_with(tuning).walk(charged(), Rank::Waiting);
    let error = walk.next_page().await.unwrap_err();
    assert_eq!(walk.next_page().await.unwrap_err(), error);
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_dropped_wait_for_a_page_loses_neither_the_page_nor_a_slot() {
    let server = FakeServer::start([json(OPENED), Step::SendAndHang(Vec::new()), json(LAST)]).await;
    let client = server.client();
    let mut walk = client.walk(charged(), Rank::Waiting);
    let patience = std::time::Duration::from_millis(10);
    while server.lines().len() < 2 {
        assert!(tokio::time::timeout(patience, walk.next_page()).await.is_err());
    }
    assert_eq!(walk.next_page().await.unwrap().unwrap().records(), br#"[{"ts":3}]"#);
    for _ in 0..3 {
        assert!(client.event_count(&charged(), Rank::Waiting).await.is_err(), "answered, not stuck");
    }
}

#[tokio::test]
async fn no_more_than_the_configured_requests_are_under_way() {
    let server = FakeServer::start([Step::SendAndHang(Vec::new())]).await;
    let client = server.client();
    for _ in 0..6 {
        let mut walk = client.walk(charged(), Rank::Waiting);
        tokio::spawn(async move { walk.next_page().await });
    }
    while server.lines().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_page_larger_than_what_is_parsed_in_place_is_whole() {
    let records = format!("[{}]", vec![r#"{"ts":20261101120000,"event_props":{"a":"é"}}"#; 20_000].join(","));
    let (pages, _server) = walk([json(OPENED), page(&records, "b"), json(LAST)]).await;
    let pages = pages.unwrap();
    assert_eq!(pages.len(), 2);
    assert!(pages[0] == records);
}

#[tokio::test]
async fn cursors_credentials_and_records_are_in_no_error_and_no_debug() {
    let secret = "SecretCursor%2BOfTheAccount%3D";
    let opened = || json(&format!(r#"{{"status":"success","cursor":"{secret}"}}"#));
    let echo = format!("cursor {secret} aka SecretCursor+OfTheAccount= of {PASSCODE} is odd");
    let record = r#"{"status":"success","records":[{"email":"ana@example.com"}"#;
    let script: Vec<Vec<Step>> = vec![
        vec![opened(), Step::SendAndClose(Vec::new())],
        vec![opened(), Step::SendAndClose(b"not http at all".to_vec())],
        vec![opened(), Step::SendAndClose(promising(100, record.as_bytes()))],
        vec![opened(), json(record)],
        vec![opened(), json(&format!("[{record}}}]"))],
        vec![opened(), reply(500, echo.as_bytes())],
        vec![opened(), json(&format!(r#"{{"status":"fail","error":"{echo}"}}"#))],
        vec![opened(), json(&format!(r#"{{"status":"fail","error":{{"a":"{echo}"}}}}"#))],
        vec![opened(), json(&format!(r#"{{"status":"success","{secret}":1,"{secret}":2}}"#))],
        vec![opened(), reply_with(302, &format!("location: /?{secret}\r\n"), b"")],
        vec![opened(), page("[1]", secret)],
    ];
    for script in script {
        let server = FakeServer::start(script).await;
        let mut walk = server.client().walk(charged(), Rank::Waiting);
        let error = walk.next_page().await.unwrap_err();
        let told = format!("{error} {error:?} {walk:?}");
        for hidden in ["SecretCursor", PASSCODE, "ana@example.com"] {
            assert!(!told.contains(hidden), "{told}");
        }
    }
    let page = Page { body: Bytes::from_static(b"[{\"email\":\"ana@example.com\"}]"), records: None, is_checked: true };
    assert_eq!(format!("{page:?}"), "Page(29 bytes)");
}
