//! Several writers on one folder, each a store of its own, as processes would be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;

use super::sample::*;
use crate::period::Days;
use crate::store::StoreError;
use crate::table::ColumnType;

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_many_write_the_same_days() {
    let folder = tempfile::tempdir().unwrap();
    let columns = columns(&[("prop_amount", ColumnType::Integer)]);
    let days = Days::new(MONDAY, MONDAY.checked_add(jiff::ToSpan::days(3)).unwrap()).unwrap();
    let writers = (0..4).map(|writer| {
        let (folder, columns) = (folder.path().to_owned(), columns.clone());
        async move {
            let table = open(&folder).await.table(&charged());
            for day in days.iter() {
                put(&table, &columns, day, 10 + writer, 1).await;
            }
        }
    });
    join_all(writers).await;
    let snapshot = open(folder.path()).await.table(&charged()).snapshot().await.unwrap();
    assert_eq!(snapshot.version, Some(15), "sixteen commits");
    assert_eq!(snapshot.days.keys().copied().collect::<Vec<_>>(), days.iter().collect::<Vec<_>>());
    for stored in snapshot.days.values() {
        assert!((10..14).contains(&stored.rows));
    }
    let rows: u64 = snapshot.days.values().map(|stored| stored.rows).sum();
    assert_eq!(total(&snapshot, "prop_amount").await, rows as f64);
}

#[tokio::test]
async fn another_writers_commit_is_seen_after_a_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()).await.table(&charged()), open(folder.path()).await.table(&charged()));
    let columns = columns(&[]);
    assert_eq!(other.snapshot().await.unwrap().version, None);
    put(&one, &columns, MONDAY, 10, 1).await;
    assert_eq!(other.snapshot().await.unwrap().version, None, "from memory");
    assert_eq!(other.refresh().await.unwrap().days.len(), 1);
    let unchanged = other.refresh().await.unwrap();
    assert!(Arc::ptr_eq(&unchanged, &other.snapshot().await.unwrap()), "made once per version");
}

#[tokio::test]
async fn many_callers_share_a_look_at_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let columns = columns(&[]);
    put(&open(folder.path()).await.table(&charged()), &columns, MONDAY, 10, 1).await;
    let store = open(folder.path()).await;
    let table = store.table(&charged());
    let first = join_all((0..50).map(|_| table.snapshot())).await;
    let snapshot = first[0].as_ref().unwrap();
    assert!(first.iter().all(|found| Arc::ptr_eq(found.as_ref().unwrap(), snapshot)));
    assert_eq!(table.looks_so_far(), 1);
    join_all((0..50).map(|_| table.refresh())).await;
    assert!(table.looks_so_far() <= 3, "{}", table.looks_so_far());
    assert!(Arc::ptr_eq(&table, &store.table(&charged())), "one table, one lock");
}

#[tokio::test]
async fn the_lock_lets_one_writer_in_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let inside = AtomicU64::new(0);
    join_all((0..10).map(|_| async {
        let _writer = table.lock().await.unwrap();
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
        tokio::task::yield_now().await;
        inside.fetch_sub(1, Ordering::SeqCst);
    }))
    .await;
}

#[tokio::test]
async fn a_commit_goes_on_when_its_caller_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let columns = columns(&[]);
    let new = write(&table, &columns, MONDAY, 10, 1).await;
    let mut writer = table.lock().await.unwrap();
    let commit = writer.commit(&columns, vec![(new, facts(1))], vec![]);
    assert!(tokio::time::timeout(std::time::Duration::ZERO, commit).await.is_err());
    drop(writer);
    // The lock is free only when the commit is through.
    assert_eq!(table.lock().await.unwrap().snapshot().days.len(), 1);
}

#[tokio::test]
async fn a_damaged_table_says_so_and_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let columns = columns(&[]);
    put(&store.table(&charged()), &columns, MONDAY, 10, 1).await;
    let mut broken = charged();
    broken.event = Some("Broken".into());
    put(&store.table(&broken), &columns, MONDAY, 10, 1).await;
    let log = folder.path().join(broken.folder().as_ref()).join("_delta_log/00000000000000000000.json");
    std::fs::write(&log, "{\"metaData\": nonsense").unwrap();

    let store = open(folder.path()).await;
    let failed = store.table(&broken).snapshot().await;
    assert!(matches!(failed, Err(StoreError::Corrupt { .. })), "{failed:?}");
    assert_eq!(store.tables().await.unwrap(), [charged()]);
}

#[tokio::test]
async fn a_folder_of_another_table_is_not_taken_for_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    put(&store.table(&charged()), &columns(&[]), MONDAY, 10, 1).await;
    let mut other = charged();
    other.event = Some("Other".into());
    let path = |key: &crate::store::TableKey| folder.path().join(key.folder().as_ref());
    std::fs::rename(path(&charged()), path(&other)).unwrap();
    let found = store.table(&other).snapshot().await;
    assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{found:?}");
}

#[tokio::test]
async fn what_nobody_asks_for_is_forgotten_and_read_again_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let table = store.table(&charged());
    let kept = put(&table, &columns(&[]), MONDAY, 10, 1).await;
    table.forget_when_idle(3_600);
    assert!(Arc::ptr_eq(&kept, &table.snapshot().await.unwrap()));
    table.forget_when_idle(0);
    let again = table.snapshot().await.unwrap();
    assert!(!Arc::ptr_eq(&kept, &again));
    assert_eq!(kept.days, again.days);
}
