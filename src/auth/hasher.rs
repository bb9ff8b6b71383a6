//! Hashing of personal cells: HMAC-SHA-256 under one key, 32 hex digits, the same in every table.
//!
//! The key matters: without it telephone numbers could be found again by trying all of them.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::value::RawValue;
use sha2::Sha256;

use super::policy::HashRule;

/// Bytes of a hash that are kept; each is two hex digits.
const KEPT: usize = 16;

/// Fewest bytes of a key.
const SHORTEST_KEY: usize = 32;

/// Hashes personal cells. Cheap to clone.
#[derive(Clone)]
pub struct PiiHasher(Hmac<Sha256>);

#[derive(Debug, thiserror::Error)]
#[error("the key of the hash has fewer than 32 bytes")]
pub struct KeyTooShort;

impl PiiHasher {
    /// The key is any text or bytes of at least 32 bytes. With another key all hashes are others.
    pub fn new(key: &[u8]) -> Result<Self, KeyTooShort> {
        if key.len() < SHORTEST_KEY {
            return Err(KeyTooShort);
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| KeyTooShort)
    }

    /// 32 hex digits of the text.
    pub fn hash_text(&self, text: &str) -> String {
        self.digits(text.as_bytes()).as_str().to_owned()
    }

    /// 32 hex digits of a telephone number's digits; of the whole text when it has none.
    pub fn hash_phone(&self, text: &str) -> String {
        self.phone(text, &mut String::new()).as_str().to_owned()
    }

    /// A JSON array with every element hashed: texts by their content, null not at all, others by their JSON. What is
    /// no JSON array is hashed as a whole.
    pub fn hash_elements(&self, json: &str) -> String {
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json) else {
            return self.hash_text(json);
        };
        let hashed: Vec<Option<Digits>> = elements
            .iter()
            .map(|element| match element.get() {
                "null" => None,
                raw => match serde_json::from_str::<String>(raw) {
                    Ok(text) => Some(self.digits(text.as_bytes())),
                    Err(_) => Some(self.digits(raw.as_bytes())),
                },
            })
            .collect();
        let mut out = String::with_capacity(2 + hashed.len() * (2 * KEPT + 3));
        out.push('[');
        for (index, element) in hashed.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            match element {
                None => out.push_str("null"),
                Some(digits) => out.extend(["\"", digits.as_str(), "\""]),
            }
        }
        out.push(']');
        out
    }

    /// A whole column: text of 32 hex digits, null where it was null. Whole numbers hash alike as integer and as
    /// number; times and dates by their ISO text.
    ///
    /// Errors: the array is of a nested type, which no column is.
    pub fn hash_array(&self, rule: HashRule, cells: &dyn Array) -> Result<ArrayRef, ArrowError> {
        let mut out = StringViewBuilder::with_capacity(cells.len());
        let mut scratch = String::new();
        match cells.data_type() {
            DataType::Utf8View => self.texts(rule, cells.as_string_view().iter(), &mut out),
            DataType::Utf8 => self.texts(rule, cells.as_string::<i32>().iter(), &mut out),
            DataType::LargeUtf8 => self.texts(rule, cells.as_string::<i64>().iter(), &mut out),
            DataType::Int64 => {
                let mut text = itoa::Buffer::new();
                for cell in cells.as_primitive::<Int64Type>() {
                    out.append_option(cell.map(|cell| self.digits(text.format(cell).as_bytes())));
                }
            }
            DataType::Float64 => {
                for cell in cells.as_primitive::<Float64Type>() {
                    out.append_option(cell.map(|cell| {
                        scratch.clear();
                        write_number(cell, &mut scratch);
                        self.digits(scratch.as_bytes())
                    }));
                }
            }
            _ => {
                let texts = cast(cells, &DataType::Utf8)?;
                self.texts(rule, texts.as_string::<i32>().iter(), &mut out);
            }
        }
        Ok(Arc::new(out.finish()))
    }

    fn texts<'a>(&self, rule: HashRule, cells: impl Iterator<Item = Option<&'a str>>, out: &mut StringViewBuilder) {
        let mut scratch = String::new();
        for cell in cells {
            match (rule, cell) {
                (_, None) => out.append_null(),
                (HashRule::Text, Some(text)) => out.append_value(self.digits(text.as_bytes())),
                (HashRule::Phone, Some(text)) => out.append_value(self.phone(text, &mut scratch)),
                (HashRule::Elements, Some(json)) => out.append_value(self.hash_elements(json)),
            }
        }
    }

    fn phone(&self, text: &str, scratch: &mut String) -> Digits {
        scratch.clear();
        scratch.extend(text.chars().filter(char::is_ascii_digit));
        self.digits(if scratch.is_empty() { text } else { scratch.as_str() }.as_bytes())
    }

    fn digits(&self, bytes: &[u8]) -> Digits {
        let mut mac = self.0.clone();
        mac.update(bytes);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut digits = [b'0'; 2 * KEPT];
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for (pair, byte) in digits.chunks_exact_mut(2).zip(whole) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        Digits(digits)
    }
}

/// Whole numbers without a fraction, so that they meet the same number in an integer column.
fn write_number(number: f64, out: &mut String) {
    use std::fmt::Write;
    // Writing into a text cannot fail. Display never uses an exponent and shows no `.0`.
    let _ = write!(out, "{number}");
}

