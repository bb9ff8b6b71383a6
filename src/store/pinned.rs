//! A table as it was at an earlier version, for readers that go on with what they began.
//!
//! A replaced file is deleted a day later at the earliest, so within that day a version can still be read. What is gone
//! is told to be gone, before a row is read.

use std::ops::RangeInclusive;
use std::sync::Arc;

use deltalake::DeltaTable;
use jiff::civil::Date;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};

use crate::store::{DayTable, Snapshot, StoreError};

impl DayTable {
    /// The table at this version, with the files of these days; `None` when not all of that is there any more. Version
    /// `None` is the table before there was one.
    pub async fn at(
        self: &Arc<Self>,
        version: Option<u64>,
        days: RangeInclusive<Date>,
    ) -> Result<Option<Arc<Snapshot>>, StoreError> {
        let Some(version) = version else {
            return Ok(Some(Arc::new(Snapshot::none(self.key.clone(), self.lake.place.objects.clone()))));
        };
        let mut current = self.snapshot().await?;
        if current.version < Some(version) {
            // Another process may have handed out the version.
            current = self.refresh().await?;
        }
        if current.version == Some(version) {
            return Ok(Some(current));
        }
        if current.version < Some(version) {
            return Ok(None);
        }
        let table = self.clone();
        let work = async move {
            let Some(then) = table.earlier(version).await? else { return Ok(None) };
            for (day, stored) in then.days.range(days) {
                let is_current = current.days.get(day).is_some_and(|now| now.path == stored.path);
                if !is_current && stored.rows > 0 && !table.is_there(&stored.path).await? {
                    return Ok(None);
                }
            }
            Ok(Some(then))
        };
        self.lake.run(work).await
    }

    async fn earlier(&self, version: u64) -> Result<Option<Arc<Snapshot>>, StoreError> {
        let name = (self.folder.clone(), version);
        if let Some(known) = self.lake.earlier.get(&name).await {
            return Ok(Some(known));
        }
        let _turn = self.lake.log_operation().await?;
        let mut log = DeltaTable::new(self.lake.place.log(&self.folder)?);
        if let Err(error) = log.load_version(version).await {
            return match StoreError::sort_read(&self.folder, &error) {
                // The entries of the log that led there were cleaned up.
                StoreError::Corrupt { .. } => Ok(None),
                other => Err(other),
            };
        }
        let state = log.snapshot().map_err(|error| StoreError::sort_read(&self.folder, &error))?;
        let objects = self.lake.place.objects.clone();
        let snapshot = Arc::new(Snapshot::read(self.key.clone(), objects, state.snapshot())?);
        self.lake.earlier.insert(name, snapshot.clone()).await;
        Ok(Some(snapshot))
    }

    async fn is_there(&self, path: &str) -> Result<bool, StoreError> {
        match self.lake.place.objects.head(&Path::from(path)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(StoreError::sort(format_args!("looking for {path}"), &error)),
        }
    }
}
