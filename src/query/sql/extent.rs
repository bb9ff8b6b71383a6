//! How much a query grows when the engine writes it out, told before it does.
//!
//! Some forms stand for others in which a part of theirs occurs several times: `coalesce(a, b)` is a CASE with two `a`,
//! `x BETWEEN …` two comparisons, `= ALL (…)` three subqueries. Within one another they double with each level, and
//! no limit of time or memory stops a planner: thirty brackets took all memory there was. So the growth is counted first.

use std::collections::HashMap;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Case, InList, InSubquery, SetComparison};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

use crate::query::QueryError;

/// Parts that may be added to those of the text. The engine plans some thousand of the worst kind in a second.
const MOST: u64 = 10_000;
/// Lists up to this length become comparisons (the engine's own number).
const SHORT_LIST: usize = 3;
/// Branches up to which a CASE of conditions becomes one condition.
const FEW_BRANCHES: usize = 2;

/// Errors: the query grows too much.
pub(super) fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    let mut extent = Extent::default();
    let written = extent.plan(plan)?.whole;
    match written.saturating_sub(extent.plain) <= MOST {
        true => Ok(()),
        false => Err(QueryError::Sql(format!(
            "the query grows by more than {MOST} parts when it is written out: `coalesce`, `nvl`, CASE, BETWEEN, short lists \
             and `ALL (SELECT …)` repeat what stands in them, and within one another they double it"
        ))),
    }
}

/// A plan with everything below it.
#[derive(Clone)]
struct Written {
    /// Its parts, each as often as it occurs.
    whole: u64,
    /// Parts of each column where it is computed: so large is a condition on it that is moved below.
    columns: Vec<u64>,
}

#[derive(Default)]
struct Extent {
    /// Plans that stand in several places are the same in memory.
    plans: HashMap<*const LogicalPlan, Written>,
    /// Parts as they stand in the text.
    plain: u64,
}

impl Extent {
    fn plan(&mut self, plan: &LogicalPlan) -> Result<Written> {
        if let Some(known) = self.plans.get(&std::ptr::from_ref(plan)) {
            return Ok(known.clone());
        }
        self.plain += 1;
        let mut whole = 1_u64;
        let mut inputs = Vec::new();
        for input in plan.inputs() {
            let written = self.plan(input)?;
            whole = whole.saturating_add(written.whole);
            inputs.push((input.schema().clone(), written.columns));
        }
        let computed = |column: &Column| {
            let found = inputs
                .iter()
                .find_map(|(schema, sizes)| schema.maybe_index_of_column(column).and_then(|at| sizes.get(at).copied()));
            found.unwrap_or(1)
        };
        let schema = merge_schema(&plan.inputs());
        // Conditions are moved below what computes their columns; all else stays where it is.
        let is_condition = matches!(plan, LogicalPlan::Filter(_) | LogicalPlan::Join(_));
        plan.apply_expressions(|expression| {
            let size = match is_condition {
                true => self.expression(expression, &schema, &computed)?,
                false => self.expression(expression, &schema, &|_| 1)?,
            };
            self.plain = self.plain.saturating_add(parts(expression)?);
            whole = whole.saturating_add(size);
            Ok(TreeNodeRecursion::Continue)
        })?;
        let width = plan.schema().fields().len();
        let mut columns = match plan {
            LogicalPlan::Projection(projection) => self.columns(&projection.expr, &schema, &computed)?,
            // What it groups by; the rest is computed here.
            LogicalPlan::Aggregate(aggregate) => self.columns(&aggregate.group_expr, &schema, &computed)?,
            LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Limit(_) => inputs.swap_remove(0).1,
            LogicalPlan::Join(_) => inputs.into_iter().flat_map(|(_, sizes)| sizes).collect(),
            LogicalPlan::Union(_) => {
                let at = |place: usize| inputs.iter().filter_map(|(_, sizes)| sizes.get(place)).max().copied();
                (0..width).map(|place| at(place).unwrap_or(1)).collect()
            }
            _ => Vec::new(),
        };
        columns.resize(width, 1);
        let written = Written { whole, columns };
        self.plans.insert(plan, written.clone());
        Ok(written)
    }

    fn columns(&mut self, columns: &[Expr], schema: &DFSchema, column: &dyn Fn(&Column) -> u64) -> Result<Vec<u64>> {
        columns.iter().map(|own| self.expression(own, schema, column)).collect()
    }

