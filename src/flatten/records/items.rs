//! `event_items`: the elements of a property that holds an array of objects, from stored events.
//!
//! An array may also be written as text that holds JSON; a single object or value counts as an array of one. An element
//! that is no object is the item's property `value`; null is an item without properties. An empty text is no item.

use super::sheet::{Sheet, object, quoted};
use super::value::elements;
use crate::flatten::error::{FlattenError, RecordFault};

/// A stored event whose property is taken apart.
#[derive(Clone, Copy, Debug)]
pub struct ItemsOf<'a> {
    /// The event's `row_id`: 32 hexadecimal digits.
    pub row_id: &'a str,
    /// The event's `ts`.
    pub ts: i64,
    pub event_name: &'a str,
    pub object_id: Option<&'a str>,
    pub identity: Option<&'a str>,
    /// The property's cell: JSON, or any text.
    pub json: &'a str,
}

/// The items of these events, in the order of `event_time`, `row_id`, `item_index` (from 0).
///
/// Errors: `UnreadableKey` for a `row_id` that is none.
pub fn items<'a>(parents: impl IntoIterator<Item = ItemsOf<'a>>) -> Result<Vec<u8>, FlattenError> {
    let mut sheet = Sheet::new(0);
    for (record, event) in parents.into_iter().enumerate() {
        let mut id = [0; 16];
        hex::decode_to_slice(event.row_id, &mut id)
            .map_err(|_| FlattenError::Record { record, fault: RecordFault::UnreadableKey })?;
        // A local time before the year 1000 lost its zeros as a number; seconds and milliseconds have none to lose.
        let ts = match event.ts.to_string() {
            ts if matches!(ts.len(), 10 | 13) => ts,
            ts => format!("{ts:0>14}"),
        };
        for_each_item(event.json, |index, item| {
            let mut row = sheet.row_at(&ts, key(u128::from_be_bytes(id), index));
            row.text("row_id", Some(event.row_id))
                .count("item_index", Some(index as u64))
                .text("event_name", Some(event.event_name))
                .text("object_id", event.object_id)
                .text("identity", event.identity);
            match item {
                "null" => row.end(&[]),
                item if item.starts_with('{') => row.end(&[("item", item)]),
                value => row.end(&[("item", &object([("value", value)]))]),
            }
        });
    }
    Ok(sheet.finish())
}

/// The order of an item: that of its event, then its index. Row ids are hashes, to whose end small numbers are added, so
/// their first half and some of the end tell them apart; what is between makes room for the index.
fn key(row_id: u128, index: usize) -> u128 {
    let (high, low) = (row_id >> 64, row_id & 0xffff_ffff_ffff);
    high << 64 | low << 16 | u128::from(u16::try_from(index).unwrap_or(u16::MAX))
}

