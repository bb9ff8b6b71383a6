//! What CleverTap does when all is well, and what it says to mistakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{Timestamp, ToSpan};

use super::*;
use crate::simulator::{Api, Clock, Endpoint, Fault, Rows, SimulatedAccount, UnknownEvent};

#[actix_web::test]
async fn the_first_answer_is_a_cursor_only_and_the_first_page_is_not_ready_at_once() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let opened = caller.open("Charged", YESTERDAY, YESTERDAY, "").await;
    assert_eq!(opened.json().as_object().unwrap().len(), 2);
    assert_eq!(opened.json()["status"], "success");
    let cursor = opened.cursor();
    let waiting = caller.page(&cursor).await;
    assert_eq!(waiting.status, 200);
    assert_eq!(
        waiting.json(),
        json!({"status": "fail", "error": "Request still in progress, please retry later", "code": 2})
    );
    assert_eq!(caller.page(&cursor).await.json()["status"], "success");
}

#[actix_web::test]
async fn a_walk_brings_every_record_of_its_days_once() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let (first, last) = (date(2026, 11, 20), YESTERDAY);
    let pages = caller.walk("Product Viewed", first, last, "batch_size=50&events=false").await;
    assert!(pages.len() > 5);
    assert!(pages.iter().rev().skip(1).all(|page| page.records().len() == 46));
    let expected = (0..3).flat_map(|day| simulator.records("Product Viewed", first + day.days())).collect();
    assert_eq!(records(&pages), sorted(expected));
}

#[actix_web::test]
async fn neither_a_page_nor_a_walk_is_in_time_order() {
    let simulator = simulator();
    let pages = Caller::of(&simulator).walk("App Launched", date(2026, 11, 20), YESTERDAY, "batch_size=92").await;
    let times = |page: &Said| {
        let records = page.records();
        records.iter().map(|record| serde_json::from_str::<Value>(record).unwrap()["ts"].as_i64().unwrap()).collect()
    };
    let first: Vec<i64> = times(&pages[0]);
    assert!(!first.is_sorted());
    let days: std::collections::BTreeSet<i64> = first.iter().map(|ts| ts / 1_000_000).collect();
    assert!(days.len() > 1, "days come mixed");
}

#[actix_web::test]
async fn the_same_cursor_brings_the_same_page_again() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let cursor = caller.open("Charged", YESTERDAY, YESTERDAY, "batch_size=23").await.cursor();
    let once = caller.page_at_last(&cursor).await;
    assert_eq!(caller.page(&cursor).await.body, once.body);
}

#[actix_web::test]
async fn a_cursor_that_was_encoded_twice_is_incorrect_usage() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let cursor = caller.open("Charged", YESTERDAY, YESTERDAY, "").await.cursor();
    let said = caller.page(&cursor.replace('%', "%25")).await;
    assert_eq!(said.status, 200);
    assert_eq!(said.json(), json!({"status": "fail", "error": "Incorrect Usage", "code": 3}));
}

#[actix_web::test]
async fn a_day_without_records_is_a_page_without_the_key() {
    let simulator = simulator();
    let pages = Caller::of(&simulator).walk("Wishlist Opened", YESTERDAY, YESTERDAY, "").await;
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0].json(), json!({"status": "success"}));
}

#[actix_web::test]
async fn parts_of_the_profile_are_left_out_on_demand() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let size = async |flags: &str| {
        let pages = caller.walk("App Launched", YESTERDAY, YESTERDAY, flags).await;
        let records = records(&pages);
        let profile = serde_json::from_str::<Value>(&records[0]).unwrap()["profile"].clone();
        let has = ["os_version", "events", "profileData"].map(|key| profile.get(key).is_some());
        (has, records.iter().map(String::len).sum::<usize>() / records.len())
    };
    let (all, all_size) = size("").await;
    let (lean, lean_size) = size("events=false").await;
    let (bare, bare_size) = size("app=false&events=false&profile=false").await;
    assert_eq!((all, lean, bare), ([true; 3], [true, false, true], [false; 3]));
    assert!((700..1200).contains(&lean_size), "{lean_size}");
    assert!(all_size > 3 * lean_size && lean_size > bare_size, "{all_size} {lean_size} {bare_size}");
}

