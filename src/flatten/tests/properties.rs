//! Any records at all: the room agrees with the slow reference.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::table::{ColumnType, Origin};

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec!["a", "b", "c", "A", "a text", "a_2", "", "é", "x\"y", "b.c"]).prop_map(String::from),
        1 => "\\PC{0,6}",
    ]
}

/// JSON text; numbers are made as text, so nothing of how they are written is lost.
fn json() -> impl Strategy<Value = String> {
    let words = vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "42",
        "-7",
        "9007199254740992",
        "9007199254740993",
        "1.0",
        "2.50",
        "1e3",
        "1E-2",
        "1e400",
        "-1e-400",
        "123456789012345678901234567890",
        "0.1234567890123456789",
    ];
    let texts = vec![
        "",
        "x",
        "308",
        "-1",
        "007",
        "1.5",
        "1e5",
        "$D_1457308800",
        "$D_-1",
        "$D_",
        "$D_99999999999999",
        "true",
        "a text of more than twelve bytes",
        "line\nbreak\u{0}",
        "日本🙂",
    ];
    let scalar = prop_oneof![
        4 => prop::sample::select(words).prop_map(String::from),
        4 => prop::sample::select(texts).prop_map(|text| serde_json::to_string(text).unwrap()),
        1 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("JSON", |number| number.is_finite()).prop_map(|number| format!("{number:?}")),
        1 => "[\u{e0}-\u{ff}]".prop_map(|text| format!("\"\\u{:04x}\"", u32::from(text.chars().next().unwrap()))),
    ];
    scalar.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(", "))),
            2 => prop::collection::vec((key(), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}: {value}", serde_json::to_string(key).unwrap())).collect();
    format!("{{{}}}", members.join(","))
}

fn section() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::collection::vec((key(), json()), 0..5).prop_map(|members| object(&members)),
        1 => json(),
    ]
}

fn record() -> impl Strategy<Value = String> {
    let time = (1u32..4, 0u32..3).prop_map(|(day, second)| format!("2026010{day}23000{second}"));
    let profile = prop::collection::vec(
        prop_oneof![
            2 => Just("objectId".to_owned()).prop_flat_map(|key| (Just(key), prop::sample::select(vec!["\"o\"", "\"p\"", "7"]).prop_map(String::from))),
            2 => (prop::sample::select(vec!["identity", "email", "phone", "all_identities", "df"]).prop_map(String::from), json()),
            2 => (Just("profileData".to_owned()), section()),
        ],
        0..4,
    );
    let member = prop_oneof![
        4 => (Just("event_props".to_owned()), section()),
        2 => (Just("session_props".to_owned()), section()),
        3 => (Just("profile".to_owned()), profile.prop_map(|members| object(&members))),
        1 => (key(), json()),
    ];
    (time, prop::collection::vec(member, 0..4), any::<bool>()).prop_map(|(time, mut members, as_text)| {
        let time = if as_text { format!("\"{time}\"") } else { time };
        members.insert(members.len() / 2, ("ts".to_owned(), time));
        object(&members)
    })
}

fn pages() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec(record(), 0..6), 1..4)
}

fn shape(contract: &Contract) -> Vec<(Origin, ColumnType)> {
    contract.columns().iter().map(|column| (column.origin.clone(), column.kind)).collect()
}

/// Loads pages into a table and compares everything with the reference.
fn check(known: &Contract, pages: &[Vec<String>]) -> Contract {
    let (raws, seen) = flatten(pages).unwrap();
    let growth = known.grow(&seen).unwrap();
    let contract = growth.contract;
    let reference: Vec<reference::Row> = pages.concat().iter().map(|record| reference::row(record)).collect();

    // Columns: the reference's, with names of their own, and nothing more to grow.
    assert_eq!(shape(&contract), reference::grow(&shape(known), &reference));
    assert_eq!(contract.columns().len(), known.columns().len() + growth.added);
    let names: BTreeSet<&str> = contract.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names.len(), contract.columns().len());
    let again = Contract::from_columns(contract.columns().to_vec()).grow(&seen).unwrap();
    assert_eq!((&again.contract, again.added, again.widened), (&contract, 0, vec![]));
    for (before, after) in known.columns().iter().zip(contract.columns()) {
        assert_eq!((&before.name, &before.origin), (&after.name, &after.origin));
    }

    // Rows: the reference's cells, in order, with ids of their own.
    let got = rows(&contract, &raws, &seen);
    let columns = shape(&contract);
    let mut expected: Vec<_> = reference.iter().map(|row| reference::cells(row, &columns, &spec().zone)).collect();
    let mut cells: Vec<_> = got.iter().map(|row| row[1..].to_vec()).collect();
    expected.sort();
    cells.sort();
    assert_eq!(cells, expected);
    let keys: Vec<(i64, &str)> =
        got.iter().map(|row| (row[2].as_ref().unwrap().parse().unwrap(), row[0].as_deref().unwrap())).collect();
    assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");

    // Identity: identical records have neighbouring ids, others do not.
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    reference.iter().for_each(|row| *sizes.entry(&row.identity).or_default() += 1);
    let mut sizes: Vec<usize> = sizes.into_values().collect();
    let ids: Vec<u128> = keys.iter().map(|(_, id)| u128::from_str_radix(id, 16).unwrap()).collect();
    let mut runs: Vec<usize> = ids.chunk_by(|one, next| one + 1 == *next).map(<[u128]>::len).collect();
    sizes.sort_unstable();
    runs.sort_unstable();
    assert_eq!(runs, sizes);
    contract
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_records_become_what_the_rules_say(first in pages(), later in pages()) {
        let contract = check(&Contract::events(), &first);
        let contract = check(&contract, &later);
        check(&contract, &first);
    }

    #[test]
    fn the_order_of_pages_and_records_changes_nothing(pages in pages(), rotation in 0usize..10) {
        let mut other = pages.clone();
        other.reverse();
        let mut all = other.concat();
        let middle = rotation.min(all.len());
        all.rotate_left(middle);
        let outcome = |pages: &[Vec<String>]| {
            let (raws, seen) = flatten(pages).unwrap();
            let contract = Contract::events().grow(&seen).unwrap().contract;
            let days: Vec<_> = seen.days().map(|(day, seen)| (day, seen.clone())).collect();
            (rows(&contract, &raws, &seen), contract, days)
        };
        prop_assert_eq!(&outcome(&pages), &outcome(&other));
        prop_assert_eq!(&outcome(&pages), &outcome(&[all]));
    }

    #[test]
    fn no_bytes_make_it_panic(page in prop::collection::vec(any::<u8>(), 0..60), record in record(), cut in 0usize..400) {
        let _ = Flattener::new(spec()).page(&page);
        let mut text = format!("[{record},{record}]").into_bytes();
        let cut = cut.min(text.len());
        let _ = Flattener::new(spec()).page(&text[..cut]);
        text.splice(cut..cut, page.iter().copied().take(2));
        let _ = Flattener::new(spec()).page(&text);
    }
}
