//! Writes event-shaped records.

use std::io::Write;

use jiff::civil::{Date, DateTime};
use twox_hash::XxHash3_128;

use crate::flatten::kinds::WIDEST_INTEGER;
use crate::period::compact;

/// A page of records in the making.
pub(super) struct Sheet(Vec<u8>);

impl Sheet {
    /// `bytes` is about how large the page will be.
    pub fn new(bytes: usize) -> Self {
        let mut page = Vec::with_capacity(bytes.saturating_add(2));
        page.push(b'[');
        Self(page)
    }

    /// Begins a record that is kept under this day.
    pub fn row(&mut self, day: Date, key: u128) -> Row<'_> {
        self.row_at(&format!("{:08}000000", compact(day)), key)
    }

    /// Begins a record with a `ts` of its own.
    pub fn row_at(&mut self, ts: &str, key: u128) -> Row<'_> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        let mut row = Row { out: &mut self.0, first: true };
        row.put(format_args!("{{\"ts\":{},\"key\":\"{key:032x}\",\"event_props\":{{", quoted(ts)));
        row
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.0.push(b']');
        self.0
    }
}

/// A record in the making: its fixed columns, and with [`Row::end`] its sections.
#[must_use]
pub(super) struct Row<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Row<'_> {
    /// A cell from JSON text, untouched.
    pub fn json(&mut self, column: &str, json: Option<&str>) -> &mut Self {
        if let Some(json) = json {
            let comma = if self.first { "" } else { "," };
            self.first = false;
            self.put(format_args!("{comma}{}:{json}", quoted(column)));
        }
        self
    }

    pub fn text(&mut self, column: &str, text: Option<&str>) -> &mut Self {
        self.json(column, text.map(quoted).as_deref())
    }

    /// Beyond what a column of integers holds it is an error when the record is read.
    pub fn count(&mut self, column: &str, count: Option<u64>) -> &mut Self {
        self.json(column, count.map(|count| count.to_string()).as_deref())
    }

    pub fn boolean(&mut self, column: &str, value: bool) -> &mut Self {
        self.json(column, Some(if value { "true" } else { "false" }))
    }

    pub fn date(&mut self, column: &str, date: Option<Date>) -> &mut Self {
        self.text(column, date.map(|date| date.to_string()).as_deref())
    }

    /// A time of the project's wall clock.
    pub fn local(&mut self, column: &str, time: Option<DateTime>) -> &mut Self {
        self.text(column, time.map(|time| time.to_string()).as_deref())
    }

    /// Seconds since the Unix epoch.
    pub fn utc(&mut self, column: &str, seconds: Option<i64>) -> &mut Self {
        self.text(column, seconds.map(|seconds| format!("$D_{seconds}")).as_deref())
    }

    /// Ends the record with these members at its root, JSON text each.
    pub fn end(mut self, sections: &[(&str, &str)]) {
        self.put(format_args!("}}"));
        for (name, json) in sections {
            self.put(format_args!(",\"{name}\":{json}"));
        }
        self.put(format_args!("}}"));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Members as a JSON object; their values are JSON text.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let members = members.into_iter().map(|(key, json)| format!("{}:{json}", quoted(key)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A key that sorts as the text does, as far as its first 16 bytes tell.
pub(super) fn key_of(text: &str) -> u128 {
    let mut key = [0; 16];
    key.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
    u128::from_be_bytes(key)
}

/// A key for the `index`th row of a parent: parents as their texts sort, as far as the first 10 bytes tell; parents that
/// are equal so far are kept apart by a hash.
pub(super) fn child_key(parent: &str, index: usize) -> u128 {
    let hash = XxHash3_128::oneshot(parent.as_bytes()) as u32;
    let index = u16::try_from(index).unwrap_or(u16::MAX);
    (key_of(parent) >> 48 << 48) | u128::from(hash) << 16 | u128::from(index)
}

/// A number of things that a column of integers holds.
pub(super) fn held(count: u64) -> Option<u64> {
    (count <= WIDEST_INTEGER).then_some(count)
}
