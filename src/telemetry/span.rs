//! The span of a request, one log line when its head is sent, and the request's metrics.
//!
//! Method, route template, status, time, request id and caller; never the path as it was sent nor the query: a key
//! may stand there. `auth` records the caller on the span. The route is known, and recorded, when it has been matched:
//! to look for it before is to match it twice.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::metrics::{count_request, in_flight};
use super::timing::ServerTiming;

/// The route of a request that no handler is for.
const UNMATCHED: &str = "unmatched";

/// For `TracingLogger::<RequestSpans>::new()`, the outermost middleware. Also gives each request its
/// [`ServerTiming`].
pub struct RequestSpans;

impl RootSpanBuilder for RequestSpans {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().copied();
        request.extensions_mut().insert(ServerTiming::new());
        request.extensions_mut().insert(AtWork::begin());
        tracing::info_span!(
            "request",
            method = method(request.method()),
            route = Empty,
            request_id = id.map(tracing::field::display),
            caller = Empty,
            status = Empty,
            duration_ms = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, route, verb, took) = match outcome {
            Ok(response) => {
                let request = response.request();
                let took = request.extensions().get::<AtWork>().map(AtWork::so_far);
                (response.status(), request.match_pattern(), method(request.method()), took)
            }
            // A middleware gave up; the request is gone with it.
            Err(error) => (error.as_response_error().status_code(), None, "other", None),
        };
        let route = route.unwrap_or_else(|| UNMATCHED.to_owned());
        span.record("route", route.as_str());
        span.record("status", status.as_u16());
        if let Some(took) = took {
            span.record("duration_ms", took.as_secs_f64() * 1_000.0);
        }
        tracing::info!(parent: &span, "request answered");
        count_request(verb, route, status.as_u16(), took.unwrap_or_default());
    }
}

/// The method as a label: a stranger's invention is not one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request as in flight for as long as it lives, also when its client hangs up.
struct AtWork {
    since: Instant,
}

impl AtWork {
    fn begin() -> Self {
        in_flight(|requests| requests.increment(1.0));
        Self { since: Instant::now() }
    }

    fn so_far(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        in_flight(|requests| requests.decrement(1.0));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use actix_web::{App, HttpResponse, test, web};
    use tracing_actix_web::{RootSpan, TracingLogger};
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::prelude::*;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Written {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    #[actix_web::test]
    async fn a_request_is_one_line_without_path_query_or_headers() {
        let written = Written::default();
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(written.clone());
        let _logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let handler = |span: RootSpan| async move {
            span.record("caller", "powerbi");
            HttpResponse::Created().finish()
        };
        let app = test::init_service(
            App::new().wrap(TracingLogger::<RequestSpans>::new()).route("/v1/{table}", web::get().to(handler)),
        )
        .await;
        for uri in ["/v1/TOP-SECRET?api_key=TOP-SECRET&event=a", "/unknown/TOP-SECRET"] {
            let request = test::TestRequest::get().uri(uri).insert_header(("Authorization", "Bearer TOP-SECRET"));
            test::call_service(&app, request.to_request()).await;
        }
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("TOP-SECRET"), "{text}");
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        let span = &lines[0]["span"];
        assert_eq!(lines[0]["message"], "request answered");
        assert_eq!(span["method"], "GET");
        assert_eq!(span["route"], "/v1/{table}");
        assert_eq!(span["status"], 201);
        assert_eq!(span["caller"], "powerbi");
        assert!(span["duration_ms"].as_f64().is_some() && span["request_id"].as_str().is_some(), "{text}");
        assert_eq!(lines[1]["span"]["route"], "unmatched");
    }
}
