//! Cells whose types are not settled yet: one batch per page, kept aside until the fill is complete.
//!
//! A raw batch is *turned on its side*: each of its Arrow rows is one raw column, saying which records have a value and
//! holding the values. So every page has the same Arrow schema whatever properties it holds (staging can
//! put any pages into one file), and a property that few records have takes room for those few only.
//!
//! | field | holds |
//! |---|---|
//! | `path` | a fixed column's name, or a property's keys from the record's root as a JSON array |
//! | `form` | which of the next fields hold the values, see [`Form`] |
//! | `few` | the few records that have a value, ascending |
//! | `flags` | of every record, whether it has a value; null, as `few` is, when all have one |
//! | `integers` | integers as such; booleans as 0 and 1 |
//! | `kinds` | for mixed values, the [`Kind`] of each |
//! | `slots` | the place of each value's text among the column's texts; null when each has one of its own |
//! | `texts` | for strings and mixed values, the column's texts: strings, numbers as written, JSON text |
//!
//! A text that comes again in a column has, mostly, the place it had before: most text is one of a few words, and raw
//! batches are what a fill holds and spills.

mod split;
pub(super) mod writer;

use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, RecordBatch, StringArray, StringViewArray, UInt8Array, UInt32Array,
};
use arrow::buffer::{BooleanBuffer, ScalarBuffer};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::FlattenError;
use super::kinds::Kind;
use super::times::day_of;
use crate::period::Days;

/// The integer columns that every raw batch has, one value per record.
pub(super) const TIME: &str = "time";
pub(super) const UTC: &str = "utc";
pub(super) const TS: &str = "ts";
pub(super) const BASE_HIGH: &str = "base_high";
pub(super) const BASE_LOW: &str = "base_low";
pub(super) const CONTENT: &str = "content";
pub(super) const INTEGERS: [&str; 6] = [TIME, UTC, TS, BASE_HIGH, BASE_LOW, CONTENT];

/// The fixed text columns: name, and key in the profile.
pub(super) const TEXTS: [(&str, &str); 11] = [
    ("object_id", "objectId"),
    ("identity", "identity"),
    ("email", "email"),
    ("phone", "phone"),
    ("name", "name"),
    ("all_identities", "all_identities"),
    ("platform", "platform"),
    ("make", "make"),
    ("model", "model"),
    ("os_version", "os_version"),
    ("app_version", "app_version"),
];

/// How the values of a raw column are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Form {
    /// All are [`Kind::Integer`] and written plainly.
    Integers = 0,
    Booleans = 1,
    /// All are strings.
    Strings = 2,
    /// Any kinds, each with its text as written.
    Mixed = 3,
}

impl Form {
    const ALL: [Self; 4] = [Self::Integers, Self::Booleans, Self::Strings, Self::Mixed];
}

pub(super) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let list = |name: &str, of: DataType| Field::new(name, DataType::new_list(of, false), true);
    Arc::new(Schema::new(vec![
        Field::new("path", DataType::Utf8, false),
        Field::new("form", DataType::UInt8, false),
        list("few", DataType::UInt32),
        list("flags", DataType::Boolean),
        list("integers", DataType::Int64),
        list("kinds", DataType::UInt8),
        list("slots", DataType::UInt32),
        list("texts", DataType::Utf8View),
    ]))
});

/// The records of one page (or a part of them), with values by source path.
///
/// Opaque outside this room: as a [`RecordBatch`] it may be written to and read from Arrow IPC, with any other raw
/// batches in the same file, but not sliced, and its number of Arrow rows is not the number of records.
#[derive(Clone, Debug)]
pub struct RawBatch {
    batch: RecordBatch,
    rows: usize,
}

impl RawBatch {
    pub(super) fn new(batch: RecordBatch) -> Result<Self, FlattenError> {
        let rows = Parts::of(&batch)?.integers(TIME)?.len();
        Ok(Self { batch, rows })
    }

    /// Number of records.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Memory the batch takes.
    pub fn bytes(&self) -> usize {
        self.batch.get_array_memory_size()
    }

    /// The earliest and the latest `event_time`, in local microseconds; `None` when there are no records.
    pub fn time_range(&self) -> Option<RangeInclusive<i64>> {
        let times = self.parts().ok()?.integers(TIME).ok()?;
        Some(min(&times)?..=max(&times)?)
    }

    /// The project-local days from the first to the last event; `None` when there are no records.
    pub fn day_range(&self) -> Option<Days> {
        let range = self.time_range()?;
        Days::new(day_of(*range.start())?, day_of(*range.end())?)
    }

