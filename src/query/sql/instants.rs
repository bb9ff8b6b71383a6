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

/// Its type, when it is one. Only of what is neither deep nor long, since this is asked at every level of an expression.
fn instant(side: &Expr, schema: &DFSchema) -> Option<DataType> {
    let is_short = match side {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::ScalarFunction(call) => call.args.is_empty(),
        Expr::Cast(cast) => matches!(*cast.expr, Expr::Column(_) | Expr::Literal(..)),
        _ => false,
    };
    let kind = is_short.then(|| side.get_type(schema).ok()).flatten()?;
    matches!(kind, DataType::Timestamp(_, Some(_))).then_some(kind)
}
