//! The function that hides personal values inside JSON cells.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::auth::{Members, PiiHasher, Policy, may_hold_members};

/// `column` with the personal members of its JSON hashed or left out.
pub fn of(column: Expr, members: Members, policy: &Arc<Policy>, hasher: &PiiHasher) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    let function = Masked { members, policy: policy.clone(), hasher: hasher.clone(), signature };
    ScalarUDF::new_from_impl(function).call(vec![column])
}

struct Masked {
    members: Members,
    policy: Arc<Policy>,
    hasher: PiiHasher,
    signature: Signature,
}

// Policy and key are one per process.
impl PartialEq for Masked {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl Eq for Masked {}

impl Hash for Masked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.members.hash(state);
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({:?})", self.members)
    }
}

impl ScalarUDFImpl for Masked {
    fn name(&self) -> &str {
        "masked"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let cells = ColumnarValue::values_to_arrays(&arguments.args)?.swap_remove(0);
        let cells = cast(&cells, &DataType::Utf8View)?;
        let texts = cells.as_string_view();
        // Most text columns hold no JSON at all: those pass through as they are.
        if !texts.iter().flatten().any(may_hold_members) {
            return Ok(ColumnarValue::Array(cells));
        }
        let mut out = StringViewBuilder::with_capacity(texts.len());
        for cell in texts {
            match cell.map(|cell| self.policy.mask(self.members, cell, &self.hasher)) {
                None => out.append_null(),
                Some(Cow::Borrowed(text)) => out.append_value(text),
                Some(Cow::Owned(text)) => out.append_value(text),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}
