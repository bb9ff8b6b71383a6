//! Project-local times and UTC times in one column, or beside each other: the engine would take the local one for UTC.
//!
//! A time that is written out is of the kind that it meets. An instant that is made of nothing that is kept, such as
//! `now()` or a text with an offset, becomes what the project's clock showed then where it is compared with that clock.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::functions::datetime::to_local_time;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Between, BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan, Operator, TryCast, cast, lit,
};
use datafusion::scalar::ScalarValue;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{arguments, texts};
use crate::period::zone_name;
use crate::query::{QueryError, local_micros};

/// Sets the instants in the comparisons of a plan, as the caller wrote it, to the project's clock.
pub(super) fn set(plan: LogicalPlan, zone: &TimeZone) -> Result<LogicalPlan> {
    let set = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expression| {
            // A name could only be given to all of them together.
            if let Expr::GroupingSet(_) = expression {
                return Ok(Transformed::no(expression));
            }
            let name = names.save(&expression);
            let set = expression.transform_up(|part| Ok(compared(part, &schema, zone)))?;
            Ok(set.update_data(|expression| name.restore(expression)))
        })
    });
    Ok(set?.data)
}

fn compared(part: Expr, schema: &DFSchema, zone: &TimeZone) -> Transformed<Expr> {
    let beside = |of: &Expr, value: Expr| shown_beside(of, value, schema, zone);
    Transformed::yes(match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) => {
            let shown_right = beside(&left, *right);
            let shown_left = beside(&shown_right, *left);
            Expr::BinaryExpr(BinaryExpr { left: Box::new(shown_left), op, right: Box::new(shown_right) })
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let (low, high) = (Box::new(beside(&expr, *low)), Box::new(beside(&expr, *high)));
            Expr::Between(Between { expr, negated, low, high })
        }
        Expr::InList(InList { expr, list, negated }) => {
            let list = list.into_iter().map(|value| beside(&expr, value)).collect();
            Expr::InList(InList { expr, list, negated })
        }
        other => return Transformed::no(other),
    })
}

fn compares(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// Seconds of the years 1700 to 2200, in which the engine can compare a time with a day: it counts nanoseconds there. Others
/// are compared by their days.
const BESIDE_DAYS: RangeInclusive<i64> = -8_520_336_000..=7_289_654_399;

/// Whether a value without a zone was made of an instant: it has the digits of UTC.
fn shows_utc(of: &Expr, schema: &DFSchema) -> bool {
    let found = of.exists(|part| {
        // A cast takes the digits of UTC, whatever the zone; the function those of the zone.
        let (of, of_any_zone) = match part {
            Expr::Cast(cast) => (cast.expr.as_ref(), true),
            Expr::TryCast(cast) => (cast.expr.as_ref(), true),
            Expr::ScalarFunction(call) if call.func.name() == "to_local_time" && call.args.len() == 1 => {
                (&call.args[0], false)
            }
            _ => return Ok(false),
        };
        let shows = matches!(of.get_type(schema), Ok(DataType::Timestamp(_, Some(zone))) if of_any_zone || zone.as_ref() == "UTC");
        Ok(shows && is_kept(of))
    });
    found.unwrap_or(false)
}

/// The value as it is shown beside a time or a day of the project's clock, if `of` is one.
fn shown_beside(of: &Expr, value: Expr, schema: &DFSchema, zone: &TimeZone) -> Expr {
    let zone = if shows_utc(of, schema) { &TimeZone::UTC } else { zone };
    let of_time = match of.get_type(schema) {
        Ok(DataType::Timestamp(_, None)) => true,
        Ok(DataType::Date32) => false,
        Ok(DataType::Timestamp(_, Some(utc))) if utc.as_ref() == "UTC" => return written_in(value, &utc),
        _ => return value,
    };
    if let Some(text) = written(&value) {
        if let Some(shown) = written_instant(text).map(|instant| texts::shown_at(instant, zone)) {
            let shown = match of_time || BESIDE_DAYS.contains(&shown.as_secs()) {
                true => ScalarValue::TimestampMicrosecond(texts::in_units(shown, TimeUnit::Microsecond), None),
                false => ScalarValue::Date32(texts::day_of(shown)),
            };
            return lit(shown);
        }
        // In microseconds, as what it is compared with. The engine reads nanoseconds, and years after 2262 do not fit.
        // A zone in brackets, which the engine does not know, would be passed over.
        if of_time
            && !text.contains('[')
            && let Ok(time) = text.parse::<DateTime>()
        {
            return lit(local_micros(time));
        }
    }
    match value.get_type(schema) {
        Ok(DataType::Timestamp(_, Some(_))) if !is_kept(&value) => {
            let zoned = DataType::Timestamp(TimeUnit::Nanosecond, Some(zone_name(zone).into()));
            to_local_time().call(vec![cast(value, zoned)])
        }
        _ => value,
    }
}

/// The value beside an instant: a text is one in microseconds, since years after 2262 have no nanoseconds.
fn written_in(value: Expr, utc: &Arc<str>) -> Expr {
    let micros = written(&value)
        .and_then(|text| texts::written(text).ok())
        .and_then(|time| texts::in_units(time.since, TimeUnit::Microsecond));
    micros.map_or(value, |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some(utc.clone()))))
}

