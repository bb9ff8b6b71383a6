//! Integer columns rewritten as number.
//!
//! Delta has no such widening for 64-bit integers, so a column that grows from integer to number has its kept files
//! written again, once, in the commit that changes the column. Rows, order and facts stay as they are. A file is
//! taken to the spill folder first: memory stays at a row group, wherever the store is.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatchOptions;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::store::StoreError;
use crate::store::write::{NewDay, write_file};
use crate::table::{Column, ColumnType};

const BATCH_ROWS: usize = 16 * 1024;

/// Writes the file at `path` (inside the table's folder) again with these column types.
///
/// `None` when none of its columns has to change. The columns of the new file are those of the old one.
pub(super) async fn rewritten(
    objects: &Arc<dyn ObjectStore>,
    spill: &std::path::Path,
    folder: &Path,
    path: &str,
    day: Date,
    columns: &[Column],
) -> Result<Option<NewDay>, StoreError> {
    let source = Path::from(format!("{folder}/{path}"));
    let copy = fetched(objects, spill, &source).await?;
    let (columns, reader) = {
        let (columns, source) = (columns.to_vec(), source.clone());
        on_thread(move || open(copy, &source, &columns)).await?
    };
    let Some(reader) = reader else { return Ok(None) };
    let columns: Arc<[Column]> = columns.into();
    let (sender, mut receiver) = mpsc::channel(2);
    let types = Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()));
    let reading = tokio::task::spawn_blocking(move || {
        for batch in reader {
            let batch = batch.and_then(|batch| typed(&batch, &types));
            // Nobody listens any more when writing failed; that failure is what gets told.
            if sender.blocking_send(batch.map_err(|error| StoreError::sort("reading a kept day", &error))).is_err() {
                break;
            }
        }
    });
    let batches = stream::poll_fn(move |context| receiver.poll_recv(context)).boxed();
    let written = write_file(objects.clone(), folder, columns, day, batches).await;
    reading.await.map_err(|error| StoreError::internal(format!("reading a kept day: {error}")))?;
    written.map(Some)
}

/// A copy of the object in the spill folder, gone when dropped.
pub(super) async fn fetched(
    objects: &Arc<dyn ObjectStore>,
    spill: &std::path::Path,
    source: &Path,
) -> Result<NamedTempFile, StoreError> {
    let failed = |error: object_store::Error| StoreError::sort_read(source, &error);
    let spill = spill.to_owned();
    let mut copy = on_thread(move || Ok(NamedTempFile::new_in(spill)?)).await?;
    let mut bytes = objects.get(source).await.map_err(failed)?.into_stream();
    while let Some(part) = bytes.next().await.transpose().map_err(failed)? {
        copy = on_thread(move || {
            copy.write_all(&part)?;
            Ok(copy)
        })
        .await?;
    }
    Ok(copy)
}

/// The file's own columns with their new types, and its rows, when any type differs.
fn open(
    copy: NamedTempFile,
    source: &Path,
    columns: &[Column],
) -> Result<(Vec<Column>, Option<ParquetRecordBatchReader>), StoreError> {
    let failed = |error: parquet::errors::ParquetError| StoreError::sort_read(source, &error);
    // The file stays readable after its name is gone.
    let file: File = copy.reopen()?;
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(failed)?;
    let mut kept = Vec::new();
    let mut fields = Vec::new();
    let mut differs = false;
    for field in found.schema().fields() {
        let column = columns
            .iter()
            .find(|column| column.name == *field.name())
            .ok_or_else(|| StoreError::corrupt(source, format!("its column `{}` is not the table's", field.name())))?;
        let read = match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8View,
            other => other.clone(),
        };
        match (&read, column.kind) {
            (DataType::Int64, ColumnType::Number) => differs = true,
            (read, kind) if *read == kind.arrow() => {}
            _ => {
                return Err(StoreError::corrupt(
                    source,
                    format!("its column `{}` is not of the table's type", column.name),
                ));
            }
        }
        fields.push(field.as_ref().clone().with_data_type(read));
        kept.push(Column { nullable: field.is_nullable(), ..column.clone() });
    }
    if !differs {
        return Ok((kept, None));
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
        .map_err(failed)?;
    Ok((kept, Some(reader)))
}

fn typed(batch: &RecordBatch, types: &Arc<Schema>) -> Result<RecordBatch, arrow::error::ArrowError> {
    let cells = batch.columns().iter().zip(types.fields());
    let columns = cells.map(|(cells, field)| cast(cells, field.data_type())).collect::<Result<_, _>>()?;
    RecordBatch::try_new_with_options(
        types.clone(),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
    )
}

pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::internal(format!("rewriting a day: {error}")))?
}
