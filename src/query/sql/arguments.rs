//! Local times and instants given to one function: `lag(event_time, 1, now())`, `date_bin(…, event_time, now())`. The engine
//! takes the digits of UTC of either, and no cast in a plan tells of it.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use crate::query::QueryError;

/// `typed`: with the casts that the engine put in.
///
/// Errors: [`QueryError::Sql`] for such a function, and for seconds since 1970 of a local time.
pub(super) fn check(typed: &LogicalPlan) -> Result<(), QueryError> {
    let mut refused = None;
    typed.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                refused = why_not(part, &schema);
                Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    match refused {
        None => Ok(()),
        Some(why) => Err(QueryError::Sql(why)),
    }
}

fn why_not(part: &Expr, schema: &DFSchema) -> Option<String> {
    let (name, arguments) = match part {
        Expr::ScalarFunction(call) => (call.func.name(), &call.args),
        Expr::AggregateFunction(call) => (call.func.name(), &call.params.args),
        Expr::WindowFunction(call) => (call.fun.name(), &call.params.args),
        _ => return None,
    };
    let kinds = || arguments.iter().filter_map(|argument| Some((argument, argument.get_type(schema).ok()?)));
    if name == "to_unixtime" && kinds().any(|(_, kind)| is_local(&kind)) {
        return Some(
            "`to_unixtime` counts the seconds of an instant, such as `event_time_utc` or TIMESTAMPTZ '2026-11-03T12:00:00Z'; \
             a time on the project's clock would be taken for one of UTC"
                .to_owned(),
        );
    }
    let has_instant = kinds().any(|(_, kind)| matches!(kind, DataType::Timestamp(_, Some(_))));
    // What is written out is of the kind that it meets.
    let meets = has_instant && kinds().any(|(argument, kind)| is_local(&kind) && !is_written(argument));
    meets.then(|| {
        format!(
            "`{name}` is given a time or a day on the project's clock, such as `event_time`, together with an instant, such \
             as `event_time_utc` or `now()`; use two of one kind"
        )
    })
}

fn is_local(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, None) | DataType::Date32)
}

fn is_written(argument: &Expr) -> bool {
    match argument {
        Expr::Literal(..) => true,
        Expr::Cast(cast) => is_written(&cast.expr),
        _ => false,
    }
}
