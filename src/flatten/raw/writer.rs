//! Lays raw columns out as a [`RawBatch`].

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, ListArray, PrimitiveArray, RecordBatch,
    StringArray, StringViewArray, UInt8Array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Int64Type, UInt8Type, UInt32Type};

use super::{BUFFER, Form, RawBatch, SCHEMA, buffer_of};
use crate::flatten::error::FlattenError;

/// Collects raw columns.
pub(in crate::flatten) struct Writer {
    paths: Vec<String>,
    forms: Vec<u8>,
    few: Lists<UInt32Type>,
    flags: Flags,
    integers: Lists<Int64Type>,
    kinds: Lists<UInt8Type>,
    slots: Lists<UInt32Type>,
    texts: Texts,
}

/// The values of one raw column.
pub(in crate::flatten) struct Values<'a> {
    pub form: Form,
    pub rows: Rows<'a>,
    pub integers: &'a [i64],
    pub kinds: &'a [u8],
    pub texts: TextValues<'a>,
}

/// The records that have a value.
#[derive(Clone, Copy)]
pub(in crate::flatten) enum Rows<'a> {
    All,
    /// Their numbers, ascending.
    Few(&'a [u32]),
    /// A flag for every record.
    Flags(&'a BooleanBufferBuilder),
}

impl Rows<'_> {
    /// Whether the numbers of so many records take less room than a flag for every one.
    #[inline]
    pub fn are_few(count: u32, records: u32) -> bool {
        count < records / u32::BITS
    }
}

/// The values of one raw column that are text.
#[derive(Default)]
pub(in crate::flatten) struct TextValues<'a> {
    /// The place of every value's text, `None` if each has one of its own.
    pub slots: Option<&'a [u32]>,
    /// Of a sound array without nulls.
    pub views: &'a [u128],
    /// What the views refer to.
    pub buffers: Vec<Buffer>,
}

/// How many places of each list raw columns need.
#[derive(Clone, Copy, Default)]
pub(in crate::flatten) struct Sizes {
    pub integers: usize,
    pub slots: usize,
    pub texts: usize,
}

impl Sizes {
    pub fn add(self, other: Self) -> Self {
        Self {
            integers: self.integers + other.integers,
            slots: self.slots + other.slots,
            texts: self.texts + other.texts,
        }
    }
}

impl Writer {
    pub fn for_values(sizes: Sizes) -> Self {
        Self {
            few: Lists::default(),
            flags: Flags::default(),
            integers: Lists::for_values(sizes.integers),
            slots: Lists::for_values(sizes.slots),
            texts: Texts { views: Vec::with_capacity(sizes.texts), ..Texts::default() },
            kinds: Lists::default(),
            paths: Vec::new(),
            forms: Vec::new(),
        }
    }

    pub fn push(&mut self, path: String, values: Values<'_>) {
        self.paths.push(path);
        self.forms.push(values.form as u8);
        let (few, flags) = match values.rows {
            Rows::All => (None, None),
            Rows::Few(rows) => (Some(rows), None),
            Rows::Flags(flags) => (None, Some(flags)),
        };
        self.few.push(few);
        self.flags.push(flags);
        let text = matches!(values.form, Form::Strings | Form::Mixed);
        self.integers.push((!text).then_some(values.integers));
        self.kinds.push((values.form == Form::Mixed).then_some(values.kinds));
        self.slots.push(values.texts.slots.filter(|_| text));
        self.texts.push(text.then_some(values.texts));
    }

    /// One of the integer columns that all records have.
    pub fn push_integers(&mut self, name: &str, integers: &[i64]) {
        let values =
            Values { form: Form::Integers, rows: Rows::All, integers, kinds: &[], texts: TextValues::default() };
        self.push(name.to_owned(), values);
    }

    pub fn finish(self) -> Result<RawBatch, FlattenError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.paths)),
            Arc::new(UInt8Array::from(self.forms)),
            self.few.finish()?,
            self.flags.finish()?,
            self.integers.finish()?,
            self.kinds.finish()?,
            self.slots.finish()?,
            self.texts.finish()?,
        ];
        RawBatch::new(RecordBatch::try_new(SCHEMA.clone(), columns)?)
    }
}

/// A list array of flags in the making.
struct Flags {
    values: BooleanBufferBuilder,
    lengths: Vec<usize>,
    present: Vec<bool>,
}

impl Default for Flags {
    fn default() -> Self {
        Self { values: BooleanBufferBuilder::new(0), lengths: Vec::new(), present: Vec::new() }
    }
}

impl Flags {
    fn push(&mut self, values: Option<&BooleanBufferBuilder>) {
        self.present.push(values.is_some());
        self.lengths.push(values.map_or(0, BooleanBufferBuilder::len));
        if let Some(values) = values {
            self.values.append_packed_range(0..values.len(), values.as_slice());
        }
    }

    fn finish(self) -> Result<ArrayRef, FlattenError> {
        let values = BooleanArray::new(self.values.build(), None);
        list(DataType::Boolean, self.lengths, self.present, Arc::new(values))
    }
}

/// A list array of texts in the making.
#[derive(Default)]
struct Texts {
    views: Vec<u128>,
    buffers: Vec<Buffer>,
    lengths: Vec<usize>,
    present: Vec<bool>,
}

impl Texts {
    fn push(&mut self, values: Option<TextValues<'_>>) {
        self.present.push(values.is_some());
        let TextValues { views, buffers, .. } = values.unwrap_or_default();
        self.lengths.push(views.len());
        let before = (self.buffers.len() as u128) << BUFFER;
        let moved = |view: &u128| if buffer_of(*view).is_some() { *view + before } else { *view };
        self.views.extend(views.iter().map(moved));
        self.buffers.extend(buffers);
    }

    fn finish(self) -> Result<ArrayRef, FlattenError> {
        // SAFETY: every view is one of a sound array, with the number that its buffer has here.
        let texts = unsafe { StringViewArray::new_unchecked(self.views.into(), self.buffers, None) };
        list(DataType::Utf8View, self.lengths, self.present, Arc::new(texts))
    }
}

/// A list array in the making.
struct Lists<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    lengths: Vec<usize>,
    present: Vec<bool>,
}

impl<T: ArrowPrimitiveType> Default for Lists<T> {
    fn default() -> Self {
        Self { values: Vec::new(), lengths: Vec::new(), present: Vec::new() }
    }
}

impl<T: ArrowPrimitiveType> Lists<T> {
    fn for_values(values: usize) -> Self {
        Self { values: Vec::with_capacity(values), ..Self::default() }
    }

    fn push(&mut self, values: Option<&[T::Native]>) {
        self.present.push(values.is_some());
        let values = values.unwrap_or_default();
        self.lengths.push(values.len());
        self.values.extend_from_slice(values);
    }

    fn finish(self) -> Result<ArrayRef, FlattenError> {
        let values = PrimitiveArray::<T>::new(ScalarBuffer::from(self.values), None);
        list(T::DATA_TYPE, self.lengths, self.present, Arc::new(values))
    }
}

fn list(of: DataType, lengths: Vec<usize>, present: Vec<bool>, values: ArrayRef) -> Result<ArrayRef, FlattenError> {
    // A page of more than two billion values is no page.
    if i32::try_from(values.len()).is_err() {
        return Err(FlattenError::Damaged("a page holds too many values"));
    }
    let DataType::List(field) = DataType::new_list(of, false) else {
        return Err(FlattenError::Damaged("it is not a list"));
    };
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field, offsets, values, Some(NullBuffer::from(present)))?))
}
