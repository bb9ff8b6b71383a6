//! The columns of a table: names, types, order. They only ever grow.
//!
//! In: what a fill has seen. Out: the same contract with further columns at its end. A new property gets the type that
//! holds everything this fill has of it; a property that is known keeps its type (integer may widen to number), and
//! values that do not fit get a sibling column `<name>_text`. New columns are in the order of first sight, a sibling's
//! being that of the first value that did not fit.
//!
//! The columns themselves are all there is to know, so a contract that was stored and read back grows exactly as the
//! one in memory would have. A property that was only ever null has no type and no column.
//!
//! Tables other than `events` have fixed columns of their own. The records they are made of hold these by name in
//! `event_props`; see [`Contract::of`].

use std::collections::{HashMap, HashSet};

use super::error::{FlattenError, MAX_COLUMNS};
use super::kinds::{Kind, settle};
use super::names::{Names, wanted};
use super::seen::{Seen, Sight};
use crate::table::{Column, ColumnType, Origin};

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    columns: Vec<Column>,
}

/// A contract that knows everything in what was seen.
#[derive(Clone, Debug)]
pub struct Growth {
    pub contract: Contract,
    /// How many columns are new; they are at the end.
    pub added: usize,
    /// Names of the columns that were integer and are number now: their stored days must be rewritten.
    pub widened: Vec<String>,
}

/// The fixed columns of contract 5.2: name, type, whether it can be null, source.
const FIXED: [(&str, ColumnType, bool, &str); 17] = [
    ("row_id", ColumnType::Text, false, ""),
    ("event_name", ColumnType::Text, false, ""),
    ("event_time", ColumnType::Timestamp, false, "ts"),
    ("event_time_utc", ColumnType::TimestampUtc, false, "ts"),
    ("event_date", ColumnType::Date, false, "ts"),
    ("ts", ColumnType::Integer, false, "ts"),
    ("object_id", ColumnType::Text, true, "profile.objectId"),
    ("identity", ColumnType::Text, true, "profile.identity"),
    ("email", ColumnType::Text, true, "profile.email"),
    ("phone", ColumnType::Text, true, "profile.phone"),
    ("name", ColumnType::Text, true, "profile.name"),
    ("all_identities", ColumnType::Text, true, "profile.all_identities"),
    ("platform", ColumnType::Text, true, "profile.platform"),
    ("make", ColumnType::Text, true, "profile.make"),
    ("model", ColumnType::Text, true, "profile.model"),
    ("os_version", ColumnType::Text, true, "profile.os_version"),
    ("app_version", ColumnType::Text, true, "profile.app_version"),
];

impl Contract {
    /// The fixed columns alone: a table before its first load.
    pub fn events() -> Self {
        let fixed = FIXED.iter().map(|(name, kind, nullable, source)| Column::fixed(name, *kind, *nullable, source));
        Self { columns: fixed.collect() }
    }

    /// A table other than `events` before its first load: these fixed columns alone.
    ///
    /// Its records hold the cell of the fixed column `NAME` at `event_props.NAME`, except those that `ts` gives (see
    /// [`FROM_TIME`]). Such a cell must be of the column's type, else assembling fails: text, number, boolean and JSON
    /// as JSON says, a date as `"2026-11-01"`, a local timestamp as `"2026-11-01T12:00:00"`, a UTC one as
    /// `"$D_<seconds>"`.
    pub fn of(fixed: Vec<Column>) -> Self {
        Self { columns: fixed }
    }

    /// The contract of a table that exists, from its columns in their order.
    pub fn from_columns(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// This contract with a place for everything that was seen. Growing again with the same changes nothing.
    ///
    /// Errors: `TooManyColumns`.
    pub fn grow(&self, seen: &Seen) -> Result<Growth, FlattenError> {
        let mut columns = self.columns.clone();
        let mut widened = Vec::new();
        let mut fresh = Vec::new();
        let places = Places::of(&self.columns);
        for path in seen.paths() {
            let keys = path.keys.as_slice();
            if places.is_fixed(keys) {
                continue;
            }
            let Some(own) = places.own.get(keys).and_then(|index| columns.get_mut(*index)) else {
                if let Some(sight) = path.first_of(path.kinds()) {
                    fresh.push(Fresh { sight, keys, kind: settle(path.kinds()), sibling_of: None });
                }
                continue;
            };
            let fraction = |kind| matches!(kind, Kind::Fraction | Kind::TextFraction);
            if own.kind == ColumnType::Integer && path.kinds().any(fraction) {
                own.kind = ColumnType::Number;
                widened.push(own.name.clone());
            }
            let unfit = path.kinds().filter(|kind| !kind.fits(own.kind));
            if let Some(sight) = path.first_of(unfit)
                && !places.siblings.contains_key(keys)
            {
                fresh.push(Fresh { sight, keys, kind: ColumnType::Text, sibling_of: Some(own.name.clone()) });
            }
        }
        if columns.len() + fresh.len() > MAX_COLUMNS {
            return Err(FlattenError::TooManyColumns);
        }
        fresh.sort_unstable_by(|one, other| (one.sight, one.keys).cmp(&(other.sight, other.keys)));
        let mut names = Names::new(columns.iter().map(|column| column.name.clone()));
        let added = fresh.len();
        for Fresh { keys, kind, sibling_of, .. } in fresh {
            let keys = keys.to_vec();
            let (name, origin) = match sibling_of {
                None => (wanted(&keys), Origin::Property(keys)),
                Some(own) => (format!("{own}_text"), Origin::Sibling(keys)),
            };
            columns.push(Column { name: names.take(name), kind, nullable: true, origin });
        }
        Ok(Growth { contract: Self { columns }, added, widened })
    }
}

/// A column to come.
struct Fresh<'a> {
    sight: Sight,
    keys: &'a [String],
    kind: ColumnType,
    /// The name of the column whose values do not all fit.
    sibling_of: Option<String>,
}

/// The fixed columns of any table that `ts` gives.
pub(super) const FROM_TIME: [&str; 4] = ["event_time", "event_time_utc", "event_date", "ts"];
/// Where a record holds the cells of the fixed columns of a table other than `events`.
pub(super) const FIXED_CELLS: &str = "event_props";

/// Where the columns of a property are.
pub(super) struct Places<'a> {
    pub own: HashMap<&'a [String], usize>,
    pub siblings: HashMap<&'a [String], usize>,
    /// The fixed columns whose cells are in [`FIXED_CELLS`]: none in an `events` table, where an event property may
    /// well have the name of a fixed column.
    pub fixed: HashSet<&'a str>,
}

impl<'a> Places<'a> {
    pub fn of(columns: &'a [Column]) -> Self {
        let mut places = Self { own: HashMap::new(), siblings: HashMap::new(), fixed: HashSet::new() };
        for (index, column) in columns.iter().enumerate() {
            match &column.origin {
                Origin::Property(keys) => drop(places.own.insert(keys, index)),
                Origin::Sibling(keys) => drop(places.siblings.insert(keys, index)),
                Origin::Fixed(_) => drop(places.fixed.insert(&column.name)),
            }
        }
        // Only an `events` table has all of these.
        if FIXED.iter().all(|(name, ..)| places.fixed.contains(name)) {
            places.fixed.clear();
        }
        places.fixed.retain(|name| !FROM_TIME.contains(name));
        places
    }

    /// Whether these keys are the place of a fixed column's cells.
    fn is_fixed(&self, keys: &[String]) -> bool {
        matches!(keys, [section, name] if section == FIXED_CELLS && self.fixed.contains(name.as_str()))
    }
}
