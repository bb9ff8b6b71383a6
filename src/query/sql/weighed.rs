//! Window functions over a whole partition keep all rows until the last one is there, and the engine does not count
//! them. Counted here, against the memory of the query.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::utils::memory::get_record_batch_memory_size;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::WindowAggExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures_util::StreamExt;

/// Puts the count below every such window.
#[derive(Debug)]
pub(in crate::query) struct WeighWindows;

impl PhysicalOptimizerRule for WeighWindows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if !node.is::<WindowAggExec>() {
                return Ok(Transformed::no(node));
            }
            let weigh = |input: &Arc<dyn ExecutionPlan>| Arc::new(Weighed(input.clone())) as Arc<dyn ExecutionPlan>;
            let weighed = node.children().into_iter().map(weigh).collect();
            Ok(Transformed::yes(replace_children_if_necessary(node, weighed)?))
        })
        .data()
    }

    fn name(&self) -> &str {
        "weigh_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Weighed(Arc<dyn ExecutionPlan>);

impl DisplayAs for Weighed {
    fn fmt_as(&self, _form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Weighed")
    }
}

impl ExecutionPlan for Weighed {
    fn name(&self) -> &str {
        "Weighed"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.0.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.0]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self(children.swap_remove(0))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let taken = MemoryConsumer::new("WindowAggExec").register(context.memory_pool());
        let rows = self.0.execute(partition, context)?;
        let schema = rows.schema();
        let weighed = rows.map(move |batch| {
            let batch = batch?;
            taken.try_grow(get_record_batch_memory_size(&batch))?;
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, weighed)))
    }
}
