//! Checkpoints and vacuum change nothing that anybody can see.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::sample::*;
use crate::store::TableKey;
use crate::table::ColumnType;

fn log_files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let log = folder.join(charged().folder().as_ref()).join("_delta_log");
    let names = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

fn age(path: &Path) {
    let time = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn columns_and_facts_survive_a_checkpoint_and_the_removal_of_old_log_entries() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let table = store.table(&charged());
    let few = columns(&[("prop_größe_日本", ColumnType::Integer)]);
    let more = columns(&[("prop_größe_日本", ColumnType::Integer), ("prop_\"a\\b\"", ColumnType::Json)]);
    for round in 0..11 {
        put(&table, &few, MONDAY, 10, round).await;
    }
    let before = put(&table, &more, TUESDAY, 0, 7).await;
    for entry in log_files(folder.path(), ".json") {
        age(&entry);
    }
    let report = store.upkeep(|_| false).await.unwrap();
    assert_eq!((report.tables, report.checkpoints, report.failed), (1, 1, 0));
    assert_eq!(log_files(folder.path(), ".checkpoint.parquet").len(), 1);
    // Those before the checkpoint; its own stays.
    assert_eq!(report.log_entries_removed, 11);
    assert_eq!(log_files(folder.path(), ".json").len(), 1);

    let after = open(folder.path()).await.table(&charged()).snapshot().await.unwrap();
    assert_eq!(after.columns[..], more[..]);
    assert_eq!((&after.days, after.version), (&before.days, before.version));
    // Both the process that had the log open and a new one go on writing.
    let mut writer = table.lock().await.unwrap();
    writer.commit(&more, vec![], vec![(MONDAY, facts(99))]).await.unwrap();
    drop(writer);
    let other = open(folder.path()).await.table(&charged());
    put(&other, &more, TUESDAY, 5, 1).await;
    let now = table.refresh().await.unwrap();
    assert_eq!((now.days[&MONDAY].facts.content, now.days[&TUESDAY].rows), (99, 5));
    assert_eq!(store.upkeep(|_| false).await.unwrap().checkpoints, 0, "not due yet");
}

#[tokio::test]
async fn only_old_files_that_nobody_needs_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let table = store.table(&charged());
    let columns = columns(&[]);
    put(&table, &columns, MONDAY, 10, 1).await;
    let kept = put(&table, &columns, TUESDAY, 10, 1).await;
    age(&folder.path().join(&kept.days[&TUESDAY].path));
    let replaced = folder.path().join(&kept.days[&MONDAY].path);
    put(&table, &columns, MONDAY, 10, 2).await;
    let waiting = write(&table, &columns, MONDAY, 3, 1).await;
    let table_folder = folder.path().join(charged().folder().as_ref());
    let broken_fill = table_folder.join("event_date=2026-11-09");
    std::fs::create_dir(&broken_fill).unwrap();
    for name in ["left.parquet", ".left.tmp"] {
        std::fs::write(broken_fill.join(name), "x").unwrap();
        age(&broken_fill.join(name));
    }
    let unfinished = table_folder.join("_delta_log/.left.tmp");
    std::fs::write(&unfinished, "x").unwrap();
    age(&unfinished);
    let no_table = folder.path().join("ABC-123Z/events/never-committed-0123456789abcdef/event_date=2026-11-01");
    std::fs::create_dir_all(&no_table).unwrap();
    std::fs::write(no_table.join("left.parquet"), "x").unwrap();
    age(&no_table.join("left.parquet"));
    std::fs::write(no_table.join("young.parquet"), "x").unwrap();

    let report = store.upkeep(|_| false).await.unwrap();
    assert_eq!((report.files_removed, report.failed), (4, 0), "{report:?}");
    assert_eq!(std::fs::read_dir(&broken_fill).unwrap().count(), 0);
    assert!(!unfinished.exists() && !no_table.join("left.parquet").exists() && no_table.join("young.parquet").exists());
    assert!(replaced.exists(), "replaced less than a day ago");
    assert!(table_folder.join(&waiting.path).exists(), "its commit may still come");
    let now = table.refresh().await.unwrap();
    assert!(now.version > kept.version);
    assert_eq!(now.days[&TUESDAY], kept.days[&TUESDAY]);
    assert_eq!(file(&now, TUESDAY).await[0].num_rows(), 10);
    let mut writer = table.lock().await.unwrap();
    writer.commit(&columns, vec![(waiting, facts(3))], vec![]).await.unwrap();
}

#[tokio::test]
async fn upkeep_runs_by_itself_and_ends_with_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.start_upkeep(Duration::from_millis(20), |_| false);
    let table = store.table(&charged());
    for round in 0..11 {
        put(&table, &columns(&[]), MONDAY, 1, round).await;
    }
    for _ in 0..500 {
        if !log_files(folder.path(), ".checkpoint.parquet").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no checkpoint was made");
}

#[tokio::test]
async fn an_answer_of_the_past_is_let_go_when_nobody_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let of_part = |part: &str| TableKey { part: Some(part.to_owned()), ..charged() };
    let (lasting, old, young) = (of_part("by=day"), of_part("over=1"), of_part("over=2"));
    let store = open(folder.path()).await;
    for key in [&charged(), &lasting, &old, &young] {
        put(&store.table(key), &columns(&[]), MONDAY, 3, 1).await;
        put(&store.table(key), &columns(&[]), MONDAY, 3, 2).await;
    }
    drop(store);
    let month_ago = SystemTime::now() - Duration::from_secs(31 * 24 * 60 * 60);
    for key in [&charged(), &lasting, &old] {
        every_file(&folder.path().join(key.folder().as_ref()), &mut |path| {
            File::options().write(true).open(path).unwrap().set_modified(month_ago).unwrap();
        });
    }
    let passing = |key: &TableKey| key.part.as_deref().is_some_and(|part| part.starts_with("over="));
    let store = open(folder.path()).await;
    let asked = store.table(&old);
    asked.snapshot().await.unwrap();
    let report = store.upkeep(passing).await.unwrap();
    assert_eq!((report.tables_removed, report.failed), (0, 0), "somebody asks for it");
    drop((asked, store));

    let store = open(folder.path()).await;
    let report = store.upkeep(passing).await.unwrap();
    assert_eq!((report.tables_removed, report.failed), (1, 0), "{report:?}");
    let mut left = 0;
    every_file(&folder.path().join(old.folder().as_ref()), &mut |_| left += 1);
    assert_eq!(left, 0);
    assert!(store.table(&old).snapshot().await.unwrap().days.is_empty());
    put(&store.table(&old), &columns(&[]), TUESDAY, 5, 1).await;
    assert_eq!(store.table(&old).snapshot().await.unwrap().days[&TUESDAY].rows, 5, "it can be had again");
    for key in [&charged(), &lasting, &young] {
        assert_eq!(store.table(key).snapshot().await.unwrap().days[&MONDAY].rows, 3, "{key:?}");
    }
}

fn every_file(folder: &Path, seen: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => every_file(&path, seen),
            false => seen(&path),
        }
    }
}
