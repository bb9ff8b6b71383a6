//! Keeps the tables quick to open and free of what nobody needs: a checkpoint every few commits, old log entries
//! away, files away that no version of the last day refers to, and whole tables away that answered a question of the
//! past which nobody asks any more.
//!
//! It runs beside everything else and takes no lock: a checkpoint only repeats what the log says, and files younger
//! than a day are never touched, so neither a file that waits for its commit nor one that a reader still holds goes
//! away. Vacuum writes log entries of its own; a writer in flight then simply tries again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use deltalake::operations::vacuum::VacuumMode;
use deltalake::{DeltaTable, DeltaTableError, checkpoints};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use serde::Deserialize;
use tokio::time::Instant;

use crate::store::disk::UNFINISHED;
use crate::store::lake::{Lake, Tables};
use crate::store::{DayTable, StoreError, TableKey};

/// What was tidied up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpkeepReport {
    pub tables: usize,
    pub checkpoints: usize,
    pub log_entries_removed: usize,
    pub files_removed: usize,
    /// Tables that were let go as a whole.
    pub tables_removed: usize,
    /// Tables where something went wrong; it is in the log, and tried again the next day.
    pub failed: usize,
}

/// A cold start reads every log entry since the last checkpoint.
const COMMITS_PER_CHECKPOINT: u64 = 10;
const FULL_PASS: Duration = Duration::from_secs(24 * 60 * 60);
const RETENTION_SECONDS: i64 = 24 * 60 * 60;
/// A snapshot that nobody asks for any more is let go after this long.
const IDLE_SECONDS: u64 = 60 * 60;
/// A passing table that nobody wrote for this long, nor asked this process for within a day, is let go.
const PASSED_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Which tables are an answer to one question of its time, such as a period that moves on every day: worth keeping
/// while it is asked, and cheap to have again.
pub type IsPassing = fn(&TableKey) -> bool;

/// Ends when the store is dropped.
pub(super) async fn forever(lake: Weak<Lake>, tables: Weak<Tables>, interval: Duration, passing: IsPassing) {
    // The first full pass comes soon, because a process that is restarted daily would never do one; not at once,
    // because a starting process has better things to do.
    let mut full_pass = Instant::now() + interval * 5;
    loop {
        tokio::time::sleep(interval).await;
        let (Some(lake), Some(tables)) = (lake.upgrade(), tables.upgrade()) else { return };
        recent(&lake, &tables).await;
        if Instant::now() >= full_pass {
            match all_tables(&lake, &tables, passing).await {
                Ok(report) => tracing::info!(?report, "upkeep is done"),
                Err(error) => tracing::warn!(%error, "upkeep failed"),
            }
            full_pass = Instant::now() + FULL_PASS;
        }
    }
}

/// Checkpoints of the tables that this process changed often enough.
async fn recent(lake: &Arc<Lake>, tables: &Tables) {
    let mut due = Vec::new();
    for table in tables.iter() {
        table.forget_when_idle(IDLE_SECONDS);
        if u64::from(table.commits.load(Ordering::Relaxed)) >= COMMITS_PER_CHECKPOINT {
            due.push(Arc::clone(&table));
        }
    }
    for table in due {
        table.commits.store(0, Ordering::Relaxed);
        let mut report = UpkeepReport::default();
        if let Err(error) = tidy_log(lake, &table.folder, &mut report).await {
            tracing::warn!(table = %table.folder, %error, "a checkpoint failed");
        }
    }
}

