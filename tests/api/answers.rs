//! Answers as bytes: forms of CSV, formats, codings, conditions, parts, and a failure that nobody can overlook.

mod conditions;
mod delivery;
mod forms;

use jiff::civil::{Date, date};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};

use crate::support::{Answer, TestGateway};

/// A day that is closed for good.
const DAY: &str = "from=2026-11-10&to=2026-11-10";
const CSV: &str = "/v1/events.csv?event=Charged&from=2026-11-10&to=2026-11-10";

fn day() -> Date {
    date(2026, 11, 10)
}

impl TestGateway {
    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(with(self.request(Method::GET, path), headers)).await
    }
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

const DIFFERENT: [&str; 5] = ["date", "x-request-id", "server-timing", "cache-status", "access-control-expose-headers"];

/// Without what differs from answer to answer, and the list for scripts of other origins, which has no order.
fn lasting(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut lasting: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| !DIFFERENT.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    lasting.sort();
    lasting
}
