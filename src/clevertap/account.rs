//! One account's client: its connection, its slots, its secrets.

use std::fmt;
use std::sync::Arc;

use super::connection::Connection;
use super::error::UpstreamError;
use super::pacing::Pacing;
use super::quote::Quoting;
use super::tuning::Tuning;
use crate::config::Account;

/// The client of one account. Clones share its connections and its slots.
#[derive(Clone)]
pub struct CleverTap {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// The configured name, for logs and metrics.
    pub(super) name: Arc<str>,
    pub(super) connection: Connection,
    pub(super) pacing: Pacing,
    pub(super) quoting: Quoting,
    pub(super) tuning: Tuning,
}

impl CleverTap {
    /// `name` is the configured one (`[accounts.NAME]`). Asks nothing yet.
    ///
    /// Errors: [`UpstreamError::BadSettings`] when the settings cannot make a request.
    pub fn new(name: &str, account: &Account, tuning: Tuning) -> Result<Self, UpstreamError> {
        let name: Arc<str> = name.into();
        Ok(Self {
            inner: Arc::new(Inner {
                connection: Connection::new(account, &tuning)?,
                pacing: Pacing::new(Arc::clone(&name), account.concurrency, tuning.slot_recovery),
                quoting: Quoting::new(&account.account_id, &account.passcode),
                tuning,
                name,
            }),
        })
    }

    /// The configured name.
    pub fn account_name(&self) -> &str {
        &self.inner.name
    }
}

impl fmt::Debug for CleverTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CleverTap({} at {})", self.inner.name, self.inner.connection.host())
    }
}
