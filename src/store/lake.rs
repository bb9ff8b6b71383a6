//! The whole store: its place, its runtime, and its tables.
//!
//! The Delta crate picks its executor by the kind of tokio runtime it finds, and blocks on the kind that actix's
//! workers are. So the store has a small multi-thread runtime of its own, and every public function of this room hops
//! onto it: they can be awaited from anywhere. Work that was started runs to its end even when its caller is gone.

use std::future::Future;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use deltalake::DeltaTable;
use deltalake::kernel::Snapshot as LogSnapshot;
use futures_util::{StreamExt, TryStreamExt, stream};
use moka::future::Cache;
use object_store::ObjectStore;
use object_store::path::Path;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::allocator;
use crate::config::StoreConfig;
use crate::store::place::Place;
use crate::store::snapshot::named_key;
use crate::store::spill::{self, SpillFolder};
use crate::store::staging::{Room, Staging};
use crate::store::upkeep::{self, IsPassing, UpkeepReport};
use crate::store::{DayTable, Snapshot, StoreError, TableKey};

/// The opened store. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    pub(super) lake: Arc<Lake>,
    pub(super) tables: Arc<Tables>,
}

/// The tables in use, each once, so that its lock is one lock.
pub(super) type Tables = DashMap<TableKey, Arc<DayTable>>;

/// Tables kept in memory before the unused ones are let go. A caller can ask for names that do not exist.
const TABLES: usize = 1024;
/// Tables whose log is kept open: a table of a year is about a megabyte.
const OPEN_LOGS: u64 = 64;
/// Versions after which an open log is read anew: every update adds a small batch to it that nothing ever merges.
const OPEN_LOG_VERSIONS: u64 = 100;
/// Earlier versions that somebody is reading on.
const EARLIER_VERSIONS: u64 = 64;
const OPEN_LOG_IDLE: Duration = Duration::from_secs(10 * 60);
/// Log operations at once. Each holds a few of the runtime's blocking threads while it needs further ones.
const LOG_OPERATIONS: usize = 4;
const BLOCKING_THREADS: usize = 64;
/// Batches of all loads that are kept aside in memory; what is beyond waits on disk.
const STAGED_IN_MEMORY: usize = 32 << 20;

