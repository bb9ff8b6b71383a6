//! Text of many raw batches, gathered by row.
//!
//! In: per raw batch an array of texts, and where its records have theirs. Out: a view array over the same bytes, which
//! keeps only those buffers that it refers to, so that it does not hold a whole day. arrow's `interleave` does the same
//! for every kind of array, with a list of all places made before it and one pass more for nulls; text is most of a day's
//! cells.

use arrow::array::{Array, NullBufferBuilder, StringViewArray};
use arrow::buffer::Buffer;

use super::source::{Place, Slots};
use crate::flatten::error::FlattenError;
use crate::flatten::raw::{BUFFER, buffer_of};

const BUFFER_BITS: u128 = (u32::MAX as u128) << BUFFER;

const DAMAGED: FlattenError = FlattenError::Damaged("a text lies outside of them");

/// The cells of one text column.
pub(super) struct Texts {
    /// One of every raw batch.
    pieces: Vec<Piece>,
    /// How many buffers they refer to.
    buffers: usize,
}

struct Piece {
    place: Place,
    slots: Slots,
    texts: StringViewArray,
    /// The lowest number of a buffer that a view has, and what number that buffer has among those of all pieces.
    lowest: usize,
    number: usize,
}

impl Texts {
    /// Places, slots and texts, of every raw batch.
    pub fn new(pieces: impl Iterator<Item = ((Place, Slots), StringViewArray)>) -> Self {
        let mut buffers = 0;
        let pieces = pieces
            .map(|((place, slots), texts)| {
                // Columns of a raw batch share its buffers, and there may be thousands.
                let numbers = texts.views().iter().filter_map(|view| buffer_of(*view));
                let (lowest, highest) = numbers.fold((usize::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
                let count = (highest + 1).saturating_sub(lowest);
                buffers += count;
                Piece { place, slots, texts, lowest, number: buffers - count }
            })
            .collect();
        Self { pieces, buffers }
    }

    /// The texts of these records: the number of the raw batch, and of the record in it.
    ///
    /// Errors: `Damaged` when there is no such raw batch or buffer. A cell is never null for that.
    pub fn gather(&self, records: &[(usize, usize)]) -> Result<StringViewArray, FlattenError> {
        let mut nulls = NullBufferBuilder::new(records.len());
        let mut views = Vec::with_capacity(records.len());
        let mut used = Used { homes: vec![None; self.buffers], buffers: Vec::new() };
        for records in records.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((raw, _)) = records.first() else { continue };
            let piece = self.pieces.get(*raw).ok_or(DAMAGED)?;
            if piece.has_all() {
                for (_, record) in records {
                    views.push(used.keep(piece.text(*record), piece).ok_or(DAMAGED)?);
                }
                nulls.append_n_non_nulls(records.len());
                continue;
            }
            for (_, record) in records {
                let view = match piece.view(*record) {
                    Some(view) => Some(used.keep(view, piece).ok_or(DAMAGED)?),
                    None => None,
                };
                nulls.append(view.is_some());
                views.push(view.unwrap_or_default());
            }
        }
        // SAFETY: every view is one of a sound array, with the number that its buffer has here, or the empty text; there
        // are as many nulls as views.
        Ok(unsafe { StringViewArray::new_unchecked(views.into(), used.buffers, nulls.finish()) })
    }
}

/// The buffers that an array refers to, and the numbers that they have there.
struct Used {
    homes: Vec<Option<u32>>,
    buffers: Vec<Buffer>,
}

impl Used {
    /// The view as it is here; `None` if there is no such buffer.
    #[inline]
    fn keep(&mut self, view: u128, piece: &Piece) -> Option<u128> {
        let Some(buffer) = buffer_of(view) else { return Some(view) };
        let home = match self.homes.get_mut(piece.number + buffer.checked_sub(piece.lowest)?)? {
            Some(home) => *home,
            unused => {
                let home = u32::try_from(self.buffers.len()).ok()?;
                self.buffers.push(piece.texts.data_buffers().get(buffer)?.clone());
                *unused.insert(home)
            }
        };
        Some((view & !BUFFER_BITS) | u128::from(home) << BUFFER)
    }
}

impl Piece {
    /// Whether every record has a text.
    fn has_all(&self) -> bool {
        matches!(self.place, Place::Every) && self.texts.null_count() == 0
    }

