//! How many casts of a query stand within one another. Whatever builds a plan asks of each of them twice what stands in it,
//! and no limit of time stops that.

use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{Expr, Query, Visit, Visitor};

/// The most of them at one place.
pub(super) fn depth(query: &Query) -> usize {
    let mut casts = Casts::default();
    let _ = query.visit(&mut casts);
    casts.most
}

#[derive(Default)]
struct Casts {
    now: usize,
    most: usize,
}

impl Visitor for Casts {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        self.now += usize::from(is_cast(expression));
        self.most = self.most.max(self.now);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        self.now = self.now.saturating_sub(usize::from(is_cast(expression)));
        ControlFlow::Continue(())
    }
}

fn is_cast(expression: &Expr) -> bool {
    matches!(expression, Expr::Cast { .. } | Expr::AtTimeZone { .. })
}

#[cfg(test)]
mod tests {
    use crate::plan::{Query, SqlError};

    #[test]
    fn casts_beside_one_another_are_any_number_and_within_one_another_few() {
        let beside = ["1::text::int AT TIME ZONE 'UTC'"; 60].join(", ");
        assert!(Query::parse(&format!("SELECT {beside}")).is_ok());
        let within = (0..15).fold("1".to_owned(), |inner, _| format!("TRY_CAST({inner} AS text)"));
        for deep in [
            format!("SELECT {within}"),
            format!("SELECT 1 WHERE EXISTS (SELECT {})", "1".to_owned() + &"::int".repeat(15)),
        ] {
            assert!(matches!(Query::parse(&deep), Err(SqlError::TooManyCasts { casts: 15, .. })), "{deep}");
        }
    }
}
