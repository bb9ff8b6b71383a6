//! The caller's view: which columns they get, and which of those are hashed.
//!
//! The view is part of the plan and is built before anything of the caller's is applied, so that no filter, order or
//! query of theirs can see past it. Two callers with the same rights have equal views and share answers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::auth::{Cell, Granted, Policy};
use crate::config::PiiMode;
use crate::table::Column;

/// How the columns of one table come to one caller.
#[derive(Clone)]
pub struct View {
    /// The table's name, as in its URL.
    table: &'static str,
    mode: PiiMode,
    /// One per process.
    policy: Arc<Policy>,
}

impl View {
    pub fn of(granted: &Granted, policy: &Arc<Policy>, table: &'static str) -> Self {
        Self { table, mode: granted.pii(), policy: policy.clone() }
    }

    /// What becomes of this column on its way to the caller.
    pub fn treatment(&self, column: &Column) -> Cell {
        self.policy.treatment(self.table, column, self.mode)
    }

    pub fn is_personal(&self, column: &Column) -> bool {
        self.policy.is_personal(self.table, column)
    }
}

// The policy is the same for everybody, so it tells no two views apart.
impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        (self.table, self.mode) == (other.table, other.mode)
    }
}

impl Eq for View {}

impl Hash for View {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.table, self.mode).hash(state);
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("table", &self.table).field("mode", &self.mode).finish_non_exhaustive()
    }
}
