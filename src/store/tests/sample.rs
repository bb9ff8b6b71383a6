//! Small tables for the tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, sum};
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use futures_util::stream;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use object_store::ObjectStoreExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use url::Url;

use crate::config::StoreConfig;
use crate::period::day_number;
use crate::store::{DayFacts, DayTable, NewDay, Snapshot, Store, StoreError, TableKey};
use crate::table::{Column, ColumnType, Origin, schema_of};

pub const MONDAY: Date = date(2026, 11, 2);
pub const TUESDAY: Date = date(2026, 11, 3);

pub async fn open(folder: &Path) -> Store {
    let url = Url::from_directory_path(folder).unwrap();
    Store::open(&StoreConfig { url, options: BTreeMap::new() }).await.unwrap()
}

pub fn charged() -> TableKey {
    TableKey { account_id: "ABC-123Z".into(), table: "events".into(), event: Some("Charged".into()), part: None }
}

pub fn property(name: &str, kind: ColumnType) -> Column {
    let origin = Origin::Property(vec!["event_props".into(), name.to_uppercase()]);
    Column { name: name.into(), kind, nullable: true, origin }
}

/// The first columns of an events table, the day column fifth as in the contract, then these.
pub fn columns(properties: &[(&str, ColumnType)]) -> Vec<Column> {
    let mut columns = vec![
        Column::fixed("row_id", ColumnType::Text, false, ""),
        Column::fixed("event_name", ColumnType::Text, false, ""),
        Column::fixed("event_time", ColumnType::Timestamp, false, "ts"),
        Column::fixed("event_time_utc", ColumnType::TimestampUtc, false, "ts"),
        Column::fixed("event_date", ColumnType::Date, false, "ts"),
        Column::fixed("ts", ColumnType::Integer, true, "ts"),
    ];
    columns.extend(properties.iter().map(|(name, kind)| property(name, *kind)));
    columns
}

/// Rows of a day, sorted; the integer and number columns hold `value` in every row.
pub fn rows(columns: &[Column], day: Date, count: usize, value: i64) -> RecordBatch {
    let midnight = i64::from(day_number(day)) * 86_400_000_000;
    let time = |i: usize| midnight + (i as i64 / 2) * 1_000_000;
    let cells = columns.iter().map(|column| -> ArrayRef {
        match (column.name.as_str(), column.kind) {
            ("row_id", _) => Arc::new(StringViewArray::from_iter_values((0..count).map(|i| format!("{i:032x}")))),
            ("event_name", _) => Arc::new(StringViewArray::from_iter_values((0..count).map(|_| "Charged"))),
            (_, ColumnType::Timestamp) => Arc::new(TimestampMicrosecondArray::from_iter_values((0..count).map(time))),
            (_, ColumnType::TimestampUtc) => {
                Arc::new(TimestampMicrosecondArray::from_iter_values((0..count).map(time)).with_timezone("UTC"))
            }
            (_, ColumnType::Date) => Arc::new(Date32Array::from_iter_values((0..count).map(|_| day_number(day)))),
            (_, ColumnType::Integer) => Arc::new(Int64Array::from_iter_values((0..count).map(|_| value))),
            (_, ColumnType::Number) => Arc::new(Float64Array::from_iter_values((0..count).map(|_| value as f64))),
            (_, ColumnType::Boolean) => Arc::new(BooleanArray::from_iter((0..count).map(|i| Some(i % 2 == 0)))),
            (name, ColumnType::Text | ColumnType::Json) => Arc::new(StringViewArray::from_iter(
                (0..count).map(|i| (i % 3 > 0).then(|| format!("\"{name} {i} größer als zwölf Zeichen\""))),
            )),
        }
    });
    RecordBatch::try_new(schema_of(columns), cells.collect()).unwrap()
}

pub fn facts(content: u128) -> DayFacts {
    DayFacts {
        fetched_at: Timestamp::from_second(1_800_000_000).unwrap(),
        changed_at: Timestamp::from_second(1_790_000_000).unwrap(),
        content,
        zone: "Asia/Kolkata".into(),
    }
}

pub async fn write(table: &Arc<DayTable>, columns: &[Column], day: Date, count: usize, value: i64) -> NewDay {
    let batches = match count {
        0 => vec![],
        _ => vec![Ok::<_, StoreError>(rows(columns, day, count, value))],
    };
    table.write_day(columns, day, stream::iter(batches)).await.unwrap()
}

/// Writes and commits one day.
pub async fn put(table: &Arc<DayTable>, columns: &[Column], day: Date, count: usize, value: i64) -> Arc<Snapshot> {
    let mut writer = table.lock().await.unwrap();
    let new = write(table, columns, day, count, value).await;
    writer.commit(columns, vec![(new, facts(value as u128))], vec![]).await.unwrap()
}

/// Reads a day's file back, as it is.
pub async fn file(snapshot: &Snapshot, day: Date) -> Vec<RecordBatch> {
    let stored = &snapshot.days[&day];
    let bytes = snapshot.object_store().get(&stored.path.as_str().into()).await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.len() as u64, stored.size);
    let batches: Vec<_> =
        ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, stored.rows);
    batches
}

/// The sum of a column over the kept days; files that lack it count nothing.
pub async fn total(snapshot: &Snapshot, column: &str) -> f64 {
    let mut total = 0.;
    for day in snapshot.days.keys() {
        for batch in file(snapshot, *day).await {
            let Some(cells) = batch.column_by_name(column) else { continue };
            let numbers = cast(cells, &DataType::Float64).unwrap();
            total += sum(numbers.as_primitive::<Float64Type>()).unwrap_or_default();
        }
    }
    total
}
