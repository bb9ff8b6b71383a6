//! parquet's own reader is the judge of what we write.

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::*;
use crate::encode::testing::{Cells, any_cells, table};
use crate::encode::{Format, OutputColumn, TextOptions, write};

fn written(columns: Vec<OutputColumn>, batches: &[RecordBatch]) -> Bytes {
    let mut out = Vec::new();
    write(&Layout::new(Format::Parquet, columns, TextOptions::default()), batches, &mut out).unwrap();
    out.into()
}

#[test]
fn row_groups_end_after_100_000_rows_and_have_statistics() {
    let (columns, batch) = table(&[
        Cells::Integer((0..250_000).map(Some).collect()),
        Cells::Text((0..250_000).map(|row| Some(format!("text {}", row % 7))).collect()),
    ]);
    let bytes = written(columns.clone(), std::slice::from_ref(&batch));
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
    let groups = reader.metadata().row_groups();
    assert_eq!(groups.iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [100_000, 100_000, 50_000]);
    for column in groups[0].columns() {
        assert!(column.statistics().is_some_and(|statistics| statistics.min_bytes_opt().is_some()));
        assert!(matches!(column.compression(), Compression::ZSTD(_)));
    }
    assert_eq!(bytes, written(columns, &[batch]), "the same rows give the same bytes");
}

#[test]
fn a_row_group_of_long_texts_ends_early() {
    // Hardly to be packed, so that the file is about as large as its text.
    let noise = |row: u64| (0..1000).fold(String::new(), |text, at| format!("{text}{:x}", mixed(row * 1000 + at)));
    let (columns, batch) = table(&[Cells::Text((0..8_000).map(|row| Some(noise(row))).collect())]);
    let batches: Vec<RecordBatch> = (0..80).map(|part| batch.slice(part * 100, 100)).collect();
    let reader = ParquetRecordBatchReaderBuilder::try_new(written(columns, &batches)).unwrap();
    assert!(reader.metadata().num_row_groups() > 1, "{:?}", reader.metadata().file_metadata());
    assert_eq!(reader.metadata().file_metadata().num_rows(), 8_000);
}

fn mixed(seed: u64) -> u64 {
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

proptest! {
    #[test]
    fn a_reader_reads_back_what_was_written(cells in any_cells()) {
        let (columns, batch) = table(&cells);
        let schema = schema(&columns);
        let bytes = written(columns, std::slice::from_ref(&batch));
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        prop_assert_eq!(builder.schema().fields(), schema.fields());
        let read: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
        let read = arrow::compute::concat_batches(&schema, &read).unwrap();
        prop_assert_eq!(read, conform(&batch, &schema).unwrap());
    }
}
