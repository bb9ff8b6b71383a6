use futures_util::StreamExt;

use super::*;
use crate::http::compression::Agreed;

fn key(content: u128) -> Key {
    Key { content, agreed: Agreed { coding: Coding::Identity, plain_allowed: true } }
}

fn body(byte: u8, chunks: usize) -> Encoded {
    let chunks = stream::iter((0..chunks).map(move |_| Ok(Bytes::from(vec![byte; 1000]))));
    Encoded { coding: Coding::Identity, chunks: chunks.boxed() }
}

async fn write(spools: &Spools, content: u128, chunks: usize) -> Result<Arc<Spooled>, ApiError> {
    spools.find_or_write(key(content), || async { Ok(body(content as u8, chunks)) }).await
}

async fn read(spooled: &Arc<Spooled>, range: Range<u64>) -> Vec<u8> {
    spooled.clone().read(range).try_collect::<Vec<_>>().await.unwrap().concat()
}

fn spools(limit: u64) -> (tempfile::TempDir, Spools) {
    let folder = tempfile::tempdir().unwrap();
    let spools = Spools::new(folder.path().to_owned(), limit);
    (folder, spools)
}

#[tokio::test]
async fn what_was_written_is_read_in_any_part_and_leaves_no_name_on_disk() {
    let (folder, spools) = spools(1 << 20);
    let chunks = (0..300u32).map(|number| Ok(Bytes::from(format!("{number:01000}"))));
    let encoded = Encoded { coding: Coding::Gzip, chunks: stream::iter(chunks).boxed() };
    let spooled = spools.find_or_write(key(1), || async { Ok(encoded) }).await.unwrap();
    assert_eq!((spooled.length(), spooled.coding()), (300_000, Coding::Gzip));
    let whole = read(&spooled, 0..300_000).await;
    assert_eq!(whole, (0..300u32).map(|number| format!("{number:01000}")).collect::<String>().into_bytes());
    for range in [0..1, 131_071..131_073, 299_999..300_000, 5..5] {
        assert_eq!(read(&spooled, range.clone()).await, whole[range.start as usize..range.end as usize]);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn many_at_once_write_it_once() {
    let (_folder, spools) = spools(1 << 20);
    let writes = std::cell::Cell::new(0);
    let all = (0..10).map(|_| {
        spools.find_or_write(key(1), || {
            writes.set(writes.get() + 1);
            async { Ok(body(1, 5)) }
        })
    });
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|spooled| spooled.as_ref().unwrap().length() == 5000));
    assert_eq!(writes.get(), 1);
}

#[tokio::test]
async fn the_idlest_makes_room_unless_it_is_being_read() {
    let (_folder, spools) = spools(10_000);
    let first = write(&spools, 1, 4).await.unwrap();
    drop(write(&spools, 2, 4).await.unwrap());
    drop(write(&spools, 3, 6).await.unwrap());
    assert!(spools.find(&key(1)).is_some() && spools.find(&key(2)).is_none() && spools.find(&key(3)).is_some());
    assert_eq!(read(&first, 0..4000).await, vec![1; 4000]);

    let third = spools.find(&key(3)).unwrap();
    let refused = write(&spools, 4, 1).await.err().unwrap();
    assert_eq!(refused.code(), Code::StoreUnavailable, "both are being read, so it is a matter of waiting");
    drop((first, third));
    assert!(write(&spools, 4, 1).await.is_ok());
}

#[tokio::test]
async fn an_answer_larger_than_all_the_room_is_refused_and_gives_back_what_it_took() {
    let (_folder, spools) = spools(10_000);
    let refused = write(&spools, 1, 11).await.err().unwrap();
    assert_eq!(refused.code(), Code::StoreFull);
    assert!(spools.find(&key(1)).is_none());
    assert!(write(&spools, 2, 10).await.is_ok());
}

#[tokio::test]
async fn a_broken_body_is_not_kept_and_the_next_one_is_made_anew() {
    let (_folder, spools) = spools(10_000);
    let broken = body(1, 3).chunks.chain(stream::iter([Err(ApiError::new(Code::Internal, "broken"))]));
    let encoded = Encoded { coding: Coding::Identity, chunks: broken.boxed() };
    assert_eq!(spools.find_or_write(key(1), || async { Ok(encoded) }).await.err().unwrap().detail(), "broken");
    assert!(spools.find(&key(1)).is_none());
    assert_eq!(write(&spools, 1, 10).await.unwrap().length(), 10_000);
}

#[tokio::test]
async fn whoever_waits_goes_on_when_the_writer_goes_away() {
    let (_folder, spools) = spools(10_000);
    let stuck = Encoded { coding: Coding::Identity, chunks: stream::pending().boxed() };
    let mut writer = Box::pin(spools.find_or_write(key(1), || async { Ok(stuck) }));
    assert!(futures_util::poll!(&mut writer).is_pending());
    let mut waiter = Box::pin(write(&spools, 1, 2));
    assert!(futures_util::poll!(&mut waiter).is_pending());
    drop(writer);
    assert_eq!(waiter.await.unwrap().length(), 2000);
}

#[tokio::test]
async fn an_idle_answer_is_forgotten_and_its_reader_reads_on() {
    let (_folder, spools) = spools(10_000);
    let first = write(&spools, 1, 4).await.unwrap();
    drop(write(&spools, 2, 4).await.unwrap());
    let later = Instant::now() + IDLE + Duration::from_secs(1);
    spools.0.index.lock().sweep(later);
    assert!(spools.find(&key(2)).is_none());
    assert!(spools.find(&key(1)).is_some(), "it is being read");
    assert_eq!(read(&first, 0..4000).await.len(), 4000);
    drop(first);
    spools.0.index.lock().sweep(later);
    assert!(spools.find(&key(1)).is_none());
    assert!(write(&spools, 3, 10).await.is_ok(), "the room was not given back");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_refusal_and_not_an_empty_answer() {
    let spools = Spools::new("/nonexistent/folder".into(), 10_000);
    assert_eq!(write(&spools, 1, 1).await.err().unwrap().code(), Code::StoreUnavailable);
}
