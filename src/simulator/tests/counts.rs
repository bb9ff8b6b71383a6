//! Counts, trends, top properties and real time: the same numbers as an export gives, in CleverTap's shapes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;

use super::*;
use crate::simulator::{Endpoint, Fault, Simulator, TopForm};

const FIRST: Date = date(2026, 10, 28);

fn at_once() -> SimulatorConfig {
    SimulatorConfig { count_polls: 0, first_page_polls: 0, ..SimulatorConfig::for_testing() }
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |day| *day <= last)
}

/// Every record of an event, with its day, as `records` shows it.
fn rows(simulator: &Simulator, event: &str, first: Date, last: Date) -> Vec<(Date, Value)> {
    days(first, last)
        .flat_map(|day| simulator.records(event, day).into_iter().map(move |record| (day, record)))
        .filter_map(|(day, record)| Some((day, serde_json::from_str(&record).ok()?)))
        .collect()
}

fn who(record: &Value) -> Option<String> {
    let profile = &record["profile"];
    profile["identity"].as_str().or(profile["objectId"].as_str()).map(str::to_owned)
}

fn people<'a>(rows: impl IntoIterator<Item = &'a (Date, Value)>) -> u64 {
    rows.into_iter().filter_map(|(_, record)| who(record)).collect::<BTreeSet<_>>().len() as u64
}

/// Asks a path, and goes on asking until the answer is not `partial`.
async fn ask(caller: &Caller, path: &str, body: &Value) -> Said {
    let mut said = Said::by(caller.post(path, body).send().await.unwrap()).await;
    while let Ok(json) = serde_json::from_str::<Value>(&said.body)
        && json["status"] == "partial"
    {
        let id = &json["req_id"];
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        said = Said::by(caller.get(&format!("{path}?req_id={id}")).send().await.unwrap()).await;
    }
    said
}

fn query(event: &str, first: Date, last: Date, more: Value) -> Value {
    let mut body = json!({"event_name": event, "from": compact(first), "to": compact(last)});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[actix_web::test]
async fn a_profile_count_is_the_number_of_different_people() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    for (event, first) in [("App Launched", FIRST), ("Charged", YESTERDAY), ("Wishlist Opened", FIRST)] {
        let body = query(event, first, TODAY, json!({}));
        let count = ask(&caller, "/1/counts/profiles.json", &body).await.json()["count"].clone();
        assert_eq!(count, people(&rows(&simulator, event, first, TODAY)), "{event}");
    }
    let sent = ask(&caller, "/1/counts/profiles.json", &query("Notification Sent", FIRST, TODAY, json!({}))).await;
    assert!(sent.json()["count"].as_u64().unwrap() > 100);
}

#[actix_web::test]
async fn records_that_a_test_put_there_are_people_too() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    let of_shop = simulator.records("Charged", YESTERDAY);
    simulator.add_records("Charged", YESTERDAY, [of_shop[0].clone()]);
    simulator.add_records(
        "Charged",
        YESTERDAY,
        [r#"{"profile":{"identity":7,"objectId":"a"}}"#, r#"{"profile":{"identity":"7","objectId":"b"}}"#, "17"],
    );
    let expected = people(&rows(&simulator, "Charged", YESTERDAY, YESTERDAY));
    let body = query("Charged", YESTERDAY, YESTERDAY, json!({}));
    let count = ask(&caller, "/1/counts/profiles.json", &body).await.json()["count"].as_u64().unwrap();
    // One of the two has its identity as a number, which the expectation takes for none.
    assert_eq!(count + 1, expected);
}

