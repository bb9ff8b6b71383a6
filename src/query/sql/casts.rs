//! Casts within casts. To know whether a cast can be null the engine asks twice what stands in it, so that each level of
//! them makes planning take two or three times as long: fifteen levels kept a thread for good, and no limit of time stops a
//! planner. What a function gives is known when it is built, so a function in between ends the question.
//!
//! The same function keeps the optimizer from taking a cast of a local time off: it would cast the constant beside it
//! instead, and that by its number, as if the local clock were that of UTC.

use std::sync::LazyLock;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, JoinConstraint, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, TryCast, Volatility,
};

use super::clocks;

/// Levels that the engine may plan by itself. Conditions on a day or a time, which choose the days that are read, have
/// fewer.
const DEEPEST: usize = 3;

/// The plan with a function after every so many levels, and around every cast of a local time or a day to an instant.
pub(super) fn kept(plan: LogicalPlan) -> Result<LogicalPlan> {
    let kept = plan.transform_up_with_subqueries(|mut node| {
        // `USING` is written out by now, and the engine would want nothing but columns and casts there.
        if let LogicalPlan::Join(join) = &mut node {
            join.join_constraint = JoinConstraint::On;
        }
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let held = held(&expression);
            let (kept, _) = shielded(expression, &schema, held)?;
            Ok(kept.update_data(|expression| name.restore(expression)))
        })
    });
    Ok(kept?.data)
}

/// The expression, and how many casts stand within one another at its top.
fn shielded(expression: Expr, schema: &DFSchema, held: &ScalarUDF) -> Result<(Transformed<Expr>, usize)> {
    let mut below = 0;
    let walked = expression.map_children(|child| {
        let (child, depth) = shielded(child, schema, held)?;
        below = below.max(depth);
        Ok(child)
    })?;
    Ok(match walked.data {
        Expr::Cast(Cast { expr, field }) if below >= DEEPEST => {
            let expr = Box::new(held.call(vec![*expr]));
            (Transformed::yes(Expr::Cast(Cast { expr, field })), 1)
        }
        Expr::TryCast(TryCast { expr, field }) if below >= DEEPEST => {
            let expr = Box::new(held.call(vec![*expr]));
            (Transformed::yes(Expr::TryCast(TryCast { expr, field })), 1)
        }
        Expr::Cast(Cast { ref expr, ref field }) | Expr::TryCast(TryCast { ref expr, ref field })
            if sets_a_clock(expr, field, schema) =>
        {
            (Transformed::yes(held.call(vec![walked.data])), 0)
        }
        Expr::Cast(_) | Expr::TryCast(_) => (walked, below + 1),
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) => (walked, 0),
        // Other functions may be gone when the plan is built: `starts_with` becomes LIKE.
        Expr::ScalarFunction(ref call) if call.func.inner().is::<Held>() => (walked, 0),
        _ => (walked, below),
    })
}

/// Whether a cast makes an instant of what a clock or a calendar shows.
fn sets_a_clock(of: &Expr, to: &FieldRef, schema: &DFSchema) -> bool {
    matches!(to.data_type(), DataType::Timestamp(_, Some(_)))
        && clocks::is_kept(of)
        && matches!(of.get_type(schema), Ok(DataType::Timestamp(_, None) | DataType::Date32))
}

/// What the function in between is given, at the top of an expression.
pub(super) fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::ScalarFunction(call) if call.func.inner().is::<Held>() => {
            call.args.first().map_or(expression, |held| bare(held))
        }
        _ => expression,
    }
}

/// Whether a name can be given to the expression as a whole only, so that what stands in it must keep its own. Elsewhere
/// the name of a cast, which is that of the column in it, would meet that column among what a join is made by.
pub(super) fn keeps_names(expression: &Expr) -> bool {
    matches!(expression, Expr::GroupingSet(_))
}

/// The function for the parts of an expression.
fn held(expression: &Expr) -> &'static ScalarUDF {
    static HELD: LazyLock<[ScalarUDF; 2]> = LazyLock::new(|| {
        [false, true].map(|keeps_name| {
            ScalarUDF::new_from_impl(Held { keeps_name, signature: Signature::any(1, Volatility::Immutable) })
        })
    });
    &HELD[usize::from(keeps_names(expression))]
}

/// Gives what it is given.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Held {
    /// Whether it has the name of what it is given.
    keeps_name: bool,
    signature: Signature,
}

/// The name of a function in the place of a cast.
pub(super) fn schema_name(function: &str, keeps_name: bool, arguments: &[Expr]) -> String {
    let of: String = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
    if keeps_name { of } else { format!("{function}({of})") }
}

impl ScalarUDFImpl for Held {
    fn name(&self) -> &str {
        "held"
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(schema_name(self.name(), self.keeps_name, arguments))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(no_argument)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        arguments.arg_fields.first().cloned().ok_or_else(no_argument)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        arguments.args.into_iter().next().ok_or_else(no_argument)
    }
}

fn no_argument() -> DataFusionError {
    DataFusionError::Internal("`held` holds one value".to_owned())
}