    /// Parts of an expression when it is written out.
    fn expression(&mut self, expression: &Expr, schema: &DFSchema, column: &dyn Fn(&Column) -> u64) -> Result<u64> {
        let mut sum = 1_u64;
        let mut add = |times: usize, size: u64| sum = sum.saturating_add(size.saturating_mul(times as u64));
        match expression {
            Expr::Column(name) => return Ok(column(name)),
            Expr::Between(Between { expr, low, high, .. }) => {
                add(2, self.expression(expr, schema, column)?);
                add(1, self.expression(low, schema, column)?);
                add(1, self.expression(high, schema, column)?);
            }
            Expr::InList(InList { expr, list, .. }) => {
                let times = if list.len() <= SHORT_LIST { list.len() } else { 1 };
                add(times, self.expression(expr, schema, column)?);
                for value in list {
                    add(1, self.expression(value, schema, column)?);
                }
            }
            Expr::Case(Case { expr, when_then_expr, else_expr }) => {
                let branches = when_then_expr.len();
                // Only of conditions: what gives texts or numbers stays a CASE.
                let is_condition = |then: &Expr| matches!(then.get_type(schema), Ok(DataType::Boolean));
                let all_settled = when_then_expr.iter().all(|(_, then)| matches!(then.as_ref(), Expr::Literal(..)));
                let repeats = when_then_expr.iter().any(|(_, then)| is_condition(then))
                    && (branches <= FEW_BRANCHES || all_settled);
                for (place, (when, then)) in when_then_expr.iter().enumerate() {
                    let times = if repeats { branches - place + 1 } else { 1 };
                    add(times, self.expression(when, schema, column)?);
                    add(1, self.expression(then, schema, column)?);
                }
                for other in [expr, else_expr].into_iter().flatten() {
                    add(1, self.expression(other, schema, column)?);
                }
            }
            Expr::ScalarFunction(call) => {
                let is_choice = matches!(call.func.name(), "coalesce" | "nvl" | "nvl2");
                let last = call.args.len().saturating_sub(1);
                for (place, argument) in call.args.iter().enumerate() {
                    add(if is_choice && place < last { 2 } else { 1 }, self.expression(argument, schema, column)?);
                }
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                // `floor(x) = 5` becomes two comparisons of `x`, and a pattern up to four of its text.
                let is_call = |side: &Expr| matches!(side, Expr::ScalarFunction(_));
                let times = match op {
                    Operator::RegexMatch
                    | Operator::RegexIMatch
                    | Operator::RegexNotMatch
                    | Operator::RegexNotIMatch => 4,
                    op if op.supports_propagation() && (is_call(left) || is_call(right)) => 2,
                    _ => 1,
                };
                add(times, self.expression(left, schema, column)?);
                add(times, self.expression(right, schema, column)?);
            }
            // True, false and unknown are asked for one by one.
            Expr::SetComparison(SetComparison { expr, subquery, .. }) => {
                add(3, self.expression(expr, schema, column)?);
                add(3, self.plan(&subquery.subquery)?.whole);
            }
            Expr::InSubquery(InSubquery { expr, subquery, .. }) => {
                add(1, self.expression(expr, schema, column)?);
                add(1, self.plan(&subquery.subquery)?.whole);
            }
            Expr::Exists(exists) => add(1, self.plan(&exists.subquery.subquery)?.whole),
            Expr::ScalarSubquery(subquery) => add(1, self.plan(&subquery.subquery)?.whole),
            other => {
                let mut below = 0_u64;
                other.apply_children(|child| {
                    below = below.saturating_add(self.expression(child, schema, column)?);
                    Ok(TreeNodeRecursion::Continue)
                })?;
                add(1, below);
            }
        }
        Ok(sum)
    }
}

