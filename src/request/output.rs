//! How the caller wants the cells written and delivered.

use crate::encode::{DateTimeStyle, Escape, Headers, Newlines, TextOptions};
use crate::request::RequestError;
use crate::request::parameters::Given;

/// The switches of the text formats, and whether a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct OutputOptions {
    pub text: TextOptions,
    pub delivery: Delivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Delivery {
    #[default]
    Inline,
    /// `Content-Disposition: attachment` with a speaking file name.
    Attachment,
}

pub(super) fn read(given: &Given) -> Result<OutputOptions, RequestError> {
    let delivery = match given.word("download")? {
        Some("1") => Delivery::Attachment,
        _ => Delivery::Inline,
    };
    let escape = match (given.word("escape")?, delivery) {
        (Some("formulas"), _) | (None, Delivery::Attachment) => Escape::Formulas,
        _ => Escape::None,
    };
    let text = TextOptions {
        headers: match given.word("headers")? {
            Some("source") => Headers::Source,
            _ => Headers::Name,
        },
        datetime: match given.word("datetime")? {
            Some("space") => DateTimeStyle::Space,
            _ => DateTimeStyle::Iso,
        },
        newlines: match given.word("newlines")? {
            Some("space") => Newlines::Space,
            _ => Newlines::Keep,
        },
        escape,
        bom: given.word("bom")? == Some("1"),
    };
    Ok(OutputOptions { text, delivery })
}
