//! One answer, read without building a tree.
//!
//! In: the whole body. Out: its top-level keys and where their values lie in it, after every byte was checked to be
//! JSON. Records are not looked into, so a 30 MB page costs one pass and no allocation per record; nesting is
//! followed without recursion, so no depth overflows the stack. That pass can be left out where the records are read
//! anyway (`around`).

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

mod around;

/// CleverTap's envelopes have a handful of keys; this bounds the memory that a hostile one can take.
const MOST_KEYS: usize = 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The top level of a JSON object and the bytes it was read from.
pub(super) struct Answer {
    body: Bytes,
    fields: Vec<(String, Range<usize>)>,
    /// False when the elements of one array were left to whoever takes it; see [`around`].
    is_checked: bool,
}

/// Why a body is not an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Empty,
    /// Not text at all: encrypted, compressed or broken.
    Binary,
    /// Text of another kind, such as an error page of a proxy. The only kind that may be quoted.
    OtherText,
    /// It begins as JSON and breaks off or goes wrong.
    Broken {
        line: usize,
        column: usize,
    },
    /// Whole JSON, but no object.
    NoObject,
    /// Which of the two is meant cannot be known. The key is unfiltered.
    DuplicateKey(String),
    TooManyKeys,
}

impl Unreadable {
    /// Whether another try may bring the rest: the body may have been cut on the way.
    pub(super) fn may_be_cut(&self) -> bool {
        matches!(self, Self::Empty | Self::Binary | Self::OtherText | Self::Broken { .. })
    }
}

impl Answer {
    /// The answer of a 204: no key at all.
    pub(super) fn nothing() -> Self {
        Self { body: Bytes::new(), fields: Vec::new(), is_checked: true }
    }

    pub(super) fn read(body: Bytes) -> Result<Self, Unreadable> {
        let fields = fields(&body)?;
        Ok(Self { body, fields, is_checked: true })
    }

    /// As [`Answer::read`], but what the array under `key` holds is left to whoever takes it, where the body allows that.
    pub(super) fn read_around(body: Bytes, key: &str) -> Result<Self, Unreadable> {
        match around::fields(&body, key) {
            Some(fields) => Ok(Self { body, fields, is_checked: false }),
            None => Self::read(body),
        }
    }

    /// Whether every byte was checked to be JSON.
    pub(super) fn is_checked(&self) -> bool {
        self.is_checked
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where a key's value lies in the body. `None` when the key is absent or null.
    pub(super) fn range(&self, key: &str) -> Option<Range<usize>> {
        let (_, range) = self.fields.iter().find(|(name, _)| name == key)?;
        (self.body.get(range.clone()) != Some(b"null")).then(|| range.clone())
    }

    /// A key's value as a part of the body, which it keeps in memory. `None` when the key is absent or null.
    pub(super) fn part(&self, key: &str) -> Option<Bytes> {
        self.range(key).map(|range| self.body.slice(range))
    }

    /// A key's value as JSON text. `None` when the key is absent or null.
    pub(super) fn raw(&self, key: &str) -> Option<&str> {
        self.range(key).map(|range| self.slice(range))
    }

    /// The key as text; `None` when it is absent, null, or no JSON string.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.raw(key)?).ok()
    }

    /// A number or a text, as written: an id must not lose digits on the way through a float.
    pub(super) fn digits(&self, key: &str) -> Option<String> {
        let raw = self.raw(key)?;
        match raw.as_bytes().first()? {
            b'"' => self.text(key),
            b'-' | b'0'..=b'9' => Some(raw.to_owned()),
            _ => None,
        }
    }

    /// Whether it is unfinished and has to be asked for again.
    pub(super) fn is_partial(&self) -> bool {
        self.text("status").is_some_and(|status| status.eq_ignore_ascii_case("partial"))
    }

    /// Whether anything but the envelope itself has a value.
    pub(super) fn has_content(&self) -> bool {
        self.has_more_than(&[])
    }