#[actix_web::test]
async fn every_computed_number_may_take_its_time_and_its_id_is_good_on_its_path_only() {
    let config = SimulatorConfig { count_polls: 2, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let groups =
        json!({"groups": {"g0": {"trend_type": "daily", "property_type": "event_properties", "name": "Amount"}}});
    let body = query("Charged", YESTERDAY, YESTERDAY, groups);
    let mut ids = Vec::new();
    for path in ["/1/counts/profiles.json", "/1/counts/trends.json", "/1/counts/top.json", "/1/counts/events.json"] {
        let said = Said::by(caller.post(path, &body).send().await.unwrap()).await.json();
        assert_eq!(said["status"], "partial", "{path}");
        let id = said["req_id"].as_str().map_or_else(|| said["req_id"].to_string(), str::to_owned);
        assert!(id.len() >= 18);
        ids.push((path, id, said["req_id"].is_string()));
    }
    assert_eq!(ids.iter().filter(|(_, _, as_text)| *as_text).count(), 2);
    for (path, id, _) in &ids {
        let poll =
            async |path: &str| Said::by(caller.get(&format!("{path}?req_id={id}")).send().await.unwrap()).await.json();
        let other = if *path == "/1/counts/top.json" { "/1/counts/trends.json" } else { "/1/counts/top.json" };
        assert_eq!(poll(other).await["error"], "Invalid request id");
        assert_eq!(poll(path).await["status"], "partial");
        assert_eq!(poll(path).await["status"], "success");
    }
    let polls = simulator.log().calls_of(Endpoint::TrendsPoll);
    assert!(polls.iter().any(|call| call.event.as_deref() == Some("Charged") && call.from == Some(YESTERDAY)));
}

#[actix_web::test]
async fn trends_have_labels_beside_status_and_agree_with_the_records() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    let groups =
        json!({"foo": {"trend_type": "daily"}, "bar": {"trend_type": "weekly"}, "foobar": {"trend_type": "monthly"}});
    let rows = rows(&simulator, "Product Viewed", FIRST, TODAY);
    type Key = fn(Date) -> String;
    let keys: [(&str, Key); 3] = [
        ("foo", |day| day.strftime("%Y%m%d").to_string()),
        ("bar", |day| day.strftime("%G%V").to_string()),
        ("foobar", |day| day.strftime("%Y%m").to_string()),
    ];
    let ask = async |more: Value| {
        let mut body = query("Product Viewed", FIRST, TODAY, more);
        body["groups"] = groups.clone();
        ask(&caller, "/1/counts/trends.json", &body).await.json()
    };
    for unique in [false, true] {
        let said = ask(json!({"unique": unique})).await;
        assert_eq!(said["status"], "success");
        for (label, key) in keys {
            let mut periods: BTreeMap<String, Vec<&(Date, Value)>> = BTreeMap::new();
            rows.iter().for_each(|row| periods.entry(key(row.0)).or_default().push(row));
            let number = |rows: Vec<&(Date, Value)>| if unique { people(rows) } else { rows.len() as u64 };
            let expected: BTreeMap<String, u64> = periods.into_iter().map(|(key, rows)| (key, number(rows))).collect();
            assert_eq!(said[label], json!(expected), "{label} {unique}");
        }
    }
    let summed = ask(json!({"sum_event_prop": "Position"})).await;
    let sum: i64 = rows.iter().filter_map(|(_, record)| record["event_props"]["Position"].as_i64()).sum();
    assert_eq!(summed["foobar"].as_object().unwrap().values().filter_map(Value::as_i64).sum::<i64>(), sum);
    let fractions = ask(json!({"sum_event_prop": "Price"})).await;
    let sum: f64 = rows.iter().filter_map(|(_, record)| record["event_props"]["Price"].as_f64()).sum();
    let got: f64 = fractions["bar"].as_object().unwrap().values().filter_map(Value::as_f64).sum();
    assert!((got - sum).abs() < 0.01, "{got} {sum}");
}

#[actix_web::test]
async fn a_week_belongs_to_the_year_of_its_thursday_and_days_without_events_are_missing() {
    let config = SimulatorConfig { days: 400, ..at_once() }.at(date(2027, 1, 20).at(12, 0, 0, 0));
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let body = |first, last, step| query("App Launched", first, last, json!({"groups": {"g0": {"trend_type": step}}}));
    let weeks = body(date(2026, 12, 28), date(2027, 1, 4), "weekly");
    let said = ask(&caller, "/1/counts/trends.json", &weeks).await.json();
    assert_eq!(said["g0"].as_object().unwrap().keys().collect::<Vec<_>>(), ["202653", "202701"]);
    simulator.set_records::<String>("App Launched", date(2027, 1, 2), []);
    let daily = body(date(2027, 1, 1), date(2027, 1, 3), "daily");
    let said = ask(&caller, "/1/counts/trends.json", &daily).await.json();
    assert_eq!(said["g0"].as_object().unwrap().keys().collect::<Vec<_>>(), ["20270101", "20270103"]);
    let year = ask(&caller, "/1/counts/trends.json", &body(date(2026, 1, 4), date(2027, 1, 4), "monthly")).await;
    assert_eq!(year.status, 200);
    let longer = ask(&caller, "/1/counts/trends.json", &body(date(2026, 1, 3), date(2027, 1, 4), "monthly")).await;
    assert_eq!((longer.status, &longer.json()["code"]), (400, &json!(4002)));
}

#[actix_web::test]
async fn trends_refuse_what_they_cannot_group() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    let groups = async |groups: Value| {
        let body = query("Charged", YESTERDAY, YESTERDAY, json!({"groups": groups}));
        ask(&caller, "/1/counts/trends.json", &body).await.json()["error"].clone()
    };
    let daily = json!({"trend_type": "daily"});
    let six: serde_json::Map<String, Value> = (0..6).map(|n| (format!("g{n}"), daily.clone())).collect();
    assert_eq!(groups(json!(six)).await, "A maximum of 5 groups is allowed");
    assert_eq!(groups(json!({})).await, "groups is missing");
    assert_eq!(groups(json!({"g0": {"trend_type": "yearly"}})).await, "Invalid group");
    assert_eq!(groups(json!({"status": daily})).await, "Invalid group");
}

