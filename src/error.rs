//! STUB of this branch, so that it compiles: the error room's own version wins when the branches meet.
//!
//! What `auth` needs of the real one: `ApiError: ResponseError` and `From<AuthError>`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::auth::AuthError;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ApiError(AuthError);

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self(error)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self.0 {
            AuthError::Missing { .. } | AuthError::Invalid { .. } => StatusCode::UNAUTHORIZED,
            AuthError::Ambiguous => StatusCode::BAD_REQUEST,
            AuthError::KeysUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            AuthError::NotWired => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).body(self.to_string())
    }
}
