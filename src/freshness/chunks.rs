//! Which days the next walk covers.
//!
//! Many tiny days make one walk over their range, few huge days a walk each. Nothing is known at first, so the first
//! walks take one day; what they bring tells how many days come to about [`ROWS_PER_WALK`].

use std::collections::VecDeque;

use jiff::civil::Date;

use crate::period::Days;

/// About four pages: enough that opening a cursor does not dominate, little enough to load again when a walk breaks.
const ROWS_PER_WALK: u64 = 20_000;
/// A month, the longest range that CleverTap's own tools ask for.
const DAYS_PER_WALK: usize = 31;

/// The days still to be walked, newest first: those are what dashboards look at.
#[derive(Debug)]
pub struct Chunks {
    days: VecDeque<Date>,
    rows: u64,
    walked: u64,
    walkers: usize,
    /// Most days of one walk, where that does not depend on their rows.
    stride: Option<usize>,
}

impl Chunks {
    pub fn new(mut days: Vec<Date>, walkers: usize, stride: Option<usize>) -> Self {
        days.sort_unstable_by(|a, b| b.cmp(a));
        Self { days: days.into(), rows: 0, walked: 0, walkers: walkers.max(1), stride }
    }

    /// Takes the next run of neighbouring days.
    pub fn take(&mut self) -> Option<Days> {
        let last = self.days.pop_front()?;
        let mut first = last;
        let wanted = self.size();
        let mut taken = 1;
        while taken < wanted && self.days.front().is_some_and(|next| next.tomorrow().is_ok_and(|day| day == first)) {
            first = self.days.pop_front().unwrap_or(first);
            taken += 1;
        }
        Days::new(first, last)
    }

    /// What a finished walk brought.
    pub fn learn(&mut self, days: Days, rows: u64) {
        self.walked += days.count() as u64;
        self.rows += rows;
    }

    /// Gives up the rest, for a failure that every further walk would meet too.
    pub fn give_up(&mut self) -> Vec<Date> {
        self.days.drain(..).collect()
    }

    fn size(&self) -> usize {
        if let Some(stride) = self.stride {
            return stride;
        }
        if self.walked == 0 {
            return 1;
        }
        let rows_per_day = (self.rows / self.walked).max(1);
        let by_rows = usize::try_from(ROWS_PER_WALK / rows_per_day).unwrap_or(DAYS_PER_WALK);
        // The last days are shared among the walkers, so that none idles while another has a month before it.
        let by_share = (self.days.len() + 1).div_ceil(self.walkers);
        by_rows.min(by_share).clamp(1, DAYS_PER_WALK)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn days(first: Date, count: usize) -> Vec<Date> {
        first.series(jiff::ToSpan::days(1)).take(count).collect()
    }

    #[test]
    fn the_first_walk_takes_one_day_and_the_newest() {
        let mut chunks = Chunks::new(days(date(2026, 1, 1), 90), 2, None);
        assert_eq!(chunks.take(), Some(Days::one(date(2026, 3, 31))));
    }

    #[test]
    fn tiny_days_share_a_walk_and_huge_days_do_not() {
        let mut tiny = Chunks::new(days(date(2026, 1, 1), 90), 2, None);
        let first = tiny.take().unwrap();
        tiny.learn(first, 10);
        assert_eq!(tiny.take().unwrap().count(), 31);

        let mut huge = Chunks::new(days(date(2026, 1, 1), 90), 2, None);
        let first = huge.take().unwrap();
        huge.learn(first, 1_000_000);
        assert_eq!(huge.take().unwrap().count(), 1);
    }

    #[test]
    fn a_walk_never_spans_a_gap_and_every_day_is_taken_once() {
        let mut wanted = days(date(2026, 1, 1), 5);
        wanted.extend(days(date(2026, 1, 10), 40));
        let mut chunks = Chunks::new(wanted.clone(), 2, None);
        let mut taken = Vec::new();
        while let Some(chunk) = chunks.take() {
            chunks.learn(chunk, 0);
            taken.extend(chunk.iter());
        }
        taken.sort_unstable();
        assert_eq!(taken, wanted);
    }

    #[test]
    fn a_stride_cuts_whatever_the_rows_are() {
        let mut chunks = Chunks::new(days(date(2026, 1, 1), 30), 2, Some(14));
        let sizes: Vec<usize> = std::iter::from_fn(|| chunks.take()).map(Days::count).collect();
        assert_eq!(sizes, [14, 14, 2]);
    }

    #[test]
    fn giving_up_leaves_nothing() {
        let mut chunks = Chunks::new(days(date(2026, 1, 1), 5), 2, None);
        chunks.take();
        assert_eq!(chunks.give_up().len(), 4);
        assert_eq!(chunks.take(), None);
    }
}
