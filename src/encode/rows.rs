//! What a row format is, and the plain way to write a small table whole.

use std::sync::Arc;

use ::arrow::record_batch::RecordBatch;

use super::{EncodeError, Format, Layout, arrow, csv, file, json};

/// A format in which rows follow each other. It holds no state between calls: any thread may write any batch.
///
/// A whole answer is [`open`](Self::open), the [`rows`](Self::rows) of every batch that has any with
/// [`between`](Self::between) from one to the next, and [`close`](Self::close).
pub trait RowEncoder: Send + Sync {
    fn open(&self, out: &mut Vec<u8>);

    /// Appends the rows of one batch, separated among themselves.
    ///
    /// Errors: the batch has other columns than were announced, or an Arrow type that cannot be written. What was
    /// appended by then is of no use.
    fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    fn between(&self) -> &'static [u8];

    fn close(&self, out: &mut Vec<u8>);
}

/// How a format is written.
pub(super) enum Way {
    /// Batch by batch, by any number of threads.
    Rows(Arc<dyn RowEncoder>),
    /// As one file, by one thread.
    File,
}

/// Errors: the columns cannot be said in this format.
pub(super) fn way(layout: &Layout) -> Result<Way, EncodeError> {
    Ok(match layout.format {
        Format::Csv => Way::Rows(Arc::new(csv::Csv::new(&layout.columns, layout.options))),
        Format::Json | Format::Ndjson => Way::Rows(Arc::new(json::Json::new(layout))),
        Format::Arrow => Way::Rows(Arc::new(arrow::Arrow::new(layout)?)),
        Format::Parquet | Format::Xlsx => Way::File,
    })
}

/// Appends one whole answer, written on the calling thread and held in memory: for small tables.
///
/// Errors: as [`RowEncoder::rows`], or the table does not fit the format. What was appended is then of no use.
pub fn write(layout: &Layout, batches: &[RecordBatch], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match way(layout)? {
        Way::Rows(encoder) => {
            encoder.open(out);
            let mut any_row = false;
            for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
                if std::mem::replace(&mut any_row, true) {
                    out.extend_from_slice(encoder.between());
                }
                encoder.rows(batch, out)?;
            }
            encoder.close(out);
            Ok(())
        }
        Way::File => {
            let mut encoder = file::encoder(layout, None, out)?;
            batches.iter().try_for_each(|batch| encoder.rows(batch))?;
            encoder.finish()
        }
    }
}
