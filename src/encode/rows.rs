//! What a row format is, and the plain way to write one batch after the other.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::{EncodeError, Format, OutputColumn, TextOptions, csv, json};

/// A format in which rows follow each other. It holds no state between calls: any thread may write any batch.
///
/// A whole answer is [`open`](Self::open), the [`rows`](Self::rows) of every batch that has any with
/// [`between`](Self::between) from one to the next, and [`close`](Self::close).
pub trait RowEncoder: Send + Sync {
    fn open(&self, out: &mut Vec<u8>);

    /// Appends the rows of one batch, separated among themselves.
    ///
    /// Errors: the batch has other columns than were announced, or an Arrow type without a text form. What was
    /// appended by then is of no use.
    fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    fn between(&self) -> &'static [u8];

    fn close(&self, out: &mut Vec<u8>);
}

/// The encoder of a format, to be shared by threads.
pub fn row_encoder(format: Format, columns: &[OutputColumn], options: TextOptions) -> Arc<dyn RowEncoder> {
    match format {
        Format::Csv => Arc::new(csv::Csv::new(columns, options)),
        Format::Json => Arc::new(json::Json::new(columns, options)),
    }
}

/// Writes one answer, batch after batch, on the calling thread.
pub trait Encoder: Send {
    fn start(&mut self, out: &mut Vec<u8>);
    /// Errors: as [`RowEncoder::rows`].
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError>;
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// An encoder that writes one answer.
pub fn encoder(format: Format, columns: &[OutputColumn], options: TextOptions) -> Box<dyn Encoder> {
    Box::new(InOrder { rows: row_encoder(format, columns, options), any_row: false })
}

struct InOrder {
    rows: Arc<dyn RowEncoder>,
    any_row: bool,
}

impl Encoder for InOrder {
    fn start(&mut self, out: &mut Vec<u8>) {
        self.rows.open(out);
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if std::mem::replace(&mut self.any_row, true) {
            out.extend_from_slice(self.rows.between());
        }
        self.rows.rows(batch, out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.rows.close(out);
    }
}
