//! Records that no reader expects. Each is made from a good record by changing its text, so that everything else in
//! it stays as it was.

use memchr::memmem;

/// A way in which one record is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// `42` where an object should be.
    NotAnObject,
    /// `null` where an object should be.
    Null,
    /// `"ts":"20261101124711"`.
    TimeAsText,
    /// Seconds since 1970 instead of 14 local digits.
    TimeInSeconds,
    /// No `ts` at all.
    NoTime,
    /// `"ts":"yesterday"`.
    TimeUnreadable,
    /// A key beside `profile`, `ts` and `event_props` that nobody has seen before.
    UnknownKey,
    /// An array in an array in an array …, 200 deep, in a new key of `event_props`.
    DeepNesting,
    /// The same key twice in `event_props`.
    DuplicateKeys,
    /// `1e400` in a new key of `event_props`.
    HugeNumber,
    /// An integer of forty digits in a new key of `event_props`.
    LongInteger,
    /// Bytes that are not UTF-8 in a text of a new key of `event_props`.
    InvalidUtf8,
    /// Half of a surrogate pair as an escape, in a text of a new key of `event_props`.
    LoneSurrogate,
    /// A zero character as an escape, in a text of a new key of `event_props`.
    ZeroCharacter,
}

impl Oddity {
    pub const ALL: [Self; 14] = [
        Self::NotAnObject,
        Self::Null,
        Self::TimeAsText,
        Self::TimeInSeconds,
        Self::NoTime,
        Self::TimeUnreadable,
        Self::UnknownKey,
        Self::DeepNesting,
        Self::DuplicateKeys,
        Self::HugeNumber,
        Self::LongInteger,
        Self::InvalidUtf8,
        Self::LoneSurrogate,
        Self::ZeroCharacter,
    ];

    /// This record, made odd. New properties are called `odd`; a record of an event without `event_props` gets one, in
    /// that of a person they are in `profileData`.
    pub fn apply(self, record: &[u8]) -> Vec<u8> {
        let property = |value: &[u8]| add_property(record, &[b"\"odd\":", value].concat());
        match self {
            Self::NotAnObject => b"42".to_vec(),
            Self::Null => b"null".to_vec(),
            Self::TimeAsText => replace_time(record, |ts| Some([b"\"ts\":\"", ts, b"\""].concat())),
            Self::TimeInSeconds => replace_time(record, |_| Some(b"\"ts\":1790373205".to_vec())),
            Self::NoTime => replace_time(record, |_| None),
            Self::TimeUnreadable => replace_time(record, |_| Some(b"\"ts\":\"yesterday\"".to_vec())),
            Self::UnknownKey => insert_after(record, b"{", b"\"never_seen\":{\"a\":[1,{\"b\":null}]},"),
            Self::DeepNesting => property(&["[".repeat(200), "]".repeat(200)].concat().into_bytes()),
            Self::DuplicateKeys => property(b"1,\"odd\":\"two\""),
            Self::HugeNumber => property(b"1e400"),
            Self::LongInteger => property(b"1234567890123456789012345678901234567890"),
            Self::InvalidUtf8 => property(b"\"a\xff\xc3\x28z\""),
            Self::LoneSurrogate => property(b"\"a\\ud800z\""),
            Self::ZeroCharacter => property(b"\"a\\u0000z\""),
        }
    }
}

/// Puts a property at the beginning of `event_props`, or of a person's `profileData`.
fn add_property(record: &[u8], property: &[u8]) -> Vec<u8> {
    const KEY: &[u8] = b"\"event_props\":{";
    const PERSONAL: &[u8] = b"\"profileData\":{";
    let of_person = memmem::find(record, b"\"platformInfo\":").is_some();
    let key = if of_person { PERSONAL } else { KEY };
    match memmem::find(record, key) {
        Some(at) => {
            let (before, after) = record.split_at(at + key.len());
            let comma: &[u8] = if after.starts_with(b"}") { b"" } else { b"," };
            [before, property, comma, after].concat()
        }
        None => insert_after(record, b"{", &[KEY, property, b"},"].concat()),
    }
}

fn insert_after(record: &[u8], place: &[u8], what: &[u8]) -> Vec<u8> {
    match memmem::find(record, place) {
        Some(at) => {
            let (before, after) = record.split_at(at + place.len());
            [before, what, after].concat()
        }
        None => record.to_vec(),
    }
}

/// Replaces `"ts":…`, or takes it away with one of the commas around it. A record without a numeric `ts` stays.
fn replace_time(record: &[u8], new: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    const KEY: &[u8] = b"\"ts\":";
    let Some(at) = memmem::find(record, KEY) else { return record.to_vec() };
    let (before, rest) = record.split_at(at);
    let (_, rest) = rest.split_at(KEY.len());
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (ts, after) = rest.split_at(digits);
    match new(ts) {
        Some(new) => [before, &new, after].concat(),
        None => match (before.strip_suffix(b","), after.strip_prefix(b",")) {
            (Some(before), _) => [before, after].concat(),
            (None, Some(after)) => [before, after].concat(),
            (None, None) => [before, after].concat(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = br#"{"profile":{"objectId":"a"},"ts":20261101124711,"event_props":{"x":1}}"#;

    #[test]
    fn an_odd_record_is_json_unless_it_is_meant_not_to_be() {
        for oddity in Oddity::ALL {
            for record in [RECORD, br#"{"ts":20261101124711}"#, br#"{"event_props":{},"ts":20261101124711}"#] {
                let odd = oddity.apply(record);
                let read = serde_json::from_slice::<&serde_json::value::RawValue>(&odd);
                let unreadable = matches!(oddity, Oddity::InvalidUtf8);
                // serde_json gives up at a depth of 128 as well.
                let too_deep = matches!(oddity, Oddity::DeepNesting);
                assert!(read.is_err() == unreadable || too_deep, "{oddity:?}: {}", String::from_utf8_lossy(&odd));
                assert_ne!(odd, record);
            }
        }
    }

    #[test]
    fn a_time_is_taken_away_with_its_comma() {
        let odd = Oddity::NoTime.apply(RECORD);
        assert_eq!(odd, br#"{"profile":{"objectId":"a"},"event_props":{"x":1}}"#);
    }
}
