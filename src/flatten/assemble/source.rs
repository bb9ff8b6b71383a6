//! Where the cells of each output column come from.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, StringViewArray, StringViewBuilder, UInt32Array, new_null_array,
};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use jiff::civil::Date;

use super::order::Row;
use super::texts::Texts;
use crate::flatten::contract::{FIXED_CELLS, Places};
use crate::flatten::error::FlattenError;
use crate::flatten::page::EventSpec;
use crate::flatten::raw::{Form, RawBatch, RawColumn, Rows, TIME, TS, UTC};
use crate::flatten::seen::path_text;
use crate::flatten::typing::{typed, typed_exactly, unfit};
use crate::period::day_number;
use crate::table::{Column, ColumnType, Origin};

/// One output column.
pub(super) enum Source {
    /// The row ids.
    RowId,
    /// One value for every row.
    Constant(ArrayRef),
    /// Text of every raw batch.
    Texts(Texts),
    /// Typed values of every raw batch, and behind them an array of one null. None of them is text.
    Values { arrays: Vec<ArrayRef>, places: Vec<Place> },
    /// No row has a value.
    Nothing(DataType),
}

/// Where a raw batch has the values of its records.
pub(super) enum Place {
    /// It has no such column.
    Absent,
    /// Every record has a value.
    Every,
    Some(Vec<Word>),
    /// The few records that have a value, ascending.
    Few(ScalarBuffer<u32>),
}

/// 64 records: whether each has a value, and how many records before these have one.
pub(super) struct Word {
    bits: u64,
    before: usize,
}

/// For text that stays as it came: the values' places in the array, if it has not one text per value.
pub(super) type Slots = Option<ScalarBuffer<u32>>;

/// The sources of all columns, in their order.
pub(super) fn sources(
    columns: &[Column],
    spec: &EventSpec,
    raws: &[&RawBatch],
    day: Date,
) -> Result<Vec<Source>, FlattenError> {
    let mut pieces = pieces(raws)?;
    let places = Places::of(columns);
    let mut sources: Vec<Option<Source>> = columns.iter().map(|_| None).collect();
    for (index, column) in columns.iter().enumerate() {
        let source = match &column.origin {
            Origin::Fixed(_) if places.fixed.contains(column.name.as_str()) => {
                let path = path_text(&[FIXED_CELLS.to_owned(), column.name.clone()]);
                held(column, pieces.remove(&path).unwrap_or_default(), raws.len())?
            }
            Origin::Fixed(_) => fixed(column, spec, &mut pieces, raws.len(), day)?,
            Origin::Property(keys) => {
                let own = pieces.remove(&path_text(keys)).unwrap_or_default();
                let sibling = places.siblings.get(keys.as_slice()).copied();
                let (source, unfit) = property(column, own, raws.len())?;
                match (unfit, sibling.and_then(|sibling| sources.get_mut(sibling))) {
                    (None, _) => {}
                    (Some(unfit), Some(sibling)) => *sibling = Some(unfit),
                    (Some(_), None) => return Err(FlattenError::Unsettled(column.name.clone())),
                }
                source
            }
            Origin::Sibling(_) => continue,
        };
        if let Some(place) = sources.get_mut(index) {
            *place = Some(source);
        }
    }
    if let Some(path) = pieces.into_keys().find(|path| path.starts_with('[')) {
        return Err(FlattenError::Unsettled(path));
    }
    let nothing = |(source, column): (Option<Source>, &Column)| source.unwrap_or(Source::Nothing(column.kind.arrow()));
    Ok(sources.into_iter().zip(columns).map(nothing).collect())
}

/// The raw columns of all raw batches by path; each with the number of its batch.
type Pieces = HashMap<String, Vec<(usize, RawColumn)>>;

