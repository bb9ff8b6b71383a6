//! One table: its snapshots, and the lock of those who change it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwapOption;
use arrow::record_batch::RecordBatch;
use deltalake::DeltaTable;
use futures_util::{Stream, StreamExt};
use jiff::civil::Date;
use object_store::path::Path;
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard};
use tracing::Instrument;

use crate::store::commit::{self, Change};
use crate::store::lake::Lake;
use crate::store::write::write_file;
use crate::store::{DayFacts, NewDay, Snapshot, StoreError, TableKey};
use crate::table::Column;

/// A table of days, existing or not. Made by [`super::Store::table`].
pub struct DayTable {
    pub(super) lake: Arc<Lake>,
    pub(super) key: TableKey,
    pub(super) folder: Path,
    /// The newest snapshot known. Only changed by whoever holds `log`.
    current: ArcSwapOption<Snapshot>,
    /// One look at the log at a time, and what the last one found.
    log: Mutex<Option<Look>>,
    /// Looks begun so far.
    looks: AtomicU64,
    writer: Arc<Mutex<()>>,
    /// Commits of this process since the last checkpoint.
    pub(super) commits: AtomicU32,
    opened: Instant,
    /// Seconds after `opened` at which the snapshot was last asked for.
    used: AtomicU64,
}

/// A look at the log: its number, and what came of it.
struct Look {
    number: u64,
    found: Result<Arc<Snapshot>, StoreError>,
}

#[derive(Clone, Copy)]
enum Wanted {
    Any,
    Newest,
}

impl DayTable {
    pub(super) fn new(lake: Arc<Lake>, key: TableKey) -> Self {
        Self {
            lake,
            folder: key.folder(),
            key,
            current: ArcSwapOption::empty(),
            log: Mutex::new(None),
            looks: AtomicU64::new(0),
            writer: Arc::default(),
            commits: AtomicU32::new(0),
            opened: Instant::now(),
            used: AtomicU64::new(0),
        }
    }

    pub fn key(&self) -> &TableKey {
        &self.key
    }

    /// What the table holds as far as this process knows: from memory, except for the first time.
    pub async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>, StoreError> {
        self.used.store(self.opened.elapsed().as_secs(), Ordering::Relaxed);
        match self.current.load_full() {
            Some(snapshot) => Ok(snapshot),
            None => self.look(Wanted::Any).await,
        }
    }

    /// The newest snapshot at hand, without looking anywhere. `None`: none was loaded yet, or it was let go since.
    pub fn known(&self) -> Option<Arc<Snapshot>> {
        self.current.load_full()
    }

    /// What the table holds now, commits of other processes included. Concurrent callers share one look at the log,
    /// but never one that began before they asked.
    pub async fn refresh(self: &Arc<Self>) -> Result<Arc<Snapshot>, StoreError> {
        self.used.store(self.opened.elapsed().as_secs(), Ordering::Relaxed);
        self.look(Wanted::Newest).await
    }

    async fn look(self: &Arc<Self>, wanted: Wanted) -> Result<Arc<Snapshot>, StoreError> {
        let asked_at = self.looks.load(Ordering::SeqCst);
        let table = self.clone();
        let work = async move {
            let mut log = table.log.lock().await;
            if let (Wanted::Any, Some(snapshot)) = (wanted, table.current.load_full()) {
                return Ok(snapshot);
            }
            if let Some(look) = log.as_ref().filter(|look| look.number > asked_at) {
                // A commit may have gone further since.
                return look.found.clone().map(|found| table.current.load_full().unwrap_or(found));
            }
            let number = table.looks.fetch_add(1, Ordering::SeqCst) + 1;
            let found = match table.fresh().await {
                Ok(found) => table.publish(found.as_ref()),
                Err(error) => Err(error),
            };
            *log = Some(Look { number, found: found.clone() });
            found
        };
        self.lake.run(work).await
    }

    /// The right to change the table; waits for whoever has it in this process. Other processes are kept apart by
    /// the commit itself.
    pub async fn lock(self: &Arc<Self>) -> Result<TableWriter, StoreError> {
        let turn = Arc::new(self.writer.clone().lock_owned().await);
        let snapshot = self.snapshot().await?;
        Ok(TableWriter { table: self.clone(), snapshot, turn })
    }

