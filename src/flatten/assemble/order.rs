//! Which rows a day has, in which order, and their ids.

use arrow::array::Int64Array;
use jiff::civil::Date;

use crate::flatten::error::FlattenError;
use crate::flatten::raw::{BASE_HIGH, BASE_LOW, CONTENT, RawBatch, TIME};
use crate::flatten::times::span_of;

/// A row of the day.
pub(super) struct Row {
    /// The row id: the base hash plus the ordinal among identical records.
    pub id: u128,
    /// Which of the day's raw batches it is in, and which record there.
    pub raw: u32,
    pub record: u32,
}

struct Key {
    time: i64,
    base: u128,
    content: i64,
    raw: u32,
    record: u32,
}

/// The raw batches that hold rows of this day, and the day's rows in order.
pub(super) fn in_order(raws: &[RawBatch], day: Date) -> Result<(Vec<&RawBatch>, Vec<Row>), FlattenError> {
    let span = span_of(day);
    let mut chosen = Vec::new();
    let mut keys = Vec::new();
    for batch in raws {
        let parts = batch.parts()?;
        let times = parts.integers(TIME)?;
        if !times.values().iter().any(|time| span.contains(time)) {
            continue;
        }
        let [high, low, content] = [BASE_HIGH, BASE_LOW, CONTENT].map(|name| parts.integers(name));
        let (high, low, content) = (high?, low?, content?);
        let at = |array: &Int64Array, record: usize| array.values().get(record).copied().unwrap_or_default();
        let raw = chosen.len() as u32;
        chosen.push(batch);
        for (record, time) in times.values().iter().enumerate().filter(|(_, time)| span.contains(time)) {
            let base = u128::from(at(&high, record) as u64) << 64 | u128::from(at(&low, record) as u64);
            keys.push(Key { time: *time, base, content: at(&content, record), raw, record: record as u32 });
        }
    }
    keys.sort_unstable_by_key(|key| (key.time, key.base, key.content));
    let mut rows: Vec<Row> = Vec::with_capacity(keys.len());
    let mut ordinal = 0;
    let mut before = None;
    for key in &keys {
        ordinal = if before == Some((key.time, key.base)) { ordinal + 1 } else { 0 };
        before = Some((key.time, key.base));
        rows.push(Row { id: key.base.wrapping_add(ordinal), raw: key.raw, record: key.record });
    }
    Ok((chosen, rows))
}
