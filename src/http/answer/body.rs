//! Where a body lies, and how it gets onto the wire: in slices, so that a slow reader ties up one slice and not the
//! whole answer. Nothing here has a deadline.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BodyStream, MessageBody, SizedStream};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};

use super::gather::Encoded;
use super::spool::Spooled;
use crate::encode::Coding;
use crate::error::ApiError;

/// The server copies what it is given into a buffer of the connection, and drops a buffer that has become larger than
/// 128 KiB after each use. Two slices and a head are less.
pub(super) const SLICE: usize = 60 * 1024;

/// The server asks for more before it writes while its buffer holds less than this: behind a head of at most 2 KiB for a
/// second slice, so that an answer of usual size is one write.
pub const WRITE_AFTER: usize = SLICE + 2 * 1024;

/// A finished answer in memory.
pub(super) struct Kept {
    pub(super) coding: Coding,
    pub(super) bytes: Bytes,
}

pub(super) enum Body {
    Kept(Arc<Kept>),
    Spooled(Arc<Spooled>),
    /// Of unknown length.
    Streaming(Encoded),
}

impl Body {
    pub(super) fn coding(&self) -> Coding {
        match self {
            Self::Kept(kept) => kept.coding,
            Self::Spooled(spooled) => spooled.coding(),
            Self::Streaming(encoded) => encoded.coding,
        }
    }

    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Kept(kept) => Some(kept.bytes.len() as u64),
            Self::Spooled(spooled) => Some(spooled.length()),
            Self::Streaming(_) => None,
        }
    }

    pub(super) fn send(self, mut response: HttpResponseBuilder) -> HttpResponse {
        match self {
            Self::Kept(kept) => response.body(InSlices(kept.bytes.clone())),
            Self::Spooled(spooled) => {
                let length = spooled.length();
                response.body(SizedStream::new(length, sliced(spooled.read(0..length))))
            }
            Self::Streaming(encoded) => response.body(BodyStream::new(sliced(encoded.chunks.map_err(Broken::off)))),
        }
    }

    /// `range` lies within the length.
    pub(super) fn send_part(self, mut response: HttpResponseBuilder, range: Range<u64>) -> HttpResponse {
        match self {
            Self::Kept(kept) => {
                let within = |at: u64| usize::try_from(at).map_or(kept.bytes.len(), |at| at.min(kept.bytes.len()));
                response.body(InSlices(kept.bytes.slice(within(range.start)..within(range.end))))
            }
            Self::Spooled(spooled) => {
                response.body(SizedStream::new(range.end - range.start, sliced(spooled.read(range))))
            }
            // Without a length nobody could have named a part.
            Self::Streaming(_) => self.send(response),
        }
    }

    /// The answer to `HEAD`.
    pub(super) fn send_length(self, mut response: HttpResponseBuilder) -> HttpResponse {
        match self.length() {
            Some(length) => response.body(SizedStream::new(length, stream::empty::<Result<Bytes, Infallible>>())),
            None => response.finish(),
        }
    }
}

struct InSlices(Bytes);

impl MessageBody for InSlices {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let rest = &mut self.0;
        Poll::Ready((!rest.is_empty()).then(|| Ok(rest.split_to(rest.len().min(SLICE)))))
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        // Whoever gets it in one piece copies it in one piece.
        Err(self)
    }
}

fn sliced<E>(chunks: impl Stream<Item = Result<Bytes, E>>) -> impl Stream<Item = Result<Bytes, E>> {
    let slices = |mut chunk: Bytes| {
        stream::iter(std::iter::from_fn(move || {
            (!chunk.is_empty()).then(|| Ok(chunk.split_to(chunk.len().min(SLICE))))
        }))
    };
    chunks.map_ok(slices).try_flatten()
}

/// Ends a connection in the midst of a body. The server drops the connection for any error; this one says why.
#[derive(Debug, thiserror::Error)]
#[error("an answer was broken off after its first byte: {0}")]
pub(super) struct Broken(String);

impl Broken {
    fn off(error: ApiError) -> Self {
        tracing::warn!(code = ?error.code(), "an answer was broken off after its first byte: {error}");
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    #[actix_web::test]
    async fn the_server_is_never_given_more_than_a_slice_of_a_kept_answer() {
        let bytes = Bytes::from_iter((0..200_000_u32).map(|number| number.to_le_bytes()[0]));
        let kept = || Body::Kept(Arc::new(Kept { coding: Coding::Identity, bytes: bytes.clone() }));
        for (sent, expected) in [
            (kept().send(HttpResponse::Ok()), bytes.clone()),
            (kept().send_part(HttpResponse::PartialContent(), 50_000..180_000), bytes.slice(50_000..180_000)),
        ] {
            // As the server does, which asks first whether it can have all at once.
            let mut body = pin!(sent.into_body().try_into_bytes().expect_err("the body was given in one piece"));
            let mut got = Vec::new();
            while let Some(slice) = poll_fn(|context| body.as_mut().poll_next(context)).await {
                let slice = slice.unwrap();
                assert!(slice.len() <= SLICE, "{} bytes at once", slice.len());
                got.extend_from_slice(&slice);
            }
            assert_eq!(got, expected);
        }
    }
}
