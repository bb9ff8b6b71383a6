//! One fill: the walks over a job's days, and the commits of what they bring.
//!
//! A walk that fits the table's columns is kept at once. One that brings new columns waits for the end of the fill,
//! because a column's type is settled by everything that its first load has seen; for a new table that is every walk.
//! So neither the order of walks nor their number shows in the table. A day whose walk broke is never committed; the
//! days beside it are.
//!
//! A count is a number and its commit takes longer than its call, so counts that come while one commit runs are kept
//! together by the next.

use std::sync::Arc;

use jiff::civil::Date;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::Feed;
use super::chunks::Chunks;
use super::fills::{Fills, Turn};
use super::job::{FillError, Job};
use super::load::{Loaded, Loader};
use crate::clevertap::UpstreamError;
use crate::period::{Clock, Days};
use crate::plan::{Question, Source};
use crate::store::{DayTable, Store};

/// Counts that are waited for at once, for each of the account's slots.
const COUNTS_PER_SLOT: usize = 4;

/// Runs one job.
pub(super) struct Fill {
    loader: Loader,
    walkers: usize,
    job: Arc<Job>,
    fills: Arc<Fills>,
    store: Store,
    chunks: Mutex<Chunks>,
    /// Whole walks that bring new columns.
    pending: Mutex<Vec<Loaded>>,
    /// Whether walks are so small that they are kept several at once.
    is_count: bool,
    /// Counts that fit and are not kept yet.
    counted: Mutex<Vec<Loaded>>,
    /// Held by whoever keeps those.
    keeping: tokio::sync::Mutex<()>,
}

impl Fill {
    pub fn new(
        feed: &Arc<Feed>,
        store: &Store,
        table: &Arc<DayTable>,
        source: &Source,
        job: Arc<Job>,
        fills: &Arc<Fills>,
        clock: &Clock,
    ) -> Self {
        let is_count = matches!(source.question, Question::EventCounts { .. } | Question::ProfileCounts { .. });
        let walkers = match is_count {
            // A count takes a slot for a moment and is waited for without one.
            true => feed.settings.concurrency * COUNTS_PER_SLOT,
            false => feed.settings.concurrency,
        };
        Self {
            walkers,
            chunks: Mutex::new(Chunks::new(job.days.clone(), walkers, source.keeping.stride)),
            loader: Loader::new(feed.clone(), store, table.clone(), job.clone(), source.clone(), clock.clone()),
            fills: fills.clone(),
            store: store.clone(),
            pending: Mutex::default(),
            is_count,
            counted: Mutex::default(),
            keeping: tokio::sync::Mutex::default(),
            job,
        }
    }

    /// Starts the fill on the store's runtime. It finishes even when nobody waits for it any more.
    pub fn spawn(self, turn: Turn) {
        let store = self.store.clone();
        store.spawn(Arc::new(self).run(turn));
    }

    async fn run(self: Arc<Self>, turn: Turn) {
        let _end = EndOfJob(self.clone());
        let mut walkers = JoinSet::new();
        for _ in 0..self.walkers {
            let fill = self.clone();
            walkers.spawn(async move { fill.walk_chunks().await });
        }
        while let Some(walked) = walkers.join_next().await {
            if let Err(error) = walked {
                tracing::error!(%error, "a walk ended abnormally");
            }
        }
        let pending = std::mem::take(&mut *self.pending.lock());
        if pending.is_empty() {
            return;
        }
        // Two fills may find the table missing; the one that came first settles its columns.
        let _turn = match turn {
            Turn::Mine(mine) => mine,
            Turn::Later(creation) => creation.lock_owned().await,
        };
        self.keep(pending).await;
    }

    async fn walk_chunks(&self) {
        loop {
            let Some(days) = self.chunks.lock().take() else { return };
            match self.loader.walk(days).await {
                Ok(loaded) => {
                    self.job.walked(days);
                    self.chunks.lock().learn(days, loaded.rows());
                    match self.loader.fits(&loaded).await {
                        Ok(true) if self.is_count => self.keep_counted(loaded).await,
                        Ok(true) => self.keep(vec![loaded]).await,
                        Ok(false) => self.pending.lock().push(loaded),
                        Err(why) => self.give_up(days, &why),
                    }
                }
                Err(why) => self.give_up(days, &why),
            }
        }
    }

    /// Keeps it at once, or leaves it to the walker who is keeping others: that one looks again before it goes on.
    async fn keep_counted(&self, loaded: Loaded) {
        self.counted.lock().push(loaded);
        while !self.counted.lock().is_empty() {
            let Ok(_turn) = self.keeping.try_lock() else { return };
            let counted = std::mem::take(&mut *self.counted.lock());
            self.keep(counted).await;
        }
    }

    async fn keep(&self, loaded: Vec<Loaded>) {
        if loaded.is_empty() {
            return;
        }
        let days: Vec<Date> = loaded.iter().flat_map(|loaded| loaded.days.iter()).collect();
        match self.loader.commit(loaded).await {
            Ok(()) => self.fills.kept(&self.job, &days),
            Err(why) => {
                tracing::error!(error = &why as &dyn std::error::Error, "loaded days could not be kept");
                self.fills.failed(&self.job, &days, &why);
            }
        }
    }

    fn give_up(&self, days: Days, why: &FillError) {
        tracing::warn!(
            error = why as &dyn std::error::Error,
            event = self.job.key.event,
            first = %days.first,
            last = %days.last,
            "days could not be loaded"
        );
        let mut lost: Vec<Date> = days.iter().collect();
        if is_of_the_whole_account(why) {
            lost.extend(self.chunks.lock().give_up());
        }
        self.fills.failed(&self.job, &lost, why);
    }
}

/// Whether every further walk would fail alike, so that asking again would only be rude.
fn is_of_the_whole_account(why: &FillError) -> bool {
    match why {
        FillError::Upstream(error) => match error {
            UpstreamError::Malformed { .. } | UpstreamError::CursorLost { .. } => false,
            UpstreamError::Unauthorized { .. }
            | UpstreamError::Refused { .. }
            | UpstreamError::UnknownEvent { .. }
            | UpstreamError::Overloaded { .. }
            | UpstreamError::Unavailable { .. }
            | UpstreamError::TimedOut { .. }
            | UpstreamError::BadSettings { .. } => true,
        },
        FillError::Store(_) | FillError::UnknownProperty { .. } | FillError::NoList { .. } => true,
        FillError::Flatten(_)
        | FillError::Filter(_)
        | FillError::OutsideWalk { .. }
        | FillError::OutsidePeriods { .. }
        | FillError::Aborted => false,
    }
}

/// Ends the job however its task ends, so that no waiter waits for a task that is gone.
struct EndOfJob(Arc<Fill>);

impl Drop for EndOfJob {
    fn drop(&mut self) {
        self.0.fills.finish(&self.0.job);
    }
}
