//! Raw batches kept aside, split and merged.

use std::io::Cursor;

use arrow::array::UInt8Array;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;

use super::*;

fn record(ts: u64, props: &str) -> String {
    format!(r#"{{"ts":{ts},"profile":{{"objectId":"an object id longer than twelve"}},"event_props":{props}}}"#)
}

/// Two pages with different properties and forms.
fn pages() -> Vec<Vec<String>> {
    let first = vec![
        record(20260102000000, r#"{"a":1,"b":"x"}"#),
        record(20260101235959, r#"{"a":2,"c":[1,2,3,4,5,6,7,8,9]}"#),
        record(20260101120000, r#"{"b":"a text that is longer than twelve bytes"}"#),
    ];
    let second = vec![
        record(20260101120001, r#"{"a":"odd","d":true}"#),
        record(20260103000000, r#"{"a":2.5,"d":null}"#),
        record(20260102000000, r#"{"a":null,"b":"x","e":"$D_1"}"#),
    ];
    vec![first, vec![], second]
}

#[test]
fn raw_batches_survive_a_file_they_share() {
    let (raws, seen) = flatten(&pages()).unwrap();
    let contract = Contract::events().grow(&seen).unwrap().contract;
    let batches: Vec<RecordBatch> = raws.iter().cloned().map(RecordBatch::from).collect();
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    let file = writer.into_inner().unwrap();
    let back: Vec<RawBatch> = FileReader::try_new(Cursor::new(file), None)
        .unwrap()
        .map(|batch| RawBatch::try_from(batch.unwrap()).unwrap())
        .collect();
    assert_eq!(back.iter().map(RawBatch::rows).collect::<Vec<_>>(), [3, 0, 3]);
    assert_eq!(rows(&contract, &back, &seen), rows(&contract, &raws, &seen));
    assert_eq!(rows(&contract, &back, &seen).len(), 6);
}

#[test]
fn a_foreign_or_damaged_batch_is_refused() {
    let (raws, _) = flatten(&pages()).unwrap();
    let batch = RecordBatch::from(raws[0].clone());
    assert!(RawBatch::try_from(batch.project(&[0, 1]).unwrap()).is_err());
    assert!(RawBatch::try_from(batch.slice(1, 4)).is_err());
    // All columns as strings, which integers are not.
    let mut columns = batch.columns().to_vec();
    columns[1] = Arc::new(UInt8Array::from(vec![2; batch.num_rows()]));
    assert!(RawBatch::try_from(RecordBatch::try_new(batch.schema(), columns).unwrap()).is_err());
    assert!(RawBatch::try_from(batch).is_ok());
}

#[test]
fn splitting_by_time_changes_nothing_about_the_rows() {
    let (raws, seen) = flatten(&pages()).unwrap();
    let contract = Contract::events().grow(&seen).unwrap().contract;
    let whole = rows(&contract, &raws, &seen);
    let day = |date: Date| i64::from(crate::period::day_number(date)) * 86_400_000_000;
    let bounds =
        [day(jiff::civil::date(2026, 1, 1)), day(jiff::civil::date(2026, 1, 2)), day(jiff::civil::date(2026, 1, 3))];
    let split: Vec<Vec<RawBatch>> = raws.iter().map(|raw| raw.split_by_time(&bounds).unwrap()).collect();
    for raw in split.iter().flatten() {
        RawBatch::try_from(RecordBatch::from(raw.clone())).unwrap();
    }
    let sizes = |page: &[RawBatch]| page.iter().map(RawBatch::rows).collect::<Vec<_>>();
    assert_eq!([sizes(&split[0]), sizes(&split[1]), sizes(&split[2])], [[0, 2, 1, 0], [0; 4], [0, 1, 1, 1]]);
    let in_order: Vec<_> = (0..4)
        .flat_map(|bucket| {
            let raws: Vec<RawBatch> = split.iter().map(|page| page[bucket].clone()).collect();
            rows(&contract, &raws, &seen)
        })
        .collect();
    assert_eq!(in_order, whole);
    assert_eq!(split[0][1].day_range(), crate::period::Days::new(bounds_day(1), bounds_day(1)));
    assert_eq!(split[0][0].day_range(), None);
}

fn bounds_day(day: i8) -> Date {
    jiff::civil::date(2026, 1, day)
}

#[test]
fn what_walks_have_seen_adds_up_in_any_order() {
    let pages = pages();
    let (_, together) = flatten(&pages).unwrap();
    let parts: Vec<Seen> = pages.iter().map(|page| flatten(std::slice::from_ref(page)).unwrap().1).collect();
    let merged = |order: [usize; 3]| {
        let mut seen = Seen::default();
        order.into_iter().for_each(|part| seen.merge(&parts[part]));
        seen
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let seen = merged(order);
        assert_eq!(seen.days().collect::<Vec<_>>(), together.days().collect::<Vec<_>>());
        let columns = |seen: &Seen| Contract::events().grow(seen).unwrap().contract;
        assert_eq!(columns(&seen), columns(&together));
    }
    let first = together.days().next().unwrap();
    assert_eq!((first.0, first.1.rows), (bounds_day(1), 3));
    assert_eq!(first.1.minutes.iter().collect::<Vec<_>>(), [(720, 2), (1439, 1)]);
}

/// Pages of a number of records that is no multiple of 8, with columns of which all, most, every second, a few or one
/// record have a value; text that repeats and text that does not, short and long, and integers.
fn pages_with_gaps() -> Vec<Vec<String>> {
    let record = |page: u64, at: u64| {
        let has = [true, at % 7 != 3, at % 2 == 1, at % 90 == 5, at == 130, at < 70, at >= 70];
        let second = at * 3 + page;
        let mut props = Vec::new();
        for (column, _) in has.iter().enumerate().filter(|(_, has)| **has) {
            let value = column as u64 * 1_000 + second;
            props.push(format!(
                r#""n{column}":{value},"few{column}":"one of {} that are longer than twelve","long{column}":"text number {value} of {column}","short{column}":"{value}x""#,
                at % 3
            ));
        }
        let ts = 20260101000000 + second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60;
        record(ts, &format!("{{{}}}", props.join(",")))
    };
    (0..3).map(|page| (0..203).map(|at| record(page, at)).collect()).collect()
}

#[test]
fn columns_with_gaps_of_every_kind_survive_a_file_and_a_split() {
    let (raws, seen) = flatten(&pages_with_gaps()).unwrap();
    let contract = Contract::events().grow(&seen).unwrap().contract;
    let whole = rows(&contract, &raws, &seen);
    assert_eq!(whole.len(), 609);
    let at = |name: &str| contract.columns().iter().position(|column| column.name == name).unwrap();
    for (second, row) in (0u64..).zip(&whole) {
        let number = second / 3;
        let has = [true, number % 7 != 3, number % 2 == 1, number % 90 == 5, number == 130, number < 70, number >= 70];
        for (column, has) in has.into_iter().enumerate() {
            let value = column as u64 * 1_000 + second;
            let cell = |name: &str| row[at(&format!("prop_{name}{column}"))].clone();
            let expected = |text: String| has.then_some(text);
            assert_eq!(cell("n"), expected(value.to_string()), "{second} {column}");
            assert_eq!(cell("few"), expected(format!("one of {} that are longer than twelve", number % 3)));
            assert_eq!(cell("long"), expected(format!("text number {value} of {column}")));
            assert_eq!(cell("short"), expected(format!("{value}x")));
        }
    }
    let mut file = FileWriter::try_new(Vec::new(), &RecordBatch::from(raws[0].clone()).schema()).unwrap();
    raws.iter().for_each(|raw| file.write(&raw.clone().into()).unwrap());
    let back: Vec<RawBatch> = FileReader::try_new(Cursor::new(file.into_inner().unwrap()), None)
        .unwrap()
        .map(|batch| RawBatch::try_from(batch.unwrap()).unwrap())
        .collect();
    assert_eq!(rows(&contract, &back, &seen), whole);
    let midnight = i64::from(crate::period::day_number(jiff::civil::date(2026, 1, 1))) * 86_400_000_000;
    let bounds = [midnight + 100_000_000, midnight + 333_000_000];
    let split: Vec<Vec<RawBatch>> = back.iter().map(|raw| raw.split_by_time(&bounds).unwrap()).collect();
    let in_order: Vec<_> = (0..3)
        .flat_map(|bucket| {
            let raws = split.iter().map(|page| RawBatch::try_from(RecordBatch::from(page[bucket].clone())).unwrap());
            rows(&contract, &raws.collect::<Vec<_>>(), &seen)
        })
        .collect();
    assert_eq!(in_order, whole);
}

#[test]
fn a_page_takes_no_room_for_columns_that_it_does_not_have() {
    let mut flattener = Flattener::new(spec());
    let props: Vec<String> = (0..500).map(|number| format!(r#""p{number}":{number}"#)).collect();
    flattener.page(page_of(&[record(20260101000000, &format!("{{{}}}", props.join(",")))]).as_bytes()).unwrap();
    let bare: Vec<String> = (0..5_000).map(|_| record(20260101000000, "{}")).collect();
    let alone = flattener.page(page_of(&bare).as_bytes()).unwrap().bytes();
    let fresh = Flattener::new(spec()).page(page_of(&bare).as_bytes()).unwrap().bytes();
    assert!(alone < fresh + 1_000, "{alone} {fresh}");
}
