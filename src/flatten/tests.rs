//! The room as a whole: from pages to rows.

mod hostile;
mod loads;
mod pages;
mod properties;
mod records;
mod reference;
mod shaped;
mod staging;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Contract, EventSpec, FlattenError, Flattener, RawBatch, Seen, assemble};

fn spec() -> Arc<EventSpec> {
    Arc::new(EventSpec {
        account_id: "ABC-DEF-123Z".into(),
        event_name: "Charged".into(),
        zone: TimeZone::get("Asia/Kolkata").unwrap(),
    })
}

/// One page of these records.
fn page_of<S: AsRef<str>>(records: &[S]) -> String {
    format!("[{}]", records.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(","))
}

fn flatten<S: AsRef<str>>(pages: &[Vec<S>]) -> Result<(Vec<RawBatch>, Seen), FlattenError> {
    let mut flattener = Flattener::new(spec());
    let raws = pages.iter().map(|page| flattener.page(page_of(page).as_bytes())).collect::<Result<_, _>>()?;
    Ok((raws, flattener.finish()))
}

/// All days of these raw batches as rows of cells; null is `None`.
fn rows(contract: &Contract, raws: &[RawBatch], seen: &Seen) -> Vec<Vec<Option<String>>> {
    let days: Vec<Date> = seen.days().map(|(day, _)| day).collect();
    days.into_iter().flat_map(|day| cells(&assemble(contract, &spec(), raws, day).unwrap())).collect()
}

fn cells(batches: &[RecordBatch]) -> Vec<Vec<Option<String>>> {
    let row = |batch: &RecordBatch, row| batch.columns().iter().map(|column| cell(column, row)).collect();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|index| row(batch, index)).collect::<Vec<_>>()).collect()
}

fn cell(column: &ArrayRef, row: usize) -> Option<String> {
    column.is_valid(row).then(|| match column.data_type() {
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Timestamp(_, _) => column.as_primitive::<TimestampMicrosecondType>().value(row).to_string(),
        other => panic!("no column is {other}"),
    })
}

/// The columns after the fixed ones as `name type`.
fn property_columns(contract: &Contract) -> Vec<String> {
    let fixed = Contract::events().columns().len();
    contract.columns()[fixed..].iter().map(|column| format!("{} {}", column.name, column.kind.name())).collect()
}

/// Flattens one fill and gives its property columns and, per row in time order, the cells of those that have one.
fn load<S: AsRef<str>>(known: &Contract, records: &[S]) -> (Contract, Vec<Vec<String>>) {
    let records: Vec<String> = records.iter().map(|record| record.as_ref().to_owned()).collect();
    let (raws, seen) = flatten(&[records]).unwrap();
    let contract = known.grow(&seen).unwrap().contract;
    let fixed = Contract::events().columns().len();
    let named = |row: Vec<Option<String>>| {
        let cells = contract.columns().iter().zip(row).skip(fixed);
        cells.filter_map(|(column, cell)| Some(format!("{}={}", column.name, cell?))).collect()
    };
    let rows = rows(&contract, &raws, &seen).into_iter().map(named).collect();
    (contract, rows)
}
