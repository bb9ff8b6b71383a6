//! The page at `/`, and the files that pages are made of. No key: they hold no data.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpRequest, HttpResponse, Resource, route, web};
use bytes::Bytes;

use super::tables::links;
use super::{fixed, unknown};
use crate::error::ApiError;
use crate::http::pages;
use crate::http::state::AppState;

/// The page for people
///
/// Tables with their columns, a preview, a chart and their freshness, and for each tool the line to paste. It holds no
/// data: it asks for the visitor's key, keeps it in the tab only, and fetches what it shows with it. No key is needed to
/// open it.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 200, description = "The page.", content((
        String = "text/html", example = "<!doctype html> … <title>flattap</title> …",
    )))),
)]
#[route("/", method = "GET", method = "HEAD")]
pub async fn show_page(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let config = &state.config;
    let page = pages::home(&links(&state), config.offered_key.as_deref(), config.auth.anonymous);
    let page = page.map_err(ApiError::internal)?;
    Ok(answer(&request, "text/html; charset=utf-8", page.into()))
}

/// Styles, scripts and the icon.
pub(super) fn files() -> Resource {
    web::resource("/assets/{file}")
        .route(web::get().to(file))
        .route(web::head().to(file))
        .default_service(web::to(unknown::public))
}

async fn file(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let file = pages::file(&name).ok_or_else(|| ApiError::path_unknown(request.path()))?;
    Ok(answer(&request, file.media_type, Bytes::from_static(file.text.as_bytes())))
}

/// A page or a file of one. They belong together, so a browser must not keep some of them past an update.
pub(super) fn answer(request: &HttpRequest, media_type: &str, body: Bytes) -> HttpResponse {
    fixed::answer(request, media_type, body)
        .finish_with(&[(CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, pages::POLICY)])
}
