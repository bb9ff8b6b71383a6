//! How many requests may be under way, and whose is next.
//!
//! CleverTap counts requests in flight per account and per API, shared with every other tool of the project. So each
//! [`Api`] has its own [`lane`] of slots; a request takes one before it is sent and gives it back when its answer is
//! there or it was dropped. Waiting requests are ordered by [`Rank`], then fairly between events.

mod lane;
mod rank;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use lane::Lane;
pub(super) use lane::Slot;
pub use rank::{Rank, RankHandle};

/// A CleverTap API that has slots of its own; also its name in metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Api(pub(super) &'static str);

/// Among whom turns are taken within a rank: the event that is asked for, so that a long load of one event does not
/// hold up the short load of another.
pub(super) type Party = Arc<str>;

/// The slots of one account.
pub(super) struct Pacing {
    account: Arc<str>,
    slots: usize,
    recovery: Duration,
    lanes: Mutex<HashMap<Api, Arc<Lane>>>,
}

impl Pacing {
    /// `slots` per API, at least one. `recovery`: how long after a 429 until one slot comes back.
    pub(super) fn new(account: Arc<str>, slots: usize, recovery: Duration) -> Self {
        Self { account, slots, recovery, lanes: Mutex::default() }
    }

    /// Waits for a slot. Dropping the future gives up the place in the queue.
    pub(super) async fn slot(&self, api: Api, rank: &RankHandle, party: &Party) -> Slot {
        let lane = Arc::clone(
            self.lanes
                .lock()
                .entry(api)
                .or_insert_with(|| Arc::new(Lane::new(Arc::clone(&self.account), api, self.slots, self.recovery))),
        );
        lane.slot(rank, party).await
    }
}
