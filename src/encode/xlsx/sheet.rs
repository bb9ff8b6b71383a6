//! The cells of the sheet: what a value becomes, and how wide it is shown.

use arrow::record_batch::RecordBatch;
use rust_xlsxwriter::{Color, Format, FormatBorder, Worksheet, XlsxError};

use crate::encode::cells::{Cells, columns};
use crate::encode::scalars::write_integer;
use crate::encode::{DateTimeStyle, EncodeError, OutputColumn, Unfit};
use crate::table::ColumnType;

/// Characters of a cell, as Excel counts them: units of UTF-16.
const LONGEST_TEXT: usize = 32_767;
/// Excel shows and computes 15 digits.
const GREATEST_INTEGER: u64 = 999_999_999_999_999;
/// Excel's number of 1970-01-01.
const EPOCH: f64 = 25_569.0;
/// 1900-03-01: Excel believes that there was a 29 February in 1900, so earlier numbers mean different days in different
/// programs.
const FIRST_DAY: f64 = 61.0;
/// 10000-01-01.
const AFTER_LAST_DAY: f64 = 2_958_466.0;
const MICROS_A_DAY: f64 = 86_400_000_000.0;
/// Rows that are looked at for the width of text columns.
const MEASURED: usize = 100;
/// Characters.
const WIDEST: usize = 50;
/// The button of the filter covers as many characters of the header.
const BUTTON: usize = 3;

pub(super) struct Sheet {
    names: Vec<String>,
    kinds: Vec<ColumnType>,
    /// Rows below the header, so far.
    rows: u32,
    most_rows: u32,
}

impl Sheet {
    /// Writes the header.
    pub(super) fn begin(
        worksheet: &mut Worksheet,
        columns: &[OutputColumn],
        most_rows: u32,
    ) -> Result<Self, EncodeError> {
        let header =
            Format::new().set_bold().set_background_color(Color::RGB(0xdd_e6_f0)).set_border_bottom(FormatBorder::Thin);
        for (at, column) in (0..).zip(columns) {
            if let Some(shown) = shown_as(column.kind) {
                worksheet.set_column_format(at, &Format::new().set_num_format(shown))?;
            }
            worksheet.set_column_width(at, width(column, 0) as f64)?;
            let written = worksheet.write_string_with_format(0, at, column.name.as_str(), &header);
            written.map_err(|error| unfit(error, &column.name, 0))?;
        }
        worksheet.set_freeze_panes(1, 0)?;
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let kinds = columns.iter().map(|column| column.kind).collect();
        Ok(Self { names, kinds, rows: 0, most_rows })
    }

    pub(super) fn rows(&mut self, worksheet: &mut Worksheet, batch: &RecordBatch) -> Result<(), EncodeError> {
        let mut columns = columns(batch, self.kinds.len(), DateTimeStyle::Iso)?;
        if self.rows == 0 {
            self.fit_widths(worksheet, &mut columns, batch.num_rows().min(MEASURED))?;
        }
        let mut text = Vec::new();
        for row in 0..batch.num_rows() {
            if self.rows == self.most_rows {
                return Err(Unfit::Rows { most: self.most_rows }.into());
            }
            self.rows += 1;
            for (at, column) in (0..).zip(&mut columns) {
                if column.is_null(row) {
                    continue;
                }
                text.clear();
                let number = match &mut column.cells {
                    Cells::Text(cells) => {
                        text.extend_from_slice(cells.value(row).as_bytes());
                        None
                    }
                    Cells::Integer(cells) if cells[row].unsigned_abs() > GREATEST_INTEGER => {
                        write_integer(cells[row], &mut text);
                        None
                    }
                    Cells::Integer(cells) => Some(cells[row] as f64),
                    Cells::Number(cells) => cells[row].is_finite().then_some(cells[row]),
                    Cells::Boolean(cells) => {
                        worksheet.write_boolean(self.rows, at, cells.value(row))?;
                        None
                    }
                    Cells::Timestamp(cells, written) => {
                        let day = day(cells[row] as f64 / MICROS_A_DAY);
                        if day.is_none() {
                            written.write(cells[row], &mut text);
                        }
                        day
                    }
                    Cells::Date(cells, written) => {
                        let day = day(f64::from(cells[row]));
                        if day.is_none() {
                            written.write(i64::from(cells[row]), &mut text);
                        }
                        day
                    }
                    Cells::Nothing => None,
                };
                if let Some(number) = number {
                    worksheet.write_number(self.rows, at, number)?;
                } else if !text.is_empty() {
                    let written = worksheet.write_string(self.rows, at, String::from_utf8_lossy(&text));
                    if let Err(error) = written {
                        let name = self.names.get(usize::from(at)).map_or("", String::as_str);
                        return Err(unfit(error, name, self.rows));
                    }
                }
            }
        }
        Ok(())
    }

    /// What is only known when all rows are there.
    pub(super) fn finish(self, worksheet: &mut Worksheet) -> Result<(), EncodeError> {
        if let Some(last) = self.kinds.len().checked_sub(1).and_then(|last| u16::try_from(last).ok()) {
            worksheet.autofilter(0, 0, self.rows, last)?;
        }
        Ok(())
    }

    /// Text columns as wide as the first rows need.
    fn fit_widths(
        &self,
        worksheet: &mut Worksheet,
        columns: &mut [crate::encode::cells::Column<'_>],
        rows: usize,
    ) -> Result<(), EncodeError> {
        for (at, column) in (0..).zip(columns) {
            let Some(name) = self.names.get(usize::from(at)) else { continue };
            let longest = (0..rows).filter(|row| !column.is_null(*row)).map(|row| match &column.cells {
                Cells::Text(text) => text.value(row).chars().take(WIDEST).count(),
                _ => 0,
            });
            let longest = longest.max().unwrap_or(0);
            let kind = self.kinds.get(usize::from(at)).copied().unwrap_or(ColumnType::Text);
            let column = OutputColumn { name: name.clone(), source: String::new(), kind };
            worksheet.set_column_width(at, width(&column, longest) as f64)?;
        }
        Ok(())
    }
}

/// Excel's number of a day since 1970, where all programs mean the same by it.
fn day(since_epoch: f64) -> Option<f64> {
    Some(since_epoch + EPOCH).filter(|day| (FIRST_DAY..AFTER_LAST_DAY).contains(day))
}

fn shown_as(kind: ColumnType) -> Option<&'static str> {
    match kind {
        // By itself Excel shows eleven digits, then an exponent.
        ColumnType::Integer => Some("0"),
        ColumnType::Date => Some("yyyy-mm-dd"),
        ColumnType::Timestamp => Some("yyyy-mm-dd hh:mm:ss"),
        ColumnType::TimestampUtc => Some("yyyy-mm-dd hh:mm:ss\"Z\""),
        ColumnType::Text | ColumnType::Json | ColumnType::Number | ColumnType::Boolean => None,
    }
}

/// In characters.
fn width(column: &OutputColumn, longest: usize) -> usize {
    let cells = match column.kind {
        ColumnType::Timestamp | ColumnType::TimestampUtc => 20,
        ColumnType::Date => 11,
        _ => longest + 1,
    };
    cells.max(column.name.chars().count() + BUTTON).min(WIDEST)
}

fn unfit(error: XlsxError, column: &str, row: u32) -> EncodeError {
    match error {
        XlsxError::MaxStringLengthExceeded => {
            Unfit::Text { column: column.to_owned(), row: u64::from(row), most: LONGEST_TEXT }.into()
        }
        other => other.into(),
    }
}
