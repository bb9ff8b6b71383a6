//! JSON of a caller, read strictly: a key that stands in an object twice is refused, because one of the two would be
//! forgotten without a word.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// A JSON value in which no object has a key twice. Objects are sorted by key.
pub(super) struct Strict(pub Value);

/// serde_json's text without the position, which we say ourselves where it matters. It quotes nothing of what it reads
/// but single tokens.
pub(super) fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is too large"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Strict(value)) = values.next_element()? {
            read.push(value);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if read.insert(key, value).is_some() {
                return Err(A::Error::custom("an object has one key twice"));
            }
        }
        read.sort_keys();
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        serde_json::from_str(text).map(|Strict(value)| value).map_err(|error| why(&error))
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"a":3}}]"#] {
            assert_eq!(read(text), Err("an object has one key twice".to_owned()));
        }
        assert_eq!(read(r#"[{"a":1},{"a":-2.5}]"#), Ok(json!([{"a": 1}, {"a": -2.5}])));
    }

    #[test]
    fn what_is_too_deep_or_broken_is_refused_without_its_content() {
        assert!(read(&"[".repeat(5_000)).unwrap_err().contains("recursion"));
        for text in ["", "{", "{'secret':1}", "[1,]", "1e999", "\"secret", "{}{}"] {
            assert!(!read(text).unwrap_err().contains("secret"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_serde_json_reads_it_or_refused(text in "[\\[\\]{}\":,a1.\\\\ -]{0,30}") {
            if let Ok(value) = read(&text) {
                prop_assert_eq!(Ok(value), serde_json::from_str(&text).map_err(|_| ()));
            }
        }
    }
}
