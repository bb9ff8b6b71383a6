//! Project-local times and UTC times in one column, or beside each other: the engine would take the local one for UTC.
//! A time that is written out, or made of nothing that is kept, is of the kind that it meets.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan};
use jiff::tz::TimeZone;

use crate::query::QueryError;

/// `asked`: as the caller wrote it. `typed`: with the casts that the engine put in.
///
/// Errors: the engine casts a local time to UTC where the caller did not say so. A time that is written out is read as
/// whatever it is compared with.
pub(super) fn check(asked: &LogicalPlan, typed: &LogicalPlan, zone: &TimeZone) -> Result<(), QueryError> {
    if *zone == TimeZone::UTC || casts(typed)? <= casts(asked)? {
        return Ok(());
    }
    Err(QueryError::Sql(
        "a time on the project's clock, such as `event_time`, meets one of UTC, such as `event_time_utc`; use two of one \
         kind, or say with CAST(… AS TIMESTAMP) that the clocks are to be taken as they stand"
            .to_owned(),
    ))
}

/// How many local times are cast to UTC.
fn casts(plan: &LogicalPlan) -> Result<usize> {
    let mut casts = 0;
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::Cast(Cast { expr, field }) = part
                    && let DataType::Timestamp(_, Some(zone)) = field.data_type()
                    && zone.as_ref() == "UTC"
                    && !expr.column_refs().is_empty()
                    && matches!(expr.get_type(&schema), Ok(DataType::Timestamp(_, None)))
                {
                    casts += 1;
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(casts)
}
