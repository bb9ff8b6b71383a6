//! A request as the simulator understands it: path, parameters, body, and the event query inside.

use bytes::Bytes;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use super::answer::Answer;
use super::filter::Filters;
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

    /// The body, or the parameter `query`, as JSON.
    pub fn json(&self) -> Result<Value, Answer> {
        let body = self.param("query").map_or(&self.body[..], str::as_bytes);
        serde_json::from_slice(body).map_err(|_| Answer::fail(400, "Malformed JSON", 400))
    }

    /// The query of an event.
    pub fn event_query(&self) -> Result<EventQuery, Answer> {
        EventQuery::read(&self.json()?)
    }

    /// The query of the people who did an event. Without an event, or with `"-1"` for one, it is about everybody
    /// who did anything; without days as well, in the last 365.
    pub fn people_query(&self, today: Date) -> Result<EventQuery, Answer> {
        let mut body = self.json()?;
        let everybody = match body["event_name"].as_str() {
            None => !says_nothing(&body["common_profile_properties"]) || !says_nothing(&body["advanced_query"]),
            Some(name) => name == ANY_EVENT,
        };
        if everybody {
            body["event_name"] = Value::from(ANY_EVENT);
            if body["from"].is_null() && body["to"].is_null() {
                body["from"] = Value::from(compact(today.checked_sub(364.days()).unwrap_or(Date::MIN)));
                body["to"] = Value::from(compact(today));
            }
        }
        EventQuery::read(&body)
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

/// In a query of people: whichever event.
pub const ANY_EVENT: &str = "-1";

/// An event and a period, both ends included, and which of its records are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    pub event: String,
    pub first: Date,
    pub last: Date,
    pub filters: Filters,
}

impl EventQuery {
    /// Without filters.
    pub fn new(event: &str, first: Date, last: Date) -> Self {
        Self { event: event.to_owned(), first, last, filters: Filters::default() }
    }

    pub fn read(body: &Value) -> Result<Self, Answer> {
        let Some(event) = body["event_name"].as_str() else {
            return Err(Answer::fail(400, "event_name is missing", 400));
        };
        let (first, last) = period(body)?;
        Ok(Self { event: event.to_owned(), first, last, filters: Filters::read(body) })
    }
}

/// `from` and `to`.
pub fn period(body: &Value) -> Result<(Date, Date), Answer> {
    let (first, last) = (day(&body["from"])?, day(&body["to"])?);
    if first > last {
        return Err(Answer::bad_date("Invalid date range: from is greater than to"));
    }
    Ok((first, last))
}

fn compact(day: Date) -> i64 {
    let (year, month, day) = (i64::from(day.year()), i64::from(day.month()), i64::from(day.day()));
    year * 10_000 + month * 100 + day
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
pub fn day(value: &Value) -> Result<Date, Answer> {
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
