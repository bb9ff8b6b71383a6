//! What is let in, and what a slow reader does to others.

use std::num::NonZeroU32;
use std::time::Duration;

use flattap::config::{KeyConfig, RequestRate};
use flattap::simulator::{Endpoint, Fault, Rows};
use tokio::io::AsyncReadExt;

use crate::support::slow::read_a_little;
use crate::support::{Setup, TestGateway};

const DAY: &str = "/v1/events.csv?event=Charged&from=2026-11-10&to=2026-11-10";

#[tokio::test(flavor = "multi_thread")]
async fn one_request_too_many_is_refused_at_once_and_its_place_comes_back() {
    let gateway = TestGateway::with(Setup::default().config(|config| config.limits.concurrent_requests = 1)).await;
    gateway.simulator.faults().always(Endpoint::EventsOpen, Fault::Delay(Duration::from_secs(2)));
    let (first, refused) = tokio::join!(gateway.get(DAY), async {
        while gateway.simulator.log().count(Endpoint::EventsOpen) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let refused = gateway.get("/v1/tables").await;
        gateway.get("/openapi.json").await.good();
        let still_waiting = gateway.simulator.log().count(Endpoint::EventsPage) == 0;
        (refused, still_waiting)
    });
    let (refused, still_waiting) = refused;
    refused.refused(503, "request_too_many");
    assert!((1..=120).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    assert!(still_waiting, "the refusal did not wait for a place");
    first.good();
    gateway.get("/v1/tables").await.good();
    for path in ["/livez", "/metrics"] {
        gateway.send(gateway.client.get(format!("{}{path}", gateway.admin))).await.good();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_asks_too_often_waits_and_others_do_not() {
    let gateway = TestGateway::with(Setup::default().config(|config| {
        let requests = NonZeroU32::new(3).unwrap();
        config.limits.requests_per_key = Some(RequestRate { requests, per: Duration::from_secs(3600) });
        config.auth.keys.push(KeyConfig::all_seeing("other", "ft_other"));
    }))
    .await;
    for _ in 0..3 {
        gateway.get("/v1/tables").await.good();
    }
    for path in ["/v1/tables", "/v1/nothing", "/%761/tables", "/v1/%74ables"] {
        let refused = gateway.get(path).await;
        refused.refused(429, "request_rate_limited");
        assert!((1..=120).contains(&refused.header("retry-after").parse::<u64>().unwrap()), "{path}");
    }
    let wrong = gateway.client.get(format!("{}/v1/tables", gateway.base)).header("x-api-key", "ft_wrong");
    gateway.send(wrong).await.refused(401, "auth_invalid");
    let other = gateway.client.get(format!("{}/v1/tables", gateway.base)).header("x-api-key", "ft_other");
    gateway.send(other).await.good();
    gateway.get("/openapi.json").await.good();
    let metrics = gateway.send(gateway.client.get(format!("{}/metrics", gateway.admin))).await.good().text();
    let is_counted = |line: &str| line.contains("route=\"/v1/tables\",status=\"429\"");
    assert!(metrics.lines().any(|line| line.contains("method=\"GET\"") && is_counted(line)), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_gets_all_of_it_and_holds_nobody_up() {
    let mut setup = Setup::default().config(|config| config.cache.answer = 256 * 1024);
    setup.simulator.rows = Rows::Exactly(1_500);
    let gateway = TestGateway::with(setup).await;
    let path = "/v1/events.csv?event=Charged&from=2026-11-05&to=2026-11-14";
    let expected = gateway.get(path).await.good();
    assert!(expected.bytes().len() > 6_000_000, "{} bytes fit into the buffers between", expected.bytes().len());
    let mut slow = Vec::new();
    for _ in 0..6 {
        slow.push(read_a_little(&gateway.base, path).await);
    }
    for _ in 0..3 {
        gateway.get(DAY).await.good();
        for (stream, so_far) in &mut slow {
            let mut little = [0; 1_000];
            stream.read_exact(&mut little).await.unwrap();
            so_far.extend_from_slice(&little);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(gateway.get(path).await.good().bytes(), expected.bytes(), "a fast reader beside them");
    let (mut stream, mut whole) = slow.pop().unwrap();
    stream.read_to_end(&mut whole).await.unwrap();
    assert_eq!(body_of_chunks(&whole).as_deref(), Some(expected.bytes()), "the slow reader got all of it");
}

/// The body of a chunked answer, `None` when it has no end.
fn body_of_chunks(answer: &[u8]) -> Option<Vec<u8>> {
    let start = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let mut rest = answer.get(start..)?;
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        rest = rest.get(end + 2 + size + 2..)?;
    }
}
