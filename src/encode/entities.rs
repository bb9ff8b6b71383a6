//! What stands around the rows of JSON where they are entities of OData 4.0.
//!
//! Two of its members are known late: the number of all entities when the rows are begun, the address of the next page
//! when the last of this one is written. They are filled in by whoever knows, before the encoder comes to them.

use std::sync::OnceLock;

use jiff::tz::TimeZone;

use super::json::{quoted, write_string};
use super::scalars::write_integer;

/// The frame of an answer. Times of the project's clock are written with their offset.
#[derive(Debug)]
pub struct EntityFrame {
    /// `@odata.context`; `None`: it is not wanted.
    pub context: Option<String>,
    /// One entity instead of a collection.
    pub is_single: bool,
    /// For readers whose numbers are doubles.
    pub integers_as_text: bool,
    /// The project's.
    pub zone: TimeZone,
    /// `@odata.count`, when it was asked for.
    pub count: OnceLock<u64>,
    /// `@odata.nextLink`, when there is a next page.
    pub next: OnceLock<String>,
}

impl EntityFrame {
    pub fn new(context: Option<String>, zone: TimeZone) -> Self {
        Self { context, is_single: false, integers_as_text: false, zone, count: OnceLock::new(), next: OnceLock::new() }
    }

    /// Whether a member of a single entity is written before its properties.
    pub(super) fn opens_entity(&self) -> bool {
        self.is_single && self.context.is_some()
    }

    pub(super) fn open(&self, out: &mut Vec<u8>) {
        if self.is_single && self.context.is_none() {
            return;
        }
        out.push(b'{');
        let mut between: &[u8] = b"";
        if let Some(context) = &self.context {
            out.extend_from_slice(b"\"@odata.context\":");
            write_string(context, out);
            between = b",";
        }
        if self.is_single {
            return;
        }
        if let Some(count) = self.count.get() {
            out.extend_from_slice(between);
            out.extend_from_slice(b"\"@odata.count\":");
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            match self.integers_as_text {
                true => quoted(out, |out| write_integer(count, out)),
                false => write_integer(count, out),
            }
            between = b",";
        }
        out.extend_from_slice(between);
        out.extend_from_slice(b"\"value\":[");
    }

    pub(super) fn close(&self, out: &mut Vec<u8>) {
        if self.is_single {
            return;
        }
        out.push(b']');
        if let Some(next) = self.next.get() {
            out.extend_from_slice(b",\"@odata.nextLink\":");
            write_string(next, out);
        }
        out.push(b'}');
    }
}
