//! Lays raw columns out as a [`RawBatch`].

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, ListArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
    UInt8Array, UInt32Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type, UInt8Type, UInt32Type};

use super::{Form, RawBatch, SCHEMA};
use crate::flatten::error::FlattenError;

/// Collects raw columns; texts are given as places in one array that all columns share.
#[derive(Default)]
pub(in crate::flatten) struct Writer {
    paths: Vec<String>,
    forms: Vec<u8>,
    rows: Lists<UInt32Type>,
    integers: Lists<Int64Type>,
    kinds: Lists<UInt8Type>,
    slots: Lists<UInt32Type>,
}

/// The values of one raw column.
pub(in crate::flatten) struct Values<'a> {
    pub form: Form,
    /// The records that have a value, `None` when all have one.
    pub rows: Option<&'a [u32]>,
    pub integers: &'a [i64],
    pub kinds: &'a [u8],
    pub slots: &'a [u32],
}

impl Writer {
    pub fn push(&mut self, path: String, values: &Values<'_>) {
        self.paths.push(path);
        self.forms.push(values.form as u8);
        self.rows.push(values.rows);
        let integers = matches!(values.form, Form::Integers | Form::Booleans).then_some(values.integers);
        self.integers.push(integers);
        self.kinds.push((values.form == Form::Mixed).then_some(values.kinds));
        self.slots.push(integers.is_none().then_some(values.slots));
    }

    /// One of the integer columns that all records have.
    pub fn push_integers(&mut self, name: &str, integers: &[i64]) {
        let values = Values { form: Form::Integers, rows: None, integers, kinds: &[], slots: &[] };
        self.push(name.to_owned(), &values);
    }

    /// `texts` are those that the slots speak of; the batch shares their bytes.
    pub fn finish(self, texts: &StringViewArray) -> Result<RawBatch, FlattenError> {
        let texts = self.pick(texts)?;
        self.lay_out(Arc::new(texts))
    }

    /// As [`Writer::finish`], with a copy of just the bytes that are used.
    pub fn finish_compact(self, texts: &StringViewArray) -> Result<RawBatch, FlattenError> {
        let texts = self.pick(texts)?;
        self.lay_out(Arc::new(texts.gc()))
    }

    fn pick(&self, texts: &StringViewArray) -> Result<StringViewArray, FlattenError> {
        let slots = UInt32Array::from_iter_values(self.slots.values.iter().copied());
        Ok(take(texts, &slots, None)?.as_string_view().clone())
    }

    fn lay_out(self, texts: ArrayRef) -> Result<RawBatch, FlattenError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.paths)),
            Arc::new(UInt8Array::from(self.forms)),
            self.rows.finish()?,
            self.integers.finish()?,
            self.kinds.finish()?,
            list(DataType::Utf8View, self.slots.lengths, self.slots.present, texts)?,
        ];
        RawBatch::new(RecordBatch::try_new(SCHEMA.clone(), columns)?)
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