#[actix_web::test]
async fn credentials_are_refused_in_clevertaps_words() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let ask = async |account: &str, passcode: &str| {
        let request = caller.client.post(format!("{}/1/now.json", caller.base));
        let request = request.header("X-CleverTap-Account-Id", account).header("X-CleverTap-Passcode", passcode);
        Said::by(request.send().await.unwrap()).await
    };
    let unknown = ask("NOB-ODY", "DEM-OPA-SSCD").await;
    assert_eq!((unknown.status, unknown.json()["error"].as_str()), (401, Some("Account ID is not valid")));
    let wrong = ask("TEST-DEM-OSH-0PZ", "wrong").await;
    assert_eq!((wrong.status, wrong.json()["error"].as_str()), (401, Some("Invalid Credentials")));
    let right = ask("TEST-DEM-OSH-0PZ", "DEM-OPA-SSCD").await;
    assert_eq!((right.status, right.json()["status"].as_str()), (200, Some("success")));
    assert!(simulator.log().calls_of(Endpoint::Now)[0].account_id.is_none());
}

#[actix_web::test]
async fn mistakes_in_the_query_are_answered_as_clevertap_does() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let ask = async |body: Value| {
        let said = Said::by(caller.post("/1/events.json", &body).send().await.unwrap()).await;
        (said.status, said.json()["code"].as_i64().unwrap())
    };
    assert_eq!(ask(json!({"event_name": "Charged", "from": "2026-11-01", "to": "2026-11-02"})).await.0, 500);
    assert_eq!(ask(json!({"event_name": "Charged", "from": 20261105, "to": 20261101})).await, (400, 4002));
    assert_eq!(ask(json!({"event_name": "Charged", "from": 20261101, "to": 20261124})).await, (400, 4002));
    assert_eq!(ask(json!({"event_name": "Charged", "from": 20261131, "to": 20261131})).await, (400, 4002));
    assert_eq!(ask(json!({"from": 20261101, "to": 20261101})).await, (400, 400));
    let push = caller.open("Notification Sent", YESTERDAY, YESTERDAY, "").await;
    assert_eq!((push.status, push.json()["error"].as_str()), (400, Some("Export not allowed for this event")));
    let unknown = caller.open("charged", YESTERDAY, YESTERDAY, "").await;
    assert_eq!(unknown.json()["error"], r#"["Invalid event : charged"]"#);
}

#[actix_web::test]
async fn an_unknown_event_may_also_be_an_empty_walk() {
    let config = SimulatorConfig { unknown_event: UnknownEvent::Empty, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let pages = Caller::of(&simulator).walk("nobody knows", YESTERDAY, YESTERDAY, "").await;
    assert_eq!(pages.iter().map(|page| page.records().len()).sum::<usize>(), 0);
}

#[actix_web::test]
async fn wrong_methods_and_wrong_paths_differ() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let said = Said::by(caller.get("/1/now.json").send().await.unwrap()).await;
    assert_eq!((said.status, said.json()["error"].as_str()), (405, Some("Method Not Allowed")));
    let said = Said::by(caller.get("/1/event.json").send().await.unwrap()).await;
    assert_eq!((said.status, said.body.as_str()), (200, ""));
}

#[actix_web::test]
async fn the_fourth_request_in_flight_is_too_many() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    simulator.faults().times(3, Endpoint::EventsOpen, Fault::Delay(FOR_EVER));
    let three: Vec<_> = (0..3).map(|_| in_background(&caller, "/1/events.json")).collect();
    while simulator.log().count(Endpoint::EventsOpen) < 3 {
        actix_web::rt::task::yield_now().await;
    }
    let refused = caller.open("Charged", YESTERDAY, YESTERDAY, "").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({"status": "fail", "error": "Too many concurrent requests", "code": 429}));
    assert_eq!(simulator.log().most_in_flight(Api::GetEvents), 4);
    assert_eq!(simulator.log().most_in_flight(Api::EventCount), 0);
    // A client that hangs up gives its slot back.
    three.iter().for_each(actix_web::rt::task::JoinHandle::abort);
    while caller.open("Charged", YESTERDAY, YESTERDAY, "").await.status == 429 {}
}