    /// Whether anything but the envelope and these keys has a value.
    pub(super) fn has_more_than(&self, keys: &[&str]) -> bool {
        self.entries().any(|(name, value)| !keys.contains(&name) && !matches!(value, "null" | "\"\""))
    }

    /// The keys beside the envelope and their values as JSON text, in the order in which they were sent.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let envelope = ["status", "error", "message", "code"];
        let beside = self.fields.iter().filter(move |(name, _)| !envelope.contains(&name.as_str()));
        beside.map(move |(name, range)| (name.as_str(), self.slice(range.clone())))
    }

    fn slice(&self, range: Range<usize>) -> &str {
        // The ranges were cut out of this body as text, so neither step can fail.
        self.body.get(range).and_then(|bytes| simdutf8::basic::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes, {} keys)", self.body.len(), self.fields.len())
    }
}

fn fields(body: &[u8]) -> Result<Vec<(String, Range<usize>)>, Unreadable> {
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if text.trim_ascii().is_empty() {
        return Err(Unreadable::Empty);
    }
    let text = simdutf8::basic::from_utf8(text).map_err(|_| Unreadable::Binary)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_map(TopLevel).and_then(|top| json.end().map(|()| top));
    let (found, more) = read.map_err(|error| match error.classify() {
        Category::Data => Unreadable::NoObject,
        Category::Io | Category::Syntax | Category::Eof if text.trim_start().starts_with(['{', '[', '"']) => {
            Unreadable::Broken { line: error.line(), column: error.column() }
        }
        Category::Io | Category::Syntax | Category::Eof => Unreadable::OtherText,
    })?;
    if more {
        return Err(Unreadable::TooManyKeys);
    }
    let mut fields: Vec<(String, Range<usize>)> = Vec::with_capacity(found.len());
    for (name, value) in found {
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(Unreadable::DuplicateKey(name));
        }
        let start = value.get().as_ptr().addr() - body.as_ptr().addr();
        fields.push((name, start..start + value.get().len()));
    }
    Ok(fields)
}

/// Reads an object's keys and skips its values. The flag says that there were more than [`MOST_KEYS`].
struct TopLevel;

impl<'de> Visitor<'de> for TopLevel {
    type Value = (Vec<(String, &'de RawValue)>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = Vec::new();
        while found.len() < MOST_KEYS {
            match map.next_entry::<String, &'de RawValue>()? {
                Some(field) => found.push(field),
                None => return Ok((found, false)),
            }
        }
        let mut more = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok((found, more))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &[u8]) -> Result<Answer, Unreadable> {
        Answer::read(Bytes::copy_from_slice(body))
    }

