//! Batches in the types that every reader of Arrow and Parquet knows.
//!
//! In memory text is a view array, which older readers do not know; outside it is plain UTF-8. A column says in its
//! metadata where it comes from; whatever else we keep about columns stays in the house.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::{EncodeError, OutputColumn};
use crate::table::ColumnType;

/// The full source path, for columns that come from a property of CleverTap's.
const SOURCE: &str = "flattap.source";

/// The schema of an answer. Every column may be null.
pub(super) fn schema(columns: &[OutputColumn]) -> SchemaRef {
    let fields = columns.iter().map(|column| {
        let field = Field::new(&column.name, outside(column.kind), true);
        match column.source == column.name || column.source.is_empty() {
            true => field,
            false => field.with_metadata(HashMap::from([(SOURCE.to_owned(), column.source.clone())])),
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn outside(kind: ColumnType) -> DataType {
    match kind {
        // The offsets of one batch end at 2 GiB; batches are cut to pieces or single rows before they come here.
        ColumnType::Text | ColumnType::Json => DataType::Utf8,
        other => other.arrow(),
    }
}

/// The batch in that schema.
///
/// Errors: not as many columns, or one that does not hold what was announced.
pub(super) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, EncodeError> {
    if batch.num_columns() != schema.fields().len() {
        return Err(EncodeError::ColumnCount { announced: schema.fields().len(), found: batch.num_columns() });
    }
    let columns = batch.columns().iter().zip(schema.fields()).map(|(array, field)| column(array, field));
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_, _>>()?, &rows)?)
}

fn column(array: &ArrayRef, field: &Field) -> Result<ArrayRef, EncodeError> {
    match (array.data_type(), field.data_type()) {
        (found, announced) if found == announced => Ok(array.clone()),
        (DataType::Null, announced) => Ok(new_null_array(announced, array.len())),
        // Only the way to write it differs.
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8) => Ok(cast(array, field.data_type())?),
        (
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)),
        ) if matches!(&**zone, "Etc/UTC" | "+00:00" | "Z") => Ok(cast(array, field.data_type())?),
        (found, _) => Err(EncodeError::UnknownType { column: field.name().clone(), data_type: found.to_string() }),
    }
}
