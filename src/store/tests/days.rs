//! A day is kept, replaced, touched and known to be empty.

use futures_util::stream;
use jiff::Timestamp;

use super::sample::*;
use crate::store::{DayFacts, Staging, StoreError};
use crate::table::ColumnType;

#[tokio::test]
async fn a_table_that_does_not_exist_has_no_version_and_no_days() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let snapshot = store.table(&charged()).snapshot().await.unwrap();
    assert_eq!((snapshot.version, snapshot.columns.len(), snapshot.days.len()), (None, 0, 0));
    assert_eq!(store.tables().await.unwrap(), []);
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_committed_day_comes_back_with_its_columns_and_facts_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let columns = columns(&[("prop_größe_日本", ColumnType::Integer), ("prop_json", ColumnType::Json)]);
    let first = put(&open(folder.path()).await.table(&charged()), &columns, MONDAY, 1_000, 3).await;
    assert_eq!(first.version, Some(0), "created with its first day, in one step");

    let store = open(folder.path()).await;
    let snapshot = store.table(&charged()).snapshot().await.unwrap();
    assert_eq!(snapshot.columns[..], columns[..]);
    assert_eq!(snapshot.columns[4].name, "event_date");
    assert_eq!(snapshot.days, first.days);
    assert_eq!(snapshot.days[&MONDAY].rows, 1_000);
    assert_eq!(snapshot.days[&MONDAY].facts, facts(3));
    assert_eq!(total(&snapshot, "prop_größe_日本").await, 3_000.);
    assert!(file(&snapshot, MONDAY).await[0].column_by_name("event_date").is_none());
    assert_eq!(store.tables().await.unwrap(), [charged()]);
}

#[tokio::test]
async fn a_day_is_replaced_as_a_whole_and_the_old_snapshot_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[("prop_amount", ColumnType::Integer)]);
    put(&table, &columns, MONDAY, 100, 1).await;
    let before = put(&table, &columns, TUESDAY, 100, 1).await;
    let after = put(&table, &columns, MONDAY, 7, 5).await;
    assert_eq!(after.days.len(), 2);
    assert_eq!(after.days[&MONDAY].rows, 7);
    assert_eq!(total(&after, "prop_amount").await, 135.);
    assert_eq!(total(&before, "prop_amount").await, 200.);
    assert_eq!(table.snapshot().await.unwrap().version, after.version);
}

#[tokio::test]
async fn an_empty_day_is_known_and_differs_from_an_unknown_one() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[]);
    let snapshot = put(&table, &columns, MONDAY, 0, 0).await;
    assert_eq!(snapshot.days[&MONDAY].rows, 0);
    assert!(!snapshot.days.contains_key(&TUESDAY));
    assert_eq!(file(&snapshot, MONDAY).await.len(), 0);
}

#[tokio::test]
async fn touching_a_day_renews_its_facts_and_writes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[]);
    put(&table, &columns, MONDAY, 10, 1).await;
    let before = put(&table, &columns, TUESDAY, 10, 2).await;
    let renewed = DayFacts { fetched_at: Timestamp::from_second(1_900_000_000).unwrap(), ..facts(1) };
    let mut writer = table.lock().await.unwrap();
    let after = writer.commit(&columns, vec![], vec![(MONDAY, renewed.clone())]).await.unwrap();
    assert_eq!(after.days[&MONDAY].facts, renewed);
    assert_eq!(after.days[&MONDAY].path, before.days[&MONDAY].path);
    assert_eq!(after.days[&TUESDAY], before.days[&TUESDAY]);
    drop(writer);

    let reopened = open(folder.path()).await.table(&charged()).snapshot().await.unwrap();
    assert_eq!(reopened.days, after.days);
}

#[tokio::test]
async fn touching_what_another_writer_replaced_or_nobody_has_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()).await.table(&charged()), open(folder.path()).await.table(&charged()));
    let columns = columns(&[]);
    put(&one, &columns, MONDAY, 10, 1).await;
    let mut late = one.lock().await.unwrap();
    let newer = put(&other, &columns, MONDAY, 20, 2).await;
    let after = late.commit(&columns, vec![], vec![(MONDAY, facts(9)), (TUESDAY, facts(9))]).await.unwrap();
    assert_eq!(after.days, newer.days);
    assert_eq!(after.version, newer.version);
}