#[actix_web::test]
async fn top_properties_are_under_their_type_and_the_most_frequent_first() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    let groups = json!({
        "currency": {"property_type": "event_properties", "name": "Currency"},
        "rating": {"property_type": "event_properties", "name": "Rating", "top_n": 100},
        "tags": {"property_type": "event_properties", "name": "Tags", "top_n": 2},
        "rare": {"property_type": "event_properties", "name": "Tags", "top_n": 2, "order": "asc"},
        "type": {"property_type": "profile_fields", "name": "Customer Type"},
        "first": {"property_type": "session_properties", "name": "first_time"},
        "stock": {"property_type": "event_properties", "name": "In stock"},
    });
    let body = query("Product Viewed", FIRST, TODAY, json!({"groups": groups}));
    let said = ask(&caller, "/1/counts/top.json", &body).await;
    let top = said.json();
    let rows = rows(&simulator, "Product Viewed", FIRST, TODAY);
    let tally = |of: &dyn Fn(&Value) -> Vec<Value>| {
        let mut tally: BTreeMap<String, u64> = BTreeMap::new();
        for value in rows.iter().flat_map(|(_, record)| of(record)) {
            *tally.entry(value.as_str().map_or_else(|| value.to_string(), str::to_owned)).or_default() += 1;
        }
        tally
    };
    let one = |value: &Value| if value.is_null() { vec![] } else { vec![value.clone()] };
    assert_eq!(top["currency"], json!({"STR": tally(&|record| one(&record["event_props"]["Currency"]))}));
    assert_eq!(top["first"], json!({"STR": tally(&|record| one(&record["session_props"]["first_time"]))}));
    assert_eq!(top["stock"], json!({"BOOL": tally(&|record| one(&record["event_props"]["In stock"]))}));
    let types = tally(&|record| one(&record["profile"]["profileData"]["Customer Type"]));
    assert_eq!(top["type"], json!({"STR": types}));
    assert_eq!(top["rating"].as_object().unwrap().keys().collect::<Vec<_>>(), ["NUM", "STR"]);
    let tags = tally(&|record| record["event_props"]["Tags"].as_array().unwrap().clone());
    let mut by_count: Vec<u64> = tags.values().copied().collect();
    by_count.sort_unstable();
    let counts = |label: &str| {
        let mut counts: Vec<u64> = top[label]["STR"].as_object().unwrap().values().filter_map(Value::as_u64).collect();
        counts.sort_unstable();
        counts
    };
    assert_eq!(counts("tags"), by_count[by_count.len() - 2..]);
    assert_eq!(counts("rare"), by_count[..2]);
}

#[actix_web::test]
async fn top_properties_may_lack_the_layer_and_refuse_unknown_names() {
    let simulator = Simulator::start(SimulatorConfig { top_form: TopForm::Flat, ..at_once() }).unwrap();
    let caller = Caller::of(&simulator);
    let top = async |kind: &str, name: &str| {
        let groups = json!({"groups": {"g0": {"property_type": kind, "name": name}}});
        ask(&caller, "/1/counts/top.json", &query("Charged", YESTERDAY, YESTERDAY, groups)).await
    };
    let flat = top("event_properties", "Currency").await.json();
    assert!(flat["g0"]["INR"].as_u64().unwrap() > 0, "{flat}");
    for (kind, name) in [("event_properties", "currency"), ("profile_fields", "Nobody has this"), ("shoes", "Currency")]
    {
        let said = top(kind, name).await;
        assert_eq!((said.status, &said.json()["error"]), (400, &json!("Invalid group")), "{kind} {name}");
    }
    // Known, though nobody has it on that day.
    simulator.set_records::<String>("Charged", YESTERDAY, []);
    assert_eq!(top("event_properties", "Discount %").await.json(), json!({"status": "success", "g0": {}}));
}

