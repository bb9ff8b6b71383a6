use std::cell::Cell;

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::*;
use crate::encode::Coding;

const LIMITS: AnswerLimits = AnswerLimits { memory: 50_000, answer: 10_000, spool: 100_000 };

fn cache() -> (tempfile::TempDir, AnswerCache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = AnswerCache::new(LIMITS, folder.path().to_owned(), Workers::start(1).unwrap()).unwrap();
    (folder, cache)
}

fn key(content: u128) -> Key {
    Key { content, agreed: Agreed { coding: Coding::Identity, plain_allowed: true } }
}

/// `thousands` chunks of a thousand bytes.
fn body(thousands: usize) -> Encoded {
    let chunks = stream::iter((0..thousands).map(|_| Ok(Bytes::from(vec![b'x'; 1000]))));
    Encoded { coding: Coding::Identity, chunks: chunks.boxed() }
}

async fn read(body: Body) -> usize {
    match body {
        Body::Kept(kept) => kept.bytes.len(),
        Body::Spooled(spooled) => spooled.length() as usize,
        Body::Streaming(encoded) => {
            encoded.chunks.try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len()) }).await.unwrap()
        }
    }
}

#[tokio::test]
async fn a_small_answer_is_made_once_for_all_who_ask_at_once_and_later() {
    let (_folder, cache) = cache();
    let made = Cell::new(0);
    let ask = || {
        cache.find_or_make(key(1), Need::Nothing, || async {
            made.set(made.get() + 1);
            tokio::task::yield_now().await;
            Ok(body(3))
        })
    };
    let found = join_all((0..20).map(|_| ask())).await;
    assert_eq!(found.iter().filter(|found| !found.as_ref().unwrap().hit).count(), 1);
    assert!(ask().await.unwrap().hit);
    assert_eq!(made.get(), 1);
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_never_kept() {
    let (_folder, cache) = cache();
    let made = Cell::new(0);
    let ask = |fails: bool| {
        let made = &made;
        cache.find_or_make(key(1), Need::Nothing, move || async move {
            made.set(made.get() + 1);
            tokio::task::yield_now().await;
            let broken = stream::iter([Err(ApiError::new(Code::UpstreamUnavailable, "no"))]);
            let chunks = if fails { body(2).chunks.chain(broken).boxed() } else { body(2).chunks };
            Ok(Encoded { coding: Coding::Identity, chunks })
        })
    };
    for found in join_all((0..5).map(|_| ask(true))).await {
        let error = found.err().unwrap();
        assert_eq!((error.code(), error.detail()), (Code::UpstreamUnavailable, "no"));
    }
    assert_eq!(made.get(), 1);
    assert!(!ask(false).await.unwrap().hit);
    assert_eq!(made.get(), 2);
}

#[tokio::test]
async fn who_waits_for_an_answer_that_its_maker_gave_up_makes_it() {
    let (_folder, cache) = cache();
    let stuck = Encoded { coding: Coding::Identity, chunks: stream::pending().boxed() };
    let mut maker = Box::pin(cache.find_or_make(key(1), Need::Nothing, || async { Ok(stuck) }));
    assert!(futures_util::poll!(&mut maker).is_pending());
    let mut waiter = Box::pin(cache.find_or_make(key(1), Need::Nothing, || async { Ok(body(1)) }));
    assert!(futures_util::poll!(&mut waiter).is_pending());
    drop(maker);
    assert_eq!(read(waiter.await.unwrap().body).await, 1000);
}

#[tokio::test]
async fn a_large_answer_streams_to_each_and_is_not_gathered_a_second_time() {
    let (_folder, cache) = cache();
    let made = Cell::new(0);
    let ask = |thousands| {
        let made = &made;
        cache.find_or_make(key(1), Need::Nothing, move || async move {
            made.set(made.get() + 1);
            tokio::task::yield_now().await;
            Ok(body(thousands))
        })
    };
    for found in join_all((0..3).map(|_| ask(30))).await {
        let found = found.unwrap();
        assert!(matches!(found.body, Body::Streaming(_)) && !found.hit);
        assert_eq!(read(found.body).await, 30_000);
    }
    assert_eq!(made.get(), 3);
    assert_eq!(cache.bytes_in_memory(), 0);
    // Known to be large now: it begins at its first chunk, though it never goes on.
    let chunks = body(1).chunks.chain(stream::pending()).boxed();
    let encoded = Encoded { coding: Coding::Identity, chunks };
    let found = cache.find_or_make(key(1), Need::Nothing, || async { Ok(encoded) }).await.unwrap();
    assert!(matches!(found.body, Body::Streaming(_)));
}

#[tokio::test]
async fn a_large_answer_whose_length_is_needed_is_spooled_once_and_then_found_by_all() {
    let (_folder, cache) = cache();
    let made = Cell::new(0);
    let ask = |need| {
        let made = &made;
        cache.find_or_make(key(1), need, move || async move {
            made.set(made.get() + 1);
            Ok(body(30))
        })
    };
    let first = ask(Need::Length).await.unwrap();
    assert!(matches!(first.body, Body::Spooled(_)) && !first.hit);
    for need in [Need::Length, Need::Nothing] {
        let found = ask(need).await.unwrap();
        assert!(matches!(found.body, Body::Spooled(_)) && found.hit);
        assert_eq!(read(found.body).await, 30_000);
    }
    assert_eq!(made.get(), 1);
}

#[tokio::test]
async fn memory_is_counted_in_bytes_and_never_exceeded() {
    let (_folder, cache) = cache();
    for content in 0..100 {
        let found = cache.find_or_make(key(content), Need::Nothing, || async { Ok(body(9)) }).await.unwrap();
        assert_eq!(read(found.body).await, 9000);
        assert!(cache.bytes_in_memory() <= LIMITS.memory, "{} bytes", cache.bytes_in_memory());
    }
    assert!(cache.bytes_in_memory() >= 4 * 9000, "nothing was kept");
}

#[tokio::test]
async fn an_answer_that_found_no_room_to_be_gathered_is_not_taken_for_a_large_one() {
    let (_folder, cache) = cache();
    let mut share = cache.gathering.share();
    assert!(share.grow(LIMITS.memory));
    let ask = || cache.find_or_make(key(1), Need::Nothing, || async { Ok(body(2)) });
    let found = ask().await.unwrap();
    assert!(matches!(found.body, Body::Streaming(_)));
    assert_eq!(read(found.body).await, 2000);
    drop(share);
    assert!(matches!(ask().await.unwrap().body, Body::Kept(_)));
}
