use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::encode::testing::{Cells, table};
use crate::encode::{TextOptions, stream, write as write_whole};

const FILES: [Format; 2] = [Format::Parquet, Format::Xlsx];

fn rows() -> (Layout, RecordBatch) {
    let (columns, batch) = table(&[
        Cells::Integer((0..5000).map(Some).collect()),
        Cells::Text((0..5000).map(|row| Some(format!("row {row}"))).collect()),
    ]);
    (Layout::new(Format::Parquet, columns, TextOptions::default()), batch)
}

fn endless(batch: RecordBatch, given: Arc<AtomicUsize>) -> BatchStream<String> {
    stream::repeat_with(move || {
        given.fetch_add(1, Ordering::SeqCst);
        Ok(batch.clone())
    })
    .boxed()
}

#[tokio::test]
async fn a_streamed_file_is_the_one_that_is_written_whole() {
    let (folder, workers) = (tempfile::tempdir().unwrap(), Workers::start(1).unwrap());
    let (layout, batch) = rows();
    for format in FILES {
        let layout = Layout { format, ..layout.clone() };
        let batches: Vec<Result<RecordBatch, String>> = (0..5).map(|part| Ok(batch.slice(part * 1000, 1000))).collect();
        let streamed =
            stream(stream::iter(batches).boxed(), layout.clone(), Scratch::unlimited(folder.path()), &workers);
        let streamed = streamed.try_collect::<Vec<_>>().await.unwrap().concat();
        let batches: Vec<_> = (0..5).map(|part| batch.slice(part * 1000, 1000)).collect();
        let mut whole = Vec::new();
        write_whole(&layout, &batches, &mut whole).unwrap();
        // A sheet in memory shares its texts, one on disk does not.
        assert!(format == Format::Xlsx && streamed.starts_with(b"PK") || streamed == whole, "{format:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing has a name");
    }
}

#[tokio::test]
async fn a_source_that_fails_is_the_last_item_and_the_file_has_no_end() {
    let (folder, workers) = (tempfile::tempdir().unwrap(), Workers::start(1).unwrap());
    let (layout, batch) = rows();
    for format in FILES {
        let layout = Layout { format, ..layout.clone() };
        let batches = stream::iter([Ok(batch.clone()), Err("gone".to_owned())]).boxed();
        let mut chunks = stream(batches, layout, Scratch::unlimited(folder.path()), &workers);
        let mut bytes = Vec::new();
        let error = loop {
            match chunks.next().await.expect("an error before the end") {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StreamError::Source(why) if why == "gone"));
        assert!(!bytes.ends_with(b"PAR1") || bytes.len() == 4, "{format:?} looks whole");
        assert!(chunks.next().await.is_none());
    }
}

#[tokio::test]
async fn without_room_the_rows_are_refused_in_the_words_of_who_counts_it() {
    let (folder, workers) = (tempfile::tempdir().unwrap(), Workers::start(1).unwrap());
    let (layout, batch) = rows();
    let left = Arc::new(AtomicU64::new(1_000_000));
    let room = left.clone();
    let scratch = Scratch::new(folder.path(), move |bytes| {
        let taken = room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| io::Error::new(io::ErrorKind::StorageFull, "used up"))
    });
    let given = Arc::new(AtomicUsize::new(0));
    let layout = Layout { format: Format::Xlsx, ..layout };
    let chunks = stream(endless(batch, given.clone()), layout, scratch, &workers);
    let error = chunks.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(
        matches!(&error, StreamError::Encode(EncodeError::Scratch(why)) if why.kind() == io::ErrorKind::StorageFull),
        "{error:?}"
    );
    assert!(given.load(Ordering::SeqCst) < 10, "the scan went on");
}

#[tokio::test]
async fn who_reads_nothing_stops_the_scan_and_who_leaves_ends_it() {
    let (folder, workers) = (tempfile::tempdir().unwrap(), Workers::start(1).unwrap());
    let (layout, batch) = rows();
    // Hardly to be packed, so that the first chunks come soon.
    let noisy = table(&[Cells::Number((0..5000).map(|row| Some(f64::from(row).sin())).collect())]);
    let given = Arc::new(AtomicUsize::new(0));
    let layout_of_noise = Layout { columns: noisy.0, ..layout.clone() };
    let scratch = || Scratch::unlimited(folder.path());
    let mut chunks = stream(endless(noisy.1, given.clone()), layout_of_noise, scratch(), &workers);
    assert_eq!(given.load(Ordering::SeqCst), 0, "nothing is done unasked");
    chunks.next().await.unwrap().unwrap();
    let after_one = given.load(Ordering::SeqCst);
    drop(chunks);
    // Its thread is free again: as many as there may be at once come through after it.
    for _ in 0..8 {
        let batches = stream::iter([Ok::<_, String>(batch.clone())]).boxed();
        let small = stream(batches, layout.clone(), scratch(), &workers);
        let small = tokio::time::timeout(Duration::from_secs(60), small.try_collect::<Vec<_>>()).await;
        assert!(small.expect("the threads are taken").is_ok());
    }
    assert!(given.load(Ordering::SeqCst) <= after_one + 3, "the scan went on");
}