    #[inline]
    fn view(&self, record: usize) -> Option<u128> {
        let value = self.place.find(record)?;
        self.texts.is_valid(self.slot(value)).then(|| self.text(value))
    }

    /// The view of a value.
    #[inline]
    fn text(&self, value: usize) -> u128 {
        self.texts.views()[self.slot(value)]
    }

    #[inline]
    fn slot(&self, value: usize) -> usize {
        self.slots.as_ref().map_or(value, |slots| slots[value] as usize)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, StringViewBuilder};
    use arrow::compute::interleave;
    use proptest::prelude::*;

    use std::sync::Arc;

    use super::*;
    use crate::flatten::raw::Rows;

    /// A raw batch's texts in blocks of a few bytes, so that there are many, and the places of its records.
    type Batch = (Vec<Option<String>>, Vec<Option<usize>>);

    fn array(texts: &[Option<String>]) -> StringViewArray {
        let mut builder = StringViewBuilder::new().with_fixed_block_size(40);
        texts.iter().for_each(|text| builder.append_option(text.as_deref()));
        builder.finish()
    }

    fn batch() -> impl Strategy<Value = Batch> {
        let text = prop::option::weighted(0.8, "[a-zé]{0,30}");
        (
            prop::collection::vec(text, 1..12),
            prop_oneof![1 => Just(0.02), 3 => Just(0.5), 1 => Just(0.99)].prop_flat_map(|share| {
                prop::collection::vec(prop::option::weighted(share, any::<prop::sample::Index>()), 1..150)
            }),
        )
            .prop_map(|(texts, records)| {
                let places = records.iter().map(|at| at.map(|at| at.index(texts.len()))).collect();
                (texts, places)
            })
    }

    proptest! {
        #[test]
        fn gathered_text_is_what_arrow_interleaves(
            batches in prop::collection::vec(batch(), 1..4),
            chosen in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..40),
        ) {
            let texts = Texts::new(batches.iter().map(|(texts, places)| {
                // Every record has a value: which one, the slots say; one past the records' own is no text.
                let slots: Vec<u32> = places.iter().flatten().map(|at| *at as u32).collect();
                let place = match slots.len() {
                    all if all == places.len() => Place::of(&Rows::All),
                    few if few < 3 => Place::of(&Rows::Few((0..).zip(places).filter_map(|(row, at)| at.map(|_| row)).collect())),
                    _ => Place::of(&Rows::Flags(places.iter().map(Option::is_some).collect())),
                };
                ((place, Some(slots.into())), array(texts))
            }));
            let mut arrays: Vec<ArrayRef> = batches.iter().map(|(texts, _)| Arc::new(array(texts)) as ArrayRef).collect();
            arrays.push(Arc::new(array(&[None])));
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            let records: Vec<(usize, usize)> = chosen
                .iter()
                .map(|(raw, record)| {
                    let raw = raw.index(batches.len());
                    (raw, record.index(batches[raw].1.len()))
                })
                .collect();
            let places: Vec<(usize, usize)> = records
                .iter()
                .map(|(raw, record)| batches[*raw].1[*record].map_or((batches.len(), 0), |at| (*raw, at)))
                .collect();
            let gathered = texts.gather(&records)?;
            let expected = if places.is_empty() { array(&[]) } else { interleave(&arrays, &places)?.as_string_view().clone() };
            prop_assert_eq!(&gathered, &expected);
            gathered.to_data().validate_full()?;
        }
    }
}