impl Store {
    /// Opens the store and tries it out with a small object.
    ///
    /// Errors: `Unusable` when the settings or the kind of store do not do, `Unreachable` when it does not answer.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        Self::at(Place::open(config)?).await
    }

    pub(super) async fn at(place: Place) -> Result<Self, StoreError> {
        let spill = match &place.folder {
            Some(folder) => SpillFolder::create(&folder.join(spill::FOLDER))?,
            None => SpillFolder::create(&std::env::temp_dir())?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("flattap-store")
            .on_thread_park(allocator::settle)
            .enable_all()
            .build()?;
        let lake = Arc::new(Lake {
            place,
            spill,
            staged: Room::new(STAGED_IN_MEMORY),
            logs: Cache::builder().max_capacity(OPEN_LOGS).time_to_idle(OPEN_LOG_IDLE).build(),
            names: DashMap::new(),
            earlier: Cache::builder().max_capacity(EARLIER_VERSIONS).time_to_idle(OPEN_LOG_IDLE).build(),
            log_operations: Semaphore::new(LOG_OPERATIONS),
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        });
        let store = Self { lake, tables: Arc::default() };
        let lake = store.lake.clone();
        store.lake.run(async move { lake.place.probe().await }).await?;
        Ok(store)
    }

    /// A table, whether it exists already or not. Asks nothing of the store.
    pub fn table(&self, key: &TableKey) -> Arc<DayTable> {
        if let Some(table) = self.tables.get(key) {
            return table.clone();
        }
        if self.tables.len() >= TABLES {
            // A table that somebody holds stays, and with it its lock.
            self.tables.retain(|_, table| Arc::strong_count(table) > 1);
        }
        let new = || Arc::new(DayTable::new(self.lake.clone(), key.clone()));
        self.tables.entry(key.clone()).or_insert_with(new).clone()
    }

    /// All tables that exist. One that cannot be read is left out and logged.
    pub async fn tables(&self) -> Result<Vec<TableKey>, StoreError> {
        let lake = self.lake.clone();
        self.lake.run(async move { lake.all_tables().await }).await
    }

    /// Runs a future on the store's runtime, for work that must not run on an actix worker.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.lake.handle.spawn(work.in_current_span())
    }

    /// An empty staging. All of these share one room in memory.
    pub fn staging(&self) -> Staging {
        Staging::within(self.spill_dir(), self.lake.staged.clone())
    }

    /// A folder of this process for large intermediate results; it goes away with the store.
    pub fn spill_dir(&self) -> &FilePath {
        self.lake.spill.path()
    }

    /// The object store in which the paths of all snapshots are valid.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.lake.place.objects.clone()
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let lake = self.lake.clone();
        self.lake.run(async move { lake.place.ready().await }).await
    }

    /// Tidies up all tables once: checkpoints, old log entries, files that no table needs any more, passing tables
    /// whose time is over.
    pub async fn upkeep(&self, passing: IsPassing) -> Result<UpkeepReport, StoreError> {
        let (lake, tables) = (self.lake.clone(), self.tables.clone());
        self.lake.run(async move { upkeep::all_tables(&lake, &tables, passing).await }).await
    }

    /// Tidies up by itself from now on, as long as the store is open: every `interval` what is due, once a day all.
    pub fn start_upkeep(&self, interval: Duration, passing: IsPassing) {
        let (lake, tables) = (Arc::downgrade(&self.lake), Arc::downgrade(&self.tables));
        self.lake.handle.spawn(upkeep::forever(lake, tables, interval, passing));
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct OpenLog {
    log: DeltaTable,
    /// The version at which it was read from the store.
    read_at: u64,
}

/// What the tables of a store share.
pub(super) struct Lake {
    pub place: Place,
    pub spill: SpillFolder,
    staged: Room,
    /// Open logs by folder. What was let go is read again when needed.
    logs: Cache<Path, OpenLog>,
    /// The key of each folder seen; it never changes.
    names: DashMap<Path, TableKey>,
    /// Tables at versions that are not the newest any more.
    pub earlier: Cache<(Path, u64), Arc<Snapshot>>,
    log_operations: Semaphore,
    pub handle: Handle,
    /// Always there until drop.
    runtime: Option<Runtime>,
}

impl Lake {
    /// Runs work of this room on its runtime. It goes on when the caller is dropped.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.handle.spawn(work.in_current_span()).await {
            Ok(done) => done,
            Err(error) => Err(StoreError::internal(error.to_string())),
        }
    }

    /// The right to read or write a log.
    pub async fn log_operation(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        self.log_operations.acquire().await.map_err(|error| StoreError::internal(error.to_string()))
    }

    /// The open log of the table in this folder, as it was left.
    pub async fn open_log(&self, folder: &Path) -> Option<DeltaTable> {
        self.logs.get(folder).await.map(|open| open.log)
    }

    /// Keeps a log open; `None` forgets it.
    pub async fn keep_log(&self, folder: &Path, log: Option<&DeltaTable>) {
        let Some((log, version)) = log.and_then(|log| Some((log.clone(), log.version()?))) else {
            return self.logs.invalidate(folder).await;
        };
        let read_at = self.logs.get(folder).await.map_or(version, |open| open.read_at);
        match version.saturating_sub(read_at) < OPEN_LOG_VERSIONS {
            true => self.logs.insert(folder.clone(), OpenLog { log, read_at }).await,
            false => self.logs.invalidate(folder).await,
        }
    }

    /// Reads a table's log from its last checkpoint on. `None`: there is no table.
    pub async fn load(&self, folder: &Path) -> Result<Option<DeltaTable>, StoreError> {
        let _turn = self.log_operation().await?;
        let mut table = DeltaTable::new(self.place.log(folder)?);
        match table.load().await {
            Ok(()) => Ok(Some(table)),
            Err(deltalake::DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(StoreError::sort_read(folder, &error)),
        }
    }

    /// All folders that look like a table's.
    pub async fn folders(&self) -> Result<Vec<Path>, StoreError> {
        let mut level = vec![Path::default()];
        for _ in 0..3 {
            level = stream::iter(level)
                .map(|folder| async move { self.place.objects.list_with_delimiter(Some(&folder)).await })
                .buffer_unordered(8)
                .map_ok(|listed| listed.common_prefixes)
                .try_concat()
                .await
                .map_err(|error| StoreError::sort("listing the tables", &error))?;
            // `.spill`, `.probe`
            level.retain(|folder| folder.filename().is_some_and(|name| !name.starts_with('.')));
        }
        level.sort();
        Ok(level)
    }

    async fn all_tables(&self) -> Result<Vec<TableKey>, StoreError> {
        let folders = self.folders().await?;
        let named = stream::iter(folders).map(|folder| async move {
            match self.name(&folder).await {
                Ok(key) => Ok(key),
                // An unreachable store is the caller's business, a damaged table must not hide the others.
                Err(error @ (StoreError::Corrupt { .. } | StoreError::Internal { .. })) => {
                    tracing::warn!(table = %folder, %error, "a table cannot be read");
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        });
        named.buffered(LOG_OPERATIONS).try_filter_map(|key| async { Ok(key) }).try_collect().await
    }

    /// Forgets all about the table in this folder, because it is going to be removed.
    pub async fn forget(&self, folder: &Path) {
        self.logs.invalidate(folder).await;
        self.names.remove(folder);
    }

    /// Whose table is in this folder; only its metadata is read, and only once. `None`: no table, or not ours.
    pub async fn name(&self, folder: &Path) -> Result<Option<TableKey>, StoreError> {
        if let Some(key) = self.names.get(folder) {
            return Ok(Some(key.clone()));
        }
        let _turn = self.log_operation().await?;
        match LogSnapshot::try_new(&self.place.log(folder)?, None).await {
            Ok(snapshot) => {
                let key = named_key(snapshot.metadata().configuration()).filter(|key| key.folder() == *folder);
                if let Some(key) = &key {
                    self.names.insert(folder.clone(), key.clone());
                }
                Ok(key)
            }
            Err(deltalake::DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(StoreError::sort_read(folder, &error)),
        }
    }
}

impl Drop for Lake {
    fn drop(&mut self) {
        // The last owner may well be a task of this very runtime, where waiting for its end would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
