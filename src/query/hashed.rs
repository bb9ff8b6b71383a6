//! The function that stands between a personal column and everything of the caller's.

use std::fmt;
use std::hash::{Hash, Hasher};

use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::auth::{HashRule, PiiHasher};

/// `column` as the caller may see it: hashed by `rule`, null stays null, the type becomes text.
pub fn of(column: Expr, rule: HashRule, hasher: &PiiHasher) -> Expr {
    let function = Hashed { rule, hasher: hasher.clone(), signature: Signature::any(1, Volatility::Immutable) };
    ScalarUDF::new_from_impl(function).call(vec![column])
}

struct Hashed {
    rule: HashRule,
    hasher: PiiHasher,
    signature: Signature,
}

// Equal functions give equal cells: the key is one per process, so the rule alone tells them apart.
impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule
    }
}

impl Eq for Hashed {}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rule.hash(state);
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hashed({:?})", self.rule)
    }
}

impl ScalarUDFImpl for Hashed {
    fn name(&self) -> &str {
        match self.rule {
            HashRule::Text => "hashed_text",
            HashRule::Phone => "hashed_phone",
            HashRule::Elements => "hashed_elements",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let cells = ColumnarValue::values_to_arrays(&arguments.args)?.swap_remove(0);
        Ok(ColumnarValue::Array(self.hasher.hash_array(self.rule, &cells)?))
    }
}
