//! From untyped values to the cells of a typed column and of its sibling, a whole raw column at a time.
//!
//! For every value exactly one of the two holds it: [`typed`] those whose kind fits the column's type, [`unfit`] the
//! others, unchanged (strings as they are, everything else as written).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, StringViewBuilder,
    new_null_array,
};
use arrow::compute::{not, nullif};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::kinds::{Kind, date_seconds, of_string};
use super::raw::{Form, RawColumn};
use super::times::wall_clock;
use crate::period::day_number;
use crate::table::ColumnType;

/// The values that fit `column`, as its Arrow type; null in place of the others.
pub(super) fn typed(raw: &RawColumn, column: ColumnType) -> Result<ArrayRef, ArrowError> {
    Ok(match (raw.form, column) {
        (Form::Integers, ColumnType::Integer) => Arc::new(raw.integers.clone()),
        // Within ±2^53, so no digit is lost.
        (Form::Integers, ColumnType::Number) => {
            Arc::new(raw.integers.unary::<_, Float64Type>(|integer| integer as f64))
        }
        (Form::Booleans, ColumnType::Boolean) => {
            Arc::new(raw.integers.values().iter().map(|value| Some(*value != 0)).collect::<BooleanArray>())
        }
        (_, ColumnType::Text) => Arc::new(texts(raw)),
        (Form::Strings | Form::Mixed, ColumnType::Integer) => {
            Arc::new(fitting(raw, column).map(|text| text?.parse().ok()).collect::<Int64Array>())
        }
        (Form::Strings | Form::Mixed, ColumnType::Number) => {
            Arc::new(fitting(raw, column).map(|text| text?.parse().ok()).collect::<Float64Array>())
        }
        (Form::Strings | Form::Mixed, ColumnType::TimestampUtc) => {
            let micros = per_value(raw, |text| Some(date_seconds(text)? * 1_000_000));
            // Among strings only a date reads as one.
            let is_date = |index| raw.form == Form::Strings || kind(raw, index) == Some(Kind::Date);
            let micros = micros.into_iter().enumerate().map(|(index, micros)| micros.filter(|_| is_date(index)));
            let micros = micros.collect::<Int64Array>().reinterpret_cast::<TimestampMicrosecondType>();
            Arc::new(micros.with_timezone("UTC"))
        }
        (Form::Mixed, ColumnType::Boolean) => {
            Arc::new(fitting(raw, column).map(|text| Some(text? == "true")).collect::<BooleanArray>())
        }
        (Form::Mixed, ColumnType::Json) if all_fit(raw, column) => Arc::new(raw.texts()),
        (Form::Mixed, ColumnType::Json) => nullif(&raw.texts(), &not(&fits(raw, column))?)?,
        // Nothing of this form fits such a column.
        _ => new_null_array(&column.arrow(), raw.len()),
    })
}

/// All values as the type of the fixed column `column`; `None` when one of them is not of that type.
///
/// Beyond what properties are typed as: dates and local timestamps in ISO form, and scalars as JSON text.
pub(super) fn typed_exactly(raw: &RawColumn, column: ColumnType) -> Result<Option<ArrayRef>, ArrowError> {
    let strings = |index| kind(raw, index).is_some_and(Kind::is_string).then(|| raw.text(index));
    let array: ArrayRef = match (raw.form, column) {
        (Form::Strings | Form::Mixed, ColumnType::Date) => {
            let day = |index| Some(day_number(strings(index)?.parse().ok()?));
            Arc::new((0..raw.len()).map(day).collect::<Date32Array>())
        }
        (Form::Strings | Form::Mixed, ColumnType::Timestamp) => {
            let micros = |index| Some(wall_clock(strings(index)?.parse().ok()?));
            let micros = (0..raw.len()).map(micros).collect::<Int64Array>();
            Arc::new(micros.reinterpret_cast::<TimestampMicrosecondType>())
        }
        (Form::Integers | Form::Booleans, ColumnType::Json) => Arc::new(texts(raw)),
        (Form::Strings | Form::Mixed, ColumnType::Json) => {
            let quoted = |index| match strings(index) {
                Some(text) => serde_json::Value::from(text).to_string(),
                None => raw.text(index).to_owned(),
            };
            Arc::new(StringViewArray::from_iter_values((0..raw.len()).map(quoted)))
        }
        _ => typed(raw, column)?,
    };
    Ok((array.null_count() == 0).then_some(array))
}

/// The values that do not fit `column`, as text; `None` when all fit.
pub(super) fn unfit(raw: &RawColumn, column: ColumnType) -> Result<Option<ArrayRef>, ArrowError> {
    if column == ColumnType::Text {
        return Ok(None);
    }
    Ok(match raw.form {
        Form::Integers if Kind::Integer.fits(column) => None,
        Form::Booleans if Kind::Boolean.fits(column) => None,
        Form::Integers | Form::Booleans => Some(Arc::new(texts(raw))),
        Form::Strings | Form::Mixed => {
            let fits = fits(raw, column);
            if fits.false_count() > 0 { Some(nullif(&raw.texts(), &fits)?) } else { None }
        }
    })
}

/// All values as text.
fn texts(raw: &RawColumn) -> StringViewArray {
    let mut builder = StringViewBuilder::with_capacity(raw.len());
    match raw.form {
        Form::Strings | Form::Mixed => return raw.texts(),
        Form::Integers => {
            let mut buffer = itoa::Buffer::new();
            raw.integers.values().iter().for_each(|integer| builder.append_value(buffer.format(*integer)));
        }
        Form::Booleans => {
            raw.integers.values().iter().for_each(|value| {
                builder.append_value(if *value == 0 { "false" } else { "true" });
            });
        }
    }
    builder.finish()
}

/// What `of` makes of every value's text. It is asked once per text.
fn per_value<T: Copy>(raw: &RawColumn, of: impl Fn(&str) -> T) -> Vec<T> {
    let made: Vec<T> = (0..raw.texts.len()).map(|index| of(raw.texts.value(index))).collect();
    match &raw.slots {
        Some(slots) => slots.iter().map(|slot| made[*slot as usize]).collect(),
        None => made,
    }
}

/// The kind of each text.
fn kind(raw: &RawColumn, index: usize) -> Option<Kind> {
    match raw.form {
        Form::Strings => Some(of_string(raw.text(index))),
        _ => Kind::from_code(*raw.kinds.get(index)?),
    }
}

/// Whether mixed values are known to fit, all of them.
fn all_fit(raw: &RawColumn, column: ColumnType) -> bool {
    let met = raw.kinds.iter().fold(0u16, |met, code| met | (1 << *code));
    raw.form == Form::Mixed && Kind::ALL.into_iter().all(|kind| met & (1 << kind as u8) == 0 || kind.fits(column))
}

/// The text of each value whose kind fits.
fn fitting(raw: &RawColumn, column: ColumnType) -> impl Iterator<Item = Option<&str>> {
    (0..raw.len()).map(move |index| {
        let fits = kind(raw, index).is_some_and(|kind| kind.fits(column));
        fits.then(|| raw.text(index))
    })
}

/// Whether each value fits.
fn fits(raw: &RawColumn, column: ColumnType) -> BooleanArray {
    let fits = (0..raw.len()).map(|index| Some(kind(raw, index).is_some_and(|kind| kind.fits(column))));
    fits.collect()
}
