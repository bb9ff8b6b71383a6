//! How urgent a piece of work is, and a handle to make it more urgent while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The order in which waiting work gets slots; the first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Somebody waits at a BI tool.
    Waiting,
    /// A refresh on schedule.
    Scheduled,
    /// History that nobody waits for.
    Backfill,
}

impl Rank {
    /// The `rank` label of the metrics.
    pub(in crate::clevertap) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scheduled => "scheduled",
            Self::Backfill => "backfill",
        }
    }
}

/// The rank of work that is under way. All clones are the same rank: raised once, it counts for every walk that was
/// started with it, and for requests that already wait for a slot.
#[derive(Clone, Debug)]
pub struct RankHandle(Arc<AtomicU8>);

impl RankHandle {
    pub fn get(&self) -> Rank {
        match self.0.load(Ordering::Relaxed) {
            0 => Rank::Waiting,
            1 => Rank::Scheduled,
            _ => Rank::Backfill,
        }
    }

    /// Makes it at least this urgent; never less urgent than it was.
    pub fn raise(&self, rank: Rank) {
        self.0.fetch_min(rank as u8, Ordering::Relaxed);
    }
}

impl From<Rank> for RankHandle {
    fn from(rank: Rank) -> Self {
        Self(Arc::new(AtomicU8::new(rank as u8)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_raised_for_all_clones_and_never_lowered() {
        for rank in [Rank::Waiting, Rank::Scheduled, Rank::Backfill] {
            assert_eq!(RankHandle::from(rank).get(), rank);
        }
        let handle = RankHandle::from(Rank::Backfill);
        let clone = handle.clone();
        handle.raise(Rank::Scheduled);
        assert_eq!(clone.get(), Rank::Scheduled);
        handle.raise(Rank::Backfill);
        assert_eq!(clone.get(), Rank::Scheduled);
    }
}
