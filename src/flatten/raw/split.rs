//! Deals the records of a raw batch to buckets of time.

use arrow::array::{Array, BooleanBufferBuilder, StringViewArray, StringViewBuilder};

use super::writer::{Rows as Written, Sizes, TextValues, Values, Writer};
use super::{INTEGERS, RawBatch, RawColumn, Rows, TIME};
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
        let mut writers: Vec<Writer> = sizes.iter().map(|_| Writer::for_values(Sizes::default())).collect();
        let mut shares: Vec<Share> = sizes.iter().map(|_| Share::default()).collect();
        for index in 0..parts.len() {
            let column = parts.column(index)?;
            deal(&column, &homes, &mut shares);
            for ((writer, share), size) in writers.iter_mut().zip(&mut shares).zip(&sizes) {
                share.hand_over(parts.path(index), &column, *size, writer)?;
            }
        }
        writers.into_iter().map(Writer::finish).collect()
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
    fn hand_over(
        &mut self,
        path: &str,
        column: &RawColumn,
        records: u32,
        writer: &mut Writer,
    ) -> Result<(), FlattenError> {
        // The columns that all records have stay, also when there are no records.
        if !self.rows.is_empty() || INTEGERS.contains(&path) {
            let texts = self.own_texts(column)?;
            let texts = TextValues {
                slots: (texts.len() < self.slots.len()).then_some(self.slots.as_slice()),
                views: texts.views(),
                buffers: texts.data_buffers().to_vec(),
            };
            // As flags only where these are smaller.
            let count = self.rows.len() as u32;
            let mut flags = BooleanBufferBuilder::new(0);
            let rows = if count == records {
                Written::All
            } else if Written::are_few(count, records) {
                Written::Few(&self.rows)
            } else {
                flags.append_n(records as usize, false);
                self.rows.iter().for_each(|row| flags.set_bit(*row as usize, true));
                Written::Flags(&flags)
            };
            let Self { integers, kinds, .. } = &*self;
            writer.push(path.to_owned(), Values { form: column.form, rows, integers, kinds, texts });
        }
        self.rows.clear();
        self.integers.clear();
        self.kinds.clear();
        self.slots.clear();
        Ok(())
    }

    /// A copy of just the texts that are used here; the slots are then places in it.
    fn own_texts(&mut self, column: &RawColumn) -> Result<StringViewArray, FlattenError> {
        let mut homes = vec![u32::MAX; if self.slots.is_empty() { 0 } else { column.texts.len() }];
        let (mut used, mut bytes) = (Vec::new(), 0);
        for slot in &mut self.slots {
            if let Some(home) = homes.get_mut(*slot as usize) {
                if *home == u32::MAX {
                    *home = used.len() as u32;
                    used.push(*slot);
                    bytes += column.texts.value(*slot as usize).len();
                }
                *slot = *home;
            }
        }
        let block = u32::try_from(bytes).unwrap_or(u32::MAX).max(1);
        let mut texts = StringViewBuilder::with_capacity(used.len()).with_fixed_block_size(block);
        used.iter().try_for_each(|slot| texts.try_append_value(column.texts.value(*slot as usize)))?;
        Ok(texts.finish())
    }
}

fn deal(column: &RawColumn, homes: &[(usize, u32)], shares: &mut [Share]) {
    let mut value = 0;
    let mut give = |record: usize| {
        let (bucket, row) = homes[record];
        let share = &mut shares[bucket];
        share.rows.push(row);
        if let Some(integer) = column.integers.values().get(value) {
            share.integers.push(*integer);
        }
        if let Some(kind) = column.kinds.get(value) {
            share.kinds.push(*kind);
        }
        match &column.slots {
            Some(slots) => share.slots.extend(slots.get(value)),
            None if column.texts.is_empty() => {}
            None => share.slots.push(value as u32),
        }
        value += 1;
    };
    match &column.rows {
        Rows::All => (0..homes.len()).for_each(&mut give),
        Rows::Few(rows) => rows.iter().for_each(|record| give(*record as usize)),
        Rows::Flags(flags) => flags.set_indices().for_each(&mut give),
    }
}
