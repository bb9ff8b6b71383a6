//! Texts that become times, row by row: those of a column, or joined from several. Where a text says its offset the
//! engine takes the digits of UTC, and compares them with what the project's clock shows; the function here, in the place
//! of its casts, shows the instant on that clock. What is written in the query itself stands in [`super::clocks`].

use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::datatypes::{DataType, Date32Type, TimeUnit};
use arrow::error::ArrowError;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::functions::utils::make_scalar_function;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TryCast, Volatility,
};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::casts;
use crate::period::{day_number, zone_name};

/// The plan, with that function in the place of every cast of a text to a time or a day.
pub(super) fn read(plan: LogicalPlan, zone: &TimeZone) -> Result<LogicalPlan> {
    if *zone == TimeZone::UTC {
        return Ok(plan);
    }
    let read = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let keeps_name = casts::keeps_names(&expression);
            let read = expression.transform_up(|part| Ok(replaced(part, &schema, zone, keeps_name)))?;
            Ok(read.update_data(|expression| name.restore(expression)))
        })
    });
    Ok(read?.data)
}

fn replaced(part: Expr, schema: &DFSchema, zone: &TimeZone, keeps_name: bool) -> Transformed<Expr> {
    let (of, to, is_lenient) = match &part {
        Expr::Cast(Cast { expr, field }) => (expr, field.data_type(), false),
        Expr::TryCast(TryCast { expr, field }) => (expr, field.data_type(), true),
        _ => return Transformed::no(part),
    };
    let is_of_a_clock = matches!(to, DataType::Timestamp(_, None) | DataType::Date32);
    if !is_of_a_clock || matches!(**of, Expr::Literal(..)) || !of.get_type(schema).is_ok_and(|of| of.is_string()) {
        return Transformed::no(part);
    }
    let signature = Signature::any(1, Volatility::Immutable);
    let function = Shown { zone: zone.clone(), to: to.clone(), is_lenient, keeps_name, signature };
    Transformed::yes(ScalarUDF::new_from_impl(function).call(vec![of.as_ref().clone()]))
}

/// The instant of a text that says its offset or its zone, by the engine's own grammar: the zone that it is read in makes no
/// difference to it. `Err`: its digits, where it says none.
///
/// Errors: it is no time.
pub(super) fn instant(text: &str) -> Result<Result<Timestamp, DateTime>, ArrowError> {
    static ZONES: LazyLock<Option<[Tz; 2]>> = LazyLock::new(|| Some(["+00:00".parse().ok()?, "+01:00".parse().ok()?]));
    let Some([zone, other]) = ZONES.as_ref() else {
        return Err(ArrowError::ParseError("no zones".to_owned()));
    };
    let out_of_range = |_| ArrowError::ParseError(format!("'{text}' is out of range"));
    let read = string_to_datetime(zone, text)?;
    let instant = Timestamp::new(read.timestamp(), read.timestamp_subsec_nanos() as i32).map_err(out_of_range)?;
    Ok(match string_to_datetime(other, text)?.timestamp() == read.timestamp() {
        true => Ok(instant),
        false => Err(TimeZone::UTC.to_datetime(instant)),
    })
}

/// Takes a text and gives what the project's clock shows then, or its day.
#[derive(Debug)]
struct Shown {
    zone: TimeZone,
    to: DataType,
    /// Whether a text that is no time is null.
    is_lenient: bool,
    /// Whether it has the name of its text, as a cast has.
    keeps_name: bool,
    signature: Signature,
}

impl Shown {
    fn of_all(&self, texts: &ArrayRef) -> Result<ArrayRef> {
        let texts = cast(texts, &DataType::Utf8View)?;
        let shown: Int64Array = texts
            .as_string_view()
            .iter()
            .map(|text| match text.map(|text| self.of(text)) {
                None => Ok(None),
                Some(Err(_)) if self.is_lenient => Ok(None),
                Some(shown) => shown.map(Some),
            })
            .collect::<Result<_, ArrowError>>()?;
        Ok(cast(&shown, &self.to)?)
    }

