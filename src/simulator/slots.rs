//! Requests in flight, per account and API: CleverTap allows three.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::endpoint::Api;

type Key = (String, Api);

/// Counts requests in flight. Clones count together.
#[derive(Clone, Default)]
pub struct Slots(Arc<Mutex<HashMap<Key, Flight>>>);

#[derive(Clone, Copy, Default)]
struct Flight {
    now: usize,
    most: usize,
}

/// One request in flight, until dropped.
pub struct Slot {
    slots: Slots,
    key: Key,
    /// How many there were, this one included.
    pub in_flight: usize,
}

impl Slots {
    pub fn take(&self, account: &str, api: Api) -> Slot {
        let key = (account.to_owned(), api);
        let mut flights = self.0.lock();
        let flight = flights.entry(key.clone()).or_default();
        flight.now += 1;
        flight.most = flight.most.max(flight.now);
        Slot { slots: self.clone(), key, in_flight: flight.now }
    }

    /// The most there ever were at once for one account, refused ones included.
    pub fn most(&self, api: Api) -> usize {
        self.0.lock().iter().filter(|((_, of), _)| *of == api).map(|(_, flight)| flight.most).max().unwrap_or(0)
    }

    /// Forgets the past; what is in flight stays in flight.
    pub fn forget(&self) {
        self.0.lock().values_mut().for_each(|flight| flight.most = flight.now);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(flight) = self.slots.0.lock().get_mut(&self.key) {
            flight.now = flight.now.saturating_sub(1);
        }
    }
}