#[actix_web::test]
async fn filters_mean_the_same_everywhere() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    let all = rows(&simulator, "Charged", FIRST, TODAY);
    type Test = fn(&Value) -> bool;
    let cases: [(Value, Test); 5] = [
        (
            json!({"event_properties": [{"name": "Currency", "operator": "equals", "value": ["INR", "EUR"]}]}),
            |record| matches!(record["event_props"]["Currency"].as_str(), Some("INR" | "EUR")),
        ),
        (
            json!({"event_properties": [{"name": "Amount", "operator": "gt", "value": 500},
                                        {"name": "Payment mode", "operator": "contains", "value": "Card"}]}),
            |record| {
                let mode = record["event_props"]["Payment mode"].as_str();
                record["event_props"]["Amount"].as_f64() > Some(500.0) && mode.is_some_and(|mode| mode.contains("Card"))
            },
        ),
        (json!({"session_properties": [{"name": "first_time", "value": "True"}]}), |record| {
            record["session_props"]["first_time"] == "True"
        }),
        (
            json!({"common_profile_properties": {"profile_fields": [{"name": "Customer Type", "operator": "equals", "value": "Gold"}]}}),
            |record| record["profile"]["profileData"]["Customer Type"] == "Gold",
        ),
        (json!({"event_properties": [{"name": "Currency", "operator": "eqauls", "value": "INR"}]}), |_| true),
    ];
    for (filter, test) in cases {
        let body = query("Charged", FIRST, TODAY, filter.clone());
        let expected: Vec<&(Date, Value)> = all.iter().filter(|(_, record)| test(record)).collect();
        assert!(!expected.is_empty(), "{filter}");
        let count = ask(&caller, "/1/counts/events.json", &body).await.json()["count"].clone();
        assert_eq!(count, expected.len(), "{filter}");
        let persons = ask(&caller, "/1/counts/profiles.json", &body).await.json()["count"].clone();
        assert_eq!(persons, people(expected.iter().copied()), "{filter}");
        let mut trend = body.clone();
        trend["groups"] = json!({"g0": {"trend_type": "daily"}});
        let trend = ask(&caller, "/1/counts/trends.json", &trend).await.json();
        let sum: u64 = trend["g0"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(sum, expected.len() as u64, "{filter}");
        let opened = Said::by(caller.post("/1/events.json?events=false", &body).send().await.unwrap()).await;
        let mut exported = Vec::new();
        let mut cursor = Some(opened.cursor());
        while let Some(at) = cursor {
            let page = caller.page(&at).await;
            exported.extend(page.records());
            cursor = page.next_cursor();
        }
        let exported: Vec<Value> = exported.iter().map(|record| serde_json::from_str(record).unwrap()).collect();
        assert_eq!(exported.len(), expected.len(), "{filter}");
        assert!(exported.iter().all(test), "{filter}");
    }
}

#[actix_web::test]
async fn computed_numbers_have_faults_of_their_own() {
    let simulator = Simulator::start(at_once()).unwrap();
    let caller = Caller::of(&simulator);
    let groups =
        json!({"groups": {"g0": {"trend_type": "daily", "property_type": "event_properties", "name": "Currency"}}});
    let body = query("Charged", YESTERDAY, YESTERDAY, groups);
    simulator.faults().next(Endpoint::TrendsOpen, Fault::CountAsText);
    let said = ask(&caller, "/1/counts/trends.json", &body).await.json();
    assert!(said["g0"]["20261122"].is_string(), "{said}");
    simulator.faults().next(Endpoint::TopOpen, Fault::InvalidGroup);
    assert_eq!(ask(&caller, "/1/counts/top.json", &body).await.json()["error"], "Invalid group");
    simulator.faults().next(Endpoint::TopOpen, Fault::Partial);
    simulator.faults().times(3, Endpoint::TopPoll, Fault::Partial);
    assert_eq!(ask(&caller, "/1/counts/top.json", &body).await.json()["status"], "success");
    assert_eq!(simulator.log().count(Endpoint::TopPoll), 4);
    simulator.faults().next(Endpoint::ProfileCountsOpen, Fault::InvalidEvent(200));
    let said = ask(&caller, "/1/counts/profiles.json", &body).await.json();
    assert_eq!(said["error"], r#"["Invalid event : Charged"]"#);
    simulator.faults().next(Endpoint::ProfileCountsOpen, Fault::Html(503));
    assert_eq!(ask(&caller, "/1/counts/profiles.json", &body).await.status, 503);
    simulator.faults().next(Endpoint::Schema, Fault::Fail { status: 403, error: "Not allowed" });
    let schema = Said::by(caller.get("/getSchema?type=userProperties").send().await.unwrap()).await;
    assert_eq!(schema.json(), json!({"status": "fail", "error": "Not allowed", "code": 403}));
}

#[actix_web::test]
async fn slices_of_the_present_add_up() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let now = async |body: Value| Said::by(caller.post("/1/now.json", &body).send().await.unwrap()).await.json();
    assert_eq!(now(json!({})).await, json!({"status": "success", "count": simulator.active_now()}));
    let slices = ["user_type", "session_source", "browser", "os", "device"];
    let asked: serde_json::Map<String, Value> = slices.iter().map(|slice| ((*slice).to_owned(), json!(true))).collect();
    let said = now(json!(asked)).await;
    for slice in slices {
        let sum: u64 = said[slice].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(sum, simulator.active_now(), "{slice}");
    }
    assert!(now(json!({"os": false})).await.get("os").is_none());
}
