//! Reads CleverTap's values without building a tree: objects in the order in which they were sent, the rest as text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::sheet::held;
use crate::flatten::error::{FlattenError, RecordFault};

/// An object's members in the order in which they were sent. Members that are null are left out; of a key that comes
/// twice the last counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Members<'a>(Vec<(String, &'a str)>);

impl<'a> Members<'a> {
    /// `None` when it is no object.
    pub fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// As [`Members::of`] for the `record`th record of a page.
    pub fn of_record(record: usize, json: &'a str) -> Result<Self, FlattenError> {
        Self::of(json).ok_or(FlattenError::Record { record, fault: RecordFault::NotAnObject })
    }

    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, json)| *json)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, json)| (key.as_str(), *json))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(String, &'a str)> for Members<'a> {
    fn from_iter<I: IntoIterator<Item = (String, &'a str)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Vec<(String, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
            members.push((key, value.get()));
        }
        let mut later = HashSet::with_capacity(members.len());
        let last: Vec<bool> = members.iter().rev().map(|(key, _)| later.insert(key.clone())).collect();
        let mut last = last.into_iter().rev();
        members.retain(|(_, json)| last.next() == Some(true) && *json != "null");
        Ok(members)
    }
}

/// An array's elements; `None` when it is no array.
pub(super) fn elements(json: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// The records of a page.
pub(super) fn records(page: &[u8]) -> Result<Vec<&str>, FlattenError> {
    let text = std::str::from_utf8(page).map_err(|error| FlattenError::NotAnArray { at: error.valid_up_to() })?;
    let records: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| FlattenError::NotAnArray { at: offset(text, &error) })?;
    Ok(records.into_iter().map(RawValue::get).collect())
}

/// Where in the text the fault is, in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// What a value says: a text without its quotes, anything else as it is written.
pub(super) fn said(json: &str) -> Cow<'_, str> {
    match json.starts_with('"') {
        // A text that is no Unicode (half a surrogate pair) stays as it is written.
        true => serde_json::from_str(json).map_or(Cow::Borrowed(json), Cow::Owned),
        false => Cow::Borrowed(json),
    }
}

/// A whole number that is not negative, also as text or with a fraction of nothing.
pub(super) fn count(json: &str) -> Option<u64> {
    let text = said(json);
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = digits(whole) && digits(fraction) && fraction.bytes().all(|digit| digit == b'0');
    is_whole.then(|| whole.parse().ok().and_then(held))?
}

/// Whether a metric or a fact is written as not there: `"N/A"` or `"-"`.
pub(super) fn is_not_there(json: &str) -> bool {
    let text = said(json);
    let text = text.trim();
    json.starts_with('"') && (text == "-" || text.eq_ignore_ascii_case("n/a"))
}

/// An object without the metrics that are written as not there, on the levels that become columns. Anything else is
/// as it was.
pub(super) fn metrics(json: &str, levels: u8) -> Cow<'_, str> {
    let Some(members) = Members::of(json).filter(|_| levels > 0) else { return Cow::Borrowed(json) };
    let there = members.iter().filter(|(_, json)| !is_not_there(json));
    let there: Vec<(&str, Cow<'_, str>)> = there.map(|(key, json)| (key, metrics(json, levels - 1))).collect();
    Cow::Owned(super::sheet::object(there.iter().map(|(key, json)| (*key, json.as_ref()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_the_last_of_a_key() {
        let members = Members::of(r#"{"b":1,"a":null,"c":[1, 2],"b":2,"d":3,"d":null}"#).unwrap();
        assert_eq!(members.iter().collect::<Vec<_>>(), [("c", "[1, 2]"), ("b", "2")]);
        assert!(Members::of("[1]").is_none());
    }

    #[test]
    fn a_count_is_whole_and_not_negative() {
        for (json, expected) in [("0", 0), ("\" 7138 \"", 7138), ("31.0", 31), ("9007199254740992", 1 << 53)] {
            assert_eq!(count(json), Some(expected), "{json}");
        }
        for json in ["-1", "1.5", "9007199254740993", "1e3", "null", "\"many\"", "\"1,200\"", "\"\"", "\".\"", "true"] {
            assert_eq!(count(json), None, "{json}");
        }
    }

    #[test]
    fn metrics_that_are_not_there_are_left_out() {
        let report = r#"{"sent":82,"a":{"clicked":"N/A","b":{"x":"-","c":{"y":"-"}}},"viewed":"n/a","list":["-"]}"#;
        assert_eq!(metrics(report, 3), r#"{"sent":82,"a":{"b":{"c":{"y":"-"}}},"list":["-"]}"#);
    }

    #[test]
    fn a_fault_is_found_by_its_byte() {
        assert!(matches!(records(b"[1,\n2,\nx]"), Err(FlattenError::NotAnArray { at: 7 })));
        assert!(matches!(records(b"{}"), Err(FlattenError::NotAnArray { at: 0 })));
        assert!(matches!(records(b"[\xff]"), Err(FlattenError::NotAnArray { at: 1 })));
    }
}
