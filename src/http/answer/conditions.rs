//! Conditional requests (RFC 9110, 13): is there anything to send at all?

use std::time::SystemTime;

use actix_web::http::Method;
use actix_web::http::header::{
    EntityTag, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, IfMatch, IfNoneMatch,
};
use actix_web::{HttpMessage, HttpRequest};

use super::facts::Validators;
use crate::encode::Coding;
use crate::http::compression::Agreed;

pub(super) enum Verdict {
    Proceed,
    /// The caller has these bytes, in this coding.
    NotModified(Coding),
    Failed,
}

/// Judges the preconditions, in the order of RFC 9110, 13.2.2.
///
/// A small answer is sent unpacked even if packing was agreed on, so the tags of both are the caller's to have.
pub(super) fn judge(request: &HttpRequest, validators: &Validators, agreed: Agreed) -> Verdict {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Verdict::Proceed;
    }
    let has = |coding: &Coding| *coding == agreed.coding || agreed.plain_allowed;
    let codings = || [agreed.coding, Coding::Identity].into_iter().filter(has);
    let tag = |coding| EntityTag::new_strong(validators.tag(coding).to_string());

    match request.get_header::<IfMatch>() {
        Some(IfMatch::Items(tags)) if !codings().any(|coding| tags.iter().any(|had| had.strong_eq(&tag(coding)))) => {
            return Verdict::Failed;
        }
        Some(_) => {}
        None if date(request, IF_UNMODIFIED_SINCE).is_some_and(|date| validators.modified() > date) => {
            return Verdict::Failed;
        }
        None => {}
    }
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => Verdict::NotModified(agreed.coding),
        Some(IfNoneMatch::Items(tags)) => codings()
            .find(|coding| tags.iter().any(|had| had.weak_eq(&tag(*coding))))
            .map_or(Verdict::Proceed, Verdict::NotModified),
        // A list that cannot be read is still one: the date is then not to be looked at.
        None if request.headers().contains_key(IF_NONE_MATCH) => Verdict::Proceed,
        None => match date(request, IF_MODIFIED_SINCE) {
            Some(date) if validators.modified() <= date => Verdict::NotModified(agreed.coding),
            _ => Verdict::Proceed,
        },
    }
}

/// A date that cannot be read counts as none.
fn date(request: &HttpRequest, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(request.headers().get(name)?.to_str().ok()?).ok()
}
