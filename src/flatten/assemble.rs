//! One day's rows, typed and in order, from raw batches in any order.
//!
//! Order: `event_time`, then the base hash of the record; identical records (equal base and time) are told apart by an
//! ordinal that is added to it. So the order of `row_id` is the order of the bases, and a day that is assembled in
//! ascending spans of time gets the same ids as in one go. Which of several identical records gets which ordinal
//! follows from their content (their profiles may differ), never from the order in which they came.
//!
//! Typing happens once per raw column; then every output batch gathers its cells. Memory: the raw batches, the typed
//! columns where the type is not how they came, 40 bytes per row, and one output batch.

mod order;
mod source;
mod texts;

use jiff::civil::Date;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use self::order::{Row, in_order};
use self::source::{Source, sources};
use super::contract::Contract;
use super::error::FlattenError;
use super::page::EventSpec;
use super::raw::RawBatch;
use crate::table::schema_of;

/// The rows of `day` in the raw batches (others are passed over), with the contract's columns in its order.
///
/// Shape: batches of 1,024 to 8,192 rows, fewer rows the more columns; no batches when the day has no rows.
/// Errors: `Unsettled` when the contract has not grown with what the raw batches hold.
pub fn assemble(
    contract: &Contract,
    spec: &EventSpec,
    raws: &[RawBatch],
    day: Date,
) -> Result<Vec<RecordBatch>, FlattenError> {
    Assembly::new(contract, spec, raws, day)?.collect()
}

/// As [`assemble`], one output batch at a time.
pub struct Assembly {
    schema: SchemaRef,
    sources: Vec<Source>,
    rows: Vec<Row>,
    done: usize,
    batch_rows: usize,
}

/// What an output batch may take, at 16 bytes a cell. With half as much, writing a day took 6 % longer.
const BATCH_BYTES: usize = 8 << 20;

impl Assembly {
    /// Sorts the day and types its columns; see [`assemble`].
    pub fn new(contract: &Contract, spec: &EventSpec, raws: &[RawBatch], day: Date) -> Result<Self, FlattenError> {
        let (raws, rows) = in_order(raws, day)?;
        let columns = contract.columns();
        Ok(Self {
            schema: schema_of(columns),
            sources: sources(columns, spec, &raws, day)?,
            rows,
            done: 0,
            batch_rows: (BATCH_BYTES / 16 / columns.len().max(1)).clamp(1_024, 8_192),
        })
    }

    /// Number of rows of the day.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    fn gather(&self, rows: &[Row]) -> Result<RecordBatch, FlattenError> {
        let places: Vec<(usize, usize)> = rows.iter().map(|row| (row.raw as usize, row.record as usize)).collect();
        let mut buffer = Vec::with_capacity(rows.len());
        let columns = self.sources.iter().map(|source| source.gather(rows, &places, &mut buffer));
        Ok(RecordBatch::try_new(self.schema.clone(), columns.collect::<Result<_, FlattenError>>()?)?)
    }
}

impl Iterator for Assembly {
    type Item = Result<RecordBatch, FlattenError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rows.get(self.done..).filter(|rest| !rest.is_empty())?;
        let rows = &rest[..rest.len().min(self.batch_rows)];
        let batch = self.gather(rows);
        // After an error the rest is of no use.
        self.done = if batch.is_ok() { self.done + rows.len() } else { self.rows.len() };
        Some(batch)
    }
}
