//! Columns → bytes: how many bytes of CSV and JSON a thread writes in a second, beside arrow-csv on the same rows.
//!
//! Rows are made from a fixed seed and look like a table of purchases: 25 columns, of which 15 are text with much
//! repetition, some cells null, some texts to be quoted.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use arrow::record_batch::RecordBatch;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flattap::encode::{Format, Layout, OutputColumn, Scratch, TextOptions, Workers, stream, write as write_whole};
use flattap::table::ColumnType;
use futures_util::{StreamExt, TryStreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SIZES: [usize; 3] = [10, 1_000, 100_000];
const WORDS: [&str; 8] = ["Charged", "Android", "card", "2.14.0", "Berlin", "Organic, \"brand\"", "en-GB", ""];

fn column(index: usize, rows: usize, random: &mut StdRng) -> (ColumnType, ArrayRef) {
    let mut row = 0;
    let mut texts = |make: &dyn Fn(&mut StdRng, usize) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter((0..rows).map(|row| {
            let null = random.random_ratio(1, 10);
            (!null).then(|| make(random, row))
        })))
    };
    match index {
        0 => (ColumnType::Text, texts(&|random, _| format!("{:032x}", random.random::<u128>()))),
        1 => (ColumnType::Text, texts(&|random, _| format!("__g{:024x}", random.random::<u64>()))),
        2 => (ColumnType::Text, texts(&|random, _| format!("person{}@example.com", random.random_range(0..50_000)))),
        3 => (ColumnType::Json, texts(&|random, _| format!("[\"{}\",\"{}\"]", random.random::<u32>(), 7))),
        4..15 => (ColumnType::Text, texts(&|random, _| WORDS[random.random_range(0..WORDS.len())].to_owned())),
        15 | 16 => {
            let array = TimestampMicrosecondArray::from_iter_values((0..rows).map(|_| {
                row += 1;
                1_793_500_000_000_000 + row * 700_000_000
            }));
            if index == 15 {
                (ColumnType::Timestamp, Arc::new(array))
            } else {
                (ColumnType::TimestampUtc, Arc::new(array.with_timezone("UTC")))
            }
        }
        17 => {
            (ColumnType::Date, Arc::new(Date32Array::from_iter_values((0..rows).map(|row| 20_700 + row as i32 / 900))))
        }
        18 | 19 => {
            let values = (0..rows).map(|_| f64::from(random.random_range(0..10_000_000)) / 100.0);
            (ColumnType::Number, Arc::new(Float64Array::from_iter_values(values)))
        }
        20 => {
            let values = (0..rows).map(|_| f64::from(random.random_range(0..5000)));
            (ColumnType::Number, Arc::new(Float64Array::from_iter_values(values)))
        }
        21 => (ColumnType::Boolean, Arc::new(BooleanArray::from_iter((0..rows).map(|row| Some(row % 3 == 0))))),
        _ => {
            let values = (0..rows).map(|_| random.random_range(0..10_000_000_000_000));
            (ColumnType::Integer, Arc::new(Int64Array::from_iter_values(values)))
        }
    }
}

fn table(rows: usize) -> (Vec<OutputColumn>, RecordBatch) {
    let mut random = StdRng::seed_from_u64(20_261_123);
    let (columns, arrays): (Vec<_>, Vec<_>) = (0..25)
        .map(|index| {
            let (kind, array) = column(index, rows, &mut random);
            let name = format!("prop_column_{index}");
            (OutputColumn { source: name.clone(), name: name.clone(), kind }, (name, array))
        })
        .unzip();
    (columns, RecordBatch::try_from_iter(arrays).expect("columns of one length"))
}

fn one_thread(criterion: &mut Criterion) {
    for rows in SIZES {
        let (columns, batch) = table(rows);
        let mut group = criterion.benchmark_group(format!("{rows}_rows"));
        for format in Format::ALL {
            let layout = Layout::new(format, columns.clone(), TextOptions::default());
            let write = |out: &mut Vec<u8>| {
                out.clear();
                write_whole(&layout, std::slice::from_ref(&batch), out).expect("a known type");
            };
            let mut out = Vec::new();
            write(&mut out);
            group.throughput(Throughput::Bytes(out.len() as u64));
            group.bench_function(format.name(), |bencher| bencher.iter(|| write(black_box(&mut out))));
        }
        let mut out = Vec::new();
        let write = |out: &mut Vec<u8>| {
            out.clear();
            arrow::csv::Writer::new(out).write(&batch).expect("a known type");
        };
        write(&mut out);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function("arrow_csv", |bencher| bencher.iter(|| write(black_box(&mut out))));
        group.finish();
    }
}

/// Rows of a batch, as the engine gives those of a table with some forty columns.
const ROWS: usize = 512;

/// The whole way to chunks, with as many threads as the machine gives.
fn pumped(criterion: &mut Criterion) {
    let (columns, batch) = table(100_000);
    let batches: Vec<RecordBatch> =
        (0..batch.num_rows()).step_by(ROWS).map(|from| batch.slice(from, ROWS.min(batch.num_rows() - from))).collect();
    let workers = Workers::for_this_machine().expect("threads");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let run = || {
        runtime.block_on(async {
            let batches = futures_util::stream::iter(batches.clone()).map(Ok::<_, String>).boxed();
            let layout = Layout::new(Format::Csv, columns.clone(), TextOptions::default());
            let sum = |sum, chunk: bytes::Bytes| async move { Ok(sum + chunk.len()) };
            stream(batches, layout, Scratch::unlimited(&std::env::temp_dir()), &workers)
                .try_fold(0, sum)
                .await
                .expect("a known type")
        })
    };
    let mut group = criterion.benchmark_group("pumped");
    group.throughput(Throughput::Bytes(run() as u64));
    group.bench_function("csv", |bencher| bencher.iter(|| black_box(run())));
    group.finish();
}

criterion_group!(benches, one_thread, pumped);
criterion_main!(benches);
