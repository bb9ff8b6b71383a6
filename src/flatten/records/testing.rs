//! What tests of the adaptors share: reading their records as the pipeline does, and JSON of any shape.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::flatten::{Contract, EventSpec, Flattener, assemble};
use crate::period::day_from_number;
use crate::table::{Column, ColumnType};

/// A table by its fixed columns.
pub struct Table(Vec<Column>);

impl Table {
    /// Columns as `name`, or `name type`; all may be null.
    pub fn of(columns: &[&str]) -> Self {
        let column = |text: &&str| {
            let (name, kind) = text.split_once(' ').unwrap_or((text, "text"));
            let kind = match kind {
                "text" => ColumnType::Text,
                "integer" => ColumnType::Integer,
                "number" => ColumnType::Number,
                "boolean" => ColumnType::Boolean,
                "date" => ColumnType::Date,
                "local" => ColumnType::Timestamp,
                "utc" => ColumnType::TimestampUtc,
                "json" => ColumnType::Json,
                other => panic!("no type {other}"),
            };
            Column::fixed(name, kind, true, "")
        };
        Self(columns.iter().map(column).collect())
    }

    /// The rows of a page in order: the cells that are not null as `name=value`, joined by `|`. Dates and local times are
    /// in ISO form, UTC times in microseconds.
    pub fn rows(&self, page: &[u8]) -> Vec<String> {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let spec = Arc::new(EventSpec { account_id: "ABC".into(), event_name: String::new(), zone });
        let mut flattener = Flattener::for_records(spec.clone());
        let raw = flattener.page(page).unwrap();
        let seen = flattener.finish();
        let contract = Contract::of(self.0.clone()).grow(&seen).unwrap().contract;
        let mut rows = Vec::new();
        for (day, _) in seen.days() {
            for batch in assemble(&contract, &spec, std::slice::from_ref(&raw), day).unwrap() {
                for row in 0..batch.num_rows() {
                    let cells = contract.columns().iter().zip(batch.columns());
                    let there = cells.filter(|(_, cells)| cells.is_valid(row));
                    let named = there.map(|(column, cells)| format!("{}={}", column.name, cell(cells, row)));
                    rows.push(named.collect::<Vec<_>>().join("|"));
                }
            }
        }
        rows
    }
}

fn cell(cells: &dyn Array, row: usize) -> String {
    match cells.data_type() {
        DataType::Utf8View => cells.as_string_view().value(row).to_owned(),
        DataType::Int64 => cells.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", cells.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => cells.as_boolean().value(row).to_string(),
        DataType::Date32 => day_from_number(cells.as_primitive::<Date32Type>().value(row)).unwrap().to_string(),
        DataType::Timestamp(_, zone) => {
            let micros = cells.as_primitive::<TimestampMicrosecondType>().value(row);
            let local = || TimeZone::UTC.to_datetime(jiff::Timestamp::from_microsecond(micros).unwrap()).to_string();
            if zone.is_some() { micros.to_string() } else { local() }
        }
        other => panic!("no column is {other}"),
    }
}

/// JSON of any shape, with the keys and texts that the adaptors look for.
pub fn any_json() -> impl Strategy<Value = String> {
    let words = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "7",
        "1.5",
        "1e400",
        "9007199254740993",
        "201603081508",
        "1457271567",
        r#""""#,
        r#""N/A""#,
        r#""-""#,
        r#""07 Sep, 2017 16:00:00""#,
        r#""20170907""#,
        r#""x,y""#,
        r#""7""#,
        r#""é🙂\"\n""#,
        r#""[{\"a\":1}]""#,
    ];
    let keys = [
        "identity",
        "objectId",
        "platform",
        "platformInfo",
        "events",
        "count",
        "first_seen",
        "message id",
        "start_date",
        "date",
        "20170907",
        "2017-09-08",
        "variants",
        "variant",
        "name",
        "sent",
        "daily",
        "labels",
        "id",
        "scheduled_on",
        "",
        "a b",
        "é",
    ];
    let leaf = prop_oneof![
        9 => prop::sample::select(words.to_vec()).prop_map(String::from),
        1 => any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(5, 32, 5, move |inner| {
        let key = prop::sample::select(keys.to_vec());
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(|list| format!("[{}]", list.join(","))),
            2 => prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                super::sheet::object(members.iter().map(|(key, json)| (*key, json.as_str())))
            }),
        ]
    })
}
