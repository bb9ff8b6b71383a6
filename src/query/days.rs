//! A stored table as DataFusion sees it: the days asked for, in order, without a sort.
//!
//! The stock providers deal files to several partitions and lose the order; this one puts the days into one file
//! group. Each file is sorted by `event_time, row_id` and days follow each other, so the whole group is, and it says
//! so: an `ORDER BY` on that costs nothing.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DFSchema;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::expressions::col;
use datafusion::scalar::ScalarValue;

use crate::period::{Days, day_number};
use crate::store::Snapshot;
use crate::table::{Column, schema_of};

/// The column that is not in the files but in their folder's name.
const DAY_COLUMN: &str = "event_date";

/// Some days of one snapshot, with the given columns: those the table lacks are null.
#[derive(Debug)]
pub struct DayTable {
    snapshot: Arc<Snapshot>,
    days: Days,
    objects: ObjectStoreUrl,
    schema: SchemaRef,
    /// Which table of a query this is.
    number: Option<usize>,
}

impl DayTable {
    pub fn new(snapshot: Arc<Snapshot>, days: Days, objects: ObjectStoreUrl, columns: &[Column]) -> Result<Self> {
        let schema = schema_of(columns);
        // A missing column reads as null whatever the contract says of it. What the store notes beside a field stays
        // there: the engine takes fields with other notes for other columns.
        let plain = |field: &FieldRef| Field::new(field.name(), field.data_type().clone(), true);
        let fields: Vec<Field> = schema.fields().iter().map(plain).collect();
        Ok(Self { snapshot, days, objects, schema: Arc::new(Schema::new(fields)), number: None })
    }

    pub fn numbered(self, number: Option<usize>) -> Self {
        Self { number, ..self }
    }

    pub fn number(&self) -> Option<usize> {
        self.number
    }

    fn files(&self) -> Vec<PartitionedFile> {
        let has_day = self.schema.index_of(DAY_COLUMN).is_ok();
        self.snapshot
            .days
            .range(self.days.first..=self.days.last)
            .filter(|(_, stored)| stored.rows > 0)
            .map(|(day, stored)| {
                let file = PartitionedFile::new(stored.path.clone(), stored.size);
                match has_day {
                    true => file.with_partition_values(vec![ScalarValue::Date32(Some(day_number(*day)))]),
                    false => file,
                }
            })
            .collect()
    }

    /// Columns in the order of the scan: those in the files, then the day.
    fn table_schema(&self) -> TableSchema {
        let (days, in_files): (Vec<_>, Vec<_>) =
            self.schema.fields().iter().cloned().partition(|field| field.name() == DAY_COLUMN);
        TableSchema::builder(Arc::new(Schema::new(in_files))).with_table_partition_cols(days).build()
    }
}

#[async_trait]
impl TableProvider for DayTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Row groups are skipped by their statistics; the filter above the scan stays, so a skipped check costs speed
        // and never rows.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let files = self.files();
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(wanted)?))));
        }
        let table_schema = self.table_schema();
        let scanned = table_schema.table_schema().clone();
        let indices: Vec<usize> = wanted
            .iter()
            .map(|index| scanned.index_of(self.schema.field(*index).name()))
            .collect::<std::result::Result<_, _>>()?;
        let mut source = ParquetSource::new(table_schema).with_metadata_size_hint(64 * 1024);
        if let Some(filter) = conjunction(filters.iter().cloned()) {
            let known = DFSchema::try_from(scanned.clone())?;
            source = source.with_predicate(state.create_physical_expr(filter, &known)?);
        }
        let mut builder = FileScanConfigBuilder::new(self.objects.clone(), Arc::new(source))
            .with_file_groups(vec![FileGroup::new(files)])
            .with_limit(limit)
            .with_preserve_order(true);
        if let Some(order) = order(&scanned)? {
            builder = builder.with_output_ordering(vec![order]);
        }
        Ok(DataSourceExec::from_data_source(builder.with_projection_indices(Some(indices))?.build()))
    }
}

/// The order every stored day has, when the table has these columns.
fn order(schema: &Schema) -> Result<Option<LexOrdering>> {
    if schema.index_of("event_time").is_err() || schema.index_of("row_id").is_err() {
        return Ok(None);
    }
    let ascending =
        |name| Ok::<_, datafusion::error::DataFusionError>(PhysicalSortExpr::new_default(col(name, schema)?));
    Ok(LexOrdering::new([ascending("event_time")?, ascending("row_id")?]))
}
