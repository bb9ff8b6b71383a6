//! The ways of showing a key, and 401 before anything else.

use flattap::config::TEST_KEY;
use jiff::civil::date;
use reqwest::{Method, StatusCode};

use super::{DAY, add_key};
use crate::support::{Answer, Setup, TestGateway};

const EXPIRED: &str = "ft_expired_key";

fn with_an_expired_key() -> Setup {
    Setup::default().config(|config| add_key(config, EXPIRED, |key| key.expires = Some(date(2026, 11, 22))))
}

#[track_caller]
fn turned_away(answer: &Answer, what: &str, code: Option<&str>) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {}", answer.text());
    let challenges: Vec<&str> =
        answer.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(challenges.len(), 2, "{what}: {challenges:?}");
    assert!(challenges[0].starts_with("Basic realm=") && challenges[1].starts_with("Bearer"), "{what}: {challenges:?}");
    answer.header("x-request-id");
    if let Some(code) = code {
        answer.refused(401, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_of_the_document_lets_anybody_in_without_a_valid_key() {
    let gateway = TestGateway::with(with_an_expired_key()).await;
    let document = gateway.send(gateway.bare(Method::GET, "/openapi.json")).await.good().json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path
                .replace("{table}", "events")
                .replace("{format}", "csv")
                .replace("{id}", "019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55");
            let ask = |query: &str| gateway.bare(method.clone(), &format!("{path}{query}"));
            for (what, request, code) in [
                ("no key", ask(""), "auth_missing"),
                ("no key, wrong parameters", ask("?nonsense=%zz&event=&event"), "auth_missing"),
                ("an empty bearer", ask("").header("authorization", "Bearer "), "auth_invalid"),
                ("a bare word", ask("").header("authorization", "Bearer"), "auth_invalid"),
                ("a wrong bearer", ask("").bearer_auth("ft_wrong"), "auth_invalid"),
                ("a wrong password", ask("").basic_auth("me", Some("ft_wrong")), "auth_invalid"),
                ("no password", ask("").basic_auth(TEST_KEY, None::<&str>), "auth_invalid"),
                ("a wrong header", ask("").header("x-api-key", "ft_wrong"), "auth_invalid"),
                // There a key in the address is no credential.
                (
                    "a wrong query key",
                    ask("?api_key=ft_wrong"),
                    if path.starts_with("/odata") { "auth_missing" } else { "auth_invalid" },
                ),
                ("an unknown scheme", ask("").header("authorization", "Digest username=x"), "auth_invalid"),
                ("an expired key", ask("").header("x-api-key", EXPIRED), "auth_invalid"),
                (
                    "a right key beside a wrong one",
                    ask("").header("x-api-key", "ft_wrong").bearer_auth(TEST_KEY),
                    "auth_invalid",
                ),
            ] {
                let answer = gateway.send(request).await;
                let code = (method != Method::HEAD).then_some(code);
                turned_away(&answer, &format!("{method} {path} with {what}"), code);
                tried += 1;
            }
        }
    }
    assert!(tried >= 100, "{tried}: the document hides its operations");
    assert_eq!(gateway.simulator.log().count(flattap::simulator::Endpoint::EventsOpen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_learns_nothing_else_whatever_is_wrong() {
    let gateway = TestGateway::start().await;
    for (method, path) in [
        ("GET", "/v1/nothing"),
        ("GET", "/v1/nothing.csv"),
        ("GET", "/v1/events.exe"),
        ("GET", "/v1/events.csv/deeper"),
        ("GET", "/v1/events.csv?event=%zz"),
        ("GET", "/v1/events.csv?event=Charged&account=none"),
        ("GET", "/v1/%FF"),
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("DELETE", "/v1/events.csv"),
        ("PATCH", "/v1/refresh"),
        ("GET", "/v1/refresh"),
        ("GET", "/odata"),
        ("GET", "/odata/$metadata"),
        ("GET", "/%76%31/events.csv?event=Charged"),
        ("GET", "/v%31/tables"),
        ("GET", "/%6fdata/x"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = gateway.send(gateway.bare(method.clone(), path)).await;
        turned_away(&answer, &format!("{method} {path}"), Some("auth_missing"));
    }
    let body = gateway.bare(Method::POST, "/v1/refresh").header("content-type", "text/plain").body("x".repeat(100_000));
    turned_away(&gateway.send(body).await, "a large body", Some("auth_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_asks_by_script_gets_no_challenge_that_opens_a_dialog() {
    let gateway = TestGateway::start().await;
    for mode in ["cors", "same-origin", "no-cors"] {
        let answer = gateway.send(gateway.bare(Method::GET, "/v1/tables").header("sec-fetch-mode", mode)).await;
        answer.refused(401, "auth_missing");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges.len(), 1, "{challenges:?}");
        assert!(challenges[0].to_str().unwrap().starts_with("Bearer"), "{challenges:?}");
    }
    let typed = gateway.bare(Method::GET, "/v1/tables").header("sec-fetch-mode", "navigate");
    turned_away(&gateway.send(typed).await, "an address typed by a person", Some("auth_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_showing_a_key_opens_the_same_table() {
    let gateway = TestGateway::start().await;
    let path = format!("/v1/events.csv?event=Charged&{DAY}");
    let expected = gateway.get(&path).await.good().text();
    let ask = |query: &str| gateway.bare(Method::GET, &format!("{path}{query}"));
    for (what, request) in [
        ("bearer", ask("").bearer_auth(TEST_KEY)),
        ("bearer, small letters", ask("").header("authorization", format!("bearer {TEST_KEY}"))),
        ("header", ask("").header("x-api-key", TEST_KEY)),
        ("basic", ask("").basic_auth("anybody", Some(TEST_KEY))),
        ("basic without a user", ask("").basic_auth("", Some(TEST_KEY))),
        ("query", ask(&format!("&api_key={TEST_KEY}"))),
        ("the same key in all places", ask(&format!("&api_key={TEST_KEY}")).basic_auth("x", Some(TEST_KEY))),
    ] {
        assert_eq!(gateway.send(request).await.good().text(), expected, "{what}");
    }
    for path in ["/v1", "/v1/"] {
        assert_eq!(gateway.get(path).await.good().json()["name"], "flattap");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keys_of_different_callers_are_ambiguous_and_nothing_else_is_judged() {
    let gateway = TestGateway::with(Setup::default().config(|config| add_key(config, "ft_other", |_| {}))).await;
    let both = |path: &str| gateway.bare(Method::GET, path).bearer_auth(TEST_KEY).header("x-api-key", "ft_other");
    for path in ["/v1/tables", "/v1/nothing?x=1", "/v1/events.csv?nonsense=1"] {
        gateway.send(both(path)).await.refused(400, "auth_ambiguous");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_the_address_can_be_turned_off() {
    let gateway = TestGateway::with(Setup::default().config(|config| config.server.key_in_query = false)).await;
    let answer = gateway.send(gateway.bare(Method::GET, &format!("/v1/tables?api_key={TEST_KEY}"))).await;
    let problem = answer.refused(401, "auth_missing");
    assert!(problem["hint"].as_str().unwrap().contains("header"), "{problem:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_on_its_last_day_and_not_after_it() {
    let gateway = TestGateway::with(Setup::default().config(|config| {
        add_key(config, "ft_today", |key| key.expires = Some(date(2026, 11, 23)));
    }))
    .await;
    gateway.get_as("ft_today", "/v1/tables").await.good();
    gateway.pass(crate::support::hours(24));
    gateway.get_as("ft_today", "/v1/tables").await.refused(401, "auth_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_no_data_needs_no_key() {
    let gateway = TestGateway::start().await;
    for path in ["/openapi.json", "/docs/", "/docs/errors"] {
        gateway.send(gateway.bare(Method::GET, path)).await.good();
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        gateway.send(gateway.bare(Method::GET, path)).await.refused(404, "request_unknown_path");
        gateway.send(gateway.client.get(format!("{}{path}", gateway.admin))).await.good();
    }
}
