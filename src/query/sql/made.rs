//! What a query's functions have made of texts, and somebody still holds.
//!
//! The engine counts what its sorts and groups keep and nothing of the inside of an expression, where each of a hundred
//! columns may become as large as a text function lets it. So the functions themselves count, all of a query together: what
//! they make is counted for as long as it lives.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use parking_lot::Mutex;

/// The texts of one query.
#[derive(Debug)]
pub(super) struct Made {
    /// Bytes of one batch's results of one function.
    at_once: u64,
    /// Bytes of all of them.
    together: u64,
    held: Mutex<Vec<(Weak<dyn Array>, u64)>>,
}

impl Made {
    /// `memory` is that of the query. What is sorted is held twice, here and by the sort, which has all of it; as much as
    /// half of it may be under way.
    pub fn of(memory: u64) -> Arc<Self> {
        Arc::new(Self { at_once: memory / 4, together: memory.saturating_add(memory / 2), held: Mutex::default() })
    }

    pub fn at_once(&self) -> u64 {
        self.at_once
    }

    /// Errors: with so many bytes more they would be too many.
    pub fn admit(&self, bytes: u64) -> Result<()> {
        let mut held = self.held.lock();
        held.retain(|(array, _)| array.strong_count() > 0);
        let sum = held.iter().fold(bytes, |sum, (_, bytes)| sum.saturating_add(*bytes));
        match bytes <= self.at_once && sum <= self.together {
            true => Ok(()),
            false => Err(exhausted(sum)),
        }
    }

    /// The result, as text that is copied no more by whatever takes parts of it, and counted.
    pub fn hold(&self, result: ColumnarValue, arguments: &[ArrayRef]) -> Result<ColumnarValue> {
        let array = match result {
            ColumnarValue::Array(array) => array,
            ColumnarValue::Scalar(ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text)) => {
                return Ok(ColumnarValue::Scalar(ScalarValue::Utf8View(text)));
            }
            other => return Ok(other),
        };
        let array = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => cast(&array, &DataType::Utf8View)?,
            _ => array,
        };
        let known: HashSet<usize> = arguments.iter().flat_map(buffers).map(|(place, _)| place).collect();
        let made =
            buffers(&array).into_iter().filter(|(place, _)| !known.contains(place)).map(|(_, bytes)| bytes).sum();
        self.held.lock().push((Arc::downgrade(&array), made));
        Ok(ColumnarValue::Array(array))
    }
}

pub(super) fn exhausted(bytes: u64) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!("{bytes} bytes of texts"))
}

/// Where the array's bytes lie, and how many.
fn buffers(array: &ArrayRef) -> Vec<(usize, u64)> {
    let data = array.to_data();
    let (mut parts, mut found) = (vec![&data], Vec::new());
    while let Some(part) = parts.pop() {
        let bytes = |buffer: &arrow::buffer::Buffer| (buffer.data_ptr().as_ptr() as usize, buffer.capacity() as u64);
        found.extend(part.buffers().iter().map(bytes));
        parts.extend(part.child_data());
    }
    found
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;

    use super::*;

    fn texts(bytes: usize) -> ColumnarValue {
        ColumnarValue::Array(Arc::new(StringArray::from(vec!["x".repeat(bytes)])))
    }

    #[test]
    fn what_lives_is_counted_and_what_is_gone_is_not() {
        let made = Made::of(4_000);
        assert!(made.admit(1_000).is_ok() && made.admit(1_001).is_err(), "a quarter at once");
        let mut living = Vec::new();
        for _ in 0..5 {
            made.admit(1_000).unwrap();
            living.push(made.hold(texts(1_000), &[]).unwrap());
        }
        assert!(made.admit(1_000).is_err(), "half as much again together");
        living.pop();
        assert!(made.admit(900).is_ok());
    }

    #[test]
    fn what_only_points_into_an_argument_takes_nothing() {
        let made = Made::of(4_000);
        let ColumnarValue::Array(argument) = made.hold(texts(3_000), &[]).unwrap() else { panic!("an array") };
        let again = ColumnarValue::Array(argument.slice(0, 1));
        let _again = made.hold(again, std::slice::from_ref(&argument)).unwrap();
        assert!(made.admit(1_000).is_ok());
    }
}
