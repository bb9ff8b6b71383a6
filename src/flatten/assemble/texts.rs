//! Text of many raw batches, gathered by row.
//!
//! In: per raw batch an array of texts, and where its records have theirs. Out: a view array over the same bytes. arrow's
//! `interleave` does the same for every kind of array, with a list of all places made before it and one pass more for
//! nulls; text is most of a day's cells.

use std::sync::Arc;

use arrow::array::{Array, NullBufferBuilder, StringViewArray};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};

use super::source::Place;

/// Texts up to this length lie in the view itself.
const INLINE: u32 = 12;
const LENGTH: u128 = u32::MAX as u128;
/// A view's bits from here on are the number of its buffer.
const BUFFER: u32 = 64;

/// The cells of one text column.
pub(super) struct Texts {
    /// One of every raw batch.
    pieces: Vec<Piece>,
    buffers: Arc<[Buffer]>,
}

struct Piece {
    place: Place,
    /// For text that stays as it came: the values' places among the views.
    slots: Option<ScalarBuffer<u32>>,
    views: ScalarBuffer<u128>,
    nulls: Option<NullBuffer>,
    /// What turns the number of a buffer of the piece's into one of all buffers, where it stands in a view.
    shift: u128,
}

impl Texts {
    /// `pieces` are places, slots if the text stays as it came, and texts, one of every raw batch.
    pub fn new(pieces: impl Iterator<Item = ((Place, Option<ScalarBuffer<u32>>), StringViewArray)>) -> Self {
        let mut buffers: Vec<Buffer> = Vec::new();
        let pieces = pieces
            .map(|((place, slots), texts)| {
                let shift = (buffers.len() as u128) << BUFFER;
                buffers.extend(texts.data_buffers().iter().cloned());
                Piece { place, slots, views: texts.views().clone(), nulls: texts.nulls().cloned(), shift }
            })
            .collect();
        Self { pieces, buffers: buffers.into() }
    }

    /// The texts of these records: the number of the raw batch, and of the record in it.
    pub fn gather(&self, records: &[(usize, usize)]) -> StringViewArray {
        let mut nulls = NullBufferBuilder::new(records.len());
        let mut views = Vec::with_capacity(records.len());
        for (raw, record) in records {
            let view = self.pieces.get(*raw).and_then(|piece| piece.view(*record));
            nulls.append(view.is_some());
            views.push(view.unwrap_or_default());
        }
        // SAFETY: every view is one of a sound array, with its buffer's number among all buffers, or the empty text.
        unsafe { StringViewArray::new_unchecked(views.into(), self.buffers.clone(), nulls.finish()) }
    }
}

impl Piece {
    #[inline]
    fn view(&self, record: usize) -> Option<u128> {
        let value = self.place.find(record)?;
        let at = match &self.slots {
            Some(slots) => *slots.get(value)? as usize,
            None => value,
        };
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(at)) {
            return None;
        }
        let view = *self.views.get(at)?;
        Some(if (view & LENGTH) as u32 > INLINE { view + self.shift } else { view })
    }
}
