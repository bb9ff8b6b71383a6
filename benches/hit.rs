//! A finished answer, asked for again: what that costs between the request's head and the answer's bytes.
//!
//! The whole service with all that is wrapped around it, in this process: no sockets, and no HTTP on the wire. Beside the
//! times it prints how often and how much one request allocates on the thread that serves it. Requests are logged as in
//! the gateway, so send stderr where the gateway's would go: `cargo bench --bench hit 2>/dev/null`.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::error::Error;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use actix_web::web;
use criterion::{Criterion, Throughput};
use flattap::auth::Authenticator;
use flattap::clevertap::Tuning;
use flattap::config::{Config, TEST_KEY};
use flattap::http::limits::Admission;
use flattap::http::links::Links;
use flattap::http::{Shared, public_app};
use flattap::period::Clock;
use flattap::simulator::{Rows, Simulator, SimulatorConfig};
use flattap::startup::Gateway;
use flattap::telemetry::{self, Reader};
use futures_util::FutureExt;
use jiff::Timestamp;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// The gateway's allocator, with a count for each thread.
struct Counted;

thread_local! {
    static TAKEN: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// How often this thread has allocated, and how many bytes.
fn taken() -> (u64, u64) {
    TAKEN.get()
}

// SAFETY: it is mimalloc; a number of the thread's own is all that is added.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = TAKEN.try_with(|taken| taken.set((taken.get().0 + 1, taken.get().1 + layout.size() as u64)));
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = TAKEN.try_with(|taken| taken.set((taken.get().0 + 1, taken.get().1 + size as u64)));
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}

const WEEK: &str = "event=Charged&from=2026-11-05&to=2026-11-11";
const CHOSEN: &str = "select=event_time,prop_amount&filter=prop_amount%20gt%20500&orderby=prop_amount%20desc&top=100";
/// Rounds over which allocations are counted.
const COUNTED: u64 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    telemetry::init(Reader::Operator);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let simulator = Simulator::start(SimulatorConfig {
        rows: Rows::Exactly(25),
        first_page_polls: 0,
        latency: Duration::ZERO,
        ..SimulatorConfig::for_testing()
    })?;
    let mut config = Config::for_testing(simulator.base_url().parse()?, folder.path());
    let account = &simulator.config().accounts[0];
    for settings in config.accounts.values_mut() {
        settings.account_id.clone_from(&account.account_id);
        settings.passcode = account.passcode.clone();
    }
    let noon: Timestamp = "2026-11-23T06:30:00Z".parse()?;
    let clock = Clock::from_fn(move || noon);
    let system = actix_web::rt::System::new();
    system.block_on(async {
        let gateway = Gateway::build(config.clone(), clock.clone(), Tuning::for_testing()).await?;
        let shared = Shared {
            state: gateway.state().clone(),
            authenticator: web::Data::new(Authenticator::new(&config, clock)?),
            admission: web::Data::new(Admission::new(&config.limits)),
            links: web::Data::new(Links::new(None)),
        };
        let service = init_service(public_app(&shared, false)).await;
        let mut criterion = Criterion::default().configure_from_args();
        let mut group = criterion.benchmark_group("hit");
        for (name, address, accepted) in [
            ("csv", format!("/v1/events.csv?{WEEK}"), "identity"),
            ("csv, packed", format!("/v1/events.csv?{WEEK}"), "gzip, deflate, br"),
            ("chosen", format!("/v1/events.json?{WEEK}&{CHOSEN}"), "gzip"),
            ("90 days", "/v1/events.csv?event=Charged&from=2026-08-25&to=2026-11-22".to_owned(), "gzip"),
        ] {
            let request = || {
                let request = TestRequest::get().uri(&address);
                request.insert_header(("x-api-key", TEST_KEY)).insert_header(("accept-encoding", accepted)).to_request()
            };
            let first = call(&service, request()).await;
            let (before, mut taken_by_call, mut bytes) = (Instant::now(), (0, 0), 0);
            for _ in 0..COUNTED {
                let request = request();
                let begin = taken();
                bytes = call(&service, request).await;
                let end = taken();
                taken_by_call = (taken_by_call.0 + end.0 - begin.0, taken_by_call.1 + end.1 - begin.1);
            }
            assert_eq!(first, bytes, "a hit has the bytes of the first answer");
            println!(
                "hit/{name}: {bytes} bytes; {:.1} allocations of {:.0} bytes together; {:.1} us in {COUNTED} rounds",
                taken_by_call.0 as f64 / COUNTED as f64,
                taken_by_call.1 as f64 / COUNTED as f64,
                before.elapsed().as_secs_f64() * 1e6 / COUNTED as f64,
            );
            group.throughput(Throughput::Elements(1));
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|rounds| {
                    let rounds_of = async {
                        let mut took = Duration::ZERO;
                        for _ in 0..rounds {
                            let request = request();
                            let begin = Instant::now();
                            call(&service, request).await;
                            took += begin.elapsed();
                        }
                        took
                    };
                    rounds_of.now_or_never().expect("a hit waits for nothing")
                });
            });
        }
        group.finish();
        criterion.final_summary();
        Ok(())
    })
}

/// Asks, and takes the body as the server would: piece by piece. Its length.
async fn call<S, R, B>(service: &S, request: R) -> usize
where
    S: Service<R, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let answer = service.call(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let mut body = std::pin::pin!(answer.into_body());
    let mut length = 0;
    while let Some(piece) = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await {
        length += piece.ok().expect("a piece of it").len();
    }
    length
}
