//! A request as the simulator understands it: path, parameters, body, and the event query inside.

use bytes::Bytes;
use jiff::civil::Date;
use serde_json::Value;

use super::answer::Answer;
use super::shop::Flags;
use super::walks::Claim;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Other,
}

/// A request whose body has been read.
pub struct Question {
    pub method: Method,
    pub path: String,
    /// Decoded once, `+` being a space, as web servers do.
    pub params: Vec<(String, String)>,
    pub body: Bytes,
}

impl Question {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `app`, `events` and `profile`; each is on unless it says `false`.
    pub fn flags(&self) -> Flags {
        let on = |name| self.param(name).is_none_or(|value| !value.eq_ignore_ascii_case("false"));
        Flags { app: on("app"), events: on("events"), profile: on("profile") }
    }

    /// The event query of the body, or of the parameter `query`.
    pub fn event_query(&self) -> Result<EventQuery, Answer> {
        match self.param("query") {
            Some(query) => EventQuery::read(query.as_bytes()),
            None => EventQuery::read(&self.body),
        }
    }
}

/// What a question is about: for the log, and for faults that wait for it.
#[derive(Default)]
pub struct Subject {
    pub event: Option<String>,
    pub period: Option<(Date, Date)>,
    /// Counted from 1.
    pub page: Option<u32>,
    pub flags: Option<Flags>,
    pub batch_size: Option<String>,
    /// The cursor walk that a page belongs to.
    pub claim: Option<Claim>,
}

/// An event and a period, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    pub event: String,
    pub first: Date,
    pub last: Date,
}

/// What is not simulated is refused, so that nobody takes unfiltered rows for filtered ones.
const FILTERS: [&str; 4] = ["event_properties", "session_properties", "common_profile_properties", "advanced_query"];

impl EventQuery {
    fn read(body: &[u8]) -> Result<Self, Answer> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Answer::fail(400, "Malformed JSON", 400))?;
        if let Some(filter) = FILTERS.iter().find(|filter| !says_nothing(&body[**filter])) {
            return Err(Answer::fail(400, &format!("{filter} is not simulated"), 400));
        }
        let Some(event) = body["event_name"].as_str() else {
            return Err(Answer::fail(400, "event_name is missing", 400));
        };
        let (first, last) = (day(&body["from"])?, day(&body["to"])?);
        if first > last {
            return Err(Answer::bad_date("Invalid date range: from is greater than to"));
        }
        Ok(Self { event: event.to_owned(), first, last })
    }
}

fn says_nothing(filter: &Value) -> bool {
    match filter {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// A day is an integer `YYYYMMDD`. One with dashes is met with a server error, as CleverTap does.
fn day(value: &Value) -> Result<Date, Answer> {
    if value.as_str().is_some_and(|text| text.contains('-')) {
        return Err(Answer::fail(500, "Internal Server Error", 500));
    }
    let digits = value.as_i64().filter(|digits| (1_000_000..100_000_000).contains(digits));
    digits
        .and_then(|digits| {
            let (year, month, day) = (digits / 10_000, digits / 100 % 100, digits % 100);
            Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        })
        .ok_or_else(|| Answer::bad_date("Invalid date"))
}
