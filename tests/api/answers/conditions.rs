//! Tags, conditions, parts, HEAD, and the headers that every answer has.

use reqwest::Method;

use super::{CSV, lasting, with};
use crate::support::TestGateway;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_how_old_it_is_and_whether_it_was_at_hand() {
    let gateway = TestGateway::start().await;
    let first = gateway.get(CSV).await.good();
    assert_eq!(first.header("cache-status"), "flattap; fwd=miss; detail=upstream");
    let second = gateway.get(CSV).await.good();
    assert_eq!(second.header("cache-status"), "flattap; hit");
    assert_eq!(second.bytes(), first.bytes());
    let json = gateway.get(&CSV.replace(".csv", ".json")).await.good();
    assert_eq!(json.header("cache-status"), "flattap; fwd=miss; detail=store");
    for answer in [&first, &second, &json] {
        assert!(answer.header("etag").starts_with('"'), "a strong tag");
        assert!(httpdate::parse_http_date(answer.header("last-modified")).is_ok());
        assert!(answer.header("last-modified").ends_with(" GMT") && answer.header("last-modified").len() == 29);
        assert!(answer.header("flattap-as-of").parse::<jiff::Timestamp>().is_ok());
        assert!(answer.header("cache-control").starts_with("private, max-age="));
        assert_eq!(answer.header("flattap-complete"), "true");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        answer.header("x-request-id");
        let vary = answer.header("vary").to_lowercase();
        for word in ["accept", "accept-encoding", "authorization", "x-api-key"] {
            assert!(vary.split(", ").any(|name| name == word), "{vary}");
        }
        let timing = answer.header("server-timing");
        assert!(timing.split(", ").all(|stage| stage.contains(";dur=")) && timing.contains("fetch"), "{timing}");
    }
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_ne!(first.header("etag"), json.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_bytes_gets_none_also_after_a_restart() {
    let mut gateway = TestGateway::start().await;
    let first = gateway.get(CSV).await.good();
    let (tag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    let known = [
        vec![("if-none-match", tag.clone())],
        vec![("if-none-match", format!("\"x\", W/{tag}"))],
        vec![("if-none-match", "*".to_owned())],
        vec![("if-modified-since", modified.clone())],
    ];
    for restarted in [false, true] {
        for headers in &known {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = gateway.get_with(CSV, &headers).await;
            assert_eq!(answer.status, 304, "{headers:?}, restarted: {restarted}");
            assert!(answer.bytes().is_empty());
            assert_eq!(answer.header("etag"), tag);
            answer.header("cache-control");
            answer.header("vary");
        }
        for headers in [[("if-none-match", "\"x\"")], [("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")]] {
            assert_eq!(gateway.get_with(CSV, &headers).await.good().bytes(), first.bytes(), "{headers:?}");
        }
        gateway.get_with(CSV, &[("if-match", "\"x\"")]).await.refused(412, "request_precondition");
        gateway.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body() {
    let gateway = TestGateway::start().await;
    gateway.get(CSV).await.good();
    for coding in ["identity", "gzip"] {
        let get = gateway.get_with(CSV, &[("accept-encoding", coding)]).await.good();
        let head = gateway.send(with(gateway.request(Method::HEAD, CSV), &[("accept-encoding", coding)])).await;
        assert_eq!((head.status.as_u16(), head.bytes().len()), (200, 0));
        assert_eq!(head.header("content-length"), get.bytes().len().to_string());
        assert_eq!(lasting(&head.headers), lasting(&get.headers));
    }
    let gateway = TestGateway::start().await;
    let head = gateway.send(gateway.request(Method::HEAD, CSV)).await;
    let get = gateway.get(CSV).await.good();
    assert_eq!(head.header("content-length"), get.bytes().len().to_string(), "the first one asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_answer_come_from_the_same_bytes() {
    let gateway = TestGateway::start().await;
    let whole = gateway.get(CSV).await.good();
    let (tag, length) = (whole.header("etag").to_owned(), whole.bytes().len());
    assert!(length > 2_000, "{length}");
    for (range, first, last) in [
        ("bytes=0-99".to_owned(), 0, 99),
        ("bytes=500-".to_owned(), 500, length - 1),
        ("bytes=-100".to_owned(), length - 100, length - 1),
        (format!("bytes=10-{}", length * 2), 10, length - 1),
        (format!("bytes=-{}", length * 2), 0, length - 1),
    ] {
        let part = gateway.get_with(CSV, &[("range", &range)]).await;
        assert_eq!(part.status, 206, "{range}: {}", part.text());
        assert_eq!(part.bytes(), &whole.bytes()[first..=last], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/{length}"));
        assert_eq!(part.header("content-length"), (last - first + 1).to_string());
        assert_eq!(part.header("etag"), tag);
    }
    let beyond = gateway.get_with(CSV, &[("range", &format!("bytes={length}-"))]).await;
    beyond.refused(416, "request_range");
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    for ignored in ["lines=1-2", "bytes=5-1", "nonsense"] {
        assert_eq!(gateway.get_with(CSV, &[("range", ignored)]).await.good().bytes(), whole.bytes(), "{ignored}");
    }
    let same = gateway.get_with(CSV, &[("range", "bytes=0-9"), ("if-range", &tag)]).await;
    assert_eq!((same.status.as_u16(), same.bytes().len()), (206, 10));
    for other in ["\"x\"".to_owned(), format!("W/{tag}"), "Thu, 01 Jan 2026 00:00:00 GMT".to_owned()] {
        let answer = gateway.get_with(CSV, &[("range", "bytes=0-9"), ("if-range", &other)]).await.good();
        assert_eq!(answer.bytes(), whole.bytes(), "{other}");
    }
}
