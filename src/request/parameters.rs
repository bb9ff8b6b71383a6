//! From the text of a query string to known words with their values.
//!
//! Decoding is strict: a `%` that is not two hexadecimal digits and bytes that are not UTF-8 are refused rather than
//! repaired, because a repaired event name is another event. `+` is a space, as forms write it. Everything is bounded:
//! the whole text, the number of words, the length of one value.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::catalog::{Parameter, Repeat, Values};
use crate::request::error::quoted;
use crate::request::nearest::nearest;
use crate::request::{LONGEST_SQL, RequestError};

/// Bytes of a query string.
const LONGEST_QUERY: usize = 16 * 1024;
/// Words in one request.
const MOST: usize = 128;
/// Bytes of one decoded value. CleverTap's own names end at 512 characters.
pub(super) const LONGEST_VALUE: usize = 2_048;
/// Bytes of one JSON value or one condition.
const LONGEST_JSON: usize = 8 * 1024;

/// A word and its value, decoded and not yet known to be right.
pub type Pair = (String, String);

/// The words of one request: all known, single ones once, in the order given.
pub(super) struct Given(Vec<(&'static Parameter, String)>);

/// Splits and decodes a query string. Empty parts (`a=1&&b=2`) are skipped, a word without `=` has the empty value.
pub fn split(query: &str) -> Result<Vec<Pair>, RequestError> {
    if query.len() > LONGEST_QUERY {
        return Err(RequestError::TooLong { what: "bytes", size: query.len(), most: LONGEST_QUERY });
    }
    let mut position = 0;
    let mut pairs = Vec::new();
    for part in query.split('&') {
        if !part.is_empty() {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            pairs.push((decode(name, position)?, decode(value, position + name.len() + 1)?));
        }
        position += part.len() + 1;
    }
    Ok(pairs)
}

fn decode(text: &str, position: usize) -> Result<String, RequestError> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        if !digits {
            return Err(RequestError::Encoding {
                position: position + at,
                why: "a % must be followed by two hexadecimal digits; a % itself is written %25",
            });
        }
    }
    let spaced = match text.contains('+') {
        true => Cow::Owned(text.replace('+', " ")),
        false => Cow::Borrowed(text),
    };
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| RequestError::Encoding { position, why: "the bytes are not UTF-8" })
}

