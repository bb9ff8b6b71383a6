//! Formats that are one file: a thread of its own writes it from the first row to the last.
//!
//! Rows come to the thread, and bytes go from it, through short queues: a slow reader stops the thread, the thread stops
//! the scan, and dropping the stream stops all of it. At most a few such threads are at work; who comes later waits.

use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::slices::pieces;
use super::{EncodeError, Format, Layout, StreamError, Workers, parquet, xlsx};
use crate::table::BatchStream;

const CHUNK: usize = 256 * 1024;
/// Chunks, and pieces of rows, that wait for the other side.
const WAITING: usize = 1;

/// Writes one file, row after row.
pub(super) trait FileEncoder: Send {
    /// Errors: other columns than were announced; the rows do not fit the format; no room for what must be kept
    /// meanwhile.
    fn rows(&mut self, batch: &RecordBatch) -> Result<(), EncodeError>;

    /// Writes what is left. Without it there is no file.
    fn finish(self: Box<Self>) -> Result<(), EncodeError>;
}

/// Where a format that cannot be written in one go keeps its rows meanwhile, and how many bytes it may keep.
pub struct Scratch {
    folder: PathBuf,
    room: Room,
}

/// Asks for that many bytes more. Given back when it is dropped.
pub(super) type Room = Box<dyn FnMut(u64) -> io::Result<()> + Send>;

impl Scratch {
    /// `room` is asked before bytes are written and says why there is no room. The files have no names.
    pub fn new(folder: &Path, room: impl FnMut(u64) -> io::Result<()> + Send + 'static) -> Self {
        Self { folder: folder.to_owned(), room: Box::new(room) }
    }

    /// As much as the disk takes.
    pub fn unlimited(folder: &Path) -> Self {
        Self::new(folder, |_| Ok(()))
    }

    pub(super) fn into_parts(self) -> (PathBuf, Room) {
        (self.folder, self.room)
    }
}

/// Without scratch everything is held in memory.
///
/// Errors: the columns do not fit the format, or the scratch cannot be used.
pub(super) fn encoder<'a, W: Write + Send + 'a>(
    layout: &Layout,
    scratch: Option<Scratch>,
    sink: W,
) -> Result<Box<dyn FileEncoder + 'a>, EncodeError> {
    Ok(match layout.format {
        Format::Xlsx => Box::new(xlsx::Xlsx::new(layout, scratch, sink)?),
        _ => Box::new(parquet::Parquet::new(layout, sink)?),
    })
}

/// The file's bytes, in order. Nothing is done unless the reader asks.
pub(super) fn stream<E: Send + 'static>(
    batches: BatchStream<E>,
    layout: Layout,
    scratch: Scratch,
    workers: &Workers,
) -> BoxStream<'static, Result<Bytes, StreamError<E>>> {
    let workers = workers.clone();
    let begin = async move {
        let (to_thread, rows) = channel(WAITING);
        let (sender, chunks) = channel(WAITING);
        let sink = Chunks { buffer: Vec::with_capacity(CHUNK), sender };
        let thread = workers.run_long(move || write(&layout, scratch, rows, sink));
        let file = Under { feeding: Some(Box::pin(feed(batches, to_thread))), chunks, thread: Box::pin(thread) };
        stream::try_unfold(Some(file), |file| async move {
            match file {
                Some(file) => file.next().await,
                None => Ok(None),
            }
        })
    };
    stream::once(begin).flatten().boxed()
}

enum Order {
    Rows(RecordBatch),
    /// All rows were sent. A queue that closes without it was given up.
    Finish,
}

/// A file under way.
struct Under<E> {
    /// `None` when all rows are handed over.
    feeding: Option<BoxFuture<'static, Result<(), E>>>,
    chunks: Receiver<Bytes>,
    thread: BoxFuture<'static, Ended>,
}

/// The outer error: the thread broke down.
type Ended = Result<Result<(), EncodeError>, EncodeError>;

type Next<E> = Result<Option<(Bytes, Option<Under<E>>)>, StreamError<E>>;

impl<E> Under<E> {
    async fn next(mut self) -> Next<E> {
        loop {
            let chunk = match &mut self.feeding {
                None => self.chunks.recv().await,
                Some(feeding) => tokio::select! {
                    chunk = self.chunks.recv() => chunk,
                    fed = feeding => {
                        fed.map_err(StreamError::Source)?;
                        self.feeding = None;
                        continue;
                    }
                },
            };
            return match chunk {
                Some(chunk) => Ok(Some((chunk, Some(self)))),
                // The thread has ended, in one way or the other.
                None => {
                    self.thread.await??;
                    Ok(None)
                }
            };
        }
    }
}

async fn feed<E>(mut batches: BatchStream<E>, to_thread: Sender<Order>) -> Result<(), E> {
    while let Some(batch) = batches.try_next().await? {
        for piece in pieces(batch) {
            if to_thread.send(Order::Rows(piece)).await.is_err() {
                // The thread itself says why it ended.
                return Ok(());
            }
        }
    }
    let _ = to_thread.send(Order::Finish).await;
    Ok(())
}

fn write(layout: &Layout, scratch: Scratch, mut rows: Receiver<Order>, sink: Chunks) -> Result<(), EncodeError> {
    let mut encoder = encoder(layout, Some(scratch), sink)?;
    loop {
        match rows.blocking_recv() {
            Some(Order::Rows(piece)) => encoder.rows(&piece)?,
            Some(Order::Finish) => return encoder.finish(),
            None => return Err(EncodeError::Thread),
        }
    }
}

/// Bytes on their way to the reader; writing waits for it.
struct Chunks {
    buffer: Vec<u8>,
    sender: Sender<Bytes>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK)));
        self.sender.blocking_send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fitting = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend(bytes.iter().take(fitting));
        if self.buffer.len() >= CHUNK {
            self.send()?;
        }
        Ok(fitting)
    }

    /// Whoever flushes small pieces would only make small chunks; the rest goes when the writer is dropped.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        if !self.buffer.is_empty() {
            // A reader that has gone needs no bytes.
            let _ = self.send();
        }
    }
}

#[cfg(test)]
mod tests;
