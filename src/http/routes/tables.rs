//! Tables: their rows, their columns, and the list of them.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, route, web};

use super::sql::{VIEWS, visible_view};
use crate::auth::Granted;
use crate::catalog::{self, TableSpec};
use crate::encode::Format;
use crate::error::ApiError;
use crate::http::openapi::answers::{ListOfColumns, ListOfTables, Rows};
use crate::http::openapi::parameters::{DescriptionQuery, ListingQuery, TableQuery};
use crate::http::openapi::refusals::{OfDescriptions, OfListings, OfRecipes, OfRows};
use crate::http::service::Explanation;
use crate::http::state::AppState;
use crate::http::{links, listing, negotiation, service};
use crate::request;

/// Read a table
///
/// Answers the rows of a table in the format of the extension. Days that are kept are read from the store; days that
/// are missing or too old are fetched from CleverTap first, once for everybody who asks. When that takes longer than
/// `wait`, the answer is 503 with `Retry-After` and the code `table_loading`; loading goes on, and BI tools ask again
/// by themselves. An answer is never a part of a table unless `partial=allow` was given. A table without rows still
/// has its header.
#[utoipa::path(
    tag = "tables",
    params(
        ("table" = String, Path, description = "Name of the table."),
        ("format" = String, Path, description = "The format of the answer."),
        TableQuery,
    ),
    responses(Rows, OfRows),
)]
#[route("/{table}.{format}", method = "GET", method = "HEAD")]
pub async fn read_table(
    granted: Granted,
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (table, extension) = path.into_inner();
    rows(&granted, &state, &table, &request, || negotiation::by_extension(&extension)).await
}

/// Read a table in the format of the Accept header
///
/// The same as with an extension, for clients that say with `Accept` what they want. `*/*` is JSON. Tools that cannot
/// set headers use the extension.
#[utoipa::path(
    tag = "tables",
    params(("table" = String, Path, description = "Name of the table."), TableQuery),
    responses(Rows, OfRows),
)]
#[route("/{table}", method = "GET", method = "HEAD")]
pub async fn negotiate_table(
    granted: Granted,
    state: web::Data<AppState>,
    table: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    rows(&granted, &state, &table, &request, || negotiation::by_accept(&request)).await
}

async fn rows(
    granted: &Granted,
    state: &AppState,
    table: &str,
    request: &HttpRequest,
    format: impl FnOnce() -> Result<Format, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let spec = visible(granted, table)?;
    service::read_table(state, granted, spec, rules(state), format, request).await
}

/// List the tables
///
/// One row per table that the key may read: its name, what it holds, which parameters it needs and takes, and its
/// address. It is a table itself and comes in every format.
#[utoipa::path(
    get,
    tag = "tables",
    params(("format" = String, Path, description = "The format of the answer."), ListingQuery),
    responses(ListOfTables, OfListings),
)]
#[route("/tables.{format}", method = "GET", method = "HEAD")]
pub async fn list_tables_as(
    granted: Granted,
    state: web::Data<AppState>,
    extension: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    tables(&granted, &state, &request, || negotiation::by_extension(&extension))
}

/// List the tables in the format of the Accept header
///
/// The same as with an extension. JSON unless `Accept` says otherwise.
#[utoipa::path(get, tag = "tables", params(ListingQuery), responses(ListOfTables, OfListings))]
#[route("/tables", method = "GET", method = "HEAD")]
pub async fn list_tables(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    tables(&granted, &state, &request, || negotiation::by_accept(&request))
}

fn tables(
    granted: &Granted,
    state: &AppState,
    request: &HttpRequest,
    format: impl FnOnce() -> Result<Format, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let options = request::parse_listing(request.query_string(), rules(state))?;
    let format = format()?;
    options.fit(format)?;
    listing::tables(visible_tables(granted), state.views.seen_by(granted), &links(state)).answer(format, options)
}

/// Describe the columns of a table
///
/// One row per column as this key gets it: name, type, whether it can be null, where it comes from in CleverTap's
/// answer, whether it is personal, and for a time whether it is on the project's clock or that of UTC. It takes the same
/// query string as the table itself, so that an address only needs `/schema` added; nothing is required. Columns are only ever added at the end.
///
/// A view is `views.` and its name. What its query makes is known when its days are there, so they are loaded first, as
/// for its rows.
#[utoipa::path(
    get,
    tag = "tables",
    params(
        ("table" = String, Path, description = "Name of the table, or `views.` and the name of a view."),
        ("format" = String, Path, description = "The format of the answer."),
        DescriptionQuery,
    ),
    responses(ListOfColumns, OfRecipes),
)]
#[route("/tables/{table}/schema.{format}", method = "GET", method = "HEAD")]
pub async fn describe_table_as(
    granted: Granted,
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (table, extension) = path.into_inner();
    columns(&granted, &state, &table, &request, || negotiation::by_extension(&extension)).await
}

/// Describe the columns of a table in the format of the Accept header
///
/// The same as with an extension. JSON unless `Accept` says otherwise.
#[utoipa::path(
    get,
    tag = "tables",
    params(("table" = String, Path, description = "Name of the table, or `views.` and the name of a view."), DescriptionQuery),
    responses(ListOfColumns, OfRecipes),
)]
#[route("/tables/{table}/schema", method = "GET", method = "HEAD")]
pub async fn describe_table(
    granted: Granted,
    state: web::Data<AppState>,
    table: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    columns(&granted, &state, &table, &request, || negotiation::by_accept(&request)).await
}

