//! The other side of the wire: a CleverTap that does not exist.
//!
//! There is no CleverTap sandbox. This is the demo's account, the tests' double and the load generator's upstream: an
//! HTTP server with a believable shop behind it ([`shop`]), CleverTap's manners, and everything that is known to go
//! wrong with it at the flick of a switch ([`Faults`]). It shares no code with the gateway, not even its dates: the
//! two meet on the wire only.
//!
//! ```ignore
//! let simulator = Simulator::start(SimulatorConfig::for_testing())?;
//! let url = simulator.base_url();
//! simulator.faults().next(Endpoint::EventsPage, Fault::TooManyRequests);
//! simulator.set_records("Charged", day, [r#"{"ts":20261101124711,"profile":{}}"#]);
//! let expected = simulator.records("Charged", day);
//! let calls = simulator.log().calls_of(Endpoint::EventsPage);
//! ```
//!
//! In: [`SimulatorConfig`]. Out: an address that speaks CleverTap's API, and a [`Simulator`] to look behind the
//! curtain, in process only. The command line is left to `cli`.
//!
//! Events, people, counts, trends and top properties all come from the same records, whether the shop's own or put
//! there by a test, and through the same filters: they agree to the last digit. Campaigns and messages are tales of
//! their own. [`Truth`] tells all of it without the wire.
//!
//! Where nobody knows for certain what CleverTap sends, or where it sends several things, [`SimulatorConfig`] chooses
//! ([`UnknownEvent`], [`UnknownProfile`], [`TopForm`], [`WeeklyForm`], [`ScheduledOnForm`], [`DailyForm`], [`VariantForm`]).
//!
//! Inside, a request passes `door` (credentials, slots, faults) and reaches its `endpoint`, one file each. What the
//! endpoints share: `partial` gives request ids and `walk_page` pages; `walks` and `cursor` remember where a reader is
//! in a `listing`, `paging` says which of its rows are on a page. `export` holds records and `sweep` people, as `filter`
//! and `deeds` admit them; `shop` writes both. `truth` looks at all of it from behind.

mod answer;
mod campaigns;
mod clock;
mod config;
mod connection;
mod cursor;
mod deeds;
mod delivery;
mod door;
mod endpoint;
mod event_counts;
mod events_open;
mod export;
mod faults;
mod filter;
mod given;
mod listing;
mod log;
mod message_report;
mod messages;
mod now;
mod paging;
mod partial;
mod profile;
mod profile_counts;
mod profiles_open;
mod question;
mod schema;
mod server;
mod shop;
mod slots;
mod sweep;
mod targets_list;
mod targets_result;
#[cfg(test)]
mod tests;
mod top;
mod trends;
mod truth;
mod walk_page;
mod walks;
mod world;

pub use campaigns::{Campaign, CampaignReport};
pub use clock::Clock;
pub use config::{
    DailyForm, Rows, ScheduledOnForm, SimulatedAccount, SimulatorConfig, TopForm, UnknownEvent, UnknownProfile,
    VariantForm, WeeklyForm,
};
pub use endpoint::{Api, Endpoint};
pub use faults::{Fault, Faults, Oddity, Place};
pub use log::{Call, CallLog};
pub use messages::{Message, Metric, Metrics, Variant};
pub use shop::Flags;
pub use truth::Truth;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;

use server::Running;
use world::World;

/// A simulated CleverTap that is running. It stops when dropped.
pub struct Simulator {
    world: Arc<World>,
    server: Running,
}

impl Simulator {
    /// Starts one. When this returns, requests are answered. Needs no runtime; works inside one.
    ///
    /// Errors: the address cannot be listened on, or no thread can be started.
    pub fn start(config: SimulatorConfig) -> io::Result<Self> {
        let world = Arc::new(World::new(config));
        let server = Running::start(Arc::clone(&world))?;
        Ok(Self { world, server })
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// `http://127.0.0.1:9099`: what a gateway's `base_url` is set to.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The settings it was started with.
    pub fn config(&self) -> &SimulatorConfig {
        &self.world.config
    }

    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    pub fn log(&self) -> &CallLog {
        &self.world.log
    }

    /// Lets every cursor that was handed out expire.
    pub fn expire_cursors(&self) {
        self.world.walks.expire_all();
    }

    /// Lets every request id that was handed out expire.
    pub fn expire_request_ids(&self) {
        self.world.counts.expire_all();
    }

    /// What is true of an account; `None` when there is no such account. The methods below are about the first one.
    pub fn truth_of(&self, account_id: &str) -> Option<Truth<'_>> {
        self.world.project(account_id).map(|project| Truth::of(&self.world, project))
    }

