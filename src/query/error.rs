//! Why a plan could not be read, and the one place where the engine's errors are sorted into that.

use std::error::Error;
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::Limit;
use crate::request::RequestError;

/// What the engine says when all queries together came to the bound of their room on disk. It has no error of its own
/// for that.
const OVER_THE_BOUND: &str = "max_temp_directory_size";

/// Why a plan could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueryError {
    /// A stored file is missing or unreadable: the answer must not be taken for whole.
    #[error("a stored day could not be read")]
    Unreadable(#[source] Arc<DataFusionError>),
    /// Somebody has to make room: what a query keeps on disk meanwhile does not fit there.
    #[error("the disk has no room for what the query keeps there")]
    Full(#[source] Arc<DataFusionError>),
    /// Our own mistake in building the plan.
    #[error("the query could not be planned")]
    Planning(#[source] Arc<DataFusionError>),
    /// The caller asks for columns that there are not, or compares what cannot be compared.
    #[error(transparent)]
    Selection(#[from] RequestError),
    /// The caller's SQL cannot be run; the engine's own words.
    #[error("{0}")]
    Sql(String),
    /// More memory, time or rows than one query may take.
    #[error(transparent)]
    Limit(#[from] Limit),
    /// Others are at work, and the query would wait longer than one may work.
    #[error("other queries are at work, as many as there may be at once")]
    Busy,
}

impl QueryError {
    /// The engine's error by its cause. `said` is for what is the query's own fault.
    pub(super) fn sorted(error: DataFusionError, said: impl FnOnce(String) -> Self) -> Self {
        let kept_out = chain(&error).find_map(|cause| cause.downcast_ref::<io::Error>().and_then(no_room));
        match kept_out {
            Some(NoRoom::Disk) => return Self::Full(Arc::new(error)),
            Some(NoRoom::Bound) => return Self::Limit(Limit::Memory),
            None => {}
        }
        let message = match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => return Self::Limit(Limit::Memory),
            // A stored file that cannot be read also comes as an error of Arrow's.
            DataFusionError::ArrowError(error, _)
                if matches!(**error, ArrowError::ParquetError(_) | ArrowError::IoError(..)) =>
            {
                None
            }
            // Its own mistake, unless it calls the caller's so.
            DataFusionError::Internal(_) => {
                Some(error.find_root().strip_backtrace()).filter(|message| misfit(message).is_some())
            }
            // A pattern that is none, in several lines with a picture.
            DataFusionError::External(error) => {
                Some(error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" "))
            }
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Execution(_)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Collection(_)
            | DataFusionError::Configuration(_) => Some(error.find_root().strip_backtrace()),
            _ => None,
        };
        match message {
            Some(message) => said(first_line(&message)),
            None if matches!(error.find_root(), DataFusionError::Internal(_)) => Self::Planning(Arc::new(error)),
            None => Self::Unreadable(Arc::new(error)),
        }
    }
}

enum NoRoom {
    /// The disk has none left.
    Disk,
    /// Queries may take no more of it.
    Bound,
}

/// What kept rows from being written, if that did.
fn no_room(error: &io::Error) -> Option<NoRoom> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Some(NoRoom::Disk),
        io::ErrorKind::Other if error.to_string().contains(OVER_THE_BOUND) => Some(NoRoom::Bound),
        _ => None,
    }
}

/// The error and its causes. An `io::Error` made of another error names that one's cause as its own and leaves it out.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|error| error as &(dyn Error + 'static)).or_else(move || cause.source())
    })
}

/// The message without the name of the engine's part that it comes from.
fn first_line(message: &str) -> String {
    let parts = ["Schema error: ", "Arrow error: ", "Error during planning: ", "Execution error: ", "SQL error: "];
    let mut message = message;
    while let Some(rest) = parts.iter().find_map(|part| message.strip_prefix(part)) {
        message = rest;
    }
    if let Some(what) = too_large(message) {
        return format!(
            "a whole number of the query does not fit in 64 bits, or in the fewer that it was cast to ({what}); a decimal has \
             room for it: CAST(… AS DOUBLE) before it is added, multiplied or summed, or CAST(… AS DECIMAL(38, 0)), and \
             the result as TEXT for every digit"
        );
    }
    if let Some((function, kinds)) = mixed(message) {
        return format!("the function `{function}` does not take these types together: {kinds}; CAST makes them one");
    }
    if let Some((function, kind)) = misfit(message) {
        return match kind.parse::<usize>() {
            // How many, not what.
            Ok(_) => format!("the function `{function}` does not take these values"),
            Err(_) => format!("the function `{function}` does not take values of the type {kind}"),
        };
    }
    if message.contains("Cannot cast timezone to different timezone") {
        return "a time of the project's clock is made an instant, and that clock showed its hour twice or not at all, as \
                when summer time ends or begins; `event_time_utc` says which instant it was"
            .to_owned();
    }
    if message.contains("Physical plan does not support logical expression") && !message.contains("GroupingSet") {
        let part = if message.contains("ScalarSubquery(") { "a subquery" } else { "a column of the query around it" };
        return format!("{part} stands where it cannot be computed; a JOIN says the same");
    }
    if let Some(kind) = message.strip_prefix("[return_type] SUM not supported for ") {
        return format!("the function `sum` does not take values of the type {kind}");
    }
    message.lines().next().unwrap_or_default().chars().take(400).collect()
}

