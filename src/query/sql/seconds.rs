//! `to_timestamp` and its kin for milliseconds, microseconds and so on. In a session with a zone the engine's own take the
//! clock of UTC for that of the zone where they are given a whole number of seconds, forget the zone of what they read in a
//! column of texts, and give the end of all times for numbers that are too large.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

/// The names of all of them.
pub(super) const NAMES: [&str; 5] =
    ["to_timestamp", "to_timestamp_seconds", "to_timestamp_millis", "to_timestamp_micros", "to_timestamp_nanos"];

/// One of the engine's functions, for instants as they are.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToTimestamp(Arc<ScalarUDF>);

impl ToTimestamp {
    pub fn new(engines: Arc<ScalarUDF>) -> Self {
        Self(engines)
    }
}

/// Digits after the point: nanoseconds of a second.
const NANOS: i8 = 9;

impl ScalarUDFImpl for ToTimestamp {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wanted = arguments.return_type().clone();
        let Some(first) = arguments.args.first_mut() else { return exec_err!("`{}` takes a value", self.name()) };
        let given = first.data_type();
        if self.name() == NAMES[0] && (given.is_integer() || given.is_floating()) {
            *first = first.cast_to(&DataType::Decimal128(DECIMAL128_MAX_PRECISION, NANOS), None)?;
        }
        // Whatever is around it would find the type wrong.
        let read = self.0.inner().invoke_with_args(arguments)?;
        match (read.data_type(), &wanted) {
            // The instants are right, and a cast would move them.
            (DataType::Timestamp(unit, None), DataType::Timestamp(same, Some(_))) if unit == *same => {
                read.cast_to(&DataType::Int64, None)?.cast_to(&wanted, None)
            }
            _ => Ok(read),
        }
    }
}
