//! Records that a test puts on the wire, byte by byte as it wants them.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::civil::Date;
use parking_lot::Mutex;

/// Records by event and day; the same for every account.
#[derive(Default)]
pub struct Given(Mutex<BTreeMap<String, BTreeMap<Date, DayGiven>>>);

#[derive(Default)]
struct DayGiven {
    /// The shop's own records of that day are not shown.
    instead: bool,
    records: Vec<Bytes>,
    late: Vec<Late>,
    /// How often an export of this day has been opened since a late record was added.
    reads: u32,
}

struct Late {
    after_reads: u32,
    record: Bytes,
}

/// What a test has put on one day.
pub struct Added {
    pub instead: bool,
    pub records: Vec<Bytes>,
}

/// Whether looking at a day counts as reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Export,
    Look,
}

impl Given {
    /// Replaces everything there is on this day.
    pub fn set(&self, event: &str, day: Date, records: Vec<Bytes>) {
        self.change(event, day, |given| *given = DayGiven { instead: true, records, ..DayGiven::default() });
    }

    /// Adds to what there is.
    pub fn add(&self, event: &str, day: Date, records: Vec<Bytes>) {
        self.change(event, day, |given| given.records.extend(records));
    }

    /// Adds a record that shows up only when the day has been exported so many times.
    pub fn add_late(&self, event: &str, day: Date, record: Bytes, after_reads: u32) {
        self.change(event, day, |given| {
            let after_reads = given.reads.saturating_add(after_reads);
            given.late.push(Late { after_reads, record });
        });
    }

    /// Forgets what was put on this day.
    pub fn clear(&self, event: &str, day: Date) {
        self.change(event, day, |given| *given = DayGiven::default());
    }

    pub fn knows(&self, event: &str) -> bool {
        self.0.lock().contains_key(event)
    }

    pub fn events(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }

    /// Everything that was put anywhere, but for what is still late.
    pub fn all(&self) -> Vec<Bytes> {
        self.0.lock().values().flat_map(BTreeMap::values).flat_map(|given| given.records.iter().cloned()).collect()
    }

    /// The days of a period on which something was put.
    pub fn days(&self, event: &str, first: Date, last: Date, reading: Reading) -> BTreeMap<Date, Added> {
        let mut all = self.0.lock();
        let Some(days) = all.get_mut(event).filter(|_| first <= last) else { return BTreeMap::new() };
        days.range_mut(first..=last)
            .map(|(day, given)| {
                let mut records = given.records.clone();
                let late = given.late.iter().filter(|late| late.after_reads <= given.reads);
                records.extend(late.map(|late| late.record.clone()));
                if reading == Reading::Export {
                    given.reads = given.reads.saturating_add(1);
                }
                (*day, Added { instead: given.instead, records })
            })
            .collect()
    }

    fn change(&self, event: &str, day: Date, change: impl FnOnce(&mut DayGiven)) {
        change(self.0.lock().entry(event.to_owned()).or_default().entry(day).or_default());
    }
}
