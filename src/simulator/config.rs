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
    /// How often a count, trend or top answers `partial` before its numbers, the POST included; 0 answers at once.
    pub count_polls: u32,
    /// A cursor dies this long after its walk was opened …
    pub cursor_lifetime: Duration,
    /// … or after this long without use.
    pub cursor_idle: Duration,
    /// A cursor over people dies this long after its walk was opened, or used.
    pub profile_cursor_lifetime: Duration,
    /// What an export of an event that the project does not have answers.
    pub unknown_event: UnknownEvent,
    /// What a look-up of somebody there is not answers.
    pub unknown_profile: UnknownProfile,
    pub top_form: TopForm,
    pub weekly_form: WeeklyForm,
    pub scheduled_on_form: ScheduledOnForm,
    pub daily_form: DailyForm,
    pub variant_form: VariantForm,
    /// How slow a message report is, times what was measured at CleverTap: 0.7 s for one day, 6 s for seven, 26 s for
    /// thirty, 109 s for ninety. 0 is at once, 1 is as measured.
    pub report_slowness: f64,
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

/// The three that clients reckon with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownProfile {
    /// 404.
    NotFound,
    /// `{"status":"success"}`.
    NoRecord,
    /// 200, `fail`, "User not found".
    Refused,
}

/// What stands under a label of top properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopForm {
    /// `{"STR":{"red":120},"NUM":{"7":3}}`.
    Typed,
    /// `{"red":120,"7":3}`.
    Flat,
}

/// What trends call a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeeklyForm {
    /// `202652`, an ISO week.
    YearAndWeek,
    /// Its Monday, `20261221`.
    Monday,
}

/// How the list of campaigns writes when one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduledOnForm {
    /// The number `202611231200`, of the project's zone.
    Digits,
    /// Unix seconds.
    Seconds,
    /// `"23 Nov, 2026 12:00:00"`, of the project's zone.
    Text,
}

/// How a message report with `daily` is split. Nobody has told which one CleverTap sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DailyForm {
    /// `"daily":[{"date":"20261101","sent":5,…},…]` in the message.
    Rows,
    /// `"daily":{"20261101":{"sent":5,…},…}` in the message.
    Keyed,
    /// The message once for each day, with `"date":"20261101"`.
    Repeated,
}

/// How a message report shows the variants of an A/B test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantForm {
    /// `"variants":[{"variant":"A","sent":5,…},…]` in the message, beside its own totals.
    Nested,
    /// The message once for each variant, with `"variant":"A"`.
    Repeated,
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
            profile_cursor_lifetime: Duration::from_secs(4 * 24 * 60 * 60),
            unknown_event: UnknownEvent::Refused,
            unknown_profile: UnknownProfile::NotFound,
            top_form: TopForm::Typed,
            weekly_form: WeeklyForm::YearAndWeek,
            scheduled_on_form: ScheduledOnForm::Digits,
            daily_form: DailyForm::Rows,
            variant_form: VariantForm::Nested,
            report_slowness: 0.0,
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
