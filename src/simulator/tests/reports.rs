//! Message reports: their filters, and every form in which they may come.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::simulator::{DailyForm, Endpoint, Message, Metric, Metrics, VariantForm};

async fn report(caller: &Caller, more: Value) -> Said {
    let mut body = json!({"from": "20261001", "to": "20261130"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Said::by(caller.post("/1/message/report.json", &body).send().await.unwrap()).await
}

fn of_period(simulator: &Simulator) -> Vec<Message> {
    let period = date(2026, 10, 1)..=date(2026, 11, 30);
    simulator.messages().into_iter().filter(|message| period.contains(&message.start.date())).collect()
}

fn id(message: &Value) -> i64 {
    message["message id"].as_i64().or(message["message_id"].as_i64()).unwrap()
}

fn written(metrics: Metrics) -> [Value; 3] {
    [metrics.sent, metrics.viewed, metrics.clicked].map(|metric| match metric {
        Metric::Number(number) => json!(number),
        Metric::Text(text) => json!(text),
        Metric::Absent => Value::Null,
    })
}

fn metrics(object: &Value) -> [Value; 3] {
    ["sent", "viewed", "clicked"].map(|key| object[key].clone())
}

#[actix_web::test]
async fn a_report_has_the_messages_that_started_in_the_period() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let said = report(&caller, json!({})).await.json();
    let messages = said["messages"].as_array().unwrap();
    let expected = of_period(&simulator);
    assert!(expected.len() > 90);
    assert_eq!(said["total_results"], expected.len());
    assert_eq!(messages.iter().map(id).collect::<Vec<_>>(), expected.iter().map(|m| m.id).collect::<Vec<_>>());
    for (said, message) in messages.iter().zip(&expected) {
        assert_eq!(said["start_date"], message.start.strftime("%d %b, %Y %H:%M:%S").to_string());
        assert_eq!(metrics(said), written(message.total()));
        assert_eq!(said.get("variants").is_some(), message.variants.len() == 2);
        assert_eq!(message.status.1 == "scheduled", said.get("sent").is_none());
    }
    assert!(messages[0]["start_date"].as_str().unwrap().contains(" Oct, 2026 "));
    let has = |what: &str, is: &dyn Fn(&Value) -> bool| assert!(messages.iter().any(is), "{what}");
    has("a key with an underscore", &|message| message.get("message_id").is_some());
    has("N/A", &|message| message["viewed"] == "N/A");
    has("-", &|message| message["clicked"] == "-");
    has("labels as text", &|message| message["labels"].as_str().is_some_and(|labels| labels.contains(',')));
    has("labels as a list", &|message| message["labels"].as_array().is_some_and(|labels| labels.len() == 2));
    let statuses: BTreeSet<&str> = messages.iter().filter_map(|message| message["status"].as_str()).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), ["Completed", "Running", "Scheduled", "Stopped"]);
}

#[actix_web::test]
async fn a_report_takes_digits_only_and_may_be_empty() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    assert_eq!(report(&caller, json!({"from": 20261001, "to": 20261130})).await, report(&caller, json!({})).await);
    assert_eq!(report(&caller, json!({"from": "2026-10-01"})).await.status, 500);
    assert_eq!(report(&caller, json!({"from": "20261201"})).await.json()["code"], 4002);
    assert_eq!(report(&caller, json!({"from": "tomorrow"})).await.json()["code"], 4002);
    assert_eq!(
        report(&caller, json!({"from": "20200101", "to": "20200131"})).await.json(),
        json!({"status": "success"})
    );
    let calls = simulator.log().calls_of(Endpoint::MessageReport);
    assert_eq!((calls[0].from, calls[0].to), (Some(date(2026, 10, 1)), Some(date(2026, 11, 30))));
}

#[actix_web::test]
async fn filters_are_asked_in_words_that_are_not_shown() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let all = of_period(&simulator);
    let ids = async |filter: Value| -> Vec<i64> {
        let said = report(&caller, filter).await.json();
        said["messages"].as_array().into_iter().flatten().map(id).collect()
    };
    type Test = fn(&Message) -> bool;
    let cases: [(Value, Test); 6] = [
        (json!({"channel": ["push", "browser"]}), |m| ["Mobile Push", "Web Push"].contains(&m.channel.0)),
        (json!({"channel": "push, browser"}), |m| ["Mobile Push", "Web Push"].contains(&m.channel.0)),
        (json!({"delivery": ["one_time"], "status": ["completed"]}), |m| {
            m.delivery.0 == "One Time" && m.status.0 == "Completed"
        }),
        (json!({"message_type": ["ab"]}), |m| m.message_type.0 == "A/B"),
        (json!({"label": ["sale"]}), |m| m.labels.contains(&"sale")),
        (json!({"channel": []}), |_| true),
    ];
    for (filter, test) in cases {
        let expected: Vec<i64> = all.iter().filter(|message| test(message)).map(|message| message.id).collect();
        assert!(!expected.is_empty());
        assert_eq!(ids(filter.clone()).await, expected, "{filter}");
    }
}

