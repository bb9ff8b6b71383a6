//! Parquet: Zstandard, row groups of some 100,000 rows, statistics of every page.
//!
//! Plain UTF-8 text, microseconds with and without UTC, the oldest version of the format: what Polars, DuckDB, pyarrow
//! and Spark all read. The same rows give the same bytes. One row group is in memory, packed, while it grows.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

use super::conform::{conform, schema};
use super::file::FileEncoder;
use super::{EncodeError, Layout};

const GROUP_ROWS: usize = 100_000;
/// A row group with long texts ends early, when it is this large.
const GROUP_BYTES: usize = 32 << 20;
const ZSTD_LEVEL: i32 = 3;

pub(super) struct Parquet<W: Write + Send> {
    schema: SchemaRef,
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> Parquet<W> {
    /// Errors: the sink takes no bytes.
    pub(super) fn new(layout: &Layout, sink: W) -> Result<Self, EncodeError> {
        let schema = schema(&layout.columns);
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_created_by("flattap".to_owned())
            .build();
        let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties))?;
        Ok(Self { schema, writer })
    }
}

impl<W: Write + Send> FileEncoder for Parquet<W> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        Ok(self.writer.write(&conform(batch, &self.schema)?)?)
    }

    fn finish(self: Box<Self>) -> Result<(), EncodeError> {
        self.writer.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
