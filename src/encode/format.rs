//! The formats an answer can have: names, file extensions, media types.
//!
//! Adding one is a line in each table here, a line in [`rows`](super::rows) and a file beside this one.

/// A format of whole answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Csv,
    Json,
    Ndjson,
    Arrow,
    Parquet,
    Xlsx,
}

impl Format {
    /// All of them, in the order in which they are listed to a caller.
    pub const ALL: [Self; 6] = [Self::Csv, Self::Json, Self::Ndjson, Self::Arrow, Self::Parquet, Self::Xlsx];

    /// The name in URLs and messages, which is also the file extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
            Self::Xlsx => "xlsx",
        }
    }

    /// The `Content-Type` of an answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Whether it can only be read as a whole file: its reader jumps about in it, and its insides are packed already.
    /// The others are rows that can be read as they come.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Parquet | Self::Xlsx)
    }

    /// The format of an extension, written exactly as in [`Format::name`].
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == extension)
    }
}
