//! OData expressions over the caller's columns → DataFusion expressions over the same.
//!
//! Types follow the columns, and what does not fit is refused here with its place in the text, not by the engine in the
//! middle of an answer. Null follows OData: `eq` and `ne` treat null as a value, a relation with null is false. Where a
//! comparison must hold for a row to be kept it is written plainly, because statistics of files can be asked for those.

mod calls;
mod compare;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::{nullif, trunc};
use datafusion::logical_expr::{Expr, cast, lit, not};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::{column, local_micros};
use crate::encode::OutputColumn;
use crate::period::day_number;
use crate::request::{ColumnName, Expression, Kind, Literal, Operator, RequestError, refusal, unknown_column};
use crate::table::ColumnType;

/// What names mean in one text.
pub struct Scope<'a> {
    /// The parameter whose text it is.
    pub parameter: &'static str,
    /// The caller's columns.
    pub columns: &'a [OutputColumn],
    /// The project's, for times with an offset beside project-local columns.
    pub zone: &'a TimeZone,
}

/// A translated part.
struct Typed {
    expr: Expr,
    kind: TypedAs,
    at: usize,
}

/// What its values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypedAs {
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    Date,
    /// On the project's clock.
    Local,
    Utc,
    /// A literal whose clock is that of whatever it meets.
    Time(DateTime, Option<Offset>),
}

impl TypedAs {
    fn of(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text | ColumnType::Json => Self::Text,
            ColumnType::Integer => Self::Integer,
            ColumnType::Number => Self::Number,
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Timestamp => Self::Local,
            ColumnType::TimestampUtc => Self::Utc,
            ColumnType::Date => Self::Date,
        }
    }

    /// As the end of "this is …".
    fn said(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Date => "a day",
            Self::Local => "a project-local time",
            Self::Utc => "a UTC time",
            Self::Time(..) => "a time",
        }
    }
}

