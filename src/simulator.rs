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
//! Inside, a request passes `door` (credentials, slots, faults) and reaches its `endpoint`, one file each; `walks`
//! and `cursor` remember where a reader is, `export` says which rows are on a page, `shop` writes them.

mod answer;
mod clock;
mod config;
mod connection;
mod cursor;
mod delivery;
mod door;
mod endpoint;
mod event_counts;
mod events_open;
mod events_page;
mod export;
mod faults;
mod given;
mod log;
mod now;
mod question;
mod schema;
mod server;
mod shop;
mod slots;
#[cfg(test)]
mod tests;
mod walks;
mod world;

pub use clock::Clock;
pub use config::{Rows, SimulatedAccount, SimulatorConfig, UnknownEvent};
pub use endpoint::{Api, Endpoint};
pub use faults::{Fault, Faults, Oddity, Place};
pub use log::{Call, CallLog};
pub use shop::Flags;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;

use given::Reading;
use question::EventQuery;
use server::Running;
use world::{Project, World};

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

    /// The first account's current day.
    pub fn today(&self) -> Date {
        self.world.first_project().map_or(Date::ZERO, |project| self.world.today(project))
    }

    /// The first account's first and last day with data. Grows by the hour: the last day is today.
    pub fn window(&self) -> (Date, Date) {
        self.world.first_project().map_or((Date::ZERO, Date::ZERO), |project| self.world.window(project))
    }

    /// The names of the events that can be exported.
    pub fn event_names(&self) -> Vec<String> {
        let mut names: Vec<String> = shop::exported_events().map(|kind| kind.name.to_owned()).collect();
        let given = self.world.given.events().into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>();
        names.extend(given);
        names
    }

    /// The first account's records of an event on a day, in time order, each as an export with
    /// `app=true&events=false&profile=true` would carry it at this moment.
    ///
    /// Bytes that are not UTF-8 are shown as `U+FFFD`.
    pub fn records(&self, event: &str, day: Date) -> Vec<String> {
        self.world.first_project().map_or_else(Vec::new, |project| self.look(project, event, day, Flags::LEAN))
    }

    /// The same for any account and any parts; none for an account that does not exist.
    pub fn records_of(&self, account_id: &str, event: &str, day: Date, flags: Flags) -> Vec<String> {
        self.world.project(account_id).map_or_else(Vec::new, |project| self.look(project, event, day, flags))
    }

    /// How many records the first account has of an event in a period, both ends included.
    pub fn count(&self, event: &str, first: Date, last: Date) -> u64 {
        self.world.first_project().map_or(0, |project| {
            let query = EventQuery { event: event.to_owned(), first, last };
            self.world.export(project, &query, Flags::LEAN, Reading::Look).total()
        })
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

    fn look(&self, project: &Project, event: &str, day: Date, flags: Flags) -> Vec<String> {
        let query = EventQuery { event: event.to_owned(), first: day, last: day };
        let export = self.world.export(project, &query, flags, Reading::Look);
        let mut record = Vec::new();
        (0..export.total())
            .map(|row| {
                record.clear();
                export.write(row, &mut record);
                String::from_utf8_lossy(&record).into_owned()
            })
            .collect()
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
