//! Batches → ordered chunks of bytes, written by several threads, a few pieces ahead of the reader and no more.
//!
//! Nothing is done unless the reader asks: its slowness reaches the scan, and dropping the stream ends all work. A
//! failure, of the source or of ours, is the stream's last item; the closing bytes are then never written.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt};

use super::lent::Buffers;
use super::rows::{RowEncoder, Way, way};
use super::slices::{estimate, pieces};
use super::{EncodeError, Layout, Scratch, Workers, file};
use crate::allocator;
use crate::table::BatchStream;

/// Rows that become no more than this are written where they are: handing them over would take longer.
const ON_THE_SPOT: usize = 32 * 1024;

/// Why a stream of bytes broke off.
#[derive(Debug, thiserror::Error)]
pub enum StreamError<E> {
    /// The rows themselves failed; the source's own words.
    #[error("{0}")]
    Source(E),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Writes one answer.
///
/// Shape: the opening first, then rows in their order, then the closing; chunks are of no particular size. Memory: the
/// pieces under way, two for each thread and two more (three in all when many answers are), of some 128 KiB each, and the
/// batch they are cut from; for a format that is one file two such pieces, two chunks of 256 KiB and, for Parquet, a row group of 32 MiB. `scratch` is
/// for formats that cannot be written in one go.
pub fn stream<E: Send + 'static>(
    batches: BatchStream<E>,
    layout: Layout,
    scratch: Scratch,
    workers: &Workers,
) -> BoxStream<'static, Result<Bytes, StreamError<E>>> {
    match way(&layout) {
        Ok(Way::Rows(encoder)) => in_rows(batches, encoder, workers),
        Ok(Way::File) => file::stream(batches, layout, scratch, workers),
        Err(error) => stream::once(ready(Err(error.into()))).boxed(),
    }
}

fn in_rows<E: Send + 'static>(
    batches: BatchStream<E>,
    encoder: Arc<dyn RowEncoder>,
    workers: &Workers,
) -> BoxStream<'static, Result<Bytes, StreamError<E>>> {
    let rows = written_rows(batches, encoder.clone(), workers.clone());
    stream::try_unfold((Part::Opening, rows), move |(part, mut rows)| {
        let encoder = encoder.clone();
        async move {
            let mut edge = Vec::new();
            if part == Part::Opening {
                encoder.open(&mut edge);
                return Ok(Some((Bytes::from(edge), (Part::Rows, rows))));
            }
            if part == Part::Rows {
                if let Some(chunk) = rows.try_next().await? {
                    return Ok(Some((chunk, (Part::Rows, rows))));
                }
                encoder.close(&mut edge);
                return Ok(Some((Bytes::from(edge), (Part::Over, rows))));
            }
            Ok(None)
        }
    })
    .try_filter(|chunk| ready(!chunk.is_empty()))
    .boxed()
}

#[derive(PartialEq)]
enum Part {
    Opening,
    Rows,
    Over,
}

fn written_rows<E: Send + 'static>(
    batches: BatchStream<E>,
    encoder: Arc<dyn RowEncoder>,
    workers: Workers,
) -> BoxStream<'static, Result<Bytes, StreamError<E>>> {
    let mut writing = workers.begin();
    let ahead = writing.pieces;
    let buffers = Buffers::default();
    let mut any_row = false;
    cut(batches)
        .map(move |piece| {
            writing.piece();
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return ready(Err(StreamError::Source(error))).left_future(),
            };
            let bytes = estimate(&piece);
            let between = if std::mem::replace(&mut any_row, true) { encoder.between() } else { b"" };
            let (encoder, buffers) = (encoder.clone(), buffers.clone());
            let write = move || write(&*encoder, between, &piece, buffers.take(bytes), &buffers);
            if bytes <= ON_THE_SPOT {
                return ready(write().map_err(StreamError::Encode)).left_future();
            }
            let written = workers.run(write);
            async { Ok(written.await??) }.right_future()
        })
        .buffered(ahead)
        .boxed()
}

fn write(
    encoder: &dyn RowEncoder,
    between: &[u8],
    piece: &RecordBatch,
    mut out: Vec<u8>,
    buffers: &Buffers,
) -> Result<Bytes, EncodeError> {
    allocator::pace();
    out.extend_from_slice(between);
    encoder.rows(piece, &mut out)?;
    Ok(buffers.lend(out))
}

/// The batches in pieces, one batch at a time.
fn cut<E: Send + 'static>(batches: BatchStream<E>) -> impl Stream<Item = Result<RecordBatch, E>> + Send {
    stream::try_unfold((batches, VecDeque::new()), |(mut batches, mut cut)| async move {
        loop {
            if let Some(piece) = cut.pop_front() {
                return Ok(Some((piece, (batches, cut))));
            }
            match batches.try_next().await? {
                Some(batch) => cut = pieces(batch).into(),
                None => return Ok(None),
            }
        }
    })
}

#[cfg(test)]
mod tests;
