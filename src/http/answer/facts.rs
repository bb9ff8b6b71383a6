//! What is known of an answer before a byte of it exists, and the validators that follow from it.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use uuid::Uuid;

use crate::encode::{About, Coding, EntityFrame, Format, GENERATION, Layout, OutputColumn, Shape, TextOptions};
use crate::http::fingerprint::Fingerprint;

/// What the caller of [`respond`](super::respond) says about an answer.
#[derive(Clone, Debug)]
pub struct AnswerFacts {
    /// Of everything that decides which rows and columns these are: the plan with the view it is seen through, and the
    /// version of the data of every table it reads. Equal fingerprints must mean equal rows in equal order. Format,
    /// options and completeness are added here.
    pub fingerprint: u128,
    pub format: Format,
    pub options: TextOptions,
    /// Since when this URL has meant these rows: the last change of the data, and for a period that moves by itself
    /// (`last_7_days`) not before the midnight at which it last moved. Cut to whole seconds on the wire.
    pub last_modified: Timestamp,
    /// When the data was last checked against CleverTap.
    pub as_of: Timestamp,
    /// Whether all days of the period are in it.
    pub complete: bool,
    /// The address of the rows that follow these.
    pub next: Option<String>,
    pub cache_status: CacheStatus,
    pub max_age: Duration,
    /// The name under which a download is to be saved, with its extension; whatever is unfit for a file name is
    /// replaced. `None`: shown, not saved.
    pub download_name: Option<String>,
    /// The value of `Server-Timing`.
    pub server_timing: Option<String>,
    /// Around the rows where they are entities of OData. What it is made of enters `fingerprint`.
    pub entities: Option<Arc<EntityFrame>>,
}

impl AnswerFacts {
    /// How the rows are to be written.
    pub(super) fn layout(&self, columns: Vec<OutputColumn>) -> Layout {
        let about = About { as_of: self.as_of, complete: self.complete, next: self.next.clone() };
        Layout { format: self.format, options: self.options, columns, about, entities: self.entities.clone() }
    }
}

/// Where the rows come from, for `Cache-Status` (RFC 9211).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheStatus {
    /// Kept days alone. Says `hit` when the finished answer was at hand as well.
    Store,
    /// CleverTap was asked during this request.
    Upstream,
    /// Older than wanted, because CleverTap could not be asked; why, in a word.
    Stale { detail: String },
}

/// What tells one state of an answer from another.
pub(super) struct Validators {
    content: u128,
    /// Whole seconds, between 1970 and the time of the request.
    modified: SystemTime,
}

impl Validators {
    pub(super) fn of(facts: &AnswerFacts, now: SystemTime) -> Self {
        let seconds = Duration::from_secs(u64::try_from(facts.last_modified.as_second()).unwrap_or(0));
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = UNIX_EPOCH + seconds.min(Duration::from_secs(now.as_secs()));
        Self { content: content(facts), modified }
    }

    /// A hash of all that the unpacked bytes depend on.
    pub(super) fn content(&self) -> u128 {
        self.content
    }

    pub(super) fn modified(&self) -> SystemTime {
        self.modified
    }

    /// The opaque part of the entity tag of these bytes in this coding. Strong: other bytes, another tag.
    pub(super) fn tag(&self, coding: Coding) -> impl fmt::Display {
        // No identifier, but nothing writes 32 hexadecimal digits as fast.
        let digits = Uuid::from_u128(self.content).simple();
        fmt::from_fn(move |out| match coding {
            Coding::Identity => write!(out, "{digits}"),
            packed => write!(out, "{digits}-{}", packed.token()),
        })
    }
}

fn content(facts: &AnswerFacts) -> u128 {
    let mut fingerprint = Fingerprint::default();
    (facts.fingerprint, facts.format.name(), GENERATION, facts.options, facts.complete).hash(&mut fingerprint);
    if facts.options.shape == Shape::Envelope {
        // It says these in the body.
        (facts.as_of.as_second(), &facts.next).hash(&mut fingerprint);
    }
    fingerprint.finish_128()
}
