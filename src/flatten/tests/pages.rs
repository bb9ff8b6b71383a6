//! What a page's raw columns hold, in every order in which values can come.

use arrow::buffer::BooleanBuffer;

use super::*;
use crate::flatten::kinds::Kind;
use crate::flatten::raw::{Form, Rows};

/// Values as written, what they are as text, and their kind. The first has no value.
const VALUES: [(&str, Option<(&str, Kind)>); 8] = [
    ("null", None),
    ("5", Some(("5", Kind::Integer))),
    ("-0", Some(("-0", Kind::Integer))),
    ("true", Some(("true", Kind::Boolean))),
    (r#""x""#, Some(("x", Kind::Text))),
    (r#""7""#, Some(("7", Kind::TextInteger))),
    ("1.5", Some(("1.5", Kind::Fraction))),
    ("[1]", Some(("[1]", Kind::Json))),
];
const LENGTH: u32 = 4;

/// The form that holds all of these kinds, with the text `-0` beside integers.
fn form(values: &[(&str, Kind)]) -> Form {
    let all = |fits: fn(&(&str, Kind)) -> bool| values.iter().all(fits);
    if all(|(text, kind)| *kind == Kind::Integer && *text != "-0") {
        Form::Integers
    } else if all(|(_, kind)| *kind == Kind::Boolean) {
        Form::Booleans
    } else if all(|(_, kind)| kind.is_string()) {
        Form::Strings
    } else {
        Form::Mixed
    }
}

#[test]
fn a_column_holds_what_came_in_whatever_order_it_came() {
    let count = VALUES.len();
    // All pages go through the same columns, so that what one page leaves behind would show in the next.
    let mut flattener = Flattener::new(spec());
    for number in 0..count.pow(LENGTH) {
        let chosen: Vec<_> = (0..LENGTH).map(|digit| VALUES[number / count.pow(digit) % count]).collect();
        let records: Vec<String> = (0..)
            .zip(&chosen)
            .map(|(at, (written, _))| format!(r#"{{"ts":{},"event_props":{{"p":{written}}}}}"#, 20260101120000u64 + at))
            .collect();
        let raw = flattener.page(page_of(&records).as_bytes()).unwrap();
        let parts = raw.parts().unwrap();
        let found = (0..parts.len()).find(|at| parts.path(*at).starts_with('['));
        let values: Vec<(&str, Kind)> = chosen.iter().filter_map(|(_, value)| *value).collect();
        let Some(column) = found.map(|at| parts.column(at).unwrap()) else {
            assert!(values.is_empty(), "{records:?}");
            continue;
        };
        assert_eq!(column.form, form(&values), "{records:?}");
        let rows: BooleanBuffer = chosen.iter().map(|(_, value)| value.is_some()).collect();
        let every = values.len() == chosen.len();
        assert_eq!(column.rows, if every { Rows::All } else { Rows::Flags(rows) }, "{records:?}");
        let written: Vec<String> = match column.form {
            Form::Integers => column.integers.values().iter().map(i64::to_string).collect(),
            Form::Booleans => column.integers.values().iter().map(|value| (*value == 1).to_string()).collect(),
            _ => (0..column.len()).map(|at| column.text(at).to_owned()).collect(),
        };
        assert_eq!(written, values.iter().map(|(text, _)| *text).collect::<Vec<_>>(), "{records:?}");
        let kinds: Vec<u8> = values.iter().map(|(_, kind)| *kind as u8).collect();
        let listed = if column.form == Form::Mixed { kinds } else { Vec::new() };
        assert_eq!(column.kinds.to_vec(), listed, "{records:?}");
    }
}

#[test]
fn what_was_seen_first_is_the_same_in_one_page_or_in_many() {
    let values = ["5", "true", r#""x""#, r#""7""#, "1.5", "[1]", "6", r#""y""#];
    let records: Vec<String> = (0..400u64)
        .map(|at| {
            // Neither times nor kinds come in order.
            let (minute, value) = (at * 37 % 60, values[(at * at / 7) as usize % values.len()]);
            format!(r#"{{"ts":20260101{:02}{minute:02}00,"event_props":{{"a":{value},"b":{at}}}}}"#, 23 - at / 20)
        })
        .collect();
    let seen_of = |size: usize| {
        let pages: Vec<Vec<String>> = records.chunks(size).map(<[String]>::to_vec).collect();
        flatten(&pages).unwrap().1
    };
    let (one, single) = (seen_of(records.len()), seen_of(1));
    assert_eq!(one.paths(), single.paths());
    assert_eq!(seen_of(7).paths(), single.paths());
    assert_eq!(one.paths()[0].kinds().count(), 6);
}

#[test]
fn keys_that_begin_alike_are_told_apart_at_every_length() {
    // With quotes and a colon these are written with 3 bytes more, around the 24 that are compared at once.
    let keys: Vec<String> = (18..=30).map(|length| "k".repeat(length)).collect();
    let long = |last: char| format!("{}{last}", "m".repeat(40));
    let keys: Vec<String> = keys.into_iter().chain([long('a'), long('b')]).collect();
    let record = |keys: &mut dyn Iterator<Item = &String>, second: u64| {
        let props: Vec<String> =
            keys.map(|key| format!(r#""{key}":"{}{}""#, key.len(), &key[key.len() - 1..])).collect();
        format!(r#"{{"ts":{},"event_props":{{{}}}}}"#, 20260101120000 + second, props.join(","))
    };
    let records = [
        record(&mut keys.iter(), 0),
        record(&mut keys.iter(), 1),
        record(&mut keys.iter().rev(), 2),
        record(&mut keys.iter().step_by(2), 3),
    ];
    let (_, rows) = load(&Contract::events(), &records);
    let expected = |key: &String| format!("prop_{key}={}{}", key.len(), &key[key.len() - 1..]);
    let all: Vec<String> = keys.iter().map(expected).collect();
    assert_eq!(rows[..3], [all.clone(), all.clone(), all]);
    assert_eq!(rows[3], keys.iter().step_by(2).map(expected).collect::<Vec<_>>());
}

#[test]
fn text_of_many_columns_and_pages_stays_with_its_row() {
    // Two columns of long texts, one of few and one of short ones; one page lacks a column, one has integers in it.
    let text = |page: u64, at: u64| format!("page {page} record {at} {}", "x".repeat(at as usize % 60));
    let few = |second: u64| format!("one of a few that are long: {}", "!".repeat(second as usize % 7));
    let other = |second: u64| format!("{second} {}", "y".repeat(second as usize % 40));
    let pages: Vec<Vec<String>> = (0..5u64)
        .map(|page| {
            let record = |at: u64| {
                let value = match page {
                    1 => "null".to_owned(),
                    3 => at.to_string(),
                    _ => format!("{:?}", text(page, at)),
                };
                let list = if at.is_multiple_of(3) { format!("[{at}]") } else { "7".to_owned() };
                // Pages interleave in time.
                let second = at * 5 + page;
                let (few, other) = (few(second), other(second));
                format!(
                    r#"{{"ts":20260101{:02}{:02}{:02},"event_props":{{"text":{value},"list":{list},"n":{second},"few":"{few}","other":"{other}"}}}}"#,
                    second / 3600,
                    second / 60 % 60,
                    second % 60
                )
            };
            (0..900).map(record).collect()
        })
        .collect();
    let (raws, seen) = flatten(&pages).unwrap();
    // All that is not short lies in one buffer per column.
    let texts = raws[0].parts().unwrap().column(0).unwrap().texts;
    assert_eq!(texts.data_buffers().len(), 3);
    let contract = Contract::events().grow(&seen).unwrap().contract;
    let at = |name: &str| contract.columns().iter().position(|column| column.name == name).unwrap();
    let (text_at, list_at, few_at, other_at) = (at("prop_text"), at("prop_list"), at("prop_few"), at("prop_other"));
    let rows = rows(&contract, &raws, &seen);
    assert_eq!(rows.len(), 4_500);
    for (second, row) in (0u64..).zip(&rows) {
        let (page, at) = (second % 5, second / 5);
        let expected = match page {
            1 => None,
            3 => Some(at.to_string()),
            _ => Some(text(page, at)),
        };
        assert_eq!(row[text_at], expected, "{second}");
        let list = if at.is_multiple_of(3) { format!("[{at}]") } else { "7".to_owned() };
        assert_eq!(row[list_at], Some(list), "{second}");
        assert_eq!((&row[few_at], &row[other_at]), (&Some(few(second)), &Some(other(second))));
    }
}
