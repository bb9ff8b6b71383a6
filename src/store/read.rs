//! The kept rows of a day, read back for tables that are made of them.
//!
//! Answers to callers are `query`'s work; this is the plain way in: some columns of one day's file, in the stored order.
//! The file is taken to the spill folder first, so memory stays at a batch wherever the store is.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio::sync::mpsc;

use crate::store::rewrite::{fetched, on_thread};
use crate::store::{DayTable, StoreError, StoredDay};

const BATCH_ROWS: usize = 4 * 1024;

/// Some columns of one day's rows.
pub struct DayRows(mpsc::Receiver<Result<RecordBatch, StoreError>>);

impl DayRows {
    /// The next rows; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, StoreError>> {
        self.0.recv().await
    }
}

impl DayTable {
    /// Reads these columns of a kept day. A column that the file lacks is absent from the batches, which then have null
    /// for every row of it.
    ///
    /// Errors: `Corrupt` or `Unreachable`; also in the middle, and then what came before is not the whole day.
    pub async fn rows_of(self: &Arc<Self>, day: &StoredDay, columns: &[&str]) -> Result<DayRows, StoreError> {
        let source = Path::from(day.path.as_str());
        let wanted: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let (sender, receiver) = mpsc::channel(2);
        let lake = self.lake.clone();
        let work = async move {
            let copy = fetched(&lake.place.objects, lake.spill.path(), &source).await?;
            let failed = |error: &(dyn std::error::Error + 'static)| StoreError::sort_read(&source, error);
            // The file stays readable after its name is gone.
            let file = on_thread(move || Ok(copy.reopen()?)).await?;
            let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| failed(&error))?;
            let chosen = ProjectionMask::columns(builder.parquet_schema(), wanted.iter().map(String::as_str));
            let reader = builder.with_projection(chosen).with_batch_size(BATCH_ROWS).build();
            let reader = reader.map_err(|error| failed(&error))?;
            tokio::task::spawn_blocking(move || {
                for batch in reader {
                    let batch = batch.map_err(|error| StoreError::sort_read(&source, &error));
                    // Nobody listens any more when the reader gave up.
                    if sender.blocking_send(batch).is_err() {
                        break;
                    }
                }
            });
            Ok(DayRows(receiver))
        };
        self.lake.run(work).await
    }
}
