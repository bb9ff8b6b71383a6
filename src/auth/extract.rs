//! The half that speaks actix: credentials out of a request, `Granted` as a handler's argument, the 401's challenges.
//!
//! [`guard`] is the middleware for everything under `/v1` and `/odata`, unknown paths included: it may wait for an
//! identity provider's keys and answers a refusal before anything else of the request is looked at. Behind it (and
//! without it) the extractor is synchronous, so that no other extractor's refusal can come first.

use std::future::{Ready, ready};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use tracing_actix_web::RootSpan;

use super::authenticator::{AuthError, Authenticator};
use super::granted::Granted;
use super::shown::Shown;
use crate::error::ApiError;
use crate::telemetry::{ServerTiming, Stage, count_refused_credential};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

impl FromRequest for Granted {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorize(request).map_err(ApiError::from))
    }
}

/// Who sent this request. Judged once a request; notes the caller on the request's span.
pub fn authorize(request: &HttpRequest) -> Result<Granted, AuthError> {
    if let Some(granted) = request.extensions().get::<Granted>() {
        return Ok(granted.clone());
    }
    let authenticator = authenticator(request).ok_or(AuthError::NotWired)?;
    judge(request, authenticator, &shown(request, authenticator))
}

/// The middleware, for `actix_web::middleware::from_fn`: lets nobody by who does not prove themselves.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let judged = match authenticator(request.request()) {
        None => Err(AuthError::NotWired),
        Some(authenticator) => {
            let shown = shown(request.request(), authenticator);
            authenticator.prepare(&shown).await;
            judge(request.request(), authenticator, &shown)
        }
    };
    match judged {
        Ok(_) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(error) => {
            let challenges = challenges(request.headers());
            // The error travels with the answer: the outermost wrap says it again with the request's id.
            let mut response = request.error_response(ApiError::from(error));
            if response.status() == StatusCode::UNAUTHORIZED {
                for challenge in challenges {
                    response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
                }
            }
            Ok(response.map_into_right_body())
        }
    }
}

/// The values of `WWW-Authenticate` for this request's 401: Basic first, then Bearer. No Basic where a page's script
/// asks: the browser would open a dialog, and the page wait for it.
pub fn challenges(request: &HeaderMap) -> impl Iterator<Item = HeaderValue> + use<> {
    let may_open_dialog = request.get(SEC_FETCH_MODE).is_none_or(|mode| {
        mode.as_bytes().eq_ignore_ascii_case(b"navigate") || mode.as_bytes().eq_ignore_ascii_case(b"nested-navigate")
    });
    let basic = may_open_dialog.then(|| HeaderValue::from_static("Basic realm=\"flattap\", charset=\"UTF-8\""));
    basic.into_iter().chain([HeaderValue::from_static("Bearer realm=\"flattap\"")])
}

fn authenticator(request: &HttpRequest) -> Option<&Authenticator> {
    request.app_data::<web::Data<Authenticator>>().map(|data| data.get_ref())
}

fn shown(request: &HttpRequest, authenticator: &Authenticator) -> Shown {
    let mut shown = Shown::default();
    for value in request.headers().get_all(header::AUTHORIZATION) {
        shown.authorization(value.as_bytes());
    }
    for value in request.headers().get_all(API_KEY) {
        shown.api_key(value.as_bytes());
    }
    shown.query(request.query_string(), authenticator.takes_query_keys(request.match_info().as_str()));
    shown
}

fn judge(request: &HttpRequest, authenticator: &Authenticator, shown: &Shown) -> Result<Granted, AuthError> {
    let judged = ServerTiming::of(request).time(Stage::Auth, || authenticator.authenticate(shown));
    match &judged {
        Ok(granted) => {
            if let Some(span) = request.extensions().get::<RootSpan>() {
                span.record("caller", granted.caller());
            }
            request.extensions_mut().insert(granted.clone());
        }
        Err(error) => count_refused_credential(match error {
            AuthError::Missing { .. } => "missing",
            AuthError::Invalid { .. } => "invalid",
            AuthError::Ambiguous => "ambiguous",
            AuthError::KeysUnavailable => "keys_unavailable",
            AuthError::NotWired => "not_wired",
        }),
    }
    judged
}

#[cfg(test)]
mod tests;
