//! Event-shaped records of other tables, and that events are none of them.

use rstest::rstest;

use super::*;
use crate::table::{Column, ColumnType};

fn fixed() -> Vec<Column> {
    [
        ("row_id", ColumnType::Text),
        ("text", ColumnType::Text),
        ("integer", ColumnType::Integer),
        ("number", ColumnType::Number),
        ("boolean", ColumnType::Boolean),
        ("date", ColumnType::Date),
        ("local", ColumnType::Timestamp),
        ("utc", ColumnType::TimestampUtc),
        ("json", ColumnType::Json),
        ("event_date", ColumnType::Date),
    ]
    .map(|(name, kind)| Column::fixed(name, kind, true, ""))
    .to_vec()
}

/// The columns and rows of these records, every cell that is not null as `name=value`.
fn table(records: &[&str]) -> Result<(Contract, Vec<String>), FlattenError> {
    let mut flattener = Flattener::for_records(spec());
    let raw = flattener.page(page_of(records).as_bytes())?;
    let seen = flattener.finish();
    let contract = Contract::of(fixed()).grow(&seen)?.contract;
    let mut rows = Vec::new();
    for (day, _) in seen.days() {
        for row in cells(&assemble(&contract, &spec(), std::slice::from_ref(&raw), day)?) {
            let cells = contract.columns().iter().zip(row);
            let named = cells.filter(|(column, _)| column.name != "event_date");
            rows.push(
                named.filter_map(|(column, cell)| Some(format!("{}={}", column.name, cell?))).collect::<Vec<_>>(),
            );
        }
    }
    Ok((contract, rows.into_iter().map(|row| row.join(" ")).collect()))
}

fn record(members: &str) -> String {
    format!(r#"{{"ts":"20261101000000",{members}}}"#)
}

#[rstest]
#[case(r#""row_id":"r","text":584120000000"#, "row_id=r text=584120000000")]
#[case(r#""text":{"a": [1]}"#, r#"text={"a": [1]}"#)]
#[case(r#""integer":7,"number":2,"boolean":false"#, "integer=7 number=2.0 boolean=false")]
#[case(r#""integer":"7","number":2.5,"boolean":true"#, "integer=7 number=2.5 boolean=true")]
#[case(r#""date":"1970-01-03","local":"1970-01-01T00:00:01","utc":"$D_2""#, "date=2 local=1000000 utc=2000000")]
#[case(r#""json":{"a": {"b":{"c":[ ]}}}"#, r#"json={"a": {"b":{"c":[ ]}}}"#)]
#[case(r#""json":[]"#, "json=[]")]
#[case(r#""json":"a\"b""#, r#"json="a\"b""#)]
#[case(r#""json":7"#, "json=7")]
#[case(r#""json":{},"text":null"#, "")]
fn a_fixed_column_takes_its_cells_by_name(#[case] props: &str, #[case] row: &str) {
    let (contract, rows) = table(&[&record(&format!(r#""event_props":{{{props}}}"#))]).unwrap();
    assert_eq!(rows, [row]);
    assert_eq!(contract, Contract::of(fixed()));
}

#[test]
fn values_of_several_kinds_in_a_fixed_column_are_all_kept() {
    let mixed = [r#"{"json":7,"text":7}"#, r#"{"json":"x","text":"x"}"#, r#"{"json":[true],"text":[true]}"#];
    let records: Vec<String> = mixed.iter().map(|props| record(&format!(r#""event_props":{props}"#))).collect();
    let (_, mut rows) = table(&records.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    rows.sort();
    assert_eq!(rows, ["text=7 json=7", r#"text=[true] json=[true]"#, r#"text=x json="x""#]);
}

#[rstest]
#[case("integer", "2.5")]
#[case("integer", "9007199254740993")]
#[case("integer", "\"x\"")]
#[case("number", "true")]
#[case("boolean", "\"true\"")]
#[case("date", "\"2026-13-01\"")]
#[case("date", "20261101")]
#[case("local", "\"2026-11-01T12:00:00Z\"")]
#[case("utc", "2")]
fn a_value_of_another_type_is_an_error_and_not_null(#[case] column: &str, #[case] value: &str) {
    let result = table(&[&record(&format!(r#""event_props":{{"{column}":{value}}}"#))]);
    assert!(matches!(result, Err(FlattenError::Misfit(name)) if name == column));
}

#[test]
fn sections_become_columns_under_their_own_prefixes() {
    let sections = r#""item":{"Book name":"x","a":{"b":{"c":{"d":1}}}},"result":{"sent":1,"Android":{"sent":2}},
        "message":{"text":"t"},"profile":{"identity":"i","profileData":{"Tier":"Gold"}},"unknown":1"#;
    let (contract, rows) = table(&[&record(sections)]).unwrap();
    assert_eq!(rows, [r#"profile_tier=Gold item_book_name=x item_a_b_c={"d":1} sent=1 android_sent=2 text_2=t"#]);
    let again = Contract::from_columns(contract.columns().to_vec());
    assert_eq!(again, contract);
}

#[test]
fn rows_come_in_the_order_of_their_keys() {
    let key = |key: &str, text: &str| record(&format!(r#""key":"{key}","event_props":{{"text":"{text}"}}"#));
    let records = [
        key("ffffffffffffffffffffffffffffffff", "last"),
        key("80000000000000000000000000000000", "third"),
        key("0000000000000000FFFFFFFFFFFFFFFF", "second"),
        key("00000000000000000000000000000001", "first"),
        record(r#""key":"ffffffffffffffffffffffffffffffff","event_props":{"text":"first"},"key":null"#),
    ];
    let (_, rows) = table(&records[..4].iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert_eq!(rows, ["text=first", "text=second", "text=third", "text=last"]);
    // A key that is taken back is none.
    let (_, rows) = table(&[&records[0], &records[4]]).unwrap();
    assert_eq!(rows, ["text=first", "text=last"]);
}

#[rstest]
#[case("7")]
#[case("\"\"")]
#[case("\"0000000000000000000000000000000\"")]
#[case("\"0000000000000000000000000000000g\"")]
#[case("{}")]
fn a_key_that_is_none_is_refused(#[case] key: &str) {
    let result = table(&[&record(&format!(r#""key":{key}"#))]);
    assert!(matches!(result, Err(FlattenError::Record { record: 0, fault: super::super::RecordFault::UnreadableKey })));
}

#[test]
fn an_event_knows_nothing_of_all_this() {
    let plain = r#"{"ts":20261101000000,"event_props":{"row_id":"x","text":{"a":1}}}"#;
    let others = r#"{"ts":20261101000000,"key":7,"item":{"a":1},"result":1,"message":"m","event_props":{"row_id":"x","text":{"a":1}}}"#;
    let (contract, rows) = load(&Contract::events(), &[plain]);
    assert_eq!(property_columns(&contract), ["prop_row_id text", "prop_text_a integer"]);
    assert_eq!(load(&Contract::events(), &[others]), (contract, rows));
}
