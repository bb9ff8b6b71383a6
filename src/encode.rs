//! Which bytes is that? Record batches in, CSV or JSON out, compressed if wanted.
//!
//! It knows Arrow batches and bytes only: nothing of events, of HTTP, or of who asks. One file per format. A format of
//! rows is a `RowEncoder`, stateless between rows, so that several threads can write the batches of one answer while
//! their order is kept. Whoever wants bytes calls [`stream`] (large answers) or [`write()`] (small ones) and need not know
//! how a format is made. Which format and which options are wanted is decided elsewhere.

mod cells;
mod coding;
mod csv;
mod format;
mod json;
mod layout;
mod lent;
mod options;
mod pump;
mod rows;
mod scalars;
mod scan;
mod slices;
#[cfg(test)]
pub(crate) mod testing;
mod workers;

pub use coding::{Coding, compress};
pub use format::Format;
pub use layout::{About, Layout};
pub use options::{DateTimeStyle, Escape, Headers, Newlines, TextOptions};
pub use pump::{StreamError, stream};
pub use rows::write;
pub use workers::Workers;

use crate::table::ColumnType;

/// Raised whenever an encoder begins to write other bytes for the same rows and options: it enters every entity tag,
/// so that a download that was begun before an upgrade is not finished with bytes of another shape.
pub const GENERATION: u8 = 1;

/// One column of an answer, as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    pub name: String,
    /// The full source path of the schema page, e.g. `event_props.Payment mode`; for a column that has none, its name.
    pub source: String,
    pub kind: ColumnType,
}

/// Why rows could not be written. All of it is a fault of ours, none of it can be mended by asking differently.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("column `{column}` has the Arrow type {data_type}, for which there is no text form")]
    UnknownType { column: String, data_type: String },
    #[error("a batch has {found} columns where {announced} were announced")]
    ColumnCount { announced: usize, found: usize },
    #[error("the compressor failed: {0}")]
    Compression(#[from] std::io::Error),
    #[error("an encoding thread broke down")]
    Thread,
}