    pub(super) fn parts(&self) -> Result<Parts, FlattenError> {
        Parts::of(&self.batch)
    }
}

impl From<RawBatch> for RecordBatch {
    fn from(raw: RawBatch) -> Self {
        raw.batch
    }
}

impl TryFrom<RecordBatch> for RawBatch {
    type Error = FlattenError;

    /// Errors: `Damaged` when the batch was not made by [`super::Flattener::page`].
    fn try_from(batch: RecordBatch) -> Result<Self, FlattenError> {
        if batch.schema().fields() != SCHEMA.fields() {
            return Err(DAMAGED);
        }
        let raw = Self::new(batch)?;
        let parts = raw.parts()?;
        for name in INTEGERS {
            if parts.integers(name)?.len() != raw.rows {
                return Err(DAMAGED);
            }
        }
        for index in 0..parts.len() {
            parts.column(index)?.check(raw.rows)?;
        }
        Ok(raw)
    }
}

/// A raw batch's arrays by their types: lists, and what the lists hold.
pub(super) struct Parts {
    path: StringArray,
    form: UInt8Array,
    few: (ListArray, ScalarBuffer<u32>),
    flags: (ListArray, BooleanBuffer),
    integers: (ListArray, Int64Array),
    kinds: (ListArray, ScalarBuffer<u8>),
    slots: (ListArray, ScalarBuffer<u32>),
    texts: (ListArray, StringViewArray),
}

impl Parts {
    fn of(batch: &RecordBatch) -> Result<Self, FlattenError> {
        let [path, form, few, flags, integers, kinds, slots, texts] = batch.columns() else { return Err(DAMAGED) };
        let list = |array: &ArrayRef| array.as_list_opt::<i32>().cloned().ok_or(DAMAGED);
        let (few, flags, texts) = (list(few)?, list(flags)?, list(texts)?);
        let (integers, kinds, slots) = (list(integers)?, list(kinds)?, list(slots)?);
        let few_values: &UInt32Array = few.values().as_primitive_opt().ok_or(DAMAGED)?;
        let flag_values = flags.values().as_boolean_opt().ok_or(DAMAGED)?;
        let integer_values = integers.values().as_primitive_opt().ok_or(DAMAGED)?.clone();
        let kind_values: &UInt8Array = kinds.values().as_primitive_opt().ok_or(DAMAGED)?;
        let slot_values: &UInt32Array = slots.values().as_primitive_opt().ok_or(DAMAGED)?;
        Ok(Self {
            path: path.as_string_opt().ok_or(DAMAGED)?.clone(),
            form: form.as_primitive_opt().ok_or(DAMAGED)?.clone(),
            few: (few.clone(), few_values.values().clone()),
            flags: (flags.clone(), flag_values.values().clone()),
            integers: (integers, integer_values),
            kinds: (kinds.clone(), kind_values.values().clone()),
            slots: (slots.clone(), slot_values.values().clone()),
            texts: (texts.clone(), texts.values().as_string_view_opt().ok_or(DAMAGED)?.clone()),
        })
    }

    /// Number of raw columns.
    pub fn len(&self) -> usize {
        self.path.len()
    }

    /// A fixed column's name, or a property's keys as a JSON array.
    pub fn path(&self, index: usize) -> &str {
        self.path.value(index)
    }

    /// The values of one of the integer columns that all records have.
    pub fn integers(&self, name: &str) -> Result<Int64Array, FlattenError> {
        let index = self.path.iter().position(|path| path == Some(name)).ok_or(DAMAGED)?;
        let column = self.column(index)?;
        match (column.form, column.rows) {
            (Form::Integers, Rows::All) => Ok(column.integers),
            _ => Err(DAMAGED),
        }
    }

    pub fn column(&self, index: usize) -> Result<RawColumn, FlattenError> {
        let form = self.form.value(index);
        let (integers, kinds) = (range(&self.integers.0, index), range(&self.kinds.0, index));
        let (slots, texts) = (range(&self.slots.0, index), range(&self.texts.0, index));
        let (few, flags) = (range(&self.few.0, index), range(&self.flags.0, index));
        Ok(RawColumn {
            form: Form::ALL.into_iter().find(|known| *known as u8 == form).ok_or(DAMAGED)?,
            rows: match (self.few.0.is_valid(index), self.flags.0.is_valid(index)) {
                (false, false) => Rows::All,
                (true, false) => Rows::Few(self.few.1.slice(few.start, few.len())),
                (false, true) => Rows::Flags(self.flags.1.slice(flags.start, flags.len())),
                (true, true) => return Err(DAMAGED),
            },
            integers: self.integers.1.slice(integers.start, integers.len()),
            kinds: self.kinds.1.slice(kinds.start, kinds.len()),
            slots: self.slots.0.is_valid(index).then(|| self.slots.1.slice(slots.start, slots.len())),
            texts: self.texts.1.slice(texts.start, texts.len()),
        })
    }
}

