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
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::casts;
use crate::period::zone_name;

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
        Expr::Cast(Cast { expr, field }) => (expr.as_ref(), field.data_type(), false),
        Expr::TryCast(TryCast { expr, field }) => (expr.as_ref(), field.data_type(), true),
        Expr::ScalarFunction(call) if call.func.name() == "to_date" && call.args.len() == 1 => {
            (&call.args[0], &DataType::Date32, false)
        }
        _ => return Transformed::no(part),
    };
    let is_of_a_clock = matches!(to, DataType::Timestamp(_, None) | DataType::Date32);
    let is_literal = matches!(of, Expr::Literal(..)) && !matches!(part, Expr::ScalarFunction(_));
    if !is_of_a_clock || is_literal || !of.get_type(schema).is_ok_and(|of| of.is_string()) {
        return Transformed::no(part);
    }
    let of_function = matches!(part, Expr::ScalarFunction(_));
    let name = keeps_name.then_some(if of_function { Kept::Functions } else { Kept::Casts });
    let function = Shown::new(zone, to, is_lenient, name);
    Transformed::yes(ScalarUDF::new_from_impl(function).call(vec![of.clone()]))
}

/// A time that is written in a text, by the engine's own grammar.
pub(super) struct Written {
    /// Since 1970, of UTC or of whatever clock the digits are taken for.
    pub since: SignedDuration,
    /// Whether the text says its offset or its zone.
    pub is_instant: bool,
}

/// Reads a text.
///
/// Errors: it is no time.
pub(super) fn written(text: &str) -> Result<Written, ArrowError> {
    static ZONES: LazyLock<Option<[Tz; 2]>> = LazyLock::new(|| Some(["+00:00".parse().ok()?, "+01:00".parse().ok()?]));
    let Some([zone, other]) = ZONES.as_ref() else {
        return Err(ArrowError::ParseError("no zones".to_owned()));
    };
    let read = string_to_datetime(zone, text)?;
    // The zone that it is read in makes no difference to an instant.
    let is_instant = string_to_datetime(other, text)?.timestamp() == read.timestamp();
    // A leap second has more than a second's nanoseconds.
    let since =
        SignedDuration::from_secs(read.timestamp()) + SignedDuration::from_nanos(read.timestamp_subsec_nanos().into());
    Ok(Written { since, is_instant })
}

/// What the clock of the zone shows at an instant, both since 1970. Beyond jiff's years it has the offset of their ends.
pub(super) fn shown_at(since: SignedDuration, zone: &TimeZone) -> SignedDuration {
    let end = if since.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    let offset = zone.to_offset(Timestamp::from_duration(since).unwrap_or(end));
    since + SignedDuration::from_secs(offset.seconds().into())
}

const SECONDS_PER_DAY: i64 = 86_400;

/// Whose name one has that must keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kept {
    /// That of the text, as a cast has it.
    Casts,
    /// That of `to_date`.
    Functions,
}

/// Takes a text and gives what the project's clock shows then, or its day.
#[derive(Debug)]
struct Shown {
    /// One for each type and leniency: a join may be made by two of them over one column.
    name: String,
    zone: TimeZone,
    to: DataType,
    /// Whether a text that is no time is null.
    is_lenient: bool,
    /// The name that it keeps, if it must.
    kept: Option<Kept>,
    signature: Signature,
}

impl Shown {
    fn new(zone: &TimeZone, to: &DataType, is_lenient: bool, kept: Option<Kept>) -> Self {
        let name = format!("{}shown as {to}", if is_lenient { "if a time, " } else { "" });
        let signature = Signature::any(1, Volatility::Immutable);
        Self { name, zone: zone.clone(), to: to.clone(), is_lenient, kept, signature }
    }

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
        let since = written(text).map(|time| match time.is_instant {
            true => shown_at(time.since, &self.zone),
            false => time.since,
        });
        match (&self.to, since) {
            (DataType::Timestamp(unit, _), since) => in_units(since?, *unit)
                .ok_or_else(|| ArrowError::CastError(format!("'{text}' is out of range of the type"))),
            (_, Ok(since)) => {
                day_of(since).map(i64::from).ok_or_else(|| ArrowError::CastError(format!("'{text}' has no day")))
            }
            // The engine knows more ways to write a day than a time.
            (_, Err(error)) => Date32Type::parse(text).map(i64::from).ok_or(error),
        }
    }
}

/// Days since 1970.
pub(super) fn day_of(since: SignedDuration) -> Option<i32> {
    in_units(since, TimeUnit::Second)?.div_euclid(SECONDS_PER_DAY).try_into().ok()
}

/// Whole units, the earlier one.
pub(super) fn in_units(since: SignedDuration, unit: TimeUnit) -> Option<i64> {
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
        let parts = |of: &Self| (of.is_lenient, of.kept);
        self.zone == other.zone && self.to == other.to && parts(self) == parts(other)
    }
}

impl Eq for Shown {}

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (zone_name(&self.zone), &self.to, self.is_lenient, self.kept).hash(state);
    }
}

impl ScalarUDFImpl for Shown {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(match self.kept {
            Some(Kept::Functions) => casts::schema_name("to_date", false, arguments),
            kept => casts::schema_name(self.name(), kept.is_some(), arguments),
        })
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
    use arrow::datatypes::TimestampMicrosecondType;
    use rstest::rstest;

    use super::*;

    fn shown(to: DataType, is_lenient: bool) -> Shown {
        Shown::new(&TimeZone::get("Asia/Kolkata").unwrap(), &to, is_lenient, None)
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
    #[case("9999-12-31T18:00:00Z", "9999-12-31T23:30:00")]
    #[case("1969-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999")]
    fn a_text_is_shown_on_the_projects_clock(#[case] text: &str, #[case] clock: &str) {
        let to = DataType::Timestamp(TimeUnit::Microsecond, None);
        let read = shown(to.clone(), false).of_all(&texts(&[text])).unwrap();
        assert_eq!(&read, &cast(&texts(&[clock]), &to).unwrap());
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
    #[case("9999-12-31T23:59:59")]
    #[case("2026-11-27T12:59:60")]
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
