//! What a caller may not see does not exist for them.

use flattap::simulator::{Endpoint, SimulatedAccount};
use reqwest::Method;
use serde_json::json;

use super::{DAY, add_key, lasting};
use crate::support::{Answer, Setup, TestGateway};

fn two_accounts() -> Setup {
    let mut setup = Setup::default().config(|config| {
        let mut other = config.accounts["main"].clone();
        other.account_id = "OTHER-ACCOUNT".to_owned();
        config.accounts.insert("other".to_owned(), other);
        add_key(config, "ft_main", |key| key.accounts = vec!["main".to_owned()]);
        add_key(config, "ft_app", |key| {
            key.accounts = vec!["m*".to_owned()];
            key.events = vec!["App *".to_owned()];
        });
        add_key(config, "ft_no_tables", |key| key.tables = vec!["nothing_*".to_owned()]);
        add_key(config, "ft_no_account", |key| key.accounts = Vec::new());
    });
    let passcode = setup.simulator.accounts[0].passcode.clone();
    let mut other = SimulatedAccount::new("OTHER-ACCOUNT", "");
    other.passcode = passcode;
    setup.simulator.accounts.push(other);
    setup
}

/// Two refusals that differ in nothing but the name that was asked for.
#[track_caller]
fn alike(foreign: &Answer, foreign_name: &str, unknown: &Answer, unknown_name: &str) {
    assert_eq!(foreign.status, unknown.status);
    let (foreign, unknown) = (lasting(foreign).to_string(), lasting(unknown).to_string());
    assert_eq!(foreign.replace(foreign_name, "X"), unknown.replace(unknown_name, "X"));
}

