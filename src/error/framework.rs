//! The framework's own refusals in our codes.

use actix_web::http::StatusCode;
use actix_web::web::{PathConfig, PayloadConfig, ServiceConfig};

use super::api_error::ApiError;
use super::code::{Code, Fault};
use super::refusals::sentence;
use crate::request::LONGEST_SQL;

/// The largest body of a request: a query in SQL, which as JSON can be twice as long.
const LARGEST_BODY: usize = 2 * LONGEST_SQL;

/// Bounds bodies, and makes a path that cannot be decoded an unknown one. Other extractors' refusals need nothing
/// here: [`super::edge`] gives them the code that fits their status.
pub fn configure(config: &mut ServiceConfig) {
    let unknown_path = PathConfig::default().error_handler(|_, _| of_status(StatusCode::NOT_FOUND).into());
    config.app_data(PayloadConfig::new(LARGEST_BODY)).app_data(unknown_path);
}

/// A refusal of the framework. Its text is shown when the caller can do something about it.
pub(super) fn of_error(error: &actix_web::Error) -> ApiError {
    let response = error.as_response_error();
    let refusal = of_status(response.status_code());
    let text = error.to_string();
    match refusal.code().entry().fault {
        Fault::Gateway => refusal.caused_by(text),
        Fault::Caller | Fault::CleverTap | Fault::Nobody if text.is_empty() => refusal,
        Fault::Caller | Fault::CleverTap | Fault::Nobody => ApiError::new(refusal.code(), sentence(&text)),
    }
}

/// An answer of which only the status is known.
pub(super) fn of_status(status: StatusCode) -> ApiError {
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::AuthMissing,
        StatusCode::FORBIDDEN => Code::AuthForbidden,
        StatusCode::NOT_FOUND => Code::RequestUnknownPath,
        StatusCode::METHOD_NOT_ALLOWED => Code::RequestMethod,
        StatusCode::NOT_ACCEPTABLE => Code::RequestNotAcceptable,
        StatusCode::PAYLOAD_TOO_LARGE => Code::RequestTooLarge,
        StatusCode::URI_TOO_LONG => Code::RequestUriTooLong,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::RequestMediaType,
        StatusCode::RANGE_NOT_SATISFIABLE => Code::RequestRange,
        StatusCode::TOO_MANY_REQUESTS => Code::RequestRateLimited,
        StatusCode::SERVICE_UNAVAILABLE => Code::RequestTooMany,
        other if other.is_client_error() => Code::RequestMalformed,
        _ => Code::Internal,
    };
    ApiError::new(code, code.entry().meaning)
}
