//! Small tables for the document, each written once and shown in every format.

use serde_json::{Map, Value};

/// A header and rows. An empty cell is null; all others are shown as they stand.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    header: &'static [&'static str],
    rows: &'static [&'static [Cell]],
}

#[derive(Clone, Copy)]
pub(super) enum Cell {
    Text(&'static str),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Null,
}

use Cell::{Boolean, Integer, Null, Number, Text};

pub(super) const ROWS: Sample = Sample {
    header: &[
        "row_id",
        "event_name",
        "event_time",
        "event_time_utc",
        "event_date",
        "ts",
        "object_id",
        "identity",
        "email",
        "phone",
        "name",
        "all_identities",
        "platform",
        "make",
        "model",
        "os_version",
        "app_version",
        "session_utm_source",
        "prop_amount",
        "prop_payment_mode",
        "profile_plan",
    ],
    rows: &[
        &[
            Text("3f0a9d7f10b24c8e9a5d6e7f80910a2b"),
            Text("Charged"),
            Text("2026-11-01T12:47:11"),
            Text("2026-11-01T07:17:11Z"),
            Text("2026-11-01"),
            Integer(20_261_101_124_711),
            Text("__g6f2b1c90a5d84e7f8b3a2c1d0e9f8a7b"),
            Text("c0ffee4e1d2a4b5c8d9e0f1a2b3c4d5e"),
            Text("9b1c7d2e3f405162738495a6b7c8d9ea"),
            Null,
            Text("5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d"),
            Text("[\"c0ffee4e1d2a4b5c8d9e0f1a2b3c4d5e\"]"),
            Text("Android"),
            Text("Samsung"),
            Text("SM-G991B"),
            Text("14"),
            Text("3.2.0"),
            Text("newsletter"),
            Number(12.0),
            Text("Card"),
            Text("gold"),
        ],
        &[
            Text("a81c5e0d4b7f4f2e8c6a1b3d5f708192"),
            Text("Charged"),
            Text("2026-11-01T13:02:40"),
            Text("2026-11-01T07:32:40Z"),
            Text("2026-11-01"),
            Integer(20_261_101_130_240),
            Text("a8ffcbc9-a747-4ee3-a791-c5e58ad030aa"),
            Null,
            Null,
            Null,
            Null,
            Null,
            Text("Web"),
            Null,
            Null,
            Null,
            Null,
            Null,
            Number(7.5),
            Text(""),
            Null,
        ],
    ],
};

pub(super) const TABLES: Sample = Sample {
    header: &["table", "description", "required", "optional", "url", "sql"],
    rows: &[&[
        Text("events"),
        Text("Every occurrence of one or several events in a period. One row is one occurrence of an event."),
        Text("event"),
        Text("account, from, to, until, range"),
        Text("/v1/events.csv"),
        Text("events.\"<event>\""),
    ]],
};

pub(super) const COLUMNS: Sample = Sample {
    header: &["name", "type", "nullable", "source", "is_personal", "description", "time_zone"],
    rows: &[
        &[
            Text("event_time"),
            Text("timestamp"),
            Boolean(false),
            Text("ts"),
            Boolean(false),
            Text("When it happened, on the clock of the project's time zone, without an offset."),
            Text("project"),
        ],
        &[
            Text("email"),
            Text("text"),
            Boolean(true),
            Text("profile.email"),
            Boolean(true),
            Text("E-mail address of the person."),
            Null,
        ],
        &[
            Text("prop_payment_mode"),
            Text("text"),
            Boolean(true),
            Text("event_props.Payment mode"),
            Boolean(false),
            Text("Event property `Payment mode`."),
            Null,
        ],
    ],
};

impl Sample {
    pub fn csv(self) -> String {
        let mut text = self.header.join(",");
        text.push_str("\r\n");
        for row in self.rows {
            let cells: Vec<String> = row.iter().map(Cell::csv).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// The rows of the JSON, one a line.
    pub fn ndjson(self) -> String {
        let rows = self.json();
        rows.as_array().into_iter().flatten().map(|row| format!("{row}\n")).collect()
    }

    pub fn json(self) -> Value {
        let row = |cells: &&[Cell]| -> Value {
            let named = self.header.iter().zip(cells.iter());
            Value::Object(named.map(|(name, cell)| ((*name).to_owned(), cell.json())).collect::<Map<_, _>>())
        };
        self.rows.iter().map(row).collect()
    }
}

impl Cell {
    fn csv(&self) -> String {
        match self {
            Text("") => "\"\"".to_owned(),
            Text(text) if text.contains([',', '"']) => format!("\"{}\"", text.replace('"', "\"\"")),
            Text(text) => (*text).to_owned(),
            Integer(number) => number.to_string(),
            Number(number) => format!("{number:?}"),
            Boolean(value) => value.to_string(),
            Null => String::new(),
        }
    }

    fn json(&self) -> Value {
        match *self {
            Text(text) => text.into(),
            Integer(number) => number.into(),
            Number(number) => number.into(),
            Boolean(value) => value.into(),
            Null => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::events::fixed_columns;

    #[test]
    fn every_row_is_as_long_as_its_header() {
        for sample in [ROWS, TABLES, COLUMNS] {
            assert!(sample.rows.iter().all(|row| row.len() == sample.header.len()));
        }
    }

    #[test]
    fn the_sample_of_events_begins_with_the_columns_of_events() {
        let fixed: Vec<_> = fixed_columns().into_iter().map(|column| column.name).collect();
        assert_eq!(ROWS.header[..fixed.len()], fixed);
    }

    #[test]
    fn null_and_the_empty_text_differ_in_both_formats() {
        assert!(ROWS.csv().contains(",7.5,\"\",\r\n"));
        assert_eq!(ROWS.json()[1]["prop_payment_mode"], "");
        assert_eq!(ROWS.json()[1]["profile_plan"], Value::Null);
    }
}