/// Everything, for every table there is.
pub(super) async fn all_tables(
    lake: &Arc<Lake>,
    tables: &Tables,
    passing: IsPassing,
) -> Result<UpkeepReport, StoreError> {
    let mut report = UpkeepReport::default();
    for folder in lake.folders().await? {
        let tidied = match let_go(lake, tables, passing, &folder).await {
            Ok(0) => tidy(lake, &folder, &mut report).await,
            Ok(files) => {
                report.tables_removed += 1;
                report.files_removed += files;
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = tidied {
            report.failed += 1;
            tracing::warn!(table = %folder, %error, "upkeep of a table failed");
        }
    }
    Ok(report)
}

/// Removes a passing table whose time is over, and says how many files it had; 0: it stays.
///
/// The log goes first, its newest entry first: whatever is left when this breaks off is an older state of the table,
/// which is stale, and therefore replaced when somebody asks.
async fn let_go(lake: &Arc<Lake>, tables: &Tables, passing: IsPassing, folder: &Path) -> Result<usize, StoreError> {
    let Some(key) = lake.name(folder).await?.filter(passing) else { return Ok(0) };
    let failed = |error: Error| StoreError::sort(format_args!("removing {folder}"), &error);
    let mut files: Vec<_> = lake.place.objects.list(Some(folder)).try_collect().await.map_err(failed)?;
    let limit = Timestamp::now().as_second() - PASSED_SECONDS;
    if files.iter().any(|file| file.last_modified.timestamp() >= limit) {
        return Ok(0);
    }
    let is_unused = |_: &TableKey, table: &Arc<DayTable>| {
        Arc::strong_count(table) == 1 && table.idle_seconds() >= RETENTION_SECONDS.unsigned_abs()
    };
    if tables.remove_if(&key, is_unused).is_none() && tables.contains_key(&key) {
        return Ok(0);
    }
    lake.forget(folder).await;
    files.sort_by_cached_key(|file| {
        let path = file.location.to_string();
        std::cmp::Reverse((path.contains("/_delta_log/"), path))
    });
    for file in &files {
        match lake.place.objects.delete(&file.location).await {
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(files.len())
}

async fn tidy(lake: &Arc<Lake>, folder: &Path, report: &mut UpkeepReport) -> Result<(), StoreError> {
    let Some(mut log) = tidy_log(lake, folder, report).await? else {
        // The days of a first fill that never came to its commit.
        report.files_removed += remove_old(lake, folder, "").await?;
        return Ok(());
    };
    report.tables += 1;
    let _turn = lake.log_operation().await?;
    let failed = |error: DeltaTableError| StoreError::sort(format_args!("removing old files of {folder}"), &error);
    // Vacuum protects the files of the version it knows and no others.
    log.update_state().await.map_err(failed)?;
    let (_, removed) = log.vacuum().with_mode(VacuumMode::Full).await.map_err(failed)?;
    report.files_removed += removed.files_deleted.len();
    report.files_removed += remove_old(lake, &folder.clone().join("_delta_log"), UNFINISHED).await?;
    Ok(())
}

/// `None`: there is no table in this folder.
async fn tidy_log(
    lake: &Arc<Lake>,
    folder: &Path,
    report: &mut UpkeepReport,
) -> Result<Option<DeltaTable>, StoreError> {
    let Some(log) = lake.load(folder).await? else { return Ok(None) };
    let _turn = lake.log_operation().await?;
    let failed = |error: DeltaTableError| StoreError::sort(format_args!("tidying the log of {folder}"), &error);
    let version = log.version().unwrap_or_default();
    // The first commit is version 0.
    let commits = last_checkpoint(lake, folder).await?.map_or(version + 1, |last| version.saturating_sub(last));
    if commits >= COMMITS_PER_CHECKPOINT {
        checkpoints::create_checkpoint(&log, None).await.map_err(failed)?;
        report.checkpoints += 1;
    }
    report.log_entries_removed += checkpoints::cleanup_metadata(&log, None).await.map_err(failed)?;
    Ok(Some(log))
}

/// The version of the newest checkpoint, as the log says it.
async fn last_checkpoint(lake: &Lake, folder: &Path) -> Result<Option<u64>, StoreError> {
    #[derive(Deserialize)]
    struct Hint {
        version: u64,
    }
    let failed = |error: Error| StoreError::sort(format_args!("tidying the log of {folder}"), &error);
    match lake.place.objects.get(&folder.clone().join("_delta_log").join("_last_checkpoint")).await {
        Ok(found) => {
            let hint = found.bytes().await.map_err(failed)?;
            // An unreadable hint is written anew by the checkpoint that follows from its absence.
            Ok(serde_json::from_slice::<Hint>(&hint).ok().map(|hint| hint.version))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Removes what is older than the retention and ends like this.
async fn remove_old(lake: &Lake, folder: &Path, ending: &str) -> Result<usize, StoreError> {
    let failed = |error: Error| StoreError::sort(format_args!("removing left-overs of {folder}"), &error);
    let limit = Timestamp::now().as_second() - RETENTION_SECONDS;
    let listed: Vec<_> = lake.place.objects.list(Some(folder)).try_collect().await.map_err(failed)?;
    let mut removed = 0;
    for object in listed {
        if object.last_modified.timestamp() < limit && object.location.as_ref().ends_with(ending) {
            match lake.place.objects.delete(&object.location).await {
                Ok(()) => removed += 1,
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(removed)
}
