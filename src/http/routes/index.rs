//! `/v1/`: the address at which BI tools test a connection.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, Resource, route, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::tables::{links, rules};
use super::unknown;
use crate::auth::Granted;
use crate::error::ApiError;
use crate::http::openapi::refusals::OfPages;
use crate::http::state::AppState;
use crate::period::zone_name;
use crate::request;

/// What there is, as links.
#[derive(Debug, Serialize, ToSchema)]
pub struct Index {
    #[schema(example = "flattap")]
    name: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The tables that this key may read.
    #[schema(example = "/v1/tables")]
    tables: String,
    /// The accounts that this key sees. With several, a request names one with `account=`.
    accounts: Vec<IndexedAccount>,
    /// What is being loaded.
    #[schema(example = "/v1/jobs")]
    jobs: String,
    /// The OpenAPI document.
    #[schema(example = "/openapi.json")]
    openapi: String,
    /// A page to read and try it.
    #[schema(example = "/docs/")]
    docs: String,
}

/// One account.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexedAccount {
    #[schema(example = "main")]
    name: String,
    /// The project's time zone, whose days all tables have.
    #[schema(example = "Asia/Kolkata")]
    timezone: String,
}

/// Test the connection
///
/// Answers 200 with a few links for a valid key, and 401 otherwise. BI tools test a connection here; it takes no
/// parameters but the key.
#[utoipa::path(
    get,
    tag = "tables",
    responses(
        (status = 200, description = "The key is valid.", body = Index, example = json!({
            "name": "flattap", "version": "0.1.0", "tables": "/v1/tables",
            "accounts": [{"name": "main", "timezone": "Asia/Kolkata"}], "jobs": "/v1/jobs",
            "openapi": "/openapi.json", "docs": "/docs/",
        })),
        OfPages,
    ),
)]
#[route("/", method = "GET", method = "HEAD")]
pub async fn show_index(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    index(granted, state, request).await
}

async fn index(granted: Granted, state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    request::parse_nothing(request.query_string(), rules(&state))?;
    let links = links(&state);
    let accounts = state.config.accounts.iter().filter(|(name, _)| granted.sees_account(name));
    let accounts = accounts.map(|(name, account)| IndexedAccount {
        name: name.clone(),
        timezone: zone_name(&account.timezone).to_owned(),
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, no-cache")).json(Index {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        tables: links.to("v1/tables"),
        accounts: accounts.collect(),
        jobs: links.to("v1/jobs"),
        openapi: links.to("openapi.json"),
        docs: links.to("docs/"),
    }))
}

/// The same at `/v1`, because people leave the slash away.
pub(super) fn without_slash() -> Resource {
    web::resource("").route(web::get().to(index)).route(web::head().to(index)).default_service(web::to(unknown::public))
}
