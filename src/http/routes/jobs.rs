//! Jobs: what is being loaded from CleverTap, and how far it is.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, route, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::tables::{links, rules};
use crate::auth::Granted;
use crate::error::ApiError;
use crate::freshness::{Job, JobState};
use crate::http::links::Links;
use crate::http::openapi::refusals::{OfJobs, OfPages};
use crate::http::service;
use crate::http::state::AppState;
use crate::request;

/// One load of some days of one table.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    #[schema(example = "019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55")]
    pub id: String,
    /// This job alone.
    #[schema(example = "/v1/jobs/019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55")]
    pub url: String,
    /// `running`, `done`, or `failed` when at least one day could not be loaded.
    #[schema(example = "running")]
    pub state: &'static str,
    #[schema(example = "main")]
    pub account: String,
    #[schema(example = "events")]
    pub table: String,
    #[schema(example = "Charged")]
    pub event: Option<String>,
    /// First day, project-local.
    #[schema(format = Date, example = "2026-11-01")]
    pub from: Option<String>,
    /// Last day, itself included.
    #[schema(format = Date, example = "2026-11-30")]
    pub to: Option<String>,
    /// Days that are read whole.
    #[schema(example = 12)]
    pub days_done: usize,
    #[schema(example = 30)]
    pub days_total: usize,
    /// Rows received so far.
    #[schema(example = 184_000)]
    pub rows: u64,
    /// Estimated seconds to the end; null when it is over.
    #[schema(example = 75)]
    pub seconds_left: Option<u64>,
    #[schema(format = DateTime, example = "2026-11-23T10:15:00Z")]
    pub started_at: String,
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// Why the first of the failed days failed: a code as in errors.
    #[schema(example = json!(null))]
    pub error: Option<&'static str>,
    /// The same for people.
    pub error_detail: Option<String>,
}

impl JobView {
    pub fn new(job: &Job, links: &Links) -> Self {
        let progress = job.progress();
        let failure = progress.failure().map(|why| ApiError::from(why.clone()));
        Self {
            id: job.id.to_string(),
            url: links.to(&format!("v1/jobs/{}", job.id)),
            state: progress.state.name(),
            account: job.account.clone(),
            table: job.key.table.clone(),
            event: job.key.event.clone(),
            from: job.days.first().map(ToString::to_string),
            to: job.days.last().map(ToString::to_string),
            days_done: progress.days_done,
            days_total: progress.days_total,
            rows: progress.rows,
            seconds_left: (progress.state == JobState::Running).then(|| job.rest().as_secs()),
            started_at: job.started_at.to_string(),
            finished_at: progress.finished_at.map(|at| at.to_string()),
            error: failure.as_ref().map(|error| error.code().name()),
            error_detail: failure.map(|error| error.detail().to_owned()),
        }
    }
}

/// List the jobs
///
/// What is being loaded, and what was loaded lately, as far as this key may see it; the newest first. Nothing has to
/// be polled here: a table that is still loading says so itself, with `Retry-After`.
#[utoipa::path(
    get,
    tag = "loading",
    responses(
        (status = 200, description = "The jobs.", body = [JobView], example = json!([example()])),
        OfPages,
    ),
)]
#[route("/jobs", method = "GET", method = "HEAD")]
pub async fn list_jobs(
    granted: Granted,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    request::parse_nothing(request.query_string(), rules(&state))?;
    let links = links(&state);
    let jobs: Vec<_> = service::list_jobs(&state, &granted).iter().map(|job| JobView::new(job, &links)).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(jobs))
}

/// Show a job
///
/// How far one load is. The address stands in the refusal of a table that is still loading, and in the answer to a
/// refresh. Finished jobs are forgotten after a while and at a restart.
#[utoipa::path(
    get,
    tag = "loading",
    params(("id" = String, Path, description = "Id of the job.", example = "019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55")),
    responses(
        (status = 200, description = "The job.", body = JobView, example = json!(example())),
        OfJobs,
    ),
)]
#[route("/jobs/{id}", method = "GET", method = "HEAD")]
pub async fn show_job(
    granted: Granted,
    state: web::Data<AppState>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    request::parse_nothing(request.query_string(), rules(&state))?;
    let job = Uuid::try_parse(&id).ok().and_then(|id| service::find_job(&state, &granted, id));
    let job = job.ok_or_else(|| ApiError::job_unknown(&id))?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(JobView::new(&job, &links(&state))))
}

/// A job for the documentation.
pub(super) fn example() -> serde_json::Value {
    serde_json::json!({
        "id": "019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55",
        "url": "/v1/jobs/019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55",
        "state": "running",
        "account": "main",
        "table": "events",
        "event": "Charged",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "days_done": 12,
        "days_total": 30,
        "rows": 184_000,
        "seconds_left": 75,
        "started_at": "2026-11-23T10:15:00Z",
        "finished_at": null,
        "error": null,
        "error_detail": null,
    })
}
