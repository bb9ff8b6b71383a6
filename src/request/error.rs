//! Why a request is refused before anything is asked of anybody.
//!
//! Each variant names the parameter it is about and, where one can be guessed, the nearest right word. Texts quote what
//! the caller wrote, shortened and without control characters.

use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("there is no parameter `{parameter}` here")]
    Unknown { parameter: String, near: Option<&'static str>, known: Vec<&'static str> },

    #[error("`{parameter}` stands in the request {times} times and takes one value")]
    Repeated { parameter: &'static str, times: usize },

    /// `why`: what it is for, in a sentence.
    #[error("`{parameter}` is missing. {why}")]
    Missing { parameter: &'static str, why: Cow<'static, str> },

    #[error("`{parameter}` cannot be `{value}`: {expected}")]
    BadValue { parameter: &'static str, value: String, expected: Cow<'static, str>, near: Option<String> },

    #[error("`{parameter}` and `{other}` contradict each other: {why}")]
    Contradiction { parameter: &'static str, other: &'static str, why: &'static str },

    /// A condition, an order or a list of columns. Positions count characters from 1.
    #[error("`{parameter}` cannot be read at character {position}: {why}")]
    Expression { parameter: &'static str, position: usize, why: String, near: Option<String> },

    /// OData has it, and we do not.
    #[error("`{parameter}` uses `{what}`, which is not implemented here")]
    Unserved { parameter: &'static str, what: String },

    /// The end of the period is not after its beginning.
    #[error("the period is empty: from `{from}`, {parameter} `{end}`")]
    Backwards { from: String, parameter: &'static str, end: String },

    #[error("the period has {days} days; one request may ask for {longest} at most")]
    PeriodTooLong { days: usize, longest: u32 },

    /// A `%` that does not begin two hexadecimal digits, or bytes that are not UTF-8. Positions count bytes from 0.
    #[error("the query string is not readable at byte {position}: {why}")]
    Encoding { position: usize, why: &'static str },

    #[error("the query string is too long: {what} {size}, at most {most} are read")]
    TooLong { what: &'static str, size: usize, most: usize },

    /// A body that is not UTF-8. Positions count bytes from 0.
    #[error("the body is not readable at byte {position}: it is not UTF-8")]
    BodyEncoding { position: usize },

    /// The JSON body cannot be read. Lines and columns count from 1.
    #[error("the body is not readable at line {line}, column {column}: {why}")]
    Body { line: usize, column: usize, why: String },
}

impl RequestError {
    /// The parameter it is about, when it is about one.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Unknown { parameter, .. } => Some(parameter),
            Self::Repeated { parameter, .. }
            | Self::Missing { parameter, .. }
            | Self::BadValue { parameter, .. }
            | Self::Contradiction { parameter, .. }
            | Self::Expression { parameter, .. }
            | Self::Unserved { parameter, .. }
            | Self::Backwards { parameter, .. } => Some(parameter),
            Self::PeriodTooLong { .. }
            | Self::Encoding { .. }
            | Self::TooLong { .. }
            | Self::BodyEncoding { .. }
            | Self::Body { .. } => None,
        }
    }

    /// The nearest right word, when there is one near enough.
    pub fn near(&self) -> Option<&str> {
        match self {
            Self::Unknown { near, .. } => *near,
            Self::BadValue { near, .. } | Self::Expression { near, .. } => near.as_deref(),
            _ => None,
        }
    }
}

/// What the caller wrote, fit to be quoted: at most 60 characters, no control characters.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut quoted: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        quoted.push('…');
    }
    quoted
}