impl fmt::Debug for PiiHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PiiHasher(..)")
    }
}

/// Hex digits.
#[derive(Clone, Copy)]
struct Digits([u8; 2 * KEPT]);

impl Digits {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl AsRef<str> for Digits {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, Date32Array, Float64Array, Int64Array, StringArray, StringViewArray, TimestampMicrosecondArray,
    };
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn hasher() -> PiiHasher {
        PiiHasher::new(KEY).unwrap()
    }

    fn cells(array: &ArrayRef) -> Vec<Option<String>> {
        array.as_string_view().iter().map(|cell| cell.map(str::to_owned)).collect()
    }

    #[test]
    fn a_hash_is_the_first_half_of_the_hmac_in_hex() {
        // RFC 4231, test case 2 has a short key; ours is checked against the same construction by hand:
        // HMAC(K, m) = H(K ^ opad | H(K ^ ipad | m)).
        use sha2::Digest;
        let pad = |with: u8| -> Vec<u8> { (0..64).map(|at| KEY.get(at).copied().unwrap_or(0) ^ with).collect() };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(b"a@b.example").finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        assert_eq!(hasher().hash_text("a@b.example"), hex::encode(&outer[..16]));
    }

    #[test]
    fn another_key_gives_other_hashes_and_a_short_one_none() {
        let other = PiiHasher::new(b"another key of at least 32 bytes!").unwrap();
        assert_ne!(hasher().hash_text("x"), other.hash_text("x"));
        assert!(PiiHasher::new(b"short").is_err());
    }

    #[test]
    fn a_phone_is_its_digits_however_it_is_written() {
        let hasher = hasher();
        assert_eq!(hasher.hash_phone("+49 (151) 234-567"), hasher.hash_phone("49151234567"));
        assert_eq!(hasher.hash_phone("+49 151"), hasher.hash_text("49151"));
        assert_ne!(hasher.hash_phone("n/a"), hasher.hash_phone("none"));
    }

    #[test]
    fn identities_are_hashed_one_by_one() {
        let hasher = hasher();
        let (mail, number) = (hasher.hash_text("ü@x"), hasher.hash_text("12345678901234567890123"));
        assert_eq!(
            hasher.hash_elements("[ \"\\u00fc@x\", null, 12345678901234567890123 ]"),
            format!("[\"{mail}\",null,\"{number}\"]")
        );
        assert_eq!(hasher.hash_elements("[]"), "[]");
        assert_eq!(hasher.hash_elements("not json"), hasher.hash_text("not json"));
        assert_eq!(hasher.hash_elements("{\"a\":1}"), hasher.hash_text("{\"a\":1}"));
    }

    #[test]
    fn a_number_meets_itself_in_every_column_type() {
        let hasher = hasher();
        let expected = [Some(hasher.hash_text("919876543210"))];
        let integer: ArrayRef = Arc::new(Int64Array::from(vec![919_876_543_210]));
        let number: ArrayRef = Arc::new(Float64Array::from(vec![919_876_543_210.0]));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["919876543210"]));
        for array in [integer, number, text] {
            for rule in [HashRule::Text, HashRule::Phone] {
                assert_eq!(cells(&hasher.hash_array(rule, &array).unwrap()), expected);
            }
        }
        let odd = Float64Array::from(vec![1.5, 1e300]);
        let hashed = cells(&hasher.hash_array(HashRule::Text, &odd).unwrap());
        assert_eq!(hashed[0], Some(hasher.hash_text("1.5")));
    }

    #[test]
    fn null_stays_null_in_every_type_and_an_empty_text_does_not_become_one() {
        let hasher = hasher();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringViewArray::from(vec![None, Some("")])),
            Arc::new(Int64Array::from(vec![None, Some(1)])),
            Arc::new(Float64Array::from(vec![None, Some(1.0)])),
            Arc::new(BooleanArray::from(vec![None, Some(true)])),
            Arc::new(Date32Array::from(vec![None, Some(1)])),
            Arc::new(TimestampMicrosecondArray::from(vec![None, Some(1)])),
            Arc::new(TimestampMicrosecondArray::from(vec![None, Some(1)]).with_timezone("UTC")),
        ];
        for array in arrays {
            for rule in [HashRule::Text, HashRule::Phone, HashRule::Elements] {
                let hashed = cells(&hasher.hash_array(rule, &array).unwrap());
                assert_eq!(hashed.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
                assert_eq!(hashed[1].as_ref().map(String::len), Some(32));
            }
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", hasher()), "PiiHasher(..)");
    }

    proptest! {
        #[test]
        fn every_text_has_a_hash_of_32_digits(text in ".{0,40}") {
            let hasher = hasher();
            for hash in [hasher.hash_text(&text), hasher.hash_phone(&text)] {
                prop_assert_eq!(hash.len(), 32);
                prop_assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
            }
            let _ = hasher.hash_elements(&text);
            let array = serde_json::to_string(&[&text]).unwrap();
            prop_assert_eq!(hasher.hash_elements(&array), format!("[\"{}\"]", hasher.hash_text(&text)));
        }
    }
}
