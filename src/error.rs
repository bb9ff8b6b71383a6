//! STUB for this branch only, with the signatures of the error room: its own file replaces this one at the merge.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    RequestNotAcceptable,
    RequestPrecondition,
    RequestRange,
    StoreUnavailable,
    StoreFull,
    UpstreamUnavailable,
    Internal,
}

#[derive(Debug)]
pub struct ApiError {
    code: Code,
    detail: String,
    retry_after: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, headers: Vec::new(), cause: None }
    }

    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "The request is not to blame.").caused_by(cause)
    }

    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self.code {
            Code::RequestNotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Code::RequestPrecondition => StatusCode::PRECONDITION_FAILED,
            Code::RequestRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Code::StoreUnavailable | Code::UpstreamUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::StoreFull => StatusCode::INSUFFICIENT_STORAGE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        for header in &self.headers {
            response.append_header(header.clone());
        }
        if let Some(wait) = self.retry_after {
            response.insert_header((RETRY_AFTER, wait.as_secs()));
        }
        response.body(self.detail.clone())
    }
}
