//! Content codings: gzip, Brotli and Zstandard over a stream of chunks, on the encoding threads.
//!
//! The same chunks give the same compressed bytes (no time stamp, no file name in the gzip header), and so do the
//! same bytes in other chunks as far as flushing goes by amounts; entity tags lean on the former only.

use std::io::{self, Write};
use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::yield_now;

use super::{EncodeError, StreamError, Workers};

/// How the bytes of an answer are packed for transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

/// Tables of text at speeds near the encoders': the next levels cost twice the time for a few per cent.
const GZIP_LEVEL: u32 = 5;
const ZSTD_LEVEL: i32 = 3;
const BROTLI_QUALITY: u32 = 4;
/// A window of 1 MiB: per answer under way, so not the format's 16.
const BROTLI_WINDOW_LOG: u32 = 20;
const BROTLI_BUFFER: usize = 64 * 1024;
/// After so many bytes of input what the compressor holds back is pushed out, so that a slow source is seen to move.
const FLUSH_AFTER: usize = 64 * 1024;
/// Packed chunks that wait for the reader.
const WAITING: usize = 1;

impl Coding {
    /// The token of `Content-Encoding` and `Accept-Encoding`.
    pub fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// Compresses a stream. An error of the source, or of the compressor, is the last item; the trailer that makes the
/// compressed bytes whole is then never written.
///
/// The work is one task on the encoding threads that asks the source itself: handing over chunk by chunk would leave
/// the compressor idle in between. It begins with the first question, is a chunk or two ahead of the reader, and ends
/// when the stream is dropped.
pub fn compress<S, E>(
    chunks: S,
    coding: Coding,
    workers: &Workers,
) -> impl Stream<Item = Result<Bytes, StreamError<E>>> + Send + use<S, E>
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Send + 'static,
{
    let workers = workers.clone();
    let begin = async move {
        let (sender, packed) = channel(WAITING);
        let work = workers.spawn(pack(chunks, coding, sender));
        // The threads stay as long as there is work for them.
        stream::try_unfold((packed, work, workers), |(mut packed, work, workers)| async move {
            match packed.recv().await {
                Some(chunk) => Ok(Some((chunk, (packed, work, workers)))),
                // The work has ended, in one way or the other.
                None => work.await?.map(|()| None),
            }
        })
    };
    stream::once(begin).flatten()
}

async fn pack<S, E>(chunks: S, coding: Coding, to: Sender<Bytes>) -> Result<(), StreamError<E>>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut chunks = pin!(chunks);
    let mut compressor = Compressor::new(coding).map_err(EncodeError::from)?;
    // Bytes that the compressor took since it was last flushed.
    let mut held = 0;
    while let Some(chunk) = chunks.next().await.transpose().map_err(StreamError::Source)? {
        held += chunk.len();
        let flush = held >= FLUSH_AFTER;
        let packed = compressor.take(&chunk, flush).map_err(EncodeError::from)?;
        if flush {
            held = 0;
        }
        if !packed.is_empty() && to.send(packed.into()).await.is_err() {
            // Nobody reads any more.
            return Ok(());
        }
        // Others have their turn, and an end is noticed.
        yield_now().await;
    }
    let end = compressor.finish().map_err(EncodeError::from)?;
    if !end.is_empty() {
        let _ = to.send(end.into()).await;
    }
    Ok(())
}

enum Compressor {
    Identity(Vec<u8>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    /// Boxed for its 5 kB, which would otherwise be moved with every other coding as well.
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    fn new(coding: Coding) -> io::Result<Self> {
        let to = Vec::new();
        Ok(match coding {
            Coding::Identity => Self::Identity(to),
            Coding::Gzip => Self::Gzip(flate2::write::GzEncoder::new(to, flate2::Compression::new(GZIP_LEVEL))),
            Coding::Brotli => {
                let (quality, window) = (BROTLI_QUALITY, BROTLI_WINDOW_LOG);
                Self::Brotli(Box::new(brotli::CompressorWriter::new(to, BROTLI_BUFFER, quality, window)))
            }
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(to, ZSTD_LEVEL)?),
        })
    }

    /// Compresses one chunk, and gives what can be read of it and those before so far: all of it after a flush.
    fn take(&mut self, chunk: &[u8], flush: bool) -> io::Result<Vec<u8>> {
        self.writer().write_all(chunk)?;
        if flush {
            self.writer().flush()?;
        }
        Ok(std::mem::take(self.packed()))
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Identity(to) => to,
            Self::Gzip(writer) => writer,
            Self::Brotli(writer) => writer,
            Self::Zstd(writer) => writer,
        }
    }

    fn packed(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Identity(to) => to,
            Self::Gzip(writer) => writer.get_mut(),
            Self::Brotli(writer) => writer.get_mut(),
            Self::Zstd(writer) => writer.get_mut(),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity(to) => Ok(to),
            Self::Gzip(writer) => writer.finish(),
            Self::Brotli(writer) => Ok(writer.into_inner()),
            Self::Zstd(writer) => writer.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
