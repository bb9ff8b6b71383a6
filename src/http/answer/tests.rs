//! The rules of an answer, over a real connection: a server of one table, and a client that reads raw bytes.

mod conditions;
mod delivery;
mod parts;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use arrow::record_batch::RecordBatch;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use parking_lot::Mutex;

use self::wire::Said;
use super::*;
use crate::encode::testing::{Cells, table};
use crate::encode::{Format, Layout, TextOptions, Workers};

const LIMITS: AnswerLimits = AnswerLimits { memory: 1_000_000, answer: 100_000, spool: 2_000_000 };
/// Becomes 12 kB of CSV, kept in memory.
const SMALL: i64 = 600;
/// Becomes 1 MB of CSV, more than is kept.
const LARGE: i64 = 40_000;

/// What the server answers, and how often it had to build it.
struct Served {
    answers: AnswerCache,
    facts: Mutex<AnswerFacts>,
    rows: i64,
    breaks: Breaks,
    builds: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq)]
enum Breaks {
    Never,
    /// Instead of rows.
    AtOnce,
    /// After the last row.
    AtTheEnd,
}

struct Server {
    served: web::Data<Served>,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

struct Gone;

impl From<Gone> for ApiError {
    fn from(_: Gone) -> Self {
        Self::new(Code::UpstreamUnavailable, "the rows are gone")
    }
}

fn facts() -> AnswerFacts {
    AnswerFacts {
        fingerprint: 7,
        format: Format::Csv,
        options: TextOptions::default(),
        last_modified: "2026-11-01T12:47:11.9Z".parse().unwrap(),
        as_of: "2026-11-02T08:00:00.5Z".parse().unwrap(),
        complete: true,
        next: None,
        cache_status: CacheStatus::Store,
        max_age: Duration::from_secs(60),
        download_name: None,
        server_timing: Some("plan;dur=1.5".to_owned()),
        entities: None,
    }
}

fn rows(count: i64) -> (Vec<OutputColumn>, RecordBatch) {
    table(&[
        Cells::Integer((0..count).map(Some).collect()),
        Cells::Text((0..count).map(|row| Some(format!("the row {row}"))).collect()),
    ])
}

/// The unpacked bytes that `count` rows become.
fn expected(count: i64) -> Vec<u8> {
    let (columns, batch) = rows(count);
    let mut out = Vec::new();
    crate::encode::write(&Layout::new(Format::Csv, columns, TextOptions::default()), &[batch], &mut out).unwrap();
    out
}

async fn answer(request: HttpRequest, served: web::Data<Served>) -> Result<HttpResponse, ApiError> {
    let build = || async {
        served.builds.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let (columns, batch) = rows(served.rows);
        let batches =
            (0..batch.num_rows()).step_by(1000).map(|from| batch.slice(from, 1000.min(batch.num_rows() - from)));
        let mut items: Vec<Result<RecordBatch, Gone>> = batches.map(Ok).collect();
        match served.breaks {
            Breaks::Never => {}
            Breaks::AtOnce => items = vec![Err(Gone)],
            Breaks::AtTheEnd => items.push(Err(Gone)),
        }
        Ok((columns, stream::iter(items).boxed()))
    };
    let facts = served.facts.lock().clone();
    respond(&request, &served.answers, facts, build).await
}

impl Server {
    fn of(rows: i64) -> Self {
        Self::start(rows, Breaks::Never, LIMITS)
    }

    fn start(rows: i64, breaks: Breaks, limits: AnswerLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let answers = AnswerCache::new(limits, folder.path().to_owned(), Workers::start(1).unwrap()).unwrap();
        let served = Served { answers, facts: Mutex::new(facts()), rows, breaks, builds: AtomicUsize::new(0) };
        let served = web::Data::from(Arc::new(served));
        let data = served.clone();
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let address = server.addrs()[0];
        actix_web::rt::spawn(server.run());
        Self { served, address, _folder: folder }
    }

    async fn ask(&self, method: &str, headers: &[(&str, &str)]) -> Said {
        wire::ask(self.address, method, "1.1", headers).await
    }

    async fn get(&self, headers: &[(&str, &str)]) -> Said {
        self.ask("GET", headers).await
    }

    fn builds(&self) -> usize {
        self.served.builds.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut AnswerFacts)) {
        change(&mut self.served.facts.lock());
    }
}

#[actix_web::test]
async fn an_answer_carries_every_header_of_the_contract() {
    let server = Server::of(SMALL);
    let said = server.get(&[]).await;
    assert_eq!((said.status, said.body == expected(SMALL)), (200, true));
    for (name, value) in [
        ("content-type", "text/csv; charset=utf-8; header=present"),
        ("last-modified", "Sun, 01 Nov 2026 12:47:11 GMT"),
        ("flattap-as-of", "2026-11-02T08:00:00Z"),
        ("cache-control", "private, max-age=60"),
        ("vary", "Accept, Accept-Encoding, Authorization, X-API-Key"),
        ("cache-status", "flattap; fwd=miss; detail=store"),
        ("flattap-complete", "true"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("server-timing", "plan;dur=1.5"),
        ("content-length", &expected(SMALL).len().to_string()),
    ] {
        assert_eq!(said.header(name), Some(value), "{name}");
    }
    assert!(said.header("etag").is_some_and(|tag| tag.starts_with('"') && tag.ends_with('"')));
    for absent in ["content-disposition", "x-csv-escaped", "content-encoding", "transfer-encoding"] {
        assert_eq!(said.header(absent), None, "{absent}");
    }
}

#[actix_web::test]
async fn a_download_has_a_name_and_says_that_formulas_were_escaped() {
    let server = Server::of(1);
    server.change(|facts| {
        facts.download_name = Some("events-Charged.csv".to_owned());
        facts.options.escape = crate::encode::Escape::Formulas;
    });
    let said = server.get(&[]).await;
    assert!(said.header("content-disposition").unwrap().starts_with("attachment; filename=\"events-Charged.csv\";"));
    assert_eq!(said.header("x-csv-escaped"), Some("formulas"));
    server.change(|facts| facts.format = Format::Json);
    let said = server.get(&[]).await;
    assert_eq!(said.header("content-type"), Some("application/json"));
    assert_eq!(said.header("x-csv-escaped"), None);
    assert_eq!(said.body, b"[{\"c0\":0,\"c1\":\"the row 0\"}]");
}

#[actix_web::test]
async fn the_time_of_change_never_lies_in_the_future_or_before_the_epoch() {
    let server = Server::of(1);
    server.change(|facts| facts.last_modified = Timestamp::MAX);
    let said = server.get(&[]).await;
    let modified = httpdate::parse_http_date(said.header("last-modified").unwrap()).unwrap();
    assert!(modified <= SystemTime::now());
    server.change(|facts| facts.last_modified = Timestamp::MIN);
    assert_eq!(server.get(&[]).await.header("last-modified"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
}