/// Gives every element of the property as JSON text with its index.
fn for_each_item(cell: &str, mut each: impl FnMut(usize, &str)) {
    let cell = cell.trim();
    let list = |json: &str, each: &mut dyn FnMut(usize, &str)| {
        let items = elements(json);
        items.iter().flatten().enumerate().for_each(|(index, item)| each(index, item));
        items.is_some()
    };
    if cell.is_empty() || cell == "null" || list(cell, &mut each) {
        return;
    }
    // JSON within a JSON text.
    if let Ok(text) = serde_json::from_str::<String>(cell) {
        let inside = text.trim();
        let is_object = inside.starts_with('{') && is_json(inside);
        match () {
            () if inside.is_empty() || list(inside, &mut each) => {}
            () if is_object => each(0, inside),
            () => each(0, cell),
        }
        return;
    }
    match is_json(cell) {
        true => each(0, cell),
        false => each(0, &quoted(cell)),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::testing::{Table, any_json};
    use super::*;

    fn table() -> Table {
        Table::of(&[
            "row_id",
            "item_index integer",
            "event_name",
            "event_time local",
            "event_date date",
            "object_id",
            "identity",
        ])
    }

    fn event<'a>(row_id: &'a str, ts: i64, json: &'a str) -> ItemsOf<'a> {
        ItemsOf { row_id, ts, event_name: "Charged", object_id: Some("o"), identity: None, json }
    }

    const ID: &str = "e979e9bee6183235c8b7f91ba18415aa";

    /// The items' own cells.
    fn items_of(json: &str) -> Vec<String> {
        let rows = table().rows(&items([event(ID, 20_260_929_043_022, json)]).unwrap());
        rows.iter().map(|row| row.split('|').skip(6).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn an_item_knows_its_event() {
        let json = r#"[{"Category":"books","Quantity":1},{"Category":"toys","a":{"b":2}}]"#;
        assert_eq!(
            table().rows(&items([event(ID, 20_260_929_043_022, json)]).unwrap()),
            [0, 1].map(|index| format!(
                "row_id={ID}|item_index={index}|event_name=Charged|event_time=2026-09-29T04:30:22|event_date=2026-09-29|object_id=o|{}",
                ["item_category=books|item_quantity=1", "item_category=toys|item_a_b=2"][index]
            ))
        );
    }

    #[rstest]
    #[case(r#"{"a":1}"#, &["item_a=1"])]
    #[case(r#""[{\"a\":1},{\"a\":2}]""#, &["item_a=1", "item_a=2"])]
    #[case(r#""{\"a\":1}""#, &["item_a=1"])]
    #[case(r#"[1,2.5]"#, &["item_value=1.0", "item_value=2.5"])]
    #[case(r#"["x",{"value":"y"},null,{},[1]]"#, &["item_value=x", "item_value=y", "", "", "item_value=[1]"])]
    #[case("Card", &["item_value=Card"])]
    #[case("\"Card\"", &["item_value=Card"])]
    #[case("[1, 2", &["item_value=[1, 2"])]
    #[case("308", &["item_value=308"])]
    #[case("[]", &[])]
    #[case("null", &[])]
    #[case("", &[])]
    #[case("\"[]\"", &[])]
    #[case("\"\"", &[])]
    fn a_property_of_any_shape_has_its_items(#[case] json: &str, #[case] expected: &[&str]) {
        assert_eq!(items_of(json), expected);
    }

    #[test]
    fn items_come_in_the_order_of_their_events() {
        // Two identical events, told apart by the ordinal at the end of their ids; one of the same second; a later one.
        let ids = [
            "00000000000000000000000000000009",
            "0000000000000000000000000000000a",
            "00000000000000010000000000000000",
        ];
        let json = format!("[{}]", ["1"; 300].join(","));
        let mut events: Vec<ItemsOf<'_>> = ids.iter().map(|id| event(id, 20_260_929_043_022, &json)).collect();
        events.insert(0, event(ids[0], 20_260_929_043_023, &json));
        let expected: Vec<String> = [ids[0], ids[1], ids[2], ids[0]]
            .iter()
            .flat_map(|id| (0..300).map(move |index| format!("row_id={id}|item_index={index}")))
            .collect();
        let rows = table().rows(&items(events).unwrap());
        let got: Vec<String> = rows.iter().map(|row| row.split('|').take(2).collect::<Vec<_>>().join("|")).collect();
        assert_eq!(got, expected);
    }

    #[rstest]
    #[case(1_668_817_177, "event_time=2022-11-19T05:49:37")]
    #[case(1_668_817_177_000, "event_time=2022-11-19T05:49:37")]
    #[case(10_101_000_000, "event_time=0001-01-01T00:00:00")]
    fn every_form_of_time_is_kept(#[case] ts: i64, #[case] expected: &str) {
        let rows = table().rows(&items([event(ID, ts, "[1]")]).unwrap());
        assert_eq!(rows[0].split('|').nth(3), Some(expected));
    }

    #[test]
    fn a_row_id_that_is_none_is_refused() {
        let result = items([event(ID, 20_260_929_043_022, "1"), event("x", 20_260_929_043_022, "1")]);
        assert!(matches!(result, Err(FlattenError::Record { record: 1, fault: RecordFault::UnreadableKey })));
    }

    proptest! {
        #[test]
        fn any_json_is_answered(json in any_json(), text in any::<String>()) {
            let list = format!("[{json},{json}]");
            prop_assert_eq!(items_of(&list).len(), 2);
            items_of(&json);
            items_of(&text);
            items_of(&serde_json::Value::from(json).to_string());
        }
    }
}
