//! How the caller wants the cells written and delivered.

use crate::encode::{DateTimeStyle, Escape, Format, Headers, Newlines, Shape, TextOptions};
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

impl OutputOptions {
    /// Refuses what this format cannot do and its reader would miss. The other switches leave formats that are not
    /// meant alone.
    pub fn fit(&self, format: Format) -> Result<(), RequestError> {
        if self.text.shape == Shape::Rows || format == Format::Json {
            return Ok(());
        }
        Err(RequestError::BadValue {
            parameter: "shape",
            value: "envelope".to_owned(),
            expected: format!("only json has an envelope, and this answer is {}", format.name()).into(),
            near: None,
        })
    }
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
        shape: match given.word("shape")? {
            Some("envelope") => Shape::Envelope,
            _ => Shape::Rows,
        },
    };
    Ok(OutputOptions { text, delivery })
}