    /// What is true of the first account; `None` only when the simulator has none.
    pub fn truth(&self) -> Option<Truth<'_>> {
        self.world.first_project().map(|project| Truth::of(&self.world, project))
    }

    /// See [`Truth::today`].
    pub fn today(&self) -> Date {
        self.truth().map_or(Date::ZERO, |truth| truth.today())
    }

    /// See [`Truth::window`].
    pub fn window(&self) -> (Date, Date) {
        self.truth().map_or((Date::ZERO, Date::ZERO), |truth| truth.window())
    }

    /// The names of the events that can be exported.
    pub fn event_names(&self) -> Vec<String> {
        let mut names: Vec<String> = shop::exported_events().map(|kind| kind.name.to_owned()).collect();
        let given = self.world.given.events().into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>();
        names.extend(given);
        names
    }

    /// See [`Truth::records`], with `app=true&events=false&profile=true`.
    pub fn records(&self, event: &str, day: Date) -> Vec<String> {
        self.truth().map_or_else(Vec::new, |truth| truth.records(event, day, Flags::LEAN))
    }

    /// The same for any account and any parts; none for an account that does not exist.
    pub fn records_of(&self, account_id: &str, event: &str, day: Date, flags: Flags) -> Vec<String> {
        self.truth_of(account_id).map_or_else(Vec::new, |truth| truth.records(event, day, flags))
    }

    /// See [`Truth::count`].
    pub fn count(&self, event: &str, first: Date, last: Date) -> u64 {
        self.truth().map_or(0, |truth| truth.count(event, first, last))
    }

    /// See [`Truth::counts_by_day`].
    pub fn counts_by_day(&self, event: &str, first: Date, last: Date) -> BTreeMap<Date, u64> {
        self.truth().map_or_else(BTreeMap::new, |truth| truth.counts_by_day(event, first, last))
    }

    /// See [`Truth::people`].
    pub fn people(&self, event: &str, first: Date, last: Date) -> Vec<String> {
        self.truth().map_or_else(Vec::new, |truth| truth.people(event, first, last))
    }

    /// See [`Truth::active_now`].
    pub fn active_now(&self) -> u64 {
        self.truth().map_or(0, |truth| truth.active_now())
    }

    /// See [`Truth::campaigns`].
    pub fn campaigns(&self) -> Vec<Campaign> {
        self.truth().map_or_else(Vec::new, |truth| truth.campaigns())
    }

    /// See [`Truth::messages`].
    pub fn messages(&self) -> Vec<Message> {
        self.truth().map_or_else(Vec::new, |truth| truth.messages())
    }

    /// Puts these records, and nothing else, on a day, for every account; an event of a new name comes to exist.
    /// They go over the wire as they are, whatever they are.
    pub fn set_records<R: Into<Vec<u8>>>(&self, event: &str, day: Date, records: impl IntoIterator<Item = R>) {
        self.world.given.set(event, day, collect(records));
    }

    /// Adds records to what a day has.
    pub fn add_records<R: Into<Vec<u8>>>(&self, event: &str, day: Date, records: impl IntoIterator<Item = R>) {
        self.world.given.add(event, day, collect(records));
    }

    /// Adds a record that only an export opened after `after_reads` other exports of that day, counted from now,
    /// gets to see.
    pub fn add_late_record(&self, event: &str, day: Date, record: impl Into<Vec<u8>>, after_reads: u32) {
        self.world.given.add_late(event, day, Bytes::from(record.into()), after_reads);
    }

    /// Takes back what was set or added on a day: the shop's own records are there again.
    pub fn clear_records(&self, event: &str, day: Date) {
        self.world.given.clear(event, day);
    }

    /// Stops answering. Connections are closed at once.
    pub fn stop(self) {
        drop(self);
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Simulator({})", self.server.address)
    }
}

fn collect<R: Into<Vec<u8>>>(records: impl IntoIterator<Item = R>) -> Vec<Bytes> {
    records.into_iter().map(|record| Bytes::from(record.into())).collect()
}
