//! What can be asked without a key and without the rooms behind.

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use rstest::rstest;
use serde_json::Value;

use super::*;

async fn ask(method: Method, path: &str, header: Option<(&'static str, String)>) -> ServiceResponse<impl MessageBody> {
    let app = init_service(
        App::new()
            .wrap(from_fn(crate::error::edge))
            .configure(crate::error::configure)
            .configure(|plain| public_and_admin(&mut ServiceConfig::new(plain))),
    )
    .await;
    let request = TestRequest::default().method(method).uri(path);
    let request = header.into_iter().fold(request, |request, header| request.insert_header(header));
    call_service(&app, request.to_request()).await
}

fn header<'a>(response: &'a ServiceResponse<impl MessageBody>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[rstest]
#[case("/docs/errors", "text/html; charset=utf-8")]
#[case("/docs/", "text/html; charset=utf-8")]
#[case("/docs/swagger-ui-bundle.js", "text/javascript")]
#[case("/docs/swagger-initializer.js", "text/javascript")]
#[case("/docs/swagger-ui.css", "text/css")]
#[case("/livez", "text/plain")]
#[actix_web::test]
async fn pages_without_data_need_no_key(#[case] path: &str, #[case] media_type: &str) {
    for method in [Method::GET, Method::HEAD] {
        let response = ask(method, path, None).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(header(&response, "content-type"), media_type);
    }
}

#[actix_web::test]
async fn the_page_to_try_it_asks_no_other_host() {
    let response = ask(Method::GET, "/docs/swagger-initializer.js", None).await;
    let script = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    assert!(script.contains("../openapi.json") && !script.contains("petstore"), "{script}");
    assert!(script.contains("\"validatorUrl\": \"none\""), "{script}");
    let response = ask(Method::GET, "/docs/", None).await;
    assert!(header(&response, "content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    let page = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
}

#[actix_web::test]
async fn docs_without_the_slash_leads_there_below_any_path() {
    let response = ask(Method::GET, "/docs", None).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (302, "docs/"));
}

#[actix_web::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let first = ask(Method::GET, "/docs/errors", None).await;
    let tag = header(&first, "etag").to_owned();
    let again = ask(Method::GET, "/docs/errors", Some(("If-None-Match", format!("\"other\", W/{tag}")))).await;
    assert_eq!(again.status().as_u16(), 304);
    assert!(read_body(again).await.is_empty());
    let other = ask(Method::GET, "/docs/errors", Some(("If-None-Match", "\"other\"".into()))).await;
    assert_eq!(other.status().as_u16(), 200);
}

#[rstest]
#[case(Method::GET, "/events.csv", 404, "request_unknown_path", "")]
#[case(Method::GET, "/docs/nothing.js", 404, "request_unknown_path", "")]
#[case(Method::GET, "/docs/../Cargo.toml", 404, "request_unknown_path", "")]
#[case(Method::GET, "/%FF%00", 404, "request_unknown_path", "")]
#[case(Method::POST, "/docs/errors", 405, "request_method", "GET, HEAD")]
#[case(Method::POST, "/docs/", 405, "request_method", "GET, HEAD")]
#[case(Method::DELETE, "/openapi.json", 405, "request_method", "GET, HEAD")]
#[case(Method::OPTIONS, "/docs", 405, "request_method", "GET, HEAD")]
#[case(Method::POST, "/livez", 405, "request_method", "GET, HEAD")]
#[actix_web::test]
async fn what_is_not_there_is_refused_in_our_shape(
    #[case] method: Method,
    #[case] path: &str,
    #[case] status: u16,
    #[case] code: &str,
    #[case] allow: &str,
) {
    let response = ask(method, path, None).await;
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    assert_eq!(header(&response, "allow"), allow);
    let body: Value = read_body_json(response).await;
    assert_eq!(body["code"], code);
}
