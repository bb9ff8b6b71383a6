//! Local times where the engine takes the digits of UTC and no cast in a plan tells of it: beside an instant in one function
//! (`lag(event_time, 1, now())`, `date_bin(…, event_time, now())`), and counted in seconds since 1970.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, TryCast};
use datafusion::scalar::ScalarValue;

use super::clocks;
use crate::query::QueryError;

/// `typed`: with the casts that the engine put in.
///
/// Errors: [`QueryError::Sql`] for such a function.
pub(super) fn check(typed: &LogicalPlan) -> Result<(), QueryError> {
    let mut refused = None;
    typed.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                refused = why_not(part, &schema);
                Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    match refused {
        None => Ok(()),
        Some(why) => Err(QueryError::Sql(why)),
    }
}

fn why_not(part: &Expr, schema: &DFSchema) -> Option<String> {
    let (name, arguments) = match part {
        Expr::ScalarFunction(call) => (call.func.name(), &call.args),
        Expr::AggregateFunction(call) => (call.func.name(), &call.params.args),
        Expr::WindowFunction(call) => (call.fun.name(), &call.params.args),
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => {
            return match (expr.get_type(schema).ok()?, field.data_type()) {
                (DataType::Timestamp(_, None), to) if to.is_numeric() => Some(counted("a cast to a number")),
                (of, DataType::Timestamp(_, None)) if of.is_numeric() => Some(
                    "a number that is cast to a TIMESTAMP shows the clock of UTC; as TIMESTAMPTZ, or by `to_timestamp`, it is \
                     the instant"
                        .to_owned(),
                ),
                _ => None,
            };
        }
        _ => return None,
    };
    let kinds: Vec<_> = arguments.iter().map(|argument| argument.get_type(schema).unwrap_or(DataType::Null)).collect();
    let counts = match name {
        "to_unixtime" => true,
        "date_part" => matches!(arguments.first(), Some(Expr::Literal(part, _)) if is_epoch(part)),
        _ => false,
    };
    if counts && kinds.iter().any(is_local) {
        return Some(counted(&format!("`{name}`")));
    }
    if name == "to_date" && arguments.iter().skip(1).any(has_offset) {
        return Some(
            "`to_date` with a pattern that reads or may read an offset takes the day of UTC; without a pattern, or of \
             CAST(… AS TIMESTAMP), it is the day on the project's calendar"
                .to_owned(),
        );
    }
    if name.starts_with("to_") && arguments.iter().skip(1).any(passes_over_z) {
        return Some(format!(
            "the Z at the end of the pattern is a letter to `{name}`, and the time would be taken for one on the project's \
             clock; `%#z` reads it as the offset that it is, and without a pattern it is read as well"
        ));
    }
    // Texts and numbers of times do not take one for the other.
    if part.get_type(schema).is_ok_and(|given| given.is_string() || given.is_integer()) {
        return None;
    }
    let has_instant = kinds.iter().any(|kind| matches!(kind, DataType::Timestamp(_, Some(_))))
        // Not cast in the plan, but when the first row has nothing before it.
        || matches!(part, Expr::WindowFunction(_)) && arguments.iter().zip(&kinds).any(may_be_instant);
    // What is written out is of the kind that it meets.
    let has_local = arguments.iter().zip(&kinds).any(|(argument, kind)| is_local(kind) && !is_written(argument));
    (has_instant && has_local).then(|| {
        format!(
            "`{name}` is given a time or a day on the project's clock, such as `event_time`, together with an instant, such \
             as `event_time_utc`, `now()` or a text that may say its offset; use two of one kind"
        )
    })
}

fn counted(by: &str) -> String {
    format!(
        "{by} counts from 1970 in UTC, and a time or a day on the project's clock would be taken for one of UTC; \
         `event_time_utc` and TIMESTAMPTZ '2026-11-03T12:00:00Z' are instants, and two times can be taken from one another"
    )
}

fn is_epoch(part: &ScalarValue) -> bool {
    part.try_as_str().flatten().is_some_and(|part| part.trim().eq_ignore_ascii_case("epoch"))
}

/// Whether a pattern reads an offset, or seconds since 1970. One that is not written out may.
fn has_offset(pattern: &Expr) -> bool {
    let Expr::Literal(pattern, _) = pattern else { return true };
    pattern
        .try_as_str()
        .flatten()
        .is_some_and(|pattern| parts(pattern).any(|part| matches!(part, '+' | 'z' | 'Z' | 's')))
}

/// The letters of a pattern's parts, without what stands between `%` and them; those of `%%` as well.
fn parts(pattern: &str) -> impl Iterator<Item = char> {
    let mut letters = pattern.chars();
    std::iter::from_fn(move || {
        letters.find(|letter| *letter == '%')?;
        letters.find(|letter| !matches!(letter, '-' | '_' | '#' | ':' | '.' | '0'..='9'))
    })
}

/// Whether a pattern ends with the letter Z and reads no offset.
fn passes_over_z(pattern: &Expr) -> bool {
    let Expr::Literal(text, _) = pattern else { return false };
    text.try_as_str().flatten().is_some_and(|text| text.trim_end().ends_with('Z')) && !has_offset(pattern)
}

/// Whether it is a text that says its offset. One that is not written out may.
fn may_be_instant((argument, kind): (&Expr, &DataType)) -> bool {
    match argument {
        Expr::Literal(text, _) => {
            text.try_as_str().flatten().is_some_and(|text| clocks::written_instant(text.trim()).is_some())
        }
        _ => kind.is_string(),
    }
}

fn is_local(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, None) | DataType::Date32)
}

fn is_written(argument: &Expr) -> bool {
    match argument {
        Expr::Literal(..) => true,
        Expr::Cast(cast) => is_written(&cast.expr),
        _ => false,
    }
}
