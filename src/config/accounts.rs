//! `[accounts.NAME]`: the CleverTap projects that are read.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::error::Problem;
use super::nearest::nearest;
use super::secret::secret;
use super::value::{Lapse, WebAddress};

#[derive(Clone, Debug)]
pub struct Account {
    /// Where CleverTap keeps the project; `None` when only `base_url` is given.
    pub region: Option<Region>,
    /// The project id of the CleverTap dashboard. Letters, digits, `-` and `_`: fit for a header and a path.
    pub account_id: String,
    pub passcode: SecretString,
    /// The project's zone in the CleverTap dashboard. Has an IANA name.
    pub timezone: TimeZone,
    /// CleverTap's API: the region's host, unless replaced. The path ends in `/`.
    pub base_url: Url,
    /// Requests in flight per CleverTap API. Default 2.
    pub concurrency: usize,
    /// Closed days that are still read again. Default 3.
    pub late_days: u32,
    /// How long today's rows count as fresh. Default 5 minutes.
    pub open_day_ttl: Duration,
    /// How long a reading of the project's people counts as fresh. Default 6 hours.
    pub profiles_ttl: Duration,
}

/// CleverTap's regions. Source: clevertap "common API components", checked 2026-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    Eu1,
    In1,
    Sg1,
    Us1,
    Aps3,
    Mec1,
}

impl Region {
    pub const ALL: [Self; 6] = [Self::Eu1, Self::In1, Self::Sg1, Self::Us1, Self::Aps3, Self::Mec1];

    pub fn code(self) -> &'static str {
        match self {
            Self::Eu1 => "eu1",
            Self::In1 => "in1",
            Self::Sg1 => "sg1",
            Self::Us1 => "us1",
            Self::Aps3 => "aps3",
            Self::Mec1 => "mec1",
        }
    }

    /// The API's address. Europe is the bare host.
    pub fn base_url(self) -> Url {
        let host = match self {
            Self::Eu1 => "https://api.clevertap.com/",
            Self::In1 => "https://in1.api.clevertap.com/",
            Self::Sg1 => "https://sg1.api.clevertap.com/",
            Self::Us1 => "https://us1.api.clevertap.com/",
            Self::Aps3 => "https://aps3.api.clevertap.com/",
            Self::Mec1 => "https://mec1.api.clevertap.com/",
        };
        Url::parse(host).expect("a constant address")
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|region| region.code() == text).ok_or(UnknownRegion)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("expected eu1, in1, sg1, us1, aps3 or mec1")]
pub struct UnknownRegion;

impl Account {
    /// An account with the default pacing, at this address: what a test or a demonstration needs.
    pub fn new(account_id: &str, passcode: &str, timezone: TimeZone, base_url: Url) -> Self {
        Self {
            region: None,
            account_id: account_id.to_owned(),
            passcode: SecretString::from(passcode),
            timezone,
            base_url,
            concurrency: 2,
            late_days: 3,
            open_day_ttl: Duration::from_secs(5 * 60),
            profiles_ttl: Duration::from_secs(6 * 3600),
        }
    }

    pub(super) fn check(&self, key: &str) -> Result<(), Problem> {
        let refuse = |name: &str, text: &str| Err(Problem::at(format!("{key}.{name}"), text));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.account_id.is_empty() || self.account_id.len() > 64 || !self.account_id.chars().all(is_plain) {
            return refuse("account_id", "expected the project id of the CleverTap dashboard, such as `ABC-DEF-123Z`");
        }
        let passcode = self.passcode.expose_secret();
        if passcode.is_empty() || !passcode.chars().all(|c| c.is_ascii_graphic()) {
            return refuse("passcode", "expected CleverTap's passcode: visible ASCII without spaces");
        }
        if self.timezone.iana_name().is_none() {
            return refuse("timezone", "expected a zone with an IANA name, such as `Asia/Kolkata`");
        }
        if self.concurrency == 0 || self.concurrency > 64 {
            return refuse("concurrency", "expected 1 to 64; CleverTap allows 3 in all");
        }
        if self.late_days > 366 {
            return refuse("late_days", "must be at most 366");
        }
        if self.open_day_ttl.is_zero() {
            return refuse("open_day_ttl", "must be at least `1s`, or every request would read today again");
        }
        if self.profiles_ttl.is_zero() {
            return refuse("profiles_ttl", "must be at least `1s`, or every request would read all people again");
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    region: Option<String>,
    account_id: Option<String>,
    passcode: Option<SecretString>,
    passcode_file: Option<PathBuf>,
    timezone: Option<String>,
    base_url: Option<WebAddress>,
    concurrency: Option<usize>,
    late_days: Option<u32>,
    open_day_ttl: Option<Lapse>,
    profiles_ttl: Option<Lapse>,
}

impl Written {
    /// `key` is the account's place in the file: `accounts.main`.
    pub fn resolve(self, key: &str, folder: &Path) -> Result<Account, Problem> {
        let missing = |name: &str, text: &str| Problem::at(format!("{key}.{name}"), format!("is missing: {text}"));
        let region = self.region.map(|text| region(&format!("{key}.region"), &text)).transpose()?;
        let base_url = match (self.base_url, region) {
            (Some(address), _) => address.0,
            (None, Some(region)) => region.base_url(),
            (None, None) => {
                return Err(missing(
                    "region",
                    "one of eu1, in1, sg1, us1, aps3, mec1; the dashboard's address shows it",
                ));
            }
        };
        let account_id =
            self.account_id.ok_or_else(|| missing("account_id", "the project id of the CleverTap dashboard"))?;
        let passcode = secret(&format!("{key}.passcode"), self.passcode, self.passcode_file, folder)?
            .ok_or_else(|| missing("passcode", "give it here, as a variable, or with `passcode_file`"))?;
        let timezone = match self.timezone {
            Some(text) => zone(&format!("{key}.timezone"), &text)?,
            None => {
                return Err(missing(
                    "timezone",
                    "the project's zone in the CleverTap dashboard, such as `Asia/Kolkata`",
                ));
            }
        };
        let usual = Account::new(&account_id, "", timezone, base_url);
        Ok(Account {
            region,
            passcode,
            concurrency: self.concurrency.unwrap_or(usual.concurrency),
            late_days: self.late_days.unwrap_or(usual.late_days),
            open_day_ttl: self.open_day_ttl.map_or(usual.open_day_ttl, |lapse| lapse.0),
            profiles_ttl: self.profiles_ttl.map_or(usual.profiles_ttl, |lapse| lapse.0),
            ..usual
        })
    }
}

fn region(key: &str, text: &str) -> Result<Region, Problem> {
    text.parse().map_err(|expected: UnknownRegion| Problem::at(key, expected.to_string()))
}

fn zone(key: &str, text: &str) -> Result<TimeZone, Problem> {
    if let Ok(zone) = TimeZone::get(text)
        && zone.iana_name().is_some()
        && !zone.is_unknown()
    {
        return Ok(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let hint = nearest(text, known.iter().map(String::as_str))
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    Err(Problem::at(key, format!("is not the IANA name of a time zone, such as `Asia/Kolkata`{hint}")))
}
