//! The texts of one column of one page: each value's text, or the place of the same text before it.
//!
//! A column's texts lie together, apart from those of other columns: they are read a column at a time, and what lies
//! together is in the processor's cache before it is asked for.

use std::hash::BuildHasher;

use arrow::buffer::Buffer;
use foldhash::fast::RandomState;

use crate::flatten::error::FlattenError;

/// What one text more needs lies in one line of the processor's cache, except where texts repeat.
#[derive(Default)]
#[repr(C, align(64))]
pub(super) struct Texts {
    /// As arrow's view arrays have them, with `bytes` as their only buffer.
    views: Vec<u128>,
    bytes: Vec<u8>,
    lately: Lately,
    /// The place of every value's text. Empty as long as every value has one of its own.
    slots: Vec<u32>,
}

/// Texts up to this length lie in the view itself.
const INLINE: usize = 12;

/// Bytes that are kept ready at most for the next page, for views and for what they refer to.
const KEPT: usize = 4 << 20;

/// The places of the last texts, by their hashes; a later text takes the room of an earlier one.
#[derive(Default)]
struct Lately {
    places: Option<Box<[u32; LATELY]>>,
    tried: u16,
    met: u16,
}

const LATELY: usize = 512;
const NEVER: u32 = u32::MAX;
/// After so many texts of a page, looking for them goes on only if one in so many was met.
const LATELY_TRIED: u16 = 512;
const LATELY_WORTH: u16 = 4;

impl Texts {
    /// As [`Texts::push`], for where that is rarely done.
    #[cold]
    #[inline(never)]
    pub fn push_rarely(&mut self, text: &str, hasher: &RandomState) -> Result<(), FlattenError> {
        self.push(text, 0, hasher)
    }

    /// Adds a value. `hash` is one of the value within its column, 0 if there is none yet.
    #[inline]
    pub fn push(&mut self, text: &str, hash: u128, hasher: &RandomState) -> Result<(), FlattenError> {
        // Bounded by what a view can say.
        let start = match i32::try_from(self.bytes.len() + text.len()) {
            Ok(_) => self.bytes.len() as u32,
            Err(_) => return Err(FlattenError::Damaged("a page holds too much text")),
        };
        let view = view_of(text.as_bytes(), start);
        let Lately { places, tried, met } = &mut self.lately;
        if *tried < LATELY_TRIED || *met >= LATELY_TRIED / LATELY_WORTH {
            let places = places.get_or_insert_with(|| Box::new([NEVER; LATELY]));
            let hash = if hash == 0 { hasher.hash_one(text) } else { hash as u64 };
            let place = &mut places[hash as usize % LATELY];
            let known = self.views.get(*place as usize);
            let found = known.is_some_and(|known| is_same(*known, view, &self.bytes, text));
            if *tried < LATELY_TRIED {
                *tried += 1;
                *met += u16::from(found);
            }
            if found {
                if self.slots.is_empty() {
                    self.slots.extend(0..self.views.len() as u32);
                }
                self.slots.push(*place);
                return Ok(());
            }
            *place = self.views.len() as u32;
        }
        if !self.slots.is_empty() {
            self.slots.push(self.views.len() as u32);
        }
        if text.len() > INLINE {
            self.bytes.extend_from_slice(text.as_bytes());
        }
        self.views.push(view);
        Ok(())
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        if self.slots.is_empty() { self.views.len() } else { self.slots.len() }
    }

    /// Number of texts.
    pub fn distinct(&self) -> usize {
        self.views.len()
    }

    /// `None` if every value has a text of its own.
    pub fn slots(&self) -> Option<&[u32]> {
        (!self.slots.is_empty()).then_some(&self.slots)
    }

    pub fn views(&self) -> &[u128] {
        &self.views
    }

    /// What the views refer to, if they refer to anything. The next texts are expected to be about as many bytes.
    pub fn take_bytes(&mut self) -> Option<Buffer> {
        if self.bytes.is_empty() {
            return None;
        }
        let room = (self.bytes.len() + self.bytes.len() / 16).min(KEPT);
        let mut bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(room));
        if bytes.capacity() > bytes.len() + bytes.len() / 16 {
            bytes.shrink_to_fit();
        }
        Some(bytes.into())
    }

    pub fn clear(&mut self) {
        self.views.clear();
        self.views.shrink_to(KEPT / size_of::<u128>());
        self.bytes.clear();
        self.slots.clear();
        if let Some(places) = &mut self.lately.places {
            places.fill(NEVER);
        }
        (self.lately.tried, self.lately.met) = (0, 0);
    }
}

