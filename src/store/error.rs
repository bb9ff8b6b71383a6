//! What can go wrong with the store, as the decisions a caller can take, and the one place where the errors of the
//! libraries below are sorted into them.

use std::error::Error;
use std::io;
use std::sync::LazyLock;

use deltalake::DeltaTableError;
use regex::Regex;

/// Variants are decisions. Texts name paths and causes, never rows or credentials.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later; what is in memory may be served meanwhile.
    #[error("the store cannot be reached: {what}")]
    Unreachable { what: String },
    /// Somebody has to make room. Nothing was committed.
    #[error("no space is left: {what}")]
    DiskFull { what: String },
    /// The table cannot be read as it is; trying again does not help.
    #[error("the table in `{table}` is damaged or was changed by another program: {what}")]
    Corrupt { table: String, what: String },
    /// Another writer changed the table's columns in a way that does not fit. Take a fresh snapshot and do it again.
    #[error("the table in `{table}` was changed by another writer: {what}")]
    Conflict { table: String, what: String },
    /// The settings have to change: address, credentials, permissions, or a store that lacks what is needed.
    #[error("the store cannot be used as it is configured: {what}")]
    Unusable { what: String },
    /// A mistake in flattap.
    #[error("internal error of the store: {what}")]
    Internal { what: String },
}

impl StoreError {
    pub(super) fn internal(what: impl Into<String>) -> Self {
        Self::Internal { what: what.into() }
    }

    pub(super) fn corrupt(table: impl std::fmt::Display, what: impl Into<String>) -> Self {
        Self::Corrupt { table: table.to_string(), what: what.into() }
    }

    /// Sorts any error from below. `doing` says what was tried, as in "writing acc/events/charged-12".
    pub(super) fn sort(doing: impl std::fmt::Display, error: &(dyn Error + 'static)) -> Self {
        let what = format!("{doing}: {}", describe(error));
        for cause in chain(error) {
            if let Some(found) = cause.downcast_ref::<io::Error>().and_then(|io| by_io_kind(io.kind(), &what)) {
                return found;
            }
            if let Some(found) = cause.downcast_ref::<object_store::Error>().and_then(|store| by_store(store, &what)) {
                return found;
            }
        }
        // The kernel below `deltalake` hides the cause of its errors; only their text tells.
        if what.contains("No space left on device") || what.contains("Disk quota exceeded") {
            return Self::DiskFull { what };
        }
        if what.contains("interacting with object store") || chain(error).any(|cause| cause.is::<object_store::Error>())
        {
            return Self::Unreachable { what };
        }
        Self::Internal { what }
    }

    /// As [`StoreError::sort`], for what was met while reading a table: an unreadable log is a damaged table.
    pub(super) fn sort_read(table: impl std::fmt::Display, error: &(dyn Error + 'static)) -> Self {
        match Self::sort(format_args!("reading {table}"), error) {
            Self::Internal { .. } => Self::corrupt(table, describe(error)),
            sorted => sorted,
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::sort("using a local file", &error)
    }
}

/// Whether a commit failed only because somebody else was faster.
pub(super) fn lost_the_race(error: &DeltaTableError) -> bool {
    matches!(error, DeltaTableError::Transaction { .. } | DeltaTableError::VersionAlreadyExists(_))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        // An `io::Error` made of another error names that one's cause as its own and leaves it out.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|error| error as &(dyn Error + 'static)).or_else(|| cause.source());
        Some(cause)
    })
}

fn by_io_kind(kind: io::ErrorKind, what: &str) -> Option<StoreError> {
    let what = what.to_owned();
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Some(StoreError::DiskFull { what })
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory => {
            Some(StoreError::Unusable { what })
        }
        io::ErrorKind::TimedOut | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            Some(StoreError::Unreachable { what })
        }
        _ => None,
    }
}

fn by_store(error: &object_store::Error, what: &str) -> Option<StoreError> {
    let what = what.to_owned();
    match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. }
        | object_store::Error::NotImplemented { .. }
        | object_store::Error::NotSupported { .. }
        | object_store::Error::UnknownConfigurationKey { .. } => Some(StoreError::Unusable { what }),
        // Whoever was sure that it is there (a live file, a log entry) has found damage; `sort_read` says so.
        object_store::Error::NotFound { .. } | object_store::Error::InvalidPath { .. } => {
            Some(StoreError::Internal { what })
        }
        _ => None,
    }
}

/// The error and its causes in one line, without repetition. URLs lose their query: it can hold a signature.
fn describe(error: &(dyn Error + 'static)) -> String {
    static QUERY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\?[^\s"'()]*"#).ok());
    let mut text = String::new();
    for cause in chain(error) {
        let said = cause.to_string();
        let said = said.lines().next().unwrap_or_default();
        if !text.contains(said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(said);
        }
    }
    let text = match &*QUERY {
        Some(query) => query.replace_all(&text, "").into_owned(),
        None => text,
    };
    text.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl Error + Send + Sync + 'static) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: Box::new(source) }
    }

    #[test]
    fn a_full_disk_is_found_however_deep_it_is_wrapped() {
        let deep = DeltaTableError::from(generic(io::Error::from(io::ErrorKind::StorageFull)));
        assert!(matches!(StoreError::sort("writing", &deep), StoreError::DiskFull { .. }));
    }

    #[test]
    fn a_store_that_does_not_answer_is_unreachable_and_a_refusal_is_a_matter_of_settings() {
        let silent = generic(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(matches!(StoreError::sort("reading", &silent), StoreError::Unreachable { .. }));
        let refused = object_store::Error::PermissionDenied { path: "x".into(), source: "no".into() };
        assert!(matches!(StoreError::sort("reading", &refused), StoreError::Unusable { .. }));
    }

    #[test]
    fn a_refusal_is_recognised_inside_an_io_error() {
        let refused = object_store::Error::PermissionDenied { path: "x".into(), source: "no".into() };
        assert!(matches!(StoreError::from(io::Error::other(refused)), StoreError::Unusable { .. }));
    }

    #[test]
    fn a_signature_in_an_address_is_not_repeated() {
        let error = generic(io::Error::other("error sending request for url (https://x.net/c/k?sig=SECRET&se=1)"));
        let text = StoreError::sort("reading", &error).to_string();
        assert!(text.contains("https://x.net/c/k") && !text.contains("SECRET"), "{text}");
    }
}
