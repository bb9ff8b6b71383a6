//! The pages below `/connect/`. No key: they hold no data, and fetch what they show with the visitor's key.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, route, web};
use bytes::Bytes;

use super::fixed;
use super::page::answer;
use super::tables::links;
use crate::connect::looker;
use crate::error::ApiError;
use crate::http::links::Links;
use crate::http::pages::connect::{self, Bases, TABLEAU_POLICY};
use crate::http::state::AppState;

const HTML: &str = "text/html; charset=utf-8";

/// Power BI and Excel
///
/// A page with the ways to connect, and a form that makes `.pbids` files and Power Query texts for one table with the
/// visitor's key. No key is needed to open it.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 200, description = "The page.", content((
        String = "text/html", example = "<!doctype html> … <h1>Power BI and Excel</h1> …",
    )))),
)]
#[route("/connect/powerbi", method = "GET", method = "HEAD")]
pub async fn show_powerbi(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    page(&state, &request, connect::powerbi)
}

/// Tableau
///
/// A web data connector of version 2 for Tableau up to 2022.4, and outside of Tableau a page with the ways to connect.
/// Inside Tableau it loads Tableau's own library from `connectors.tableau.com`. No key is needed to open it.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 200, description = "The page.", content((
        String = "text/html", example = "<!doctype html> … <h1>Tableau</h1> …",
    )))),
)]
#[route("/connect/tableau/", method = "GET", method = "HEAD")]
pub async fn show_tableau(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = render(&state, &request, connect::tableau)?;
    let headers = [(CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, TABLEAU_POLICY)];
    Ok(fixed::answer(&request, HTML, page.into()).finish_with(&headers))
}

/// The same without the slash, because people leave it away. Relative, so that it holds below a proxy's path.
pub(super) fn tableau_without_slash() -> actix_web::Resource {
    let redirect = || async {
        HttpResponse::Found().insert_header((LOCATION, "tableau/")).insert_header((CACHE_CONTROL, "no-cache")).finish()
    };
    web::resource("/connect/tableau")
        .route(web::get().to(redirect))
        .route(web::head().to(redirect))
        .default_service(web::to(super::unknown::public))
}

/// Looker Studio
///
/// A page with the files of the community connector and the steps to install it. No key is needed to open it.
#[utoipa::path(
    get,
    tag = "documentation",
    responses((status = 200, description = "The page.", content((
        String = "text/html", example = "<!doctype html> … <h1>Looker Studio</h1> …",
    )))),
)]
#[route("/connect/looker-studio", method = "GET", method = "HEAD")]
pub async fn show_looker_studio(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    page(&state, &request, connect::looker_studio)
}

/// A file of the connector for Looker Studio
///
/// To be copied into an Apps Script project. No key is needed.
#[utoipa::path(
    get,
    tag = "documentation",
    params(("file" = String, Path, description = "Name of the file.", example = "Code.js")),
    responses((status = 200, description = "The file.", content((
        String = "text/plain", example = "function getAuthType() { …",
    )))),
)]
#[route("/connect/looker-studio/{file}", method = "GET", method = "HEAD")]
pub async fn show_looker_studio_file(name: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let text = looker::file(&name).ok_or_else(|| ApiError::path_unknown(request.path()))?;
    Ok(answer(&request, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes())))
}

type Render = fn(&Bases<'_>) -> Result<String, askama::Error>;

fn page(state: &AppState, request: &HttpRequest, make: Render) -> Result<HttpResponse, ApiError> {
    Ok(answer(request, HTML, render(state, request, make)?.into()))
}

fn render(state: &AppState, request: &HttpRequest, make: Render) -> Result<String, ApiError> {
    let links = links(state);
    let made = Links::for_files(&state.config.server, request);
    make(&Bases::new(&links, &made, state.config.auth.anonymous)).map_err(ApiError::internal)
}
