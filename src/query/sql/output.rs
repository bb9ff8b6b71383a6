//! The columns of a query's answer in the types that answers have, each with a name of its own.

use std::collections::HashSet;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};

use crate::encode::OutputColumn;
use crate::query::QueryError;
use crate::table::ColumnType;

/// Longer ones come from expressions without a name; nobody reads them.
const LONGEST_NAME: usize = 120;

/// Errors: a column of a type that no format has, such as a list.
pub(super) fn fitted(plan: LogicalPlan) -> Result<(LogicalPlan, Vec<OutputColumn>), QueryError> {
    if plan.schema().fields().is_empty() {
        return Err(QueryError::Sql("the query names no columns".to_owned()));
    }
    let mut taken = HashSet::new();
    let mut columns = Vec::new();
    let mut expressions = Vec::new();
    for (qualifier, field) in plan.schema().iter() {
        let name = own_name(field.name(), &mut taken);
        let (kind, target) = kind_of(field.data_type()).ok_or_else(|| {
            QueryError::Sql(format!(
                "the column `{name}` is of the type {}, which no format can hold; turn it into text or numbers",
                field.data_type()
            ))
        })?;
        let expression = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let expression = match target {
            Some(target) => cast(expression, target),
            None => expression,
        };
        expressions.push(expression.alias(&name));
        columns.push(OutputColumn { source: name.clone(), name, kind });
    }
    let fitted = LogicalPlanBuilder::from(plan).project(expressions).and_then(LogicalPlanBuilder::build);
    Ok((fitted.map_err(QueryError::of_query)?, columns))
}

/// `a`, `a_2`, `a_3`: objects of JSON and tables of tools need names that differ.
fn own_name(name: &str, taken: &mut HashSet<String>) -> String {
    let name: String = name.chars().take(LONGEST_NAME).collect();
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let own = names.find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(own.clone());
    own
}

/// What it is to the reader, and what it is to be cast to if it is not that already.
fn kind_of(from: &DataType) -> Option<(ColumnType, Option<DataType>)> {
    let to = |kind: ColumnType| Some((kind, Some(kind.arrow()).filter(|to| to != from)));
    match from {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Some((ColumnType::Text, None)),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => to(ColumnType::Integer),
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => to(ColumnType::Number),
        DataType::Boolean => to(ColumnType::Boolean),
        DataType::Date32 | DataType::Date64 => to(ColumnType::Date),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => {
            Some((ColumnType::TimestampUtc, None))
        }
        DataType::Timestamp(_, Some(_)) => to(ColumnType::TimestampUtc),
        DataType::Timestamp(_, None) => to(ColumnType::Timestamp),
        DataType::Time32(_) | DataType::Time64(_) | DataType::Interval(_) | DataType::Duration(_) => {
            to(ColumnType::Text)
        }
        DataType::Dictionary(_, values) => kind_of(values).map(|(kind, _)| (kind, Some(kind.arrow()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_meet_are_numbered() {
        let mut taken = HashSet::new();
        let names: Vec<_> = ["a", "a", "a_2", "a"].map(|name| own_name(name, &mut taken)).into();
        assert_eq!(names, ["a", "a_2", "a_2_2", "a_3"]);
    }
}