    /// In units of the type.
    fn of(&self, text: &str) -> Result<i64, ArrowError> {
        let on_the_clock =
            |read: Result<Timestamp, DateTime>| read.map_or_else(|digits| digits, |at| self.zone.to_datetime(at));
        let unit = match &self.to {
            DataType::Timestamp(unit, _) => unit,
            // The engine knows more ways to write a day than a time.
            _ => match instant(text) {
                Ok(read) => return Ok(day_number(on_the_clock(read).date()).into()),
                Err(error) => return Date32Type::parse(text).map(i64::from).ok_or(error),
            },
        };
        let since = on_the_clock(instant(text)?).duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        in_units(since, *unit).ok_or_else(|| ArrowError::CastError(format!("'{text}' is out of range")))
    }
}

fn in_units(since: SignedDuration, unit: TimeUnit) -> Option<i64> {
    let per_unit = match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    since.as_nanos().div_euclid(per_unit).try_into().ok()
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        let parts = |of: &Self| (of.is_lenient, of.keeps_name);
        self.zone == other.zone && self.to == other.to && parts(self) == parts(other)
    }
}

impl Eq for Shown {}

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (zone_name(&self.zone), &self.to, self.is_lenient, self.keeps_name).hash(state);
    }
}

impl ScalarUDFImpl for Shown {
    fn name(&self) -> &str {
        "shown"
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(casts::schema_name(self.name(), self.keeps_name, arguments))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let shown = |texts: &[ArrayRef]| match texts {
            [texts] => self.of_all(texts),
            _ => datafusion::common::internal_err!("one text is shown"),
        };
        make_scalar_function(shown, Vec::new())(&arguments.args)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, StringArray};
    use arrow::datatypes::{TimestampMicrosecondType, TimestampNanosecondType};
    use rstest::rstest;

    use super::*;

    fn shown(to: DataType, is_lenient: bool) -> Shown {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        Shown { zone, to, is_lenient, keeps_name: false, signature: Signature::any(1, Volatility::Immutable) }
    }

    fn texts(texts: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(texts.to_vec()))
    }

    #[rstest]
    #[case("2026-11-27T03:00:00Z", "2026-11-27T08:30:00")]
    #[case("2026-11-27 03:00:00.25+01:00", "2026-11-27T07:30:00.25")]
    #[case("2026-11-27 20:00:00 America/Los_Angeles", "2026-11-28T09:30:00")]
    #[case("2026-11-27T03:00:00", "2026-11-27T03:00:00")]
    #[case("2026-11-27", "2026-11-27T00:00:00")]
    #[case("1969-12-31T23:59:59.999999999", "1969-12-31T23:59:59.999999999")]
    fn a_text_is_shown_on_the_projects_clock(#[case] text: &str, #[case] clock: &str) {
        let read = shown(DataType::Timestamp(TimeUnit::Nanosecond, None), false).of_all(&texts(&[text])).unwrap();
        let wanted: DateTime = clock.parse().unwrap();
        let nanos = read.as_primitive::<TimestampNanosecondType>().value(0);
        assert_eq!(i128::from(nanos), TimeZone::UTC.to_timestamp(wanted).unwrap().as_nanosecond());
    }

    /// Texts without an offset are read as the engine reads them.
    #[rstest]
    #[case("2026-11-27T03:00:00.1234567")]
    #[case("2026-11-27 03:00")]
    #[case("2026-11-27")]
    #[case("20261127")]
    #[case("2026-1-7")]
    #[case(" 2026-11-27")]
    #[case("1600-02-29 01:02:03")]
    #[case("yesterday")]
    #[case("")]
    fn what_says_no_offset_is_as_before(#[case] text: &str) {
        for to in [DataType::Date32, DataType::Timestamp(TimeUnit::Microsecond, None)] {
            let ours = shown(to.clone(), true).of_all(&texts(&[text])).unwrap();
            assert_eq!(&ours, &cast(&texts(&[text]), &to).unwrap(), "{to}");
        }
    }

    #[test]
    fn what_is_no_time_is_an_error_or_null() {
        let to = DataType::Timestamp(TimeUnit::Microsecond, None);
        let some = texts(&["2026-11-27", "soon"]);
        let error = shown(to.clone(), false).of_all(&some).unwrap_err().to_string();
        assert!(error.contains("soon"), "{error}");
        let lenient = shown(to, true).of_all(&some).unwrap();
        assert!(lenient.as_primitive::<TimestampMicrosecondType>().is_valid(0) && lenient.is_null(1));
        let late = DataType::Timestamp(TimeUnit::Nanosecond, None);
        assert!(shown(late, false).of_all(&texts(&["2999-01-01T00:00:00Z"])).is_err());
    }
}
