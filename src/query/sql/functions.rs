//! Which functions a query may call.
//!
//! Not offered: what tells of files, what makes lists out of numbers, what answers cannot hold. Offered with a bound:
//! what makes text, because the engine's own memory limit knows nothing of the inside of an expression.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::FunctionRegistry;
use datafusion::functions;
use datafusion::functions_nested::all_default_nested_functions;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF};
use datafusion::prelude::SessionContext;

use super::growth::{self, Bounded};
use super::instants::Instants;
use super::joined::Joining;
use super::made::Made;
use super::seconds::{self, ToTimestamp};
use super::sums;
use crate::query::QueryError;

/// Of the functions that are about neither text, numbers, times nor patterns.
const OTHERS: [&str; 18] = [
    "arrow_typeof",
    "coalesce",
    "greatest",
    "least",
    "nullif",
    "nvl",
    "nvl2",
    // Lists come from texts and from groups, and become texts or rows again.
    "array_distinct",
    "array_element",
    "array_has",
    "array_length",
    "array_max",
    "array_min",
    "array_position",
    "array_sort",
    "array_to_string",
    "cardinality",
    "string_to_array",
];

/// The engine's functions that are not offered, by all their names.
static REFUSED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let named = |function: &Arc<ScalarUDF>| {
        let names = std::iter::once(function.name().to_owned()).chain(function.aliases().iter().cloned());
        names.collect::<Vec<_>>()
    };
    let offered: BTreeSet<String> = [
        functions::string::functions(),
        functions::unicode::functions(),
        functions::math::functions(),
        functions::datetime::functions(),
        functions::regex::functions(),
    ]
    .iter()
    .flatten()
    .map(|function| function.name().to_owned())
    .chain(OTHERS.map(str::to_owned))
    .collect();
    functions::all_default_functions()
        .iter()
        .chain(&all_default_nested_functions())
        .filter(|function| !offered.contains(function.name()))
        .flat_map(named)
        .collect()
});

/// Puts the bounded functions, the sum that does not wrap and the instants of numbers and texts in the place of the engine's own.
/// `memory`: that of the query, in bytes.
pub(super) fn bound(context: &mut SessionContext, memory: u64) -> Result<(), QueryError> {
    let made = Made::of(memory);
    for (name, growth) in growth::of_functions() {
        let function = context.udf(name)?;
        let bounded = ScalarUDF::new_from_impl(Bounded::new(function, growth, made.clone()));
        FunctionRegistry::register_udf(context, Arc::new(bounded))?;
    }
    for name in seconds::NAMES {
        let instants = ToTimestamp::new(context.udf(name)?);
        FunctionRegistry::register_udf(context, Arc::new(ScalarUDF::new_from_impl(instants)))?;
    }
    // The engine's `nvl` makes texts of times.
    let coalesce = context.udf("coalesce")?.as_ref().clone().with_aliases(["nvl", "ifnull"]);
    FunctionRegistry::register_udf(context, Arc::new(coalesce))?;
    FunctionRegistry::register_udaf(context, Arc::new(sums::sum()))?;
    FunctionRegistry::register_expr_planner(context, Arc::new(Joining::new(made)))?;
    FunctionRegistry::register_expr_planner(context, Arc::new(Instants))?;
    Ok(())
}

/// Whether a query may call the function of this name, if there is one.
pub(super) fn is_offered(name: &str) -> bool {
    !REFUSED.contains(name)
}

/// Errors: the query calls a function that is not offered, or asks for a time in a pattern that is none.
pub(super) fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    let mut refused = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(call) = part {
                    refused = why_not(call);
                }
                Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    match refused {
        None => Ok(()),
        Some(why) => Err(QueryError::Sql(why)),
    }
}

fn why_not(call: &ScalarFunction) -> Option<String> {
    let name = call.func.name();
    if !is_offered(name) {
        return Some(format!("the function `{name}` is not offered here"));
    }
    if name == "from_unixtime" && call.args.len() == 1 {
        return Some(
            "`from_unixtime` of one value shows the clock of UTC without saying so; with the zone, from_unixtime(…, 'UTC'), it \
             is the instant"
                .to_owned(),
        );
    }
    if name == "to_char" && matches!(call.args.first(), Some(Expr::Literal(text, _)) if text.try_as_str().is_some()) {
        return Some(
            "`to_char` takes a time, such as `event_time` or TIMESTAMP '2026-11-03 12:00:00', and no text".to_owned(),
        );
    }
    // As other engines write it. It would stand in every row as it is.
    if name == "to_char"
        && let Some(Expr::Literal(pattern, _)) = call.args.get(1)
        && let Some(Some(pattern)) = pattern.try_as_str()
        && !pattern.contains('%')
    {
        let shown: String = pattern.chars().take(40).collect();
        return Some(format!(
            "`to_char` takes patterns such as '%Y-%m-%d %H:%M', and '{shown}' has nothing of a time in it"
        ));
    }
    None
}
