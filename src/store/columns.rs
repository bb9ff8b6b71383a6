//! Our columns as a Delta schema, and how a table's columns may change: appended at the end, or widened from integer
//! to number. Nothing else, ever.

use arrow::datatypes::{Field, Schema, SchemaRef};
use std::sync::Arc;

use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use twox_hash::XxHash3_128;

use crate::store::StoreError;
use crate::table::{Column, ColumnType, schema_of};

/// The column by which every table is cut into days. It is in the folder names and not in the files.
pub(super) const DAY_COLUMN: &str = "event_date";

/// The Delta schema of these columns. The facts Arrow lacks travel in the fields' metadata.
pub(super) fn delta_schema(columns: &[Column]) -> Result<StructType, StoreError> {
    schema_of(columns).as_ref().try_into_kernel().map_err(|error| StoreError::sort("describing the columns", &error))
}

/// The columns of a table's schema, in the table's order.
///
/// Errors: what is wrong, when a column was not made by flattap or the day column is missing.
pub(super) fn columns_of(schema: &Schema) -> Result<Vec<Column>, String> {
    let columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column::from_field(field))
        .collect::<Result<_, _>>()
        .map_err(|foreign| foreign.to_string())?;
    for (column, field) in columns.iter().zip(schema.fields()) {
        if !carries(field, column.kind) {
            return Err(format!("column `{}` is no longer of type {}", column.name, column.kind.name()));
        }
    }
    match columns.iter().any(|column| column.name == DAY_COLUMN && column.kind == ColumnType::Date) {
        true => Ok(columns),
        false => Err(format!("there is no date column `{DAY_COLUMN}`")),
    }
}

/// Equal for the same names and types in the same order, in every process. For whoever has to tell tables apart often.
pub(super) fn mark_of(columns: &[Column]) -> u128 {
    let words = columns.iter().flat_map(|column| [&*column.name, column.kind.name()]);
    // No text has this byte.
    let bytes: Vec<u8> = words.flat_map(|word| word.bytes().chain([u8::MAX])).collect();
    XxHash3_128::oneshot(&bytes)
}

/// Whether a field that came back from Delta can hold this type; Delta knows one kind of text only.
fn carries(field: &Field, kind: ColumnType) -> bool {
    use arrow::datatypes::DataType;
    match kind {
        ColumnType::Text | ColumnType::Json => matches!(field.data_type(), DataType::Utf8 | DataType::Utf8View),
        other => field.data_type() == &other.arrow(),
    }
}

/// The Arrow schema of the Parquet files: all columns but the day column.
pub(super) fn file_schema(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(in_file(columns).map(Column::field).collect::<Vec<_>>()))
}

/// The columns that are in the files.
pub(super) fn in_file(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns.iter().filter(|column| column.name != DAY_COLUMN)
}

/// What becomes of a table's columns by a commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    pub columns: Vec<Column>,
    /// Names of integer columns that become number; the kept files have to be rewritten.
    pub widened: Vec<String>,
    /// Whether the table's schema has to be written anew.
    pub changed: bool,
}

/// Brings together what the table has and what a writer brings. Columns meet by name.
///
/// The writer may know fewer columns than the table (another writer added some), but where both know one, source and
/// type must agree, save that integer and number make number.
///
/// Errors: what disagrees; the writer then has to look at the table again.
pub(super) fn merge(table: &[Column], wanted: &[Column]) -> Result<Merged, String> {
    let mut merged = Merged { columns: table.to_vec(), widened: Vec::new(), changed: false };
    for column in wanted {
        let Some(known) = merged.columns.iter_mut().find(|known| known.name == column.name) else {
            if !column.nullable && !table.is_empty() {
                return Err(format!("column `{}` is added later and must be nullable", column.name));
            }
            merged.columns.push(column.clone());
            merged.changed = true;
            continue;
        };
        if known.origin != column.origin {
            return Err(format!("column `{}` comes from another property there", column.name));
        }
        match (known.kind, column.kind) {
            (there, here) if there == here => {}
            (ColumnType::Number, ColumnType::Integer) => {}
            (ColumnType::Integer, ColumnType::Number) => {
                known.kind = ColumnType::Number;
                merged.widened.push(column.name.clone());
                merged.changed = true;
            }
            (there, _) => return Err(format!("column `{}` is of type {} there", column.name, there.name())),
        }
        if column.nullable && !known.nullable {
            known.nullable = true;
            merged.changed = true;
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;
    use crate::table::Origin;

    fn column(name: &str, kind: ColumnType) -> Column {
        Column { name: name.into(), kind, nullable: true, origin: Origin::Property(vec![name.into()]) }
    }

    #[test]
    fn marks_tell_names_types_and_their_order_apart() {
        let text = |name: &str| column(name, ColumnType::Text);
        let tables = [
            vec![],
            vec![text("a")],
            vec![column("a", ColumnType::Json)],
            vec![text("a"), text("b")],
            vec![text("b"), text("a")],
            vec![text("atext"), text("b")],
            vec![text("a"), text("textb")],
        ];
        for (at, table) in tables.iter().enumerate() {
            let same = tables.iter().position(|other| mark_of(other) == mark_of(table));
            assert_eq!(same, Some(at), "{table:?}");
        }
    }

    #[test]
    fn columns_are_appended_and_integers_widened() {
        let table = [column("a", ColumnType::Integer), column("b", ColumnType::Text)];
        let wanted = [column("c", ColumnType::Date), column("b", ColumnType::Text), column("a", ColumnType::Number)];
        let merged = merge(&table, &wanted).unwrap();
        let seen: Vec<_> = merged.columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
        assert_eq!(seen, [("a", ColumnType::Number), ("b", ColumnType::Text), ("c", ColumnType::Date)]);
        assert_eq!(merged.widened, ["a"]);
        assert!(merged.changed);
    }

    #[test]
    fn a_writer_that_knows_less_changes_nothing() {
        let table = [column("a", ColumnType::Number), column("b", ColumnType::Text)];
        let merged = merge(&table, &[column("a", ColumnType::Integer)]).unwrap();
        assert_eq!(merged, Merged { columns: table.to_vec(), widened: vec![], changed: false });
    }

    #[test]
    fn disagreement_is_an_error() {
        let table = [column("a", ColumnType::Text)];
        assert!(merge(&table, &[column("a", ColumnType::Integer)]).is_err());
        let other = Column { origin: Origin::Property(vec!["A".into()]), ..column("a", ColumnType::Text) };
        assert!(merge(&table, &[other]).is_err());
        let strict = Column { nullable: false, ..column("b", ColumnType::Text) };
        assert!(merge(&table, std::slice::from_ref(&strict)).is_err());
        assert!(merge(&[], &[strict]).is_ok());
    }

    #[test]
    fn a_schema_that_another_program_changed_is_refused() {
        let day = Column::fixed(DAY_COLUMN, ColumnType::Date, false, "");
        let number = column("n", ColumnType::Number);
        assert!(columns_of(&schema_of(&[day.clone(), number.clone()])).is_ok());
        assert!(columns_of(&schema_of(std::slice::from_ref(&number))).is_err());
        let changed = number.field().with_data_type(DataType::Utf8);
        assert!(columns_of(&Schema::new(vec![day.field(), changed])).is_err());
        assert!(columns_of(&Schema::new(vec![day.field(), Field::new("x", DataType::Int64, true)])).is_err());
    }
}
