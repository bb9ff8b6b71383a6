//! What is to be written: which columns, in which format, with which switches.

use std::sync::Arc;

use jiff::Timestamp;

use super::{EntityFrame, Format, OutputColumn, TextOptions};

/// Everything an answer's bytes depend on besides its rows.
#[derive(Clone, Debug)]
pub struct Layout {
    pub format: Format,
    pub options: TextOptions,
    pub columns: Vec<OutputColumn>,
    pub about: About,
    /// Around the rows of JSON where they are entities of OData.
    pub entities: Option<Arc<EntityFrame>>,
}

/// What is known of the rows as a whole, for forms that say it in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// When the data was last checked against its source.
    pub as_of: Timestamp,
    /// Whether all rows that were asked for are there.
    pub complete: bool,
    /// The address of the rows that follow these.
    pub next: Option<String>,
}

impl Layout {
    /// Of rows that are all there is.
    pub fn new(format: Format, columns: Vec<OutputColumn>, options: TextOptions) -> Self {
        Self { format, options, columns, about: About::default(), entities: None }
    }
}

impl Default for About {
    fn default() -> Self {
        Self { as_of: Timestamp::UNIX_EPOCH, complete: true, next: None }
    }
}
