//! One day as one Parquet file.
//!
//! In: batches of one day, sorted by `event_time, row_id`. Out: a file under a new name that nothing refers to yet;
//! [`super::commit`] makes it part of the table. Row groups of at most 16 Ki rows; text that hardly repeats is packed
//! with zstd, all else with Snappy. The columns of a row group are encoded on several threads while the next batch is
//! being made. Memory is one row group, encoded.
//! What the rest of flattap relies on is checked on the way: the columns, the day of every row, and the order.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use deltalake::kernel::Add;
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use object_store::ObjectStore;
use object_store::path::Path;
use uuid::Uuid;

use crate::period::day_number;
use crate::store::StoreError;
use crate::store::columns::DAY_COLUMN;
use crate::store::facts::DayFacts;
use crate::store::snapshot::day_folder;
use crate::table::Column;

use encoder::Encoder;
use upload::Upload;

mod encoder;
mod upload;

/// A day's file that waits for its commit. When it is never committed, upkeep removes the file a day later.
#[derive(Clone, Debug)]
pub struct NewDay {
    day: Date,
    /// Inside the table's folder.
    pub(super) path: String,
    size: u64,
    rows: u64,
    pub(super) columns: Arc<[Column]>,
    /// First and last `event_time`, in microseconds of the project-local clock.
    times: Option<(i64, i64)>,
}

impl NewDay {
    pub fn day(&self) -> Date {
        self.day
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The log's entry for this file.
    pub(super) fn add(&self, facts: &DayFacts) -> Add {
        Add {
            path: self.path.clone(),
            partition_values: HashMap::from([(DAY_COLUMN.to_owned(), Some(self.day.to_string()))]),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            modification_time: Timestamp::now().as_millisecond(),
            data_change: true,
            stats: Some(self.stats()),
            tags: Some(facts.to_tags()),
            ..Add::default()
        }
    }

    /// Statistics as Delta wants them: the number of rows, and the times for readers that skip files by time.
    pub(super) fn stats(&self) -> String {
        let time = |micros| Timestamp::from_microsecond(micros).ok();
        let times = self.times.and_then(|(first, last)| Some((time(first)?, time(last)?)));
        match times {
            Some((first, last)) => serde_json::json!({
                "numRecords": self.rows,
                "minValues": { EVENT_TIME: local(first) },
                "maxValues": { EVENT_TIME: local(last) },
                "nullCount": { EVENT_TIME: 0 },
            }),
            None => serde_json::json!({ "numRecords": self.rows }),
        }
        .to_string()
    }
}

const EVENT_TIME: &str = "event_time";
const ROW_ID: &str = "row_id";

/// Microseconds of a wall clock, as text without zone; the `T` is what Spark reads.
fn local(time: Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::UTC).datetime().strftime("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

/// Writes a file into the table's folder. The batches have these columns in this order; the day column is checked
/// and left out of the file, and may be absent from both.
///
/// Errors: those of the stream as they are; nothing is left behind then.
pub(super) async fn write_file<E: From<StoreError>>(
    objects: Arc<dyn ObjectStore>,
    folder: &Path,
    columns: Arc<[Column]>,
    day: Date,
    batches: impl Stream<Item = Result<RecordBatch, E>>,
) -> Result<NewDay, E> {
    let path = format!("{}/{}.parquet", day_folder(day), Uuid::now_v7());
    let target = Path::from(format!("{folder}/{path}"));
    let mut upload = Upload::new(objects, target);
    match write_batches(&mut upload, &columns, day, batches).await {
        Ok((size, rows, times)) => {
            metrics::counter!("flattap_store_written_bytes_total").increment(size);
            metrics::counter!("flattap_store_written_rows_total").increment(rows);
            Ok(NewDay { day, path, size, rows, columns, times })
        }
        Err(error) => {
            upload.withdraw().await;
            Err(error)
        }
    }
}

async fn write_batches<E: From<StoreError>>(
    upload: &mut Upload,
    columns: &[Column],
    day: Date,
    batches: impl Stream<Item = Result<RecordBatch, E>>,
) -> Result<(u64, u64, Option<(i64, i64)>), E> {
    let mut batches = pin!(batches);
    let mut checks = Checks::new(columns, day);
    let mut current = checks.pass(batches.next().await.transpose()?)?;
    let mut encoder = Encoder::new(columns, current.as_ref())?;
    while let Some(batch) = current {
        let (done, following) = futures_util::join!(encoder.write(batch), batches.next());
        for bytes in done? {
            upload.send(bytes).await?;
        }
        current = checks.pass(following.transpose()?)?;
    }
    let (rest, size) = encoder.finish().await?;
    upload.send(rest).await?;
    upload.finish().await?;
    Ok((size, checks.rows, checks.times))
}

/// What every batch has to be.
struct Checks<'a> {
    columns: &'a [Column],
    day: Date,
    /// Positions of the columns that go into the file.
    kept: Vec<usize>,
    event_time: Option<usize>,
    row_id: Option<usize>,
    last_row_id: String,
    times: Option<(i64, i64)>,
    rows: u64,
}

impl<'a> Checks<'a> {
    fn new(columns: &'a [Column], day: Date) -> Self {
        let position = |name: &str| columns.iter().position(|column| column.name == name);
        Self {
            columns,
            day,
            kept: (0..columns.len()).filter(|&at| columns[at].name != DAY_COLUMN).collect(),
            event_time: position(EVENT_TIME),
            row_id: position(ROW_ID),
            last_row_id: String::new(),
            times: None,
            rows: 0,
        }
    }

