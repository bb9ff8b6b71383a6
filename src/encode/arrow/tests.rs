//! arrow's own reader is the judge of what we write.

use arrow::array::{ArrayRef, AsArray, NullArray, StringViewArray};
use arrow::datatypes::DataType;
use arrow::ipc::reader::StreamReader;
use proptest::prelude::*;

use super::*;
use crate::encode::testing::{Cells, any_cells, table};
use crate::encode::{Format, OutputColumn, TextOptions, write};
use crate::table::ColumnType;

fn written(columns: Vec<OutputColumn>, batches: &[RecordBatch]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&Layout::new(Format::Arrow, columns, TextOptions::default()), batches, &mut out).unwrap();
    out
}

#[test]
fn no_rows_are_a_schema_and_an_end() {
    let (columns, batch) = table(&[Cells::Text(vec![]), Cells::TimestampUtc(vec![])]);
    for batches in [vec![], vec![batch]] {
        let bytes = written(columns.clone(), &batches);
        let reader = StreamReader::try_new(bytes.as_slice(), None).unwrap();
        let schema = reader.schema();
        assert_eq!(schema.field(0).data_type(), &DataType::Utf8);
        assert_eq!(schema.field(1).data_type(), &ColumnType::TimestampUtc.arrow());
        assert_eq!(schema.field(0).metadata().len(), 1, "what only the store needs stays there");
        assert_eq!(schema.field(0).metadata()["flattap.source"], "event_props.C0");
        assert_eq!(reader.count(), 0);
        assert!(bytes.ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), "no end mark");
    }
}

#[test]
fn a_column_of_another_type_is_refused_and_one_without_a_type_is_all_null() {
    let (columns, _) = table(&[Cells::Integer(vec![])]);
    let arrow = Arrow::new(&Layout::new(Format::Arrow, columns, TextOptions::default())).unwrap();
    let text = RecordBatch::try_from_iter([("c0", std::sync::Arc::new(StringViewArray::from(vec!["x"])) as ArrayRef)]);
    assert!(matches!(arrow.rows(&text.unwrap(), &mut Vec::new()), Err(EncodeError::UnknownType { .. })));
    let nothing = RecordBatch::try_from_iter([("c0", std::sync::Arc::new(NullArray::new(2)) as ArrayRef)]).unwrap();
    let mut out = Vec::new();
    arrow.open(&mut out);
    arrow.rows(&nothing, &mut out).unwrap();
    arrow.close(&mut out);
    let read = StreamReader::try_new(out.as_slice(), None).unwrap().next().unwrap().unwrap();
    assert_eq!((read.num_rows(), read.column(0).null_count()), (2, 2));
}

proptest! {
    #[test]
    fn a_reader_reads_back_what_was_written_in_any_pieces(cells in any_cells(), cut in 0..20usize) {
        let (columns, batch) = table(&cells);
        let cut = cut.min(batch.num_rows());
        let bytes = written(columns.clone(), &[batch.slice(0, cut), batch.slice(cut, batch.num_rows() - cut)]);
        let reader = StreamReader::try_new(bytes.as_slice(), None).unwrap();
        let schema = reader.schema();
        let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let read = arrow::compute::concat_batches(&schema, &read).unwrap();
        prop_assert_eq!(&read, &conform(&batch, &schema).unwrap());
        for (index, cells) in cells.iter().enumerate() {
            if let Cells::Text(texts) = cells {
                let found: Vec<Option<&str>> = read.column(index).as_string::<i32>().iter().collect();
                prop_assert_eq!(found, texts.iter().map(Option::as_deref).collect::<Vec<_>>());
            }
        }
    }
}