impl Given {
    /// Finds each word among the known ones.
    pub(super) fn new(
        pairs: Vec<Pair>,
        known: impl IntoIterator<Item = &'static Parameter>,
    ) -> Result<Self, RequestError> {
        if pairs.len() > MOST {
            return Err(RequestError::TooLong { what: "parameters", size: pairs.len(), most: MOST });
        }
        let known: Vec<_> = known.into_iter().collect();
        let mut given: Vec<(&'static Parameter, String)> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
                let known: Vec<_> = known.iter().map(|parameter| parameter.name).collect();
                let near = synonym(&name, &known).or_else(|| nearest(&name, known.iter().copied()));
                return Err(RequestError::Unknown { parameter: quoted(&name), near, known });
            };
            given.push((parameter, value));
        }
        let given = Self(given);
        for (parameter, _) in &given.0 {
            let times = given.all(parameter.name).count();
            if times > 1 && parameter.repeat == Repeat::Once {
                return Err(RequestError::Repeated { parameter: parameter.name, times });
            }
        }
        given.check_values()?;
        Ok(given)
    }

    fn check_values(&self) -> Result<(), RequestError> {
        for (parameter, value) in &self.0 {
            let refuse = |expected: &'static str| RequestError::BadValue {
                parameter: parameter.name,
                value: quoted(value),
                expected: expected.into(),
                near: None,
            };
            let has_lines = matches!(parameter.values, Values::Json | Values::Sql);
            let longest = match parameter.values {
                Values::Sql => LONGEST_SQL,
                Values::Json | Values::Expression => LONGEST_JSON,
                _ => LONGEST_VALUE,
            };
            if value.len() > longest {
                return Err(refuse("it is too long"));
            }
            // In JSON and SQL they are white space, or the parser refuses them.
            if !has_lines && value.chars().any(char::is_control) {
                return Err(refuse("it holds control characters"));
            }
            if value.trim().is_empty() {
                return Err(match parameter.words() {
                    [] => refuse("it is empty"),
                    words => bad_word(parameter.name, value, words),
                });
            }
        }
        Ok(())
    }

    /// The values of a repeatable word, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(parameter, _)| parameter.name == name).map(|(_, value)| value.as_str())
    }

    /// The value of a single word.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a word that takes a closed list, as the list has it.
    pub(super) fn word(&self, name: &str) -> Result<Option<&'static str>, RequestError> {
        let Some((parameter, value)) = self.0.iter().find(|(parameter, _)| parameter.name == name) else {
            return Ok(None);
        };
        let words = parameter.words();
        match words.iter().find(|word| *word == value) {
            Some(word) => Ok(Some(word)),
            None => Err(bad_word(parameter.name, value, words)),
        }
    }

    /// The value of a word that takes a whole number.
    pub(super) fn whole(&self, name: &str) -> Result<Option<u64>, RequestError> {
        let given = self.0.iter().find(|(parameter, _)| parameter.name == name);
        given.map(|(parameter, value)| whole(parameter, value)).transpose()
    }

    /// Refuses when a required word is not there.
    pub(super) fn require(&self, parameters: &[Parameter]) -> Result<(), RequestError> {
        match parameters.iter().find(|parameter| self.one(parameter.name).is_none()) {
            Some(parameter) => {
                Err(RequestError::Missing { parameter: parameter.name, why: parameter.description.into() })
            }
            None => Ok(()),
        }
    }
}

/// Digits only (`parse` would take a sign), within the bounds of the parameter.
pub(super) fn whole(parameter: &Parameter, value: &str) -> Result<u64, RequestError> {
    let (least, most) = match parameter.values {
        Values::Whole { least, most } => (least, most),
        _ => (0, u64::MAX),
    };
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { value.parse().ok() } else { None };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| RequestError::BadValue {
        parameter: parameter.name,
        value: quoted(value),
        expected: format!("it takes a whole number from {least} to {most}").into(),
        near: None,
    })
}

pub(super) fn bad_word(parameter: &'static str, value: &str, words: &[&'static str]) -> RequestError {
    let near = match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" if words.contains(&"1") => Some("1"),
        "false" | "no" | "off" | "n" if words.contains(&"0") => Some("0"),
        "" if words.contains(&"1") => Some("1"),
        word => nearest(word, words.iter().copied()),
    };
    RequestError::BadValue {
        parameter,
        value: quoted(value),
        expected: format!("it takes {}", words.join(" or ")).into(),
        near: near.map(str::to_owned),
    }
}

