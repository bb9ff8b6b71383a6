//! What can be wrong with a page, a column contract or rows kept aside, as decisions for the caller.
//!
//! No text here ever holds a value of a record: positions and reasons only.

use arrow::error::ArrowError;

/// Columns a table can have; a project has at most 256 properties per event, so more is a fault or an attack.
pub const MAX_COLUMNS: usize = 4_096;
/// Different days one walk can hold: 27 years.
pub const MAX_DAYS: usize = 10_000;
/// Levels of nesting a record can have, the record itself included.
pub const MAX_DEPTH: u32 = 128;

#[derive(Debug, thiserror::Error)]
pub enum FlattenError {
    /// The page is not a JSON array: it was cut or is something else. Asking again may help.
    #[error("the page is not a JSON array of records (byte {at})")]
    NotAnArray { at: usize },
    /// One record cannot be read; `record` counts from 0 within the page. Asking again may help.
    #[error("record {record} of the page {fault}")]
    Record { record: usize, fault: RecordFault },
    #[error("the event has more than {MAX_COLUMNS} different properties, which is more than a table can hold")]
    TooManyColumns,
    #[error("the pages hold events of more than {MAX_DAYS} different days")]
    TooManyDays,
    /// `assemble` was given a contract that has not grown with what these rows hold.
    #[error("the column contract does not know what to do with the values of `{0}`")]
    Unsettled(String),
    /// A value of a fixed column is not of that column's type: whoever wrote the record is wrong.
    #[error("a value of the column `{0}` is not of its type")]
    Misfit(String),
    /// Not a batch made by `Flattener::page`, or one that was damaged while it was kept aside.
    #[error("rows kept aside cannot be read: {0}")]
    Damaged(&'static str),
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

impl FlattenError {
    /// Whether the page is not what it should be as text: no JSON, or no array.
    pub fn is_of_the_text(&self) -> bool {
        use RecordFault::{NotJson, NotUtf8};
        matches!(self, Self::NotAnArray { .. } | Self::Record { fault: NotJson { .. } | NotUtf8 { .. }, .. })
    }
}

/// Why a record is refused. A refused record refuses its page: leaving it out would lose it silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    #[error("is not valid JSON (byte {at} of the page)")]
    NotJson { at: usize },
    #[error("is not valid UTF-8 (byte {at} of the page)")]
    NotUtf8 { at: usize },
    #[error("is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("is not a JSON object")]
    NotAnObject,
    #[error("has a `key` that is not 32 hexadecimal digits")]
    UnreadableKey,
    #[error("is of a person without an identity and without a device id")]
    Nobody,
    #[error("is of a day, week or month that cannot be read")]
    UnreadablePeriod,
    #[error("has no `ts`")]
    NoTime,
    #[error("has a `ts` that is no time: 14 digits (YYYYMMDDhhmmss), 10 (seconds) or 13 (milliseconds) are")]
    UnreadableTime,
}
