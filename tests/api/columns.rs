//! Columns over time: types are settled once, nothing is dropped, names stay, new columns come at the end.

use std::collections::BTreeMap;

use flattap::simulator::Endpoint;
use jiff::civil::{Date, date};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::{Rows, Setup, TestGateway};

const EVENT: &str = "Charged";

fn day(number: i8) -> Date {
    date(2026, 11, number)
}

/// A record of a day with these event properties, one second after the other.
fn record(day: Date, second: usize, properties: &str) -> String {
    let ts = format!("{}{:06}", day.strftime("%Y%m%d"), 100_000 + second);
    format!(r#"{{"ts":{ts},"event_props":{{{properties}}},"profile":{{"objectId":"o{second}"}}}}"#)
}

/// Puts one record for each of these property lists on a day.
fn put(gateway: &TestGateway, day: Date, properties: &[&str]) {
    let records: Vec<String> = properties.iter().zip(0..).map(|(text, second)| record(day, second, text)).collect();
    gateway.simulator.set_records(EVENT, day, records);
}

async fn read(gateway: &TestGateway, first: Date, last: Date) -> Rows {
    gateway.get(&path("csv", EVENT, first, last)).await.good().csv()
}

fn path(format: &str, event: &str, first: Date, last: Date) -> String {
    let event = utf8_percent_encode(event, NON_ALPHANUMERIC);
    format!("/v1/events.{format}?event={event}&from={first}&to={last}")
}

/// The columns after the fixed ones.
fn properties(rows: &Rows) -> Vec<&str> {
    rows.columns.iter().skip(17).map(String::as_str).collect()
}

/// The cells of a column, null as `∅`.
fn cells<'a>(rows: &'a Rows, column: &str) -> Vec<&'a str> {
    assert!(rows.columns.iter().any(|name| name == column), "no {column} in {:?}", properties(rows));
    rows.rows.iter().map(|row| row.get(column).map_or("∅", String::as_str)).collect()
}

