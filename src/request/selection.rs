//! Which columns, which rows, in which order, and which stretch of them.

use super::RequestError;
use super::expression::{self, ColumnName, Expression, OrderKey};
use super::parameters::{Given, Pair};
use crate::catalog::SELECTION;

/// What of a table's rows is wanted. The default is all of them as they come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// In the order asked; `None`: all columns.
    pub columns: Option<Vec<ColumnName>>,
    pub condition: Option<Expression>,
    /// Empty: the table's own order.
    pub order: Vec<OrderKey>,
    /// Rows left out at the beginning.
    pub skip: u64,
    /// Rows at most.
    pub top: Option<u64>,
}

impl Selection {
    /// Every column that is named somewhere, with the parameter that names it.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, ColumnName)> {
        let selected = self.columns.iter().flatten().cloned().map(|column| ("select", column));
        let filtered = self.condition.iter().flat_map(Expression::columns).map(|column| ("filter", column));
        let ordered = self.order.iter().flat_map(|key| key.by.columns()).map(|column| ("orderby", column));
        selected.chain(filtered).chain(ordered)
    }
}

/// Reads a selection that stands by itself: `select`, `filter`, `orderby`, `top`, `skip` with their values.
pub fn parse_selection(words: Vec<Pair>) -> Result<Selection, RequestError> {
    read(&Given::new(words, SELECTION)?)
}

pub(super) fn read(given: &Given) -> Result<Selection, RequestError> {
    Ok(Selection {
        columns: match given.one("select") {
            Some(text) => expression::columns("select", text)?,
            None => None,
        },
        condition: given.one("filter").map(|text| expression::condition("filter", text)).transpose()?,
        order: match given.one("orderby") {
            Some(text) => expression::order("orderby", text)?,
            None => Vec::new(),
        },
        skip: given.whole("skip")?.unwrap_or(0),
        top: given.whole("top")?,
    })
}