impl Scope<'_> {
    /// A condition: which rows are kept.
    ///
    /// Errors: an unknown column, or types that do not meet, with the place.
    pub fn condition(&self, expression: &Expression) -> Result<Expr, RequestError> {
        self.weigh(expression)?;
        self.kept(expression)
    }

    /// Errors: lists within lists, of which each repeats what it is asked of.
    fn weigh(&self, expression: &Expression) -> Result<(), RequestError> {
        match weight(expression) <= HEAVIEST {
            true => Ok(()),
            false => Err(self.refuse(expression.at, "lists within lists make it too long when it is written out")),
        }
    }

    fn kept(&self, expression: &Expression) -> Result<Expr, RequestError> {
        match &expression.kind {
            Kind::Binary(one, Operator::And, other) => Ok(self.kept(one)?.and(self.kept(other)?)),
            Kind::Binary(one, Operator::Or, other) => Ok(self.kept(one)?.or(self.kept(other)?)),
            Kind::Binary(one, operator, other) if compare::is_comparison(*operator) => {
                self.comparison(one, *operator, other, expression.at)
            }
            Kind::In(one, several) => self.contained(one, several),
            _ => {
                let typed = self.value(expression)?;
                self.boolean(typed)
            }
        }
    }

    /// A value: something to order by.
    pub fn sorted_by(&self, expression: &Expression) -> Result<Expr, RequestError> {
        self.weigh(expression)?;
        Ok(self.value(expression)?.expr)
    }

    fn refuse(&self, at: usize, why: impl Into<String>) -> RequestError {
        refusal(self.parameter, at, why)
    }

    fn boolean(&self, typed: Typed) -> Result<Expr, RequestError> {
        match typed.kind {
            TypedAs::Boolean => Ok(typed.expr),
            TypedAs::Null => Ok(lit(ScalarValue::Boolean(None))),
            other => Err(self.refuse(typed.at, format!("a condition is expected here, and this is {}", other.said()))),
        }
    }

    fn value(&self, expression: &Expression) -> Result<Typed, RequestError> {
        let at = expression.at;
        let typed = |expr, kind| Ok(Typed { expr, kind, at });
        match &expression.kind {
            Kind::Literal(literal) => self.literal(literal, at),
            Kind::Column(name) => {
                let Some(known) = self.columns.iter().find(|column| column.name == *name) else {
                    let names = self.columns.iter().map(|column| column.name.as_str());
                    return Err(unknown_column(self.parameter, &ColumnName { name: name.clone(), at }, names));
                };
                typed(column(name), TypedAs::of(known.kind))
            }
            Kind::Not(one) => {
                let one = self.value(one)?;
                typed(not(self.boolean(one)?), TypedAs::Boolean)
            }
            Kind::Negative(one) => {
                let one = self.number(one)?;
                let number = if one.kind == TypedAs::Integer { wide(one.expr) } else { one.expr };
                let zero = if one.kind == TypedAs::Integer { wide(lit(0_i64)) } else { lit(0.0_f64) };
                typed(zero - number, one.kind)
            }
            Kind::Binary(one, operator @ (Operator::And | Operator::Or), other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                let (one, other) = (self.boolean(one)?, self.boolean(other)?);
                let both = if *operator == Operator::And { one.and(other) } else { one.or(other) };
                typed(both, TypedAs::Boolean)
            }
            Kind::Binary(one, operator, other) if compare::is_comparison(*operator) => {
                typed(settled(self.comparison(one, *operator, other, at)?), TypedAs::Boolean)
            }
            Kind::Binary(one, operator, other) => self.arithmetic(one, *operator, other, at),
            Kind::In(one, several) => typed(settled(self.contained(one, several)?), TypedAs::Boolean),
            Kind::Call(function, arguments) => self.call(*function, arguments, at),
        }
    }

    fn literal(&self, literal: &Literal, at: usize) -> Result<Typed, RequestError> {
        let (expr, kind) = match literal {
            Literal::Null => (lit(ScalarValue::Null), TypedAs::Null),
            Literal::Boolean(value) => (lit(*value), TypedAs::Boolean),
            Literal::Integer(value) => (lit(*value), TypedAs::Integer),
            Literal::Number(text) => {
                let value: Option<f64> = text.parse().ok().filter(|value: &f64| value.is_finite());
                (lit(value.ok_or_else(|| self.refuse(at, "this number is too large"))?), TypedAs::Number)
            }
            Literal::Text(text) => (lit(ScalarValue::Utf8View(Some(text.clone()))), TypedAs::Text),
            Literal::Date(day) => (lit(ScalarValue::Date32(Some(day_number(*day)))), TypedAs::Date),
            Literal::Time(time, offset) => (lit(local_micros(*time)), TypedAs::Time(*time, *offset)),
        };
        Ok(Typed { expr, kind, at })
    }

    fn number(&self, expression: &Expression) -> Result<Typed, RequestError> {
        let typed = self.value(expression)?;
        match typed.kind {
            TypedAs::Integer | TypedAs::Number => Ok(typed),
            TypedAs::Null => Ok(Typed { expr: lit(ScalarValue::Float64(None)), kind: TypedAs::Number, ..typed }),
            other => Err(self.refuse(typed.at, format!("a number is expected here, and this is {}", other.said()))),
        }
    }

    /// Nothing here fails while rows are read: what divides by zero is null, sums and differences of whole numbers are
    /// wide enough for all that there can be, and their products are doubles.
    fn arithmetic(
        &self,
        one: &Expression,
        operator: Operator,
        other: &Expression,
        at: usize,
    ) -> Result<Typed, RequestError> {
        let (one, other) = (self.number(one)?, self.number(other)?);
        let whole = one.kind == TypedAs::Integer && other.kind == TypedAs::Integer;
        let keeps_whole = !matches!(operator, Operator::Multiply | Operator::DivideBy);
        let kind = if whole && keeps_whole { TypedAs::Integer } else { TypedAs::Number };
        let fit = |typed: Typed| match kind {
            TypedAs::Integer => wide(typed.expr),
            _ => as_number(typed),
        };
        let (one, other) = (fit(one), fit(other));
        let zero = if kind == TypedAs::Integer { wide(lit(0_i64)) } else { lit(0.0_f64) };
        let divisor = || nullif(other.clone(), zero.clone());
        let expr = match operator {
            Operator::Add => one + other,
            Operator::Subtract => one - other,
            Operator::Multiply => one * other,
            Operator::Modulo => one % divisor(),
            // The quotient of decimals has places behind the point.
            _ if kind == TypedAs::Integer => cast(trunc(vec![one / divisor()]), WIDE),
            _ => one / divisor(),
        };
        Ok(Typed { expr, kind, at })
    }
}

/// Parts of a condition when it is written out.
const HEAVIEST: u64 = 10_000;

fn weight(expression: &Expression) -> u64 {
    let below = match &expression.kind {
        Kind::Literal(_) | Kind::Column(_) => 0,
        Kind::Not(one) | Kind::Negative(one) => weight(one),
        Kind::Binary(one, _, other) => weight(one).saturating_add(weight(other)),
        Kind::In(one, several) => weight(one).saturating_mul(several.len() as u64 + 1),
        Kind::Call(_, arguments) => arguments.iter().map(weight).fold(0, u64::saturating_add),
    };
    below.saturating_add(1)
}

fn as_number(typed: Typed) -> Expr {
    match typed.kind {
        TypedAs::Number => typed.expr,
        _ => cast(typed.expr, DataType::Float64),
    }
}

/// Whole numbers of this width can be added and subtracted as often as a text has room for, and keep every digit.
const WIDE: DataType = DataType::Decimal128(38, 0);

fn wide(whole: Expr) -> Expr {
    let is_wide = match &whole {
        Expr::BinaryExpr(_) => true,
        Expr::Cast(done) => *done.field.data_type() == WIDE,
        _ => false,
    };
    // Casts within casts take the engine long to plan.
    if is_wide { whole } else { cast(whole, WIDE) }
}

/// A comparison with null in it is false, also below a `not`.
fn settled(comparison: Expr) -> Expr {
    // Not by `coalesce`, of which the engine makes two comparisons: within one another they would double.
    comparison.is_true()
}

#[cfg(test)]
mod tests;