/// As arrow's `make_view` with the first buffer, which goes by a table of all short lengths: the processor guesses the
/// next length wrong nearly every time.
#[inline]
fn view_of(text: &[u8], start: u32) -> u128 {
    let len = text.len();
    // What two of these have in common is the same in both.
    let long = |chunk: Option<&[u8; 8]>| u128::from(chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk)));
    let short = |chunk: Option<&[u8; 4]>| u128::from(chunk.map_or(0, |chunk| u32::from_le_bytes(*chunk)));
    let content = match len {
        0 => 0,
        1..4 => [0, len / 2, len - 1].iter().fold(0, |all, at| all | u128::from(text[*at]) << (8 * at)),
        4..8 => short(text.first_chunk()) | short(text.last_chunk()) << (8 * (len - 4)),
        8..=INLINE => long(text.first_chunk()) | short(text.last_chunk()) << (8 * (len - 4)),
        _ => short(text.first_chunk()) | u128::from(start) << 64,
    };
    content << 32 | len as u128
}

/// Whether `known`, whose text may lie in `bytes`, is the view of `text`. `view` is one.
#[inline]
fn is_same(known: u128, view: u128, bytes: &[u8], text: &str) -> bool {
    if text.len() <= INLINE {
        return known == view;
    }
    // Length and first bytes, then the place.
    let start = (known >> 96) as usize;
    known as u64 == view as u64 && bytes.get(start..start + text.len()) == Some(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, StringViewArray};
    use proptest::prelude::*;

    use super::*;

    /// All values, as a reader finds them.
    fn values(texts: &mut Texts) -> Vec<String> {
        let (slots, views) = (texts.slots().map(<[u32]>::to_vec), texts.views().to_vec());
        let buffers: Vec<Buffer> = texts.take_bytes().into_iter().collect();
        let array = StringViewArray::try_new(views.into(), buffers, None).unwrap();
        assert_eq!(array.len(), texts.distinct());
        let slots = slots.unwrap_or_else(|| (0..array.len() as u32).collect());
        slots.iter().map(|slot| array.value(*slot as usize).to_owned()).collect()
    }

    /// Texts of which many are equal or begin alike, and hashes of which many are.
    fn page() -> impl Strategy<Value = Vec<(String, u128)>> {
        let text = prop_oneof![4 => "[ab]{0,2}", 2 => "a common beginning [ab]{0,2}", 1 => "[a-zé]{0,30}"];
        let hash = prop_oneof![Just(0u128), 0u128..600, any::<u128>()];
        prop::collection::vec((text, hash), 0..900)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_value_is_found_again(pages in prop::collection::vec(page(), 1..4)) {
            let (mut texts, hasher) = (Texts::default(), RandomState::default());
            for page in pages {
                for (text, hash) in &page {
                    texts.push(text, *hash, &hasher).unwrap();
                }
                prop_assert_eq!(texts.len(), page.len());
                let expected: Vec<String> = page.into_iter().map(|(text, _)| text).collect();
                prop_assert_eq!(values(&mut texts), expected);
                texts.clear();
            }
        }
    }

    #[test]
    fn views_are_those_of_arrow() {
        for len in 0..40 {
            let text: Vec<u8> = (1..=len).collect();
            assert_eq!(view_of(&text, 0x0102_0304), arrow::array::builder::make_view(&text, 0, 0x0102_0304), "{len}");
        }
    }

    #[test]
    fn what_repeats_is_kept_once_and_what_does_not_is_not_looked_for() {
        let (mut texts, hasher) = (Texts::default(), RandomState::default());
        for value in 0..4_000 {
            texts.push(["Mobile", "a longer word than twelve"][value % 2], 0, &hasher).unwrap();
        }
        assert_eq!((texts.len(), texts.distinct()), (4_000, 2));
        texts.clear();
        for value in 0..4_000 {
            texts.push(&format!("text {}", value.min(2_000)), 0, &hasher).unwrap();
        }
        assert_eq!(texts.distinct(), 4_000);
        assert_eq!(texts.slots(), None);
    }
}
