//! People: one reading of the profiles fills three tables, and is replaced as a whole.

use std::collections::BTreeMap;

use flattap::simulator::Endpoint;
use jiff::civil::{Date, date};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::support::{Rows, TestGateway, hours};

const FIRST: Date = date(2026, 11, 9);
const LAST: Date = date(2026, 11, 15);

fn asked(table: &str) -> String {
    format!("/v1/{table}.csv?event=Charged&from={FIRST}&to={LAST}")
}

/// The profiles as CleverTap has them, by the id we give them.
fn people(gateway: &TestGateway) -> BTreeMap<String, Value> {
    let records = gateway.simulator.people("Charged", FIRST, LAST);
    records
        .iter()
        .map(|record| {
            let record: Value = serde_json::from_str(record).unwrap();
            let devices = record["platformInfo"].as_array().cloned().unwrap_or_default();
            let id = [&record["identity"], &record["objectId"]]
                .into_iter()
                .chain(devices.iter().map(|device| &device["objectId"]))
                .find_map(text)
                .expect("somebody");
            (id, record)
        })
        .collect()
}

/// A scalar as a cell shows it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn by_id(rows: &Rows) -> BTreeMap<String, Vec<&BTreeMap<String, String>>> {
    let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for row in &rows.rows {
        found.entry(row["profile_id"].clone()).or_default().push(row);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reading_of_the_profiles_makes_three_tables_that_agree_with_it() {
    let mut gateway = TestGateway::start().await;
    let expected = people(&gateway);
    assert!(expected.len() > 10);
    let profiles = gateway.get(&asked("profiles")).await.good();
    let walks = gateway.simulator.log().count(Endpoint::ProfilesOpen);
    assert_eq!(walks, 1);
    let devices = gateway.get(&asked("profile_devices")).await.good();
    let events = gateway.get(&asked("profile_events")).await.good();
    assert_eq!(gateway.simulator.log().count(Endpoint::ProfilesOpen), walks, "made of what is kept");

    let rows = profiles.csv();
    assert_eq!(rows.rows.len(), expected.len());
    for row in &rows.rows {
        let person = &expected[&row["profile_id"]];
        for column in ["identity", "email", "phone", "name"] {
            let given = text(&person[column]).or_else(|| text(&person["profileData"][column]).filter(|_| false));
            assert_eq!(row.get(column), given.as_ref(), "{column} of {person:#}");
        }
        let data = person["profileData"].as_object().cloned().unwrap_or_default();
        for (key, value) in &data {
            if let Value::String(text) = value
                && let Some(seconds) = text.strip_prefix("$D_").and_then(|digits| digits.parse::<i64>().ok())
            {
                let time = jiff::Timestamp::from_second(seconds).unwrap().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                assert!(row.values().any(|cell| *cell == time), "{key} of {row:#?}");
            }
        }
    }
    let by_person = by_id(&devices.csv()).into_iter().map(|(id, rows)| (id, rows.len())).collect::<BTreeMap<_, _>>();
    let held = |person: &Value| person["platformInfo"].as_array().map_or(0, Vec::len);
    let wanted: BTreeMap<_, _> =
        expected.iter().map(|(id, person)| (id.clone(), held(person))).filter(|(_, count)| *count > 0).collect();
    assert_eq!(by_person, wanted);
    let table = devices.csv();
    for row in &table.rows {
        let index: usize = row["device_index"].parse().unwrap();
        let device = &expected[&row["profile_id"]]["platformInfo"][index];
        assert_eq!(row.get("object_id"), text(&device["objectId"]).as_ref());
        assert_eq!(row.get("platform"), text(&device["platform"]).as_ref());
        assert_eq!(row.get("push_token"), text(&device["push_token"]).as_ref());
    }
    let table = events.csv();
    let mut summaries = 0;
    for (id, person) in &expected {
        for (name, summary) in person["events"].as_object().cloned().unwrap_or_default() {
            summaries += 1;
            let row = by_id(&table)[id].iter().find(|row| row["event_name"] == name).copied().cloned().unwrap();
            assert_eq!(row.get("count"), text(&summary["count"]).as_ref());
            let time = |seconds: &Value| {
                let seconds = seconds.as_i64()?;
                Some(jiff::Timestamp::from_second(seconds).ok()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            };
            assert_eq!(row.get("first_seen"), time(&summary["first_seen"]).as_ref());
            assert_eq!(row.get("last_seen"), time(&summary["last_seen"]).as_ref());
        }
        if summaries > 300 {
            break;
        }
    }
    assert!(summaries > 100);

    gateway.restart().await;
    assert_eq!(gateway.get(&asked("profiles")).await.good().text(), profiles.text());
    assert_eq!(gateway.get(&asked("profile_devices")).await.good().text(), devices.text());
    assert_eq!(gateway.simulator.log().count(Endpoint::ProfilesOpen), walks);
    let json = gateway.get(&asked("profile_events").replace(".csv", ".json")).await.good().json_rows();
    assert_eq!(json.rows, events.csv().rows);

    gateway.pass(hours(7));
    gateway.get(&asked("profile_devices")).await.good();
    assert_eq!(gateway.simulator.log().count(Endpoint::ProfilesOpen), walks + 1, "read again after its time");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_found_by_any_name_and_nobody_is_no_row() {
    let gateway = TestGateway::start().await;
    let known = people(&gateway);
    let (id, person) = known.iter().find(|(_, person)| person["identity"].is_string()).unwrap();
    let encoded = |value: &str| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let found = gateway.get(&format!("/v1/profile.csv?identity={}", encoded(id))).await.good().csv();
    assert_eq!(found.rows.len(), 1);
    assert_eq!((&found.rows[0]["profile_id"], found.rows[0].get("name")), (id, text(&person["name"]).as_ref()));
    if let Some(email) = person["email"].as_str() {
        let same = gateway.get(&format!("/v1/profile.csv?email={}", encoded(email))).await.good().csv();
        assert_eq!(same.rows, found.rows);
    }
    let object = person["platformInfo"][0]["objectId"].as_str().expect("a device");
    let same = gateway.get(&format!("/v1/profile.csv?object_id={}", encoded(object))).await.good().csv();
    assert_eq!(same.rows, found.rows);

    for nobody in ["identity=nobody", "email=nobody%40example.com", "object_id=__0"] {
        let none = gateway.get(&format!("/v1/profile.csv?{nobody}")).await.good().csv();
        assert_eq!((none.rows.len(), none.columns[0].as_str()), (0, "profile_id"), "{nobody}");
    }
    gateway.get("/v1/profile.csv").await.refused(400, "request_missing_parameter");
    let two = gateway.get("/v1/profile.csv?identity=a&email=b").await;
    assert_eq!(two.status.as_u16(), 400, "{}", two.text());
}
