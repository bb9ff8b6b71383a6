//! What a simulated CleverTap is like: its accounts, how much its shop sells, and how it behaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::clock::Clock;

/// All settings. The default is the demo's: a believable shop of 20,000 people, 90 days up to today.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// Where to listen. Port 0 takes a free one; the handle knows which.
    pub listen: SocketAddr,
    /// The same seed gives the same shop, record by record.
    pub seed: u64,
    /// How many people the shop has ever met.
    pub people: u32,
    /// How many days there is data for, today included.
    pub days: u32,
    pub rows: Rows,
    pub clock: Clock,
    /// The projects' time zone, unless an account has its own.
    pub timezone: TimeZone,
    pub accounts: Vec<SimulatedAccount>,
    /// Added to every request, while it counts as in flight.
    pub latency: Duration,
    /// Requests in flight per account and API; one more is answered 429.
    pub max_in_flight: usize,
    /// How often the first page of a cursor walk answers "still in progress" before it comes.
    pub first_page_polls: u32,
    /// The same for each page after it.
    pub next_page_polls: u32,
    /// How often a count answers `partial` before its number, the POST included; 0 answers at once.
    pub count_polls: u32,
    /// A cursor dies this long after its walk was opened …
    pub cursor_lifetime: Duration,
    /// … or after this long without use.
    pub cursor_idle: Duration,
    /// What an export of an event that the project does not have answers.
    pub unknown_event: UnknownEvent,
    /// Threads that answer requests.
    pub workers: usize,
}

/// How many records an event has on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rows {
    /// Like a shop: each event its own volume, with weekdays and growth, times this factor.
    Scaled(f64),
    /// Exactly so many of every event on every whole day.
    Exactly(u32),
}

/// Both have been reported of CleverTap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownEvent {
    /// 400 with `["Invalid event : X"]`.
    Refused,
    /// A cursor, and then a page without records.
    Empty,
}

/// One project of the simulated CleverTap. Each has its own people and records, drawn from the seed and its id.
#[derive(Clone, Debug)]
pub struct SimulatedAccount {
    pub account_id: String,
    pub passcode: SecretString,
    /// The region the account claims to live in: a label for people, without effect.
    pub region: String,
    /// The project's own time zone; `None` takes the simulator's.
    pub timezone: Option<TimeZone>,
}

impl SimulatedAccount {
    pub fn new(account_id: &str, passcode: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            passcode: SecretString::from(passcode),
            region: "in1".to_owned(),
            timezone: None,
        }
    }
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9099)),
            seed: 1,
            people: 20_000,
            days: 90,
            rows: Rows::Scaled(1.0),
            clock: Clock::system(),
            // The zones are compiled in: this one is always there.
            timezone: TimeZone::get("Asia/Kolkata").unwrap_or(TimeZone::UTC),
            accounts: vec![SimulatedAccount::new("TEST-DEM-OSH-0PZ", "DEM-OPA-SSCD")],
            latency: Duration::ZERO,
            max_in_flight: 3,
            first_page_polls: 1,
            next_page_polls: 0,
            count_polls: 1,
            cursor_lifetime: Duration::from_secs(4 * 60 * 60),
            cursor_idle: Duration::from_secs(60 * 60),
            unknown_event: UnknownEvent::Refused,
            workers: 2,
        }
    }
}

impl SimulatorConfig {
    /// A small shop (300 people, 30 days, some hundred records a day) on a free port, whose clock stands at
    /// 2026-11-23 12:00 in India.
    pub fn for_testing() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            people: 300,
            days: 30,
            rows: Rows::Scaled(0.05),
            workers: 1,
            ..Self::default()
        }
        .at(date(2026, 11, 23).at(12, 0, 0, 0))
    }

    /// Stops the clock at this local time of the simulator's time zone.
    pub fn at(mut self, now: DateTime) -> Self {
        self.clock = Clock::fixed_in(now, &self.timezone);
        self
    }

    /// Changes the time zone. Call it before [`at`](Self::at).
    pub fn in_zone(mut self, timezone: TimeZone) -> Self {
        self.timezone = timezone;
        self
    }
}
