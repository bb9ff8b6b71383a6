//! A job: one running or finished load of some days of one table, as waiters and `/v1/jobs` see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clevertap::{Rank, RankHandle, UpstreamError};
use crate::flatten::FlattenError;
use crate::flatten::records::FilterError;
use crate::period::Days;
use crate::store::{StoreError, TableKey};

/// Why a day could not be loaded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FillError {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("CleverTap's records could not be read")]
    Flatten(#[source] Arc<FlattenError>),
    #[error("the loaded days could not be kept")]
    Store(#[source] Arc<StoreError>),
    /// Storing such a row would put it into a day that was not read whole.
    #[error("CleverTap was asked for {asked} and sent a record of {found}")]
    OutsideWalk { asked: String, found: Date },
    /// A trend has a value for a period that was not asked for, or two for one.
    #[error("CleverTap's trend has a value for `{key}`, which is no period of those asked for")]
    OutsidePeriods { key: String },
    /// CleverTap has no such property for this event. `parameter` is the word of the request that names it.
    #[error("CleverTap has no property `{property}` for this event")]
    UnknownProperty { parameter: &'static str, property: String, near: Option<String> },
    /// No kept row of the event has such a property, or not as anything that can hold a list.
    #[error("no kept row of the event `{event}` has a list in a property `{property}`")]
    NoList { event: String, property: String, near: Option<String> },
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("the load broke off")]
    Aborted,
}

impl From<FlattenError> for FillError {
    fn from(error: FlattenError) -> Self {
        Self::Flatten(Arc::new(error))
    }
}

impl From<StoreError> for FillError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    Running,
    /// Every day is loaded.
    Done,
    /// At least one day is not.
    Failed,
}

impl JobState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Why days are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// They are missing or too old, and somebody waits for them.
    Wanting,
    /// Somebody wishes them to be read again: nothing that is kept will do.
    Again,
}

/// How far a job is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub state: JobState,
    /// Days whose walk is complete, kept or not yet.
    pub days_done: usize,
    pub days_total: usize,
    /// Rows received so far.
    pub rows: u64,
    pub finished_at: Option<Timestamp>,
    /// Days that are kept and readable.
    kept: BTreeSet<Date>,
    failed: BTreeMap<Date, FillError>,
}

impl Progress {
    /// The first failure, by day.
    pub fn failure(&self) -> Option<&FillError> {
        self.failed.values().next()
    }

    fn is_settled(&self, day: Date) -> bool {
        self.kept.contains(&day) || self.failed.contains_key(&day)
    }
}

/// One load. Shared by everybody who waits for it.
#[derive(Debug)]
pub struct Job {
    pub id: Uuid,
    /// The account's name in the configuration.
    pub account: String,
    pub key: TableKey,
    /// Ascending.
    pub days: Vec<Date>,
    pub started_at: Timestamp,
    pub occasion: Occasion,
    pub(super) rank: RankHandle,
    began: Instant,
    progress: watch::Sender<Progress>,
}

impl Job {
    pub(super) fn new(account: &str, key: TableKey, mut days: Vec<Date>, occasion: Occasion, now: Timestamp) -> Self {
        days.sort_unstable();
        let rank = match occasion {
            Occasion::Wanting => Rank::Waiting,
            Occasion::Again => Rank::Scheduled,
        };
        let progress = Progress {
            state: JobState::Running,
            days_done: 0,
            days_total: days.len(),
            rows: 0,
            finished_at: None,
            kept: BTreeSet::new(),
            failed: BTreeMap::new(),
        };
        Self {
            id: Uuid::now_v7(),
            account: account.to_owned(),
            key,
            days,
            started_at: now,
            occasion,
            rank: rank.into(),
            began: Instant::now(),
            progress: watch::Sender::new(progress),
        }
    }

    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// The estimated rest, from the days done so far. Ten seconds when none is.
    pub fn rest(&self) -> Duration {
        let progress = self.progress.borrow();
        let left = progress.days_total.saturating_sub(progress.days_done);
        match u32::try_from(progress.days_done) {
            Ok(done) if done > 0 => self.began.elapsed() / done * u32::try_from(left).unwrap_or(u32::MAX),
            _ => Duration::from_secs(10),
        }
    }

    /// Returns when each of these days is kept or has failed, or is none of this job's.
    pub(super) async fn settled(&self, days: Days) {
        let mine: Vec<Date> = self.days.iter().copied().filter(|day| days.contains(*day)).collect();
        let mut progress = self.progress.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = progress
            .wait_for(|progress| {
                progress.state != JobState::Running || mine.iter().all(|day| progress.is_settled(*day))
            })
            .await;
    }

    pub(super) fn received(&self, rows: u64) {
        self.progress.send_modify(|progress| progress.rows += rows);
    }

    /// A broken walk starts again: its rows do not count.
    pub(super) fn discarded(&self, rows: u64) {
        self.progress.send_modify(|progress| progress.rows = progress.rows.saturating_sub(rows));
    }

    pub(super) fn walked(&self, days: Days) {
        self.progress.send_modify(|progress| progress.days_done += days.count());
    }

    pub(super) fn kept(&self, days: &[Date]) {
        self.progress.send_modify(|progress| progress.kept.extend(days));
    }

    pub(super) fn failed(&self, days: &[Date], why: &FillError) {
        self.progress.send_modify(|progress| progress.failed.extend(days.iter().map(|day| (*day, why.clone()))));
    }

    /// The days that are neither kept nor failed.
    pub(super) fn unsettled(&self) -> Vec<Date> {
        let progress = self.progress.borrow();
        self.days.iter().copied().filter(|day| !progress.is_settled(*day)).collect()
    }

    pub(super) fn finish(&self, now: Timestamp) {
        self.progress.send_modify(|progress| {
            progress.state = if progress.failed.is_empty() { JobState::Done } else { JobState::Failed };
            progress.finished_at = Some(now);
        });
    }
}
