//! `[limits]`: what one request and one caller may take.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::value::{Lapse, Size};

#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest period of one request, in days. Default 800.
    pub range_days: u32,
    /// Requests at work at once; beyond it 503 with Retry-After. Default 256.
    pub concurrent_requests: usize,
    /// Requests of one caller; beyond it 429 with Retry-After. Default: no limit.
    pub requests_per_key: Option<RequestRate>,
    /// Bytes of one query's sorts, groups and joins before they go to disk. Default 128 MiB.
    pub query_memory: u64,
    /// Working time of one query in SQL. Default 60 s.
    pub query_time: Duration,
    /// Rows of one query in SQL. Default 10 million.
    pub query_rows: u64,
}

/// So many requests per so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRate {
    pub requests: NonZeroU32,
    pub per: Duration,
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.range_days == 0 {
            return Err(Problem::at("limits.range_days", "must be at least 1"));
        }
        if self.concurrent_requests == 0 {
            return Err(Problem::at("limits.concurrent_requests", "must be at least 1"));
        }
        // The engine's smallest buffers alone are some megabytes.
        if self.query_memory < 16 * 1024 * 1024 {
            return Err(Problem::at("limits.query_memory", "must be at least 16MiB"));
        }
        if self.query_time < Duration::from_secs(1) {
            return Err(Problem::at("limits.query_time", "must be at least 1s"));
        }
        if self.query_rows == 0 {
            return Err(Problem::at("limits.query_rows", "must be at least 1"));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            range_days: 800,
            concurrent_requests: 256,
            requests_per_key: None,
            query_memory: 128 * 1024 * 1024,
            query_time: Duration::from_secs(60),
            query_rows: 10_000_000,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    range_days: Option<u32>,
    concurrent_requests: Option<usize>,
    requests_per_key: Option<Rate>,
    query_memory: Option<Size>,
    query_time: Option<Lapse>,
    query_rows: Option<u64>,
}

/// `off`, or `600/min`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Rate(Option<RequestRate>);

impl TryFrom<String> for Rate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "off" {
            return Ok(Self(None));
        }
        rate(&text).map(|rate| Self(Some(rate))).ok_or("expected `off` or a rate such as `10/s`, `600/min` or `5000/h`")
    }
}

fn rate(text: &str) -> Option<RequestRate> {
    let (requests, unit) = text.split_once('/')?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1,
        "min" | "m" | "minute" => 60,
        "h" | "hour" => 60 * 60,
        _ => return None,
    };
    Some(RequestRate { requests: requests.trim().parse().ok()?, per: Duration::from_secs(seconds) })
}

impl Written {
    pub fn resolve(self) -> Limits {
        let default = Limits::default();
        Limits {
            range_days: self.range_days.unwrap_or(default.range_days),
            concurrent_requests: self.concurrent_requests.unwrap_or(default.concurrent_requests),
            requests_per_key: self.requests_per_key.and_then(|rate| rate.0),
            query_memory: self.query_memory.map_or(default.query_memory, |size| size.0),
            query_time: self.query_time.map_or(default.query_time, |time| time.0),
            query_rows: self.query_rows.unwrap_or(default.query_rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_unit() {
        let rate = rate("600/min").unwrap();
        assert_eq!((rate.requests.get(), rate.per), (600, Duration::from_secs(60)));
        for wrong in ["600", "0/min", "-1/min", "600/fortnight", "/min", ""] {
            assert!(super::rate(wrong).is_none(), "{wrong}");
        }
    }
}