fn pieces(raws: &[&RawBatch]) -> Result<Pieces, FlattenError> {
    let mut pieces = Pieces::new();
    for (number, raw) in raws.iter().enumerate() {
        let parts = raw.parts()?;
        for index in 0..parts.len() {
            let column = parts.column(index)?;
            match pieces.get_mut(parts.path(index)) {
                Some(known) => known.push((number, column)),
                None => drop(pieces.insert(parts.path(index).to_owned(), vec![(number, column)])),
            }
        }
    }
    Ok(pieces)
}

fn fixed(
    column: &Column,
    spec: &EventSpec,
    pieces: &mut Pieces,
    raws: usize,
    day: Date,
) -> Result<Source, FlattenError> {
    let raw_name = match column.name.as_str() {
        "row_id" => return Ok(Source::RowId),
        "event_name" => {
            return Ok(Source::Constant(Arc::new(StringViewArray::from_iter_values([spec.event_name.as_str()]))));
        }
        "event_date" => return Ok(Source::Constant(Arc::new(Date32Array::from_iter_values([day_number(day)])))),
        "event_time" => TIME,
        "event_time_utc" => UTC,
        "ts" => TS,
        text => text,
    };
    let mut values = Values::new(column.kind, raws);
    for (number, raw) in pieces.remove(raw_name).unwrap_or_default() {
        let array: ArrayRef = match (column.kind, raw.form) {
            (ColumnType::Timestamp, Form::Integers) => {
                Arc::new(raw.integers.reinterpret_cast::<TimestampMicrosecondType>())
            }
            (ColumnType::TimestampUtc, Form::Integers) => {
                Arc::new(raw.integers.reinterpret_cast::<TimestampMicrosecondType>().with_timezone("UTC"))
            }
            (kind, _) => {
                values.put_typed(number, &raw, kind)?;
                continue;
            }
        };
        values.put(number, array, &raw);
    }
    Ok(values.finish())
}

/// A fixed column whose cells the records hold.
fn held(column: &Column, pieces: Vec<(usize, RawColumn)>, raws: usize) -> Result<Source, FlattenError> {
    let mut values = Values::new(column.kind, raws);
    for (number, raw) in pieces {
        let array = typed_exactly(&raw, column.kind)?.ok_or_else(|| FlattenError::Misfit(column.name.clone()))?;
        values.put(number, array, &raw);
    }
    Ok(values.finish())
}

/// The column of a property and, if some of its values do not fit, its sibling.
fn property(
    column: &Column,
    pieces: Vec<(usize, RawColumn)>,
    raws: usize,
) -> Result<(Source, Option<Source>), FlattenError> {
    let mut own = Values::new(column.kind, raws);
    let mut sibling: Option<Values> = None;
    for (number, raw) in pieces {
        if own.put_typed(number, &raw, column.kind)? {
            continue;
        }
        if let Some(array) = unfit(&raw, column.kind)? {
            let sibling = sibling.get_or_insert_with(|| Values::new(ColumnType::Text, raws));
            sibling.put(number, array, &raw);
        }
    }
    Ok((own.finish(), sibling.map(Values::finish)))
}

/// A [`Source::Values`] or [`Source::Texts`] in the making.
struct Values {
    arrays: Vec<ArrayRef>,
    places: Vec<Place>,
    slots: Vec<Slots>,
    kind: DataType,
}

impl Values {
    fn new(kind: ColumnType, raws: usize) -> Self {
        let kind = kind.arrow();
        let empty = new_null_array(&kind, 0);
        let mut arrays = vec![empty; raws];
        arrays.push(new_null_array(&kind, 1));
        Self { arrays, places: (0..raws).map(|_| Place::Absent).collect(), slots: vec![None; raws], kind }
    }

    /// Puts those values of a raw column that fit a column of this type, and says whether all do.
    fn put_typed(&mut self, number: usize, raw: &RawColumn, kind: ColumnType) -> Result<bool, FlattenError> {
        let as_it_came = kind == ColumnType::Text && matches!(raw.form, Form::Strings | Form::Mixed);
        if let Some(slots) = self.slots.get_mut(number) {
            *slots = raw.slots.clone().filter(|_| as_it_came);
        }
        let array = if as_it_came { Arc::new(raw.texts.clone()) } else { typed(raw, kind)? };
        let all = as_it_came || array.null_count() == 0;
        self.put(number, array, raw);
        Ok(all)
    }

