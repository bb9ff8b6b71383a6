//! A snapshot is all that a scan needs.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionContext;

use super::sample::*;
use crate::period::day_number;
use crate::table::ColumnType;

#[tokio::test]
async fn days_are_scanned_in_order_with_text_views_missing_columns_and_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let text = ("prop_note", ColumnType::Text);
    put(&table, &columns(&[text]), TUESDAY, 4, 1).await;
    let more = columns(&[text, ("prop_größe_日本", ColumnType::Number)]);
    put(&table, &more, MONDAY, 3, 2).await;
    let snapshot = put(&table, &more, TUESDAY.tomorrow().unwrap(), 0, 2).await;

    let address = ObjectStoreUrl::parse("flattap://store").unwrap();
    let context = SessionContext::new();
    context.register_object_store(address.as_ref(), snapshot.object_store());
    let day = Arc::new(Field::new(snapshot.day_column(), DataType::Date32, false));
    let schema = TableSchema::builder(snapshot.file_schema()).with_table_partition_cols(vec![day]).build();
    let files = snapshot.days.iter().map(|(day, stored)| {
        PartitionedFile::new(&stored.path, stored.size)
            .with_partition_values(vec![ScalarValue::Date32(Some(day_number(*day)))])
    });
    let scan = FileScanConfigBuilder::new(address, Arc::new(ParquetSource::new(schema)))
        .with_file_groups(vec![FileGroup::new(files.collect())])
        .with_preserve_order(true)
        .build();
    let batches = collect(DataSourceExec::from_data_source(scan), context.task_ctx()).await.unwrap();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();

    assert_eq!(all.num_rows(), 7);
    assert_eq!(all.column_by_name("prop_note").unwrap().data_type(), &DataType::Utf8View);
    let days = all.column_by_name("event_date").unwrap().as_primitive::<Date32Type>();
    let expected: Vec<_> = [MONDAY; 3].into_iter().chain([TUESDAY; 4]).map(day_number).collect();
    assert_eq!(days.values()[..], expected[..]);
    let numbers = all.column_by_name("prop_größe_日本").unwrap().as_primitive::<Float64Type>();
    let numbers: Vec<_> = numbers.iter().collect();
    assert_eq!(numbers, [Some(2.), Some(2.), Some(2.), None, None, None, None]);
}
