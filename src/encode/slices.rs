//! Cuts batches so that the bytes of one piece stay near a bound.
//!
//! Rows alone say little: a batch may hold the same long text ten thousand times and keep it in memory once.

use arrow::array::{Array, AsArray, OffsetSizeTrait};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

/// About as many bytes as one piece is to become.
pub(super) const PIECE: usize = 128 * 1024;
/// What a cell takes besides its text: digits, separators, a date.
const CELL: usize = 12;

/// The batch, halved until each piece is estimated at [`PIECE`] bytes or is a single row. Nothing is copied. A batch
/// without rows has no pieces.
pub(super) fn pieces(batch: RecordBatch) -> Vec<RecordBatch> {
    let mut pieces = Vec::new();
    let mut rest = vec![batch];
    while let Some(batch) = rest.pop() {
        let rows = batch.num_rows();
        if rows == 0 {
            continue;
        }
        if rows == 1 || estimate(&batch) <= PIECE {
            pieces.push(batch);
            continue;
        }
        let half = rows / 2;
        rest.push(batch.slice(half, rows - half));
        rest.push(batch.slice(0, half));
    }
    pieces
}

/// About how many bytes the rows become, from the lengths of their texts.
pub(super) fn estimate(batch: &RecordBatch) -> usize {
    let text: usize = batch.columns().iter().map(|column| text_bytes(column.as_ref())).sum();
    text + batch.num_rows() * batch.num_columns() * CELL
}

fn text_bytes(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => {
            array.as_string_view_opt().map_or(0, |array| array.lengths().map(|length| length as usize).sum())
        }
        DataType::Utf8 => offsets::<i32>(array),
        DataType::LargeUtf8 => offsets::<i64>(array),
        _ => 0,
    }
}

fn offsets<O: OffsetSizeTrait>(array: &dyn Array) -> usize {
    array.as_string_opt::<O>().map_or(0, |array| match (array.value_offsets().first(), array.value_offsets().last()) {
        (Some(first), Some(last)) => last.as_usize() - first.as_usize(),
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringViewBuilder};

    use super::*;

    fn batch(rows: usize, text: &str) -> RecordBatch {
        let mut texts = StringViewBuilder::new().with_deduplicate_strings();
        (0..rows).for_each(|_| texts.append_value(text));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
        RecordBatch::try_from_iter([("number", numbers), ("text", Arc::new(texts.finish()) as ArrayRef)]).unwrap()
    }

    #[test]
    fn a_text_kept_once_and_shown_often_counts_as_often_as_it_is_shown() {
        let batch = batch(1000, &"x".repeat(100_000));
        let cut = pieces(batch.clone());
        assert!(cut.iter().all(|piece| estimate(piece) <= PIECE));
        assert!(cut.len() >= 50);
        let numbers: Vec<i64> = cut
            .iter()
            .flat_map(|piece| piece.column(0).as_primitive::<arrow::datatypes::Int64Type>().values())
            .copied()
            .collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>(), "order or rows were lost");
    }

    #[test]
    fn a_row_is_never_cut_and_an_empty_batch_vanishes() {
        assert_eq!(pieces(batch(1, &"x".repeat(3 * PIECE))).len(), 1);
        assert!(pieces(batch(0, "")).is_empty());
        assert_eq!(pieces(batch(2048, "short")).len(), 1);
    }
}
