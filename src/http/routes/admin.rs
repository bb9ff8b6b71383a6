//! For whoever runs the server: is it alive, can it answer, what does it count. On a listener of its own.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, route, web};

use crate::error::ApiError;
use crate::http::openapi::refusals::OfReadiness;
use crate::http::service;
use crate::http::state::AppState;

/// Is the process alive
///
/// Answers 200 as long as the process answers at all. For the liveness probe of an orchestrator.
#[utoipa::path(
    get,
    tag = "operations",
    servers((url = "http://127.0.0.1:8081/", description = "The admin listener, `server.admin_listen`")),
    responses((status = 200, description = "It is.", content((String = "text/plain", example = "alive\n")))),
)]
#[route("/livez", method = "GET", method = "HEAD")]
pub async fn show_liveness() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type("text/plain").body("alive\n")
}

/// Can requests be answered
///
/// Answers 200 when the store can be used, 503 otherwise. CleverTap being down does not count: kept days are still
/// served. For the readiness probe of an orchestrator.
#[utoipa::path(
    get,
    tag = "operations",
    servers((url = "http://127.0.0.1:8081/", description = "The admin listener, `server.admin_listen`")),
    responses(
        (status = 200, description = "They can.", content((String = "text/plain", example = "ready\n"))),
        OfReadiness,
    ),
)]
#[route("/readyz", method = "GET", method = "HEAD")]
pub async fn show_readiness(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    service::ready(&state).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type("text/plain").body("ready\n"))
}

/// Metrics for Prometheus
///
/// Counters and timings in Prometheus' text format.
#[utoipa::path(
    get,
    tag = "operations",
    servers((url = "http://127.0.0.1:8081/", description = "The admin listener, `server.admin_listen`")),
    responses((status = 200, description = "The metrics.", content((
        String = "text/plain", example = "# TYPE flattap_requests_total counter\nflattap_requests_total{status=\"200\"} 42\n",
    )))),
)]
#[route("/metrics", method = "GET", method = "HEAD")]
pub async fn show_metrics(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(service::metrics(&state))
}
