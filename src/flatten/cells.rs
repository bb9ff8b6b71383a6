//! The cells of one column of one page, in the narrowest form that holds them.

mod presence;
mod texts;

use foldhash::fast::RandomState;

use self::presence::Presence;
use self::texts::Texts;
use super::error::FlattenError;
use super::kinds::Kind;
use super::raw::Form;
use super::raw::writer::{Sizes, TextValues, Values, Writer};
use super::record::Cell;
use super::seen::{PathSeen, Sight};

/// One column of one page. Rows come in ascending order, each at most once.
///
/// A record touches all columns, one after the other, and the memory of a cell's last neighbours does not stay near the
/// processor meanwhile. So what is the same for all cells, as it mostly is, is held once: which records have a cell is
/// noted from the first one without a value on, kinds from the first value of another kind on.
///
/// What every cell needs lies in one line of the processor's cache, and what one more text needs in another.
#[derive(Default)]
#[repr(C, align(64))]
pub(super) struct ColumnCells {
    /// When a value of the first cell's kind was first seen.
    first: Sight,
    integers: Vec<i64>,
    /// Number of cells.
    count: u32,
    form: Option<Form>,
    /// Kind of the first cell.
    kind: Option<Kind>,
    /// Whether there are texts of other kinds.
    mixed: bool,
    texts: Texts,
    present: Presence,
    /// Of the texts. Empty as long as all cells are of the first one's kind.
    kinds: Vec<u8>,
}

const _: () = assert!(std::mem::offset_of!(ColumnCells, texts) == 64);

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

    /// Adds a cell as one of this kind; `text` is its text. The hasher is the same for all of a page.
    #[inline]
    pub fn push(
        &mut self,
        row: u32,
        kind: Kind,
        cell: &Cell<'_>,
        text: &str,
        hasher: &RandomState,
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
                self.mix(hasher)?;
                Form::Mixed
            }
        };
        self.form = Some(form);
        // Rows ascend, so that behind the first gap every row is greater.
        if row != self.count {
            self.present.push(row, self.count);
        }
        self.count += 1;
        match form {
            Form::Integers => self.integers.push(cell.integer),
            Form::Booleans => self.integers.push(i64::from(text == "true")),
            Form::Strings | Form::Mixed => {
                if *self.kind.get_or_insert(kind) != kind || self.mixed {
                    self.list_kinds();
                    self.kinds.push(kind as u8);
                }
                self.texts.push(text, cell.hash, hasher)?;
            }
        }
        Ok(())
    }

    /// The kinds of the texts so far, if they are not listed yet.
    #[inline]
    fn list_kinds(&mut self) {
        if !self.mixed {
            self.kinds.resize(self.texts.len(), self.kind.unwrap_or(Kind::Text) as u8);
            self.mixed = true;
        }
    }

    /// Gives every cell a text. All are of the first one's kind.
    #[cold]
    fn mix(&mut self, hasher: &RandomState) -> Result<(), FlattenError> {
        for integer in std::mem::take(&mut self.integers) {
            match (self.form, integer) {
                (Some(Form::Booleans), 0) => self.texts.push_rarely("false", hasher)?,
                (Some(Form::Booleans), _) => self.texts.push_rarely("true", hasher)?,
                _ => self.texts.push_rarely(itoa::Buffer::new().format(integer), hasher)?,
            }
        }
        Ok(())
    }

    /// How much is going to be handed over.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            integers: self.integers.len(),
            slots: self.texts.slots().map_or(0, <[u32]>::len),
            texts: self.texts.distinct(),
        }
    }

    /// Hands the cells over, if there are any, and is empty again. `records` is the number of records of the page. Comes
    /// back with what [`ColumnCells::note`] kept to itself: a kind, and when it was first seen.
    pub fn hand_over(&mut self, path: &str, records: u32, writer: &mut Writer) -> Option<(Kind, Sight)> {
        let form = self.form.take()?;
        if form == Form::Mixed {
            self.list_kinds();
        }
        let buffers = self.texts.take_bytes().into_iter().collect();
        let texts = TextValues { slots: self.texts.slots(), views: self.texts.views(), buffers };
        let rows = self.present.rows(self.count, records);
        writer.push(path.to_owned(), Values { form, rows, integers: &self.integers, kinds: &self.kinds, texts });
        self.count = 0;
        self.present.clear();
        self.integers.clear();
        self.kinds.clear();
        self.mixed = false;
        self.texts.clear();
        Some((self.kind.take()?, std::mem::take(&mut self.first)))
    }
}
