//! The rows of one export, as they were when it was opened, and the order in which pages carry them.

use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;

use super::shop::day::Day;
use super::shop::{Flags, Place, Shop};

/// CleverTap spreads a page over this many storage shards.
pub const SHARDS: u64 = 23;
/// Rows of one shard in a page of an export that asked for "no limit". CleverTap knows no such bound; this one
/// keeps a single answer below some 100 MB.
const NO_LIMIT: u64 = 1000;
/// The most rows of one shard in a page: 4,991 in all.
const MOST: u64 = 217;

/// Rows of a period, each with a number from 0 in time order. Making it is cheap: no row is written before it is
/// asked for.
pub struct Export {
    shop: Arc<Shop>,
    /// Which of the shop's events; none for one that exists only because a test put records there.
    kind: Option<usize>,
    flags: Flags,
    /// The day of the export, in days since 1970.
    today: i64,
    segments: Vec<Segment>,
    total: u64,
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

impl Export {
    pub fn new(shop: Arc<Shop>, kind: Option<usize>, flags: Flags, today: i64) -> Self {
        Self { shop, kind, flags, today, segments: Vec::new(), total: 0 }
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

    pub fn total(&self) -> u64 {
        self.total
    }

    /// Appends the JSON of row `number`; nothing for a row that does not exist.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        let after = self.segments.partition_point(|segment| segment.start <= number);
        let Some(segment) = after.checked_sub(1).and_then(|at| self.segments.get(at)) else { return };
        let index = number - segment.start;
        if index < u64::from(segment.visible) {
            if let Some(kind) = self.kind {
                let place = Place { kind, day: &segment.day, index: index as u32, whole: segment.whole };
                self.shop.write(place, self.today, self.flags, out);
            }
        } else if let Some(record) = segment.given.get((index - u64::from(segment.visible)) as usize) {
            out.extend_from_slice(record);
        }
    }

    /// How many pages these rows fill; at least one.
    pub fn pages(&self, size: PageSize) -> u32 {
        let longest = self.total.div_ceil(SHARDS);
        u32::try_from(longest.div_ceil(size.per_shard)).unwrap_or(u32::MAX).max(1)
    }

    /// The rows of a page, in the order of the wire: shard after shard. Every second shard hands out its newest
    /// rows first, so that neither a page nor a walk is in time order and days come mixed.
    pub fn page(&self, page: u32, size: PageSize) -> impl Iterator<Item = u64> {
        let total = self.total;
        let first = u64::from(page) * size.per_shard;
        (0..SHARDS).flat_map(move |shard| {
            let length = (total + SHARDS - 1 - shard) / SHARDS;
            (first.min(length)..(first + size.per_shard).min(length)).map(move |place| {
                let place = if shard % 2 == 0 { place } else { length - 1 - place };
                place * SHARDS + shard
            })
        })
    }
}

/// How many rows a page has, as CleverTap reads `batch_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    per_shard: u64,
}

impl PageSize {
    /// Rounded down to a multiple of 23; below 23 there is no limit, above 5,000 it is 5,000; without one, 4,991.
    pub fn from_batch_size(batch_size: Option<&str>) -> Self {
        let per_shard = match batch_size.map(str::parse::<u64>) {
            None | Some(Err(_)) => MOST,
            Some(Ok(0..SHARDS)) => NO_LIMIT,
            Some(Ok(size)) => (size / SHARDS).min(MOST),
        };
        Self { per_shard }
    }
}

/// The days of a period that lie within a window, in order.
pub fn days_within(first: Date, last: Date, window: (Date, Date)) -> impl Iterator<Item = Date> {
    let (first, last) = (first.max(window.0), last.min(window.1));
    std::iter::successors((first <= last).then_some(first), move |day| day.tomorrow().ok().filter(|next| *next <= last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::config::Rows;

    fn export_of(rows: usize) -> Export {
        let shop = Arc::new(Shop::new(1, "A", 10, Rows::Exactly(0)));
        let mut export = Export::new(shop, None, Flags::LEAN, 0);
        let day = Day::new(jiff::civil::date(2026, 11, 1), &jiff::tz::TimeZone::UTC).unwrap();
        export.add_given(day, vec![Bytes::from_static(b"{}"); rows]);
        export
    }

    #[test]
    fn pages_carry_every_row_once_and_are_multiples_of_23() {
        for rows in [0, 1, 22, 23, 24, 46, 47, 1000] {
            let export = export_of(rows);
            let size = PageSize::from_batch_size(Some("50"));
            let pages: Vec<Vec<u64>> = (0..export.pages(size)).map(|page| export.page(page, size).collect()).collect();
            let mut all: Vec<u64> = pages.iter().flatten().copied().collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..rows as u64), "{rows}");
            let full = pages.len() - 1;
            assert!(pages.iter().take(full).all(|page| page.len() == 46), "{rows}");
        }
    }

    #[test]
    fn a_batch_size_is_read_as_clevertap_reads_it() {
        let rows = |batch_size| export_of(6000).page(0, PageSize::from_batch_size(batch_size)).count();
        assert_eq!(rows(Some("25")), 23);
        assert_eq!(rows(Some("50")), 46);
        assert_eq!(rows(Some("5")), 6000);
        assert_eq!(rows(Some("5000")), 4991);
        assert_eq!(rows(Some("50000")), 4991);
        assert_eq!(rows(None), 4991);
    }
}
