//! `||` with the bound that other functions of text have.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::growth;
use super::made::Made;

/// Plans the operator of texts as a call. That of lists is planned before, by the engine.
#[derive(Debug)]
pub(super) struct Joining(Arc<ScalarUDF>);

impl Joining {
    pub fn new(made: Arc<Made>) -> Self {
        Self(Arc::new(ScalarUDF::new_from_impl(Joined { made, signature: Signature::any(2, Volatility::Immutable) })))
    }
}

impl ExprPlanner for Joining {
    fn plan_binary_op(&self, asked: RawBinaryExpr, _schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        match asked.op {
            BinaryOperator::StringConcat => Ok(PlannerResult::Planned(self.0.call(vec![asked.left, asked.right]))),
            _ => Ok(PlannerResult::Original(asked)),
        }
    }
}

#[derive(Debug)]
struct Joined {
    made: Arc<Made>,
    signature: Signature,
}

// What was made is of one query.
impl PartialEq for Joined {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

impl Eq for Joined {}

impl Hash for Joined {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

impl ScalarUDFImpl for Joined {
    fn name(&self) -> &str {
        "joined"
    }

    /// As the operator is written, since it names the column.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let names: Vec<String> = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        Ok(names.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let sum: growth::Growth = |sizes| sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size));
        growth::check(sum, &arguments.args, arguments.number_rows, &self.made)?;
        let is_constant = arguments.args.iter().all(|side| matches!(side, ColumnarValue::Scalar(_)));
        let mut sides = ColumnarValue::values_to_arrays(&arguments.args)?;
        let right = cast(&sides.swap_remove(1), &DataType::Utf8View)?;
        let left = cast(&sides.swap_remove(0), &DataType::Utf8View)?;
        let mut out = StringViewBuilder::with_capacity(left.len());
        let mut whole = String::new();
        for (left, right) in left.as_string_view().iter().zip(right.as_string_view().iter()) {
            match (left, right) {
                (Some(left), Some(right)) => {
                    whole.clear();
                    whole.push_str(left);
                    whole.push_str(right);
                    out.append_value(&whole);
                }
                _ => out.append_null(),
            }
        }
        let out = out.finish();
        Ok(match is_constant {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?),
            false => self.made.hold(ColumnarValue::Array(Arc::new(out)), &[])?,
        })
    }
}
