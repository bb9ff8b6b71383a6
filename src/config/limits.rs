//! `[limits]`: what one request and one caller may take.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;

#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest period of one request, in days. Default 800.
    pub range_days: u32,
    /// Requests at work at once; beyond it 503 with Retry-After. Default 256.
    pub concurrent_requests: usize,
    /// Requests of one caller; beyond it 429 with Retry-After. Default: no limit.
    pub requests_per_key: Option<RequestRate>,
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
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { range_days: 800, concurrent_requests: 256, requests_per_key: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    range_days: Option<u32>,
    concurrent_requests: Option<usize>,
    requests_per_key: Option<Rate>,
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
