//! Patience, and what is written down about asking.

use std::io;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use parking_lot::Mutex;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::super::fake_server::{ACCOUNT_ID, FakeServer, PASSCODE, Step, charged, json, reply, reply_with};
use super::super::{ProfileKey, Rank, Tuning};
use super::*;

const COUNT: &str = r#"{"status":"success","count":7}"#;
const OPENED: &str = r#"{"status":"success","cursor":"SecretCursor%2B"}"#;

#[tokio::test]
async fn retry_after_is_obeyed_up_to_its_cap() {
    let cap = Duration::from_millis(80);
    let tuning = Tuning { longest_retry_after: cap, ..Tuning::for_testing() };
    for (header, at_least) in [("retry-after: 1000\r\n", cap), ("retry-after: 0\r\n", Duration::ZERO)] {
        let server = FakeServer::start([reply_with(429, header, b""), json(COUNT)]).await;
        let begun = Instant::now();
        assert_eq!(server.client_with(tuning.clone()).event_count(&charged(), Rank::Waiting).await, Ok(7));
        assert!(begun.elapsed() >= at_least);
    }
}

#[tokio::test]
async fn a_pause_that_patience_does_not_reach_is_not_begun() {
    let tuning = Tuning { longest_retry_after: Duration::from_secs(3600), ..Tuning::for_testing() };
    let server = FakeServer::start([reply_with(429, "retry-after: 600\r\n", b""), json(COUNT)]).await;
    let answer = server.client_with(tuning).event_count(&charged(), Rank::Waiting).await;
    assert!(matches!(answer, Err(UpstreamError::Overloaded { .. })), "{answer:?}");
    assert_eq!(server.lines().len(), 1);
}

/// Walks through a page, a refusal of every kind of text, and a broken connection.
async fn adventures() {
    let page = r#"{"status":"success","next_cursor":"SecretNext%2B","records":[{"email":"ana@example.com"}]}"#;
    let script = [
        json(OPENED),
        json(page),
        reply(429, b""),
        Step::SendAndClose(Vec::new()),
        json(&format!(r#"{{"status":"fail","error":"Invalid Credentials {PASSCODE}","code":401}}"#)),
    ];
    let server = FakeServer::start(script).await;
    let mut walk = server.client().walk(charged(), Rank::Backfill);
    assert!(walk.next_page().await.unwrap().is_some());
    assert!(walk.next_page().await.is_err());
    let person = ProfileKey::Email("ana@example.com".to_owned());
    assert!(server.client().profile(&person, Rank::Backfill).await.is_err());
}

fn assert_no_secret(text: &str) {
    for secret in [PASSCODE, ACCOUNT_ID, "SecretCursor", "SecretNext", "ana@example.com", "ana%40example"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_account_endpoint_and_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let here = metrics::set_default_local_recorder(&recorder);
    adventures().await;
    drop(here);
    let text = metrics.render();
    for line in [
        r#"flattap_upstream_requests_total{account="main",endpoint="events",outcome="success"} 2"#,
        r#"flattap_upstream_requests_total{account="main",endpoint="events",outcome="overloaded"} 1"#,
        r#"flattap_upstream_requests_total{account="main",endpoint="events",outcome="unauthorized"} 1"#,
        r#"flattap_upstream_retries_total{account="main",endpoint="events",reason="overloaded"} 1"#,
        r#"flattap_upstream_in_flight{account="main",endpoint="events"} 0"#,
    ] {
        assert!(text.contains(line), "{line} not in {text}");
    }
    assert_no_secret(&text);
}

#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl io::Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Pages {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_most_talkative_log_holds_no_secret() {
    let pages = Pages::default();
    let talkative = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(pages.clone())
        .finish();
    let here = tracing::subscriber::set_default(talkative);
    adventures().await;
    // A test on another thread may have met our log lines first, and with nobody listening they stay silent: once all
    // of them are known, ask again who listens.
    tracing::callsite::rebuild_interest_cache();
    adventures().await;
    drop(here);
    let text = String::from_utf8(pages.0.lock().clone()).unwrap();
    assert!(text.contains("asking CleverTap again"), "{text}");
    assert!(text.contains("upstream.endpoint=\"events\""), "{text}");
    assert_no_secret(&text);
}