#[actix_web::test]
async fn one_cursor_asked_twice_at_once_is_still_in_progress() {
    let config = SimulatorConfig { first_page_polls: 0, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let cursor = caller.open("Charged", YESTERDAY, YESTERDAY, "").await.cursor();
    simulator.faults().next(Endpoint::EventsPage, Fault::Delay(FOR_EVER));
    let one = in_background(&caller, &format!("/1/events.json?cursor={cursor}"));
    while simulator.log().count(Endpoint::EventsPage) == 0 {
        actix_web::rt::task::yield_now().await;
    }
    assert_eq!(caller.page(&cursor).await.json()["code"], 2);
    one.abort();
    assert_eq!(caller.page_at_last(&cursor).await.json()["status"], "success");
}

const FOR_EVER: Duration = Duration::from_secs(3600);

/// Posts and waits for an answer that does not come.
fn in_background(caller: &Caller, path: &str) -> actix_web::rt::task::JoinHandle<()> {
    let request = caller.post(path, &json!({"event_name": "Charged", "from": 20261122, "to": 20261122}));
    actix_web::rt::spawn(async move {
        request.send().await.unwrap();
    })
}

#[actix_web::test]
async fn a_cursor_dies_of_age_and_of_idleness() {
    let start: Timestamp = "2026-11-23T06:30:00Z".parse().unwrap();
    let seconds = Arc::new(AtomicI64::new(0));
    let passed = Arc::clone(&seconds);
    let clock = Clock::from_fn(move || start + passed.load(Ordering::Relaxed).seconds());
    let simulator = Simulator::start(SimulatorConfig { clock, ..SimulatorConfig::for_testing() }).unwrap();
    let caller = Caller::of(&simulator);
    let cursor = caller.open("Charged", YESTERDAY, YESTERDAY, "").await.cursor();
    for hour in 1..=4 {
        seconds.store(hour * 3600 - 60, Ordering::Relaxed);
        assert_eq!(caller.page_at_last(&cursor).await.json()["status"], "success");
    }
    seconds.store(4 * 3600 + 1, Ordering::Relaxed);
    assert_eq!(caller.page(&cursor).await.json()["code"], "CURSOR_INVALIDATED");
    let idle = caller.open("Charged", YESTERDAY, YESTERDAY, "").await.cursor();
    seconds.store(5 * 3600 + 2, Ordering::Relaxed);
    assert_eq!(caller.page(&idle).await.json()["code"], "CURSOR_INVALIDATED");
}

#[actix_web::test]
async fn an_account_cannot_use_the_cursor_of_another() {
    let mut config = SimulatorConfig::for_testing();
    config.accounts.push(SimulatedAccount::new("OTH-ER", "secret"));
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let cursor = caller.open("Charged", YESTERDAY, YESTERDAY, "").await.cursor();
    let request = caller.client.get(format!("{}/1/events.json?cursor={cursor}", caller.base));
    let request = request.header("X-CleverTap-Account-Id", "OTH-ER").header("X-CleverTap-Passcode", "secret");
    assert_eq!(Said::by(request.send().await.unwrap()).await.json()["code"], 3);
}

#[actix_web::test]
async fn a_count_is_partial_first_and_then_the_number_of_records() {
    let config = SimulatorConfig { count_polls: 2, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let query = json!({"event_name": "Charged", "from": 20261120, "to": 20261122});
    let mut forms = Vec::new();
    for _ in 0..2 {
        let said = Said::by(caller.post("/1/counts/events.json", &query).send().await.unwrap()).await;
        assert_eq!(said.json()["status"], "partial");
        let id = said.json()["req_id"].clone();
        forms.push(id.is_string());
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        assert_eq!(id.len(), 18);
        let poll = async || {
            Said::by(caller.get(&format!("/1/counts/events.json?req_id={id}")).send().await.unwrap()).await.json()
        };
        assert_eq!(poll().await["status"], "partial");
        let expected = simulator.count("Charged", date(2026, 11, 20), YESTERDAY);
        assert!(expected > 0);
        assert_eq!(poll().await, json!({"status": "success", "count": expected}));
    }
    assert_eq!(forms, [false, true]);
    let gone = Said::by(caller.get("/1/counts/events.json?req_id=123").send().await.unwrap()).await;
    assert_eq!(gone.json()["error"], "Invalid request id");
}

#[actix_web::test]
async fn notification_events_can_be_counted_and_unknown_ones_cannot() {
    let config = SimulatorConfig { count_polls: 0, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let count = async |event: &str| {
        let query = json!({"event_name": event, "from": 20261122, "to": 20261122});
        Said::by(caller.post("/1/counts/events.json", &query).send().await.unwrap()).await
    };
    assert!(count("Push Impressions").await.json()["count"].as_u64().unwrap() > 0);
    let unknown = count("Uninstalled").await;
    assert_eq!((unknown.status, &unknown.json()["error"]), (200, &json!(r#"["Invalid event : Uninstalled"]"#)));
}

#[actix_web::test]
async fn the_schema_names_events_and_profile_properties() {
    let simulator = simulator();
    simulator.set_records("Put here", YESTERDAY, ["{}"]);
    let caller = Caller::of(&simulator);
    let said = Said::by(caller.get("/getSchema?type=events").send().await.unwrap()).await.json();
    let names: Vec<&str> = said["events"].as_array().unwrap().iter().filter_map(|e| e["name"].as_str()).collect();
    for name in ["App Launched", "購入完了", "Notification Sent", "Put here"] {
        assert!(names.contains(&name));
    }
    let said = Said::by(caller.get("/getSchema?type=userProperties").send().await.unwrap()).await.json();
    assert!(!said["userProperties"].as_array().unwrap().is_empty());
    assert_eq!(Said::by(caller.get("/getSchema?type=x").send().await.unwrap()).await.json()["status"], "fail");
}

#[actix_web::test]
async fn today_grows_and_is_exported_as_it_is() {
    let at = |hour| SimulatorConfig::for_testing().at(TODAY.at(hour, 0, 0, 0));
    let (morning, evening) = (Simulator::start(at(9)).unwrap(), Simulator::start(at(21)).unwrap());
    let early = records(&Caller::of(&morning).walk("App Launched", TODAY, TODAY, "events=false").await);
    let late = records(&Caller::of(&evening).walk("App Launched", TODAY, TODAY, "events=false").await);
    assert!(!early.is_empty() && early.len() < late.len());
    assert!(early.iter().all(|record| late.binary_search(record).is_ok()));
    assert_eq!(late, sorted(evening.records("App Launched", TODAY)));
}

#[actix_web::test]
async fn a_day_before_the_window_has_nothing() {
    let simulator = simulator();
    let (first, last) = simulator.window();
    assert_eq!((first, last), (date(2026, 10, 25), TODAY));
    assert_eq!(simulator.count("App Launched", date(2020, 1, 1), first.yesterday().unwrap()), 0);
    assert!(simulator.count("App Launched", first, first) > 0);
}

#[actix_web::test]
async fn exactly_so_many_records_can_be_ordered() {
    let config = SimulatorConfig { rows: Rows::Exactly(100), ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    assert_eq!(simulator.records("Charged", YESTERDAY).len(), 100);
    assert_eq!(simulator.count("購入完了", date(2026, 11, 1), date(2026, 11, 10)), 1000);
}

#[actix_web::test]
async fn the_log_tells_what_was_asked() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    caller.walk("Charged", date(2026, 11, 21), YESTERDAY, "batch_size=4991&events=false").await;
    let opened = simulator.log().calls_of(Endpoint::EventsOpen);
    assert_eq!(opened.len(), 1);
    assert_eq!((opened[0].event.as_deref(), opened[0].batch_size.as_deref()), (Some("Charged"), Some("4991")));
    assert_eq!((opened[0].from, opened[0].to), (Some(date(2026, 11, 21)), Some(YESTERDAY)));
    assert!(opened[0].flags.is_some_and(|flags| flags.app && !flags.events && flags.profile));
    let pages = simulator.log().calls_of(Endpoint::EventsPage);
    assert_eq!(pages.iter().map(|call| call.page).collect::<Vec<_>>(), [Some(1), Some(1)]);
    assert_eq!(pages[1].event.as_deref(), Some("Charged"));
    assert!(pages.iter().all(|call| call.status == Some(200) && !call.faulty));
    simulator.log().clear();
    assert_eq!(simulator.log().total(), 0);
}

/// On an address of its own, where no other test's server can take the port that becomes free. Only Linux has further
/// loopback addresses without being told so.
#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_stopped_simulator_does_not_answer() {
    let listen = "127.0.0.77:0".parse().unwrap();
    let simulator = Simulator::start(SimulatorConfig { listen, ..SimulatorConfig::for_testing() }).unwrap();
    let caller = Caller::of(&simulator);
    assert_eq!(caller.open("Charged", YESTERDAY, YESTERDAY, "").await.status, 200);
    simulator.stop();
    assert!(caller.get("/getSchema").send().await.is_err());
}
