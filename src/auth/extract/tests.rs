//! The gate as a client meets it.

use actix_web::body::to_bytes;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse};
use rstest::rstest;
use serde::Deserialize;

use super::*;
use crate::config::{AuthConfig, Config, KeyConfig};
use crate::period::Clock;

#[derive(Deserialize)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct Wanted {
    top: u32,
}

async fn call(request: TestRequest) -> (StatusCode, Vec<String>, String) {
    let auth = AuthConfig {
        keys: vec![KeyConfig::all_seeing("alpha", "ft_alpha"), KeyConfig::all_seeing("beta", "ft_beta")],
        ..AuthConfig::default()
    };
    let authenticator = Authenticator::new(&Config { auth, ..Config::default() }, Clock::system()).unwrap();
    let guarded =
        |granted: Granted, _: web::Query<Wanted>| async move { HttpResponse::Ok().body(granted.caller().to_owned()) };
    let bare = |granted: Granted| async move { HttpResponse::Ok().body(granted.caller().to_owned()) };
    let app = init_service(
        App::new()
            .app_data(web::Data::new(authenticator))
            .service(web::scope("/v1").wrap(from_fn(guard)).route("/events", web::get().to(guarded)))
            .route("/bare", web::get().to(bare)),
    )
    .await;
    let response = call_service(&app, request.to_request()).await;
    let status = response.status();
    let challenges =
        response.headers().get_all("www-authenticate").map(|value| value.to_str().unwrap().to_owned()).collect();
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, challenges, String::from_utf8(body.to_vec()).unwrap())
}

const BASIC: &str = "Basic realm=\"flattap\", charset=\"UTF-8\"";
const BEARER: &str = "Bearer realm=\"flattap\"";

#[actix_web::test]
async fn a_key_reaches_the_handler_as_its_caller() {
    for request in [
        TestRequest::get().uri("/v1/events?top=1").insert_header(("Authorization", "Bearer ft_alpha")),
        TestRequest::get().uri("/v1/events?top=1").insert_header(("Authorization", "Basic OmZ0X2FscGhh")),
        TestRequest::get().uri("/v1/events?top=1").insert_header(("X-API-Key", "ft_alpha")),
        TestRequest::get().uri("/v1/events?top=1&api_key=ft_alpha"),
        TestRequest::get().uri("/bare?api_key=ft_alpha"),
    ] {
        let (status, _, body) = call(request).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "alpha"));
    }
}

#[rstest]
#[case("/v1/events?top=1")]
#[case("/v1/events?top=nonsense")]
#[case("/v1/events")]
#[case("/v1/no/such/path")]
#[actix_web::test]
async fn without_a_credential_the_answer_is_401_whatever_else_is_wrong(#[case] uri: &str) {
    let (status, challenges, _) = call(TestRequest::get().uri(uri)).await;
    assert_eq!((status, challenges), (StatusCode::UNAUTHORIZED, vec![BASIC.to_owned(), BEARER.to_owned()]));
    let (status, _, _) = call(TestRequest::post().uri(uri)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn with_a_credential_an_unknown_path_is_404() {
    let (status, _, _) = call(TestRequest::get().uri("/v1/no/such/path?api_key=ft_alpha")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn an_empty_bearer_is_401() {
    let (status, challenges, _) =
        call(TestRequest::get().uri("/v1/events?top=1").insert_header(("Authorization", "Bearer"))).await;
    assert_eq!((status, challenges.len()), (StatusCode::UNAUTHORIZED, 2));
}

#[actix_web::test]
async fn repeated_headers_are_all_looked_at() {
    let two = |second: &'static str| {
        TestRequest::get()
            .uri("/v1/events?top=1")
            .append_header(("X-API-Key", "ft_alpha"))
            .append_header(("X-API-Key", second))
    };
    assert_eq!(call(two("ft_alpha")).await.0, StatusCode::OK);
    assert_eq!(call(two("ft_wrong")).await.0, StatusCode::UNAUTHORIZED);
    let (status, challenges, _) = call(two("ft_beta")).await;
    assert_eq!((status, challenges.len()), (StatusCode::BAD_REQUEST, 0));
}

#[rstest]
#[case(None, true)]
#[case(Some("navigate"), true)]
#[case(Some("cors"), false)]
#[case(Some("same-origin"), false)]
#[case(Some("no-cors"), false)]
#[case(Some("anything"), false)]
fn a_pages_script_gets_no_dialog(#[case] mode: Option<&str>, #[case] dialog: bool) {
    let mut headers = HeaderMap::new();
    if let Some(mode) = mode {
        headers.insert(SEC_FETCH_MODE, HeaderValue::from_str(mode).unwrap());
    }
    let challenges: Vec<_> = challenges(&headers).collect();
    assert_eq!(challenges.len(), if dialog { 2 } else { 1 });
    assert_eq!(challenges[0] == BASIC, dialog);
    assert_eq!(challenges.last().unwrap(), BEARER);
}

#[actix_web::test]
async fn a_server_without_an_authenticator_lets_nobody_in() {
    let bare = |granted: Granted| async move { HttpResponse::Ok().body(granted.caller().to_owned()) };
    let app = init_service(App::new().route("/bare", web::get().to(bare))).await;
    let response = call_service(&app, TestRequest::get().uri("/bare").to_request()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
