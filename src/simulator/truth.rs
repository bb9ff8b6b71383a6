//! What is true of one project, told without the wire: from this a test computes what it expects.
//!
//! In: the simulated world, at the moment of asking. Out: records, people, campaigns and messages one by one, as their
//! endpoints would carry them. Numbers that can be counted from these are left to who asks, but for the plainest.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};

use super::campaigns::{self, Campaign};
use super::export::days_within;
use super::given::Reading;
use super::messages::{self, Message};
use super::now;
use super::question::EventQuery;
use super::schema;
use super::shop::Flags;
use super::shop::day::days_since_epoch;
use super::sweep::Sweep;
use super::world::{Project, World};

/// One project, looked at from behind the curtain. Nothing here counts as reading: no late record comes of it, and the
/// log stays as it is.
#[derive(Clone, Copy)]
pub struct Truth<'a> {
    world: &'a World,
    project: &'a Project,
}

impl<'a> Truth<'a> {
    pub(super) fn of(world: &'a World, project: &'a Project) -> Self {
        Self { world, project }
    }

    pub fn account_id(&self) -> &'a str {
        &self.project.account_id
    }

    /// The project's wall clock.
    pub fn now(&self) -> DateTime {
        self.world.now(self.project)
    }

    pub fn today(&self) -> Date {
        self.world.today(self.project)
    }

    /// The first and the last day with data; the last is today.
    pub fn window(&self) -> (Date, Date) {
        self.world.window(self.project)
    }

    /// The records of an event on a day, in time order, each as an export with these flags would carry it.
    ///
    /// Bytes that are not UTF-8 are shown as `U+FFFD`. Events that can only be counted have records too.
    pub fn records(&self, event: &str, day: Date, flags: Flags) -> Vec<String> {
        let export = self.world.export(self.project, &EventQuery::new(event, day, day), flags, Reading::Look);
        written(export.total(), |row, record| export.write(row, record))
    }

    /// How many records an event has in a period, both ends included.
    pub fn count(&self, event: &str, first: Date, last: Date) -> u64 {
        let query = EventQuery::new(event, first, last);
        self.world.export(self.project, &query, Flags::LEAN, Reading::Look).total()
    }

    /// The same by day; a day without records has 0.
    pub fn counts_by_day(&self, event: &str, first: Date, last: Date) -> BTreeMap<Date, u64> {
        let mut counts: BTreeMap<Date, u64> = days_within(first, last, (first, last)).map(|day| (day, 0)).collect();
        let query = EventQuery::new(event, first, last);
        let export = self.world.export(self.project, &query, Flags::LEAN, Reading::Look);
        export.rows().for_each(|(day, _)| *counts.entry(day).or_default() += 1);
        counts
    }

    /// The people who did an event in a period (both ends included; `"-1"` for any event), each once, as an export of
    /// profiles with all parts would carry them.
    pub fn people(&self, event: &str, first: Date, last: Date) -> Vec<String> {
        let people = self.world.people(self.project, &EventQuery::new(event, first, last));
        let sweep = Sweep::new(Arc::clone(&self.project.shop), &people, days_since_epoch(self.today()), Flags::ALL);
        written(sweep.total(), |number, record| sweep.write(number, record))
    }

    /// All campaigns, the earliest first.
    pub fn campaigns(&self) -> Vec<Campaign> {
        campaigns::of(self.world, self.project)
    }

    /// All messages, the earliest first.
    pub fn messages(&self) -> Vec<Message> {
        messages::of(self.world, self.project)
    }

    /// How many people are active at this moment.
    pub fn active_now(&self) -> u64 {
        now::active(self.world, self.project)
    }

    /// The same by the values of a slice (`user_type`, `session_source`, `browser`, `os`, `device`); nothing for any other.
    pub fn active_now_by(&self, slice: &str) -> BTreeMap<String, u64> {
        now::active_by(self.world, self.project, slice)
    }

    /// The events that the schema lists, each with its status: `Active` or `Discarded`.
    pub fn schema_events(&self) -> Vec<(String, &'static str)> {
        schema::events(self.world)
    }

    /// The profile properties that the schema lists, each with its type.
    pub fn user_properties(&self) -> Vec<(&'static str, &'static str)> {
        schema::USER_PROPERTIES.to_vec()
    }
}

fn written(total: u64, write: impl Fn(u64, &mut Vec<u8>)) -> Vec<String> {
    let mut record = Vec::new();
    (0..total)
        .map(|number| {
            record.clear();
            write(number, &mut record);
            String::from_utf8_lossy(&record).into_owned()
        })
        .collect()
}
