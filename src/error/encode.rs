//! [`EncodeError`] in codes.

use std::io;

use super::api_error::ApiError;
use super::code::Code;
use crate::encode::EncodeError;

impl From<EncodeError> for ApiError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Unfit(unfit) => Self::new(Code::TableUnfit, unfit.to_string()),
            EncodeError::Scratch(error) => Self::of_disk(error),
            other => Self::internal(other),
        }
    }
}

impl ApiError {
    /// An answer, or a part of it, could not be written to disk.
    pub fn of_disk(error: io::Error) -> Self {
        // Whoever counts the room may have said it in full already.
        let error = match error.downcast::<Self>() {
            Ok(said) => return said,
            Err(error) => error,
        };
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        if full {
            Self::new(Code::StoreFull, "The disk has no room for this answer.").caused_by(error)
        } else {
            Self::new(Code::StoreUnavailable, "This answer cannot be written to disk.").caused_by(error)
        }
    }
}
