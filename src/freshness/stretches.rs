//! A walk's staged cells in ascending stretches of time, each small enough to be sorted in memory.
//!
//! Most walks are one stretch that all of their days share. A large one is cut by the histogram of what was seen:
//! at every day, and within a day wherever the cells so far fill a stretch. One pass over the staged cells deals them
//! to a spill file per stretch.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use super::job::FillError;
use super::load::Loaded;
use crate::flatten::{Assembly, Contract, EventSpec, RawBatch};
use crate::period::day_number;
use crate::store::{Staging, StoreError};

/// Untyped cells that are sorted and typed at once.
const ASSEMBLED_AT_ONCE: u64 = 40 << 20;

/// Bytes of a stretch that stay in memory, so that a walk over many small days opens no file for each.
const HELD: usize = 256 << 10;

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MICROS_PER_DAY: i64 = 24 * 60 * MICROS_PER_MINUTE;

/// The cells of a walk, by day.
pub(super) enum Stretches {
    /// All of them, for every day.
    Whole(Arc<Vec<RawBatch>>),
    Cut(BTreeMap<Date, VecDeque<Staging>>),
}

impl Stretches {
    /// Whether the walk is too large to be sorted at once.
    pub fn is_cut(walk: &Loaded) -> bool {
        walk.bytes > ASSEMBLED_AT_ONCE
    }

    pub fn of(walk: &Loaded, spill: &Path) -> Result<Self, FillError> {
        if !Self::is_cut(walk) {
            return Ok(Self::Whole(Arc::new(raws(&walk.staged)?)));
        }
        let cuts = cuts(walk);
        let bounds: Vec<i64> = cuts.iter().skip(1).map(|(_, start)| *start).collect();
        let mut stretches: Vec<Staging> = cuts.iter().map(|_| Staging::new(spill, HELD)).collect();
        for batch in walk.staged.read()? {
            let parts = RawBatch::try_from(batch?)?.split_by_time(&bounds)?;
            for (stretch, part) in stretches.iter_mut().zip(parts) {
                if part.rows() > 0 {
                    stretch.push(part.into())?;
                }
            }
        }
        let mut days: BTreeMap<Date, VecDeque<Staging>> = BTreeMap::new();
        for ((day, _), stretch) in cuts.into_iter().zip(stretches) {
            days.entry(day).or_default().push_back(stretch);
        }
        Ok(Self::Cut(days))
    }

    /// The rows of one day, typed and in order, made as they are taken. A day can be taken once.
    pub fn rows_of(&mut self, day: Date, contract: Arc<Contract>, spec: Arc<EventSpec>) -> DayRows {
        let parts = match self {
            Self::Whole(raws) => VecDeque::from([Part::Held(raws.clone())]),
            Self::Cut(days) => days.remove(&day).unwrap_or_default().into_iter().map(Part::Staged).collect(),
        };
        DayRows { parts, contract, spec, day, open: None }
    }
}

/// Where stretches begin: the day, and the local time in microseconds.
fn cuts(walk: &Loaded) -> Vec<(Date, i64)> {
    let bytes_per_row = walk.bytes / walk.rows().max(1) + 1;
    let rows_at_once = (ASSEMBLED_AT_ONCE / bytes_per_row).max(1);
    let mut cuts = Vec::new();
    for (day, seen) in walk.seen.days() {
        let midnight = i64::from(day_number(day)) * MICROS_PER_DAY;
        cuts.push((day, midnight));
        let mut rows = 0;
        for (minute, count) in seen.minutes.iter() {
            if rows > 0 && rows + u64::from(count) > rows_at_once {
                cuts.push((day, midnight + i64::from(minute) * MICROS_PER_MINUTE));
                rows = 0;
            }
            rows += u64::from(count);
        }
    }
    cuts
}

fn raws(staged: &Staging) -> Result<Vec<RawBatch>, FillError> {
    staged.read()?.map(|batch: Result<RecordBatch, StoreError>| Ok(RawBatch::try_from(batch?)?)).collect()
}

enum Part {
    Held(Arc<Vec<RawBatch>>),
    Staged(Staging),
}

/// The rows of a day. An error ends them.
pub(super) struct DayRows {
    parts: VecDeque<Part>,
    contract: Arc<Contract>,
    spec: Arc<EventSpec>,
    day: Date,
    /// The part whose rows are being given out.
    open: Option<Assembly>,
}

impl DayRows {
    /// The rows of the next part; `None` behind the last one.
    fn following(&mut self) -> Result<Option<Assembly>, FillError> {
        let of = |raws: &[RawBatch]| Assembly::new(&self.contract, &self.spec, raws, self.day);
        Ok(match self.parts.pop_front() {
            None => None,
            Some(Part::Held(raws)) => Some(of(&raws)?),
            Some(Part::Staged(staged)) => Some(of(&raws(&staged)?)?),
        })
    }
}

impl Iterator for DayRows {
    type Item = Result<RecordBatch, FillError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.open.as_mut().and_then(Assembly::next) {
                return Some(batch.map_err(FillError::from));
            }
            // The cells of the part before go first, so that those of two parts are never held together.
            self.open = None;
            match self.following() {
                Ok(None) => return None,
                Ok(open) => self.open = open,
                Err(error) => {
                    self.parts.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}
