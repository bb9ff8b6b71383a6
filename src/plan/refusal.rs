//! Why a request cannot be planned. Each variant is one answer to the caller; the edge gives it a code.

use crate::request::RequestError;

/// A refusal that cost CleverTap nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("there is no account `{asked}`")]
    UnknownAccount { asked: String, near: Vec<String> },
    /// The caller sees no account at all.
    #[error("there is no account that this key may read")]
    NoAccount,
    #[error("`account` is needed, because this key may read several: {}", visible.join(", "))]
    AccountNeeded { visible: Vec<String> },
    /// Who may not see a property in clear must not learn it from which rows a condition on it leaves.
    #[error("`where` puts a condition on `{property}`, which is personal, and this key does not see it in clear")]
    PersonalCondition { property: String },
    /// The sum over one row is its value.
    #[error("`sum` adds up `{property}`, which is personal, and this key does not see it in clear")]
    PersonalSum { property: String },
    #[error(transparent)]
    Sql(super::SqlError),
    #[error("there is no event `{asked}`")]
    UnknownEvent { asked: String, near: Vec<String> },
}

impl PlanError {
    pub(super) fn unknown_account(asked: &str) -> Self {
        Self::UnknownAccount { asked: asked.to_owned(), near: Vec::new() }
    }
}
