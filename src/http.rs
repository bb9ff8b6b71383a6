//! How is this said on the wire? Routes, limits, the choice of a format, answers and their cache.
//!
//! `routes` is the table of contents; handlers are thin and ask `service`, which walks a request through the rooms.

pub mod answer;
pub mod chart;
pub mod compression;
pub mod fingerprint;
pub mod limits;
pub mod links;
pub mod listing;
pub mod negotiation;
pub mod openapi;
pub mod pages;
pub mod routes;
pub mod service;
pub mod state;
pub mod tls;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, HeaderName, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::{App, Error, web};
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt;

use self::limits::{Admission, one_place_each, own_rate};
use self::links::Links;
use self::state::AppState;
use crate::auth::{self, Authenticator};
use crate::error::{self, ApiError};
use crate::telemetry::RequestSpans;

/// What a listener's workers share.
#[derive(Clone)]
pub struct Shared {
    pub state: web::Data<AppState>,
    pub authenticator: web::Data<Authenticator>,
    pub admission: web::Data<Admission>,
    pub links: web::Data<Links>,
}

/// Everything that BI tools and people see; with the operations too when there is one listener for both.
pub fn public_app(
    shared: &Shared,
    with_operations: bool,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let (app, _) = App::new()
        .into_utoipa_app()
        .configure(if with_operations { routes::public_and_admin } else { routes::public })
        .split_for_parts();
    let origins = &shared.state.config.server.cors_origins;
    // Where no page may ask, there is nothing to say about it.
    let has_origins = !origins.is_empty();
    // The last one wrapped is the first one that a request meets.
    app.configure(error::configure)
        .app_data(shared.state.clone())
        .app_data(shared.authenticator.clone())
        .app_data(shared.admission.clone())
        .app_data(shared.links.clone())
        .wrap(from_fn(own_rate))
        .wrap(from_fn(known_callers_only))
        .wrap(from_fn(places_for_callers))
        .wrap(from_fn(error::edge))
        .wrap(Condition::new(has_origins, cors(origins)))
        .wrap(Condition::new(has_origins, from_fn(refused_preflights)))
        .wrap(Condition::new(has_origins, from_fn(error::edge)))
        .wrap(TracingLogger::<RequestSpans>::new())
}

/// Probes and metrics, without keys.
pub fn admin_app(
    shared: &Shared,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let (app, _) = App::new().into_utoipa_app().configure(routes::admin).split_for_parts();
    app.configure(error::configure)
        .app_data(shared.state.clone())
        .app_data(shared.links.clone())
        .wrap(from_fn(error::edge))
        .wrap(TracingLogger::<RequestSpans>::new())
}

/// Middleware: 401 first below `/v1` and `/odata`, whatever else is wrong and whether or not there is such a path.
async fn known_callers_only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    // The decoded path, as the routes see it: `/%76%31/` leads where `/v1/` does.
    match needs_caller(request.match_info().as_str()) {
        true => auth::guard(request, next).await,
        false => next.call(request).await.map(ServiceResponse::map_into_left_body),
    }
}

/// Middleware: only what callers ask for is counted. Probes answer however many tables are being read, and whoever reads
/// a page slowly, which needs no key, takes no place from them.
async fn places_for_callers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match needs_caller(request.match_info().as_str()) {
        true => one_place_each(request, next).await.map(ServiceResponse::map_into_left_body),
        false => next.call(request).await.map(ServiceResponse::map_into_right_body),
    }
}

/// Whether only known callers may know what is there.
fn needs_caller(path: &str) -> bool {
    ["/v1", "/odata"].iter().any(|scope| links::is_below(path, scope))
}

/// Middleware: a browser that may not ask is told so in our shape, and how it could be.
async fn refused_preflights(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_preflight =
        *request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let response = next.call(request).await?;
    match is_preflight && response.status() == StatusCode::BAD_REQUEST {
        false => Ok(response),
        true => Err(ApiError::preflight_refused(CORS_HEADERS).into()),
    }
}

/// What a page of an allowed origin may send.
const CORS_HEADERS: [HeaderName; 13] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_TYPE,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    RANGE,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("odata-version"),
    HeaderName::from_static("odata-maxversion"),
    HeaderName::from_static("prefer"),
];

/// Pages of these origins may read answers. There are no cookies, so credentials are never sent by themselves.
fn cors(origins: &[String]) -> Cors {
    let allowed = origins.iter().fold(Cors::default(), |cors, origin| match origin.as_str() {
        "*" => cors.allow_any_origin(),
        origin => cors.allowed_origin(origin),
    });
    allowed.allowed_methods(["GET", "HEAD", "POST"]).allowed_headers(CORS_HEADERS).expose_any_header().max_age(3600)
}
