//! [`ApiError`]: one refusal, ready to be said.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use super::code::Code;
use super::problem::{Context, Problem, Progress};

/// A refusal: its code, and what is particular about this occurrence.
///
/// Everything but the cause is shown to the caller. The cause goes to the log, when the fault is ours.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub code: Code,
    pub detail: String,
    pub hint: Option<Cow<'static, str>>,
    pub parameter: Option<String>,
    pub near: Vec<String>,
    pub available: Vec<String>,
    pub progress: Option<Progress>,
    /// Below the base of our links, without a leading slash.
    pub job: Option<String>,
    pub retry_after: Option<Duration>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// `detail` says what is particular about this occurrence, in a sentence for people.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            hint: None,
            parameter: None,
            near: Vec::new(),
            available: Vec::new(),
            progress: None,
            job: None,
            retry_after: None,
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// A mistake of ours. The caller learns that there was one, the log learns which.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "The request is not to blame.").caused_by(cause)
    }

    /// Says of which of several things it is true.
    pub fn about(mut self, what: impl fmt::Display) -> Self {
        self.0.detail = format!("{what}: {}", self.0.detail);
        self
    }

    /// Replaces the catalogue's hint.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The parameter it is about.
    pub fn parameter(mut self, name: impl Into<String>) -> Self {
        self.0.parameter = Some(name.into());
        self
    }

    /// Right words that were perhaps meant, nearest first.
    pub fn near(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.near = words.into_iter().map(Into::into).collect();
        self
    }

    /// The whole list of what there is instead.
    pub fn available(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.available = words.into_iter().map(Into::into).collect();
        self
    }

    /// How far loading is, and the job that loads.
    pub fn progress(mut self, progress: Progress, job: impl fmt::Display) -> Self {
        self.0.progress = Some(progress);
        self.0.job = Some(format!("v1/jobs/{job}"));
        self
    }

    /// Replaces the code's own time. Sent as whole seconds from 1 to 120, which is what Power Query understands.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Another header of the answer, beside those it may already have of this name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The body, without what only the request knows.
    pub fn problem(&self) -> Problem {
        Problem::new(self, &Context::default())
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The text of the cause and of its causes, for the log.
    pub(super) fn cause_chain(&self) -> Option<String> {
        let cause: &dyn Error = self.0.cause.as_deref()?;
        let mut chain = cause.to_string();
        let mut next = cause.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Transparent errors repeat the text of what they wrap.
            if !chain.ends_with(&text) {
                chain.push_str(": ");
                chain.push_str(&text);
            }
            next = cause.source();
        }
        Some(chain)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.detail)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    /// Without what only the request knows; [`super::edge`] says it again with that.
    fn error_response(&self) -> HttpResponse {
        super::problem::render(self, &Context::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("disk on fire")]
    struct Inner;

    #[test]
    fn the_log_gets_the_whole_chain_and_the_caller_none_of_it() {
        let error = ApiError::internal(Outer(Inner));
        assert_eq!(error.cause_chain().unwrap(), "outer: disk on fire");
        assert!(!error.to_string().contains("fire"));
    }
}
