//! The shop's records, and those that a test puts on the wire.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;

use super::*;
use crate::simulator::Rows;

fn parsed(simulator: &Simulator, event: &str, days: i32) -> Vec<Value> {
    let first = TODAY - days.days();
    (0..days)
        .flat_map(|day| simulator.records(event, first + day.days()))
        .map(|record| serde_json::from_str(&record).unwrap_or_else(|error| panic!("{error}: {record}")))
        .collect()
}

#[test]
fn a_simulator_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let simulator = simulator();
    shared(&simulator);
    shared(simulator.faults());
    shared(simulator.log());
}

#[test]
fn every_record_of_every_event_is_json_of_its_own_day() {
    let simulator = simulator();
    for event in simulator.event_names() {
        let mut rows = 0;
        for day in [date(2026, 10, 25), date(2026, 11, 13), YESTERDAY] {
            for record in simulator.records(&event, day) {
                let record: Value = serde_json::from_str(&record).unwrap();
                assert_eq!(record["ts"].as_i64().unwrap() / 1_000_000, i64::from(compact(day)));
                assert!(record["profile"]["objectId"].is_string());
                rows += 1;
            }
        }
        assert!(rows > 0 || event == "Wishlist Opened", "{event}");
    }
}

#[test]
fn the_same_seed_is_the_same_shop_and_another_is_not() {
    let day = |seed| {
        Simulator::start(SimulatorConfig { seed, ..SimulatorConfig::for_testing() })
            .unwrap()
            .records("Charged", YESTERDAY)
    };
    assert_eq!(day(1), day(1));
    assert_ne!(day(1), day(2));
}

#[test]
fn a_person_has_one_profile_wherever_they_appear() {
    let simulator = simulator();
    let mut people: BTreeMap<String, Value> = BTreeMap::new();
    let mut devices: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut anonymous = 0;
    for event in ["App Launched", "Product Viewed", "Charged"] {
        for record in parsed(&simulator, event, 10) {
            let profile = &record["profile"];
            let Some(identity) = profile["identity"].as_str() else {
                assert!(profile.get("email").is_none() && profile.get("all_identities").is_none());
                anonymous += 1;
                continue;
            };
            let same = json!([profile["name"], profile["email"], profile["phone"], profile["profileData"]]);
            assert_eq!(people.entry(identity.to_owned()).or_insert_with(|| same.clone()), &same);
            devices.entry(identity.to_owned()).or_default().insert(profile["objectId"].to_string());
        }
    }
    assert!(people.len() > 100 && anonymous > 100);
    let two = devices.values().filter(|devices| devices.len() == 2).count();
    assert!(two > 10 && devices.values().all(|devices| devices.len() <= 2));
    let phones = |is: fn(&Value) -> bool| people.values().filter(|person| is(&person[2])).count();
    assert!(phones(Value::is_number) > 0 && phones(Value::is_string) > 0 && phones(Value::is_null) > 0);
}

#[test]
fn the_unevenness_that_the_shop_promises_is_there() {
    let simulator = Simulator::start(SimulatorConfig { rows: Rows::Scaled(0.3), ..SimulatorConfig::for_testing() });
    let simulator = simulator.unwrap();
    let has = |records: &[Value], what: &str, is: &dyn Fn(&Value) -> bool| {
        assert!(records.iter().any(is), "{what} is missing");
    };
    let launched = parsed(&simulator, "App Launched", 20);
    let start = |record: &Value| record["event_props"]["Start time ms"].clone();
    has(&launched, "null", &|record| record["event_props"].get("Start time ms") == Some(&Value::Null));
    has(&launched, "a later fraction", &|record| start(record).is_f64());
    has(&launched, "an older SDK's key", &|record| record["event_props"].get("ct_app_version").is_some());
    let viewed = parsed(&simulator, "Product Viewed", 20);
    has(&viewed, "numeric text", &|record| record["event_props"]["Rating"].is_string());
    has(&viewed, "a number", &|record| record["event_props"]["Rating"].is_number());
    has(&viewed, "depth", &|record| record["event_props"]["Details"]["packaging"]["box"]["width"].is_number());
    has(&viewed, "an id beyond 2^53", &|record| record["event_props"]["Product ID"].as_i64() > Some(1 << 53));
    has(&viewed, "a small id", &|record| record["event_props"]["Product ID"].as_i64() < Some(2000));
    has(&viewed, "the other case", &|record| record["event_props"].get("colour").is_some());
    let carts = parsed(&simulator, "Added To Cart", 30);
    has(&carts, "a misfit", &|record| record["event_props"]["Points"].is_string());
    has(&carts, "Quantity as text", &|record| record["event_props"]["Quantity"].is_string());
    let charged = parsed(&simulator, "Charged", 20);
    has(&charged, "items", &|record| record["event_props"]["Items"].as_array().is_some_and(|items| items.len() > 1));
    has(&charged, "both discounts", &|record| record["event_props"].get("Discount %").is_some());
    let gone = parsed(&simulator, "App Uninstalled", 20);
    has(&gone, "no event_props", &|record| record.get("event_props").is_none());
    has(&gone, "empty event_props", &|record| record["event_props"] == json!({}));
}