/// A text, also where the caller says that it is a time. Of one with its offset the engine would drop that.
fn written(value: &Expr) -> Option<&str> {
    match value {
        Expr::Literal(text, _) => Some(text.try_as_str()??.trim()),
        Expr::Cast(Cast { expr, field }) if matches!(field.data_type(), DataType::Timestamp(_, None)) => written(expr),
        _ => None,
    }
}

/// Of a text that says its offset or its zone: since 1970.
pub(super) fn written_instant(text: &str) -> Option<SignedDuration> {
    texts::written(text).ok().filter(|time| time.is_instant).map(|time| time.since)
}

/// Whether a text that says its offset becomes a time without one, which the engine takes by its digits. Beside a UTC time
/// those are right.
fn drops_an_offset(part: &Expr) -> bool {
    let (of, field) = match part {
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => (expr.as_ref(), field),
        _ => return false,
    };
    let Expr::Literal(text, _) = of else { return false };
    matches!(field.data_type(), DataType::Timestamp(_, None) | DataType::Date32)
        && text.try_as_str().flatten().is_some_and(|text| written_instant(text.trim()).is_some())
}

/// Errors: a text with an offset stands where its offset would be lost.
fn check_offsets(typed: &LogicalPlan) -> Result<(), QueryError> {
    let mut lost = false;
    typed.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::Cast(Cast { expr, field }) = part
                    && matches!(field.data_type(), DataType::Timestamp(_, Some(zone)) if zone.as_ref() == "UTC")
                    && drops_an_offset(expr)
                {
                    return Ok(TreeNodeRecursion::Jump);
                }
                lost |= drops_an_offset(part);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    match lost {
        false => Ok(()),
        true => Err(QueryError::Sql(
            "a text that says its offset, such as '2026-11-03T12:00:00Z', becomes a time without one; with TIMESTAMPTZ in \
             front of it, it stays the instant that it is"
                .to_owned(),
        )),
    }
}

/// Whether a column's value is in it, of this query or of one around it.
pub(super) fn is_kept(expression: &Expr) -> bool {
    !expression.column_refs().is_empty() || expression.contains_outer()
}

/// `asked`: as the caller wrote it. `typed`: with the casts that the engine put in.
///
/// Errors: the engine casts a local time to UTC where the caller did not say so. A time that is written out is read as
/// whatever it is compared with.
pub(super) fn check(asked: &LogicalPlan, typed: &LogicalPlan, zone: &TimeZone) -> Result<(), QueryError> {
    if *zone == TimeZone::UTC {
        return Ok(());
    }
    check_offsets(typed)?;
    arguments::check(typed)?;
    let zone = zone_name(zone);
    if meetings(typed, zone, true)? <= meetings(asked, zone, false)? {
        return Ok(());
    }
    Err(QueryError::Sql(
        "a time or a day on the project's clock, such as `event_time` and `event_date`, meets an instant, such as \
         `event_time_utc` or `now()`; use two of one kind (`current_date` and `CAST(now() AS DATE)` are days of the \
         project), or say with CAST(event_time_utc AS TIMESTAMP) that the clock of UTC is to be taken as it stands"
            .to_owned(),
    ))
}

/// `zone`: that of the session. How many local times are cast to UTC, or UTC to local ones; with differences, also how often one is taken from the other.
fn meetings(plan: &LogicalPlan, zone: &str, with_differences: bool) -> Result<usize> {
    let mut meetings = 0;
    plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                let clock = |side: &Expr| side.get_type(&schema).ok().as_ref().and_then(|kind| clock_of(kind, zone));
                let meets = match part {
                    Expr::Cast(Cast { expr, field }) => {
                        let from = expr.get_type(&schema);
                        match (&from, field.data_type()) {
                            // The engine takes the digits of UTC, whatever the zone.
                            (Ok(DataType::Timestamp(_, Some(_))), DataType::Timestamp(_, None)) => true,
                            // A day of an instant is asked for by its cast alone.
                            (Ok(from), to @ DataType::Timestamp(..)) => {
                                is_kept(expr) && differ(clock_of(from, zone), clock_of(to, zone))
                            }
                            _ => false,
                        }
                    }
                    Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) if with_differences => {
                        is_kept(left) && is_kept(right) && differ(clock(left), clock(right))
                    }
                    _ => false,
                };
                meetings += usize::from(meets);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(meetings)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Local,
    Utc,
}

/// Of a time or a day. What has the session's zone, such as `now()`, goes with either.
fn clock_of(kind: &DataType, session: &str) -> Option<Clock> {
    match kind {
        DataType::Timestamp(_, None) | DataType::Date32 => Some(Clock::Local),
        DataType::Timestamp(_, Some(zone)) if zone.as_ref() != session => Some(Clock::Utc),
        _ => None,
    }
}

fn differ(one: Option<Clock>, other: Option<Clock>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}
