//! The function that makes a key of several cells, where a table has none of its own.

use std::hash::{Hash, Hasher};

use arrow::array::{Array, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use sha2::{Digest, Sha256};

/// Bytes of the digest that are kept; each is two hex digits.
const KEPT: usize = 16;

/// 32 hex digits of the cells: others when any of them is another, null and empty text told apart.
pub fn of(cells: Vec<Expr>) -> Expr {
    ScalarUDF::new_from_impl(RowKey(Signature::variadic_any(Volatility::Immutable))).call(cells)
}

#[derive(Debug)]
struct RowKey(Signature);

// There is one such function.
impl PartialEq for RowKey {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for RowKey {}

impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl ScalarUDFImpl for RowKey {
    fn name(&self) -> &str {
        "row_key"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut columns = Vec::with_capacity(arguments.args.len());
        for cells in &arguments.args {
            columns.push(cast(&cells.clone().into_array(arguments.number_rows)?, &DataType::Utf8)?);
        }
        let columns: Vec<_> = columns.iter().map(|cells| cells.as_string::<i32>()).collect();
        let mut keys = StringViewBuilder::with_capacity(arguments.number_rows);
        for row in 0..arguments.number_rows {
            let mut digest = Sha256::new();
            for cells in &columns {
                match cells.is_null(row) {
                    true => digest.update([0]),
                    false => {
                        let text = cells.value(row).as_bytes();
                        digest.update([1]);
                        digest.update((text.len() as u64).to_le_bytes());
                        digest.update(text);
                    }
                }
            }
            let digest = digest.finalize();
            keys.append_value(hex::encode(digest.get(..KEPT).unwrap_or_default()));
        }
        Ok(ColumnarValue::Array(std::sync::Arc::new(keys.finish())))
    }
}
