//! The documentation: the OpenAPI document, a page to try it, the page of errors. No key, no data, no other host.
//!
//! The page to try it is Swagger UI out of the binary, in a frame of ours. All its scripts are files of its own, so the
//! content policy allows scripts from here only; its styles are partly written inline. What it asks, it asks with the visitor's key.

use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, Resource, route, web};
use utoipa_swagger_ui::Config;

use super::tables::links;
use super::{fixed, page, unknown};
use crate::error::ApiError;
use crate::http::state::AppState;
use crate::http::{openapi, pages};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The OpenAPI document
///
/// This document, for tools that read descriptions of interfaces. No key is needed.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 200, description = "The document.", content((
        serde_json::Value = "application/json", example = json!({"openapi": "3.1.0", "info": {"title": "flattap"}}),
    )))),
)]
#[route("/openapi.json", method = "GET", method = "HEAD")]
pub async fn show_openapi(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let body = openapi::served(&links(&state))?;
    Ok(fixed::answer(&request, "application/json", body).finish_with(&[]))
}

/// Read and try the interface
///
/// Leads to a page that shows this document and can send requests with your key. Everything on it comes from this
/// server. No key is needed to read it.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 302, description = "The page is at `docs/`.", headers(("Location" = String)))),
)]
#[route("/docs", method = "GET", method = "HEAD")]
pub async fn show_docs() -> HttpResponse {
    // Relative, so that it holds behind a proxy that serves us below a path.
    HttpResponse::Found().insert_header((LOCATION, "docs/")).insert_header((CACHE_CONTROL, "no-cache")).finish()
}

/// What the error codes mean
///
/// A page for people: each code with its status, its meaning, who has to act, and what to do. The `type` of an error
/// leads there. No key is needed.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 200, description = "The page.", content((
        String = "text/html", example = "<!doctype html> … <article id=\"table_loading\"> …",
    )))),
)]
#[route("/docs/errors", method = "GET", method = "HEAD")]
pub async fn show_errors(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = pages::errors().map_err(ApiError::internal)?;
    Ok(page::answer(&request, "text/html; charset=utf-8", page.into()))
}

/// The files of Swagger UI.
pub(super) fn swagger_ui() -> Resource {
    web::resource("/docs/{file:.*}")
        .route(web::get().to(swagger_file))
        .route(web::head().to(swagger_file))
        .default_service(web::to(unknown::public))
}

async fn swagger_file(request: HttpRequest, file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let policy = [(CONTENT_SECURITY_POLICY, POLICY)];
    if matches!(file.as_str(), "" | "index.html") {
        let page = pages::docs().map_err(ApiError::internal)?;
        return Ok(fixed::answer(&request, "text/html; charset=utf-8", page.into()).finish_with(&policy));
    }
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
        // Relative for the same reason. The validator of the original page would send our document to another host.
        let config = Config::from("../openapi.json").validator_url("none").use_base_layout();
        Arc::new(config.try_it_out_enabled(true).display_request_duration(true).default_models_expand_depth(0))
    });
    let found =
        utoipa_swagger_ui::serve(&file, CONFIG.clone()).map_err(|error| ApiError::internal(error.to_string()))?;
    let found = found.ok_or_else(|| ApiError::path_unknown(request.path()))?;
    Ok(fixed::answer(&request, &found.content_type, found.bytes.into_owned().into()).finish_with(&policy))
}
