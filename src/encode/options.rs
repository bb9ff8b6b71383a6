//! The switches a caller has over the text forms (`headers`, `datetime`, `newlines`, `escape`, `bom`, `shape`).
//!
//! They are part of what an answer's bytes depend on, hence of its cache key: everything here is `Hash` and `Eq`.

/// How cells and headers are written. The default is what a program wants to read; the rest is for spreadsheets.
///
/// JSON heeds `datetime` and `shape` only: its keys are always the column names (source paths need not be unique), and nothing
/// runs or splits a JSON text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TextOptions {
    pub headers: Headers,
    pub datetime: DateTimeStyle,
    pub newlines: Newlines,
    pub escape: Escape,
    /// A UTF-8 byte order mark before the CSV header.
    pub bom: bool,
    pub shape: Shape,
}

/// What stands around the rows of JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Nothing: one array.
    #[default]
    Rows,
    /// An object with the columns before the rows, and after them what is known of them as a whole.
    Envelope,
}

/// What the CSV header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Headers {
    /// Column names.
    #[default]
    Name,
    /// Full source paths.
    Source,
}

/// How timestamps are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DateTimeStyle {
    /// `2026-11-01T12:47:11`, with `Z` in UTC columns.
    #[default]
    Iso,
    /// `2026-11-01 12:47:11`, without `Z` in UTC columns too: the tools that need the blank read the cell as text
    /// when a letter follows.
    Space,
}

/// What becomes of line breaks inside CSV text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Newlines {
    #[default]
    Keep,
    /// CRLF, CR and LF become one space each.
    Space,
}

/// Whether CSV text that a spreadsheet would run gets a `'` in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Escape {
    #[default]
    None,
    /// Text cells and headers that start with `= + - @`, TAB or CR.
    Formulas,
}