/// Waits until the event catalogue is at hand, asking for days that nobody would fetch.
async fn catalogue_is_known(gateway: &TestGateway, account: &str) {
    for _ in 0..200 {
        let path = format!("/v1/events.csv?event=Nothing&from=2026-12-01&to=2026-12-01&account={account}");
        if gateway.get(&path).await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the catalogue never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_account_is_refused_as_one_that_does_not_exist() {
    let gateway = TestGateway::with(two_accounts()).await;
    let ask = |account: &str| format!("/v1/events.csv?event=Charged&{DAY}&account={account}");
    let foreign = gateway.get_as("ft_main", &ask("other")).await;
    let problem = foreign.refused(404, "table_unknown_account");
    assert!(problem.get("near").is_none(), "{problem:#}");
    alike(&foreign, "other", &gateway.get_as("ft_main", &ask("osher")).await, "osher");
    gateway.get_as("ft_main", &format!("/v1/events.csv?event=Charged&{DAY}")).await.good();
    let needed = gateway.get(&format!("/v1/events.csv?event=Charged&{DAY}")).await;
    let problem = needed.refused(400, "request_missing_parameter");
    assert_eq!(problem["available"], json!(["main", "other"]));
    gateway.get_as("ft_no_account", &ask("main")).await.refused(404, "table_unknown_account");
    assert_ne!(gateway.get(&ask("main")).await.good().text(), gateway.get(&ask("other")).await.good().text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_table_is_refused_as_one_that_does_not_exist() {
    let gateway = TestGateway::with(two_accounts()).await;
    for suffix in [".csv?event=Charged", "?event=Charged", ".exe", ".csv?wrong=1"] {
        let foreign = gateway.get_as("ft_no_tables", &format!("/v1/events{suffix}")).await;
        let problem = foreign.refused(404, "table_unknown");
        assert!(problem.get("near").is_none() && problem.get("available").is_none(), "{problem:#}");
        let unknown = gateway.get_as("ft_no_tables", &format!("/v1/evenst{suffix}")).await;
        alike(&foreign, "events", &unknown, "evenst");
    }
    let schema = gateway.get_as("ft_no_tables", "/v1/tables/events/schema").await;
    alike(&schema, "events", &gateway.get_as("ft_no_tables", "/v1/tables/evenst/schema").await, "evenst");
    assert_eq!(gateway.get_as("ft_no_tables", "/v1/tables").await.good().json(), json!([]));
    let seen = gateway.get_as("ft_main", "/v1/tables").await.good().json();
    assert_eq!(seen[0]["table"], "events");
    assert_eq!(
        gateway.get_as("ft_main", "/v1/evnts.csv").await.refused(404, "table_unknown")["near"],
        json!(["events"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_event_is_refused_as_one_that_does_not_exist_and_never_hinted_at() {
    let gateway = TestGateway::with(two_accounts()).await;
    catalogue_is_known(&gateway, "main").await;
    let ask = |event: &str| format!("/v1/events.csv?event={event}&{DAY}&account=main");
    let known = gateway.get(&ask("Chargd")).await.refused(404, "table_unknown_event");
    assert_eq!(known["near"][0], "Charged", "{known:#}");
    let foreign = gateway.get_as("ft_app", &ask("Charged")).await;
    foreign.refused(404, "table_unknown_event");
    let unknown = gateway.get_as("ft_app", &ask("Chargxx")).await;
    alike(&foreign, "Charged", &unknown, "Chargxx");
    for text in [foreign.text(), gateway.get_as("ft_app", &ask("Chargd")).await.text()] {
        assert!(!text.replace("`Charged`", "").contains("Charged"), "{text}");
    }
    let near = gateway.get_as("ft_app", &ask("App%20Lunched")).await.refused(404, "table_unknown_event");
    assert!(near["near"].as_array().unwrap().iter().all(|name| name.as_str().unwrap().starts_with("App ")), "{near:#}");
    gateway.get_as("ft_app", &ask("App%20Launched")).await.good();
    let mixed = format!("/v1/events.csv?event=App%20Launched&event=Charged&{DAY}&account=main");
    let problem = gateway.get_as("ft_app", &mixed).await.refused(404, "table_unknown_event");
    assert!(problem["detail"].as_str().unwrap().contains("Charged"), "{problem:#}");
    gateway
        .get_as("ft_app", &format!("/v1/tables/events/schema?event=Charged&{DAY}"))
        .await
        .refused(404, "table_unknown_event");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_caller_was_answered_opens_nothing_for_another_who_asks_in_the_same_words() {
    let gateway = TestGateway::with(two_accounts()).await;
    let path = format!("/v1/events.csv?event=Charged&{DAY}&account=main");
    for _ in 0..2 {
        gateway.get(&path).await.good();
        gateway.get_as("ft_main", &path).await.good();
        gateway.get_as("ft_app", &path).await.refused(404, "table_unknown_event");
        gateway.get_as("ft_no_account", &path).await.refused(404, "table_unknown_account");
        gateway.get_as("ft_no_tables", &path).await.refused(404, "table_unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_what_a_caller_may_not_see_are_not_theirs_to_see() {
    let gateway = TestGateway::with(two_accounts()).await;
    gateway.get(&format!("/v1/events.csv?event=Charged&{DAY}&account=main")).await.good();
    let jobs = gateway.get_as("ft_main", "/v1/jobs").await.good().json();
    let id = jobs[0]["id"].as_str().unwrap().to_owned();
    for key in ["ft_app", "ft_no_tables", "ft_no_account"] {
        assert_eq!(gateway.get_as(key, "/v1/jobs").await.good().json(), json!([]), "{key}");
        let foreign = gateway.get_as(key, &format!("/v1/jobs/{id}")).await;
        foreign.refused(404, "table_unknown_job");
        let other = "019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55";
        alike(&foreign, &id, &gateway.get_as(key, &format!("/v1/jobs/{other}")).await, other);
    }
    gateway.get_as("ft_main", &format!("/v1/jobs/{id}")).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_again_needs_the_right_to_it() {
    let gateway = TestGateway::with(Setup::default().config(|config| {
        add_key(config, "ft_refresh", |key| {
            key.refresh = true;
            key.events = vec!["App *".to_owned()];
        });
    }))
    .await;
    let wish = |event: &str| json!({"table": "events", "event": event, "from": "2026-11-10", "to": "2026-11-10"});
    let post = |key: &str, wish| gateway.bare(Method::POST, "/v1/refresh").header("x-api-key", key).json(&wish);
    gateway
        .send(gateway.request(Method::POST, "/v1/refresh").json(&wish("Charged")))
        .await
        .refused(403, "auth_forbidden");
    gateway.send(gateway.request(Method::POST, "/v1/refresh").body("nonsense")).await.refused(403, "auth_forbidden");
    gateway.send(post("ft_refresh", wish("Charged"))).await.refused(404, "table_unknown_event");
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
    let accepted = gateway.send(post("ft_refresh", wish("App Launched"))).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    assert_eq!(accepted.header("location"), accepted.json()["url"].as_str().unwrap());
}
