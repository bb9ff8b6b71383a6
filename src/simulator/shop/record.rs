//! One record, from its place in the day to its bytes.

use super::activity;
use super::day::Day;
use super::devices::Device;
use super::events::EventKind;
use super::json::Json;
use super::people::Person;
use super::random::Random;
use super::{Flags, profile};

/// What an event's own writer gets to see.
pub struct Occurrence<'a, 'out> {
    pub json: Json<'out>,
    pub random: Random,
    pub person: &'a Person,
    pub device: &'a Device,
    /// Days since 1970-01-01.
    pub day: i64,
    /// Unix seconds.
    pub at: i64,
}

impl Occurrence<'_, '_> {
    /// Every tenth day a fraction may turn up in a property that was an integer till then.
    pub fn fractions_today(&self) -> bool {
        self.day.rem_euclid(10) == 3
    }

    /// Every tenth day a text may turn up where there were only numbers.
    pub fn misfits_today(&self) -> bool {
        self.day.rem_euclid(10) == 6
    }
}

/// Everything a record is made of.
pub struct Record<'a> {
    pub seed: u64,
    pub kind: &'a EventKind,
    pub day: &'a Day,
    /// Seconds since the day's first moment.
    pub elapsed: i64,
    /// The day of the export, in days since 1970.
    pub today: i64,
    pub person: Person,
    pub random: Random,
    pub flags: Flags,
}

impl Record<'_> {
    /// Appends the record's JSON to `out`.
    pub fn write(mut self, out: &mut Vec<u8>) {
        let index = self.person.pick_device(&mut self.random);
        let device = Device::of(self.seed, &self.person, index);
        let mut json = Json::new(out);
        json.open();
        profile::write(&mut json, self.seed, &self.person, &device, self.today, self.flags);
        json.integer("ts", self.day.ts(self.elapsed));
        let mut occurrence = Occurrence {
            json,
            random: self.random,
            person: &self.person,
            device: &device,
            day: self.day.number,
            at: self.day.start + self.elapsed,
        };
        (self.kind.write)(&mut occurrence);
        activity::session(&mut occurrence);
        occurrence.json.close();
    }
}