/// Texts up to this length lie in the view itself.
const INLINE: u32 = 12;
/// A view's bits from here on are the number of its buffer, 32 of them.
pub(super) const BUFFER: u32 = 64;

/// The number of the buffer that a view refers to, if it does.
#[inline]
pub(super) fn buffer_of(view: u128) -> Option<usize> {
    (view as u32 > INLINE).then_some((view >> BUFFER) as u32 as usize)
}

const DAMAGED: FlattenError = FlattenError::Damaged("they are not laid out as raw batches are");

fn range(list: &ListArray, index: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    offsets[index] as usize..offsets[index + 1] as usize
}

/// The records that have a value.
#[derive(Debug, PartialEq)]
pub(super) enum Rows {
    All,
    /// The few that have one, ascending.
    Few(ScalarBuffer<u32>),
    /// Of every record, whether it has one.
    Flags(BooleanBuffer),
}

/// One raw column, sharing its values with the batch.
pub(super) struct RawColumn {
    pub form: Form,
    pub rows: Rows,
    /// The values in the forms `Integers` and `Booleans`.
    pub integers: Int64Array,
    /// The kinds in the form `Mixed`, see [`Kind`].
    pub kinds: ScalarBuffer<u8>,
    /// Where in `texts` each value is, in the forms `Strings` and `Mixed`; `None` when each has a text of its own.
    pub slots: Option<ScalarBuffer<u32>>,
    pub texts: StringViewArray,
}

impl RawColumn {
    /// Number of values.
    pub fn len(&self) -> usize {
        match (self.form, &self.slots) {
            (Form::Integers | Form::Booleans, _) => self.integers.len(),
            (Form::Strings | Form::Mixed, None) => self.texts.len(),
            (Form::Strings | Form::Mixed, Some(slots)) => slots.len(),
        }
    }

    /// The text of a value in the forms `Strings` and `Mixed`.
    #[inline]
    pub fn text(&self, index: usize) -> &str {
        self.texts.value(self.slots.as_ref().map_or(index, |slots| slots[index] as usize))
    }

    /// All of those, as an array that shares their bytes, and of the batch's buffers has this column's only.
    pub fn texts(&self) -> StringViewArray {
        let numbers = self.texts.views().iter().filter_map(|view| buffer_of(*view));
        let (lowest, highest) = numbers.fold((usize::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
        let buffers = self.texts.data_buffers().get(lowest..=highest).unwrap_or_default().to_vec();
        let before = if buffers.is_empty() { 0 } else { (lowest as u128) << BUFFER };
        let moved = |view: &u128| if buffer_of(*view).is_some() { *view - before } else { *view };
        let views: Vec<u128> = match &self.slots {
            Some(slots) => slots.iter().map(|slot| moved(&self.texts.views()[*slot as usize])).collect(),
            None => self.texts.views().iter().map(moved).collect(),
        };
        // SAFETY: every view is one of a sound array, with the number that its buffer has here.
        unsafe { StringViewArray::new_unchecked(views.into(), buffers, None) }
    }

    /// Refuses what would lead to wrong cells: this may come from a file.
    fn check(&self, records: usize) -> Result<(), FlattenError> {
        let sound_rows = match &self.rows {
            Rows::All => self.len() == records,
            Rows::Few(rows) => {
                rows.len() == self.len()
                    && rows.is_sorted_by(|one, next| one < next)
                    && rows.last().is_none_or(|last| (*last as usize) < records)
            }
            Rows::Flags(flags) => flags.len() == records && flags.count_set_bits() == self.len(),
        };
        let sound_kinds = match self.form {
            Form::Mixed => {
                self.kinds.len() == self.len() && self.kinds.iter().all(|code| Kind::from_code(*code).is_some())
            }
            _ => self.kinds.is_empty(),
        };
        let sound_texts = match self.form {
            Form::Strings | Form::Mixed => {
                let most = self.slots.iter().flat_map(|slots| slots.iter()).max();
                most.is_none_or(|most| (*most as usize) < self.texts.len()) && self.texts.null_count() == 0
            }
            Form::Integers | Form::Booleans => self.slots.is_none() && self.texts.is_empty(),
        };
        if sound_rows && sound_kinds && sound_texts { Ok(()) } else { Err(DAMAGED) }
    }
}