    #[test]
    fn the_range_of_the_records_points_into_the_body() {
        let body = br#" {"status":"success", "records" : [ {"ts":1}, [2] ] ,"next_cursor":"a%3D"}"#;
        let answer = read(body).unwrap();
        let range = answer.range("records").unwrap();
        assert_eq!(&body[range], br#"[ {"ts":1}, [2] ]"#);
        assert_eq!(answer.text("next_cursor").unwrap(), "a%3D");
        assert!(answer.range("cursor").is_none());
    }

    #[test]
    fn a_byte_order_mark_does_not_shift_the_range() {
        let body = b"\xef\xbb\xbf{\"records\":[7]}";
        assert_eq!(&body[read(body).unwrap().range("records").unwrap()], b"[7]");
    }

    #[test]
    fn an_escaped_key_is_the_same_key() {
        assert!(read(br#"{"recor\u0064s":[1]}"#).unwrap().range("records").is_some());
        let twice = read(br#"{"records":[1],"recor\u0064s":[2]}"#);
        assert_eq!(twice.unwrap_err(), Unreadable::DuplicateKey("records".to_owned()));
    }

    #[test]
    fn null_is_absent() {
        assert!(read(br#"{"records":null}"#).unwrap().raw("records").is_none());
        assert!(!read(br#"{"status":"success","cursor":null,"next_cursor":""}"#).unwrap().has_content());
    }

    #[test]
    fn a_large_id_keeps_its_digits() {
        let answer = read(br#"{"a":384649162721759820123,"b":"0384","c":[1]}"#).unwrap();
        assert_eq!(answer.digits("a").unwrap(), "384649162721759820123");
        assert_eq!(answer.digits("b").unwrap(), "0384");
        assert_eq!(answer.digits("c"), None);
    }

    #[test]
    fn each_way_of_not_being_an_answer_has_its_name() {
        assert_eq!(read(b"").unwrap_err(), Unreadable::Empty);
        assert_eq!(read(b" \r\n").unwrap_err(), Unreadable::Empty);
        assert_eq!(read(b"{\"a\":\"\xff\"}").unwrap_err(), Unreadable::Binary);
        assert_eq!(read(b"<html>").unwrap_err(), Unreadable::OtherText);
        assert_eq!(read(b"{\"a\":[1").unwrap_err(), Unreadable::Broken { line: 1, column: 7 });
        assert_eq!(read(b"{\"a\":NaN}").unwrap_err(), Unreadable::Broken { line: 1, column: 6 });
        assert!(matches!(read(b"{} {}").unwrap_err(), Unreadable::Broken { .. }));
        assert_eq!(read(b"[1]").unwrap_err(), Unreadable::NoObject);
        assert_eq!(read(b"\"text\"").unwrap_err(), Unreadable::NoObject);
        assert_eq!(read(b"42").unwrap_err(), Unreadable::NoObject);
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let object = |keys: usize| {
            let keys: Vec<String> = (0..keys).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{}}}", keys.join(","))
        };
        assert!(read(object(MOST_KEYS).as_bytes()).is_ok());
        assert_eq!(read(object(MOST_KEYS + 1).as_bytes()).unwrap_err(), Unreadable::TooManyKeys);
    }

    #[test]
    fn a_million_brackets_do_not_overflow_the_stack() {
        let deep = 1_000_000;
        let whole = format!("{{\"records\":{}{}}}", "[".repeat(deep), "]".repeat(deep));
        assert!(read(whole.as_bytes()).is_ok());
        let cut = format!("{{\"records\":{}", "{\"a\":[".repeat(deep));
        assert!(matches!(read(cut.as_bytes()).unwrap_err(), Unreadable::Broken { .. }));
    }

    #[test]
    fn debug_shows_no_body() {
        assert_eq!(format!("{:?}", read(br#"{"email":"ana@example.com"}"#).unwrap()), "Answer(27 bytes, 1 keys)");
    }

    proptest! {
        #[test]
        fn a_cut_answer_is_never_taken_for_a_whole_one(cut in 0usize..74) {
            let body = r#"{"status":"success","records":[{"a":"é","b":[1.5e3,null]}],"next_cursor":"x"}"#.as_bytes();
            let result = read(&body[..cut]);
            prop_assert!(result.is_err());
            prop_assert!(result.unwrap_err().may_be_cut());
        }

        #[test]
        fn any_bytes_are_answered_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }

        #[test]
        fn any_json_like_text_is_read_as_serde_reads_it(body in r#"[\[\]{}:,"a-c0-9eE.\-\\u ]{0,40}"#) {
            let ours = read(body.as_bytes());
            if let Ok(answer) = ours {
                let theirs: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(&body) {
                    Ok(theirs) => theirs,
                    // Skipped values may hold lone surrogates and numbers out of range, which serde's tree refuses.
                    Err(error) => {
                        prop_assert!(error.to_string().contains("out of range") || error.to_string().contains("surrogate")
                            || error.to_string().contains("escape"), "{error} in {body}");
                        return Ok(());
                    }
                };
                prop_assert_eq!(theirs.len(), answer.fields.len());
            }
        }
    }
}
