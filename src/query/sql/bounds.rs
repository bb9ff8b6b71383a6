//! Which days of its tables a query can read rows of, from the conditions that the optimizer brought down to them.

use std::any::Any;

use arrow::datatypes::DataType;
use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use datafusion::scalar::ScalarValue;
use jiff::civil::Date;

use super::casts;
use crate::period::day_from_number;
use crate::query::days::DayTable;
use crate::request::Bounds;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// One entry per table; without bounds where nothing is said or the table does not occur.
pub(super) fn of_tables(plan: &LogicalPlan, tables: usize) -> Result<Vec<Bounds>> {
    let mut found: Vec<Option<Bounds>> = vec![None; tables];
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
            && let Some(days) = (provider.as_ref() as &dyn Any).downcast_ref::<DayTable>()
            && let Some(found) = days.number().and_then(|number| found.get_mut(number))
        {
            let here = scan.filters.iter().map(bounds).fold(Bounds::default(), Bounds::and);
            // A table may be read several times, and over several events.
            *found = Some(found.map_or(here, |known| known.or(here)));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found.into_iter().map(Option::unwrap_or_default).collect())
}

fn bounds(condition: &Expr) -> Bounds {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => bounds(left).and(bounds(right)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => bounds(left).or(bounds(right)),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (left.as_ref(), right.as_ref()) {
            (of, Expr::Literal(value, _)) => compared(of, *op, value),
            (Expr::Literal(value, _), of) => op.swap().map_or_else(Bounds::default, |op| compared(of, op, value)),
            _ => Bounds::default(),
        },
        Expr::Between(between) if !between.negated => match (&*between.low, &*between.high) {
            (Expr::Literal(low, _), Expr::Literal(high, _)) => {
                let low = compared(&between.expr, Operator::GtEq, low);
                low.and(compared(&between.expr, Operator::LtEq, high))
            }
            _ => Bounds::default(),
        },
        Expr::InList(list) if !list.negated => {
            let one = |value: &Expr| match value {
                Expr::Literal(value, _) => compared(&list.expr, Operator::Eq, value),
                _ => Bounds::default(),
            };
            list.list.iter().map(one).reduce(Bounds::or).unwrap_or_default()
        }
        _ => Bounds::default(),
    }
}

fn compared(of: &Expr, operator: Operator, value: &ScalarValue) -> Bounds {
    let Some((first, last)) = clock_of(of).and_then(|clock| days_of(clock, value)) else { return Bounds::default() };
    match operator {
        Operator::Eq => Bounds { first: Some(first), last: Some(last) },
        Operator::Gt | Operator::GtEq => Bounds { first: Some(first), last: None },
        Operator::Lt | Operator::LtEq => Bounds { first: None, last: Some(last) },
        _ => Bounds::default(),
    }
}

/// What a value tells of a row's day.
#[derive(Clone, Copy)]
enum Clock {
    /// The day itself, or the time on the project's clock.
    Local,
    /// An instant.
    Utc,
}

/// Of a column that says when; cast to an instant, a local one is an instant as well.
fn clock_of(expression: &Expr) -> Option<Clock> {
    match casts::bare(expression) {
        Expr::Column(column) => match column.name.as_str() {
            "event_date" | "event_time" => Some(Clock::Local),
            "event_time_utc" => Some(Clock::Utc),
            _ => None,
        },
        Expr::Cast(cast) => match cast.field.data_type() {
            DataType::Timestamp(_, Some(_)) => clock_of(&cast.expr).and(Some(Clock::Utc)),
            // A day is its midnight.
            DataType::Timestamp(_, None) => clock_of(&cast.expr).filter(|clock| matches!(clock, Clock::Local)),
            _ => None,
        },
        _ => None,
    }
}

/// The project-local days on which a row with that value can lie.
fn days_of(clock: Clock, value: &ScalarValue) -> Option<(Date, Date)> {
    let day = match value {
        ScalarValue::Date32(Some(number)) => day_from_number(*number)?,
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            day_from_number(micros.div_euclid(MICROS_PER_DAY).try_into().ok()?)?
        }
        ScalarValue::TimestampNanosecond(Some(nanos), _) => {
            day_from_number(nanos.div_euclid(1000 * MICROS_PER_DAY).try_into().ok()?)?
        }
        _ => return None,
    };
    match clock {
        Clock::Local => Some((day, day)),
        // The project's day lies at most one beside the one in UTC.
        Clock::Utc => Some((day.yesterday().ok()?, day.tomorrow().ok()?)),
    }
}
