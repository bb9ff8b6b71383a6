//! What the simulator has been asked: for tests that prove what the gateway asks and what it does not. Holds no
//! credentials, cursors or bodies.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::civil::Date;
use parking_lot::Mutex;

use super::endpoint::{Api, Endpoint};
use super::question::Subject;
use super::shop::Flags;
use super::slots::Slots;

/// Calls that are kept; older ones are forgotten.
const MOST_CALLS: usize = 100_000;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub endpoint: Endpoint,
    /// `None` when the credentials were wrong.
    pub account_id: Option<String>,
    /// Of the event query, or of the walk or request id it leads to; of a campaign's report, the campaign's id. `None`
    /// where there is none or it could not be understood.
    pub event: Option<String>,
    /// The period asked for, both ends included.
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Which page of a walk, counted from 1.
    pub page: Option<u32>,
    /// Of a walk's first request.
    pub flags: Option<Flags>,
    pub batch_size: Option<String>,
    /// Requests in flight for this account and API when it came, itself included.
    pub in_flight: usize,
    /// A fault was played on it.
    pub faulty: bool,
    /// The HTTP status; `None` while there is no answer, or when the connection was cut instead.
    pub status: Option<u16>,
}

/// The calls seen since the start, or since [`clear`](Self::clear). Clones show the same calls.
#[derive(Clone, Default)]
pub struct CallLog {
    calls: Arc<Mutex<Calls>>,
    slots: Slots,
}

#[derive(Default)]
struct Calls {
    /// Number of the first call that is still kept.
    first: u64,
    kept: VecDeque<Call>,
}

impl CallLog {
    pub(super) fn new(slots: Slots) -> Self {
        Self { calls: Arc::default(), slots }
    }

    /// All calls in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().kept.iter().cloned().collect()
    }

    pub fn calls_of(&self, endpoint: Endpoint) -> Vec<Call> {
        self.calls.lock().kept.iter().filter(|call| call.endpoint == endpoint).cloned().collect()
    }

    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.calls.lock().kept.iter().filter(|call| call.endpoint == endpoint).count()
    }

    pub fn total(&self) -> usize {
        self.calls.lock().kept.len()
    }

    /// The most requests that one account ever had in flight at once on this API, refused ones included. A request
    /// counts until the last part of its answer is handed to the network.
    pub fn most_in_flight(&self, api: Api) -> usize {
        self.slots.most(api)
    }

    /// Forgets all calls and the high-water marks.
    pub fn clear(&self) {
        let mut calls = self.calls.lock();
        calls.first += calls.kept.len() as u64;
        calls.kept.clear();
        self.slots.forget();
    }

    /// Notes that a request came; the number is for [`answered`](Self::answered).
    pub(super) fn came(&self, call: Call) -> u64 {
        let mut calls = self.calls.lock();
        if calls.kept.len() >= MOST_CALLS {
            calls.kept.pop_front();
            calls.first += 1;
        }
        calls.kept.push_back(call);
        calls.first + calls.kept.len() as u64 - 1
    }

    pub(super) fn answered(&self, number: u64, status: u16) {
        let mut calls = self.calls.lock();
        let place = number.checked_sub(calls.first).and_then(|place| usize::try_from(place).ok());
        if let Some(call) = place.and_then(|place| calls.kept.get_mut(place)) {
            call.status = Some(status);
        }
    }
}

impl Call {
    pub(super) fn new(endpoint: Endpoint, subject: &Subject) -> Self {
        Self {
            endpoint,
            account_id: None,
            event: subject.event.clone(),
            from: subject.period.map(|period| period.0),
            to: subject.period.map(|period| period.1),
            page: subject.page,
            flags: subject.flags,
            batch_size: subject.batch_size.clone(),
            in_flight: 0,
            faulty: false,
            status: None,
        }
    }
}
