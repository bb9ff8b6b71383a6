//! A scripted server for this room's tests: it answers each request with the next step of its script, byte by byte as
//! told, and writes down what it was asked. The last step repeats.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use url::Url;

use super::{CleverTap, EventQuery, Filters, Tuning};
use crate::config::Account;
use crate::period::Days;

pub(super) const ACCOUNT_ID: &str = "TEST-ABC-123Z";
pub(super) const PASSCODE: &str = "s3cret-passcode";

/// What happens to one request.
#[derive(Clone)]
pub(super) enum Step {
    /// These bytes, and the connection stays open.
    Send(Vec<u8>),
    /// These bytes, and the connection is closed.
    SendAndClose(Vec<u8>),
    /// These bytes, and then silence.
    SendAndHang(Vec<u8>),
    /// The bytes in small pieces with a pause between them.
    Drip(Vec<u8>, Duration),
}

/// 200 with a JSON body.
pub(super) fn json(body: &str) -> Step {
    reply(200, body.as_bytes())
}

pub(super) fn reply(status: u16, body: &[u8]) -> Step {
    reply_with(status, "", body)
}

/// `headers` end in CRLF each.
pub(super) fn reply_with(status: u16, headers: &str, body: &[u8]) -> Step {
    let mut bytes = format!("HTTP/1.1 {status} Told\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Step::Send(bytes)
}

pub(super) fn gzipped(body: &[u8]) -> Step {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    reply_with(200, "content-encoding: gzip\r\n", &encoder.finish().unwrap())
}

/// The head of an answer that promises this many bytes.
pub(super) fn promising(length: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(super) struct FakeServer {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl FakeServer {
    pub(super) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let (log, count) = (Arc::clone(&asked), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { port, asked, connections }
    }

    /// The requests so far, each as head and body.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    /// The request lines so far, without the protocol.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |request: &String| request.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        self.asked.lock().iter().map(line).collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn client(&self) -> CleverTap {
        self.client_with(Tuning::for_testing())
    }

    pub(super) fn client_with(&self, tuning: Tuning) -> CleverTap {
        CleverTap::new("main", &account(&self.url()), tuning).unwrap()
    }
}

pub(super) fn account(base_url: &str) -> Account {
    Account {
        region: None,
        account_id: ACCOUNT_ID.to_owned(),
        passcode: SecretString::from(PASSCODE),
        timezone: TimeZone::UTC,
        base_url: Url::parse(base_url).unwrap(),
        concurrency: 2,
        late_days: 3,
        open_day_ttl: Duration::from_secs(300),
        profiles_ttl: Duration::from_secs(3600),
    }
}

/// One day of `Charged`.
pub(super) fn charged() -> EventQuery {
    EventQuery {
        event_name: "Charged".to_owned(),
        days: Days::one(jiff::civil::date(2026, 11, 1)),
        filters: Filters::default(),
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Step>>>, log: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        log.lock().push(request);
        let step = {
            let mut script = script.lock();
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        };
        let Some(step) = step else { return };
        let sent = match step {
            Step::Send(bytes) => stream.write_all(&bytes).await,
            Step::SendAndClose(bytes) => {
                drop(stream.write_all(&bytes).await);
                return;
            }
            Step::SendAndHang(bytes) => {
                drop(stream.write_all(&bytes).await);
                std::future::pending().await
            }
            Step::Drip(bytes, pause) => {
                for piece in bytes.chunks(bytes.len().div_ceil(10)) {
                    if stream.write_all(piece).await.is_err() {
                        return;
                    }
                    sleep(pause).await;
                }
                Ok(())
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text[..end]
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
                .unwrap_or(0usize);
            if bytes.len() >= end + 4 + length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
