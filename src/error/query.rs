//! [`QueryError`] in codes.

use std::time::Duration;

use super::api_error::ApiError;
use super::code::Code;
use super::refusals::sentence;
use crate::query::QueryError;

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Unreadable(_) => {
                Self::new(Code::StoreUnavailable, Code::StoreUnavailable.entry().meaning).caused_by(error)
            }
            QueryError::Full(_) => {
                let detail = "The disk has no room for what the query keeps there while it works.";
                Self::new(Code::StoreFull, detail).caused_by(error)
            }
            QueryError::Planning(_) => Self::internal(error),
            QueryError::Selection(error) => error.into(),
            QueryError::Sql(said) => Self::new(Code::RequestBadSql, sentence(&said)),
            QueryError::Busy => {
                Self::new(Code::RequestTooMany, sentence(&error.to_string())).retry_after(Duration::from_secs(10))
            }
            QueryError::Limit(limit) => Self::new(Code::RequestQueryLimit, sentence(&limit.to_string())),
        }
    }
}
