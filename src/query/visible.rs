//! Rows about events that the caller may not see are not there.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::auth::Globs;

/// Whether the event of this name is one of the caller's. Of no event: no.
pub fn of(name: Expr, globs: Globs) -> Expr {
    let function = Visible { globs, signature: Signature::any(1, Volatility::Immutable) };
    ScalarUDF::new_from_impl(function).call(vec![name])
}

struct Visible {
    globs: Globs,
    signature: Signature,
}

impl PartialEq for Visible {
    fn eq(&self, other: &Self) -> bool {
        self.globs == other.globs
    }
}

impl Eq for Visible {}

impl Hash for Visible {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.globs.hash(state);
    }
}

impl fmt::Debug for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visible({:?})", self.globs)
    }
}

impl ScalarUDFImpl for Visible {
    fn name(&self) -> &str {
        "is_visible_event"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let names = ColumnarValue::values_to_arrays(&arguments.args)?.swap_remove(0);
        let names = cast(&names, &DataType::Utf8View)?;
        let names = names.as_string_view();
        let seen: BooleanArray =
            names.iter().map(|name| Some(name.is_some_and(|name| self.globs.matches(name)))).collect();
        Ok(ColumnarValue::Array(Arc::new(seen)))
    }
}
