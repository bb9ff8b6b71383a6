//! The rows of one event and period, as they were when they were asked for.

use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;

use super::deeds::Deeds;
use super::filter::Filters;
use super::shop::day::Day;
use super::shop::{Flags, Place, Shop};
use super::sweep::key_of_row;

/// Rows of a period, each with a number from 0 in time order. Making it is cheap as long as nothing is filtered: no
/// row is written before it is asked for.
pub struct Export {
    shop: Arc<Shop>,
    /// Which of the shop's events; none for one that exists only because a test put records there.
    kind: Option<usize>,
    pub flags: Flags,
    /// The day of the export, in days since 1970.
    today: i64,
    segments: Vec<Segment>,
    total: u64,
    /// The rows that passed a filter; `None` for all.
    kept: Option<Vec<u64>>,
}

/// The rows of one day.
struct Segment {
    /// Number of its first row.
    start: u64,
    day: Day,
    /// Rows of the shop on the whole day, and how many of them have happened.
    whole: u32,
    visible: u32,
    /// Rows that a test put there; they come after the shop's.
    given: Vec<Bytes>,
}

/// A row that has not been written yet.
#[derive(Clone, Copy)]
pub enum Row<'a> {
    Shop(Place<'a>),
    /// Put there by a test, as it is.
    Given(&'a Bytes),
}

impl Export {
    pub fn new(shop: Arc<Shop>, kind: Option<usize>, flags: Flags, today: i64) -> Self {
        Self { shop, kind, flags, today, segments: Vec::new(), total: 0, kept: None }
    }

    /// Adds the shop's rows of a day up to a moment (Unix seconds). Days are added in their order.
    pub fn add_shop_day(&mut self, day: Day, moment: i64) {
        let Some(kind) = self.kind else { return };
        let (whole, visible) = (self.shop.whole_day(kind, &day), self.shop.until(kind, &day, moment));
        self.segments.push(Segment { start: self.total, day, whole, visible, given: Vec::new() });
        self.total += u64::from(visible);
    }

    pub fn add_given(&mut self, day: Day, given: Vec<Bytes>) {
        let count = given.len() as u64;
        self.segments.push(Segment { start: self.total, day, whole: 0, visible: 0, given });
        self.total += count;
    }

    /// Lets only those rows stay that the filters admit, by people who did what they ask for. To be called when all
    /// days have been added.
    pub fn keep(&mut self, filters: &Filters, deeds: &Deeds) {
        if filters.is_empty() {
            return;
        }
        let mut record = Vec::new();
        let kept: Vec<u64> = (0..self.total)
            .filter(|number| {
                let Some((_, row)) = self.row(*number) else { return false };
                record.clear();
                self.write_row(row, Flags::LEAN, &mut record);
                filters.admit(&record) && (deeds.is_empty() || deeds.admit(key_of_row(&self.shop, row).as_deref()))
            })
            .collect();
        self.total = kept.len() as u64;
        self.kept = Some(kept);
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// Every row with the day it belongs to, in time order.
    pub fn rows(&self) -> impl Iterator<Item = (Date, Row<'_>)> {
        (0..self.total).filter_map(|number| self.row(number))
    }

    /// Appends the JSON of row `number`; nothing for a row that does not exist.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        if let Some((_, row)) = self.row(number) {
            self.write_row(row, self.flags, out);
        }
    }

    pub fn write_row(&self, row: Row<'_>, flags: Flags, out: &mut Vec<u8>) {
        match row {
            Row::Shop(place) => self.shop.write(place, self.today, flags, out),
            Row::Given(record) => out.extend_from_slice(record),
        }
    }

    fn row(&self, number: u64) -> Option<(Date, Row<'_>)> {
        let number = match &self.kept {
            Some(kept) => *kept.get(usize::try_from(number).ok()?)?,
            None => number,
        };
        let after = self.segments.partition_point(|segment| segment.start <= number);
        let segment = after.checked_sub(1).and_then(|at| self.segments.get(at))?;
        let index = number - segment.start;
        let row = if index < u64::from(segment.visible) {
            Row::Shop(Place { kind: self.kind?, day: &segment.day, index: index as u32, whole: segment.whole })
        } else {
            Row::Given(segment.given.get((index - u64::from(segment.visible)) as usize)?)
        };
        Some((segment.day.date, row))
    }
}

/// The days of a period that lie within a window, in order.
pub fn days_within(first: Date, last: Date, window: (Date, Date)) -> impl Iterator<Item = Date> {
    let (first, last) = (first.max(window.0), last.min(window.1));
    std::iter::successors((first <= last).then_some(first), move |day| day.tomorrow().ok().filter(|next| *next <= last))
}
