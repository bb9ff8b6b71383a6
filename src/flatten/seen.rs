//! What a walk, or a whole fill, has seen: kinds and first sight of every property, and a summary of every day.
//!
//! It is what [`super::Contract::grow`] settles types from, so merging is commutative: parallel walks and the order
//! of pages change nothing.

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};

use jiff::civil::Date;

use super::error::{FlattenError, MAX_COLUMNS, MAX_DAYS};
use super::kinds::Kind;
use crate::period::day_from_number;

/// When and where something was first seen: `event_time`, then session, prop, profile, then position in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sight {
    /// Local microseconds.
    pub time: i64,
    /// The section in the upper, the position among the record's properties in the lower half.
    pub place: u64,
}

const NEVER: Sight = Sight { time: i64::MAX, place: u64::MAX };

impl Default for Sight {
    fn default() -> Self {
        NEVER
    }
}

/// What was seen of one property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathSeen {
    /// From the record's root.
    pub keys: Vec<String>,
    firsts: [Sight; Kind::ALL.len()],
}

impl PathSeen {
    fn new(keys: Vec<String>) -> Self {
        Self { keys, firsts: [NEVER; Kind::ALL.len()] }
    }

    /// The keys as one text, which is how raw batches name the property.
    pub fn text(&self) -> String {
        path_text(&self.keys)
    }

    #[inline]
    pub fn note(&mut self, kind: Kind, sight: Sight) {
        let first = &mut self.firsts[kind as usize];
        if sight < *first {
            *first = sight;
        }
    }

    /// The kinds that were seen.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + Clone + '_ {
        Kind::ALL.into_iter().filter(|kind| self.firsts[*kind as usize] < NEVER)
    }

    /// When one of these kinds was first seen.
    pub fn first_of(&self, kinds: impl Iterator<Item = Kind>) -> Option<Sight> {
        kinds.map(|kind| self.firsts[kind as usize]).min().filter(|sight| *sight < NEVER)
    }
}

/// Keys from the record's root as a JSON array.
pub(super) fn path_text(keys: &[String]) -> String {
    serde_json::Value::from(keys).to_string()
}

/// What a walk has seen; of several walks after [`Seen::merge`].
#[derive(Clone, Debug, Default)]
pub struct Seen {
    paths: Vec<PathSeen>,
    index: HashMap<Vec<String>, usize>,
    days: BTreeMap<i32, DaySeen>,
}

impl Seen {
    /// Adds what another walk of the same fill has seen.
    pub fn merge(&mut self, other: &Self) {
        for path in &other.paths {
            let at = *self.index.entry(path.keys.clone()).or_insert_with(|| {
                self.paths.push(PathSeen::new(path.keys.clone()));
                self.paths.len() - 1
            });
            for kind in Kind::ALL {
                self.paths[at].note(kind, path.firsts[kind as usize]);
            }
        }
        for (day, seen) in &other.days {
            self.days.entry(*day).or_default().merge(seen);
        }
    }

    /// The project-local days that events were seen of, ascending.
    pub fn days(&self) -> impl Iterator<Item = (Date, &DaySeen)> {
        self.days.iter().filter_map(|(number, day)| Some((day_from_number(*number)?, day)))
    }

    pub(super) fn paths(&self) -> &[PathSeen] {
        &self.paths
    }

    pub(super) fn paths_mut(&mut self) -> &mut [PathSeen] {
        &mut self.paths
    }

    pub(super) fn path(&mut self, column: u32) -> &mut PathSeen {
        // Columns are only ever numbered by `add_path`.
        &mut self.paths[column as usize]
    }

    /// Numbers a new property.
    pub(super) fn add_path(&mut self, keys: Vec<String>) -> Result<u32, FlattenError> {
        if self.paths.len() >= MAX_COLUMNS {
            return Err(FlattenError::TooManyColumns);
        }
        let column = self.paths.len();
        self.index.insert(keys.clone(), column);
        self.paths.push(PathSeen::new(keys));
        Ok(column as u32)
    }

    pub(super) fn day(&mut self, number: i32) -> Result<&mut DaySeen, FlattenError> {
        let full = self.days.len() >= MAX_DAYS;
        match self.days.entry(number) {
            Entry::Occupied(day) => Ok(day.into_mut()),
            Entry::Vacant(_) if full => Err(FlattenError::TooManyDays),
            Entry::Vacant(day) => Ok(day.insert(DaySeen::default())),
        }
    }
}

/// A summary of one project-local day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaySeen {
    pub rows: u64,
    /// The wrapping sum of XXH3-128 over each record's bytes: equal for equal records in any order.
    pub content: u128,
    pub minutes: Minutes,
}

impl DaySeen {
    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.content = self.content.wrapping_add(other.content);
        for (minute, rows) in other.minutes.iter() {
            self.minutes.add(minute, rows);
        }
    }
}

/// Events per minute of a day. Hours without events take no room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minutes([Option<Box<[u32; 60]>>; 24]);

impl Minutes {
    /// The minutes that have events (0 to 1439) and how many, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        self.0.iter().enumerate().flat_map(|(hour, minutes)| {
            let minutes = minutes.iter().flat_map(|minutes| minutes.iter().enumerate());
            minutes.filter(|(_, rows)| **rows > 0).map(move |(minute, rows)| ((hour * 60 + minute) as u16, *rows))
        })
    }

    pub(super) fn add(&mut self, minute: u16, rows: u32) {
        let (hour, minute) = (usize::from(minute / 60), usize::from(minute % 60));
        if let Some(hour) = self.0.get_mut(hour) {
            let cell = &mut hour.get_or_insert_with(|| Box::new([0; 60]))[minute];
            *cell = cell.saturating_add(rows);
        }
    }
}
