//! Open cursor walks: what each was opened for, and how far its pages are.
//!
//! Bounded: the walk that was used longest ago makes room for a new one, and its cursors have then expired.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::endpoint::Api;
use super::listing::Listing;
use super::paging::PageSize;
use super::question::EventQuery;

const MOST_WALKS: usize = 4096;

/// One opened export, of events or of people.
pub struct Walk {
    pub account: String,
    pub query: EventQuery,
    pub listing: Listing,
    pub size: PageSize,
    pub opened: Timestamp,
    progress: Mutex<Progress>,
    busy: AtomicBool,
}

struct Progress {
    used: Timestamp,
    /// How often each page has answered "still in progress".
    polls: HashMap<u32, u32>,
}

impl Walk {
    pub fn new(account: &str, query: EventQuery, listing: Listing, size: PageSize, now: Timestamp) -> Self {
        Self {
            account: account.to_owned(),
            query,
            listing,
            size,
            opened: now,
            progress: Mutex::new(Progress { used: now, polls: HashMap::new() }),
            busy: AtomicBool::new(false),
        }
    }

    /// Counts one more request for this page; true until it has been refused `polls` times.
    pub fn still_in_progress(&self, page: u32, polls: u32) -> bool {
        if polls == 0 {
            return false;
        }
        let mut progress = self.progress.lock();
        let asked = progress.polls.entry(page).or_default();
        let waiting = *asked < polls;
        *asked = asked.saturating_add(1);
        waiting
    }
}

/// The right to be answered about a walk. Only one request at a time has it; the others are told to wait.
pub enum Claim {
    Granted(Granted),
    /// Somebody else is being answered.
    Busy,
    /// The cursor was good once.
    Expired,
    /// Not a cursor of ours.
    Unreadable,
}

/// Gives the walk free when dropped.
pub struct Granted {
    pub walk: Arc<Walk>,
    pub id: u64,
    /// Counted from 0.
    pub page: u32,
    pub detour: u16,
}

impl Drop for Granted {
    fn drop(&mut self) {
        self.walk.busy.store(false, Ordering::Release);
    }
}

#[derive(Default)]
pub struct Walks(Mutex<Open>);

#[derive(Default)]
struct Open {
    last: u64,
    walks: HashMap<u64, Arc<Walk>>,
}

impl Walks {
    /// Keeps a walk and names it.
    pub fn open(&self, walk: Walk) -> u64 {
        let mut open = self.0.lock();
        if open.walks.len() >= MOST_WALKS {
            let oldest =
                open.walks.iter().min_by_key(|(id, walk)| (walk.progress.lock().used, **id)).map(|(id, _)| *id);
            if let Some(oldest) = oldest {
                open.walks.remove(&oldest);
            }
        }
        open.last += 1;
        let id = open.last;
        open.walks.insert(id, Arc::new(walk));
        id
    }

    /// Claims a walk of this account and path for one request.
    pub fn claim(&self, mark: super::cursor::Mark, api: Api, account: &str, expiry: Expiry) -> Claim {
        let mut open = self.0.lock();
        let Some(walk) = open.walks.get(&mark.walk).cloned() else { return Claim::Expired };
        if walk.account != account || walk.listing.api() != api {
            return Claim::Unreadable;
        }
        let used = walk.progress.lock().used;
        if expiry.is_over(walk.opened, used) {
            open.walks.remove(&mark.walk);
            return Claim::Expired;
        }
        if walk.busy.swap(true, Ordering::Acquire) {
            return Claim::Busy;
        }
        walk.progress.lock().used = expiry.now;
        Claim::Granted(Granted { walk, id: mark.walk, page: mark.page, detour: mark.detour })
    }

    /// Lets a walk's cursors expire.
    pub fn expire(&self, id: u64) {
        self.0.lock().walks.remove(&id);
    }

    pub fn expire_all(&self) {
        self.0.lock().walks.clear();
    }
}

/// When a cursor is too old.
#[derive(Clone, Copy)]
pub struct Expiry {
    pub now: Timestamp,
    pub lifetime: std::time::Duration,
    pub idle: std::time::Duration,
}

impl Expiry {
    fn is_over(self, opened: Timestamp, used: Timestamp) -> bool {
        let longer = |since: Timestamp, than| {
            jiff::SignedDuration::try_from(than).is_ok_and(|than| self.now.duration_since(since) > than)
        };
        longer(opened, self.lifetime) || longer(used, self.idle)
    }
}