fn parts(expression: &Expr) -> Result<u64> {
    let mut parts = 0;
    expression.apply(|_| {
        parts += 1;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn checked(sql: &str) -> Result<(), QueryError> {
        let context = SessionContext::new();
        let schema = Schema::new(vec![
            Field::new("a", DataType::Int64, true),
            Field::new("b", DataType::Int64, true),
            Field::new("t", DataType::Utf8, true),
        ]);
        context.register_batch("r", arrow::record_batch::RecordBatch::new_empty(Arc::new(schema))).unwrap();
        check(&context.state().create_logical_plan(sql).await.unwrap())
    }

    fn nested(levels: usize, first: &str, level: impl Fn(&str, usize) -> String) -> String {
        (0..levels).fold(first.to_owned(), |inner, place| level(&inner, place))
    }

    #[tokio::test]
    async fn what_doubles_with_each_level_is_refused() {
        for (name, few, level) in [
            ("coalesce", "t", (|inner, n| format!("coalesce({inner}, 'x{n}')")) as fn(&str, usize) -> String),
            ("nvl", "t", |inner, n| format!("nvl({inner}, 'x{n}')")),
            ("case", "a > 1", |inner, n| format!("CASE WHEN {inner} THEN a > {n} ELSE b > {n} END")),
            ("between", "a", |inner, n| format!("({inner} BETWEEN 1 AND {n})::int")),
            ("in", "a", |inner, n| format!("({inner} IN (1, {n}))::int")),
            ("floor", "a", |inner, n| format!("(floor({inner}) = {n})::int")),
            ("literals", "a > 1", |inner, n| {
                format!("(CASE WHEN {inner} THEN true WHEN t = 'c{n}' THEN false WHEN t = 'd' THEN null END)")
            }),
            ("pattern", "t", |inner, n| format!("({inner} ~ 'a|{n}')::text")),
        ] {
            let select = |levels| format!("SELECT {} AS x FROM r", nested(levels, few, level));
            assert!(checked(&select(4)).await.is_ok(), "{name}");
            assert!(checked(&select(16)).await.is_err(), "{name}");
        }
    }

    #[tokio::test]
    async fn what_doubles_from_plan_to_plan_is_refused() {
        let choices = |levels: usize| {
            let inner =
                nested(levels, "r", |inner, n| format!("(SELECT coalesce(t, 'x{n}') AS t FROM {inner}) AS q{n}"));
            format!("SELECT t FROM {inner} WHERE t = 'x'")
        };
        assert!(checked(&choices(4)).await.is_ok());
        assert!(checked(&choices(14)).await.is_err());
        let unions = |levels: usize| {
            let steps: Vec<_> = (1..levels)
                .map(|n| format!("c{n} AS (SELECT a + a AS a FROM c{} UNION ALL SELECT 1)", n - 1))
                .collect();
            format!("WITH c0 AS (SELECT a FROM r), {} SELECT a FROM c{} WHERE a > 3", steps.join(", "), levels - 1)
        };
        assert!(checked(&unions(6)).await.is_ok());
        assert!(checked(&unions(18)).await.is_err());
        let all = async |levels: usize| {
            let inner =
                nested(levels, "SELECT a FROM r", |inner, _| format!("SELECT a FROM r WHERE a > ALL ({inner})"));
            checked(&inner).await
        };
        assert!(all(3).await.is_ok());
        assert!(all(14).await.is_err());
    }

    #[tokio::test]
    async fn layers_of_an_ordinary_report_are_not() {
        let layers = "WITH a AS (SELECT coalesce(t, t, 'x') AS p, CASE WHEN a > 100 THEN 'h' WHEN a > 50 THEN 'm' ELSE 'l' END AS k FROM r),
            b AS (SELECT CASE WHEN k = 'h' AND p <> '?' THEN k WHEN k = 'm' THEN p ELSE coalesce(k, 'z') END AS k2 FROM a),
            d AS (SELECT CASE WHEN k2 = 'h' THEN 'A' WHEN k2 = 'm' THEN 'B' ELSE coalesce(k2, 'C') END AS s FROM b),
            e AS (SELECT CASE WHEN s = 'A' THEN 1 WHEN s = 'B' THEN 2 ELSE 3 END AS n FROM d)
            SELECT n, count(*) FROM e WHERE n BETWEEN 1 AND 2 GROUP BY 1";
        assert!(checked(layers).await.is_ok());
    }

    #[tokio::test]
    async fn long_texts_that_repeat_nothing_are_not() {
        let branches: String = (0..200).map(|n| format!(" WHEN a = {n} THEN 'x{n}'")).collect();
        assert!(checked(&format!("SELECT CASE{branches} END AS x FROM r")).await.is_ok());
        let columns: Vec<_> = (0..400).map(|n| format!("coalesce(t, 'x{n}') AS c{n}")).collect();
        assert!(checked(&format!("SELECT {} FROM r", columns.join(", "))).await.is_ok());
        let list: Vec<_> = (0..5_000).map(|n| n.to_string()).collect();
        assert!(checked(&format!("SELECT a FROM r WHERE a IN ({})", list.join(", "))).await.is_ok());
        let steps: Vec<_> =
            (1..60).map(|n| format!("c{n} AS (SELECT a + 1 AS a, a * b AS b FROM c{})", n - 1)).collect();
        assert!(
            checked(&format!("WITH c0 AS (SELECT a, b FROM r), {} SELECT * FROM c59", steps.join(", "))).await.is_ok()
        );
    }
}