#[test]
fn the_profile_is_that_of_the_day_of_the_export() {
    let day = date(2026, 11, 10);
    let on = |today: Date| {
        let simulator = Simulator::start(SimulatorConfig::for_testing().at(today.at(12, 0, 0, 0))).unwrap();
        simulator.records("Charged", day)
    };
    let (before, after) = (on(date(2026, 11, 20)), on(date(2026, 11, 23)));
    assert_ne!(before, after);
    let without_profile = |records: &[String]| -> Vec<Value> {
        let parse = |record: &String| {
            let mut record: Value = serde_json::from_str(record).unwrap();
            record["profile"]["profileData"] = Value::Null;
            record
        };
        records.iter().map(parse).collect()
    };
    assert_eq!(without_profile(&before), without_profile(&after));
}

#[test]
fn records_are_in_time_order_behind_the_curtain() {
    let simulator = simulator();
    let times: Vec<i64> = simulator
        .records("App Launched", YESTERDAY)
        .iter()
        .map(|record| serde_json::from_str::<Value>(record).unwrap()["ts"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted() && times.len() > 50);
}

#[test]
fn the_shop_has_weekdays_and_grows() {
    let simulator = Simulator::start(SimulatorConfig { days: 90, ..SimulatorConfig::for_testing() }).unwrap();
    let count = |first: Date, days: i32| simulator.count("Product Viewed", first, first + (days - 1).days());
    let (saturday, tuesday) = (count(date(2026, 11, 21), 1), count(date(2026, 11, 17), 1));
    assert!(saturday * 10 > tuesday * 12, "{saturday} {tuesday}");
    let (early, late) = (count(date(2026, 9, 7), 28), count(date(2026, 10, 26), 28));
    assert!(late * 100 > early * 112, "{early} {late}");
}

#[actix_web::test]
async fn given_records_go_over_the_wire_as_they_are() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let own = simulator.records("Charged", YESTERDAY);
    simulator.set_records("Charged", YESTERDAY, [r#"{"ts": 1 ,"a":[ ]}"#, "17"]);
    let walk = async || records(&caller.walk("Charged", YESTERDAY, YESTERDAY, "events=false").await);
    assert_eq!(walk().await, ["17", r#"{"ts": 1 ,"a":[ ]}"#]);
    assert_eq!(simulator.count("Charged", YESTERDAY, YESTERDAY), 2);
    simulator.clear_records("Charged", YESTERDAY);
    simulator.add_records("Charged", YESTERDAY, [own[0].clone()]);
    assert_eq!(walk().await.len(), own.len() + 1);
    simulator.set_records::<String>("Charged", YESTERDAY, []);
    assert_eq!(walk().await, Vec::<String>::new());
    let raw = vec![b'"', 0xff, b'"'];
    simulator.set_records("New here", date(2020, 1, 1), [raw.clone()]);
    assert_eq!(simulator.records("New here", date(2020, 1, 1)), ["\"\u{fffd}\""]);
    let cursor = caller.open("New here", date(2020, 1, 1), date(2020, 1, 1), "").await.cursor();
    caller.page(&cursor).await;
    let page = caller.get(&format!("/1/events.json?cursor={cursor}")).send().await.unwrap().bytes().await.unwrap();
    assert!(page.windows(3).any(|bytes| bytes == raw));
}

#[actix_web::test]
async fn a_late_record_comes_when_the_day_has_been_read_often_enough() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    simulator.set_records("Charged", YESTERDAY, ["1"]);
    simulator.add_late_record("Charged", YESTERDAY, "2", 2);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(records(&caller.walk("Charged", date(2026, 11, 21), TODAY, "").await).contains(&"2".to_owned()));
    }
    assert_eq!(seen, [false, false, true]);
}

#[test]
#[ignore = "a measurement: run it by name, in a release build"]
fn how_fast_the_shop_writes() {
    let config = SimulatorConfig { rows: Rows::Exactly(100_000), people: 20_000, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let project = simulator.world.first_project().unwrap();
    for (event, flags) in [("Charged", Flags::LEAN), ("Product Viewed", Flags::LEAN), ("App Launched", Flags::ALL)] {
        let query = crate::simulator::question::EventQuery::new(event, YESTERDAY, YESTERDAY);
        let export = simulator.world.export(project, &query, flags, crate::simulator::given::Reading::Look);
        let started = std::time::Instant::now();
        let (mut bytes, mut page) = (0, Vec::new());
        for row in 0..export.total() {
            export.write(row, &mut page);
            if page.len() > 4_000_000 {
                bytes += page.len();
                page.clear();
            }
        }
        bytes += page.len();
        let seconds = started.elapsed().as_secs_f64();
        eprintln!(
            "{event}: {} bytes a record, {:.0} MB/s",
            bytes / export.total() as usize,
            bytes as f64 / seconds / 1e6
        );
    }
}
