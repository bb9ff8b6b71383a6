//! What a query may not be, told from its form: something that makes a table, or that wants what the engine passes over.

use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{Query, SetExpr, TableFactor, Visit, Visitor};

/// Stops at a table of which only a sample is wanted.
struct Samples;

impl Visitor for Samples {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether somewhere in it only a sample of a table is wanted. The engine would pass over that.
pub(super) fn has_sample(query: &Query) -> bool {
    query.visit(&mut Samples).is_break()
}

/// Whether it reads: a bare `VALUES` reads nothing, and `SELECT … INTO` would make a table.
pub(super) fn is_select(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(inner) => is_select(&inner.body),
        SetExpr::SetOperation { left, right, .. } => {
            [left, right].into_iter().all(|side| matches!(side.as_ref(), SetExpr::Values(_)) || is_select(side))
        }
        _ => false,
    }
}