    fn put(&mut self, number: usize, array: ArrayRef, raw: &RawColumn) {
        if let (Some(values), Some(place)) = (self.arrays.get_mut(number), self.places.get_mut(number)) {
            *values = array;
            *place = Place::of(&raw.rows);
        }
    }

    fn finish(self) -> Source {
        if self.places.iter().all(|place| matches!(place, Place::Absent)) {
            return Source::Nothing(self.kind);
        }
        // Without the null behind them.
        let texts = self.arrays.iter().take(self.places.len()).map(|array| array.as_string_view_opt().cloned());
        match texts.collect::<Option<Vec<_>>>() {
            Some(texts) => Source::Texts(Texts::new(self.places.into_iter().zip(self.slots).zip(texts))),
            None => Source::Values { arrays: self.arrays, places: self.places },
        }
    }
}

impl Place {
    pub fn of(rows: &Rows) -> Self {
        match rows {
            Rows::All => Self::Every,
            Rows::Few(rows) => Self::Few(rows.clone()),
            Rows::Flags(flags) => {
                let mut before = 0;
                let words = flags.bit_chunks().iter_padded().map(|bits| {
                    before += bits.count_ones() as usize;
                    Word { bits, before: before - bits.count_ones() as usize }
                });
                Self::Some(words.collect())
            }
        }
    }

    #[inline]
    pub fn find(&self, record: usize) -> Option<usize> {
        match self {
            Self::Absent => None,
            Self::Every => Some(record),
            Self::Some(words) => {
                let (word, bit) = (words.get(record / 64)?, 1 << (record % 64));
                (word.bits & bit != 0).then(|| word.before + (word.bits & (bit - 1)).count_ones() as usize)
            }
            Self::Few(rows) => rows.binary_search(&(record as u32)).ok(),
        }
    }
}

impl Source {
    /// The cells of these rows; `records` are their places. `buffer` is scratch space.
    pub fn gather(
        &self,
        rows: &[Row],
        records: &[(usize, usize)],
        buffer: &mut Vec<(usize, usize)>,
    ) -> Result<ArrayRef, FlattenError> {
        Ok(match self {
            Self::RowId => Arc::new(row_ids(rows)),
            Self::Constant(value) => take(value, &UInt32Array::from_value(0, rows.len()), None)?,
            Self::Nothing(kind) => new_null_array(kind, rows.len()),
            Self::Texts(texts) => Arc::new(texts.gather(records)?),
            Self::Values { arrays, places } => {
                let every = places.iter().all(|place| matches!(place, Place::Every));
                // Without the null, every place is known to hold a value.
                let arrays: Vec<&dyn Array> =
                    arrays.iter().map(AsRef::as_ref).take(places.len() + usize::from(!every)).collect();
                if every {
                    return Ok(interleave(&arrays, records)?);
                }
                let null = (places.len(), 0);
                buffer.clear();
                buffer.extend(records.iter().map(|(raw, record)| {
                    let found = places.get(*raw).and_then(|place| place.find(*record));
                    found.map_or(null, |value| (*raw, value))
                }));
                interleave(&arrays, buffer)?
            }
        })
    }
}

/// The ids as 32 lower-case hex digits.
fn row_ids(rows: &[Row]) -> StringViewArray {
    let bytes = u32::try_from(rows.len() * 32).unwrap_or(u32::MAX).max(1);
    let mut builder = StringViewBuilder::with_capacity(rows.len()).with_fixed_block_size(bytes);
    let mut text = [0; 32];
    for row in rows {
        // Cannot fail: the text is exactly as long as the digits, and they are ASCII.
        if hex::encode_to_slice(row.id.to_be_bytes(), &mut text).is_ok()
            && let Ok(text) = std::str::from_utf8(&text)
        {
            builder.append_value(text);
        }
    }
    builder.finish()
}