/// Words that other services use for ours.
fn synonym(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let ours = match name.to_ascii_lowercase().as_str() {
        "start" | "start_date" | "startdate" | "since" | "begin" | "after" => "from",
        "end" | "end_date" | "enddate" => "to",
        "before" => "until",
        "period" | "date_range" | "daterange" | "dates" => "range",
        "key" | "apikey" | "token" | "access_token" => "api_key",
        "timeout" => "wait",
        "max_age" | "maxage" => "fresh",
        "attachment" => "download",
        "interval" | "granularity" | "group_by" | "groupby" => "by",
        "top_n" | "limit" if known.contains(&"limit_values") => "limit_values",
        "top_n" | "limit" | "first" | "page_size" => "top",
        "offset" => "skip",
        "sort" | "sort_by" | "order" => "orderby",
        "columns" | "fields" => "select",
        "query" | "q" | "search" => "filter",
        "campaign_id" | "campaign" => "id",
        "conditions" | "condition" | "event_properties" | "common_profile_properties" | "advanced_query" => "where",
        _ => return None,
    };
    known.iter().copied().find(|name| *name == ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{API_KEY, FORM, PERIOD};

    fn pairs(query: &str) -> Vec<Pair> {
        split(query).unwrap()
    }

    fn pair(name: &str, value: &str) -> Pair {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_query_string_is_split_and_decoded() {
        assert_eq!(pairs(""), []);
        assert_eq!(
            pairs("event=App+Launched&event=Caf%C3%A9%20%26%2B&&x"),
            [pair("event", "App Launched"), pair("event", "Café &+"), pair("x", "")]
        );
        assert_eq!(pairs("a=b=c&=d"), [pair("a", "b=c"), pair("", "d")]);
    }

    #[test]
    fn text_that_cannot_be_decoded_is_refused_where_it_stands() {
        for (query, at) in [("a=50%", 4), ("a=1&b=%zz", 6), ("%4", 0), ("a=%e4", 2), ("a=%C3%28", 2)] {
            assert!(matches!(split(query), Err(RequestError::Encoding { position, .. }) if position == at), "{query}");
        }
    }

    #[test]
    fn a_request_has_bounds() {
        assert!(matches!(split(&"a".repeat(LONGEST_QUERY + 1)), Err(RequestError::TooLong { .. })));
        let many = vec![pair("from", "today"); MOST + 1];
        assert!(matches!(Given::new(many, PERIOD), Err(RequestError::TooLong { .. })));
        let long = vec![pair("from", &"x".repeat(LONGEST_VALUE + 1))];
        assert_eq!(Given::new(long, PERIOD).err().unwrap().parameter(), Some("from"));
    }

    #[test]
    fn an_unknown_word_names_the_one_that_was_meant() {
        for (name, near) in [
            ("form", Some("from")),
            ("From", Some("from")),
            ("start_date", Some("from")),
            ("end", Some("to")),
            ("apikey", Some("api_key")),
            ("sql", None),
            ("", None),
        ] {
            let known = PERIOD.iter().chain(std::iter::once(&API_KEY));
            let error = Given::new(vec![pair(name, "x")], known).err().unwrap();
            assert_eq!((error.parameter(), error.near()), (Some(name), near));
        }
    }

    #[test]
    fn a_synonym_is_not_offered_where_the_word_is_unknown_too() {
        let error = Given::new(vec![pair("apikey", "secret")], PERIOD).err().unwrap();
        assert_eq!(error.near(), None);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn a_single_word_given_twice_is_refused_even_with_the_same_value() {
        let error = Given::new(vec![pair("from", "today"), pair("from", "today")], PERIOD).err().unwrap();
        assert_eq!(error, RequestError::Repeated { parameter: "from", times: 2 });
    }

    #[test]
    fn empty_values_and_control_characters_are_refused() {
        for value in ["", " ", "to\u{0}day", "to\nday", "\u{85}"] {
            let error = Given::new(vec![pair("from", value)], PERIOD).err().unwrap();
            assert_eq!(error.parameter(), Some("from"));
            assert!(!error.to_string().contains(char::is_control));
        }
    }

    #[test]
    fn a_closed_list_takes_its_words_and_names_them() {
        let given = Given::new(vec![pair("bom", "1"), pair("datetime", "Space")], FORM).unwrap();
        assert_eq!(given.word("bom").unwrap(), Some("1"));
        assert_eq!(given.word("download").unwrap(), None);
        let error = given.word("datetime").unwrap_err();
        assert_eq!(error.near(), Some("space"));
        assert!(error.to_string().contains("iso or space"));
        let bare = Given::new(vec![pair("bom", "")], FORM).err().unwrap();
        assert_eq!(bare.near(), Some("1"));
        let given = Given::new(vec![pair("bom", "true")], FORM).unwrap();
        assert_eq!(given.word("bom").unwrap_err().near(), Some("1"));
    }
}
