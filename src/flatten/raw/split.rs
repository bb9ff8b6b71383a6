//! Deals the records of a raw batch to buckets of time.

use super::writer::{Values, Writer};
use super::{Form, INTEGERS, RawBatch, RawColumn, TIME};
use crate::flatten::error::FlattenError;

impl RawBatch {
    /// One batch per bucket, in the order of time, each holding the records of its span of `event_time`: before the
    /// first bound, from each bound up to the next, and from the last one on. `bounds` are local microseconds,
    /// ascending. Buckets without records are batches without records.
    ///
    /// Splitting a page once by its days is cheaper than letting `assemble` pick each day out of all pages.
    pub fn split_by_time(&self, bounds: &[i64]) -> Result<Vec<Self>, FlattenError> {
        let parts = self.parts()?;
        let times = parts.integers(TIME)?;
        // Where each record goes: its bucket, and its number there.
        let mut sizes = vec![0u32; bounds.len() + 1];
        let homes: Vec<(usize, u32)> = times
            .values()
            .iter()
            .map(|time| {
                let bucket = bounds.partition_point(|bound| bound <= time);
                sizes[bucket] += 1;
                (bucket, sizes[bucket] - 1)
            })
            .collect();
        let mut writers: Vec<Writer> = sizes.iter().map(|_| Writer::default()).collect();
        let mut shares: Vec<Share> = sizes.iter().map(|_| Share::default()).collect();
        for index in 0..parts.len() {
            let column = parts.column(index)?;
            if column.form == Form::Pool {
                continue;
            }
            deal(&column, &homes, &mut shares);
            for ((writer, share), size) in writers.iter_mut().zip(&mut shares).zip(&sizes) {
                share.hand_over(parts.path(index), column.form, *size, writer);
            }
        }
        writers.into_iter().map(|writer| writer.finish_compact(parts.texts())).collect()
    }
}

/// What one bucket gets of one column.
#[derive(Default)]
struct Share {
    rows: Vec<u32>,
    integers: Vec<i64>,
    kinds: Vec<u8>,
    slots: Vec<u32>,
}

impl Share {
    fn hand_over(&mut self, path: &str, form: Form, records: u32, writer: &mut Writer) {
        // The columns that all records have stay, also when there are no records.
        if !self.rows.is_empty() || INTEGERS.contains(&path) {
            let rows = (self.rows.len() < records as usize).then_some(self.rows.as_slice());
            let Self { integers, kinds, slots, .. } = &*self;
            writer.push(path.to_owned(), &Values { form, rows, integers, kinds, slots });
        }
        self.rows.clear();
        self.integers.clear();
        self.kinds.clear();
        self.slots.clear();
    }
}

fn deal(column: &RawColumn, homes: &[(usize, u32)], shares: &mut [Share]) {
    for value in 0..column.len() {
        let record = column.rows.as_ref().map_or(value, |rows| rows[value] as usize);
        let (bucket, row) = homes[record];
        let share = &mut shares[bucket];
        share.rows.push(row);
        if let Some(integer) = column.integers.values().get(value) {
            share.integers.push(*integer);
        }
        if let Some(kind) = column.kinds.get(value) {
            share.kinds.push(*kind);
        }
        if let Some(slot) = column.slots.get(value) {
            share.slots.push(*slot);
        }
    }
}
