//! The values inside an answer, read without building a tree.
//!
//! In: JSON text that was checked to be JSON. Out: its parts, still as text, and numbers with all their digits.
//! Nothing here recurses and nothing goes through a float.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's entries in the order in which they were sent. `None` when it is no object, or has a key twice: which
/// of the two is meant cannot be known.
pub(super) fn entries(raw: &str) -> Option<Vec<(String, &RawValue)>> {
    serde_json::Deserializer::from_str(raw).deserialize_map(Entries).ok()
}

/// An array's elements. `None` when it is no array.
pub(super) fn elements(raw: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw).ok()
}

/// A number as it is written, also when it is written as text. `None` for anything else.
pub(super) fn number(raw: &str) -> Option<String> {
    let text: String = match raw.starts_with('"') {
        true => serde_json::from_str(raw).ok()?,
        false => raw.to_owned(),
    };
    let number: &RawValue = serde_json::from_str(&text).ok()?;
    number.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()).then(|| number.get().to_owned())
}

/// A number of things, also when it is written as text or with a fraction of nothing.
pub(super) fn count(raw: &str) -> Option<u64> {
    let number = number(raw)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number.as_str(), "0"));
    fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
}

/// What a value says: a text without its quotes, anything else as it is written. `None` for null.
pub(super) fn said(raw: &str) -> Option<String> {
    match raw {
        "null" => None,
        // A text that is no Unicode (half a surrogate pair) stays as it is written.
        raw => Some(serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())),
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = Vec::new();
        while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
            found.push(entry);
        }
        let differ = {
            let mut known = HashSet::with_capacity(found.len());
            found.iter().all(|(key, _): &(String, _)| known.insert(key.as_str()))
        };
        if differ { Ok(found) } else { Err(M::Error::custom("a key twice")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_keeps_its_digits_and_its_form() {
        for (raw, written) in [
            ("384649162721759820123", "384649162721759820123"),
            ("\"12.50\"", "12.50"),
            ("\" -3 \"", "-3"),
            ("1e3", "1e3"),
        ] {
            assert_eq!(number(raw).as_deref(), Some(written));
        }
        for raw in ["null", "true", "[1]", "\"\"", "\"N/A\"", "\"007\"", "\"\\\"7\\\"\"", "\"1 2\"", "{}", "\"[1]\""] {
            assert_eq!(number(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_count_is_whole_and_not_negative() {
        for (raw, counted) in [("0", 0), ("\"7138\"", 7138), ("31.0", 31), ("18446744073709551615", u64::MAX)] {
            assert_eq!(count(raw), Some(counted), "{raw}");
        }
        for raw in ["-1", "1.5", "18446744073709551616", "1e3", "1.0e3", "null", "\"many\""] {
            assert_eq!(count(raw), None, "{raw}");
        }
    }

    #[test]
    fn entries_come_as_sent_and_no_key_comes_twice() {
        let raw = r#"{"b":{"x":[1]},"a":null,"ü \"":"t"}"#;
        let found: Vec<(String, &str)> =
            entries(raw).unwrap().into_iter().map(|(key, value)| (key, value.get())).collect();
        let expected = [("b", r#"{"x":[1]}"#), ("a", "null"), ("ü \"", "\"t\"")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value)));
        for raw in [r#"{"a":1,"\u0061":2}"#, "[1]", "7", "\"{}\"", "null"] {
            assert!(entries(raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn what_is_said_is_never_lost() {
        assert_eq!(said("null"), None);
        assert_eq!(said(r#""a\n""#).as_deref(), Some("a\n"));
        assert_eq!(said("12345678901234567890123").as_deref(), Some("12345678901234567890123"));
        assert_eq!(said(r#""\ud800""#).as_deref(), Some(r#""\ud800""#));
        assert_eq!(said(r#"["a"]"#).as_deref(), Some(r#"["a"]"#));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(raw in r#"[\[\]{}:,"a-c0-9eE.\-\\u ]{0,40}"#) {
            let _ = (entries(&raw), elements(&raw), number(&raw), count(&raw), said(&raw));
        }
    }
}
