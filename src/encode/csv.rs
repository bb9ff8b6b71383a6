//! CSV: RFC 4180, comma, CRLF after every line, header always.
//!
//! Quotes where the `csv` crate would put them (comma, quote, CR, LF; a lone empty field), and around the empty text,
//! so that it differs from null, which is nothing at all. In a table of a single column null is `""` as well: the
//! line would otherwise be empty, and readers skip empty lines. Numbers and times as in [`scalars`](super::scalars);
//! what is not a finite number is null. UTF-8, a byte order mark on request.

use arrow::array::StringViewArray;
use arrow::record_batch::RecordBatch;
use memchr::memchr2;

use super::cells::{Cells, Text, columns};
use super::rows::RowEncoder;
use super::scalars::{write_integer, write_number};
use super::scan::{csv_needs_quotes, csv_word_needs_quotes, word_has_quote};
use super::{EncodeError, Escape, Headers, Newlines, OutputColumn, TextOptions};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Texts up to this long lie in the view itself.
const INLINE: u32 = 12;

pub(super) struct Csv {
    /// The byte order mark, if wanted, and the header line.
    opening: Vec<u8>,
    columns: usize,
    options: TextOptions,
}

impl Csv {
    pub(super) fn new(columns: &[OutputColumn], options: TextOptions) -> Self {
        let mut opening = Vec::new();
        if options.bom {
            opening.extend_from_slice(BYTE_ORDER_MARK);
        }
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                opening.push(b',');
            }
            let title = match options.headers {
                Headers::Name => &column.name,
                Headers::Source => &column.source,
            };
            write_text(title.as_bytes(), options, &mut opening);
        }
        opening.extend_from_slice(b"\r\n");
        Self { opening, columns: columns.len(), options }
    }
}

impl RowEncoder for Csv {
    fn open(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.opening);
    }

    fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut columns = columns(batch, self.columns, self.options.datetime)?;
        let null: &[u8] = if self.columns == 1 { b"\"\"" } else { b"" };
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter_mut().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                if column.is_null(row) {
                    out.extend_from_slice(null);
                    continue;
                }
                match &mut column.cells {
                    Cells::Text(Text::View(array)) => write_view(array, row, self.options, out),
                    Cells::Text(text) => write_text(text.value(row).as_bytes(), self.options, out),
                    Cells::Integer(values) => write_integer(values[row], out),
                    Cells::Number(values) if !values[row].is_finite() => out.extend_from_slice(null),
                    Cells::Number(values) => write_number(values[row], out),
                    Cells::Boolean(values) if values.value(row) => out.extend_from_slice(b"true"),
                    Cells::Boolean(_) => out.extend_from_slice(b"false"),
                    Cells::Timestamp(values, text) => text.write(values[row], out),
                    Cells::Date(values, text) => text.write(i64::from(values[row]), out),
                    Cells::Nothing => {}
                }
            }
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn between(&self) -> &'static [u8] {
        b""
    }

    fn close(&self, _: &mut Vec<u8>) {}
}

/// A short text is judged and copied in registers, straight from its view.
fn write_view(array: &StringViewArray, row: usize, options: TextOptions, out: &mut Vec<u8>) {
    let view = array.views()[row];
    let length = view as u32;
    let short = length != 0 && length <= INLINE && options.escape == Escape::None;
    if !short || csv_word_needs_quotes(view >> 32) {
        return write_text(array.value(row).as_bytes(), options, out);
    }
    let end = out.len() + length as usize;
    let [_, _, _, _, text @ ..] = view.to_le_bytes();
    out.extend_from_slice(&text);
    out.truncate(end);
}

fn write_text(text: &[u8], options: TextOptions, out: &mut Vec<u8>) {
    let apostrophe = options.escape == Escape::Formulas && is_formula(text);
    if !csv_needs_quotes(text) {
        return write_plain(text, apostrophe, out);
    }
    let keep = options.newlines == Newlines::Keep || memchr2(b'\r', b'\n', text).is_none();
    if keep {
        write_quoted(text, apostrophe, out);
    } else {
        write_one_line(text, apostrophe, out);
    }
}

/// What a spreadsheet takes for a formula, or strips until it finds one.
fn is_formula(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

fn write_plain(text: &[u8], apostrophe: bool, out: &mut Vec<u8>) {
    if apostrophe {
        out.push(b'\'');
    }
    if text.is_empty() {
        out.extend_from_slice(b"\"\"");
    } else {
        out.extend_from_slice(text);
    }
}

fn write_quoted(text: &[u8], apostrophe: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    if apostrophe {
        out.push(b'\'');
    }
    // In JSON text every few bytes are a quote, so looking for the next one would cost more than the bytes do.
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        if word_has_quote(*word) {
            double_quotes(word, out);
        } else {
            out.extend_from_slice(word);
        }
    }
    double_quotes(rest, out);
    out.push(b'"');
}

fn double_quotes(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == b'"' {
            out.push(*byte);
        }
    }
}

/// Line breaks become spaces; without them the quotes may be needless.
fn write_one_line(text: &[u8], apostrophe: bool, out: &mut Vec<u8>) {
    let quotes = memchr2(b',', b'"', text).is_some();
    if quotes {
        out.push(b'"');
    }
    if apostrophe {
        out.push(b'\'');
    }
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                out.push(b' ');
            }
            b'\n' => out.push(b' '),
            b'"' => out.extend_from_slice(b"\"\""),
            byte => out.push(byte),
        }
    }
    if quotes {
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests;
