//! `Range` and `If-Range` (RFC 9110, 14): one piece of a body whose length is known.
//!
//! Several pieces at once get the whole answer, which the RFC allows; so does what is not understood.

use std::ops;

use actix_web::http::Method;
use actix_web::http::header::{
    ByteRangeSpec, CONTENT_RANGE, ContentRange, ContentRangeSpec, EntityTag, IF_RANGE, RANGE, Range, TryIntoHeaderValue,
};
use actix_web::{HttpMessage, HttpRequest};

use super::facts::Validators;
use crate::encode::Coding;
use crate::error::{ApiError, Code};

pub(super) enum Part {
    Whole,
    Bytes {
        range: ops::Range<u64>,
        content_range: ContentRange,
    },
    /// No byte of it exists; the length there is.
    Beyond(u64),
}

/// The one piece that a GET asks for.
pub(super) fn asked(request: &HttpRequest) -> Option<ByteRangeSpec> {
    if request.method() != Method::GET || request.headers().get(RANGE)?.as_bytes().contains(&b',') {
        return None;
    }
    match request.get_header::<Range>()? {
        Range::Bytes(ranges) => ranges.into_iter().next(),
        Range::Unregistered(..) => None,
    }
}

/// What of a body of this length is to be sent.
pub(super) fn part(
    request: &HttpRequest,
    range: &ByteRangeSpec,
    length: u64,
    validators: &Validators,
    coding: Coding,
) -> Part {
    if !same_bytes(request, validators, coding) {
        return Part::Whole;
    }
    match range.to_satisfiable_range(length) {
        Some((first, last)) => Part::Bytes {
            range: first..last + 1,
            content_range: ContentRange(ContentRangeSpec::Bytes {
                range: Some((first, last)),
                instance_length: Some(length),
            }),
        },
        None => Part::Beyond(length),
    }
}

/// Whether `If-Range`, if there is one, names the bytes that are about to be sent.
fn same_bytes(request: &HttpRequest, validators: &Validators, coding: Coding) -> bool {
    let Some(named) = request.headers().get(IF_RANGE) else { return true };
    let Ok(named) = named.to_str() else { return false };
    if let Ok(tag) = named.parse::<EntityTag>() {
        return tag.strong_eq(&EntityTag::new_strong(validators.tag(coding).to_string()));
    }
    httpdate::parse_http_date(named).is_ok_and(|date| date == validators.modified())
}

pub(super) fn refusal(length: u64) -> ApiError {
    let detail = format!("The answer has {length} bytes, and the range begins after them.");
    let refusal = ApiError::new(Code::RequestRange, detail);
    let nothing = ContentRange(ContentRangeSpec::Bytes { range: None, instance_length: Some(length) });
    match nothing.try_into_value() {
        Ok(value) => refusal.header(CONTENT_RANGE, value),
        Err(_) => refusal,
    }
}