#[tokio::test]
async fn several_days_are_written_at_once_and_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[("prop_amount", ColumnType::Number)]);
    let mut writer = table.lock().await.unwrap();
    let (monday, tuesday) =
        tokio::join!(write(&table, &columns, MONDAY, 5_000, 1), write(&table, &columns, TUESDAY, 3_000, 1));
    assert_eq!((monday.rows(), tuesday.day()), (5_000, TUESDAY));
    let snapshot = writer.commit(&columns, vec![(monday, facts(1)), (tuesday, facts(2))], vec![]).await.unwrap();
    assert_eq!(snapshot.version, Some(0));
    assert_eq!(total(&snapshot, "prop_amount").await, 8_000.);
}

#[tokio::test]
async fn a_large_day_has_several_row_groups_and_keeps_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[("prop_note", ColumnType::Text), ("prop_ok", ColumnType::Boolean)]);
    let all = rows(&columns, MONDAY, 150_000, 1);
    let batches: Vec<_> =
        (0..150_000).step_by(7_000).map(|at| Ok::<_, StoreError>(all.slice(at, 7_000.min(150_000 - at)))).collect();
    let new = table.write_day(&columns, MONDAY, stream::iter(batches)).await.unwrap();
    let mut writer = table.lock().await.unwrap();
    let snapshot = writer.commit(&columns, vec![(new, facts(1))], vec![]).await.unwrap();
    let read = file(&snapshot, MONDAY).await;
    let read = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
    for name in ["event_time", "prop_ok"] {
        assert_eq!(read.column_by_name(name), all.column_by_name(name), "{name}");
    }
}

#[tokio::test]
async fn a_batch_that_is_not_as_promised_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[("prop_a", ColumnType::Integer)]);
    let good = rows(&columns, MONDAY, 10, 1);
    let backwards =
        arrow::compute::take_record_batch(&good, &arrow::array::UInt32Array::from_iter_values((0..10).rev()));
    let fewer = good.project(&[0, 1, 2, 3, 4, 5]).unwrap();
    for (name, bad) in [
        ("another day", vec![rows(&columns, TUESDAY, 10, 1)]),
        ("other columns", vec![fewer]),
        ("wrong order", vec![backwards.unwrap()]),
        ("wrong order over batches", vec![good.slice(5, 5), good.slice(0, 5)]),
    ] {
        let bad = stream::iter(bad.into_iter().map(Ok::<_, StoreError>).collect::<Vec<_>>());
        let refused = table.write_day(&columns, MONDAY, bad).await;
        assert!(matches!(refused, Err(StoreError::Internal { .. })), "{name}: {refused:?}");
    }
    let in_order = vec![Ok::<_, StoreError>(good.slice(0, 5)), Ok(good.slice(5, 0)), Ok(good.slice(5, 5))];
    assert_eq!(table.write_day(&columns, MONDAY, stream::iter(in_order)).await.unwrap().rows(), 10);
}

#[derive(Debug)]
enum Broken {
    Upstream,
    Store(#[expect(dead_code, reason = "shown when the test fails")] StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[tokio::test]
async fn a_broken_stream_gives_its_own_error_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[]);
    let batches = vec![Ok(rows(&columns, MONDAY, 10, 1)), Err(Broken::Upstream)];
    let broken = table.write_day(&columns, MONDAY, stream::iter(batches)).await;
    assert!(matches!(broken, Err(Broken::Upstream)), "{broken:?}");
    assert!(!folder.path().join(charged().folder().as_ref()).exists());
}

#[tokio::test]
async fn a_file_that_was_never_committed_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[]);
    write(&table, &columns, MONDAY, 10, 1).await;
    let store = open(folder.path()).await;
    assert_eq!(store.table(&charged()).snapshot().await.unwrap().version, None);
    assert_eq!(store.tables().await.unwrap(), []);
    let snapshot = put(&store.table(&charged()), &columns, MONDAY, 3, 1).await;
    assert_eq!(snapshot.days[&MONDAY].rows, 3);
}

#[tokio::test]
async fn the_spill_folder_serves_stagings_and_goes_away_with_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let spill = store.spill_dir().to_owned();
    assert!(spill.starts_with(folder.path()));
    let columns = columns(&[]);
    let mut staging = Staging::new(store.spill_dir(), 1_000);
    for day in [MONDAY, TUESDAY] {
        staging.push(rows(&columns, day, 100, 1)).unwrap();
    }
    assert!(staging.is_spilled());
    assert_eq!(staging.read().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 200);
    drop(staging);
    drop(store);
    for _ in 0..100 {
        if !spill.exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the spill folder is still there");
}
