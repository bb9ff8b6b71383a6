//! Whole numbers of a query: what leaves their 64 bits is an error. The engine's own operators begin again at the other
//! end, and its plan is folded before anybody could tell it not to.
//!
//! Goes over a query's plan as the caller wrote it: `+`, `-`, `*`, `<<` and the sign, between whole numbers of any width, become
//! a call that counts in signed 64 bits. So the difference of two row numbers, which the engine counts without a sign, may
//! lie below zero. Division and remainder refuse by themselves; sums are the business of `sums`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use arrow::array::{ArrayRef, AsArray, Datum, Int64Array, Scalar};
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use datafusion::common::ExprSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::physical_expr_common::datum::apply;

/// Bytes of a name that is kept whole: longer ones are told apart by a hash at their end.
const LONGEST_NAME: usize = 256;

/// The plan with every such operator in it replaced, also in the queries inside its expressions.
///
/// Errors: an operator between types that do not meet.
pub(super) fn checked(plan: LogicalPlan) -> Result<LogicalPlan> {
    let checked = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let replaced = expression.transform_up(|part| replaced(part, &schema))?;
            Ok(replaced.update_data(|expression| name.restore(expression)))
        })?
        // A difference of numbers without a sign has one now.
        .map_data(LogicalPlan::recompute_schema)
    });
    Ok(checked?.data)
}

fn replaced(part: Expr, schema: &dyn ExprSchema) -> Result<Transformed<Expr>> {
    Ok(match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if kernel(op).is_some() && is_whole(&left, schema)? && is_whole(&right, schema)? =>
        {
            // Without its brackets (a + 1) * 2 would have the name of a + 1 * 2, and both may stand in one query.
            let left_name = named(&left, op == Operator::Multiply || op == Operator::BitwiseShiftLeft);
            let name = format!("{left_name} {op} {}", named(&right, op != Operator::Plus));
            Transformed::yes(Checked::call(op, name, *left, *right))
        }
        Expr::Negative(number) if is_whole(&number, schema)? => {
            let name = format!("(- {})", number.schema_name());
            Transformed::yes(Checked::call(Operator::Minus, name, lit(0_i64), *number))
        }
        other => Transformed::no(other),
    })
}

/// `binds`: whether a sum on this side stands in brackets.
fn named(side: &Expr, binds: bool) -> String {
    let name = side.schema_name().to_string();
    match side {
        Expr::ScalarFunction(call) if binds && call.func.inner().is::<Checked>() && !name.starts_with("(- ") => {
            format!("({name})")
        }
        _ => name,
    }
}

fn is_whole(side: &Expr, schema: &dyn ExprSchema) -> Result<bool> {
    // The type of a call is found by going down through all that are in it.
    if let Expr::ScalarFunction(call) = side
        && call.func.inner().is::<Checked>()
    {
        return Ok(true);
    }
    Ok(side.get_type(schema)?.is_integer())
}

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>;

/// Arrow's, which refuses what does not fit.
fn kernel(operator: Operator) -> Option<Kernel> {
    match operator {
        Operator::Plus => Some(numeric::add),
        Operator::Minus => Some(numeric::sub),
        Operator::Multiply => Some(numeric::mul),
        Operator::BitwiseShiftLeft => Some(shift_left),
        _ => None,
    }
}

/// What is shifted out on the left is lost, so it is a product that has to fit.
fn shift_left(left: &dyn Datum, places: &dyn Datum) -> Result<ArrayRef, ArrowError> {
    let (places, is_scalar) = places.get();
    let factor = |places: i64| {
        let factor = u32::try_from(places).ok().and_then(|places| 2_i64.checked_pow(places));
        let why = || ArrowError::ComputeError(format!("a shift by {places} places is none: from 0 to 62 are possible"));
        factor.ok_or_else(why)
    };
    let factors: Int64Array = places.as_primitive::<Int64Type>().try_unary(factor)?;
    match is_scalar {
        true => numeric::mul(left, &Scalar::new(factors)),
        false => numeric::mul(left, &factors),
    }
}

static SIGNATURE: LazyLock<Signature> = LazyLock::new(|| Signature::user_defined(Volatility::Immutable));

/// An operator of one place in a query.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operator: Operator,
    /// As it is written, since that names the column. Kept, because the engine asks for it at every level of a long chain.
    name: String,
}

impl Checked {
    fn call(operator: Operator, mut name: String, left: Expr, right: Expr) -> Expr {
        if name.len() > LONGEST_NAME {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            name.truncate(name.floor_char_boundary(LONGEST_NAME));
            name = format!("{name}… {:016x}", hasher.finish());
        }
        ScalarUDF::new_from_impl(Self { operator, name }).call(vec![left, right])
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operator {
            Operator::Plus => "plus",
            Operator::Minus => "minus",
            Operator::Multiply => "times",
            _ => "shift_left",
        }
    }

    fn schema_name(&self, _arguments: &[Expr]) -> Result<String> {
        Ok(self.name.clone())
    }

    fn signature(&self) -> &Signature {
        &SIGNATURE
    }

    fn coerce_types(&self, _arguments: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![DataType::Int64; 2])
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (kernel(self.operator), arguments.args.as_slice()) {
            (Some(kernel), [left, right]) => apply(left, right, kernel),
            _ => Err(DataFusionError::Internal(format!("`{}` counts with two numbers", self.operator))),
        }
    }
}
