//! `where`: asked of CleverTap, kept apart, looked at again here.

use std::path::Path;

use flattap::config::{Config, KeyConfig};
use flattap::simulator::{Endpoint, Fault};
use jiff::civil::{Date, date};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Setup, TestGateway};

const FIRST: Date = date(2026, 11, 10);
const LAST: Date = date(2026, 11, 16);

fn asked(table: &str, condition: &Value) -> String {
    let condition = utf8_percent_encode(&condition.to_string(), NON_ALPHANUMERIC).to_string();
    format!("/v1/{table}.csv?event=Charged&from={FIRST}&to={LAST}&where={condition}")
}

fn paid_with(mode: &str) -> Value {
    json!({"event_properties": [{"name": "Payment mode", "operator": "equals", "value": mode}]})
}

/// How many charges were paid so.
fn truth(gateway: &TestGateway, mode: &str) -> usize {
    let is_it = |record: &String| {
        serde_json::from_str::<Value>(record).unwrap()["event_props"]["Payment mode"].as_str() == Some(mode)
    };
    gateway.records("Charged", FIRST, LAST).iter().filter(|record| is_it(record)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_chooses_rows_and_is_kept_apart_from_other_conditions() {
    let mut gateway = TestGateway::start().await;
    let (upi, paypal) = (truth(&gateway, "UPI"), truth(&gateway, "PayPal"));
    assert!(upi > 0 && paypal > 0 && upi != paypal, "{upi} {paypal}");
    let rows = async |gateway: &TestGateway, table: &str, condition: &Value| {
        gateway.get(&asked(table, condition)).await.good().csv().rows
    };
    let found = rows(&gateway, "events", &paid_with("UPI")).await;
    assert_eq!(found.len(), upi);
    assert!(found.iter().all(|row| row["prop_payment_mode"] == "UPI"));
    assert_eq!(rows(&gateway, "events", &paid_with("PayPal")).await.len(), paypal);
    let counted = rows(&gateway, "event_counts", &paid_with("UPI")).await;
    assert_eq!(counted[0]["count"], upi.to_string());
    let all = gateway.get(&format!("/v1/events.csv?event=Charged&from={FIRST}&to={LAST}")).await.good().csv();
    assert_eq!(all.rows.len(), gateway.records("Charged", FIRST, LAST).len(), "the whole is not the chosen");

    let walks = gateway.simulator.log().count(Endpoint::EventsOpen);
    gateway.restart().await;
    let reordered = json!({"event_properties": [{"value": "UPI", "operator": "equals", "name": "Payment mode"}]});
    assert_eq!(rows(&gateway, "events", &reordered).await, found, "the same question in other words");
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), walks, "and kept");
    let ids: Vec<_> = found.iter().map(|row| &row["row_id"]).collect();
    assert!(
        ids.iter().all(|id| all.rows.iter().any(|row| row["row_id"] == **id)),
        "rows are who they are in the whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_is_called_like_a_condition_is_not_taken_for_one() {
    let gateway = TestGateway::start().await;
    let condition = paid_with("UPI");
    let hash = hex::encode(Sha256::digest(condition.to_string()));
    let path = format!("/v1/event_trends.csv?event=Charged&from={FIRST}&to={LAST}&sum=Quantity%20of%20nothing");
    let odd = format!("{path}%26where%3D{hash}");
    let conditioned = format!("{path}&where={}", utf8_percent_encode(&condition.to_string(), NON_ALPHANUMERIC));
    let asked = async |path: &str| {
        let before = gateway.simulator.log().count(Endpoint::TrendsOpen);
        gateway.get(path).await;
        gateway.simulator.log().count(Endpoint::TrendsOpen) - before
    };
    assert_eq!((asked(&odd).await, asked(&conditioned).await), (1, 1), "two questions are asked and kept");
    assert_eq!((asked(&odd).await, asked(&conditioned).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clevertap_ignores_is_looked_at_again_here() {
    let gateway = TestGateway::start().await;
    // The cursor of a walk that was opened without the condition: what an ignored condition comes to.
    let account = &gateway.simulator.config().accounts[0];
    let opened = gateway
        .client
        .post(format!(
            "{}/1/events.json?batch_size=4991&app=true&events=false&profile=true",
            gateway.simulator.base_url()
        ))
        .header("X-CleverTap-Account-Id", &account.account_id)
        .header("X-CleverTap-Passcode", account.passcode.expose_secret())
        .header("Content-Type", "application/json")
        .body(json!({"event_name": "Charged", "from": 20_261_112, "to": 20_261_112}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(opened.status(), 200);
    let body = opened.bytes().await.unwrap().to_vec();
    gateway.simulator.faults().next(Endpoint::EventsOpen, Fault::Answer { status: 200, body });

    let day = date(2026, 11, 12);
    let path = asked("events", &paid_with("UPI")).replace(&FIRST.to_string(), "2026-11-12");
    let found = gateway.get(&path.replace(&LAST.to_string(), "2026-11-12")).await.good().csv().rows;
    assert_eq!(gateway.simulator.faults().played(), 1);
    let is_it = |record: &String| record.contains(r#""Payment mode":"UPI""#);
    let all = gateway.records("Charged", day, day);
    let expected = all.iter().filter(|record| is_it(record)).count();
    assert!(0 < expected && expected < all.len());
    assert_eq!(found.len(), expected);
    assert!(found.iter().all(|row| row["prop_payment_mode"] == "UPI"), "rows that do not match are no answer");

    let misspelt = json!({"event_properties": [{"name": "Payment mode", "operator": "equalz", "value": "UPI"}]});
    let refused = gateway.get(&asked("events", &misspelt)).await;
    assert_eq!(refused.refused(400, "request_bad_parameter")["near"], json!(["equals"]));
}

/// Every text below a folder whose name says that it is of a table's log.
fn logs(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        match path.is_dir() {
            true => text += &logs(&path),
            false if path.extension().is_some_and(|extension| extension == "json") => {
                text += &std::fs::read_to_string(path).unwrap();
            }
            false => {}
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_does_not_tell_who_was_asked_for() {
    let gateway = TestGateway::start().await;
    let nobody = "nobody.at.all@example.com";
    let by_email = json!({"common_profile_properties":
        {"profile_fields": [{"name": "Email", "operator": "equals", "value": nobody}]}});
    for table in ["events", "event_counts", "event_trends", "profile_counts", "profiles", "profile_devices"] {
        gateway.get(&asked(table, &by_email)).await.good();
    }
    for way in ["identity", "email", "object_id"] {
        gateway.get(&format!("/v1/profile.csv?{way}={nobody}")).await.good();
    }
    let logs = logs(gateway.store());
    assert!(logs.contains("flattap.part") && logs.contains("where="), "otherwise this test tells nothing");
    assert!(!logs.contains("nobody"), "it stands in a log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_makes_no_sense_is_refused_before_anything_is_asked() {
    let gateway = TestGateway::start().await;
    for wrong in ["{", "[]", "7", r#"{"events":[]}"#, r#"{"event_properties":{}}"#] {
        let encoded = utf8_percent_encode(wrong, NON_ALPHANUMERIC);
        let path = format!("/v1/events.csv?event=Charged&from={FIRST}&to={LAST}&where={encoded}");
        let answer = gateway.get(&path).await;
        assert_eq!(answer.status.as_u16(), 400, "{wrong}: {}", answer.text());
        assert_eq!(answer.json()["parameter"], "where", "{wrong}: {}", answer.text());
    }
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_value_may_not_ask_by_it() {
    let gateway = TestGateway::with(Setup::default().config(|config: &mut Config| {
        config.auth.keys.push(KeyConfig::all_seeing("hashed", "ft_hashed"));
        config.auth.keys[1].pii = flattap::config::PiiMode::Hash;
    }))
    .await;
    let by_email = json!({"common_profile_properties":
        {"profile_fields": [{"name": "Email", "operator": "equals", "value": "ana@example.com"}]}});
    for table in ["events", "event_counts", "profile_counts", "profiles"] {
        let url = format!("{}{}", gateway.base, asked(table, &by_email));
        let answer = gateway.send(gateway.client.get(url).header("x-api-key", "ft_hashed")).await;
        answer.refused(403, "auth_forbidden");
        let clear = gateway.get(&asked(table, &by_email)).await;
        assert_eq!(clear.status.as_u16(), 200, "{table}: {}", clear.text());
    }
    // A sum over the one row that a condition leaves is the value itself.
    for (property, status) in [("CT%20Latitude", 403), ("Amount", 200)] {
        let path = format!("/v1/event_trends.csv?event=Charged&from={FIRST}&to={LAST}&sum={property}");
        let url = format!("{}{path}", gateway.base);
        let answer = gateway.send(gateway.client.get(url).header("x-api-key", "ft_hashed")).await;
        assert_eq!(answer.status.as_u16(), status, "{property}: {}", answer.text());
        assert_eq!(gateway.get(&path).await.status.as_u16(), 200, "{property}");
    }
}
