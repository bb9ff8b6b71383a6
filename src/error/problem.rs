//! The body of every refusal: `application/problem+json` (RFC 9457) with our own members.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use utoipa::ToSchema;

use super::api_error::ApiError;
use super::code::Code;
use super::odata;
use crate::http::links::Links;

pub(super) const MEDIA_TYPE: &str = "application/problem+json";
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The body of every refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/docs/errors#request_unknown_parameter")]
    pub kind: String,
    /// The same for every occurrence of the code.
    #[schema(example = "Unknown parameter")]
    pub title: &'static str,
    /// The HTTP status again.
    #[schema(example = 400)]
    pub status: u16,
    /// What is particular about this occurrence, for people. It may change.
    #[schema(example = "there is no parameter `form` here")]
    pub detail: String,
    /// What went wrong, for programs. It does not change.
    #[schema(value_type = String, example = "request_unknown_parameter")]
    pub code: &'static str,
    /// What to try.
    #[schema(example = "Did you mean `from`?")]
    pub hint: String,
    /// Finds the request in the server's log. The same as the header `X-Request-Id`.
    #[schema(example = "0b6e5a3c-6f0e-4c0e-9b42-3f6f0a9d7f10")]
    pub request_id: Option<String>,
    /// The parameter it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "form")]
    pub parameter: Option<String>,
    /// Right words that were perhaps meant, nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["from"]))]
    pub near: Vec<String>,
    /// What there is instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub available: Vec<String>,
    /// How far loading is, with `table_loading`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub progress: Option<Progress>,
    /// Where to look how loading goes on, with `table_loading`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri-reference")]
    pub job: Option<String>,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// Days that are read whole.
    #[schema(example = 12)]
    pub days_done: u64,
    #[schema(example = 30)]
    pub days_total: u64,
    /// Rows received so far.
    #[schema(example = 184_000)]
    pub rows: u64,
}

/// What only the request knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub request_id: Option<HeaderValue>,
    pub links: Links,
    pub face: Face,
}

/// Whose form a refusal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Face {
    /// RFC 9457.
    #[default]
    Tables,
    /// Below `/odata`.
    OData,
}

impl Problem {
    pub(super) fn new(error: &ApiError, context: &Context) -> Self {
        let parts = error.parts();
        let entry = parts.code.entry();
        Self {
            kind: type_of(parts.code, &context.links),
            title: entry.title,
            status: entry.status.as_u16(),
            detail: parts.detail.clone(),
            code: entry.name,
            hint: parts.hint.as_deref().unwrap_or(entry.hint).to_owned(),
            request_id: context.request_id.as_ref().and_then(|id| id.to_str().ok()).map(str::to_owned),
            parameter: parts.parameter.clone(),
            near: parts.near.clone(),
            available: parts.available.clone(),
            progress: parts.progress,
            job: parts.job.as_deref().map(|path| context.links.to(path)),
        }
    }
}

fn type_of(code: Code, links: &Links) -> String {
    links.to(&format!("docs/errors#{}", code.name()))
}

/// The whole answer.
pub(super) fn render(error: &ApiError, context: &Context) -> HttpResponse {
    let parts = error.parts();
    let mut response = HttpResponse::build(parts.code.status());
    response.reason(parts.code.entry().title).insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if let Some(seconds) = seconds(parts.retry_after).or(parts.code.retry_after()) {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if let Some(id) = &context.request_id {
        response.insert_header((REQUEST_ID, id.clone()));
    }
    for (name, value) in &parts.headers {
        response.append_header((name.clone(), value.clone()));
    }
    let problem = Problem::new(error, context);
    let body = match context.face {
        Face::Tables => {
            response.content_type(MEDIA_TYPE);
            serde_json::to_vec(&problem)
        }
        Face::OData => {
            response.content_type(odata::MEDIA_TYPE).insert_header(odata::version());
            serde_json::to_vec(&odata::ODataProblem::from(problem))
        }
    };
    match body {
        Ok(body) => response.body(body),
        // Texts and numbers always serialise; the status still stands.
        Err(_) => response.finish(),
    }
}

/// Whole seconds, never shorter than asked, within what Power Query waits for.
fn seconds(wait: Option<Duration>) -> Option<u64> {
    wait.map(|wait| (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).clamp(1, 120))
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    async fn body(response: HttpResponse) -> Value {
        serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap()
    }

    #[actix_web::test]
    async fn a_refusal_says_everything_it_knows() {
        let progress = Progress { days_done: 3, days_total: 30, rows: 1_000 };
        let error = ApiError::new(Code::TableLoading, "30 days are loading.")
            .progress(progress, "0192")
            .retry_after(Duration::from_millis(20_001));
        let url = "https://bi.example.com/flattap/".parse().unwrap();
        let context = Context {
            request_id: Some(HeaderValue::from_static("r-1")),
            links: Links::new(Some(&url)),
            ..Context::default()
        };
        let response = render(&error, &context);
        assert_eq!(response.status().as_u16(), 503);
        assert_eq!(response.head().reason(), "The data is still loading");
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/problem+json");
        assert_eq!(header("retry-after"), "21");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-request-id"), "r-1");
        assert_eq!(
            body(response).await,
            json!({
                "type": "https://bi.example.com/flattap/docs/errors#table_loading",
                "title": "The data is still loading",
                "status": 503,
                "detail": "30 days are loading.",
                "code": "table_loading",
                "hint": Code::TableLoading.entry().hint,
                "request_id": "r-1",
                "progress": {"days_done": 3, "days_total": 30, "rows": 1000},
                "job": "https://bi.example.com/flattap/v1/jobs/0192",
            })
        );
    }

    #[actix_web::test]
    async fn a_plain_refusal_has_the_fixed_members_only() {
        let response = render(&ApiError::new(Code::RequestMethod, "x"), &Context::default());
        assert!(response.headers().get("retry-after").is_none());
        let body = body(response).await;
        let members: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        let mut expected =
            ["type", "title", "status", "detail", "code", "hint", "request_id"].map(str::to_owned).to_vec();
        expected.sort();
        let mut sorted = members;
        sorted.sort();
        assert_eq!(sorted, expected);
        assert_eq!(body["type"], "/docs/errors#request_method");
        assert_eq!(body["request_id"], Value::Null);
    }

    #[test]
    fn waiting_times_are_whole_seconds_that_tools_understand() {
        for (wait, expected) in [(0, 1), (999, 1), (1_001, 2), (119_001, 120), (900_000, 120)] {
            assert_eq!(seconds(Some(Duration::from_millis(wait))), Some(expected), "{wait} ms");
        }
    }
}
