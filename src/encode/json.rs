//! JSON: one array of flat objects, every column in every object, in column order.
//!
//! Null is `null`, and so is what is not a finite number. Dates and timestamps are strings in the forms of
//! [`scalars`](super::scalars); columns of JSON text stay strings. One object a line; `[]` when there is none.

use arrow::record_batch::RecordBatch;

use super::cells::{Cells, columns};
use super::rows::RowEncoder;
use super::scalars::{write_integer, write_number};
use super::scan::json_needs_escapes;
use super::{DateTimeStyle, EncodeError, Layout};

pub(super) struct Json {
    /// What stands before each value: `{"first":`, `,"second":` …
    keys: Vec<Vec<u8>>,
    datetime: DateTimeStyle,
}

impl Json {
    pub(super) fn new(layout: &Layout) -> Self {
        let keys = layout.columns.iter().enumerate().map(|(index, column)| {
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            write_string(&column.name, &mut key);
            key.push(b':');
            key
        });
        Self { keys: keys.collect(), datetime: layout.options.datetime }
    }
}

impl RowEncoder for Json {
    fn open(&self, out: &mut Vec<u8>) {
        out.push(b'[');
    }

    fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut columns = columns(batch, self.keys.len(), self.datetime)?;
        for row in 0..batch.num_rows() {
            if row > 0 {
                out.extend_from_slice(self.between());
            }
            if columns.is_empty() {
                out.push(b'{');
            }
            for (key, column) in self.keys.iter().zip(&mut columns) {
                out.extend_from_slice(key);
                if column.is_null(row) {
                    out.extend_from_slice(b"null");
                    continue;
                }
                match &mut column.cells {
                    Cells::Text(text) => write_string(text.value(row), out),
                    Cells::Integer(values) => write_integer(values[row], out),
                    Cells::Number(values) if values[row].is_finite() => write_number(values[row], out),
                    Cells::Number(_) | Cells::Nothing => out.extend_from_slice(b"null"),
                    Cells::Boolean(values) if values.value(row) => out.extend_from_slice(b"true"),
                    Cells::Boolean(_) => out.extend_from_slice(b"false"),
                    Cells::Timestamp(values, text) => quoted(out, |out| text.write(values[row], out)),
                    Cells::Date(values, text) => quoted(out, |out| text.write(i64::from(values[row]), out)),
                }
            }
            out.push(b'}');
        }
        Ok(())
    }

    fn between(&self) -> &'static [u8] {
        b",\n"
    }

    fn close(&self, out: &mut Vec<u8>) {
        out.push(b']');
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    if json_needs_escapes(text.as_bytes()) {
        // Neither a `str` nor writing to a `Vec` gives it a reason to fail.
        let written = serde_json::to_writer(&mut *out, text);
        debug_assert!(written.is_ok());
    } else {
        quoted(out, |out| out.extend_from_slice(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests;
