//! The end of a page: so many rows and no more, and the place where the next one begins.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Page;
use crate::odata::Place;
use crate::query::QueryError;
use crate::table::BatchStream;

/// A page as far as it is sent.
struct Sending<F> {
    batches: BatchStream<QueryError>,
    /// Columns that are shown.
    shown: usize,
    hidden: usize,
    rows_left: u64,
    /// The last row that was sent.
    last: Option<RecordBatch>,
    /// Called once, when there are more rows than the page has room for.
    at_more: Option<F>,
    is_over: bool,
}

impl Page {
    /// The rows of the page without what is hidden in them, at most so many. When there are more, `at_more` is called
    /// with the place of the last one before the stream ends; without a place where rows are counted.
    pub fn cut(self, rows: u64, at_more: impl FnOnce(Option<Place>) + Send + 'static) -> BatchStream<QueryError> {
        let sending = Sending {
            batches: self.batches,
            shown: self.columns.len(),
            hidden: self.hidden,
            rows_left: rows,
            last: None,
            at_more: Some(at_more),
            is_over: false,
        };
        stream::try_unfold(sending, |mut sending| async move {
            let batch = sending.next().await?;
            Ok(batch.map(|batch| (batch, sending)))
        })
        .boxed()
    }

    /// All of its rows, for few of them.
    pub async fn all(self) -> Result<Vec<RecordBatch>, QueryError> {
        self.cut(u64::MAX, |_| {}).try_collect().await
    }
}

impl<F: FnOnce(Option<Place>)> Sending<F> {
    async fn next(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        while !self.is_over {
            let Some(batch) = self.batches.try_next().await? else { break };
            if batch.num_rows() == 0 {
                continue;
            }
            let room = usize::try_from(self.rows_left).unwrap_or(usize::MAX);
            let rows = batch.num_rows().min(room);
            if rows > 0 {
                self.rows_left -= rows as u64;
                self.last = Some(batch.slice(rows - 1, 1));
            }
            if rows < batch.num_rows() {
                self.is_over = true;
                let place = self.last.as_ref().and_then(|last| self.place(last));
                if let Some(at_more) = self.at_more.take() {
                    at_more(place);
                }
            }
            if rows > 0 {
                let shown: Vec<usize> = (0..self.shown).collect();
                let batch = batch.slice(0, rows).project(&shown).map_err(DataFusionError::from)?;
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Where a row stands, by the columns behind those that are shown.
    fn place(&self, row: &RecordBatch) -> Option<Place> {
        if self.hidden < 2 {
            return None;
        }
        let time = row.column(self.shown).as_primitive_opt::<TimestampMicrosecondType>()?.values().first().copied()?;
        let ids = cast(row.column(self.shown + 1), &DataType::Utf8).ok()?;
        let row_id = ids.as_string_opt::<i32>()?.value(0).to_owned();
        let item = match self.hidden {
            2 => None,
            _ => Some(row.column(self.shown + 2).as_primitive_opt::<Int64Type>()?.values().first().copied()?),
        };
        Some(Place::After { time, row_id, item })
    }
}
