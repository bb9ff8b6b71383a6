//! The outermost wrap: every refusal leaves in our shape, with the request's id, and is logged once.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, web};
use tracing_actix_web::RequestId;
use uuid::Uuid;

use super::api_error::ApiError;
use super::code::Fault;
use super::problem::{self, Context, Face, MEDIA_TYPE, REQUEST_ID};
use super::{framework, odata};
use crate::http::links::{self, Links};

/// Middleware for `actix_web::middleware::from_fn`. It belongs inside the request log (which gives the id) and CORS,
/// and outside everything that answers; once more around CORS, whose refusals are others'. Reads `web::Data<Links>` of the application.
///
/// Refusals that are [`ApiError`] are said again with the request's id; any other answer of status 400 or above gets
/// the code that fits its status, and keeps its headers.
pub async fn edge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let context = Context {
        request_id: request.extensions().get::<RequestId>().and_then(|id| written(*id)),
        links: request.app_data::<web::Data<Links>>().map(|links| links.as_ref().clone()).unwrap_or_default(),
        // The decoded path, as the routes see it.
        face: match links::is_below(request.match_info().as_str(), "/odata") {
            true => Face::OData,
            false => Face::Tables,
        },
    };
    match next.call(request).await {
        Ok(response) => Ok(answer(response, context)),
        Err(error) => {
            // A refusal of another wrap: there is no request any more to hang the answer on.
            let refusal = match error.as_error::<ApiError>() {
                Some(refusal) => say(refusal, &context, None),
                None => say(&framework::of_error(&error), &context, None),
            };
            Err(InternalError::from_response(error, refusal).into())
        }
    }
}

/// The id as the value of a header.
fn written(id: RequestId) -> Option<HeaderValue> {
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).ok()
}

fn answer<B: MessageBody>(response: ServiceResponse<B>, context: Context) -> ServiceResponse<EitherBody<B>> {
    let Some(mut refusal) = refusal(&response, &context) else {
        let mut response = response;
        if let Some(id) = context.request_id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        if context.face == Face::OData {
            let (name, version) = odata::version();
            response.headers_mut().insert(name, version);
        }
        return response.map_into_left_body();
    };
    // Asked before any is taken over: a header with several values, such as the challenges of a 401, keeps them all.
    let said: Vec<_> = refusal.headers().keys().cloned().collect();
    for (name, value) in response.headers() {
        let of_the_old_body = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING].contains(name);
        if !of_the_old_body && !said.contains(name) {
            refusal.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.into_response(refusal).map_into_right_body()
}

/// What to say instead, or `None` when the answer is no refusal, or is one in our shape already.
fn refusal<B>(response: &ServiceResponse<B>, context: &Context) -> Option<HttpResponse> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let say = |refusal: &ApiError| say(refusal, context, response.request().match_pattern().as_deref());
    match response.response().error() {
        Some(error) => match error.as_error::<ApiError>() {
            Some(refusal) => Some(say(refusal)),
            None => Some(say(&framework::of_error(error))),
        },
        None => {
            let kind = response.headers().get(CONTENT_TYPE);
            let is_ours = kind.is_some_and(|kind| [MEDIA_TYPE, odata::MEDIA_TYPE].iter().any(|ours| kind == *ours));
            (!is_ours).then(|| say(&framework::of_status(status)))
        }
    }
}

fn say(refusal: &ApiError, context: &Context, route: Option<&str>) -> HttpResponse {
    log(refusal, route);
    problem::render(refusal, context)
}

