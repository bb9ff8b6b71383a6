//! Batches to the bytes of a Parquet file, columns side by side on several threads.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use foldhash::fast::RandomState;
use futures_util::future::try_join_all;
use hashbrown::HashSet;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::{EVENT_TIME, ROW_ID};
use crate::allocator::{self, Load};
use crate::store::StoreError;
use crate::store::columns::file_schema;
use crate::table::Column;

/// Rows of a row group: large enough to compress (a file is 1 % larger than with twice as many), small enough to hold.
/// Every reader holds the compressed columns of one, some 2.5 MB, and a page of each column and its dictionary.
const GROUP_ROWS: usize = 16 * 1024;
/// A row group ends early when it is this large encoded, for tables with very long text.
const GROUP_BYTES: usize = 64 << 20;
/// A data page. With twice as many bytes a file is 3 % smaller, but every reader holds one of each column, unpacked.
const PAGE_BYTES: usize = 32 << 10;
/// Room for what follows the last row group of a small file.
const FOOTER: usize = 16 << 10;
/// More threads than this would only take them away from other days.
const LANES: usize = 4;
/// Cells of a batch below which handing columns to other threads costs more than it wins.
const WORTH_SHARING: usize = 32 * 1024;

/// Columns that rise, or nearly so, from row to row.
const TIMES: [&str; 3] = [EVENT_TIME, "event_time_utc", "ts"];

pub(super) struct Encoder {
    file: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    fields: Arc<[FieldRef]>,
    /// The columns of the open row group, dealt out to threads. Empty between row groups.
    lanes: Vec<Lane>,
    lane_count: usize,
    group: usize,
    group_rows: usize,
    _load: Load,
}

/// Some columns of a row group, each with its position.
type Lane = Vec<(usize, ArrowColumnWriter)>;

impl Encoder {
    /// `sample` is the first batch: its text decides where a dictionary pays.
    pub fn new(columns: &[Column], sample: Option<&RecordBatch>) -> Result<Self, StoreError> {
        let schema = file_schema(columns);
        let parquet = ArrowSchemaConverter::new().convert(&schema).map_err(failed)?;
        let properties = Arc::new(properties(&schema.fields().iter().cloned().collect::<Vec<_>>(), sample)?);
        let file = SerializedFileWriter::new(Vec::new(), parquet.root_schema_ptr(), properties).map_err(failed)?;
        let factory = ArrowRowGroupWriterFactory::new(&file, schema.clone());
        let cells = sample.map_or(0, |batch| batch.num_rows() * batch.num_columns());
        let lane_count = match cells < WORTH_SHARING {
            true => 1,
            false => std::thread::available_parallelism().map_or(1, |threads| threads.get().min(LANES)),
        };
        let fields = schema.fields().iter().cloned().collect();
        Ok(Self { file, factory, fields, lanes: Vec::new(), lane_count, group: 0, group_rows: 0, _load: Load::begin() })
    }

    /// Encodes a batch. What comes back is ready to be stored, in this order.
    pub async fn write(&mut self, mut batch: RecordBatch) -> Result<Vec<Bytes>, StoreError> {
        allocator::pace();
        let mut ready = Vec::new();
        while batch.num_rows() > 0 {
            let fitting = batch.num_rows().min(GROUP_ROWS - self.group_rows);
            let bytes = self.encode(batch.slice(0, fitting)).await?;
            batch = batch.slice(fitting, batch.num_rows() - fitting);
            self.group_rows += fitting;
            if self.group_rows == GROUP_ROWS || bytes > GROUP_BYTES {
                ready.push(self.close_group().await?);
            }
        }
        Ok(ready)
    }

    /// The end of the file, and the size of all of it.
    pub async fn finish(mut self) -> Result<(Bytes, u64), StoreError> {
        let mut rest = Vec::new();
        if self.group_rows > 0 {
            rest.extend_from_slice(&self.close_group().await?);
        }
        self.file.finish().map_err(failed)?;
        rest.append(&mut self.take_bytes()?);
        Ok((rest.into(), self.file.bytes_written() as u64))
    }

    /// Gives a batch to the open row group; how large the group is by now, in bytes.
    async fn encode(&mut self, batch: RecordBatch) -> Result<usize, StoreError> {
        if self.lanes.is_empty() {
            self.lanes = self.open_group()?;
        }
        let tasks = std::mem::take(&mut self.lanes).into_iter().map(|mut lane| {
            let (batch, fields) = (batch.clone(), self.fields.clone());
            on_thread(move || {
                let mut bytes = 0;
                for (at, writer) in &mut lane {
                    for leaf in compute_leaves(&fields[*at], batch.column(*at))? {
                        writer.write(&leaf)?;
                    }
                    bytes += writer.get_estimated_total_bytes();
                }
                Ok((lane, bytes))
            })
        });
        let (lanes, bytes): (Vec<_>, Vec<_>) = try_join_all(tasks).await?.into_iter().unzip();
        self.lanes = lanes;
        Ok(bytes.into_iter().sum())
    }

