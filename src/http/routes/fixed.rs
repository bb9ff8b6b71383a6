//! Answers that are the same for everybody until the next release: pages, scripts, the OpenAPI document.

use actix_web::http::header::{
    CACHE_CONTROL, ETAG, EntityTag, HeaderName, IF_NONE_MATCH, IfNoneMatch, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::header::{Header, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use twox_hash::XxHash3_128;

/// An answer with an ETag over its bytes, or 304 when the caller has them.
pub(super) struct Fixed {
    response: HttpResponseBuilder,
    body: Option<Bytes>,
}

pub(super) fn answer(request: &HttpRequest, media_type: &str, body: Bytes) -> Fixed {
    let tag = EntityTag::new_strong(format!("{:032x}", XxHash3_128::oneshot(&body)));
    let is_known = request.headers().contains_key(IF_NONE_MATCH)
        && match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
            Err(_) => false,
        };
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    if !is_known {
        response.content_type(media_type);
    }
    Fixed { response, body: (!is_known).then_some(body) }
}

impl Fixed {
    pub fn finish_with(mut self, headers: &[(HeaderName, &'static str)]) -> HttpResponse {
        for (name, value) in headers {
            self.response.insert_header((name.clone(), *value));
        }
        match self.body {
            Some(body) => self.response.body(body),
            None => self.response.finish(),
        }
    }
}
