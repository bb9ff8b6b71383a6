//! Which bytes is that? Record batches in, CSV, JSON, Arrow, Parquet or a spreadsheet out, compressed if wanted.
//!
//! It knows Arrow batches and bytes only: nothing of events, of HTTP, or of who asks. One file per format. A format of
//! rows is a `RowEncoder`, stateless between rows, so that several threads can write the batches of one answer while
//! their order is kept; a format that is one file is a `FileEncoder` on a thread of its own. Whoever wants bytes calls [`stream`] (large answers) or [`write()`] (small ones) and need not know
//! how a format is made. Which format and which options are wanted is decided elsewhere.

mod arrow;
mod cells;
mod coding;
mod conform;
mod csv;
mod entities;
mod file;
mod format;
mod json;
mod layout;
mod lent;
mod options;
mod parquet;
mod pump;
mod rows;
mod scalars;
mod scan;
mod slices;
#[cfg(test)]
pub(crate) mod testing;
mod workers;
mod xlsx;

pub use coding::{Coding, compress};
pub use entities::EntityFrame;
pub use file::Scratch;
pub use format::Format;
pub use layout::{About, Layout};
pub use options::{DateTimeStyle, Escape, Headers, Newlines, Shape, TextOptions};
pub use pump::{StreamError, stream};
pub use rows::write;
pub use workers::Workers;

use crate::table::ColumnType;

/// Raised whenever an encoder begins to write other bytes for the same rows and options: it enters every entity tag,
/// so that a download that was begun before an upgrade is not finished with bytes of another shape. Where batches and
/// pieces are cut counts too: it shows in Arrow, Parquet and compressed bytes.
pub const GENERATION: u8 = 2;

/// One column of an answer, as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    pub name: String,
    /// The full source path of the schema page, e.g. `event_props.Payment mode`; for a column that has none, its name.
    pub source: String,
    pub kind: ColumnType,
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("column `{column}` has the Arrow type {data_type}, which cannot be written")]
    UnknownType { column: String, data_type: String },
    #[error("a batch has {found} columns where {announced} were announced")]
    ColumnCount { announced: usize, found: usize },
    #[error("the compressor failed: {0}")]
    Compression(#[from] std::io::Error),
    #[error("an encoding thread broke down")]
    Thread,
    #[error("the rows cannot be written as Arrow: {0}")]
    Arrow(#[from] ::arrow::error::ArrowError),
    #[error("the rows cannot be written as Parquet: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    #[error("the rows cannot be written as a spreadsheet: {0}")]
    Spreadsheet(rust_xlsxwriter::XlsxError),
    /// What is kept on disk meanwhile could not be.
    #[error("there is no room to write the rows")]
    Scratch(#[source] std::io::Error),
    /// The caller can mend it: another format, or fewer rows.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// The table does not fit the format. Nothing is ever cut to make it fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("A spreadsheet has at most {most} rows, and this table has more.")]
    Rows { most: u32 },
    #[error("A spreadsheet has at most {most} columns, and this table has {found}.")]
    Columns { most: usize, found: usize },
    /// Rows count from 1; 0 is the header.
    #[error(
        "A cell of a spreadsheet has at most {most} characters, and the text of `{column}` in row {row} is longer."
    )]
    Text { column: String, row: u64, most: usize },
}