/// One line per refusal. The span around it has the request's id.
fn log(refusal: &ApiError, route: Option<&str>) {
    let entry = refusal.code().entry();
    let cause = refusal.cause_chain();
    match entry.fault {
        Fault::Gateway => tracing::error!(
            error.code = entry.name,
            http.status = entry.status.as_u16(),
            http.route = route,
            error.cause = cause.as_deref().unwrap_or(refusal.detail()),
            "request failed"
        ),
        Fault::Caller | Fault::CleverTap | Fault::Nobody => tracing::info!(
            error.code = entry.name,
            http.status = entry.status.as_u16(),
            http.route = route,
            error.parameter = refusal.parts().parameter.as_deref(),
            error.cause = cause.as_deref(),
            "request refused"
        ),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Service;
    use actix_web::http::header::{ALLOW, RETRY_AFTER};
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, error};
    use serde_json::Value;

    use super::super::code::Code;
    use super::*;

    async fn ours() -> Result<&'static str, ApiError> {
        Err(ApiError::new(Code::UpstreamTimeout, "CleverTap slept."))
    }

    async fn bare() -> HttpResponse {
        HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET")).body("no")
    }

    async fn framework_error() -> Result<&'static str, actix_web::Error> {
        Err(error::ErrorInternalServerError("a secret path: /etc/passcode"))
    }

    async fn fine() -> &'static str {
        "fine"
    }

    async fn ask(path: &str) -> (ServiceResponse<EitherBody<actix_web::body::BoxBody>>, u16) {
        let app = init_service(
            App::new()
                .wrap(from_fn(edge))
                .wrap(tracing_actix_web::TracingLogger::default())
                .route("/ours", web::get().to(ours))
                .route("/bare", web::get().to(bare))
                .route("/framework", web::get().to(framework_error))
                .route("/fine", web::get().to(fine))
                .route("/json", web::get().to(|_: web::Json<Value>| async { "x" })),
        )
        .await;
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        let status = response.status().as_u16();
        (response.map_body(|_, body| EitherBody::left(actix_web::body::BoxBody::new(body))), status)
    }

    #[actix_web::test]
    async fn our_refusals_carry_the_id_of_the_request() {
        let (response, status) = ask("/ours").await;
        assert_eq!(status, 504);
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "30");
        let id = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
        let body: Value = read_body_json(response).await;
        assert_eq!(body["request_id"], Value::String(id));
        assert_eq!(body["detail"], "CleverTap slept.");
    }

    async fn doorkeeper(
        _: ServiceRequest,
        _: Next<actix_web::body::BoxBody>,
    ) -> Result<ServiceResponse, actix_web::Error> {
        Err(ApiError::new(Code::RequestTooMany, "Full.").into())
    }

    #[actix_web::test]
    async fn a_refusal_of_another_wrap_speaks_our_shape_too() {
        let app = App::new()
            .wrap(from_fn(doorkeeper))
            .wrap(from_fn(edge))
            .wrap(tracing_actix_web::TracingLogger::default())
            .route("/fine", web::get().to(fine));
        let app = init_service(app).await;
        let response = match app.call(TestRequest::get().uri("/fine").to_request()).await {
            Ok(_) => panic!("the doorkeeper let somebody in"),
            Err(error) => error.error_response(),
        };
        assert_eq!(response.status().as_u16(), 503);
        assert!(response.headers().contains_key("x-request-id") && response.headers().contains_key(RETRY_AFTER));
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["code"], body["request_id"].is_string()), (&Value::from("request_too_many"), true));
    }

    #[actix_web::test]
    async fn an_answer_that_is_none_carries_the_id_too() {
        let (response, status) = ask("/fine").await;
        assert_eq!(status, 200);
        assert!(response.headers().contains_key("x-request-id"));
    }

    #[actix_web::test]
    async fn refusals_of_the_framework_speak_our_shape_and_keep_their_headers() {
        for (path, expected, code) in [
            ("/bare", 405, "request_method"),
            ("/nothing", 404, "request_unknown_path"),
            ("/framework", 500, "internal"),
            ("/json", 400, "request_malformed"),
        ] {
            let (response, status) = ask(path).await;
            assert_eq!(status, expected, "{path}");
            assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), MEDIA_TYPE);
            if path == "/bare" {
                assert_eq!(response.headers().get(ALLOW).unwrap(), "GET");
            }
            let body: Value = read_body_json(response).await;
            assert_eq!(body["code"], code, "{path}");
            assert!(!body.to_string().contains("passcode"), "{body}");
        }
    }
}
