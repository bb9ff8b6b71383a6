//! The cells of one column of one page, in the narrowest form that holds them.

use std::hash::BuildHasher;

use arrow::array::{Array, StringViewArray, StringViewBuilder};
use foldhash::fast::RandomState;

use super::error::FlattenError;
use super::kinds::Kind;
use super::raw::Form;
use super::raw::writer::{Values, Writer};

/// The texts of all columns of a page.
#[derive(Default)]
pub(super) struct Texts {
    builder: StringViewBuilder,
    count: u32,
    hasher: RandomState,
}

/// Blocks of text are cut so small that what is left empty of a page's last one hardly counts.
const BLOCKS: usize = 8;
const BLOCK: std::ops::RangeInclusive<usize> = 8 << 10..=256 << 10;

impl Texts {
    /// Adds a text and gives its place.
    #[inline]
    fn add(&mut self, text: &str) -> Result<u32, FlattenError> {
        self.builder.try_append_value(text)?;
        self.count += 1;
        Ok(self.count - 1)
    }

    /// As [`Texts::add`], but a text that came lately in the same column has the place that it had then.
    #[inline]
    fn intern(&mut self, text: &str, lately: &mut Lately) -> Result<u32, FlattenError> {
        if lately.tried >= LATELY_TRIED && lately.met < lately.tried / LATELY_WORTH {
            return self.add(text);
        }
        if lately.slots.is_empty() {
            lately.slots.resize(LATELY, NEVER);
        }
        lately.tried += 1;
        let at = self.hasher.hash_one(text) as usize % LATELY;
        let slot = lately.slots[at];
        if slot != NEVER && self.builder.get_value(slot as usize) == text.as_bytes() {
            lately.met += 1;
            return Ok(slot);
        }
        let slot = self.add(text)?;
        lately.slots[at] = slot;
        Ok(slot)
    }

    /// The texts so far. The next ones are expected to be about as many bytes.
    pub fn finish(&mut self) -> StringViewArray {
        self.count = 0;
        let texts = self.builder.finish();
        let bytes: usize = texts.data_buffers().iter().map(|block| block.len()).sum();
        let block = (bytes / BLOCKS).clamp(*BLOCK.start(), *BLOCK.end()) as u32;
        self.builder = StringViewBuilder::with_capacity(texts.len() + texts.len() / 16).with_fixed_block_size(block);
        texts
    }
}

/// The places of a column's last texts, by their hashes; a later text takes the room of an earlier one.
#[derive(Default)]
struct Lately {
    slots: Vec<u32>,
    tried: u32,
    met: u32,
}

const LATELY: usize = 512;
const NEVER: u32 = u32::MAX;
/// After so many texts of a page, looking for them goes on only where one in so many was met.
const LATELY_TRIED: u32 = 512;
const LATELY_WORTH: u32 = 4;

impl Lately {
    fn forget(&mut self) {
        self.slots.fill(NEVER);
        (self.tried, self.met) = (0, 0);
    }
}

/// One column of one page. Rows come in ascending order, each at most once.
#[derive(Default)]
pub(super) struct ColumnCells {
    form: Option<Form>,
    rows: Vec<u32>,
    integers: Vec<i64>,
    kinds: Vec<u8>,
    slots: Vec<u32>,
    lately: Lately,
}

impl ColumnCells {
    /// `text` is the value as written, `integer` the value of an integer.
    #[inline]
    pub fn push(
        &mut self,
        row: u32,
        kind: Kind,
        text: &str,
        integer: i64,
        texts: &mut Texts,
    ) -> Result<(), FlattenError> {
        let wanted = match kind {
            // The one integer that is not written as its value is.
            Kind::Integer if text == "-0" => Form::Mixed,
            Kind::Integer => Form::Integers,
            Kind::Boolean => Form::Booleans,
            _ if kind.is_string() => Form::Strings,
            _ => Form::Mixed,
        };
        let form = match self.form {
            Some(form) if form == wanted || form == Form::Mixed => form,
            None => wanted,
            Some(_) => {
                self.mix(texts)?;
                Form::Mixed
            }
        };
        self.form = Some(form);
        self.rows.push(row);
        match form {
            Form::Integers => self.integers.push(integer),
            Form::Booleans => self.integers.push(i64::from(text == "true")),
            Form::Strings | Form::Mixed | Form::Pool => {
                self.kinds.push(kind as u8);
                self.slots.push(texts.intern(text, &mut self.lately)?);
            }
        }
        Ok(())
    }

    /// Gives every cell its own kind and text.
    #[cold]
    fn mix(&mut self, texts: &mut Texts) -> Result<(), FlattenError> {
        for integer in std::mem::take(&mut self.integers) {
            let (kind, slot) = match (self.form, integer) {
                (Some(Form::Booleans), 0) => (Kind::Boolean, texts.add("false")?),
                (Some(Form::Booleans), _) => (Kind::Boolean, texts.add("true")?),
                _ => (Kind::Integer, texts.add(itoa::Buffer::new().format(integer))?),
            };
            self.kinds.push(kind as u8);
            self.slots.push(slot);
        }
        Ok(())
    }

    /// How many places of rows, integers and texts are going to be handed over.
    pub fn sizes(&self, records: u32) -> [usize; 3] {
        let rows = if self.rows.len() < records as usize { self.rows.len() } else { 0 };
        [rows, self.integers.len(), self.slots.len()]
    }

    /// Hands the cells over, if there are any, and is empty again. `records` is the number of records of the page.
    pub fn hand_over(&mut self, path: &str, records: u32, writer: &mut Writer) {
        let Some(form) = self.form.take() else { return };
        let rows = (self.rows.len() < records as usize).then_some(self.rows.as_slice());
        let Self { integers, kinds, slots, .. } = &*self;
        writer.push(path.to_owned(), &Values { form, rows, integers, kinds, slots });
        self.rows.clear();
        self.integers.clear();
        self.kinds.clear();
        self.slots.clear();
        self.lately.forget();
    }
}
