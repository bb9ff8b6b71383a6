//! What the tests of this room share: tables as values, and batches of them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use arrow::record_batch::RecordBatch;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::OutputColumn;
use super::rows::RowEncoder;
use crate::table::{Column, ColumnType, schema_of};

/// The cells of one column.
#[derive(Clone, Debug)]
pub enum Cells {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Boolean(Vec<Option<bool>>),
    Timestamp(Vec<Option<i64>>),
    TimestampUtc(Vec<Option<i64>>),
    Date(Vec<Option<i32>>),
}

impl Cells {
    pub fn kind(&self) -> ColumnType {
        match self {
            Self::Text(_) => ColumnType::Text,
            Self::Integer(_) => ColumnType::Integer,
            Self::Number(_) => ColumnType::Number,
            Self::Boolean(_) => ColumnType::Boolean,
            Self::Timestamp(_) => ColumnType::Timestamp,
            Self::TimestampUtc(_) => ColumnType::TimestampUtc,
            Self::Date(_) => ColumnType::Date,
        }
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Text(cells) => Arc::new(StringViewArray::from_iter(cells.clone())),
            Self::Integer(cells) => Arc::new(Int64Array::from(cells.clone())),
            Self::Number(cells) => Arc::new(Float64Array::from(cells.clone())),
            Self::Boolean(cells) => Arc::new(BooleanArray::from(cells.clone())),
            Self::Timestamp(cells) => Arc::new(TimestampMicrosecondArray::from(cells.clone())),
            Self::TimestampUtc(cells) => Arc::new(TimestampMicrosecondArray::from(cells.clone()).with_timezone("UTC")),
            Self::Date(cells) => Arc::new(Date32Array::from(cells.clone())),
        }
    }
}

/// Columns named `c0`, `c1` … with sources `event_props.C0` …, and one batch of their cells.
pub fn table(cells: &[Cells]) -> (Vec<OutputColumn>, RecordBatch) {
    let columns: Vec<OutputColumn> = cells
        .iter()
        .enumerate()
        .map(|(index, cells)| OutputColumn {
            name: format!("c{index}"),
            source: format!("event_props.C{index}"),
            kind: cells.kind(),
        })
        .collect();
    let fields: Vec<Column> = columns.iter().map(|column| Column::fixed(&column.name, column.kind, true, "")).collect();
    let batch = RecordBatch::try_new(schema_of(&fields), cells.iter().map(Cells::array).collect()).unwrap();
    (columns, batch)
}

/// The answer of an encoder for one batch.
pub fn whole(encoder: &dyn RowEncoder, batch: &RecordBatch) -> String {
    let mut out = Vec::new();
    encoder.open(&mut out);
    encoder.rows(batch, &mut out).unwrap();
    encoder.close(&mut out);
    String::from_utf8(out).unwrap()
}

/// Texts with more of what is special than chance would give.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[,\"\r\n=+@\t' a-f\\-\\\\\u{0}\u{1f}éß€😀\u{2028}]{0,14}",
        1 => "[a-z ,\"\n]{12,40}",
        1 => any::<String>(),
    ]
}

/// One to five columns of up to twenty rows.
pub fn any_cells() -> impl Strategy<Value = Vec<Cells>> {
    (0..20usize).prop_flat_map(|rows| vec(any_column(rows), 1..6))
}

fn any_column(rows: usize) -> impl Strategy<Value = Cells> {
    let finite = any::<f64>().prop_filter("finite", |value| value.is_finite());
    let micros = -80_000_000_000_000_000..300_000_000_000_000_000i64;
    prop_oneof![
        3 => vec(option::of(any_text()), rows).prop_map(Cells::Text),
        1 => vec(option::of(any::<i64>()), rows).prop_map(Cells::Integer),
        1 => vec(option::of(finite), rows).prop_map(Cells::Number),
        1 => vec(option::of(any::<bool>()), rows).prop_map(Cells::Boolean),
        1 => vec(option::of(micros.clone()), rows).prop_map(Cells::Timestamp),
        1 => vec(option::of(micros), rows).prop_map(Cells::TimestampUtc),
        1 => vec(option::of(any::<i32>()), rows).prop_map(Cells::Date),
    ]
}
