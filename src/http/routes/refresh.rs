//! `POST /v1/refresh`: load days again, sealed or not.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use actix_web::{HttpRequest, HttpResponse, post, web};

use super::jobs::{JobView, example};
use super::tables::{links, rules, visible};
use crate::auth::Granted;
use crate::error::{ApiError, Code};
use crate::http::openapi::refresh_body::RefreshBody;
use crate::http::openapi::refusals::OfRefreshes;
use crate::http::service;
use crate::http::state::AppState;
use crate::request;

/// Load days again
///
/// Asks CleverTap again for the given days, also for those that are kept for good, and replaces each of them as a
/// whole when it is there. Answers at once with the job that does it; readers see the old rows until then. It needs a
/// key that was made with `--refresh`.
#[utoipa::path(
    tag = "loading",
    request_body(content = RefreshBody, description = "Which rows.", content_type = "application/json"),
    responses(
        (
            status = 202, description = "Loading has begun.", body = JobView,
            headers(("Location" = String, description = "The address of the job.")),
            example = json!(example())
        ),
        OfRefreshes,
    ),
)]
#[post("/refresh")]
pub async fn refresh_table(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    if !granted.may_refresh() {
        return Err(ApiError::refresh_forbidden());
    }
    // A form of another page cannot send JSON, so a browser's stored password cannot be made to refresh.
    if !is_json(&request) {
        return Err(ApiError::new(Code::RequestMediaType, "The body has no `Content-Type: application/json`."));
    }
    let rules = rules(&state);
    request::parse_nothing(request.query_string(), rules)?;
    let asked = request::parse_refresh(&body, rules.longest_days)?;
    let spec = visible(&granted, &asked.table)?;
    let job = service::refresh(&state, &granted, spec, asked).await?;
    let view = JobView::new(&job, &links(&state));
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, view.url.as_str()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(view))
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
