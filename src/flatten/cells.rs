//! The cells of one column of one page, in the narrowest form that holds them.

use std::hash::BuildHasher;

use arrow::array::{Array, StringViewArray, StringViewBuilder};
use foldhash::fast::RandomState;

use super::error::FlattenError;
use super::kinds::Kind;
use super::raw::Form;
use super::raw::writer::{Values, Writer};
use super::record::Cell;
use super::seen::{PathSeen, Sight};

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

    /// As [`Texts::add`], but a text that came lately in the same column has the place that it had then. `hash` is one of
    /// the value within its column, 0 if there is none yet.
    #[inline]
    fn intern(&mut self, text: &str, hash: u128, lately: &mut Lately) -> Result<u32, FlattenError> {
        if lately.tried >= LATELY_TRIED && lately.met < lately.tried / LATELY_WORTH {
            return self.add(text);
        }
        lately.tried += 1;
        let slots = lately.slots.get_or_insert_with(|| Box::new([NEVER; LATELY]));
        let hash = if hash == 0 { self.hasher.hash_one(text) } else { hash as u64 };
        let at = hash as usize % LATELY;
        let slot = slots[at];
        if slot != NEVER && self.builder.get_value(slot as usize) == text.as_bytes() {
            lately.met += 1;
            return Ok(slot);
        }
        let slot = self.add(text)?;
        slots[at] = slot;
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
    slots: Option<Box<[u32; LATELY]>>,
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
        if let Some(slots) = &mut self.slots {
            slots.fill(NEVER);
        }
        (self.tried, self.met) = (0, 0);
    }
}

/// One column of one page. Rows come in ascending order, each at most once.
///
/// A record touches all columns, one after the other, and the memory of a cell's last neighbours does not stay near the
/// processor meanwhile. So what is the same for all cells, as it mostly is, is held once: rows are listed from the first
/// record without a value on, kinds from the first value of another kind on.
///
/// What a text needs lies in one line of the processor's cache.
#[derive(Default)]
#[repr(C, align(64))]
pub(super) struct ColumnCells {
    slots: Vec<u32>,
    lately: Lately,
    /// When a value of the first cell's kind was first seen.
    first: Sight,
    /// Number of cells.
    count: u32,
    form: Option<Form>,
    /// Kind of the first cell.
    kind: Option<Kind>,
    /// Whether there are texts of other kinds.
    mixed: bool,
    integers: Vec<i64>,
    /// Empty as long as the cells are those of the first records.
    rows: Vec<u32>,
    /// Of the texts. Empty as long as all cells are of the first one's kind.
    kinds: Vec<u8>,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(std::mem::offset_of!(ColumnCells, integers) == 64);

impl ColumnCells {
    /// Notes that a value of this kind was seen, in `seen` only if that cannot be said at the end of the page.
    #[inline]
    pub fn note(&mut self, kind: Kind, sight: Sight, seen: &mut PathSeen) {
        if *self.kind.get_or_insert(kind) != kind {
            seen.note(kind, sight);
        } else if sight < self.first {
            self.first = sight;
        }
    }

    /// Adds a cell as one of this kind; `text` is its text.
    #[inline]
    pub fn push(
        &mut self,
        row: u32,
        kind: Kind,
        cell: &Cell<'_>,
        text: &str,
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
        // Rows ascend, so that behind the first gap every row is greater.
        if row != self.count {
            self.list_rows();
            self.rows.push(row);
        }
        self.count += 1;
        match form {
            Form::Integers => self.integers.push(cell.integer),
            Form::Booleans => self.integers.push(i64::from(text == "true")),
            Form::Strings | Form::Mixed | Form::Pool => {
                if *self.kind.get_or_insert(kind) != kind || self.mixed {
                    self.list_kinds();
                    self.kinds.push(kind as u8);
                }
                self.slots.push(texts.intern(text, cell.hash, &mut self.lately)?);
            }
        }
        Ok(())
    }

    /// The rows so far, if they are not listed yet.
    #[inline]
    fn list_rows(&mut self) {
        if self.rows.is_empty() {
            self.rows.extend(0..self.count);
        }
    }

    /// The kinds of the texts so far, if they are not listed yet.
    #[inline]
    fn list_kinds(&mut self) {
        if !self.mixed {
            self.kinds.resize(self.slots.len(), self.kind.unwrap_or(Kind::Text) as u8);
            self.mixed = true;
        }
    }

    /// Gives every cell its own text. All are of the first one's kind.
    #[cold]
    fn mix(&mut self, texts: &mut Texts) -> Result<(), FlattenError> {
        for integer in std::mem::take(&mut self.integers) {
            let slot = match (self.form, integer) {
                (Some(Form::Booleans), 0) => texts.add("false")?,
                (Some(Form::Booleans), _) => texts.add("true")?,
                _ => texts.add(itoa::Buffer::new().format(integer))?,
            };
            self.slots.push(slot);
        }
        Ok(())
    }

    /// How many places of rows, integers and texts are going to be handed over.
    pub fn sizes(&self, records: u32) -> [usize; 3] {
        let rows = if self.count < records { self.count as usize } else { 0 };
        [rows, self.integers.len(), self.slots.len()]
    }

    /// Hands the cells over, if there are any, and is empty again. `records` is the number of records of the page. Comes
    /// back with what [`ColumnCells::note`] kept to itself: a kind, and when it was first seen.
    pub fn hand_over(&mut self, path: &str, records: u32, writer: &mut Writer) -> Option<(Kind, Sight)> {
        let form = self.form.take()?;
        let every = self.count == records;
        if !every {
            self.list_rows();
        }
        if form == Form::Mixed {
            self.list_kinds();
        }
        let Self { rows, integers, kinds, slots, .. } = &*self;
        let rows = (!every).then_some(rows.as_slice());
        writer.push(path.to_owned(), &Values { form, rows, integers, kinds, slots });
        self.count = 0;
        self.rows.clear();
        self.integers.clear();
        self.kinds.clear();
        self.mixed = false;
        self.slots.clear();
        self.lately.forget();
        Some((self.kind.take()?, std::mem::take(&mut self.first)))
    }
}
