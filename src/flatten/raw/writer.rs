//! Lays raw columns out as a [`RawBatch`].

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, ListArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
    UInt8Array, UInt32Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type, UInt8Type, UInt32Type};

use super::{Form, POOL, RawBatch, SCHEMA};
use crate::flatten::error::FlattenError;

/// Collects raw columns; texts are given as places in the one array that all columns share.
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
    /// For so many places of rows, integers and texts.
    pub fn for_values([rows, integers, texts]: [usize; 3]) -> Self {
        Self {
            rows: Lists::for_values(rows),
            integers: Lists::for_values(integers),
            slots: Lists::for_values(texts),
            ..Self::default()
        }
    }

    pub fn push(&mut self, path: String, values: &Values<'_>) {
        self.paths.push(path);
        self.forms.push(values.form as u8);
        self.rows.push(values.rows);
        let integers = matches!(values.form, Form::Integers | Form::Booleans).then_some(values.integers);
        self.integers.push(integers);
        self.kinds.push((values.form == Form::Mixed).then_some(values.kinds));
        self.slots.push(matches!(values.form, Form::Strings | Form::Mixed).then_some(values.slots));
    }

    /// One of the integer columns that all records have.
    pub fn push_integers(&mut self, name: &str, integers: &[i64]) {
        let values = Values { form: Form::Integers, rows: None, integers, kinds: &[], slots: &[] };
        self.push(name.to_owned(), &values);
    }

    /// `texts` are those that the slots speak of.
    pub fn finish(mut self, texts: StringViewArray) -> Result<RawBatch, FlattenError> {
        self.push(POOL.to_owned(), &Values { form: Form::Pool, rows: None, integers: &[], kinds: &[], slots: &[] });
        let mut lengths = vec![0; self.paths.len()];
        let mut present = vec![false; self.paths.len()];
        if let (Some(length), Some(present)) = (lengths.last_mut(), present.last_mut()) {
            (*length, *present) = (texts.len(), true);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.paths)),
            Arc::new(UInt8Array::from(self.forms)),
            self.rows.finish()?,
            self.integers.finish()?,
            self.kinds.finish()?,
            self.slots.finish()?,
            list(DataType::Utf8View, lengths, present, Arc::new(texts))?,
        ];
        RawBatch::new(RecordBatch::try_new(SCHEMA.clone(), columns)?)
    }

    /// As [`Writer::finish`], with a copy of just the texts that are used.
    pub fn finish_compact(mut self, texts: &StringViewArray) -> Result<RawBatch, FlattenError> {
        let mut homes = vec![u32::MAX; texts.len()];
        let mut used = Vec::new();
        for slot in &mut self.slots.values {
            if let Some(home) = homes.get_mut(*slot as usize) {
                if *home == u32::MAX {
                    *home = used.len() as u32;
                    used.push(*slot);
                }
                *slot = *home;
            }
        }
        let texts = take(texts, &UInt32Array::from(used), None)?.as_string_view().gc();
        self.finish(texts)
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
