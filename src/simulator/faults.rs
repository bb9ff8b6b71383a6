//! Everything that is known to go wrong with CleverTap, to be switched on by a test.
//!
//! ```ignore
//! let faults = simulator.faults();
//! faults.next(Endpoint::EventsPage, Fault::TruncatedBody);
//! faults.times(2, Endpoint::EventsPage.of("Charged").on(day).page(3), Fault::TooManyRequests);
//! faults.always(Endpoint::CountsPoll, Fault::Partial);
//! ```
//!
//! A fault is played on requests that would otherwise get what they ask for: with right credentials, a free slot, and
//! an answer that is ready. A natural "still in progress", `partial` or 429 uses no fault up. Rules are tried in the
//! order in which they were made; the first that fits is played. A walk's place is not lost by a fault: the same
//! cursor asked again gives the same page.

mod oddity;

pub use oddity::Oddity;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use parking_lot::Mutex;

use super::answer::Answer;
use super::endpoint::Endpoint;
use super::question::Subject;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    // Instead of the answer, at any endpoint.
    /// 401 "Invalid Credentials".
    Unauthorized,
    /// 403: the account only allows other addresses.
    Forbidden,
    /// 429 "Too many concurrent requests".
    TooManyRequests,
    /// An error page of a proxy with this status: 500, 502, 503, 504.
    Html(u16),
    /// 200 and no byte.
    EmptyBody,
    /// 204.
    NoContent,
    /// 200 and bytes that are not JSON, as from an account with encrypted payloads.
    Binary,
    /// "Request still in progress", code 2, with 200.
    InProgress,
    /// The same with 202.
    Accepted,
    /// "Incorrect Usage", code 3, with 200.
    IncorrectUsage,
    /// Code 4002.
    BadDate,
    /// 400 "Export not allowed for this event".
    ExportNotAllowed,
    /// `["Invalid event : X"]` in a text, with this status: 200 and 400 have both been seen.
    InvalidEvent(u16),
    /// The text code `CURSOR_INVALIDATED`; a walk that is being paged is gone for good.
    CursorExpired,
    /// "Invalid request id".
    InvalidRequestId,
    /// `fail` with this text, the status being the code as well.
    Fail { status: u16, error: &'static str },
    /// Anything else.
    Answer { status: u16, body: Vec<u8> },
    /// The connection is reset without an answer.
    ConnectionReset,
    /// The connection is closed without an answer.
    ConnectionClosed,
    /// No answer for this long, then the connection is closed. It does not count as in flight meanwhile: something
    /// between here and there has lost the answer.
    Hang(Duration),

    // The true answer on a bad way, at any endpoint.
    /// The answer comes this much later, and counts as in flight meanwhile.
    Delay(Duration),
    /// JSON that stops in the middle, with a `Content-Length` that agrees.
    TruncatedBody,
    /// The connection is closed after half of what `Content-Length` promised.
    CutBody,
    /// The same, with a reset.
    ResetBody,
    /// The body comes in so many pieces, with a pause after each but the last.
    SlowBody { pieces: u32, pause: Duration },
    /// The JSON is blown up to this many bytes with spaces: between the records of a page, else after its first `{`.
    Giant { bytes: u64 },

    // `EventsOpen` and `ProfilesOpen` only.
    /// `{"status":"success"}`: a walk without a cursor.
    NoCursor,

    // `EventsPage` and `ProfilesPage` only.
    /// `"records":[]` with a `next_cursor`; the page's own records come with that.
    EmptyPage,
    /// The same without the key `records`.
    NoRecordsKey,
    /// `"next_cursor":""` whatever there is to come: on the last page harmless, earlier the rest is lost.
    NextCursorEmpty,
    /// `"next_cursor":null`, as above.
    NextCursorNull,
    /// `next_cursor` is the cursor that was asked with.
    NextCursorRepeated,
    /// `next_cursor` is a number.
    NextCursorNumber,
    /// The page's first record is odd. Of a person's record only what needs no `ts` changes anything.
    OddRecord(Oddity),
    /// The page's first record is there twice.
    DuplicateRecord,

    // Counts, trends and top properties only, open or poll.
    /// `partial` instead of the number.
    Partial,
    /// `"count":"7138"`; in trends and top properties every number is text.
    CountAsText,
    /// `success` without a count or label.
    NoCount,

    // Trends and top properties only, open or poll.
    /// "Invalid group".
    InvalidGroup,
}