    /// The batch as it goes into the file.
    fn pass(&mut self, batch: Option<RecordBatch>) -> Result<Option<RecordBatch>, StoreError> {
        let Some(batch) = batch else { return Ok(None) };
        let day = self.day;
        let wrong = |what: &str| StoreError::internal(format!("a batch of {day}: {what}"));
        let schema = batch.schema_ref();
        let fits = schema.fields().len() == self.columns.len()
            && schema
                .fields()
                .iter()
                .zip(self.columns)
                .all(|(field, column)| field.name() == &column.name && field.data_type() == &column.kind.arrow());
        if !fits {
            return Err(wrong("it does not have the table's columns"));
        }
        for (column, cells) in self.columns.iter().zip(batch.columns()) {
            if !column.nullable && cells.null_count() > 0 {
                return Err(wrong(&format!("column `{}` has nulls", column.name)));
            }
            let Some(days) = (column.name == DAY_COLUMN).then(|| cells.as_primitive_opt::<Date32Type>()).flatten()
            else {
                continue;
            };
            let day = day_number(day);
            if days.null_count() > 0 || days.values().iter().any(|&found| found != day) {
                return Err(wrong("it has rows of another day"));
            }
        }
        if !self.in_order(&batch) {
            return Err(wrong("it is not sorted by event_time and row_id"));
        }
        self.rows += batch.num_rows() as u64;
        batch.project(&self.kept).map(Some).map_err(|error| StoreError::sort("choosing columns", &error))
    }

    /// Readers stream days one after the other without sorting, so a wrong order here would be a wrong answer there.
    fn in_order(&mut self, batch: &RecordBatch) -> bool {
        let Some(times) =
            self.event_time.and_then(|at| batch.column(at).as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return true;
        };
        if times.null_count() > 0 {
            return false;
        }
        let ids = self.row_id.and_then(|at| batch.column(at).as_string_view_opt());
        let values = times.values();
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return true };
        let sorted = (1..values.len()).all(|i| {
            values[i - 1] < values[i]
                || (values[i - 1] == values[i] && ids.is_none_or(|ids| ids.value(i - 1) <= ids.value(i)))
        });
        let follows = self.times.is_none_or(|(_, before)| {
            before < first || (before == first && ids.is_none_or(|ids| self.last_row_id.as_str() <= ids.value(0)))
        });
        self.times = Some((self.times.map_or(first, |(first, _)| first), last));
        if let Some(ids) = ids {
            self.last_row_id.clear();
            self.last_row_id.push_str(ids.value(values.len() - 1));
        }
        sorted && follows
    }
}
