//! The cells of one column of one page, in the narrowest form that holds them.

use arrow::array::{StringViewArray, StringViewBuilder};

use super::error::FlattenError;
use super::kinds::Kind;
use super::raw::Form;
use super::raw::writer::{Values, Writer};

/// The texts of all columns of a page.
#[derive(Default)]
pub(super) struct Texts {
    builder: StringViewBuilder,
    count: u32,
}

impl Texts {
    /// Adds a text and gives its place.
    #[inline]
    fn add(&mut self, text: &str) -> Result<u32, FlattenError> {
        self.builder.try_append_value(text)?;
        self.count += 1;
        Ok(self.count - 1)
    }

    pub fn finish(&mut self) -> StringViewArray {
        self.count = 0;
        self.builder.finish()
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
            Form::Strings | Form::Mixed => {
                self.kinds.push(kind as u8);
                self.slots.push(texts.add(text)?);
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
    }
}
