//! The columns of a batch, resolved once to what their cells are, so that writing a row asks no type twice.

use arrow::array::{Array, AsArray, LargeStringArray, StringArray, StringViewArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use jiff::tz::TimeZone;

use super::scalars::{DateText, TimestampText};
use super::{DateTimeStyle, EncodeError};

/// One column of one batch.
pub(super) struct Column<'a> {
    nulls: Option<&'a NullBuffer>,
    pub(super) cells: Cells<'a>,
}

/// What the cells are. All of a batch's columns have as many as it has rows.
pub(super) enum Cells<'a> {
    Text(Text<'a>),
    Integer(&'a [i64]),
    Number(&'a [f64]),
    Boolean(&'a BooleanBuffer),
    Timestamp(&'a [i64], TimestampText),
    Date(&'a [i32], DateText),
    /// A column without a type (SQL's bare `NULL`): every cell is null.
    Nothing,
}

/// Text columns are views; the two older layouts come from SQL functions.
pub(super) enum Text<'a> {
    View(&'a StringViewArray),
    Offsets(&'a StringArray),
    LargeOffsets(&'a LargeStringArray),
}

impl Column<'_> {
    pub(super) fn is_null(&self, row: usize) -> bool {
        match (self.nulls, &self.cells) {
            (Some(nulls), _) => nulls.is_null(row),
            (None, Cells::Nothing) => true,
            (None, _) => false,
        }
    }
}

impl Text<'_> {
    pub(super) fn value(&self, row: usize) -> &str {
        match self {
            Self::View(array) => array.value(row),
            Self::Offsets(array) => array.value(row),
            Self::LargeOffsets(array) => array.value(row),
        }
    }
}

/// Resolves the columns of a batch.
///
/// Errors: not as many columns as announced, or a type that [`Cells`] does not know.
pub(super) fn columns(
    batch: &RecordBatch,
    announced: usize,
    style: DateTimeStyle,
) -> Result<Vec<Column<'_>>, EncodeError> {
    columns_in(batch, announced, style, None)
}

/// The same, with times of the project's clock written with their offset in this zone.
pub(super) fn columns_in<'a>(
    batch: &'a RecordBatch,
    announced: usize,
    style: DateTimeStyle,
    zone: Option<&TimeZone>,
) -> Result<Vec<Column<'a>>, EncodeError> {
    if batch.num_columns() != announced {
        return Err(EncodeError::ColumnCount { announced, found: batch.num_columns() });
    }
    let schema = batch.schema_ref();
    batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(array, field)| {
            let cells = cells(array.as_ref(), style, zone).ok_or_else(|| EncodeError::UnknownType {
                column: field.name().clone(),
                data_type: array.data_type().to_string(),
            })?;
            let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
            Ok(Column { nulls, cells })
        })
        .collect()
}

fn cells<'a>(array: &'a dyn Array, style: DateTimeStyle, clock: Option<&TimeZone>) -> Option<Cells<'a>> {
    Some(match array.data_type() {
        DataType::Utf8View => Cells::Text(Text::View(array.as_string_view_opt()?)),
        DataType::Utf8 => Cells::Text(Text::Offsets(array.as_string_opt()?)),
        DataType::LargeUtf8 => Cells::Text(Text::LargeOffsets(array.as_string_opt()?)),
        DataType::Int64 => Cells::Integer(array.as_primitive_opt::<Int64Type>()?.values()),
        DataType::Float64 => Cells::Number(array.as_primitive_opt::<Float64Type>()?.values()),
        DataType::Boolean => Cells::Boolean(array.as_boolean_opt()?.values()),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let utc = match zone.as_deref() {
                None => false,
                Some("UTC" | "Etc/UTC" | "+00:00" | "Z") => true,
                Some(_) => return None,
            };
            let values = array.as_primitive_opt::<TimestampMicrosecondType>()?.values();
            let text = match clock {
                Some(clock) if !utc => TimestampText::with_offset(clock.clone()),
                _ => TimestampText::new(style, utc),
            };
            Cells::Timestamp(values, text)
        }
        DataType::Date32 => Cells::Date(array.as_primitive_opt::<Date32Type>()?.values(), DateText::new()),
        DataType::Null => Cells::Nothing,
        _ => return None,
    })
}
