//! [`UpstreamError`] in codes. CleverTap's own words are quoted; the client has shortened and cleaned them.

use super::api_error::ApiError;
use super::code::Code;
use crate::clevertap::UpstreamError;

impl From<UpstreamError> for ApiError {
    fn from(error: UpstreamError) -> Self {
        let code = match &error {
            UpstreamError::Unauthorized { .. } => Code::UpstreamUnauthorized,
            UpstreamError::Refused { .. } => Code::UpstreamRefused,
            UpstreamError::UnknownEvent { .. } => Code::TableUnknownEvent,
            UpstreamError::Malformed { .. } => Code::UpstreamMalformed,
            // The day was started again and again and never came to its end.
            UpstreamError::CursorLost { .. } | UpstreamError::Unavailable { .. } => Code::UpstreamUnavailable,
            UpstreamError::Overloaded { .. } => Code::UpstreamOverloaded,
            UpstreamError::TimedOut { .. } => Code::UpstreamTimeout,
            UpstreamError::BadSettings { .. } => return Self::internal(error),
        };
        let detail = match &error {
            UpstreamError::Unauthorized { said }
            | UpstreamError::Refused { said }
            | UpstreamError::UnknownEvent { said }
            | UpstreamError::Malformed { said, .. }
            | UpstreamError::CursorLost { said }
            | UpstreamError::Overloaded { said }
            | UpstreamError::Unavailable { said } => said_by_clevertap(said, code),
            UpstreamError::TimedOut { what } => format!("CleverTap did not answer in time: {what}."),
            UpstreamError::BadSettings { .. } => String::new(),
        };
        Self::new(code, detail).caused_by(error)
    }
}

fn said_by_clevertap(said: &str, code: Code) -> String {
    match said.trim() {
        "" => code.entry().meaning.to_owned(),
        said => format!("CleverTap said: {said}"),
    }
}
