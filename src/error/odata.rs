//! Refusals below `/odata`, in the form that OData 4.0 gives them: the same code, said for people in one sentence, and
//! what else is known in `innererror`.

use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::api_error::ApiError;
use super::code::Code;
use super::problem::{Problem, Progress};
use super::refusals::sentence;
use crate::odata::{BadToken, OptionsError, PathError, VERSION};

pub(super) const MEDIA_TYPE: &str = "application/json;odata.metadata=minimal;charset=utf-8";

/// The header of every answer below `/odata`.
pub(super) fn version() -> (HeaderName, HeaderValue) {
    (HeaderName::from_static("odata-version"), HeaderValue::from_static(VERSION))
}

/// The body of every refusal below `/odata`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ODataProblem {
    error: ODataError,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ODataError {
    /// What went wrong, for programs: the same codes as everywhere. It does not change.
    #[schema(value_type = String, example = "request_bad_parameter")]
    code: &'static str,
    /// What is particular about this occurrence and what to try, for people. It may change.
    #[schema(example = "`$top` cannot be `x`: it takes a whole number from 0.")]
    message: String,
    /// The option it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "$top")]
    target: Option<String>,
    innererror: ODataInnerError,
}

/// What else is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct ODataInnerError {
    /// The HTTP status again.
    #[schema(example = 400)]
    status: u16,
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/docs/errors#request_bad_parameter")]
    kind: String,
    /// Finds the request in the server's log. The same as the header `X-Request-Id`.
    request_id: Option<String>,
    /// Right words that were perhaps meant, nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    near: Vec<String>,
    /// What there is instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    available: Vec<String>,
    /// How far loading is, with `table_loading`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<Progress>,
    /// Where to look how loading goes on, with `table_loading`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri-reference")]
    job: Option<String>,
}

/// Options that other faces have without a `$`.
const OPTIONS: [&str; 5] = ["select", "filter", "orderby", "top", "skip"];

impl From<Problem> for ODataProblem {
    fn from(problem: Problem) -> Self {
        // Here the detail has no name that a hint could refer to.
        let says_nothing = problem.hint == Code::RequestBadParameter.entry().hint;
        let mut message = if says_nothing { problem.detail } else { format!("{} {}", problem.detail, problem.hint) };
        let mut target = problem.parameter;
        if let Some(option) = target.as_mut().filter(|target| OPTIONS.contains(&target.as_str())) {
            message = message.replace(&format!("`{option}`"), &format!("`${option}`"));
            option.insert(0, '$');
        }
        Self {
            error: ODataError {
                code: problem.code,
                message,
                target,
                innererror: ODataInnerError {
                    status: problem.status,
                    kind: problem.kind,
                    request_id: problem.request_id,
                    near: problem.near,
                    available: problem.available,
                    progress: problem.progress,
                    job: problem.job,
                },
            },
        }
    }
}

impl From<OptionsError> for ApiError {
    fn from(error: OptionsError) -> Self {
        match error {
            OptionsError::Request(error) => error.into(),
            OptionsError::Unsupported(ref option) => {
                Self::new(Code::RequestUnsupported, sentence(&error.to_string())).parameter(option.clone())
            }
            OptionsError::Bare(meant) => Self::new(Code::RequestUnknownParameter, sentence(&error.to_string()))
                .parameter(meant)
                .near([meant])
                .hint(format!("OData writes `{meant}`.")),
        }
    }
}

impl From<PathError> for ApiError {
    fn from(error: PathError) -> Self {
        let code = match &error {
            PathError::Unknown => Code::RequestUnknownPath,
            PathError::Unsupported(_) => Code::RequestUnsupported,
            PathError::BadKey(_) => Code::RequestBadParameter,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<BadToken> for ApiError {
    fn from(error: BadToken) -> Self {
        let code = match error {
            BadToken::Forged | BadToken::OfAnother => Code::RequestBadParameter,
            BadToken::Expired => Code::TableGone,
        };
        Self::new(code, format!("`$skiptoken` cannot be followed: {error}."))
            .parameter("$skiptoken")
            .hint("Use the address of the next page as it is, or begin again with the first page.")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{ApiError, Code};

    #[test]
    fn a_refusal_speaks_odata_with_our_code_and_its_own_options() {
        let error = ApiError::new(Code::RequestBadParameter, "`filter` cannot be read at character 3: it ends.")
            .parameter("filter")
            .hint("Did you mean `x`?")
            .near(["x"]);
        let said = serde_json::to_value(ODataProblem::from(error.problem())).unwrap();
        assert_eq!(
            said,
            json!({"error": {
                "code": "request_bad_parameter",
                "message": "`$filter` cannot be read at character 3: it ends. Did you mean `x`?",
                "target": "$filter",
                "innererror": {
                    "status": 400, "type": "/docs/errors#request_bad_parameter", "request_id": null, "near": ["x"],
                },
            }})
        );
    }
}
