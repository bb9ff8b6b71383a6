//! The caller's view: which columns they get, and which of those are hashed.
//!
//! The view is part of the plan and is built before anything of the caller's is applied, so that no filter, order or
//! query of theirs can see past it. Two callers with the same rights have equal views and share answers.

use std::sync::Arc;

use crate::auth::Granted;
use crate::auth::policy::{self, Treatment};
use crate::config::{PiiConfig, PiiMode};
use crate::table::Column;

/// How personal columns come to this caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    mode: PiiMode,
    /// Columns that are personal besides the known ones.
    configured: Arc<[String]>,
}

impl View {
    pub fn of(granted: &Granted, pii: &PiiConfig) -> Self {
        Self { mode: granted.pii(), configured: pii.columns.as_slice().into() }
    }

    pub fn mode(&self) -> PiiMode {
        self.mode
    }

    /// What happens to this column on its way to the caller.
    pub fn treatment(&self, column: &Column) -> Treatment {
        policy::treatment(column, self.mode, &self.configured)
    }

    pub fn is_personal(&self, column: &Column) -> bool {
        policy::is_personal(column, &self.configured)
    }
}
