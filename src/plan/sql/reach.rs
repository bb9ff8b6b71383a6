//! How many tables a query reads when each CTE is written out where it is named: it is planned as often as that, and two
//! names of the CTE before double it with each one.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Query, Visit, Visitor};

/// The tables of all places.
pub(super) fn of(query: &Query) -> u64 {
    let mut reach = Reach::default();
    reach.read(query);
    reach.tables
}

#[derive(Default)]
struct Reach {
    /// What a CTE's name stands for.
    known: HashMap<String, u64>,
    /// Queries whose CTEs were read. The walk comes to some of them a second time.
    seen: HashSet<*const Query>,
    tables: u64,
}

impl Reach {
    /// What its definitions stand for counts where they are named.
    fn read(&mut self, query: &Query) {
        let _ = self.pre_visit_query(query);
        let _ = query.body.visit(self);
    }
}

impl Visitor for Reach {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(with) = query.with.as_ref().filter(|_| self.seen.insert(query)) else {
            return ControlFlow::Continue(());
        };
        for cte in &with.cte_tables {
            let seen = std::mem::take(&mut self.seen);
            let mut inner = Self { known: self.known.clone(), seen, tables: 1 };
            inner.read(&cte.query);
            self.seen = inner.seen;
            self.known.insert(folded(&cte.alias.name), inner.tables);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let own = match name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => self.known.get(&folded(name)).copied(),
            _ => None,
        };
        self.tables = self.tables.saturating_add(own.unwrap_or(1));
        ControlFlow::Continue(())
    }
}

/// As the engine compares names.
fn folded(name: &Ident) -> String {
    match name.quote_style {
        None => name.value.to_lowercase(),
        Some(_) => name.value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Query, SqlError};

    fn chain(levels: usize, body: impl Fn(usize) -> String) -> String {
        let ctes: Vec<_> = (1..levels).map(|n| format!("a{n} AS ({})", body(n - 1))).collect();
        format!("WITH a0 AS (SELECT 1 AS x), {} SELECT x FROM a{}", ctes.join(", "), levels - 1)
    }

    #[test]
    fn ctes_that_double_are_refused_and_chains_are_not() {
        let twice = |levels| chain(levels, |n| format!("SELECT l.x FROM a{n} l, A{n} r"));
        assert!(Query::parse(&twice(6)).is_ok());
        for levels in [12, 60] {
            let refused = Query::parse(&twice(levels)).unwrap_err();
            assert!(matches!(refused, SqlError::TooManyCopies { .. }), "{refused}");
        }
        assert!(Query::parse(&chain(60, |n| format!("SELECT x + 1 AS x FROM a{n}"))).is_ok());
        let within = (0..10).fold("SELECT 1 AS x".to_owned(), |inner, n| {
            format!("WITH b{n} AS ({inner}) SELECT l.x FROM b{n} l, b{n} r")
        });
        assert!(matches!(Query::parse(&within), Err(SqlError::TooManyCopies { .. })));
    }
}
