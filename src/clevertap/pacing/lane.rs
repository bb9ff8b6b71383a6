//! The slots of one CleverTap API and the queue in front of them.
//!
//! Order: the highest [`Rank`](super::Rank) first, read at the moment a slot is free, so that raising counts at once. Within a rank
//! start-time fair queuing: every request gets a turn number, the next one of the same party a later one, and the
//! lowest turn goes first. With one party that is first come, first served; with several they alternate, however
//! many requests one of them has queued.
//!
//! A slot is a value. It travels to its taker through a channel, so a taker who has gone away meanwhile drops it, and
//! dropping gives it back: none is lost, whenever a waiter is cancelled.
//!
//! A 429 halves the slots (once per round: requests that were already under way then do not halve them again); each
//! quiet `recovery` period gives one back. There is always at least one, whose return hands out the next, so no timer
//! is needed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Api, Party, RankHandle};
use crate::clevertap::meter;

/// How many parties are remembered at most.
const REMEMBERED_PARTIES: usize = 256;

pub(super) struct Lane {
    account: Arc<str>,
    api: Api,
    /// The configured number of slots.
    slots: usize,
    recovery: Duration,
    state: Mutex<State>,
}

struct State {
    /// Slots in use at once now: `slots`, or fewer after a 429.
    allowed: usize,
    in_flight: usize,
    /// When the slots were last made fewer or one was given back.
    changed: Option<Instant>,
    waiters: Vec<Waiter>,
    next_ticket: u64,
    /// The highest turn handed out so far.
    turn: u64,
    /// The earliest turn that a party may have next; `turn` for one that is not in it.
    next_turn: HashMap<Party, u64>,
}

struct Waiter {
    /// Order of arrival.
    ticket: u64,
    turn: u64,
    rank: RankHandle,
    hand: oneshot::Sender<Slot>,
}

impl Lane {
    pub(super) fn new(account: Arc<str>, api: Api, slots: usize, recovery: Duration) -> Self {
        let slots = slots.max(1);
        let state = State {
            allowed: slots,
            in_flight: 0,
            changed: None,
            waiters: Vec::new(),
            next_ticket: 0,
            turn: 0,
            next_turn: HashMap::new(),
        };
        Self { account, api, slots, recovery, state: Mutex::new(state) }
    }

    pub(super) async fn slot(self: &Arc<Self>, rank: &RankHandle, party: &Party) -> Slot {
        let queued = Instant::now();
        loop {
            let mut place = self.queue(rank, party);
            self.hand_out();
            // The sending half is only ever dropped with its place in the queue, which is still held here.
            if let Ok(slot) = (&mut place.hand).await {
                meter::waited(&self.account, self.api, rank.get(), queued.elapsed());
                return slot;
            }
        }
    }

    fn queue(self: &Arc<Self>, rank: &RankHandle, party: &Party) -> Place {
        let (hand, taker) = oneshot::channel();
        let mut state = self.state.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.forget_parties();
        let turn = state.next_turn.get(party).copied().unwrap_or(0).max(state.turn);
        state.next_turn.insert(Arc::clone(party), turn + 1);
        state.waiters.push(Waiter { ticket, turn, rank: rank.clone(), hand });
        Place { lane: Arc::clone(self), ticket, hand: taker }
    }

    /// Gives free slots to those whose turn it is.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let next = self.state.lock().next(self);
            let Some((hand, slot)) = next else { return };
            // Outside the lock: when the taker has gone, the slot comes back here and its drop hands it out again.
            drop(hand.send(slot));
        }
    }

    fn release(self: &Arc<Self>) {
        let in_flight = {
            let mut state = self.state.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            state.in_flight
        };
        meter::in_flight(&self.account, self.api, in_flight);
        self.hand_out();
    }

    fn lower(&self, begun: Instant, now: Instant) {
        let mut state = self.state.lock();
        if state.changed.is_some_and(|changed| changed > begun) && state.allowed < self.slots {
            return;
        }
        state.allowed = (state.allowed / 2).max(1);
        state.changed = Some(now);
        meter::slots(&self.account, self.api, state.allowed);
    }
}

impl State {
    /// The waiter whose turn it is with a slot for it, if one is free.
    fn next(&mut self, lane: &Arc<Lane>) -> Option<(oneshot::Sender<Slot>, Slot)> {
        self.recover(lane, Instant::now());
        if self.in_flight >= self.allowed {
            return None;
        }
        let waiting = self.waiters.iter().enumerate().filter(|(_, waiter)| !waiter.hand.is_closed());
        let (index, _) = waiting.min_by_key(|(_, waiter)| (waiter.rank.get(), waiter.turn, waiter.ticket))?;
        let waiter = self.waiters.swap_remove(index);
        self.turn = self.turn.max(waiter.turn);
        self.in_flight += 1;
        meter::in_flight(&lane.account, lane.api, self.in_flight);
        Some((waiter.hand, Slot { lane: Arc::clone(lane), begun: Instant::now() }))
    }

    /// Nobody has a claim on an idle lane. On a busy one the memory is bounded all the same: what it costs is one
    /// round of fairness, once in a few hundred parties.
    fn forget_parties(&mut self) {
        if self.in_flight == 0 && self.waiters.is_empty() {
            self.next_turn.clear();
        } else if self.next_turn.len() >= REMEMBERED_PARTIES {
            let reached = self.turn;
            self.next_turn.retain(|_, next| *next > reached);
            if self.next_turn.len() >= REMEMBERED_PARTIES {
                self.next_turn.clear();
            }
        }
    }

    fn recover(&mut self, lane: &Lane, now: Instant) {
        let Some(mut changed) = self.changed else { return };
        while self.allowed < lane.slots && now.saturating_duration_since(changed) >= lane.recovery {
            self.allowed += 1;
            changed += lane.recovery.max(Duration::from_millis(1));
            meter::slots(&lane.account, lane.api, self.allowed);
        }
        self.changed = Some(changed);
    }
}

/// A place in the queue; leaving it early frees nothing but the place.
struct Place {
    lane: Arc<Lane>,
    ticket: u64,
    hand: oneshot::Receiver<Slot>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lane.state.lock().waiters.retain(|waiter| waiter.ticket != self.ticket);
    }
}

/// The right to have one request under way. Dropping it lets the next one go.
pub(in crate::clevertap) struct Slot {
    lane: Arc<Lane>,
    begun: Instant,
}

impl Slot {
    /// CleverTap said "too many" to the request of this slot: use fewer for a while.
    pub(in crate::clevertap) fn too_many(&self) {
        self.lane.lower(self.begun, Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.lane.release();
    }
}

#[cfg(test)]
mod tests;
