//! Profiles: whole sweeps, and one at a time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;

use super::*;
use crate::simulator::{Endpoint, Fault, Oddity, UnknownProfile};

/// All pages of a sweep.
async fn sweep(caller: &Caller, body: &Value, parameters: &str) -> Vec<Said> {
    let opened = Said::by(caller.post(&format!("/1/profiles.json?{parameters}"), body).send().await.unwrap()).await;
    let mut cursor = Some(opened.cursor());
    let mut pages = Vec::new();
    while let Some(at) = cursor {
        let page = Said::by(caller.get(&format!("/1/profiles.json?cursor={at}")).send().await.unwrap()).await;
        if page.json()["code"] == 2 {
            cursor = Some(at);
            continue;
        }
        cursor = page.next_cursor();
        pages.push(page);
    }
    pages
}

fn parsed(pages: &[Said]) -> Vec<Value> {
    records(pages).iter().map(|record| serde_json::from_str(record).unwrap()).collect()
}

fn devices(person: &Value) -> &Vec<Value> {
    person["platformInfo"].as_array().unwrap()
}

fn query(event: &str, first: Date, last: Date) -> Value {
    json!({"event_name": event, "from": compact(first), "to": compact(last)})
}

const FIRST: Date = date(2026, 11, 10);

#[actix_web::test]
async fn a_sweep_brings_everybody_who_did_it_once() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let pages = sweep(&caller, &query("App Launched", FIRST, YESTERDAY), "batch_size=46").await;
    assert!(pages.len() > 2 && pages.iter().rev().skip(1).all(|page| page.records().len() == 46));
    assert_eq!(records(&pages), sorted(simulator.people("App Launched", FIRST, YESTERDAY)));
    let people = parsed(&pages);
    // As the records of the event tell it.
    let mut expected: BTreeSet<String> = BTreeSet::new();
    for day in FIRST.series(1.day()).take_while(|day| *day <= YESTERDAY) {
        for record in simulator.records("App Launched", day) {
            let profile = serde_json::from_str::<Value>(&record).unwrap()["profile"].clone();
            expected.insert(profile["identity"].as_str().or(profile["objectId"].as_str()).unwrap().to_owned());
        }
    }
    let key =
        |person: &Value| person["identity"].as_str().or(devices(person)[0]["objectId"].as_str()).unwrap().to_owned();
    assert_eq!(people.len(), expected.len());
    assert_eq!(people.iter().map(key).collect::<BTreeSet<_>>(), expected);
}

#[actix_web::test]
async fn a_person_is_shown_as_clevertap_shows_them() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let people = parsed(&sweep(&caller, &query("App Launched", FIRST, YESTERDAY), "").await);
    assert!(people.iter().all(|person| person["events"].is_object()));
    for person in &people {
        let browser = person["identity"].is_null() && devices(person)[0]["platform"] == "Web";
        let beside = if browser { devices(person)[0].get("objectId") } else { None };
        assert_eq!(person.get("objectId"), beside);
    }
    assert!(people.iter().any(|person| person.get("objectId").is_some()));
    let known: Vec<&Value> = people.iter().filter(|person| person["identity"].is_string()).collect();
    let unknown = people.len() - known.len();
    assert!(unknown > 5 && known.len() > 50);
    assert!(people.iter().filter(|person| person["identity"].is_null()).all(|person| devices(person).len() == 1));
    assert!(known.iter().any(|person| devices(person).len() == 2));
    assert!(known.iter().any(|person| person["phone"].is_number()));
    assert!(known.iter().any(|person| person["phone"].is_string()));
    let web = people.iter().flat_map(devices).find(|device| device["platform"] == "Web").unwrap();
    assert_eq!(web.as_object().unwrap().keys().collect::<Vec<_>>(), ["objectId", "platform"]);
    let phone = people.iter().flat_map(devices).find(|device| device["push_token"].is_string()).unwrap();
    assert!(["make", "model", "os_version", "app_version"].iter().all(|key| phone[*key].is_string()));
    // The same person as in the records of the event.
    let by_identity: BTreeMap<&str, &Value> =
        known.iter().map(|person| (person["identity"].as_str().unwrap(), *person)).collect();
    for record in simulator.records("App Launched", YESTERDAY) {
        let profile = serde_json::from_str::<Value>(&record).unwrap()["profile"].clone();
        let Some(person) = profile["identity"].as_str().map(|identity| by_identity[identity]) else { continue };
        for key in ["all_identities", "email", "phone", "name", "profileData"] {
            assert_eq!(person[key], profile[key]);
        }
        assert!(devices(person).iter().any(|device| device["objectId"] == profile["objectId"]));
    }
    let lean =
        parsed(&sweep(&caller, &query("App Launched", FIRST, YESTERDAY), "app=false&events=false&profile=false").await);
    assert_eq!(lean.len(), people.len());
    assert!(lean.iter().all(|person| person.get("events").is_none() && person.get("profileData").is_none()));
    assert!(lean.iter().flat_map(devices).all(|device| device.get("make").is_none()));
}