/// What left the 64 bits of a whole number, in Arrow's words: `1 + 2`, or the number itself.
fn too_large(message: &str) -> Option<&str> {
    // Other widths come from casts and from texts that begin with one.
    let narrow = || {
        let (number, kind) = message.strip_prefix("Cast error: Can't cast value ")?.split_once(" to type ")?;
        (kind.starts_with("Int") || kind.starts_with("UInt")).then_some(number)
    };
    let wide = || message.strip_prefix("Cast error: value of ")?.strip_suffix(" is out of range Int64");
    message.strip_prefix("Arithmetic overflow: Overflow happened on: ").or_else(wide).or_else(narrow)
}

/// A function that none of its forms fits, and what it was given. The engine lists all forms and calls it its own mistake.
fn misfit(message: &str) -> Option<(&str, &str)> {
    let (function, forms) =
        message.strip_prefix("Internal error: Function '")?.split_once("' failed to match any signature")?;
    let (_, given) = forms.split_once("but received ")?;
    Some((function, given.split([' ', ',', '.']).next()?))
}

/// A function whose values have no type in common, and their types.
fn mixed(message: &str) -> Option<(&str, &str)> {
    let (function, rest) = message.strip_prefix("Function '")?.split_once("' user-defined coercion failed")?;
    let (_, call) = rest.split_once("argument types '")?;
    let kinds = call.strip_prefix(function)?.strip_prefix('(')?.split_once(")'")?.0;
    Some((function, kinds))
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        Self::Planning(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the engine wraps what befalls a write of its own.
    fn while_spilling(error: io::Error) -> QueryError {
        let inner = io::Error::from(DataFusionError::IoError(error));
        let arrow = ArrowError::from(inner);
        QueryError::sorted(DataFusionError::from(arrow).context("spilling"), QueryError::Sql)
    }

    #[test]
    fn the_engines_words_become_ours() {
        for (engine, said) in [
            ("Cast error: value of 9223372036854775808 is out of range Int64", "was cast to (9223372036854775808)"),
            ("Arithmetic overflow: Overflow happened on: 1 + 2", "was cast to (1 + 2)"),
            (
                "Cast error: Cannot cast string 'x' to value of Int64 type",
                "Cast error: Cannot cast string 'x' to value of Int64 type",
            ),
            (
                "Internal error: Function 'sum' failed to match any signature, errors: Error during planning: Function \
                 'sum' requires Decimal, but received String (DataType: Utf8View).,Error during planning: …",
                "the function `sum` does not take values of the type String",
            ),
            ("Arrow error: Cast error: Cannot cast timezone to different timezone", "`event_time_utc` says which"),
            ("Schema error: No field named a.\nmore", "No field named a."),
            (
                "Execution error: Function 'coalesce' user-defined coercion failed with: Execution error: Fail to find the \
                 coerced type. No function matches the given name and argument types 'coalesce(Timestamp(µs), Utf8)'. You …",
                "the function `coalesce` does not take these types together: Timestamp(µs), Utf8; CAST makes them one",
            ),
        ] {
            assert!(first_line(engine).contains(said), "{engine}: {}", first_line(engine));
        }
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        for full in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge] {
            let sorted = while_spilling(full.into());
            assert!(matches!(sorted, QueryError::Full(_)), "{full}: {sorted:?}");
            let sorted = QueryError::sorted(DataFusionError::IoError(full.into()), QueryError::Sql);
            assert!(matches!(sorted, QueryError::Full(_)), "{full}: {sorted:?}");
        }
        for broken in [io::ErrorKind::PermissionDenied, io::ErrorKind::NotFound, io::ErrorKind::Other] {
            let sorted = while_spilling(broken.into());
            assert!(matches!(sorted, QueryError::Unreadable(_)), "{broken}: {sorted:?}");
        }
    }
}
