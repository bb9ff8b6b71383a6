//! What a table holds at one moment, as plain values: the columns, and per day a file and its facts.
//!
//! A snapshot is made once per table version and shared. It stays readable while days are replaced: a replaced file
//! is deleted a day later at the earliest (see [`super::upkeep`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake::kernel::{Add, EagerSnapshot, LogicalFileView};
use jiff::civil::Date;
use object_store::ObjectStore;

use crate::store::columns::{DAY_COLUMN, columns_of, file_schema, mark_of};
use crate::store::facts::DayFacts;
use crate::store::{StoreError, TableKey};
use crate::table::{Column, schema_of};

/// One kept day. Always one file, also when it has no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDay {
    /// Where the Parquet file is in [`Snapshot::object_store`].
    pub path: String,
    /// Bytes of the file.
    pub size: u64,
    pub rows: u64,
    pub facts: DayFacts,
}

/// A table at one version.
#[derive(Clone)]
pub struct Snapshot {
    pub key: TableKey,
    /// `None`: there is no table yet. Upkeep raises it too, so it is no sign of changed rows; the days' facts are.
    pub version: Option<u64>,
    /// All columns in the table's order, empty when there is no table.
    pub columns: Arc<[Column]>,
    /// Equal for the same names and types in the same order.
    pub columns_mark: u128,
    /// The days that are kept. A day that is not here is unknown, not empty.
    pub days: BTreeMap<Date, StoredDay>,
    file_schema: SchemaRef,
    objects: Arc<dyn ObjectStore>,
}

impl Snapshot {
    pub(super) fn none(key: TableKey, objects: Arc<dyn ObjectStore>) -> Self {
        Self {
            key,
            version: None,
            columns: Arc::from([]),
            columns_mark: mark_of(&[]),
            days: BTreeMap::new(),
            file_schema: file_schema(&[]),
            objects,
        }
    }

    /// Errors: `Corrupt` when the table is not the one the key names, or not one that flattap wrote.
    pub(super) fn read(
        key: TableKey,
        objects: Arc<dyn ObjectStore>,
        table: &EagerSnapshot,
    ) -> Result<Self, StoreError> {
        let folder = key.folder();
        let corrupt = |what: String| StoreError::corrupt(&folder, what);
        let named = named_key(table.metadata().configuration());
        if named.as_ref() != Some(&key) {
            return Err(corrupt("it is not the table of this account and event".into()));
        }
        if table.metadata().configuration().get("delta.columnMapping.mode").is_some_and(|mode| mode != "none") {
            return Err(corrupt("it uses column mapping".into()));
        }
        let columns = columns_of(&table.arrow_schema()).map_err(corrupt)?;
        let mut days = BTreeMap::new();
        let mut doubled = Vec::new();
        for (day, add) in live_files(table).map_err(|error| StoreError::sort_read(&folder, &error))? {
            let Some(day) = day else { continue };
            match stored(&folder, day, &add) {
                Some(stored) if !days.contains_key(&day) => {
                    days.insert(day, stored);
                }
                _ => doubled.push(day),
            }
        }
        // One live file per day is what makes a day replaceable as a whole. Where it does not hold, or where a file
        // is not ours, the day counts as unknown: it is fetched again, and that commit removes whatever is there.
        for day in doubled {
            days.remove(&day);
            tracing::warn!(table = %folder, %day, "a kept day was changed by another program and will be loaded again");
        }
        let file_schema = file_schema(&columns);
        Ok(Self {
            key,
            version: Some(table.version()),
            columns_mark: mark_of(&columns),
            columns: columns.into(),
            days,
            file_schema,
            objects,
        })
    }

    /// The Arrow schema of all columns.
    pub fn schema(&self) -> SchemaRef {
        schema_of(&self.columns)
    }

    /// The Arrow schema of the Parquet files: all columns but `event_date`, which is the partition column of every
    /// file (its value is the day). Files may lack the columns that were added after them; those are null.
    pub fn file_schema(&self) -> SchemaRef {
        self.file_schema.clone()
    }

    /// The name of the partition column, a non-null date.
    pub fn day_column(&self) -> &'static str {
        DAY_COLUMN
    }

    /// The object store in which [`StoredDay::path`] is valid. One for all tables of a store.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.objects.clone()
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("columns", &self.columns.len())
            .field("days", &self.days.len())
            .finish()
    }
}

/// All live files with the day they belong to, `None` for a file outside of any day.
pub(super) fn live_files(table: &EagerSnapshot) -> Result<Vec<(Option<Date>, Add)>, deltalake::DeltaTableError> {
    let files = table.try_log_data()?;
    Ok(files.iter().map(|file| add_of(&file)).map(|add| (day_of(&add), add)).collect())
}

#[expect(deprecated, reason = "the crate has no other way to the tags; this is the only call")]
fn add_of(file: &LogicalFileView) -> Add {
    file.add_action()
}

fn day_of(add: &Add) -> Option<Date> {
    add.partition_values.get(DAY_COLUMN)?.as_deref()?.parse().ok()
}

/// `None` when the file is not one that flattap wrote for this day.
fn stored(folder: &object_store::path::Path, day: Date, add: &Add) -> Option<StoredDay> {
    let name = add.path.strip_prefix(&day_folder(day))?.strip_prefix('/')?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain || add.deletion_vector.is_some() {
        return None;
    }
    let stats: serde_json::Value = serde_json::from_str(add.stats.as_deref()?).ok()?;
    Some(StoredDay {
        path: format!("{folder}/{}", add.path),
        size: add.size.try_into().ok()?,
        rows: stats.get("numRecords")?.as_u64()?,
        facts: DayFacts::from_tags(add.tags.as_ref()?)?,
    })
}

/// The folder of a day's file inside its table.
pub(super) fn day_folder(day: Date) -> String {
    format!("{DAY_COLUMN}={day}")
}

const ACCOUNT: &str = "flattap.account";
const TABLE: &str = "flattap.table";
const EVENT: &str = "flattap.event";
const PART: &str = "flattap.part";

/// The table's name as table properties; folder names are hashed and cannot be read back.
pub(super) fn key_properties(key: &TableKey) -> impl Iterator<Item = (String, Option<String>)> {
    let named = [
        (ACCOUNT, Some(&key.account_id)),
        (TABLE, Some(&key.table)),
        (EVENT, key.event.as_ref()),
        (PART, key.part.as_ref()),
    ];
    named.into_iter().map(|(name, value)| (name.to_owned(), value.cloned())).collect::<Vec<_>>().into_iter()
}

/// `None` when the table is not one of flattap's.
pub(super) fn named_key(properties: &std::collections::HashMap<String, String>) -> Option<TableKey> {
    Some(TableKey {
        account_id: properties.get(ACCOUNT)?.clone(),
        table: properties.get(TABLE)?.clone(),
        event: properties.get(EVENT).cloned(),
        part: properties.get(PART).cloned(),
    })
}
