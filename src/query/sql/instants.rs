//! One instant taken from another: `now() - event_time_utc`. The engine knows the difference of two instants only when
//! they are of one zone and one precision.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{Expr, ExprSchemable, cast};

/// Casts the second instant to the kind of the first.
#[derive(Debug)]
pub(super) struct Instants;

impl ExprPlanner for Instants {
    fn plan_binary_op(&self, mut asked: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if asked.op == BinaryOperator::Minus
            && let (Some(one), Some(other)) = (instant(&asked.left, schema), instant(&asked.right, schema))
            && one != other
        {
            asked.right = cast(asked.right, one);
        }
        Ok(PlannerResult::Original(asked))
    }
}

/// Levels of a side that are looked into: its type is asked for at every level of an expression.
const DEEPEST: usize = 3;

/// Its type, when it is one.
fn instant(side: &Expr, schema: &DFSchema) -> Option<DataType> {
    let kind = is_shallow(side, DEEPEST).then(|| side.get_type(schema).ok()).flatten()?;
    matches!(kind, DataType::Timestamp(_, Some(_))).then_some(kind)
}

fn is_shallow(side: &Expr, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return false };
    match side {
        Expr::Column(_) | Expr::OuterReferenceColumn(..) | Expr::Literal(..) | Expr::ScalarSubquery(_) => true,
        Expr::ScalarFunction(call) => call.args.iter().all(|argument| is_shallow(argument, below)),
        Expr::AggregateFunction(call) => call.params.args.iter().all(|argument| is_shallow(argument, below)),
        Expr::BinaryExpr(sum) => is_shallow(&sum.left, below) && is_shallow(&sum.right, below),
        Expr::Cast(cast) => is_shallow(&cast.expr, below),
        _ => false,
    }
}
