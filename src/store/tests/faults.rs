//! A store that fails at the worst moments.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use parking_lot::Mutex;

use super::sample::*;
use crate::store::place::Place;
use crate::store::{DayFacts, DayTable, Store, StoreError};
use crate::table::ColumnType;

/// What befalls the next write to a path that contains this text.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is done, and the answer is lost.
    AnswerLost(&'static str),
    /// It is not done.
    NotDone(&'static str, io::ErrorKind),
    /// Written without regard to what is there already.
    Careless,
}

#[derive(Debug, Default)]
struct Faulty {
    inner: InMemory,
    next: Mutex<Option<Fault>>,
}

impl Faulty {
    fn take(&self, at: &Path) -> Option<Fault> {
        let mut next = self.next.lock();
        match *next {
            Some(Fault::AnswerLost(part) | Fault::NotDone(part, _)) if at.as_ref().contains(part) => next.take(),
            Some(Fault::Careless) => Some(Fault::Careless),
            _ => None,
        }
    }
}

fn failed(kind: io::ErrorKind) -> Error {
    Error::Generic { store: "Faulty", source: io::Error::from(kind).into() }
}

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        match self.take(at) {
            None => self.inner.put_opts(at, payload, opts).await,
            Some(Fault::NotDone(_, kind)) => Err(failed(kind)),
            Some(Fault::AnswerLost(_)) => {
                self.inner.put_opts(at, payload, opts).await?;
                Err(failed(io::ErrorKind::ConnectionReset))
            }
            Some(Fault::Careless) => self.inner.put(at, payload).await,
        }
    }

    async fn put_multipart_opts(&self, at: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, opts).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(&self, all: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(all)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

async fn faulty() -> (Arc<Faulty>, Arc<DayTable>) {
    let faulty = Arc::new(Faulty::default());
    let store = Store::at(Place::of(faulty.clone())).await.unwrap();
    (faulty, store.table(&charged()))
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_found_out_at_the_start() {
    let faulty = Arc::new(Faulty::default());
    *faulty.next.lock() = Some(Fault::Careless);
    let error = Store::at(Place::of(faulty)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unusable { what } if what.contains("conditional put")), "{error:?}");
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_and_not_repeated() {
    let (faulty, table) = faulty().await;
    let columns = columns(&[("prop_a", ColumnType::Integer)]);
    for (version, rows) in [(0, 10), (1, 20)] {
        *faulty.next.lock() = Some(Fault::AnswerLost("_delta_log/0"));
        let snapshot = put(&table, &columns, MONDAY, rows, 1).await;
        assert!(faulty.next.lock().is_none(), "the fault was met");
        assert_eq!((snapshot.version, snapshot.days[&MONDAY].rows), (Some(version), rows as u64));
    }
    let renewed = DayFacts { content: 5, ..facts(1) };
    *faulty.next.lock() = Some(Fault::AnswerLost("_delta_log/0"));
    let mut writer = table.lock().await.unwrap();
    let touched = writer.commit(&columns, vec![], vec![(MONDAY, renewed.clone())]).await.unwrap();
    assert_eq!((touched.version, &touched.days[&MONDAY].facts), (Some(2), &renewed));
}

#[tokio::test]
async fn a_commit_that_failed_changed_nothing_and_can_be_done_again() {
    let (faulty, table) = faulty().await;
    let columns = columns(&[]);
    let before = put(&table, &columns, MONDAY, 10, 1).await;
    let new = write(&table, &columns, MONDAY, 20, 2).await;
    let mut writer = table.lock().await.unwrap();
    *faulty.next.lock() = Some(Fault::NotDone("_delta_log/0", io::ErrorKind::ConnectionRefused));
    let error = writer.commit(&columns, vec![(new.clone(), facts(2))], vec![]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert_eq!(table.refresh().await.unwrap().days, before.days);
    let after = writer.commit(&columns, vec![(new, facts(2))], vec![]).await.unwrap();
    assert_eq!((after.version, after.days[&MONDAY].rows), (Some(1), 20));
}

#[tokio::test]
async fn a_full_disk_is_named_whether_it_met_the_rows_or_the_log() {
    let (faulty, table) = faulty().await;
    let columns = columns(&[]);
    let batch = rows(&columns, MONDAY, 10, 1);
    *faulty.next.lock() = Some(Fault::NotDone(".parquet", io::ErrorKind::StorageFull));
    let rows = table.write_day(&columns, MONDAY, stream::iter([Ok::<_, StoreError>(batch)])).await;
    assert!(matches!(rows, Err(StoreError::DiskFull { .. })), "{rows:?}");
    let new = write(&table, &columns, MONDAY, 10, 1).await;
    let mut writer = table.lock().await.unwrap();
    *faulty.next.lock() = Some(Fault::NotDone("_delta_log/0", io::ErrorKind::StorageFull));
    let log = writer.commit(&columns, vec![(new, facts(1))], vec![]).await;
    assert!(matches!(log, Err(StoreError::DiskFull { .. })), "{log:?}");
}

#[tokio::test]
async fn a_day_that_another_program_changed_is_unknown_and_is_replaced_as_a_whole() {
    let (faulty, table) = faulty().await;
    let columns = columns(&[]);
    put(&table, &columns, MONDAY, 10, 1).await;
    put(&table, &columns, TUESDAY, 10, 1).await;
    // Somebody appends a file of their own to Monday, and rewrites Tuesday without our facts.
    let log = |version: u64| Path::from(format!("{}/_delta_log/{version:020}.json", charged().folder()));
    let entry = faulty.get(&log(1)).await.unwrap().bytes().await.unwrap();
    let entry = String::from_utf8(entry.to_vec()).unwrap();
    let add: serde_json::Value =
        serde_json::from_str(entry.lines().find(|line| line.starts_with("{\"add\"")).unwrap()).unwrap();
    let mut appended = add.clone();
    appended["add"]["path"] = "event_date=2026-11-02/part-0.parquet".into();
    appended["add"]["partitionValues"]["event_date"] = "2026-11-02".into();
    let mut compacted = add.clone();
    compacted["add"]["path"] = "event_date=2026-11-03/part-1.parquet".into();
    compacted["add"]["tags"] = serde_json::Value::Null;
    let removed = serde_json::json!({"remove": {
        "path": add["add"]["path"], "dataChange": false, "deletionTimestamp": 1, "extendedFileMetadata": true,
        "partitionValues": {"event_date": "2026-11-03"}, "size": 1,
    }});
    faulty.put(&log(2), format!("{appended}\n{removed}\n{compacted}").into()).await.unwrap();

    assert_eq!(table.refresh().await.unwrap().days.len(), 0);
    let healed = put(&table, &columns, MONDAY, 3, 1).await;
    assert_eq!(healed.days.keys().collect::<Vec<_>>(), [&MONDAY]);
    let healed = put(&table, &columns, TUESDAY, 4, 1).await;
    assert_eq!(healed.days.values().map(|stored| stored.rows).collect::<Vec<_>>(), [3, 4]);
}

#[tokio::test]
async fn one_day_cannot_be_committed_twice_at_once_nor_as_other_columns() {
    let (_, table) = faulty().await;
    let integer = columns(&[("prop_a", ColumnType::Integer)]);
    let new = write(&table, &integer, MONDAY, 10, 1).await;
    let mut writer = table.lock().await.unwrap();
    let twice = vec![(new.clone(), facts(1)), (new.clone(), facts(1))];
    assert!(matches!(writer.commit(&integer, twice, vec![]).await, Err(StoreError::Internal { .. })));
    let text = columns(&[("prop_a", ColumnType::Text)]);
    assert!(matches!(writer.commit(&text, vec![(new, facts(1))], vec![]).await, Err(StoreError::Internal { .. })));
    assert_eq!(table.refresh().await.unwrap().version, None);
}
