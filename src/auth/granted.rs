//! What somebody who proved themselves may do.

use std::fmt;
use std::sync::Arc;

use super::globs::Globs;
use crate::config::{ANONYMOUS, KeyConfig, PiiMode};

/// The proof that a caller was let in, and what they see. Only this room makes one; every function that reaches data
/// takes `&Granted`. Cheap to clone. Two are equal when caller and rights are.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted(Arc<Grant>);

#[derive(PartialEq, Eq)]
struct Grant {
    caller: String,
    view: View,
    may_refresh: bool,
}

/// What is visible, without whose view it is: callers with equal views may share answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    pub(super) accounts: Globs,
    pub(super) tables: Globs,
    pub(super) events: Globs,
    pub(super) pii: PiiMode,
}

impl View {
    /// What it takes in memory, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + [&self.accounts, &self.tables, &self.events].into_iter().map(Globs::bytes).sum::<usize>()
    }
}

impl Granted {
    pub(super) fn new(caller: String, view: View, may_refresh: bool) -> Self {
        Self(Arc::new(Grant { caller, view, may_refresh }))
    }

    pub(super) fn of_key(key: &KeyConfig) -> Self {
        let view = View {
            accounts: Globs::new(&key.accounts),
            tables: Globs::new(&key.tables),
            events: Globs::new(&key.events),
            pii: key.pii,
        };
        Self::new(key.name.clone(), view, key.refresh)
    }

    /// Everybody, where the configuration lets everybody in: every table, personal columns hashed, nothing to set
    /// going.
    pub(super) fn of_anybody() -> Self {
        let view = View { accounts: Globs::all(), tables: Globs::all(), events: Globs::all(), pii: PiiMode::Hash };
        Self::new(ANONYMOUS.to_owned(), view, false)
    }

    /// Whoever runs the program with its configuration in hand: they hold CleverTap's passcodes anyway.
    pub fn of_operator(pii: PiiMode) -> Self {
        let view = View { accounts: Globs::all(), tables: Globs::all(), events: Globs::all(), pii };
        Self::new("operator".to_owned(), view, true)
    }

    /// The key's name, `jwt:` and the token's subject, or `anonymous`. For logs and for counting a caller's requests.
    pub fn caller(&self) -> &str {
        &self.0.caller
    }

    pub fn view(&self) -> &View {
        &self.0.view
    }

    pub fn sees_account(&self, name: &str) -> bool {
        self.0.view.accounts.matches(name)
    }

    pub fn sees_table(&self, name: &str) -> bool {
        self.0.view.tables.matches(name)
    }

    /// The same caller where a saved query stands between them and the tables.
    pub fn through_view(&self) -> Self {
        let view = View { tables: Globs::all(), ..self.0.view.clone() };
        Self::new(self.0.caller.clone(), view, false)
    }

    pub fn sees_event(&self, name: &str) -> bool {
        self.0.view.events.matches(name)
    }

    /// The globs of their events.
    pub fn events(&self) -> &Globs {
        &self.0.view.events
    }

    /// Whether no event is hidden from them, whatever it is called.
    pub fn sees_all_events(&self) -> bool {
        self.0.view.events.matches_all()
    }

    pub fn pii(&self) -> PiiMode {
        self.0.view.pii
    }

    /// Whether they may have days loaded again.
    pub fn may_refresh(&self) -> bool {
        self.0.may_refresh
    }

    /// A caller for tests of other rooms: everything visible, personal columns as said.
    #[cfg(test)]
    pub fn for_testing(pii: PiiMode) -> Self {
        let mut key = KeyConfig::all_seeing("test", "");
        key.pii = pii;
        key.refresh = true;
        Self::of_key(&key)
    }

    /// A caller for tests of other rooms, with the rights of this key.
    #[cfg(test)]
    pub fn for_testing_key(key: &KeyConfig) -> Self {
        Self::of_key(key)
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("caller", &self.caller()).field("pii", &self.pii()).finish_non_exhaustive()
    }
}
