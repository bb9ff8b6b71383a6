//! What goes into a staging comes back whole and in order, wherever it lay.

use arrow::array::{Int64Array, StringViewArray};
use arrow::datatypes::{Field, Schema};

use super::*;

fn numbers(from: i64) -> RecordBatch {
    let schema = Schema::new(vec![Field::new(format!("n{from}"), DataType::Int64, true)])
        .with_metadata([("walk".to_owned(), from.to_string())].into());
    let values = Int64Array::from_iter_values(from..from + 1_000);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(values)]).unwrap()
}

fn text(rows: usize) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("größe", DataType::Utf8View, true)]);
    let values = StringViewArray::from_iter((0..rows).map(|i| (i % 3 > 0).then(|| format!("{i} {}", "x".repeat(90)))));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(values)]).unwrap()
}

fn all(staging: &Staging) -> Vec<RecordBatch> {
    staging.read().unwrap().map(Result::unwrap).collect()
}

#[test]
fn batches_come_back_in_order_from_disk_and_memory_with_their_own_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let mut staging = Staging::new(folder.path(), 100_000);
    staging.plain_up_to = 200_000;
    let mut pushed = Vec::new();
    for round in 0..40 {
        for batch in [numbers(round), text(50), numbers(round).slice(10, 0)] {
            pushed.push(batch.clone());
            staging.push(batch).unwrap();
        }
    }
    assert!(staging.is_spilled());
    assert!(staging.file_bytes > staging.plain_up_to, "plain and compressed batches in one file");
    assert!(!staging.held.is_empty(), "the first ones are still in memory");
    assert_eq!(all(&staging), pushed);
    assert_eq!(all(&staging), pushed, "a second time");
    staging.spill().unwrap();
    assert!(staging.held.is_empty() && staging.held_bytes == 0);
    assert_eq!(all(&staging), pushed, "in the same order");
    pushed.push(numbers(99));
    staging.push(numbers(99)).unwrap();
    assert_eq!(all(&staging), pushed);
    assert!(staging.held.is_empty(), "all that comes now goes to the file");
}

#[test]
fn small_amounts_never_touch_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut staging = Staging::new(folder.path(), 1 << 20);
    staging.push(text(100)).unwrap();
    assert!(!staging.is_spilled());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(all(&staging), [text(100)]);
}

#[test]
fn what_does_not_fit_takes_no_room_from_others_and_what_is_spilled_or_dropped_gives_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new(20_000);
    let [mut one, mut other, mut third] = [1, 2, 3].map(|_| Staging::within(folder.path(), room.clone()));
    one.push(numbers(1)).unwrap();
    one.push(text(1_000)).unwrap();
    one.push(numbers(2)).unwrap();
    assert_eq!((one.held.len(), one.sections.len()), (1, 1), "all behind what does not fit goes to the file");
    other.push(numbers(1)).unwrap();
    assert!(!other.is_spilled(), "the large batch took no room");
    assert!(room.held.load(Ordering::Relaxed) >= 16_000);
    third.push(numbers(1)).unwrap();
    assert!(third.is_spilled());
    one.spill().unwrap();
    drop(other);
    assert_eq!(room.held.load(Ordering::Relaxed), 0);
    assert_eq!(all(&one), [numbers(1), text(1_000), numbers(2)]);
}

#[test]
fn text_shared_by_many_batches_is_counted_once_and_not_written_with_each() {
    let folder = tempfile::tempdir().unwrap();
    let page = text(10_000);
    let mut staging = Staging::new(folder.path(), 64 << 20);
    for start in (0..10_000).step_by(100) {
        staging.push(page.slice(start, 100)).unwrap();
    }
    assert!(staging.bytes() < 3 << 20, "{}", staging.bytes());
    staging.spill().unwrap();
    assert!(staging.bytes() < 3 << 20, "{}", staging.bytes());
    assert_eq!(all(&staging).iter().map(RecordBatch::num_rows).sum::<usize>(), 10_000);
}

#[test]
fn the_file_is_gone_with_the_value_and_a_reader_may_outlive_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut staging = Staging::new(folder.path(), 0);
    staging.push(numbers(1)).unwrap();
    staging.push(numbers(2)).unwrap();
    let reader = staging.read().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    drop(staging);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(reader.map(Result::unwrap).collect::<Vec<_>>(), [numbers(1), numbers(2)]);
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let file = File::options().write(true).open(full).unwrap();
    let failed = append(&file, 0, &[text(10_000)], None);
    assert!(matches!(failed, Err(StoreError::DiskFull { .. })), "{failed:?}");
}
