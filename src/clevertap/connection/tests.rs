//! The wire at its worst, through the cheapest call.

use std::time::UNIX_EPOCH;

use super::super::fake_server::{ACCOUNT_ID, FakeServer, PASSCODE, Step, account, charged, gzipped, json, promising};
use super::super::fake_server::{reply, reply_with};
use super::super::{CleverTap, Rank};
use super::*;

const COUNT: &str = r#"{"status":"success","count":7}"#;

/// Asks for a count with this script behind it.
async fn count(script: impl IntoIterator<Item = Step>, tuning: Tuning) -> (Result<u64, UpstreamError>, FakeServer) {
    let server = FakeServer::start(script).await;
    let answer = server.client_with(tuning).event_count(&charged(), Rank::Waiting).await;
    (answer, server)
}

fn header(request: &str, name: &str) -> Option<String> {
    request.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

#[tokio::test]
async fn the_headers_carry_the_credentials_and_say_who_asks() {
    let (answer, server) = count([json(COUNT)], Tuning::for_testing()).await;
    assert_eq!(answer, Ok(7));
    let request = &server.asked()[0];
    assert_eq!(header(request, "x-clevertap-account-id").unwrap(), ACCOUNT_ID);
    assert_eq!(header(request, "x-clevertap-passcode").unwrap(), PASSCODE);
    assert_eq!(header(request, "content-type").unwrap(), "application/json");
    assert_eq!(header(request, "accept-encoding").unwrap(), "gzip");
    assert_eq!(header(request, "user-agent").unwrap(), USER_AGENT);
    assert!(request.ends_with(r#"{"event_name":"Charged","from":20261101,"to":20261101}"#), "{request}");
}

#[tokio::test]
async fn a_get_has_no_content_type() {
    let server = FakeServer::start([json(r#"{"status":"success","events":[]}"#)]).await;
    server.client().event_names(Rank::Waiting).await.unwrap();
    assert_eq!(server.lines(), ["GET /getSchema?type=events"]);
    assert_eq!(header(&server.asked()[0], "content-type"), None);
}

#[tokio::test]
async fn a_path_in_the_base_url_is_kept() {
    for end in ["/proxy/ct", "/proxy/ct/"] {
        let server = FakeServer::start([json(COUNT)]).await;
        let account = account(&format!("{}{end}", server.url()));
        let client = CleverTap::new("main", &account, Tuning::for_testing()).unwrap();
        client.event_count(&charged(), Rank::Waiting).await.unwrap();
        assert_eq!(server.lines(), ["POST /proxy/ct/1/counts/events.json"]);
    }
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let server = FakeServer::start([json(COUNT)]).await;
    let client = server.client();
    for _ in 0..5 {
        client.event_count(&charged(), Rank::Waiting).await.unwrap();
    }
    assert_eq!((server.lines().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn gzip_is_decoded() {
    let (answer, _server) = count([gzipped(COUNT.as_bytes())], Tuning::for_testing()).await;
    assert_eq!(answer, Ok(7));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeServer::start([json(COUNT)]).await;
    let headers = format!("location: {}/1/counts/events.json\r\n", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        let (answer, server) = count([reply_with(status, &headers, b"")], Tuning::for_testing()).await;
        assert!(matches!(answer, Err(UpstreamError::Refused { .. })), "{answer:?}");
        assert_eq!(server.lines().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0, "the credentials stayed here");
}

#[tokio::test]
async fn a_body_above_the_cap_is_refused_at_once() {
    let tuning = Tuning { body_cap: 1000, ..Tuning::for_testing() };
    let large = vec![b' '; 1001];
    let chunked =
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n".as_slice(), &large, b"\r\n0\r\n\r\n"];
    for step in [reply(200, &large), Step::Send(chunked.concat()), Step::SendAndHang(promising(usize::MAX / 2, b"{"))] {
        let (answer, server) = count([step], tuning.clone()).await;
        assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{answer:?}");
        assert_eq!(server.lines().len(), 1, "asking again would bring the same");
    }
    let fits = format!("{COUNT}{}", " ".repeat(1000 - COUNT.len()));
    assert_eq!(count([json(&fits)], tuning).await.0, Ok(7));
}

#[tokio::test]
async fn the_cap_is_on_the_decoded_size() {
    let bomb = vec![b' '; 50_000_000];
    let (answer, server) = count([gzipped(&bomb)], Tuning { body_cap: 1_000_000, ..Tuning::for_testing() }).await;
    assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{answer:?}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_cut_body_is_asked_for_again() {
    let cut = promising(COUNT.len(), &COUNT.as_bytes()[..10]);
    let chunk = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"sta\r\n".to_vec();
    let script = [
        Step::SendAndClose(cut),
        Step::SendAndClose(chunk),
        Step::SendAndClose(Vec::new()),
        Step::SendAndClose(b"HTTP/1.1 200 OK\r\n\r\n{\"status\":\"success\",\"cou".to_vec()),
        json(COUNT),
    ];
    let (answer, server) = count(script, Tuning::for_testing()).await;
    assert_eq!(answer, Ok(7));
    assert_eq!(server.lines().len(), 5);
}

#[tokio::test]
async fn broken_gzip_is_asked_for_again() {
    let Step::Send(whole) = gzipped(&COUNT.as_bytes().repeat(50)) else { unreachable!() };
    let head = whole.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let half = &whole[head..head + (whole.len() - head) / 2];
    let script = [reply_with(200, "content-encoding: gzip\r\n", half), json(COUNT)];
    let (answer, server) = count(script, Tuning::for_testing()).await;
    assert_eq!((answer, server.lines().len()), (Ok(7), 2));
}

#[tokio::test]
async fn silence_is_cut_short_and_asked_again() {
    let tuning = Tuning {
        first_byte: Duration::from_millis(300),
        between_chunks: Duration::from_millis(300),
        ..Tuning::for_testing()
    };
    let half = promising(COUNT.len(), &COUNT.as_bytes()[..10]);
    let script = [Step::SendAndHang(Vec::new()), Step::SendAndHang(half), json(COUNT)];
    let (answer, server) = count(script, tuning).await;
    assert_eq!(answer, Ok(7));
    assert!(server.lines().len() >= 3);
}

#[tokio::test]
async fn an_endless_silence_is_a_time_out() {
    let tuning = Tuning { first_byte: Duration::from_millis(50), retries: 2, ..Tuning::for_testing() };
    let (answer, _server) = count([Step::SendAndHang(Vec::new())], tuning).await;
    assert!(matches!(answer, Err(UpstreamError::TimedOut { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_drip_without_end_meets_the_limit_of_the_whole_answer() {
    let tuning = Tuning { whole_answer: Duration::from_millis(100), retries: 0, ..Tuning::for_testing() };
    let drip = Step::Drip(promising(COUNT.len(), COUNT.as_bytes()), Duration::from_millis(50));
    let (answer, _server) = count([drip], tuning).await;
    let Err(UpstreamError::TimedOut { what }) = answer else { panic!("{answer:?}") };
    assert!(what.contains("whole answer"), "{what}");
}

#[tokio::test]
async fn a_slow_answer_within_its_limits_is_taken() {
    let drip = Step::Drip(promising(COUNT.len(), COUNT.as_bytes()), Duration::from_millis(5));
    assert_eq!(count([drip], Tuning::for_testing()).await.0, Ok(7));
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = CleverTap::new("main", &account(&url), Tuning::for_testing()).unwrap();
    let Err(UpstreamError::Unavailable { said }) = client.check().await else { panic!() };
    assert!(said.starts_with("no connection ("), "{said}");
    assert!(!said.contains("127.0.0.1:") || !said.contains("http"), "{said}");
}

#[tokio::test]
async fn bytes_that_are_not_http_are_unavailable() {
    let (answer, _server) =
        count([Step::SendAndClose(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())], Tuning::for_testing()).await;
    assert!(matches!(answer, Err(UpstreamError::Unavailable { .. })), "{answer:?}");
}

#[test]
fn settings_that_cannot_be_sent_are_refused_without_repeating_them() {
    let refused = |change: &dyn Fn(&mut Account)| {
        let mut account = account("http://127.0.0.1:9");
        change(&mut account);
        match CleverTap::new("main", &account, Tuning::default()) {
            Err(error @ UpstreamError::BadSettings { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    for passcode in ["", " ", "line\nbreak-secret", "nul\0-secret"] {
        let said = refused(&|account| account.passcode = passcode.into());
        assert!(said.contains("passcode") && !said.contains("secret"), "{said}");
    }
    refused(&|account| account.account_id = "a\nb".to_owned());
    for url in ["ftp://host/", "data:text", "http://me:hunter2@host/", "http://host/?a=1", "http://host/#a"] {
        let said = refused(&|account| account.base_url = Url::parse(url).unwrap());
        assert!(said.contains("base_url") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let client = CleverTap::new("main", &account("https://in1.api.clevertap.com"), Tuning::default()).unwrap();
    assert_eq!(format!("{client:?}"), "CleverTap(main at in1.api.clevertap.com)");
    let http = format!("{:?}", client.inner.connection.http);
    assert!(!http.contains(PASSCODE) && !http.contains(ACCOUNT_ID), "{http}");
}

#[test]
fn retry_after_is_read_as_seconds_or_as_a_date() {
    let now = UNIX_EPOCH + Duration::from_secs(1_793_491_200);
    let read = |text: &str| read_retry_after(&HeaderValue::from_str(text).unwrap(), now);
    assert_eq!(read("120"), Some(Duration::from_secs(120)));
    assert_eq!(read(" 0 "), Some(Duration::ZERO));
    let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
    assert_eq!(read(&date), Some(Duration::from_secs(90)));
    assert_eq!(read("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(read("-1"), None);
    assert_eq!(read("soon"), None);
    assert_eq!(read("99999999999999999999999999"), None);
}