impl Fault {
    /// What is said instead of the answer; `None` for faults of other kinds.
    pub(super) fn instead(&self, subject: &Subject) -> Option<Answer> {
        Some(match self {
            Self::Unauthorized => Answer::invalid_credentials(),
            Self::Forbidden => Answer::fail(403, "Access from this IP address is not allowed", 403),
            Self::TooManyRequests => Answer::too_many_requests(),
            Self::Html(status) => Answer::html(*status),
            Self::EmptyBody => Answer::empty(),
            Self::NoContent => Answer { status: 204, ..Answer::empty() },
            Self::Binary => Answer::binary(),
            Self::InProgress => Answer::in_progress(200),
            Self::Accepted => Answer::in_progress(202),
            Self::IncorrectUsage => Answer::incorrect_usage(),
            Self::BadDate => Answer::bad_date("Invalid date"),
            Self::ExportNotAllowed => Answer::export_not_allowed(),
            Self::InvalidEvent(status) => {
                Answer::invalid_event(*status, subject.event.as_deref().unwrap_or("undefined"))
            }
            Self::CursorExpired => Answer::cursor_invalidated(),
            Self::InvalidRequestId => Answer::invalid_request_id(),
            Self::InvalidGroup => Answer::invalid_group(),
            Self::Fail { status, error } => Answer::fail(*status, error, *status),
            Self::Answer { status, body } => Answer::json(*status, body.clone()),
            _ => return None,
        })
    }

    /// Does something to the true answer, instead of taking its place.
    fn needs_the_answer(&self) -> bool {
        !self.belongs_to(Endpoint::Schema)
            || matches!(
                self,
                Self::Delay(_)
                    | Self::TruncatedBody
                    | Self::CutBody
                    | Self::ResetBody
                    | Self::SlowBody { .. }
                    | Self::Giant { .. }
            )
    }

    fn belongs_to(&self, endpoint: Endpoint) -> bool {
        match self {
            Self::NoCursor => matches!(endpoint, Endpoint::EventsOpen | Endpoint::ProfilesOpen),
            Self::EmptyPage
            | Self::NoRecordsKey
            | Self::NextCursorEmpty
            | Self::NextCursorNull
            | Self::NextCursorRepeated
            | Self::NextCursorNumber
            | Self::OddRecord(_)
            | Self::DuplicateRecord => matches!(endpoint, Endpoint::EventsPage | Endpoint::ProfilesPage),
            Self::Partial | Self::CountAsText | Self::NoCount => matches!(
                endpoint,
                Endpoint::CountsOpen
                    | Endpoint::CountsPoll
                    | Endpoint::ProfileCountsOpen
                    | Endpoint::ProfileCountsPoll
                    | Endpoint::TrendsOpen
                    | Endpoint::TrendsPoll
                    | Endpoint::TopOpen
                    | Endpoint::TopPoll
            ),
            Self::InvalidGroup => {
                matches!(endpoint, Endpoint::TrendsOpen | Endpoint::TrendsPoll | Endpoint::TopOpen | Endpoint::TopPoll)
            }
            _ => true,
        }
    }
}

/// Which requests a fault is meant for. Made from an [`Endpoint`] and narrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    endpoint: Endpoint,
    account_id: Option<String>,
    event: Option<String>,
    day: Option<Date>,
    page: Option<u32>,
}

impl From<Endpoint> for Place {
    fn from(endpoint: Endpoint) -> Self {
        Self { endpoint, account_id: None, event: None, day: None, page: None }
    }
}