#[actix_web::test]
async fn a_sweep_without_an_event_is_about_everybody() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let gold = json!({"profile_fields": [{"name": "Customer Type", "operator": "equals", "value": "Gold"}]});
    let golden = parsed(&sweep(&caller, &json!({"common_profile_properties": gold}), "").await);
    let all = simulator.people("-1", date(2025, 12, 1), TODAY);
    let is_golden = |person: &&String| person.contains(r#""Customer Type":"Gold""#);
    assert_eq!(golden.len(), all.iter().filter(is_golden).count());
    assert!(!golden.is_empty() && golden.iter().all(|person| person["profileData"]["Customer Type"] == "Gold"));
    let said = Said::by(caller.post("/1/counts/profiles.json", &json!({"event_name": "-1"})).send().await.unwrap());
    let id = said.await.json()["req_id"].to_string();
    let count = Said::by(caller.get(&format!("/1/counts/profiles.json?req_id={id}")).send().await.unwrap()).await;
    assert_eq!(count.json()["count"], all.len());
}

#[actix_web::test]
async fn a_cursor_over_people_is_none_over_events() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let events = caller.open("Charged", YESTERDAY, YESTERDAY, "").await.cursor();
    let said = Said::by(caller.get(&format!("/1/profiles.json?cursor={events}")).send().await.unwrap()).await;
    assert_eq!(said.json()["code"], 3);
    assert_eq!(caller.page_at_last(&events).await.json()["status"], "success");
    let refused = caller.post("/1/profiles.json", &query("Notification Sent", FIRST, TODAY)).send().await.unwrap();
    assert_eq!(Said::by(refused).await.json()["error"], "Export not allowed for this event");
    let unknown = caller.post("/1/profiles.json", &query("nobody knows", FIRST, TODAY)).send().await.unwrap();
    assert_eq!(Said::by(unknown).await.json()["error"], r#"["Invalid event : nobody knows"]"#);
}

