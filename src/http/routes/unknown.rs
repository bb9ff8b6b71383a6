//! Addresses and methods that no handler takes.
//!
//! The framework guards whole resources by method, so a wrong method arrives here like an unknown address. Which of
//! the two it is, is read off the documented paths: they were collected from the same registrations as the handlers.

use std::sync::LazyLock;

use actix_web::dev::ResourceDef;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Granted;
use crate::error::ApiError;
use crate::http::links::is_below;
use crate::http::openapi;

/// Addresses that are served and not documented.
const BESIDE_THE_DOCUMENT: &[&str] = &["/v1", "/assets/{file}", "/connect/tableau", "/docs/{file}", "/docs/"];

/// On the BI listener. Below `/v1` and `/odata` whoever shows no valid key learns nothing but that.
pub(super) async fn public(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::of(super::public, BESIDE_THE_DOCUMENT));
    refuse(&KNOWN, &request).await
}

/// On a listener that is both.
pub(super) async fn public_and_admin(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::of(super::public_and_admin, BESIDE_THE_DOCUMENT));
    refuse(&KNOWN, &request).await
}

async fn refuse(known: &Known, request: &HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    if ["/v1", "/odata"].iter().any(|scope| is_below(request.path(), scope)) {
        Granted::extract(request).await?;
    }
    Err(known.refusal(request).into())
}

/// On the admin listener, where nobody has a key.
pub(super) async fn admin(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::of(super::admin, &[]));
    Err(KNOWN.refusal(&request))
}

/// The addresses of a listener with their methods.
struct Known(Vec<Address>);

struct Address {
    pattern: ResourceDef,
    /// Without variable parts: it goes before patterns that match it too.
    is_literal: bool,
    methods: Vec<&'static str>,
}

impl Known {
    /// `beside`: addresses outside the document, which are read only.
    fn of(register: fn(&mut ServiceConfig), beside: &[&'static str]) -> Self {
        let paths = openapi::paths_of(register);
        let documented = paths.paths.iter().map(|(path, item)| {
            let mut methods = Vec::new();
            if item.get.is_some() {
                methods.extend(["GET", "HEAD"]);
            }
            if item.post.is_some() {
                methods.push("POST");
            }
            (path.as_str(), methods)
        });
        let beside = beside.iter().map(|path| (*path, vec!["GET", "HEAD"]));
        let address = |(path, methods): (&str, _)| Address {
            pattern: ResourceDef::new(path),
            is_literal: !path.contains('{'),
            methods,
        };
        Self(documented.chain(beside).map(address).collect())
    }

    fn refusal(&self, request: &HttpRequest) -> ApiError {
        let path = request.path();
        let matching = || self.0.iter().filter(|address| address.pattern.is_match(path));
        let address = matching().find(|address| address.is_literal).or_else(|| matching().next());
        match address {
            Some(address) if !address.methods.contains(&request.method().as_str()) => {
                ApiError::method_not_allowed(request.method().as_str(), &address.methods.join(", "))
            }
            _ => ApiError::path_unknown(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::TestRequest;
    use rstest::rstest;

    use super::*;
    use crate::error::Code;

    #[rstest]
    #[case("POST", "/v1/events.csv", Some("GET, HEAD"))]
    #[case("PUT", "/v1/events", Some("GET, HEAD"))]
    #[case("POST", "/v1/", Some("GET, HEAD"))]
    #[case("POST", "/v1", Some("GET, HEAD"))]
    #[case("GET", "/v1/refresh", Some("POST"))]
    #[case("PATCH", "/v1/jobs/1", Some("GET, HEAD"))]
    #[case("POST", "/v1/tables/events/schema.csv", Some("GET, HEAD"))]
    #[case("GET", "/v1/events.csv/x", None)]
    #[case("GET", "/v2/events.csv", None)]
    #[case("POST", "/livez", None)]
    fn a_wrong_method_is_told_from_a_wrong_address(
        #[case] method: &str,
        #[case] path: &str,
        #[case] allowed: Option<&str>,
    ) {
        let known = Known::of(super::super::public, BESIDE_THE_DOCUMENT);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let refusal = known.refusal(&TestRequest::default().method(method).uri(path).to_http_request());
        match allowed {
            Some(allowed) => {
                assert_eq!(refusal.code(), Code::RequestMethod);
                let response = actix_web::ResponseError::error_response(&refusal);
                assert_eq!(response.headers().get("allow").unwrap(), allowed);
            }
            None => assert_eq!(refusal.code(), Code::RequestUnknownPath),
        }
    }

    #[test]
    fn what_is_below_a_scope_is_not_what_begins_like_it() {
        assert!(is_below("/v1", "/v1") && is_below("/v1/x", "/v1"));
        assert!(!is_below("/v1x", "/v1") && !is_below("/", "/v1"));
    }
}