/// Message, variant (none for the whole) and day, and what is said of them.
type Cells = BTreeMap<(i64, Option<String>, Option<String>), [Value; 3]>;

/// Reads a report in whichever form it comes.
fn cells(messages: &[Value]) -> Cells {
    fn days(object: &Value, key: (i64, Option<String>), day: Option<String>, cells: &mut Cells) {
        let date = |value: &Value| value["date"].as_str().map(str::to_owned);
        match &object["daily"] {
            Value::Array(rows) => rows.iter().for_each(|row| {
                cells.insert((key.0, key.1.clone(), date(row)), metrics(row));
            }),
            Value::Object(rows) => rows.iter().for_each(|(date, row)| {
                cells.insert((key.0, key.1.clone(), Some(date.clone())), metrics(row));
            }),
            _ => {
                let before = cells.insert((key.0, key.1, date(object).or(day)), metrics(object));
                assert!(before.is_none(), "said twice");
            }
        }
    }
    let mut cells = Cells::new();
    for message in messages {
        let variant = |object: &Value| object["variant"].as_str().map(str::to_owned);
        days(message, (id(message), variant(message)), None, &mut cells);
        for nested in message["variants"].as_array().into_iter().flatten() {
            let day = message["date"].as_str().map(str::to_owned);
            days(nested, (id(message), variant(nested)), day, &mut cells);
        }
    }
    cells.retain(|_, metrics| metrics.iter().any(|metric| !metric.is_null()));
    cells
}

#[actix_web::test]
async fn every_form_says_the_same() {
    for daily in [None, Some(DailyForm::Rows), Some(DailyForm::Keyed), Some(DailyForm::Repeated)] {
        for variant_form in [VariantForm::Nested, VariantForm::Repeated] {
            let daily_form = daily.unwrap_or(DailyForm::Rows);
            let config = SimulatorConfig { daily_form, variant_form, ..SimulatorConfig::for_testing() };
            let simulator = Simulator::start(config).unwrap();
            let caller = Caller::of(&simulator);
            let said = report(&caller, json!({"daily": daily.is_some()})).await.json();
            let mut expected = Cells::new();
            for message in of_period(&simulator) {
                let mut put = |variant: Option<&str>, days: &[(Date, Metrics)]| {
                    let mut put = |day: Option<String>, metrics: Metrics| {
                        expected.insert((message.id, variant.map(str::to_owned), day), written(metrics));
                    };
                    if daily.is_some() {
                        days.iter().for_each(|(day, metrics)| put(Some(day.strftime("%Y%m%d").to_string()), *metrics));
                    } else {
                        put(None, Metrics::sum(days.iter().map(|(_, metrics)| *metrics)));
                    }
                };
                if message.variants.len() == 1 || variant_form == VariantForm::Nested {
                    put(None, &message.days());
                }
                for variant in message.variants.iter().filter(|variant| variant.name.is_some()) {
                    put(variant.name, &variant.days);
                }
            }
            expected.retain(|_, metrics| metrics.iter().any(|metric| !metric.is_null()));
            assert!(expected.len() > 90);
            assert_eq!(cells(said["messages"].as_array().unwrap()), expected, "{daily:?} {variant_form:?}");
        }
    }
}

#[actix_web::test]
async fn a_report_may_be_slow_while_other_things_are_not() {
    let config = SimulatorConfig { report_slowness: 1000.0, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let request = caller.post("/1/message/report.json", &json!({"from": "20261001", "to": "20261130"}));
    let slow = actix_web::rt::spawn(async move {
        request.send().await.unwrap();
    });
    while simulator.log().count(Endpoint::MessageReport) == 0 {
        actix_web::rt::task::yield_now().await;
    }
    assert_eq!(Said::by(caller.post("/1/now.json", &json!({})).send().await.unwrap()).await.status, 200);
    assert_eq!(simulator.log().calls_of(Endpoint::MessageReport)[0].status, None);
    slow.abort();
}