#[actix_web::test]
async fn a_page_of_people_can_go_wrong_as_one_of_events_can() {
    let simulator =
        Simulator::start(SimulatorConfig { first_page_polls: 0, ..SimulatorConfig::for_testing() }).unwrap();
    let caller = Caller::of(&simulator);
    let body = query("Charged", YESTERDAY, YESTERDAY);
    let expected = records(&sweep(&caller, &body, "").await);
    simulator.faults().next(Endpoint::ProfilesPage, Fault::EmptyPage);
    assert_eq!(records(&sweep(&caller, &body, "").await), expected);
    simulator.faults().next(Endpoint::ProfilesPage, Fault::OddRecord(Oddity::LongInteger));
    let odd = records(&sweep(&caller, &body, "").await);
    assert_eq!(
        odd.iter()
            .filter(|record| record.contains(r#""profileData":{"odd":1234567890123456789012345678901234567890"#))
            .count(),
        1
    );
    simulator.faults().next(Endpoint::ProfilesOpen, Fault::NoCursor);
    let opened = Said::by(caller.post("/1/profiles.json", &body).send().await.unwrap()).await;
    assert_eq!(opened.json(), json!({"status": "success"}));
}

#[actix_web::test]
async fn people_that_a_test_put_there_have_a_record_of_all_their_devices() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    simulator.set_records(
        "New here",
        YESTERDAY,
        [
            r#"{"profile":{"identity":"x/1","objectId":"a","platform":"Web","profileData":{"n":1}},"ts":1}"#,
            r#"{"profile":{"identity":"x/1","objectId":"b","platform":"iOS","make":"Apple","profileData":{"n":2}},"ts":2}"#,
            r#"{"profile":{"identity":"x/1","objectId":"a","platform":"Web","profileData":{"n":3}},"ts":3}"#,
        ],
    );
    let expected = json!({
        "identity": "x/1", "profileData": {"n": 3},
        "platformInfo": [{"platform": "Web", "objectId": "a"}, {"platform": "iOS", "make": "Apple", "objectId": "b"}],
    });
    let swept = parsed(&sweep(&caller, &query("New here", YESTERDAY, YESTERDAY), "").await);
    assert_eq!(swept, std::slice::from_ref(&expected));
    for key in ["identity=x%2F1", "objectId=b"] {
        let said = Said::by(caller.get(&format!("/1/profile.json?{key}")).send().await.unwrap()).await;
        assert_eq!(said.json(), json!({"status": "success", "record": expected}), "{key}");
    }
}

#[actix_web::test]
async fn one_person_is_found_by_each_of_their_keys() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let all: Vec<Value> = simulator
        .people("App Launched", FIRST, YESTERDAY)
        .iter()
        .map(|person| serde_json::from_str(person).unwrap())
        .collect();
    let find = async |key: &str, value: &str| {
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        Said::by(caller.get(&format!("/1/profile.json?{key}={value}")).send().await.unwrap()).await.json()["record"]
            .clone()
    };
    let known = all.iter().find(|person| person["email"].is_string() && devices(person).len() == 2).unwrap();
    assert_eq!(&find("identity", known["identity"].as_str().unwrap()).await, known);
    assert_eq!(&find("email", known["email"].as_str().unwrap()).await, known);
    for device in devices(known) {
        assert_eq!(&find("objectId", device["objectId"].as_str().unwrap()).await, known);
    }
    let unknown = all.iter().find(|person| person["identity"].is_null()).unwrap();
    assert_eq!(&find("objectId", devices(unknown)[0]["objectId"].as_str().unwrap()).await, unknown);
}

#[actix_web::test]
async fn nobody_is_said_in_three_ways() {
    for (unknown_profile, status, text) in [
        (UnknownProfile::NotFound, 404, "fail"),
        (UnknownProfile::NoRecord, 200, "success"),
        (UnknownProfile::Refused, 200, "fail"),
    ] {
        let simulator =
            Simulator::start(SimulatorConfig { unknown_profile, ..SimulatorConfig::for_testing() }).unwrap();
        let caller = Caller::of(&simulator);
        let said = Said::by(caller.get("/1/profile.json?identity=nobody").send().await.unwrap()).await;
        assert_eq!((said.status, said.json()["status"].as_str()), (status, Some(text)));
        assert!(said.json().get("record").is_none());
        let two = Said::by(caller.get("/1/profile.json?identity=a&email=b").send().await.unwrap()).await;
        assert_eq!(two.status, 400);
        let post = Said::by(caller.post("/1/profile.json?identity=a", &json!({})).send().await.unwrap()).await;
        assert_eq!(post.status, 405);
    }
}
