//! Pages that are not what they should be.

use rstest::rstest;

use super::*;
use crate::flatten::{MAX_COLUMNS, MAX_DAYS, MAX_DEPTH, RecordFault};

fn fault(page: &[u8]) -> FlattenError {
    Flattener::new(spec()).page(page).unwrap_err()
}

#[rstest]
#[case(b"")]
#[case(b"   ")]
#[case(b"{}")]
#[case(b"[")]
#[case(b"[] x")]
#[case(b"[]]")]
#[case(b"null")]
#[case(b"\xff")]
#[case(b"[]\xff")]
#[case(br#"[{"ts":20260101120000} {"ts":20260101120000}]"#)]
#[case(br#"[{"ts":20260101120000}"#)]
#[case(br#"[{"ts":20260101120000},"#)]
fn a_page_that_is_no_array_is_refused(#[case] page: &[u8]) {
    assert!(matches!(fault(page), FlattenError::NotAnArray { .. }), "{:?}", fault(page));
}

#[rstest]
#[case(r#"{"ts":20260101120000,"event_props":{"a":tru}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":01}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":1.}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":-}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":.5}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":+1}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":NaN}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a" 1}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":1,}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{,"a":1}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{a:1}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":[1,]}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":[1 2]}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":"\x"}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":"\u12g4"}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":"\ud800"}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":"\ud800\u0041"}}"#)]
#[case(r#"{"ts":20260101120000,"event_props":{"a":["\udc00"]}}"#)]
#[case(r#"{"ts":20260101120000,"ignored":"\ud800"}"#)]
#[case("{\"ts\":20260101120000,\"event_props\":{\"a\":\"line\nbreak\"}}")]
#[case(r#"{"ts":20260101120000,"event_props":{"a":"open}}"#)]
fn a_record_that_is_no_json_is_named(#[case] record: &str) {
    let error = fault(page_of(&[r#"{"ts":20260101120000}"#, record]).as_bytes());
    assert!(
        matches!(error, FlattenError::Record { record: 1, fault: RecordFault::NotJson { .. } }),
        "{record}: {error:?}"
    );
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_record() {
    let page = b"[{\"ts\":20260101120000},{\"ts\":20260101120000,\"event_props\":{\"a\":\"\xc3\x28\"}}]";
    let error = fault(page);
    assert!(matches!(error, FlattenError::Record { record: 1, fault: RecordFault::NotUtf8 { at: 64 } }), "{error:?}");
}

#[rstest]
#[case("5", RecordFault::NotAnObject)]
#[case("null", RecordFault::NotAnObject)]
#[case("[{}]", RecordFault::NotAnObject)]
#[case("{}", RecordFault::NoTime)]
#[case(r#"{"ts":null}"#, RecordFault::NoTime)]
#[case(r#"{"ts":20260101120000,"ts":null}"#, RecordFault::NoTime)]
#[case(r#"{"ts":20261301120000}"#, RecordFault::UnreadableTime)]
#[case(r#"{"ts":{}}"#, RecordFault::UnreadableTime)]
#[case(r#"{"ts":"yesterday"}"#, RecordFault::UnreadableTime)]
#[case(r#"{"ts":1.7e9}"#, RecordFault::UnreadableTime)]
fn a_record_that_is_no_event_is_named(#[case] record: &str, #[case] expected: RecordFault) {
    let error = fault(page_of(&[r#"{"ts":20260101120000}"#, record]).as_bytes());
    assert!(matches!(error, FlattenError::Record { record: 1, fault } if fault == expected), "{record}: {error:?}");
}

#[rstest]
#[case("[", "]")]
#[case(r#"{"a":"#, "}")]
fn nesting_ends_at_a_level_not_at_the_stack(#[case] open: &str, #[case] close: &str) {
    let nested = |levels: usize, place: &str| {
        let value = format!("{}0{}", open.repeat(levels), close.repeat(levels));
        format!(r#"[{{"ts":20260101120000,{}}}]"#, place.replace("VALUE", &value))
    };
    for place in [
        r#""event_props":{"p":VALUE}"#,
        r#""profile":{"profileData":VALUE}"#,
        r#""x":VALUE"#,
        r#""profile":{"events":VALUE}"#,
    ] {
        assert!(Flattener::new(spec()).page(nested(100, place).as_bytes()).is_ok(), "{place}");
        let error = fault(nested(1_000_000, place).as_bytes());
        assert!(matches!(error, FlattenError::Record { record: 0, fault: RecordFault::TooDeep }), "{place}: {error:?}");
    }
    let exactly = format!("[{{\"ts\":20260101120000,\"x\":{}{}}}]", "[".repeat(127), "]".repeat(127));
    assert_eq!(MAX_DEPTH, 128);
    assert!(Flattener::new(spec()).page(exactly.as_bytes()).is_ok());
}

#[test]
fn a_table_has_an_end_to_its_columns() {
    let mut flattener = Flattener::new(spec());
    let page = |range: std::ops::Range<usize>| {
        let members: Vec<String> = range.map(|number| format!(r#""k{number}":1"#)).collect();
        format!(r#"[{{"ts":20260101120000,"event_props":{{{}}}}}]"#, members.join(","))
    };
    flattener.page(page(0..MAX_COLUMNS).as_bytes()).unwrap();
    // As many properties as that, but the fixed columns come on top.
    assert!(matches!(Contract::events().grow(flattener.seen()), Err(FlattenError::TooManyColumns)));
    assert!(matches!(flattener.page(page(MAX_COLUMNS..MAX_COLUMNS + 1).as_bytes()), Err(FlattenError::TooManyColumns)));
    // Keys that never hold anything are no columns, but they are not kept without end either.
    let mut flattener = Flattener::new(spec());
    let hollow = |number| format!(r#"[{{"ts":20260101120000,"event_props":{{"k{number}":{{"a":null}}}}}}]"#);
    let refused = (0..5 * MAX_COLUMNS).find(|number| flattener.page(hollow(*number).as_bytes()).is_err());
    assert!(refused.is_some_and(|number| number > 3 * MAX_COLUMNS));
    let nulls =
        (0..5 * MAX_COLUMNS).map(|number| format!(r#"{{"ts":20260101120000,"event_props":{{"k{number}":null}}}}"#));
    assert!(flatten(&[nulls.collect::<Vec<_>>()]).is_ok());
}

#[test]
fn a_walk_has_an_end_to_its_days() {
    let first = jiff::civil::date(1990, 1, 1);
    let days = first.series(jiff::Span::new().days(1)).take(MAX_DAYS + 1);
    let records: Vec<String> = days.map(|day| format!(r#"{{"ts":{}120000}}"#, crate::period::compact(day))).collect();
    assert!(flatten(&[records[1..].to_vec()]).is_ok());
    assert!(matches!(flatten(&[records]), Err(FlattenError::TooManyDays)));
}

#[test]
fn an_error_says_nothing_of_what_a_record_holds() {
    let page = page_of(&[r#"{"ts":20260101120000,"event_props":{"secret":"hunter2""#]);
    let error = fault(page.as_bytes());
    let said = format!("{error} {error:?}");
    assert!(!said.contains("secret") && !said.contains("hunter2"), "{said}");
}
