//! The formats an answer can have: names, file extensions, media types.
//!
//! Adding one is a line in each table here and a file beside this one.

/// A format of whole answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    /// All of them, in the order in which they are listed to a caller.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Json];

    /// The name in URLs and messages, which is also the file extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The `Content-Type` of an answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
        }
    }

    /// The format of an extension, written exactly as in [`Format::name`].
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == extension)
    }
}
