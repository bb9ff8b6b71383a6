//! Rows with a number and a key each, where their table has no key of its own.
//!
//! One pass, in the order in which the rows lie: the number is the place, the key is made of some of the cells and, for
//! rows that are equal in all of these, of how many such rows came before. So keys are never null, all different, and
//! the same as long as the cells are. As in [`barrier`](super::barrier) nothing of the caller's is moved below: a
//! condition must not change the numbers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, col};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use datafusion::prelude::DataFrame;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

/// Bytes of a digest that are kept; each is two hex digits of a key.
const KEPT: usize = 16;
/// Bytes that the count of a digest takes.
const COUNT: usize = 24;

/// A view and two more columns behind it.
#[derive(Debug)]
pub struct Numbered {
    plan: LogicalPlan,
    /// Columns that the key is made of.
    of: Vec<usize>,
    schema: SchemaRef,
}

impl Numbered {
    /// `ordinal` and `key` are what the columns are called. Names in `of` that the frame has not count for nothing.
    pub fn new(frame: DataFrame, of: &[String], ordinal: &str, key: &str) -> Self {
        let plan = frame.into_unoptimized_plan();
        let known = plan.schema().inner();
        let of = of.iter().filter_map(|name| known.index_of(name).ok()).collect();
        let mut fields: Vec<Field> = known.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(ordinal, DataType::Int64, false));
        fields.push(Field::new(key, DataType::Utf8View, false));
        Self { schema: Arc::new(Schema::new(fields)), plan, of }
    }
}

#[async_trait]
impl TableProvider for Numbered {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Unsupported; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let below = self.plan.schema().fields().len();
        let all: Vec<usize> = (0..below + 2).collect();
        let wanted = projection.unwrap_or(&all);
        // What is shown, and what keys are made of where they are shown.
        let keyed: &[usize] = if wanted.contains(&(below + 1)) { &self.of } else { &[] };
        let mut read: Vec<usize> = wanted.iter().chain(keyed).copied().filter(|index| *index < below).collect();
        read.sort_unstable();
        read.dedup();
        let columns = read.iter().map(|index| {
            let (qualifier, field) = self.plan.schema().qualified_field(*index);
            col(datafusion::common::Column::new(qualifier.cloned(), field.name()))
        });
        let plan = LogicalPlanBuilder::from(self.plan.clone()).project(columns)?.build()?;
        let mut rows = state.create_physical_plan(&plan).await?;
        if rows.properties().partitioning.partition_count() > 1 {
            rows = Arc::new(CoalescePartitionsExec::new(rows));
        }
        let place = |index: usize| read.iter().position(|known| *known == index).unwrap_or_default();
        let shown = wanted.iter().map(|index| match index.checked_sub(below) {
            None => Shown::Column(place(*index)),
            Some(0) => Shown::Ordinal,
            Some(_) => Shown::Key,
        });
        let schema = Arc::new(self.schema.project(wanted)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(Numbering {
            rows,
            of: keyed.iter().map(|index| place(*index)).collect(),
            shown: shown.collect(),
            schema,
            properties: Arc::new(properties),
        }))
    }
}

#[derive(Clone, Copy, Debug)]
enum Shown {
    /// Of the rows below.
    Column(usize),
    Ordinal,
    Key,
}

/// It looks like a leaf: the rules that move conditions of the physical plan down end here.
#[derive(Debug)]
struct Numbering {
    rows: Arc<dyn ExecutionPlan>,
    of: Vec<usize>,
    shown: Vec<Shown>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for Numbering {
    fn fmt_as(&self, form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numbering: ")?;
        self.rows.fmt_as(form, f)
    }
}

impl ExecutionPlan for Numbering {
    fn name(&self) -> &str {
        "Numbering"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let memory = MemoryConsumer::new("row keys").register(context.memory_pool());
        let rows = self.rows.execute(partition, context)?;
        let schema = self.schema.clone();
        let mut counter =
            Counter { of: self.of.clone(), shown: self.shown.clone(), schema, next: 0, seen: HashMap::new(), memory };
        let numbered = rows.map(move |batch| counter.number(&batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), numbered)))
    }
}

/// Numbers rows as they come.
struct Counter {
    of: Vec<usize>,
    shown: Vec<Shown>,
    schema: SchemaRef,
    next: i64,
    /// How often cells of a digest were seen. Two that meet in half of one are told apart by their number as well.
    seen: HashMap<u64, u32>,
    memory: MemoryReservation,
}

impl Counter {
    fn number(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let first = self.next;
        self.next += rows as i64;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.shown.len());
        for shown in self.shown.clone() {
            columns.push(match shown {
                Shown::Column(index) => batch.column(index).clone(),
                Shown::Ordinal => Arc::new(Int64Array::from_iter_values(first..self.next)),
                Shown::Key => self.keys(batch)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }

    fn keys(&mut self, batch: &RecordBatch) -> Result<ArrayRef> {
        let mut texts = Vec::with_capacity(self.of.len());
        for index in &self.of {
            texts.push(cast(batch.column(*index), &DataType::Utf8)?);
        }
        let texts: Vec<_> = texts.iter().map(|cells| cells.as_string::<i32>()).collect();
        let mut keys = StringViewBuilder::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let mut digest = Sha256::new();
            for cells in &texts {
                match cells.is_null(row) {
                    true => digest.update([0]),
                    false => {
                        let text = cells.value(row).as_bytes();
                        digest.update([1]);
                        digest.update((text.len() as u64).to_le_bytes());
                        digest.update(text);
                    }
                }
            }
            let so_far = digest.clone().finalize();
            let known = self.seen.len();
            let times = self.seen.entry(so_far.first_chunk().map_or(0, |half| u64::from_le_bytes(*half))).or_default();
            let before = std::mem::replace(times, times.saturating_add(1));
            if self.seen.len() > known {
                self.memory.try_grow(COUNT)?;
            }
            let whole = match before {
                0 => so_far,
                before => {
                    digest.update(before.to_le_bytes());
                    digest.finalize()
                }
            };
            keys.append_value(hex::encode(whole.get(..KEPT).unwrap_or_default()));
        }
        Ok(Arc::new(keys.finish()))
    }
}
