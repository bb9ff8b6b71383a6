//! The functions of OData. Those of null are null.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, cast, lit};

use super::{Scope, Typed, TypedAs, as_number, wide};
use crate::request::{Expression, Function, Kind, Literal, RequestError};

impl Scope<'_> {
    pub(super) fn call(&self, function: Function, arguments: &[Expression], at: usize) -> Result<Typed, RequestError> {
        let text = |index: usize| self.text(arguments, index, at);
        let (expr, kind) = match function {
            Function::Contains => (expr_fn::contains(text(0)?, text(1)?), TypedAs::Boolean),
            Function::StartsWith => (expr_fn::starts_with(text(0)?, text(1)?), TypedAs::Boolean),
            Function::EndsWith => (expr_fn::ends_with(text(0)?, text(1)?), TypedAs::Boolean),
            Function::Length => (whole(expr_fn::character_length(text(0)?)), TypedAs::Integer),
            // Places count from 0; what is not found is at -1.
            Function::IndexOf => {
                (wide(whole(expr_fn::strpos(text(0)?, text(1)?))) - wide(lit(1_i64)), TypedAs::Integer)
            }
            Function::Substring => (self.substring(arguments, at)?, TypedAs::Text),
            Function::ToLower => (expr_fn::lower(text(0)?), TypedAs::Text),
            Function::ToUpper => (expr_fn::upper(text(0)?), TypedAs::Text),
            Function::Trim => (expr_fn::btrim(vec![text(0)?]), TypedAs::Text),
            // The engine's own function skips nulls; OData's gives null, as the operator does.
            Function::Concat => (joined(text(0)?, text(1)?), TypedAs::Text),
            Function::Year => self.part("year", arguments, at)?,
            Function::Month => self.part("month", arguments, at)?,
            Function::Day => self.part("day", arguments, at)?,
            Function::Hour => self.part("hour", arguments, at)?,
            Function::Minute => self.part("minute", arguments, at)?,
            Function::Second => self.part("second", arguments, at)?,
            Function::Date => (cast(self.time(arguments, at)?, DataType::Date32), TypedAs::Date),
            Function::Round => (expr_fn::round(vec![self.decimal(arguments, at)?]), TypedAs::Number),
            Function::Floor => (expr_fn::floor(self.decimal(arguments, at)?), TypedAs::Number),
            Function::Ceiling => (expr_fn::ceil(self.decimal(arguments, at)?), TypedAs::Number),
        };
        Ok(Typed { expr, kind, at })
    }

    fn argument(&self, arguments: &[Expression], index: usize, at: usize) -> Result<Typed, RequestError> {
        match arguments.get(index) {
            Some(argument) => self.value(argument),
            None => Err(self.refuse(at, "an argument is missing")),
        }
    }

    fn text(&self, arguments: &[Expression], index: usize, at: usize) -> Result<Expr, RequestError> {
        let typed = self.argument(arguments, index, at)?;
        match typed.kind {
            TypedAs::Text => Ok(typed.expr),
            TypedAs::Null => Ok(lit(ScalarValue::Utf8View(None))),
            other => Err(self.refuse(typed.at, format!("text is expected here, and this is {}", other.said()))),
        }
    }

    fn decimal(&self, arguments: &[Expression], at: usize) -> Result<Expr, RequestError> {
        match arguments.first() {
            Some(argument) => Ok(as_number(self.number(argument)?)),
            None => Err(self.refuse(at, "an argument is missing")),
        }
    }

    /// A day or a time.
    fn time(&self, arguments: &[Expression], at: usize) -> Result<Expr, RequestError> {
        let typed = self.argument(arguments, 0, at)?;
        match typed.kind {
            TypedAs::Date | TypedAs::Local | TypedAs::Utc | TypedAs::Time(_, None) => Ok(typed.expr),
            other => {
                Err(self.refuse(typed.at, format!("a day or a time is expected here, and this is {}", other.said())))
            }
        }
    }

    fn part(&self, part: &str, arguments: &[Expression], at: usize) -> Result<(Expr, TypedAs), RequestError> {
        let time = self.time(arguments, at)?;
        Ok((whole(expr_fn::date_part(lit(part), time)), TypedAs::Integer))
    }

    /// Places count from 0.
    fn substring(&self, arguments: &[Expression], at: usize) -> Result<Expr, RequestError> {
        let text = self.text(arguments, 0, at)?;
        let mut places = Vec::new();
        for argument in arguments.iter().skip(1) {
            // Where a negative place would lead differs from engine to engine.
            match &argument.kind {
                Kind::Literal(Literal::Integer(place)) if *place >= 0 => places.push(lit(*place)),
                _ => return Err(self.refuse(argument.at, "a whole number from 0 is expected here")),
            }
        }
        let mut places = places.into_iter();
        let start = places.next().unwrap_or_else(|| lit(0_i64)) + lit(1_i64);
        Ok(match places.next() {
            Some(length) => expr_fn::substring(text, start, length),
            None => expr_fn::substr(text, start),
        })
    }
}

fn joined(one: Expr, other: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(one), Operator::StringConcat, Box::new(other)))
}

fn whole(expr: Expr) -> Expr {
    cast(expr, DataType::Int64)
}
