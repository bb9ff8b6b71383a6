//! Excel workbooks: one sheet, a styled header that stays in view, a filter, typed cells.
//!
//! | cell | in the sheet |
//! |---|---|
//! | text, json | text, never a formula; an empty text is an empty cell, as null is |
//! | integer | number; with more than 15 digits text, because Excel keeps no more of them |
//! | number, boolean | number, boolean; what is not a finite number is an empty cell |
//! | date, timestamp | Excel date; UTC ones are shown with a `Z`. Before March 1900, where Excel's calendar is wrong, and after 9999, text |
//!
//! A sheet has an end: what does not fit is refused, never cut. Rows wait in a file without a name until all of them are
//! known, because the size of the sheet stands at its beginning. The same rows give the same bytes.

mod sheet;

use std::any::Any;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::record_batch::RecordBatch;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use self::sheet::Sheet;
use super::file::{FileEncoder, Room, Scratch};
use super::slices::estimate;
use super::{EncodeError, Layout, Unfit};

/// Rows of a sheet below its header.
const MOST_ROWS: u32 = 1_048_575;
const MOST_COLUMNS: usize = 16_384;
/// What a cell takes on disk besides its text.
const CELL: usize = 60;
/// The zip format needs wider fields for parts above 4 GiB, which some older readers do not know.
const LARGE: u64 = 2 << 30;
/// Between the sizes of the best packing and the speed of the fastest.
const ZIP_LEVEL: u8 = 4;

pub(super) struct Xlsx<W> {
    workbook: Workbook,
    sheet: Sheet,
    room: Option<Room>,
    /// About as many bytes as the sheet has by now, unpacked.
    bytes: u64,
    sink: W,
}

impl<W: Write + Send> Xlsx<W> {
    pub(super) fn new(layout: &Layout, scratch: Option<Scratch>, sink: W) -> Result<Self, EncodeError> {
        if layout.columns.len() > MOST_COLUMNS {
            return Err(Unfit::Columns { most: MOST_COLUMNS, found: layout.columns.len() }.into());
        }
        let mut workbook = Workbook::new();
        // Not the time of day: the same rows are to give the same bytes.
        let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        workbook.set_zip_compression_level(ZIP_LEVEL);
        let room = match scratch {
            None => {
                workbook.add_worksheet();
                None
            }
            Some(scratch) => {
                let (folder, room) = scratch.into_parts();
                workbook.set_tempdir(folder)?;
                workbook.add_worksheet_with_constant_memory()?;
                Some(room)
            }
        };
        let sheet = guarded(|| Sheet::begin(workbook.worksheet_from_index(0)?, &layout.columns, MOST_ROWS))?;
        Ok(Self { workbook, sheet, room, bytes: 0, sink })
    }
}

impl<W: Write + Send> FileEncoder for Xlsx<W> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let bytes = (estimate(batch) + batch.num_rows() * batch.num_columns() * CELL) as u64;
        if let Some(room) = &mut self.room {
            room(bytes).map_err(EncodeError::Scratch)?;
        }
        self.bytes += bytes;
        let (workbook, sheet) = (&mut self.workbook, &mut self.sheet);
        guarded(|| sheet.rows(workbook.worksheet_from_index(0)?, batch))
    }

    fn finish(self: Box<Self>) -> Result<(), EncodeError> {
        let Self { mut workbook, sheet, bytes, sink, .. } = *self;
        guarded(|| {
            sheet.finish(workbook.worksheet_from_index(0)?)?;
            workbook.use_zip_large_file(bytes > LARGE);
            Ok(workbook.save_to_writer(sink)?)
        })
    }
}

/// The library panics when its file cannot be written. What it worked on is thrown away after that.
fn guarded<T>(work: impl FnOnce() -> Result<T, EncodeError>) -> Result<T, EncodeError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(broken(panic.as_ref())))
}

/// The kind of the disk's error is only to be had from the panic's words, which end with it.
fn broken(panic: &(dyn Any + Send)) -> EncodeError {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let words = words.unwrap_or_default();
    let kinds = [
        ("StorageFull", io::ErrorKind::StorageFull),
        ("QuotaExceeded", io::ErrorKind::QuotaExceeded),
        ("FileTooLarge", io::ErrorKind::FileTooLarge),
    ];
    match kinds.into_iter().find(|(name, _)| words.contains(name)) {
        Some((_, kind)) => EncodeError::Scratch(kind.into()),
        None => EncodeError::Thread,
    }
}

impl From<XlsxError> for EncodeError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => Self::Scratch(error),
            other => Self::Spreadsheet(other),
        }
    }
}

#[cfg(test)]
mod tests;
