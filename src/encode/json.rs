//! JSON: flat objects, every column in every object, in column order. One array of them, one a line (NDJSON), or one
//! array in an envelope that says the columns and what is known of the rows.
//!
//! Null is `null`, and so is what is not a finite number. Dates and timestamps are strings in the forms of
//! [`scalars`](super::scalars); columns of JSON text stay strings. Always one object a line; `[]` when there is none, in
//! NDJSON nothing at all.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::cells::{Cells, columns_in};
use super::entities::EntityFrame;
use super::rows::RowEncoder;
use super::scalars::{write_integer, write_number};
use super::scan::json_needs_escapes;
use super::{About, DateTimeStyle, EncodeError, Format, Layout, Shape};

pub(super) struct Json {
    /// What stands before each value: `{"first":`, `,"second":` …
    keys: Vec<Vec<u8>>,
    datetime: DateTimeStyle,
    frame: Frame,
    entities: Option<Arc<EntityFrame>>,
}

/// What stands around the objects.
struct Frame {
    opening: Vec<u8>,
    /// After every object.
    end: &'static [u8],
    between: &'static [u8],
    closing: Vec<u8>,
}

impl Json {
    pub(super) fn new(layout: &Layout) -> Self {
        // What says something before the members of a single entity has opened it.
        let is_opened = layout.entities.as_ref().is_some_and(|frame| frame.opens_entity());
        let keys = layout.columns.iter().enumerate().map(|(index, column)| {
            let mut key = vec![if index == 0 && !is_opened { b'{' } else { b',' }];
            write_string(&column.name, &mut key);
            key.push(b':');
            key
        });
        Self {
            keys: keys.collect(),
            datetime: layout.options.datetime,
            frame: Frame::of(layout),
            entities: layout.entities.clone(),
        }
    }
}

impl Frame {
    fn of(layout: &Layout) -> Self {
        if layout.format == Format::Ndjson {
            return Self { opening: Vec::new(), end: b"\n", between: b"", closing: Vec::new() };
        }
        let (opening, closing) = match layout.options.shape {
            Shape::Rows => (b"[".to_vec(), b"]".to_vec()),
            Shape::Envelope => envelope(layout),
        };
        Self { opening, end: b"", between: b",\n", closing }
    }
}

/// `{"schema":[…],"rows":[` and `],"as_of":…,"complete":…,"next":…}`.
fn envelope(layout: &Layout) -> (Vec<u8>, Vec<u8>) {
    let mut opening = b"{\"schema\":[".to_vec();
    for (index, column) in layout.columns.iter().enumerate() {
        opening.extend_from_slice(if index == 0 { b"{\"name\":" } else { b",\n{\"name\":" });
        write_string(&column.name, &mut opening);
        opening.extend_from_slice(b",\"type\":");
        write_string(column.kind.name(), &mut opening);
        opening.extend_from_slice(b",\"source\":");
        write_string(&column.source, &mut opening);
        opening.push(b'}');
    }
    opening.extend_from_slice(b"],\n\"rows\":[");
    let About { as_of, complete, next } = &layout.about;
    let mut closing = b"],\n\"as_of\":".to_vec();
    write_string(&as_of.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), &mut closing);
    closing.extend_from_slice(if *complete { b",\"complete\":true" } else { b",\"complete\":false" });
    closing.extend_from_slice(b",\"next\":");
    match next {
        Some(next) => write_string(next, &mut closing),
        None => closing.extend_from_slice(b"null"),
    }
    closing.push(b'}');
    (opening, closing)
}

impl RowEncoder for Json {
    fn open(&self, out: &mut Vec<u8>) {
        match &self.entities {
            Some(entities) => entities.open(out),
            None => out.extend_from_slice(&self.frame.opening),
        }
    }

    fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let zone = self.entities.as_ref().map(|entities| &entities.zone);
        let integers_as_text = self.entities.as_ref().is_some_and(|entities| entities.integers_as_text);
        let mut columns = columns_in(batch, self.keys.len(), self.datetime, zone)?;
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
                    Cells::Integer(values) if integers_as_text => quoted(out, |out| write_integer(values[row], out)),
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
            out.extend_from_slice(self.frame.end);
        }
        Ok(())
    }

    fn between(&self) -> &'static [u8] {
        self.frame.between
    }

    fn close(&self, out: &mut Vec<u8>) {
        match &self.entities {
            Some(entities) => entities.close(out),
            None => out.extend_from_slice(&self.frame.closing),
        }
    }
}

pub(super) fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
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
