//! Content codings: gzip, Brotli and Zstandard over a stream of chunks, on the encoding threads.
//!
//! The same chunks give the same compressed bytes (no time stamp, no file name in the gzip header), and so do the
//! same bytes in other chunks as far as flushing goes by amounts; entity tags lean on the former only.

use std::io::{self, Write};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

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
    let state = (Box::pin(chunks), Progress::NotBegun(coding), workers);
    stream::try_unfold(state, |(mut chunks, mut progress, workers)| async move {
        loop {
            let chunk = match progress {
                Progress::Over => return Ok(None),
                _ => chunks.next().await.transpose().map_err(StreamError::Source)?,
            };
            let packed;
            (progress, packed) = workers.run(move || step(progress, chunk)).await??;
            if !packed.is_empty() {
                return Ok(Some((packed, (chunks, progress, workers))));
            }
        }
    })
}

enum Progress {
    NotBegun(Coding),
    /// The compressor, and how many bytes it took since it was last flushed.
    Under(Box<Compressor>, usize),
    Over,
}

/// One chunk in, or the end (`None`).
fn step(progress: Progress, chunk: Option<Bytes>) -> Result<(Progress, Bytes), EncodeError> {
    let (mut compressor, mut held) = match progress {
        Progress::NotBegun(coding) => (Box::new(Compressor::new(coding)?), 0),
        Progress::Under(compressor, held) => (compressor, held),
        Progress::Over => return Ok((Progress::Over, Bytes::new())),
    };
    let Some(chunk) = chunk else {
        return Ok((Progress::Over, compressor.finish()?.into()));
    };
    compressor.writer().write_all(&chunk)?;
    held += chunk.len();
    if held >= FLUSH_AFTER {
        compressor.writer().flush()?;
        held = 0;
    }
    let packed = std::mem::take(compressor.packed());
    Ok((Progress::Under(compressor, held), packed.into()))
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