impl Place {
    /// Requests about this event, or about the campaign with this id.
    pub fn of(self, event: &str) -> Self {
        Self { event: Some(event.to_owned()), ..self }
    }

    /// Requests whose period has this day.
    pub fn on(self, day: Date) -> Self {
        Self { day: Some(day), ..self }
    }

    /// This page of a walk, counted from 1.
    pub fn page(self, page: u32) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Requests of this account.
    pub fn by(self, account_id: &str) -> Self {
        Self { account_id: Some(account_id.to_owned()), ..self }
    }

    fn holds(&self, endpoint: Endpoint, account_id: &str, subject: &Subject) -> bool {
        self.endpoint == endpoint
            && self.account_id.as_deref().is_none_or(|wanted| wanted == account_id)
            && self.event.as_ref().is_none_or(|wanted| subject.event.as_ref() == Some(wanted))
            && self.day.is_none_or(|day| subject.period.is_some_and(|(first, last)| first <= day && day <= last))
            && self.page.is_none_or(|page| subject.page == Some(page))
    }
}

/// The faults that wait to be played. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    rules: Vec<Rule>,
    outage: Option<Fault>,
    played: usize,
}

struct Rule {
    place: Place,
    fault: Fault,
    /// `None`: for ever.
    left: Option<u32>,
}

impl Faults {
    /// Plays a fault once.
    ///
    /// Panics, as do the two below, when the endpoint cannot have this fault: a test that waits for it would prove
    /// nothing.
    pub fn next(&self, place: impl Into<Place>, fault: Fault) {
        self.times(1, place, fault);
    }

    /// Plays a fault so many times.
    pub fn times(&self, times: u32, place: impl Into<Place>, fault: Fault) {
        self.add(place.into(), fault, Some(times));
    }

    /// Plays a fault until [`clear`](Self::clear).
    pub fn always(&self, place: impl Into<Place>, fault: Fault) {
        self.add(place.into(), fault, None);
    }

    /// From now on every request, whoever makes it, meets this fault: `Html(503)`, `ConnectionReset`, `Hang(…)`.
    ///
    /// Panics when the fault does something to the true answer: in an outage there is none.
    pub fn outage(&self, fault: Fault) {
        assert!(!fault.needs_the_answer(), "{fault:?} is not an outage");
        self.0.lock().outage = Some(fault);
    }

    pub fn outage_over(&self) {
        self.0.lock().outage = None;
    }

    /// Forgets all faults, the outage too.
    pub fn clear(&self) {
        let mut waiting = self.0.lock();
        waiting.rules.clear();
        waiting.outage = None;
    }

    /// How many faults have been played.
    pub fn played(&self) -> usize {
        self.0.lock().played
    }

    /// How many plays are still to come, not counting those that go on for ever.
    pub fn left(&self) -> u32 {
        self.0.lock().rules.iter().filter_map(|rule| rule.left).sum()
    }

    fn add(&self, place: Place, fault: Fault, left: Option<u32>) {
        assert!(fault.belongs_to(place.endpoint), "{:?} cannot have the fault {fault:?}", place.endpoint);
        self.0.lock().rules.push(Rule { place, fault, left });
    }

    pub(super) fn play_outage(&self) -> Option<Fault> {
        let mut waiting = self.0.lock();
        let fault = waiting.outage.clone()?;
        waiting.played += 1;
        Some(fault)
    }

    pub(super) fn play(&self, endpoint: Endpoint, account_id: &str, subject: &Subject) -> Option<Fault> {
        let mut waiting = self.0.lock();
        let at = waiting.rules.iter().position(|rule| rule.place.holds(endpoint, account_id, subject))?;
        let rule = waiting.rules.get_mut(at)?;
        let fault = rule.fault.clone();
        rule.left = rule.left.map(|left| left.saturating_sub(1));
        waiting.rules.retain(|rule| rule.left != Some(0));
        waiting.played += 1;
        Some(fault)
    }
}
