//! Filters by device, place and deeds: counted by hand from the records.

use std::collections::BTreeMap;

use jiff::ToSpan;

use super::*;

const FIRST: Date = date(2026, 11, 9);

fn simulator() -> Simulator {
    Simulator::start(SimulatorConfig { count_polls: 0, ..SimulatorConfig::for_testing() }).unwrap()
}

fn rows(simulator: &Simulator, event: &str) -> Vec<Value> {
    let days = FIRST.series(1.day()).take_while(|day| *day <= TODAY);
    let records = days.flat_map(|day| simulator.records(event, day));
    records.map(|record| serde_json::from_str(&record).unwrap()).collect()
}

fn who(record: &Value) -> String {
    let profile = &record["profile"];
    profile["identity"].as_str().or(profile["objectId"].as_str()).unwrap().to_owned()
}

/// How often each did it.
fn tally(rows: &[Value]) -> BTreeMap<String, u64> {
    let mut tally = BTreeMap::new();
    rows.iter().for_each(|row| *tally.entry(who(row)).or_default() += 1);
    tally
}

async fn count(caller: &Caller, path: &str, filters: Value) -> u64 {
    let mut body = json!({"event_name": "Charged", "from": compact(FIRST), "to": compact(TODAY)});
    body.as_object_mut().unwrap().extend(filters.as_object().unwrap().clone());
    Said::by(caller.post(path, &body).send().await.unwrap()).await.json()["count"].as_u64().unwrap()
}

#[actix_web::test]
async fn devices_and_places_are_counted_as_the_records_tell() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let charged = rows(&simulator, "Charged");
    type Test = fn(&Value) -> bool;
    let cases: [(Value, Test); 4] = [
        (json!({"technographics": [{"name": "OS", "operator": "equals", "value": ["Android"]}]}), |profile| {
            profile["platform"] == "Android"
        }),
        (json!({"app_fields": [{"name": "app_version", "operator": "equals", "value": "7.0"}]}), |profile| {
            profile["app_version"] == "7.0"
        }),
        (json!({"geo_fields": [["India"], ["DE", "Bayern", "München"]]}), |profile| {
            let city = profile["profileData"]["City"].as_str().unwrap();
            ["Mumbai", "Bengaluru", "Delhi", "München"].contains(&city)
        }),
        (json!({"likelihood": [{"name": "unheard of"}]}), |_| true),
    ];
    for (filter, test) in cases {
        let expected = charged.iter().filter(|record| test(&record["profile"])).count() as u64;
        assert!(expected > 0, "{filter}");
        let counted = count(&caller, "/1/counts/events.json", json!({"common_profile_properties": filter})).await;
        assert_eq!(counted, expected, "{filter}");
    }
}

#[actix_web::test]
async fn deeds_are_those_of_the_person() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let charged = rows(&simulator, "Charged");
    let [viewed, gone] = ["Product Viewed", "App Uninstalled"].map(|event| tally(&rows(&simulator, event)));
    let times = |tally: &BTreeMap<String, u64>, who: &String| tally.get(who).copied().unwrap_or(0);
    let event = |name: &str| json!({"event_name": name, "from": compact(FIRST), "to": compact(TODAY)});
    let (view, leave) = (event("Product Viewed"), event("App Uninstalled"));
    type Test<'a> = Box<dyn Fn(&String) -> bool + 'a>;
    let cases: Vec<(Value, Test<'_>)> = vec![
        (json!({"did_all": [view, leave]}), Box::new(|who| times(&viewed, who) > 0 && times(&gone, who) > 0)),
        (json!({"did_none": [leave]}), Box::new(|who| times(&gone, who) == 0)),
        (
            json!({"did_any": {"any_events": [view, leave], "operator": "greater_than_equals", "value": 30}}),
            Box::new(|who| times(&viewed, who) + times(&gone, who) >= 30),
        ),
        (json!({"did_any": {"any_events": [leave]}}), Box::new(|who| times(&gone, who) > 0)),
        (
            json!({"did_all": [view], "did_none": [leave]}),
            Box::new(|who| times(&viewed, who) > 0 && times(&gone, who) == 0),
        ),
        // The misspelt one is ignored without a word.
        (json!({"did_not": [view]}), Box::new(|_| true)),
    ];
    for (advanced, test) in cases {
        let of: Vec<String> = charged.iter().map(who).filter(|who| test(who)).collect();
        let filter = json!({"advanced_query": advanced});
        assert!(!of.is_empty(), "{filter}");
        assert_eq!(count(&caller, "/1/counts/events.json", filter.clone()).await, of.len() as u64, "{filter}");
        let people: std::collections::BTreeSet<String> = of.into_iter().collect();
        assert_eq!(count(&caller, "/1/counts/profiles.json", filter.clone()).await, people.len() as u64, "{filter}");
    }
}

#[actix_web::test]
async fn deeds_alone_say_who_is_meant() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let leave = json!({"event_name": "App Uninstalled", "from": compact(FIRST), "to": compact(TODAY)});
    let body = json!({"advanced_query": {"did_all": [leave]}});
    let said = Said::by(caller.post("/1/counts/profiles.json", &body).send().await.unwrap()).await.json();
    assert_eq!(said["count"], simulator.people("App Uninstalled", FIRST, TODAY).len());
}

#[actix_web::test]
async fn a_forgotten_request_id_is_invalid() {
    let simulator = Simulator::start(SimulatorConfig { count_polls: 2, ..SimulatorConfig::for_testing() }).unwrap();
    let caller = Caller::of(&simulator);
    let body = json!({"event_name": "Charged", "from": compact(FIRST), "to": compact(TODAY)});
    let said = Said::by(caller.post("/1/counts/events.json", &body).send().await.unwrap()).await.json();
    let id = said["req_id"].as_str().map_or_else(|| said["req_id"].to_string(), str::to_owned);
    simulator.expire_request_ids();
    let said = Said::by(caller.get(&format!("/1/counts/events.json?req_id={id}")).send().await.unwrap()).await;
    assert_eq!(said.json()["error"], "Invalid request id");
}