/// Explain a request
///
/// What the same request without `/explain` would cost and do: how many of its days are at hand and how many have to be
/// loaded, how many requests to CleverTap that takes and how long, as far as earlier loads tell; which columns this key
/// gets hashed; and how the rows are read. Nothing is loaded and CleverTap is not asked. A view is `views.` and its name.
#[utoipa::path(
    get,
    tag = "tables",
    params(("table" = String, Path, description = "Name of the table, or `views.` and the name of a view."), TableQuery),
    responses(
        (status = 200, description = "The explanation.", body = Explanation, example = json!({
            "table": "events", "account": "main", "from": "2026-11-16", "to": "2026-11-22",
            "days": {"total": 7, "warm": 4, "open": 3, "cold": 3, "loading": 0, "future": 0, "rows": 8120,
                     "as_of": "2026-11-23T10:15:00Z"},
            "upstream": {"calls": 6, "seconds": 4.5},
            "policy": {"pii": "hash", "hashed": ["identity", "email"]},
            "plan": "Projection: row_id, event_name, …",
        })),
        OfDescriptions,
    ),
)]
#[route("/tables/{table}/explain", method = "GET", method = "HEAD")]
pub async fn explain_table(
    granted: Granted,
    state: web::Data<AppState>,
    table: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let explanation = match table.strip_prefix(VIEWS) {
        Some(name) => {
            let view = visible_view(&granted, &state, name)?;
            let asked = request::parse_view(request.query_string(), view.parameters, view.range, rules(&state))?;
            service::explain_view(&state, &granted, view, &asked).await?
        }
        None => {
            let spec = visible(&granted, &table)?;
            let asked = request::parse(request.query_string(), spec, rules(&state))?;
            service::explain_table(&state, &granted, spec, &asked).await?
        }
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(explanation))
}

/// Draw the rows per day
///
/// A chart of how many rows each day of an event has, as an SVG that takes its colour and size from where it stands. It is
/// made of what is kept: nothing is loaded, CleverTap is not asked, and days that are not loaded yet are hatched. Its title,
/// description and `data-` attributes hold the numbers. It takes the query string of the table, but nothing that leaves
/// out rows of a day.
#[utoipa::path(
    get,
    tag = "tables",
    params(("table" = String, Path, description = "Name of the table: `events`."), TableQuery),
    responses(
        (
            status = 200, description = "The chart. `Flattap-Complete` says whether every day that has begun is in it.",
            content((String = "image/svg+xml", example = "<svg …><title>Charged: rows per day, …</title>…</svg>")),
        ),
        OfDescriptions,
    ),
)]
#[route("/tables/{table}/chart.svg", method = "GET", method = "HEAD")]
pub async fn chart_table(
    granted: Granted,
    state: web::Data<AppState>,
    table: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let spec = visible(&granted, &table)?;
    let asked = request::parse(request.query_string(), spec, rules(&state))?;
    let chart = service::draw_chart(&state, &granted, spec, &asked).await?;
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Opened by itself it is a document, which needs nothing at all.
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .insert_header(("Flattap-Complete", chart.complete.to_string()))
        .body(chart.svg))
}

async fn columns(
    granted: &Granted,
    state: &AppState,
    table: &str,
    request: &HttpRequest,
    format: impl FnOnce() -> Result<Format, ApiError>,
) -> Result<HttpResponse, ApiError> {
    if let Some(name) = table.strip_prefix(VIEWS) {
        let view = visible_view(granted, state, name)?;
        let asked = request::parse_view(request.query_string(), view.parameters, view.range, rules(state))?;
        let format = format()?;
        asked.output.fit(format)?;
        let output = asked.output;
        let described = service::describe_view(state, granted, view, asked).await?;
        return listing::schema_of_view(view, &described).answer(format, output);
    }
    let spec = visible(granted, table)?;
    let asked = request::parse_description(request.query_string(), spec, rules(state))?;
    let format = format()?;
    asked.output.fit(format)?;
    let described = service::describe_table(state, granted, spec, &asked).await?;
    listing::schema(spec, &described).answer(format, asked.output)
}

/// The table of this name. A table that the caller may not see is refused as one that does not exist, and before its
/// parameters are looked at.
pub(super) fn visible(granted: &Granted, name: &str) -> Result<&'static TableSpec, ApiError> {
    catalog::find(name).filter(|spec| granted.sees_table(spec.name)).ok_or_else(|| {
        let error = ApiError::table_unknown(name, visible_tables(granted).map(|spec| spec.name));
        match name.strip_prefix(VIEWS) {
            Some(view) => error.hint(format!("The rows of a view are at /v1/views/{view}.csv.")),
            None => error,
        }
    })
}

fn visible_tables(granted: &Granted) -> impl Iterator<Item = &'static TableSpec> {
    catalog::tables().iter().copied().filter(|spec| granted.sees_table(spec.name))
}

/// How this server reads requests.
pub(super) fn rules(state: &AppState) -> request::Rules {
    request::Rules {
        query_key: match state.config.server.key_in_query {
            true => request::QueryKey::Known,
            false => request::QueryKey::TurnedOff,
        },
        longest_days: state.config.limits.range_days,
    }
}

/// Where this server's links lead.
pub(super) fn links(state: &AppState) -> links::Links {
    links::Links::new(state.config.server.public_url.as_ref())
}
