//! The caller's view as expressions: personal columns dropped or hashed, the rest as stored.

use std::collections::HashSet;

use datafusion::logical_expr::Expr;

use super::{column, hashed, masked};
use crate::auth::{Cell, PiiHasher};
use crate::encode::OutputColumn;
use crate::plan::View;
use crate::table::{Column, ColumnType, Origin};

/// One expression per column the caller gets, named as the column.
pub fn expressions(view: &View, columns: &[Column], hasher: &PiiHasher) -> Vec<Expr> {
    columns
        .iter()
        .filter_map(|known| match view.treatment(known) {
            Cell::Clear => Some(column(&known.name)),
            Cell::Hashed(rule) => Some(hashed::of(column(&known.name), rule, hasher).alias(&known.name)),
            Cell::Masked(members) => {
                Some(masked::of(column(&known.name), members, view.policy(), hasher).alias(&known.name))
            }
            Cell::Dropped => None,
        })
        .collect()
}

/// What `headers=source` calls a column: its path at CleverTap, but for the fixed ones, which keep their names. No two
/// titles of a table are equal, since tools take the second of two equal ones for the first.
fn title_by_source(column: &Column, taken: &mut HashSet<String>) -> String {
    let mut title = match &column.origin {
        Origin::Fixed(_) => column.name.clone(),
        Origin::Property(_) => column.origin.display(),
        Origin::Sibling(_) => format!("{} (text)", column.origin.display()),
    };
    // `a.b` is a key with a dot, or a key within `a`.
    while !taken.insert(title.clone()) {
        title = format!("{title} ({})", column.name);
    }
    title
}

/// The columns the caller gets. What is hashed is text.
pub fn output_columns(view: &View, columns: &[Column]) -> Vec<OutputColumn> {
    let mut taken = HashSet::new();
    columns
        .iter()
        .filter_map(|known| {
            let kind = match view.treatment(known) {
                Cell::Clear | Cell::Masked(_) => known.kind,
                Cell::Hashed(rule) => rule.kind(),
                Cell::Dropped => return None,
            };
            Some(OutputColumn { name: known.name.clone(), source: title_by_source(known, &mut taken), kind })
        })
        .collect()
}

/// Columns of several tables, met by name: integer and number give number, other differences give text.
pub fn merged(tables: impl Iterator<Item = Vec<Column>>) -> Vec<Column> {
    let mut merged: Vec<Column> = Vec::new();
    for columns in tables {
        for column in columns {
            match merged.iter_mut().find(|known| known.name == column.name) {
                None => merged.push(column),
                Some(known) => {
                    known.kind = common(known.kind, column.kind);
                    known.nullable |= column.nullable;
                }
            }
        }
    }
    merged
}

fn common(one: ColumnType, other: ColumnType) -> ColumnType {
    use ColumnType::{Integer, Number, Text};
    match (one, other) {
        (one, other) if one == other => one,
        (Integer, Number) | (Number, Integer) => Number,
        _ => Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: ColumnType) -> Column {
        Column::fixed(name, kind, true, "")
    }

    #[test]
    fn no_two_titles_are_equal() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let column = |name: &str, origin| Column { name: name.into(), kind: ColumnType::Text, nullable: true, origin };
        let columns = [
            Column::fixed("event_name", ColumnType::Text, false, ""),
            column("prop_a", Origin::Property(keys(&["event_props", "a"]))),
            column("prop_a_text", Origin::Sibling(keys(&["event_props", "a"]))),
            column("prop_a_b", Origin::Property(keys(&["event_props", "a", "b"]))),
            column("prop_a_b_2", Origin::Property(keys(&["event_props", "a.b"]))),
            column("prop_a_text_2", Origin::Property(keys(&["event_props", "a (text)"]))),
        ];
        let mut taken = HashSet::new();
        assert_eq!(
            columns.map(|column| title_by_source(&column, &mut taken)),
            [
                "event_name",
                "event_props.a",
                "event_props.a (text)",
                "event_props.a.b",
                "event_props.a.b (prop_a_b_2)",
                "event_props.a (text) (prop_a_text_2)",
            ]
        );
    }

    #[test]
    fn columns_of_several_tables_meet_by_name() {
        let one = vec![column("a", ColumnType::Integer), column("b", ColumnType::Text)];
        let two =
            vec![column("c", ColumnType::Date), column("a", ColumnType::Number), column("b", ColumnType::Boolean)];
        let merged = merged([one, two].into_iter());
        let shape: Vec<_> = merged.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        assert_eq!(shape, [("a", ColumnType::Number), ("b", ColumnType::Text), ("c", ColumnType::Date)]);
    }
}