    /// Deals the columns out so that every thread has about the same work.
    fn open_group(&self) -> Result<Vec<Lane>, StoreError> {
        let writers = self.factory.create_column_writers(self.group).map_err(failed)?;
        let mut columns: Vec<_> = writers.into_iter().enumerate().collect();
        let work = |at: usize| if self.fields[at].data_type() == &DataType::Utf8View { 4 } else { 1 };
        columns.sort_by_key(|(at, _)| std::cmp::Reverse(work(*at)));
        let mut lanes: Vec<(usize, Lane)> = (0..self.lane_count).map(|_| (0, Vec::new())).collect();
        for (at, writer) in columns {
            if let Some((load, lane)) = lanes.iter_mut().min_by_key(|(load, _)| *load) {
                *load += work(at);
                lane.push((at, writer));
            }
        }
        Ok(lanes.into_iter().map(|(_, lane)| lane).collect())
    }

    async fn close_group(&mut self) -> Result<Bytes, StoreError> {
        let tasks = std::mem::take(&mut self.lanes).into_iter().map(|lane| {
            on_thread(move || {
                lane.into_iter().map(|(at, writer)| Ok((at, writer.close()?))).collect::<Result<Vec<_>, _>>()
            })
        });
        let mut chunks: Vec<(usize, ArrowColumnChunk)> = try_join_all(tasks).await?.into_iter().flatten().collect();
        chunks.sort_by_key(|(at, _)| *at);
        let bytes: i64 = chunks.iter().map(|(_, chunk)| chunk.close().metadata.compressed_size()).sum();
        self.file.inner_mut().reserve(usize::try_from(bytes).unwrap_or_default() + FOOTER);
        let mut group = self.file.next_row_group().map_err(failed)?;
        for (_, chunk) in chunks {
            chunk.append_to_row_group(&mut group).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        self.group += 1;
        self.group_rows = 0;
        Ok(self.take_bytes()?.into())
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.file.flush()?;
        Ok(std::mem::take(self.file.inner_mut()))
    }
}

fn properties(fields: &[FieldRef], sample: Option<&RecordBatch>) -> Result<WriterProperties, StoreError> {
    let path = |name: &str| ColumnPath::new(vec![name.to_owned()]);
    let level = ZstdLevel::try_new(1).map_err(failed)?;
    let mut properties = WriterProperties::builder()
        .set_data_page_size_limit(PAGE_BYTES)
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("flattap ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(path(EVENT_TIME), EnabledStatistics::Page)
        .set_sorting_columns(sorting(fields));
    for (at, field) in fields.iter().enumerate() {
        let column = path(field.name());
        if field.data_type() == &DataType::Utf8View {
            // Text is in no order within a day, so its bounds would let a reader skip nothing.
            properties = properties.set_column_statistics_enabled(column.clone(), EnabledStatistics::None);
        }
        if sample.is_some_and(|batch| mostly_distinct(batch.column(at).as_ref())) {
            properties = properties.set_column_dictionary_enabled(column.clone(), false);
            if field.data_type() == &DataType::Utf8View {
                // The most of a file's bytes. A dictionary and its numbers are small already.
                properties = properties.set_column_compression(column.clone(), Compression::ZSTD(level));
            }
        }
        // A property may have such a name as well, and be anything.
        let counts = matches!(field.data_type(), DataType::Int64 | DataType::Timestamp(..));
        if counts && TIMES.contains(&field.name().as_str()) {
            // In order, so that each is little more than the one before.
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.build())
}

fn sorting(fields: &[FieldRef]) -> Option<Vec<SortingColumn>> {
    [EVENT_TIME, ROW_ID]
        .iter()
        .map(|name| {
            let at = fields.iter().position(|field| field.name() == name)?;
            Some(SortingColumn { column_idx: i32::try_from(at).ok()?, descending: false, nulls_first: false })
        })
        .collect()
}

/// Whether values hardly repeat. A dictionary would then be built, outgrow its bound and be thrown away.
fn mostly_distinct(cells: &dyn Array) -> bool {
    if let Some(text) = cells.as_string_view_opt() {
        return hardly_repeat(cells, |at| text.value(at));
    }
    if let Some(integers) = cells.as_primitive_opt::<Int64Type>() {
        return hardly_repeat(cells, |at| integers.value(at));
    }
    if let Some(numbers) = cells.as_primitive_opt::<Float64Type>() {
        return hardly_repeat(cells, |at| numbers.value(at).to_bits());
    }
    false
}

fn hardly_repeat<T: Eq + Hash>(cells: &dyn Array, value: impl Fn(usize) -> T) -> bool {
    const SAMPLE: usize = 1_000;
    let step = (cells.len() / SAMPLE).max(1);
    let (mut seen, mut looked_at) = (HashSet::with_capacity_and_hasher(SAMPLE, RandomState::default()), 0);
    for at in (0..cells.len()).step_by(step).filter(|&at| cells.is_valid(at)) {
        looked_at += 1;
        seen.insert(value(at));
    }
    looked_at >= 100 && seen.len() * 10 > looked_at * 7
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ParquetError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(failed),
        Err(error) => Err(StoreError::internal(format!("encoding a day: {error}"))),
    }
}

fn failed(error: ParquetError) -> StoreError {
    StoreError::sort("encoding a day", &error)
}
