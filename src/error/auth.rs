//! [`AuthError`] in codes.

use super::api_error::ApiError;
use super::code::Code;
use crate::auth::AuthError;

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match &error {
            AuthError::Missing { query_key_ignored } => {
                let refusal = Self::new(Code::AuthMissing, "No credential was shown.");
                match query_key_ignored {
                    true => refusal.hint("This server takes no `api_key` in the address: send the key as a header."),
                    false => refusal,
                }
            }
            AuthError::Invalid { way, reason } => {
                Self::new(Code::AuthInvalid, format!("The credential in {} is not valid: {reason}.", way.name()))
            }
            AuthError::Ambiguous => Self::new(Code::AuthAmbiguous, "Two credentials of different callers were shown."),
            AuthError::KeysUnavailable => {
                Self::new(Code::AuthUnavailable, "The identity provider's keys are not at hand.").caused_by(error)
            }
            AuthError::NotWired => Self::internal(error),
        }
    }
}
