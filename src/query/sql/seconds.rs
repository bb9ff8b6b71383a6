//! `to_timestamp` of a whole number: seconds since 1970. In a session with a zone the engine's own takes the clock of UTC
//! for that of the zone, and so gives another instant.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

/// The engine's function, with whole numbers counted by what they say.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToTimestamp(Arc<ScalarUDF>);

impl ToTimestamp {
    pub fn new(engines: Arc<ScalarUDF>) -> Self {
        Self(engines)
    }
}

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

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (arguments.args.as_slice(), arguments.return_type()) {
            ([count], DataType::Timestamp(_, zone)) if count.data_type().is_integer() => {
                let seconds = count.cast_to(&DataType::Timestamp(TimeUnit::Second, zone.clone()), None)?;
                seconds.cast_to(arguments.return_type(), None)
            }
            _ => self.0.invoke_with_args(arguments),
        }
    }
}
