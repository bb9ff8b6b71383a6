//! Queries: SQL that a caller writes, and saved queries by their names.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, post, route, web};

use super::tables::rules;
use crate::auth::Granted;
use crate::error::ApiError;
use crate::http::openapi::answers::Rows;
use crate::http::openapi::parameters::{SqlQuery, ViewQuery};
use crate::http::openapi::refusals::OfQueries;
use crate::http::state::AppState;
use crate::http::{negotiation, service};
use crate::plan::SavedQuery;
use crate::request::{self, SqlBody};

/// Run a query in SQL
///
/// One SELECT over the tables that the key may read, joins and subqueries included. `/v1/tables` says how each table is
/// called in it: `events."Charged"`, `event_items."Charged.Items"`, `profiles`. The period of its tables is that of the
/// request, narrowed by conditions on `event_date`; days that are missing are loaded first, as for a table. The query
/// sees what the key sees: personal columns hashed or absent. Nothing can be changed with it.
#[utoipa::path(
    tag = "queries",
    params(("format" = String, Path, description = "The format of the answer."), SqlQuery),
    responses(Rows, OfQueries),
)]
#[route("/sql.{format}", method = "GET", method = "HEAD")]
pub async fn run_sql(
    granted: Granted,
    state: web::Data<AppState>,
    extension: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    answer(&granted, &state, &extension, &request, SqlBody::None).await
}

/// Run a query in SQL that is sent as a body
///
/// The same for queries that are too long for an address: the SQL as `text/plain`, or `{"sql": "…"}` as JSON with the
/// words of the query string beside it.
#[utoipa::path(
    tag = "queries",
    params(("format" = String, Path, description = "The format of the answer."), SqlQuery),
    request_body(content((String = "text/plain", example = "SELECT count(*) AS rows FROM events.\"Charged\""))),
    responses(Rows, OfQueries),
)]
#[post("/sql.{format}")]
pub async fn send_sql(
    granted: Granted,
    state: web::Data<AppState>,
    extension: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain");
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = match essence.as_str() {
        "text/plain" | "application/sql" => SqlBody::Text(&body),
        "application/json" => SqlBody::Json(&body),
        _ => return Err(ApiError::sql_of_another_kind(&essence)),
    };
    answer(&granted, &state, &extension, &request, body).await
}

async fn answer(
    granted: &Granted,
    state: &AppState,
    extension: &str,
    request: &HttpRequest,
    body: SqlBody<'_>,
) -> Result<HttpResponse, ApiError> {
    let (sql, asked) = request::parse_sql(request.query_string(), body, rules(state))?;
    let format = negotiation::by_extension(extension)?;
    asked.output.fit(format)?;
    service::run_sql(state, granted, &sql, asked, format, request).await
}

/// Read a view
///
/// The answer of a query that was saved in the server's configuration. `/v1/tables` lists the views that the key may
/// read, with their parameters.
#[utoipa::path(
    tag = "queries",
    params(
        ("name" = String, Path, description = "Name of the view.", example = "revenue_by_day"),
        ("format" = String, Path, description = "The format of the answer."),
        ViewQuery,
    ),
    responses(Rows, OfQueries),
)]
#[route("/views/{name}.{format}", method = "GET", method = "HEAD")]
pub async fn read_view(
    granted: Granted,
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (name, extension) = path.into_inner();
    let view = visible_view(&granted, &state, &name)?;
    let asked = request::parse_view(request.query_string(), view.parameters, view.range, rules(&state))?;
    let format = negotiation::by_extension(&extension)?;
    asked.output.fit(format)?;
    service::read_view(&state, &granted, view, asked, format, &request).await
}

/// Before the name of a view, where tables are named too.
pub(super) const VIEWS: &str = "views.";

/// The view of this name, without what stands before it. One that the caller may not see is refused as one that does not
/// exist.
pub(super) fn visible_view<'a>(
    granted: &'a Granted,
    state: &'a AppState,
    name: &str,
) -> Result<&'a SavedQuery, ApiError> {
    let seen = || state.views.seen_by(granted);
    seen()
        .find(|view| view.name == name)
        .ok_or_else(|| ApiError::view_unknown(name, seen().map(|view| view.name.as_str())))
}
