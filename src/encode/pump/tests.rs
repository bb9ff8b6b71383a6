use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future;

use super::*;
use crate::encode::testing::{Cells, table};
use crate::encode::{Format, Layout, OutputColumn, TextOptions, write};

/// Rows that become some 20 bytes each in CSV.
fn rows(from: i64, count: i64) -> (Vec<OutputColumn>, RecordBatch) {
    table(&[
        Cells::Integer((from..from + count).map(Some).collect()),
        Cells::Text((from..from + count).map(|row| Some(format!("row,{row}"))).collect()),
    ])
}

fn in_order(format: Format, columns: &[OutputColumn], batches: &[RecordBatch]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&Layout::new(format, columns.to_vec(), TextOptions::default()), batches, &mut out).unwrap();
    out
}

type Chunks = BoxStream<'static, Result<Bytes, StreamError<String>>>;

fn pump(format: Format, columns: &[OutputColumn], batches: BatchStream<String>, workers: &Workers) -> Chunks {
    let layout = Layout::new(format, columns.to_vec(), TextOptions::default());
    stream(batches, layout, Scratch::unlimited(&std::env::temp_dir()), workers)
}

#[tokio::test]
async fn many_threads_write_the_same_bytes_as_one_after_the_other() {
    let workers = Workers::start(3).unwrap();
    // Small ones are written on the spot, big ones by the threads, and one is cut: order must hold among them.
    let sizes = [1, 60_000, 3, 0, 20_000, 1, 300_000, 2];
    let mut from = 0;
    let batches: Vec<RecordBatch> = sizes
        .iter()
        .map(|size| {
            from += size;
            rows(from - size, *size).1
        })
        .collect();
    let (columns, _) = rows(0, 0);
    // The other formats are not made of rows alone: their bytes tell how the rows were cut.
    for format in [Format::Csv, Format::Json, Format::Ndjson] {
        let source = stream::iter(batches.clone().into_iter().map(Ok)).boxed();
        let chunks: Vec<Bytes> = pump(format, &columns, source, &workers).try_collect().await.unwrap();
        assert!(chunks.iter().all(|chunk| !chunk.is_empty()));
        assert!(chunks.concat() == in_order(format, &columns, &batches), "{format:?} differs");
    }
}

#[tokio::test]
async fn no_batches_are_a_header_or_an_empty_array() {
    let workers = Workers::start(1).unwrap();
    let (columns, _) = rows(0, 0);
    for (format, text) in [(Format::Csv, "c0,c1\r\n"), (Format::Json, "[]")] {
        let chunks: Vec<Bytes> = pump(format, &columns, stream::empty().boxed(), &workers).try_collect().await.unwrap();
        assert_eq!(chunks.concat(), text.as_bytes());
    }
}

#[tokio::test]
async fn a_broken_source_ends_the_stream_without_the_closing_bytes() {
    let workers = Workers::start(2).unwrap();
    let (columns, batch) = rows(0, 5000);
    let source = stream::iter([Ok(batch.clone()), Err("gone".to_owned()), Ok(batch)]).boxed();
    let chunks: Vec<_> = pump(Format::Json, &columns, source, &workers).collect().await;
    let (last, before) = chunks.split_last().unwrap();
    assert!(matches!(last, Err(StreamError::Source(said)) if said == "gone"));
    let text: Vec<u8> = before.iter().flat_map(|chunk| chunk.as_ref().unwrap().to_vec()).collect();
    assert!(text.ends_with(b"}"), "the closing bracket was written after all");
}

#[tokio::test]
async fn a_batch_that_cannot_be_written_ends_the_stream_wherever_it_is_written() {
    let workers = Workers::start(2).unwrap();
    let (columns, _) = rows(0, 0);
    for size in [1, 100_000] {
        let (_, narrow) = table(&[Cells::Integer(vec![Some(1); size])]);
        let chunks: Vec<_> = pump(Format::Csv, &columns, stream::iter([Ok(narrow)]).boxed(), &workers).collect().await;
        assert!(matches!(chunks.as_slice(), [Ok(_), Err(StreamError::Encode(EncodeError::ColumnCount { .. }))]));
    }
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_source() {
    let workers = Workers::start(2).unwrap();
    let (columns, batch) = rows(0, 20_000);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let source = stream::repeat_with(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(batch.clone())
    })
    .boxed();
    let mut chunks = pump(Format::Csv, &columns, source, &workers);
    for _ in 0..3 {
        chunks.next().await.unwrap().unwrap();
    }
    // Header and two chunks were read; at most one more than there are threads is under way.
    assert!(asked.load(Ordering::Relaxed) <= 2 + 3, "{} batches were asked for", asked.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_source_that_is_not_ready_does_not_hold_back_what_is_written() {
    let workers = Workers::start(2).unwrap();
    let (columns, batch) = rows(0, 20_000);
    let source = stream::once(future::ready(Ok(batch))).chain(stream::pending()).boxed();
    let mut chunks = pump(Format::Csv, &columns, source, &workers);
    assert!(chunks.next().await.unwrap().unwrap().starts_with(b"c0,c1"));
    assert!(chunks.next().await.unwrap().unwrap().starts_with(b"0,\"row,0\"\r\n"));
}
