//! One CleverTap account: where it lives and how politely it is asked.

use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    Eu1,
    In1,
    Sg1,
    Us1,
    Aps3,
    Mec1,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub region: Option<Region>,
    pub account_id: String,
    pub passcode: SecretString,
    pub timezone: TimeZone,
    /// The region's host, or what replaces it.
    pub base_url: Url,
    /// Requests in flight per CleverTap API.
    pub concurrency: usize,
    pub late_days: u32,
    pub open_day_ttl: Duration,
}
