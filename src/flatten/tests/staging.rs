//! Raw batches kept aside, split and merged.

use std::io::Cursor;

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
