//! Conditions and orders in OData v4's grammar, as trees.
//!
//! In: the text of `filter` or `orderby`. Out: an [`Expression`] in which every part knows its position, so that whoever
//! judges it later (the columns of a table are only known when it is read) can name the place. Nothing here knows a
//! column or its type. Bounded: the text's length is checked before, the depth here.

mod bounds;
mod lexer;
mod parser;
mod unserved;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use super::error::quoted;
use super::{RequestError, nearest};

pub use bounds::{Bounds, day_bounds};
pub(super) use parser::{columns, condition, order};

/// A part of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expression {
    pub kind: Kind,
    /// Where it begins, in characters from 1.
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Literal(Literal),
    Column(String),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Box<Expression>, Operator, Box<Expression>),
    /// The second are literals.
    In(Box<Expression>, Vec<Expression>),
    Call(Function, Vec<Expression>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A decimal or an integer beyond 64 bits, in a form that Rust reads as a double.
    Number(String),
    Text(String),
    Date(Date),
    /// Without an offset it is a time on the clock of whatever it is compared with.
    Time(DateTime, Option<Offset>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Add,
    Subtract,
    Multiply,
    /// Whole numbers give a whole number.
    Divide,
    /// Always with decimals.
    DivideBy,
    Modulo,
}

impl Operator {
    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
            Self::Add => "add",
            Self::Subtract => "sub",
            Self::Multiply => "mul",
            Self::Divide => "div",
            Self::DivideBy => "divby",
            Self::Modulo => "mod",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    Contains,
    StartsWith,
    EndsWith,
    Length,
    IndexOf,
    Substring,
    ToLower,
    ToUpper,
    Trim,
    Concat,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Date,
    Round,
    Floor,
    Ceiling,
}

impl Function {
    pub const ALL: [Self; 20] = [
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Length,
        Self::IndexOf,
        Self::Substring,
        Self::ToLower,
        Self::ToUpper,
        Self::Trim,
        Self::Concat,
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Hour,
        Self::Minute,
        Self::Second,
        Self::Date,
        Self::Round,
        Self::Floor,
        Self::Ceiling,
    ];

    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
            Self::Length => "length",
            Self::IndexOf => "indexof",
            Self::Substring => "substring",
            Self::ToLower => "tolower",
            Self::ToUpper => "toupper",
            Self::Trim => "trim",
            Self::Concat => "concat",
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Date => "date",
            Self::Round => "round",
            Self::Floor => "floor",
            Self::Ceiling => "ceiling",
        }
    }

    /// The least and the most arguments it takes.
    pub(super) fn arguments(self) -> (usize, usize) {
        match self {
            Self::Contains | Self::StartsWith | Self::EndsWith | Self::IndexOf | Self::Concat => (2, 2),
            Self::Substring => (2, 3),
            _ => (1, 1),
        }
    }
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey {
    pub by: Expression,
    pub direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Null first.
    Ascending,
    /// Null last.
    Descending,
}

/// A column asked for by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnName {
    pub name: String,
    /// Where it begins, in characters from 1.
    pub at: usize,
}

impl Expression {
    /// That the column lies within these bounds; `None` when there are none.
    pub fn within(column: &str, bounds: Bounds) -> Option<Self> {
        let part = |kind| Self { kind, at: 1 };
        let side = |operator, day: Date| {
            let (column, day) = (part(Kind::Column(column.to_owned())), part(Kind::Literal(Literal::Date(day))));
            part(Kind::Binary(Box::new(column), operator, Box::new(day)))
        };
        let first = bounds.first.map(|first| side(Operator::GreaterOrEqual, first));
        let last = bounds.last.map(|last| side(Operator::LessOrEqual, last));
        match (first, last) {
            (Some(first), Some(last)) => Some(part(Kind::Binary(Box::new(first), Operator::And, Box::new(last)))),
            (one, other) => one.or(other),
        }
    }

    /// Every column it speaks of.
    pub fn columns(&self) -> Vec<ColumnName> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(part) = open.pop() {
            match &part.kind {
                Kind::Literal(_) => {}
                Kind::Column(name) => found.push(ColumnName { name: name.clone(), at: part.at }),
                Kind::Not(one) | Kind::Negative(one) => open.push(one),
                Kind::Binary(one, _, other) => open.extend([other.as_ref(), one.as_ref()]),
                Kind::In(one, several) => {
                    open.extend(several.iter().rev());
                    open.push(one);
                }
                Kind::Call(_, several) => open.extend(several.iter().rev()),
            }
        }
        found
    }
}

/// A refusal of a column that is not there, with the nearest that is.
pub fn unknown_column<'a>(
    parameter: &'static str,
    column: &ColumnName,
    known: impl IntoIterator<Item = &'a str>,
) -> RequestError {
    RequestError::Expression {
        parameter,
        position: column.at,
        why: format!("there is no column `{}`", quoted(&column.name)),
        near: nearest(&column.name, known).map(str::to_owned),
    }
}

/// A refusal that names the place. `parameter` is the one whose text it is.
pub fn refusal(parameter: &'static str, at: usize, why: impl Into<String>) -> RequestError {
    RequestError::Expression { parameter, position: at, why: why.into(), near: None }
}