    /// Writes a day's file without making it part of the table yet; several may be written at once, and the lock is
    /// not needed. The batches are sorted by `event_time, row_id`, hold rows of that day only, and have exactly
    /// these columns in this order.
    ///
    /// The stream is polled on the store's runtime. Its errors come back as they are, and nothing is left behind.
    pub async fn write_day<S, E>(self: &Arc<Self>, columns: &[Column], day: Date, batches: S) -> Result<NewDay, E>
    where
        S: Stream<Item = Result<RecordBatch, E>> + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let table = self.clone();
        let columns: Arc<[Column]> = columns.into();
        let work = async move {
            let objects = table.lake.place.objects.clone();
            write_file(objects, &table.folder, columns, day, batches.boxed()).await
        };
        match self.lake.handle.spawn(work.in_current_span()).await {
            Ok(done) => done,
            Err(error) => Err(StoreError::internal(format!("writing a day: {error}")).into()),
        }
    }

    /// The log as it was left, or read when it is not in memory.
    pub(super) async fn log(&self) -> Result<Option<DeltaTable>, StoreError> {
        match self.lake.open_log(&self.folder).await {
            Some(log) => Ok(Some(log)),
            None => self.fresh().await,
        }
    }

    /// The log as it is now. `None`: there is no table.
    pub(super) async fn fresh(&self) -> Result<Option<DeltaTable>, StoreError> {
        let mut newest = None;
        if let Some(mut log) = self.lake.open_log(&self.folder).await {
            let _turn = self.lake.log_operation().await?;
            match log.update_state().await {
                Ok(()) => newest = Some(log),
                // Its base may have been cleaned up meanwhile; from the last checkpoint on it can be read.
                Err(error) => tracing::debug!(table = %self.folder, %error, "a log is read anew"),
            }
        }
        if newest.is_none() {
            self.lake.keep_log(&self.folder, None).await;
            newest = self.lake.load(&self.folder).await?;
        }
        self.lake.keep_log(&self.folder, newest.as_ref()).await;
        Ok(newest)
    }

    /// Makes what was found the current snapshot. The caller holds `log`.
    fn publish(&self, found: Option<&DeltaTable>) -> Result<Arc<Snapshot>, StoreError> {
        let objects = self.lake.place.objects.clone();
        let snapshot = match found {
            None => Snapshot::none(self.key.clone(), objects),
            Some(log) => {
                let state = log.snapshot().map_err(|error| StoreError::sort_read(&self.folder, &error))?;
                if let Some(current) = self.current.load_full().filter(|now| now.version == Some(state.version())) {
                    return Ok(current);
                }
                Snapshot::read(self.key.clone(), objects, state.snapshot())?
            }
        };
        let snapshot = Arc::new(snapshot);
        self.current.store(Some(snapshot.clone()));
        Ok(snapshot)
    }

    #[cfg(test)]
    pub(super) fn looks_so_far(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Since the snapshot was last asked for.
    pub(super) fn idle_seconds(&self) -> u64 {
        self.opened.elapsed().as_secs().saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// Lets the snapshot go when nobody asked for it for so long.
    pub(super) fn forget_when_idle(&self, seconds: u64) {
        if let (true, Ok(mut log)) = (self.idle_seconds() >= seconds, self.log.try_lock()) {
            *log = None;
            self.current.store(None);
        }
    }
}

impl std::fmt::Debug for DayTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DayTable").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The right to change a table, until dropped.
pub struct TableWriter {
    table: Arc<DayTable>,
    snapshot: Arc<Snapshot>,
    // Shared with the commit in flight, which goes on when this value is dropped.
    turn: Arc<OwnedMutexGuard<()>>,
}

impl TableWriter {
    /// What the table held when the lock was taken, or after the last commit of this writer, also a failed one.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone()
    }

    /// As [`DayTable::write_day`].
    pub async fn write_day<S, E>(&self, columns: &[Column], day: Date, batches: S) -> Result<NewDay, E>
    where
        S: Stream<Item = Result<RecordBatch, E>> + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.table.write_day(columns, day, batches).await
    }

    /// Makes the days part of the table, each in place of what was kept of it, and renews the facts of the touched
    /// ones, all in one atomic step. Creates the table when there is none. `columns` are the table's from now on:
    /// appended ones, and integers that became number (kept files are rewritten in the same step).
    ///
    /// A touched day that another writer replaced meanwhile keeps what that writer found.
    ///
    /// Errors: nothing of it is in the table then, except that `Unreachable` may leave it open; doing it again is
    /// safe. `Conflict`: the columns disagree with another writer's; start again from this writer's snapshot.
    pub async fn commit(
        &mut self,
        columns: &[Column],
        days: Vec<(NewDay, DayFacts)>,
        touched: Vec<(Date, DayFacts)>,
    ) -> Result<Arc<Snapshot>, StoreError> {
        let (table, turn) = (self.table.clone(), self.turn.clone());
        let change = Change { columns: columns.to_vec(), days, touched, seen: self.snapshot.clone() };
        let work = async move {
            let _turn = turn;
            let _log: MutexGuard<'_, _> = table.log.lock().await;
            match commit::commit(&table, &change).await {
                Ok(log) => {
                    table.lake.keep_log(&table.folder, Some(&log)).await;
                    table.publish(Some(&log))
                }
                Err(error) => {
                    // Whoever tries again has to see what stood in the way.
                    if let Some(log) = table.lake.open_log(&table.folder).await {
                        table.publish(Some(&log))?;
                    }
                    Err(error)
                }
            }
        };
        let done = self.table.lake.run(work).await;
        if let Some(now) = self.table.current.load_full() {
            self.snapshot = now;
        }
        done
    }
}
