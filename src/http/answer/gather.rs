//! Collects the beginning of a body, up to where it is too large to be kept.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use super::budget::{Budget, Share};
use crate::encode::Coding;
use crate::error::ApiError;

/// The bytes of an answer as they come. An error is the last item, and what came before is then not an answer.
pub(super) type Chunks = BoxStream<'static, Result<Bytes, ApiError>>;

/// A body under way.
pub(super) struct Encoded {
    pub(super) coding: Coding,
    pub(super) chunks: Chunks,
}

pub(super) enum Gathered {
    /// All of it.
    Whole(Bytes),
    /// More than the limit: the body from its first byte on.
    TooLarge(Chunks),
    /// Perhaps not more than the limit, but there is no room to find out: the body from its first byte on.
    NoRoom(Chunks),
}

/// Reads on until the body ends, exceeds `limit` bytes, or finds no more room in the budget. In any case its first
/// chunk was written when this returns, so that what fails at once can still be refused properly.
pub(super) async fn gather(mut chunks: Chunks, limit: u64, budget: &Arc<Budget>) -> Result<Gathered, ApiError> {
    let mut share = budget.share();
    let mut gathered: VecDeque<Bytes> = VecDeque::new();
    let mut length = 0;
    while let Some(chunk) = chunks.try_next().await? {
        let more = chunk.len() as u64;
        length += more;
        let room = share.grow(more);
        gathered.push_back(chunk);
        if length > limit {
            return Ok(Gathered::TooLarge(replayed(gathered, share).chain(chunks).boxed()));
        }
        if !room {
            return Ok(Gathered::NoRoom(replayed(gathered, share).chain(chunks).boxed()));
        }
    }
    let mut whole = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    gathered.iter().for_each(|chunk| whole.extend_from_slice(chunk));
    Ok(Gathered::Whole(whole.into()))
}

/// What was gathered, each chunk given up as soon as it is read.
fn replayed(gathered: VecDeque<Bytes>, share: Share) -> Chunks {
    stream::unfold((gathered, share), |(mut gathered, mut share)| async move {
        let chunk = gathered.pop_front()?;
        share.shrink(chunk.len() as u64);
        Some((Ok(chunk), (gathered, share)))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn body(chunks: &[&'static str]) -> Chunks {
        stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect::<Vec<_>>()).boxed()
    }

    async fn all(gathered: Gathered) -> (bool, Vec<u8>) {
        match gathered {
            Gathered::Whole(bytes) => (true, bytes.to_vec()),
            Gathered::TooLarge(chunks) | Gathered::NoRoom(chunks) => {
                (false, chunks.try_collect::<Vec<_>>().await.unwrap().concat())
            }
        }
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_whole_and_a_larger_one_loses_nothing() {
        let budget = Budget::new(100);
        for (limit, whole) in [(9, true), (8, false), (3, false), (0, false)] {
            let gathered = gather(body(&["abc", "def", "ghi"]), limit, &budget).await.unwrap();
            assert_eq!(all(gathered).await, (whole, b"abcdefghi".to_vec()), "{limit}");
        }
        assert!(budget.share().grow(100), "some of the budget was not given back");
    }

    #[tokio::test]
    async fn without_room_in_the_budget_a_small_body_goes_on_as_a_large_one() {
        let budget = Budget::new(4);
        let first = gather(body(&["abc", "def"]), 100, &budget).await.unwrap();
        assert!(matches!(first, Gathered::NoRoom(_)));
        // The first still holds three bytes of four.
        let second = gather(body(&["xy"]), 100, &budget).await.unwrap();
        assert_eq!(all(second).await, (false, b"xy".to_vec()));
        assert_eq!(all(first).await, (false, b"abcdef".to_vec()));
    }

    #[tokio::test]
    async fn a_failure_before_the_limit_is_the_failure_of_the_whole() {
        let chunks = body(&["abc"]).chain(stream::iter([Err(ApiError::new(Code::Internal, "broken"))])).boxed();
        assert_eq!(gather(chunks, 100, &Budget::new(100)).await.err().unwrap().detail(), "broken");
    }
}
