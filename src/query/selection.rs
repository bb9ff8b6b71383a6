//! The caller's choice of rows and columns, applied to their view.

use datafusion::logical_expr::SortExpr;
use datafusion::prelude::DataFrame;

use super::condition::Scope;
use super::{QueryError, column};
use crate::encode::OutputColumn;
use crate::plan::ReadPlan;
use crate::request::{Direction, unknown_column};

/// The rows that are wanted of the view, and their columns.
///
/// Keys of an order that tell rows apart not at all leave those in the table's own order, so that stretches
/// (`skip`, `top`) of one address fit together.
///
/// Errors: [`QueryError::Selection`] for a column that the view has not, or types that do not meet.
pub(super) fn apply(
    mut frame: DataFrame,
    plan: &ReadPlan,
    view: Vec<OutputColumn>,
) -> Result<(DataFrame, Vec<OutputColumn>), QueryError> {
    let selection = &plan.selection;
    let scope = |parameter| Scope { parameter, columns: &view, zone: &plan.zone };
    if let Some(condition) = &selection.condition {
        frame = frame.filter(scope("filter").condition(condition)?)?;
    }
    if !selection.order.is_empty() {
        let scope = scope("orderby");
        let mut keys: Vec<SortExpr> = Vec::new();
        for key in &selection.order {
            // Null is the smallest, as in OData.
            let ascending = key.direction == Direction::Ascending;
            keys.push(scope.sorted_by(&key.by)?.sort(ascending, ascending));
        }
        let own = plan.spec.order.iter().filter(|name| view.iter().any(|column| column.name == **name));
        keys.extend(own.map(|name| column(name).sort(true, true)));
        frame = frame.sort(keys)?;
    }
    if selection.skip > 0 || selection.top.is_some() {
        let rows = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        frame = frame.limit(rows(selection.skip), selection.top.map(rows))?;
    }
    let Some(wanted) = &selection.columns else { return Ok((frame, view)) };
    let mut columns = Vec::with_capacity(wanted.len());
    for name in wanted {
        match view.iter().find(|column| column.name == name.name) {
            Some(known) => columns.push(known.clone()),
            None => {
                let names = view.iter().map(|column| column.name.as_str());
                return Err(QueryError::Selection(unknown_column("select", name, names)));
            }
        }
    }
    let frame = frame.select(columns.iter().map(|known| column(&known.name)).collect::<Vec<_>>())?;
    Ok((frame, columns))
}
