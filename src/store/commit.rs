//! One atomic change of a table.
//!
//! A commit is a compare-and-set on the table's version: it goes through only if the table is still at the version
//! from which its actions were made. Otherwise the actions are made again from a fresh look, a bounded number of
//! times. The crate's own retries are off: its conflict rules let two writers add the same new day, and every row
//! would be there twice. Its checkpoints and clean-up are off as well: they run after the commit, and their failure
//! would look like the commit's.
//!
//! An error does not mean "not committed": a lost answer looks like a conflict with oneself. So each commit carries
//! an id, and after any error the log is searched for it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, MetadataExt, Remove, StructField};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError};
use jiff::Timestamp;
use jiff::civil::Date;
use rand::Rng;
use std::sync::Arc;
use uuid::Uuid;

use crate::store::columns::{DAY_COLUMN, Merged, columns_of, delta_schema, merge};
use crate::store::error::lost_the_race;
use crate::store::rewrite::rewritten;
use crate::store::snapshot::{key_properties, live_files};
use crate::store::{DayFacts, DayTable, NewDay, Snapshot, StoreError};
use crate::table::{Column, ColumnType};

/// What a writer wants to change.
pub(super) struct Change {
    pub columns: Vec<Column>,
    pub days: Vec<(NewDay, DayFacts)>,
    pub touched: Vec<(Date, DayFacts)>,
    /// What the writer saw; a touched day counts only while its file is still that one.
    pub seen: Arc<Snapshot>,
}

const TRIES: u32 = 60;
/// Our id in the log's commit information.
const COMMIT_ID: &str = "flattapCommit";
/// Old log entries and replaced files are kept this long. Longer than any answer streams and any fill lasts.
const RETENTION: &str = "interval 1 day";

/// Carries the change out. The table's log as it is afterwards.
pub(super) async fn commit(table: &DayTable, change: &Change) -> Result<DeltaTable, StoreError> {
    let begun = Instant::now();
    let days: HashSet<Date> = change.days.iter().map(|(new, _)| new.day()).collect();
    if days.len() < change.days.len() {
        return Err(StoreError::internal("a day is to be committed twice at once"));
    }
    let mut attempt = Attempt { table, change, id: Uuid::now_v7().to_string(), rewrites: HashMap::new() };
    let mut log = table.log().await?;
    for tried in 0..TRIES {
        let base = log.as_ref().and_then(DeltaTable::version);
        let error = match attempt.once(log).await? {
            Ok(Outcome::Nothing(log)) => return Ok(log),
            Ok(Outcome::Committed(log)) => return Ok(counted(table, log, begun)),
            Err(error) => error,
        };
        log = table.fresh().await?;
        if let Some(log) = &log
            && attempt.is_in(log, base).await?
        {
            return Ok(counted(table, log.clone(), begun));
        }
        let moved_on = log.as_ref().and_then(DeltaTable::version) != base;
        if !moved_on && !lost_the_race(&error) {
            return Err(StoreError::sort(format_args!("committing to {}", table.folder), &error));
        }
        metrics::counter!("flattap_store_commit_conflicts_total").increment(1);
        let pause = rand::rng().random_range(5..=20 * u64::from(tried.min(9) + 1));
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    let what = format!("it changed {TRIES} times in a row while a commit was tried");
    Err(StoreError::Conflict { table: table.folder.to_string(), what })
}

fn counted(table: &DayTable, log: DeltaTable, begun: Instant) -> DeltaTable {
    metrics::counter!("flattap_store_commits_total").increment(1);
    metrics::histogram!("flattap_store_commit_seconds").record(begun.elapsed().as_secs_f64());
    table.commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    log
}

struct Attempt<'a> {
    table: &'a DayTable,
    change: &'a Change,
    id: String,
    /// Files rewritten for wider types, by the path they had. Kept for the next try: they stay valid.
    rewrites: HashMap<String, NewDay>,
}

