use super::*;
use crate::http::state::AppState;
use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use std::sync::Arc;

async fn ask(request: TestRequest) -> ServiceResponse<impl MessageBody> {
    let config =
        crate::config::Config::for_testing("http://127.0.0.1:1".parse().unwrap(), std::path::Path::new("/tmp/x"));
    let app = init_service(
        App::new()
            .wrap(from_fn(crate::error::edge))
            .wrap(tracing_actix_web::TracingLogger::default())
            .app_data(web::Data::new(AppState { config: Arc::new(config) }))
            .configure(crate::error::configure)
            .configure(|plain| public(&mut ServiceConfig::new(plain))),
    )
    .await;
    call_service(&app, request.to_request()).await
}

#[actix_web::test]
async fn show() {
    for (method, path, key, body) in [
        ("GET", "/v1", true, ""),
        ("GET", "/v1/", true, ""),
        ("HEAD", "/v1/", true, ""),
        ("GET", "/v1/", false, ""),
        ("GET", "/v1/?x=1", true, ""),
        ("POST", "/v1", false, ""),
        ("POST", "/v1", true, ""),
        ("GET", "/v1/nothing/x", false, ""),
        ("GET", "/v1/nothing/x", true, ""),
        ("GET", "/v1x", false, ""),
        ("GET", "/odata/x", false, ""),
        ("GET", "/v1/tables", true, ""),
        ("GET", "/v1/tables.csv?download=1", true, ""),
        ("GET", "/v1/tables.exe", true, ""),
        ("POST", "/v1/tables.csv", true, ""),
        ("GET", "/v1/tables/events/schema", true, ""),
        ("GET", "/v1/tables/event/schema.csv", true, ""),
        ("GET", "/v1/tables/events/schema.xls", true, ""),
        ("GET", "/v1/events.csv?event=A", false, ""),
        ("GET", "/v1/events.csv?event=A", true, ""),
        ("GET", "/v1/events.csv?evnt=A", true, ""),
        ("GET", "/v1/events.csv?event=A&range=last_7_day", true, ""),
        ("GET", "/v1/event.csv?event=A", true, ""),
        ("GET", "/v1/events.xls?event=A", true, ""),
        ("GET", "/v1/events?event=A", true, ""),
        ("DELETE", "/v1/events.csv", true, ""),
        ("GET", "/v1/a%2Fb.csv", true, ""),
        ("GET", "/v1/%FF.csv", true, ""),
        ("GET", "/v1/events.csv?event=%FF", true, ""),
        ("GET", "/v1/jobs", true, ""),
        ("GET", "/v1/jobs/xyz", true, ""),
        ("GET", "/v1/jobs/019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55", true, ""),
        ("GET", "/v1/refresh", true, ""),
        ("POST", "/v1/refresh", false, "{}"),
        ("POST", "/v1/refresh", true, "{}"),
        ("POST", "/v1/refresh", true, "{\"table\":\"events\",\"from\":\"2026-11-01\"}"),
        ("POST", "/v1/refresh", true, &"x".repeat(20_000)),
        ("GET", "/openapi.json", false, ""),
        ("GET", "/docs/", false, ""),
        ("GET", "/livez", false, ""),
    ] {
        let mut request =
            TestRequest::default().method(actix_web::http::Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        if key {
            request = request.insert_header(("x-api-key", "k"));
        }
        if !body.is_empty() {
            request = request.insert_header(("content-type", "application/json")).set_payload(body.to_owned());
        }
        let response = ask(request).await;
        let status = response.status();
        let names: Vec<String> = response
            .headers()
            .iter()
            .filter(|(n, _)| n.as_str() != "content-security-policy")
            .map(|(n, v)| format!("{n}={}", v.to_str().unwrap()))
            .collect();
        let text = String::from_utf8_lossy(&read_body(response).await).into_owned();
        println!(
            "{method} {path} key={key} -> {} {}\n    {}\n    {}",
            status.as_u16(),
            names.len(),
            names.join(" | "),
            text.chars().take(420).collect::<String>()
        );
    }
}
