//! Project-local times and UTC times in one column, or beside each other: the engine would take the local one for UTC.
//! A time that is written out, or made of nothing that is kept, is of the kind that it meets.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan, Operator};
use jiff::tz::TimeZone;

use crate::query::QueryError;

/// `asked`: as the caller wrote it. `typed`: with the casts that the engine put in.
///
/// Errors: the engine casts a local time to UTC where the caller did not say so. A time that is written out is read as
/// whatever it is compared with.
pub(super) fn check(asked: &LogicalPlan, typed: &LogicalPlan, zone: &TimeZone) -> Result<(), QueryError> {
    if *zone == TimeZone::UTC || meetings(typed, true)? <= meetings(asked, false)? {
        return Ok(());
    }
    Err(QueryError::Sql(
        "a time or a day on the project's clock, such as `event_time` and `event_date`, meets a time of UTC, such as \
         `event_time_utc`; use two of one kind, or say with CAST(event_time_utc AS TIMESTAMP) that the clock of UTC is to \
         be taken as it stands"
            .to_owned(),
    ))
}

/// How many local times are cast to UTC, or UTC to local ones; with differences, also how often one is taken from the other.
fn meetings(plan: &LogicalPlan, with_differences: bool) -> Result<usize> {
    let mut meetings = 0;
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                let clock = |side: &Expr| side.get_type(&schema).ok().as_ref().and_then(clock_of);
                let meets = match part {
                    Expr::Cast(Cast { expr, field }) if !expr.column_refs().is_empty() => {
                        // A day of an instant is asked for by its cast alone.
                        let is_time = matches!(field.data_type(), DataType::Timestamp(..));
                        is_time && differ(clock(expr), clock_of(field.data_type()))
                    }
                    Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) if with_differences => {
                        let is_kept = |side: &Expr| !side.column_refs().is_empty();
                        is_kept(left) && is_kept(right) && differ(clock(left), clock(right))
                    }
                    _ => false,
                };
                meetings += usize::from(meets);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(meetings)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Local,
    Utc,
}

/// Of a time or a day. What has the session's zone, such as `now()`, goes with either.
fn clock_of(kind: &DataType) -> Option<Clock> {
    match kind {
        DataType::Timestamp(_, None) | DataType::Date32 => Some(Clock::Local),
        DataType::Timestamp(_, Some(zone)) if zone.as_ref() == "UTC" => Some(Clock::Utc),
        _ => None,
    }
}

fn differ(one: Option<Clock>, other: Option<Clock>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}
