//! The caller's view: which columns they get, and which of those are hashed.
//!
//! The view is part of the plan and is built before anything of the caller's is applied, so that no filter, order or
//! query of theirs can see past it. Two callers with the same rights have equal views and share answers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::auth::{Cell, Globs, Granted, Policy};
use crate::catalog::{Filling, TableSpec};
use crate::config::PiiMode;
use crate::request::OwnParameters;
use crate::table::Column;

/// How the columns of one table come to one caller.
#[derive(Clone)]
pub struct View {
    /// The table's name, as in its URL.
    table: &'static str,
    mode: PiiMode,
    /// The events whose rows are seen in tables that speak of several; `None`: all of them.
    events: Option<Globs>,
    /// What becomes of the values that a table lists one a row.
    values: Cell,
    /// One per process.
    policy: Arc<Policy>,
}

impl View {
    pub fn of(granted: &Granted, policy: &Arc<Policy>, spec: &TableSpec, own: &OwnParameters) -> Self {
        let speaks_of_events = matches!(spec.filling, Filling::EventCatalog | Filling::ProfileEvents);
        let events = (speaks_of_events && !granted.sees_all_events()).then(|| granted.events().clone());
        let values = match (spec.filling, own.one("property")) {
            (Filling::PropertyCounts, Some(property)) => {
                policy.values(own.one("property_type").unwrap_or_default(), property, granted.pii())
            }
            _ => Cell::Clear,
        };
        Self { table: spec.name, mode: granted.pii(), events, values, policy: policy.clone() }
    }

    /// Which rows of the table are seen, by their `event_name`; `None`: all of them. Tables that are asked for by event
    /// have rows of that one only, and whether it is seen was judged before.
    pub fn visible_events(&self) -> Option<&Globs> {
        self.events.as_ref()
    }

    /// What becomes of this column on its way to the caller.
    pub fn treatment(&self, column: &Column) -> Cell {
        match self.lists(column) {
            true => self.values,
            false => self.policy.treatment(self.table, column, self.mode),
        }
    }

    /// Whether the column lists the values of the property that was asked for.
    fn lists(&self, column: &Column) -> bool {
        self.values != Cell::Clear && column.name == "value"
    }

    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    pub fn is_personal(&self, column: &Column) -> bool {
        self.lists(column) || self.policy.is_personal(self.table, column)
    }
}

// The policy is the same for everybody, so it tells no two views apart.
impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        (self.table, self.mode, &self.events, self.values) == (other.table, other.mode, &other.events, other.values)
    }
}

impl Eq for View {}

impl Hash for View {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.table, self.mode, &self.events, self.values).hash(state);
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("table", &self.table)
            .field("mode", &self.mode)
            .field("events", &self.events)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}
