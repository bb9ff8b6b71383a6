//! OData: the sets of the project for Power BI, Excel and Tableau.
//!
//! All addresses below `/odata` are read by `service::odata`; those that are documented are registered by themselves.

use actix_web::{HttpRequest, HttpResponse, route, web};

use crate::auth::Granted;
use crate::error::ApiError;
use crate::http::openapi::odata::{MetadataQuery, OfSets, RowsQuery, ServiceDocument, SetMetadata, SetRows};
use crate::http::service;
use crate::http::state::AppState;

/// List the sets (OData)
///
/// The OData v4 service document: the sets that the key may read. Where several events meet in one name, each has eight
/// digits of its own behind it. Power BI and Excel (*OData feed*) and Tableau
/// (*OData*) take this address, with the key as the password of Basic authentication. `/odata/t/{set}/` is a root of
/// one set alone, and `/odata/a/{account}/` that of an account by name, for keys that see several.
#[utoipa::path(get, tag = "odata", params(MetadataQuery), responses(ServiceDocument, OfSets))]
#[route("/", method = "GET", method = "HEAD")]
pub async fn show_service(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    service::odata::answer(&state, &granted, &request).await
}

/// Describe the sets (OData)
///
/// `$metadata` as CSDL XML: the type of every set with its key and its properties, as this key gets them. A set that
/// was never loaded is described with the columns that all of its kind have, as an open type; the root of one set
/// (`/odata/t/{set}/$metadata`) loads it first.
#[utoipa::path(get, tag = "odata", params(MetadataQuery), responses(SetMetadata, OfSets))]
#[route("/$metadata", method = "GET", method = "HEAD")]
pub async fn show_metadata(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    service::odata::answer(&state, &granted, &request).await
}

/// Read a set (OData)
///
/// The rows of a set, 20,000 a page or fewer with `Prefer: odata.maxpagesize=n`; `@odata.nextLink` is the address of
/// the next page, and all pages come of the same data. Behind the name `('key')` gives one row. The period is that of
/// a condition on `event_date` or `event_time`, or of `from`, `to` and `range`; without either it is the last 30
/// days. A view looks at its usual days, and at those of a condition on its `event_date` besides. The header
/// `Flattap-Period` says which. Days that are missing are loaded first, as for a table.
#[utoipa::path(
    tag = "odata",
    params(("set" = String, Path, description = "Name of the set.", example = "events_charged"), RowsQuery),
    responses(SetRows, OfSets),
)]
#[route("/{set}", method = "GET", method = "HEAD")]
pub async fn read_set(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    service::odata::answer(&state, &granted, &request).await
}

/// Count the rows of a set (OData)
///
/// The number of rows that meet `$filter`, as digits.
#[utoipa::path(
    get,
    tag = "odata",
    params(("set" = String, Path, description = "Name of the set.", example = "events_charged"), RowsQuery),
    responses(
        (status = 200, description = "The number.", content((String = "text/plain", example = "8120"))),
        OfSets,
    ),
)]
#[route("/{set}/$count", method = "GET", method = "HEAD")]
pub async fn count_set(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    service::odata::answer(&state, &granted, &request).await
}

/// Every other address below `/odata`, and every other method.
pub(super) async fn any(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    service::odata::answer(&state, &granted, &request).await
}