enum Outcome {
    Committed(DeltaTable),
    /// There was nothing to change.
    Nothing(DeltaTable),
}

impl Attempt<'_> {
    /// One try. The outer error ends the commit, the inner one may be somebody else's speed.
    async fn once(&mut self, log: Option<DeltaTable>) -> Result<Result<Outcome, DeltaTableError>, StoreError> {
        let Some(log) = log else { return self.create().await };
        let actions = self.actions(&log).await?;
        if actions.is_empty() {
            return Ok(Ok(Outcome::Nothing(log)));
        }
        let _turn = self.table.lake.log_operation().await?;
        Ok(append(log, actions, self.properties()).await.map(Outcome::Committed))
    }

    fn properties(&self) -> CommitProperties {
        CommitProperties::default()
            .with_max_retries(0)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false))
            .with_metadata([(COMMIT_ID.to_owned(), self.id.clone().into())])
    }

    /// The first commit makes the table and puts the days into it, in one log entry.
    async fn create(&mut self) -> Result<Result<Outcome, DeltaTableError>, StoreError> {
        let wanted = merge(&[], &self.change.columns).map_err(|what| self.conflict(what))?;
        let schema = delta_schema(&wanted.columns)?;
        let adds = self.new_files(&wanted).await?;
        let _turn = self.table.lake.log_operation().await?;
        let properties = [
            ("delta.logRetentionDuration", RETENTION),
            ("delta.deletedFileRetentionDuration", RETENTION),
            ("delta.checkpointInterval", "20"),
            // Wide tables would otherwise carry bounds for dozens of columns through every look at the log.
            ("delta.dataSkippingStatsColumns", "event_time"),
        ];
        let properties = properties.into_iter().map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
        let created = CreateBuilder::new()
            .with_log_store(self.table.lake.place.log(&self.table.folder)?)
            .with_table_name(self.table.key.to_string())
            .with_columns(schema.fields().cloned().collect::<Vec<StructField>>())
            .with_partition_columns([DAY_COLUMN])
            .with_configuration(properties.chain(key_properties(&self.table.key)))
            .with_raise_if_key_not_exists(false)
            .with_actions(adds)
            .with_commit_properties(self.properties())
            .await;
        Ok(created.map(Outcome::Committed))
    }

    /// What has to be written into the log, given what is there.
    async fn actions(&mut self, log: &DeltaTable) -> Result<Vec<Action>, StoreError> {
        let folder = &self.table.folder;
        let unreadable = |error: DeltaTableError| StoreError::sort_read(folder, &error);
        let state = log.snapshot().map_err(unreadable)?;
        let columns = columns_of(&state.snapshot().arrow_schema()).map_err(|what| StoreError::corrupt(folder, what))?;
        let merged = merge(&columns, &self.change.columns).map_err(|what| self.conflict(what))?;
        let mut actions = Vec::new();
        if merged.changed {
            let schema = delta_schema(&merged.columns)?;
            let metadata = state.metadata().clone().with_schema(&schema);
            actions
                .push(Action::Metadata(metadata.map_err(|error| StoreError::sort("describing the columns", &error))?));
        }
        let replaced: HashSet<Date> = self.change.days.iter().map(|(new, _)| new.day()).collect();
        let touched: HashMap<Date, &DayFacts> = self.change.touched.iter().map(|(day, facts)| (*day, facts)).collect();
        for (day, add) in live_files(state.snapshot()).map_err(unreadable)? {
            if day.is_some_and(|day| replaced.contains(&day)) {
                actions.push(Action::Remove(remove(&add, true)));
                continue;
            }
            let facts = day.and_then(|day| touched.get(&day).filter(|_| self.is_as_seen(day, &add)));
            let tags = facts.map(|facts| {
                let mut tags = add.tags.clone().unwrap_or_default();
                tags.extend(facts.to_tags());
                tags
            });
            let wider = match day.filter(|_| !merged.widened.is_empty()) {
                Some(day) => self.widened(&add.path, day, &merged).await?,
                None => None,
            };
            match wider {
                Some(wider) => {
                    let (path, size) = (wider.path.clone(), i64::try_from(wider.size()).unwrap_or(i64::MAX));
                    actions.push(Action::Remove(remove(&add, false)));
                    let tags = tags.or_else(|| add.tags.clone());
                    actions.push(Action::Add(Add { path, size, tags, data_change: false, ..add }));
                }
                None if tags.is_some() => actions.push(Action::Add(Add { tags, data_change: false, ..add })),
                None => {}
            }
        }
        actions.extend(self.new_files(&merged).await?);
        Ok(actions)
    }

    /// The entries of the new days, rewritten where another day of this change, or another writer, made a column
    /// wider after they were written.
    async fn new_files(&mut self, merged: &Merged) -> Result<Vec<Action>, StoreError> {
        let mut actions = Vec::with_capacity(self.change.days.len());
        for (new, facts) in &self.change.days {
            let mut narrow = false;
            for column in new.columns.iter() {
                let now = merged.columns.iter().find(|now| now.name == column.name).map(|now| now.kind);
                match (column.kind, now) {
                    (written, Some(now)) if written == now => {}
                    (ColumnType::Integer, Some(ColumnType::Number)) => narrow = true,
                    _ => return Err(StoreError::internal(format!("column `{}` was written as another", column.name))),
                }
            }
            let wider = match narrow {
                true => self.widened(&new.path, new.day(), merged).await?,
                false => None,
            };
            actions.push(Action::Add(wider.as_ref().unwrap_or(new).add(facts)));
        }
        Ok(actions)
    }

    async fn widened(&mut self, path: &str, day: Date, merged: &Merged) -> Result<Option<NewDay>, StoreError> {
        if let Some(done) = self.rewrites.get(path) {
            return Ok(Some(done.clone()));
        }
        let lake = &self.table.lake;
        let wider =
            rewritten(&lake.place.objects, lake.spill.path(), &self.table.folder, path, day, &merged.columns).await?;
        if let Some(wider) = &wider {
            self.rewrites.insert(path.to_owned(), wider.clone());
        }
        Ok(wider)
    }

    fn is_as_seen(&self, day: Date, add: &Add) -> bool {
        let path = format!("{}/{}", self.table.folder, add.path);
        self.change.seen.days.get(&day).is_some_and(|seen| seen.path == path)
    }

    fn conflict(&self, what: String) -> StoreError {
        StoreError::Conflict { table: self.table.folder.to_string(), what }
    }

    /// Whether this commit is among the log entries after `base`.
    async fn is_in(&self, log: &DeltaTable, base: Option<u64>) -> Result<bool, StoreError> {
        let unreadable = |error: DeltaTableError| StoreError::sort_read(&self.table.folder, &error);
        let first = base.map_or(0, |base| base + 1);
        for version in first..=log.version().unwrap_or_default() {
            let entry = log.log_store().read_commit_entry(version).await.map_err(unreadable)?;
            if entry.is_some_and(|entry| memchr::memmem::find(&entry, self.id.as_bytes()).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn append(
    mut log: DeltaTable,
    actions: Vec<Action>,
    properties: CommitProperties,
) -> Result<DeltaTable, DeltaTableError> {
    let operation = DeltaOperation::Write {
        mode: SaveMode::Overwrite,
        partition_by: Some(vec![DAY_COLUMN.to_owned()]),
        predicate: None,
    };
    let committed = CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(log.snapshot()?), log.log_store(), operation)
        .await?;
    log.state = Some(committed.snapshot);
    Ok(log)
}

fn remove(add: &Add, data_change: bool) -> Remove {
    Remove {
        path: add.path.clone(),
        data_change,
        deletion_timestamp: Some(Timestamp::now().as_millisecond()),
        extended_file_metadata: Some(true),
        partition_values: Some(add.partition_values.clone()),
        size: Some(add.size),
        deletion_vector: add.deletion_vector.clone(),
        ..Remove::default()
    }
}