async fn types(gateway: &TestGateway) -> BTreeMap<String, String> {
    let event = utf8_percent_encode(EVENT, NON_ALPHANUMERIC);
    let schema = gateway.get(&format!("/v1/tables/events/schema?event={event}")).await.good().json();
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    schema.as_array().expect("rows").iter().map(|column| (text(&column["name"]), text(&column["type"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integer_column_becomes_a_number_column_when_a_fraction_comes() {
    let mut gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""n":1"#, r#""n":9007199254740992"#, r#""n":-7"#]);
    put(&gateway, day(2), &[r#""n":2.5"#, r#""n":3"#]);
    let before = read(&gateway, day(1), day(1)).await;
    assert_eq!(cells(&before, "prop_n"), ["1", "9007199254740992", "-7"]);
    assert_eq!(types(&gateway).await["prop_n"], "integer");

    let widened = read(&gateway, day(1), day(2)).await;
    assert_eq!(cells(&widened, "prop_n"), ["1.0", "9007199254740992.0", "-7.0", "2.5", "3.0"]);
    assert_eq!(properties(&widened), ["prop_n"], "no sibling for what merely widened");
    assert_eq!(types(&gateway).await["prop_n"], "number");
    let ids = |rows: &Rows| rows.rows.iter().map(|row| row["row_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&widened)[..3], "rows stay who they are");

    let json = gateway.get(&path("json", EVENT, day(1), day(2))).await.good().json();
    assert_eq!(json[3]["prop_n"], 2.5);
    gateway.restart().await;
    gateway.simulator.log().clear();
    assert_eq!(read(&gateway, day(1), day(2)).await, widened);
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_later_goes_unchanged_into_the_text_sibling() {
    let mut gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""i":1,"f":1.5,"b":true,"j":[1],"d":"$D_1700000000","t":"x""#]);
    put(
        &gateway,
        day(2),
        &[
            r#""i":"007","f":"+49 30","b":"yes","j":"plain","d":"2026-01-01","t":5"#,
            r#""i":true,"f":{"a":1},"b":1,"j":3.50,"d":12,"t":[1, 2]"#,
            r#""i":9007199254740993,"f":null,"b":null,"j":{"x":1},"d":"$D_x","t":1e3"#,
            r#""i":"","f":"","b":"","j":"","d":"","t":"""#,
            r#""i":2,"f":2,"b":false,"j":[],"d":"$D_0","t":true"#,
        ],
    );
    let first = read(&gateway, day(1), day(1)).await;
    assert_eq!(properties(&first), ["prop_i", "prop_f", "prop_b", "prop_j", "prop_d", "prop_t"]);
    let all = read(&gateway, day(1), day(2)).await;
    assert_eq!(properties(&all)[..6], properties(&first)[..]);
    let pairs = |name: &str| (cells(&all, name), cells(&all, &format!("{name}_text")));
    assert_eq!(
        pairs("prop_i"),
        (vec!["1", "∅", "∅", "∅", "∅", "2"], vec!["∅", "007", "true", "9007199254740993", "", "∅"])
    );
    assert_eq!(pairs("prop_f"), (vec!["1.5", "∅", "∅", "∅", "∅", "2.0"], vec!["∅", "+49 30", "∅", "∅", "", "∅"]));
    assert_eq!(cells(&all, "prop_f_a"), ["∅", "∅", "1", "∅", "∅", "∅"]);
    assert_eq!(pairs("prop_b"), (vec!["true", "∅", "∅", "∅", "∅", "false"], vec!["∅", "yes", "1", "∅", "", "∅"]));
    assert_eq!(pairs("prop_j"), (vec!["[1]", "∅", "∅", "∅", "∅", "[]"], vec!["∅", "plain", "3.50", "∅", "", "∅"]));
    assert_eq!(cells(&all, "prop_j_x"), ["∅", "∅", "∅", "1", "∅", "∅"]);
    assert_eq!(
        pairs("prop_d"),
        (
            vec!["2023-11-14T22:13:20Z", "∅", "∅", "∅", "∅", "1970-01-01T00:00:00Z"],
            vec!["∅", "2026-01-01", "12", "$D_x", "", "∅"]
        )
    );
    assert_eq!(cells(&all, "prop_t"), ["x", "5", "[1, 2]", "1e3", "", "true"]);
    gateway.restart().await;
    assert_eq!(read(&gateway, day(1), day(2)).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_meet_are_numbered_and_stay_so() {
    let mut gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""Payment mode":"a","payment-mode":"b","PAYMENT.MODE":"c","!":"d","?":"e""#]);
    let first = read(&gateway, day(1), day(1)).await;
    let names = ["prop_payment_mode", "prop_payment_mode_2", "prop_payment_mode_3", "prop_unnamed", "prop_unnamed_2"];
    assert_eq!(properties(&first), names);
    assert_eq!(names.map(|name| cells(&first, name)[0]), ["a", "b", "c", "d", "e"]);

    // In another order, with another newcomer: the assignment is kept.
    put(&gateway, day(2), &[r#""payment mode":"n","?":"E","PAYMENT.MODE":"C","payment-mode":"B","Payment mode":"A""#]);
    gateway.restart().await;
    let second = read(&gateway, day(2), day(2)).await;
    assert_eq!(properties(&second)[..5], names);
    assert_eq!(properties(&second)[5..], ["prop_payment_mode_4"]);
    assert_eq!(names.map(|name| cells(&second, name)[0]), ["A", "B", "C", "∅", "E"]);
    assert_eq!(cells(&second, "prop_payment_mode_4"), ["n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_meets_a_text_sibling_gets_the_next_free_name() {
    let gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""a":1,"b text":"own""#, r#""b":2"#]);
    read(&gateway, day(1), day(1)).await;
    put(&gateway, day(2), &[r#""a":"odd","b":"odd too""#, r#""a text":"a key""#]);
    let all = read(&gateway, day(1), day(2)).await;
    assert_eq!(cells(&all, "prop_a_text"), ["∅", "∅", "odd", "∅"]);
    assert_eq!(cells(&all, "prop_a_text_2"), ["∅", "∅", "∅", "a key"]);
    assert_eq!(cells(&all, "prop_b_text"), ["own", "∅", "∅", "∅"]);
    assert_eq!(cells(&all, "prop_b_text_2"), ["∅", "∅", "odd too", "∅"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_digit_of_a_huge_number_is_lost() {
    let gateway = TestGateway::start().await;
    let huge = "123456789012345678901234567890";
    let id = format!(r#""id":{huge},"small":1"#);
    put(&gateway, day(1), &[&id, r#""id":1,"small":2"#]);
    put(
        &gateway,
        day(2),
        &[&format!(r#""small":{huge}"#), r#""small":18446744073709551616"#, r#""small":-9007199254740993"#],
    );
    let first = read(&gateway, day(1), day(1)).await;
    assert_eq!(cells(&first, "prop_id"), [huge, "1"], "text, because one of its values is an id");
    let all = read(&gateway, day(1), day(2)).await;
    assert_eq!(cells(&all, "prop_small"), ["1", "2", "∅", "∅", "∅"]);
    assert_eq!(cells(&all, "prop_small_text"), ["∅", "∅", huge, "18446744073709551616", "-9007199254740993"]);
    let json = gateway.get(&path("json", EVENT, day(1), day(1))).await.good().json();
    assert_eq!(json[0]["prop_id"], huge);
    assert_eq!(types(&gateway).await["prop_id"], "text");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_exact_date_texts_are_timestamps() {
    let gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""good":"$D_1766000000","near":"$D_1766000000.5","ago":"$D_-1""#]);
    put(&gateway, day(2), &[r#""good":"$D_1","near":" $D_1","ago":"$D_99999999999999999999""#]);
    let all = read(&gateway, day(1), day(2)).await;
    assert_eq!(cells(&all, "prop_good"), ["2025-12-17T19:33:20Z", "1970-01-01T00:00:01Z"]);
    assert_eq!(cells(&all, "prop_near"), ["$D_1766000000.5", " $D_1"]);
    assert_eq!(
        cells(&all, "prop_ago"),
        ["$D_-1", "$D_99999999999999999999"],
        "one is beyond time: text from the first"
    );
    let kinds = types(&gateway).await;
    assert_eq!((kinds["prop_good"].as_str(), kinds["prop_near"].as_str()), ("timestamp", "text"));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_columns_come_at_the_end_whichever_day_brings_them() {
    let gateway = TestGateway::start().await;
    put(&gateway, day(10), &[r#""b":1,"a":2"#]);
    let mut known = read(&gateway, day(10), day(10)).await.columns;
    // An earlier day, a later day, and a key of another section.
    put(&gateway, day(9), &[r#""early":1,"a":2"#]);
    put(&gateway, day(11), &[r#""late":1,"b":2"#]);
    let session =
        record(day(12), 0, r#""a":1"#).replace("\"event_props\"", r#""session_props":{"source":"x"},"event_props""#);
    gateway.simulator.set_records(EVENT, day(12), [session]);
    for (number, column) in [(9, "prop_early"), (11, "prop_late"), (12, "session_source")] {
        let columns = read(&gateway, day(number), day(number)).await.columns;
        assert_eq!(columns[..known.len()], known[..], "what was there stays in its place");
        assert_eq!(columns[known.len()..], [column]);
        known = columns;
    }
    assert_eq!(read(&gateway, day(10), day(10)).await.columns, known, "the old days show them as well");
    assert_eq!(properties(&read(&gateway, day(9), day(12)).await)[..2], ["prop_b", "prop_a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_began_without_rows_takes_the_types_of_the_first_rows() {
    let mut gateway = TestGateway::start().await;
    put(&gateway, day(1), &[]);
    put(&gateway, day(2), &[r#""n":1.5,"t":"x","b":true"#]);
    let empty = read(&gateway, day(1), day(1)).await;
    assert_eq!((empty.rows.len(), properties(&empty).len()), (0, 0));
    gateway.restart().await;
    let both = read(&gateway, day(1), day(2)).await;
    assert_eq!(properties(&both), ["prop_n", "prop_t", "prop_b"]);
    assert_eq!(cells(&both, "prop_n"), ["1.5"]);
    let kinds = types(&gateway).await;
    assert_eq!(["prop_n", "prop_t", "prop_b"].map(|name| kinds[name].as_str()), ["number", "text", "boolean"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_was_always_null_is_typed_by_its_first_value() {
    let gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""n":null,"o":{},"a":1"#]);
    put(&gateway, day(2), &[r#""n":5,"o":{"k":true},"a":null"#]);
    assert_eq!(properties(&read(&gateway, day(1), day(1)).await), ["prop_a"]);
    let all = read(&gateway, day(1), day(2)).await;
    assert_eq!(properties(&all), ["prop_a", "prop_n", "prop_o_k"]);
    assert_eq!(cells(&all, "prop_a"), ["1", "∅"]);
    let kinds = types(&gateway).await;
    assert_eq!((kinds["prop_n"].as_str(), kinds["prop_o_k"].as_str()), ("integer", "boolean"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_loaded_again_with_other_types_leaves_the_columns_as_they_are() {
    let setup = Setup::default().config(|config| config.auth.keys[0].refresh = true);
    let gateway = TestGateway::with(setup).await;
    let today = gateway.today();
    put(&gateway, today, &[r#""n":1,"gone":"x""#]);
    let before = read(&gateway, today, today).await;
    put(&gateway, today, &[r#""n":"one","new":2"#]);
    gateway.pass(crate::support::minutes(10));
    let after = read(&gateway, today, today).await;
    assert_eq!(after.columns[..before.columns.len()], before.columns[..]);
    assert_eq!(properties(&after), ["prop_n", "prop_gone", "prop_n_text", "prop_new"]);
    assert_eq!((cells(&after, "prop_n"), cells(&after, "prop_gone")), (vec!["∅"], vec!["∅"]));
    assert_eq!(cells(&after, "prop_n_text"), ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_may_have_any_name() {
    let mut gateway = TestGateway::start().await;
    let names = [
        "a/b",
        "what?",
        "this & that",
        "100%",
        "%2F",
        "\"quoted\"",
        "it's",
        "größe 日本 🙂",
        " leading",
        "trailing ",
        "a+b",
        "..",
        "a=b#c",
        "C:\\x",
        "*",
    ];
    for (name, number) in names.iter().zip(1..) {
        let record = record(day(3), number, &format!(r#""number":{number}"#));
        gateway.simulator.set_records(name, day(3), [record]);
    }
    // The gateway that is running has already been told which events there are.
    gateway.restart().await;
    for round in 0..2 {
        for (name, number) in names.iter().zip(1..) {
            let answer = gateway.get(&path("csv", name, day(3), day(3))).await.good();
            let rows = answer.csv();
            assert_eq!(rows.rows.len(), 1, "{name:?} in round {round}");
            assert_eq!(rows.rows[0]["event_name"], *name);
            assert_eq!(rows.rows[0]["prop_number"], number.to_string(), "{name:?}");
        }
        gateway.restart().await;
    }
    let opened = gateway.simulator.log().count(Endpoint::EventsOpen);
    assert_eq!(opened, names.len(), "each was asked for once, by its own name");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_zone_in_the_configuration_loads_the_days_again() {
    let mut gateway = TestGateway::start().await;
    put(&gateway, day(1), &[r#""n":1"#]);
    let before = read(&gateway, day(1), day(1)).await;
    assert_eq!(cells(&before, "event_time_utc"), ["2026-11-01T04:30:00Z"]);
    gateway.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    gateway.simulator.log().clear();
    gateway.restart().await;
    let after = read(&gateway, day(1), day(1)).await;
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 1, "what was kept was read in another zone");
    assert_eq!(cells(&after, "event_time_utc"), ["2026-11-01T09:00:00Z"]);
    assert_eq!(cells(&after, "event_time"), cells(&before, "event_time"));
    gateway.restart().await;
    assert_eq!(read(&gateway, day(1), day(1)).await, after);
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 1, "once");
}
