//! What a plan would cost now: which days are at hand, and what loading the others will probably take. Nothing is loaded
//! and CleverTap is not asked.

use std::time::Duration;

use jiff::Timestamp;

use super::{DayState, Freshness, JobState, NotReady, Rules};
use crate::period::Days;
use crate::plan::{ReadPlan, Source};

/// Rows that CleverTap gives at once, at most.
const ROWS_PER_PAGE: u64 = 5_000;

/// The days of a plan by what they are worth now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    pub days: usize,
    /// Kept for good.
    pub sealed: usize,
    /// Kept, may still change, and young enough.
    pub open: usize,
    /// Kept and older than allowed: read again.
    pub expired: usize,
    pub missing: usize,
    /// Of those two, the ones that are being loaded at this moment.
    pub loading: usize,
    /// Days to come, of which there are no rows.
    pub future: usize,
    /// Rows of the kept days.
    pub rows: u64,
    /// When the oldest of them was read from CleverTap; `None` when none is kept.
    pub as_of: Option<Timestamp>,
    /// Requests to CleverTap for the expired and missing days, if that can be told.
    pub calls: Option<u64>,
    /// How long they will take, from loads of this account that have ended since the start.
    pub takes: Option<Duration>,
}

impl Forecast {
    /// Of both tables together. What takes one load after the other is the longest that it can take.
    pub fn and(self, other: Self) -> Self {
        Self {
            days: self.days + other.days,
            sealed: self.sealed + other.sealed,
            open: self.open + other.open,
            expired: self.expired + other.expired,
            missing: self.missing + other.missing,
            loading: self.loading + other.loading,
            future: self.future + other.future,
            rows: self.rows + other.rows,
            as_of: self.as_of.into_iter().chain(other.as_of).min(),
            calls: self.calls.zip(other.calls).map(|(one, other)| one + other),
            takes: self.takes.zip(other.takes).map(|(one, other)| one + other),
        }
    }
}

impl Freshness {
    /// Looks at the plan's days. For tables made of another one's rows, at that one's.
    pub async fn forecast(&self, plan: &ReadPlan) -> Result<Forecast, NotReady> {
        let feed = self.feeds.get(&plan.account).ok_or(NotReady::Unsettled)?;
        let now = self.clock.now();
        let today = self.clock.today(&feed.settings.timezone);
        let mut forecast = Forecast::default();
        let mut calls = Some(0);
        for source in &plan.sources {
            let source = source.question.parent().unwrap_or(source);
            let rules = Rules::of(&feed.settings, &source.keeping, plan.demand.max_age);
            let snapshot = self.store.table(&source.key).snapshot().await?;
            let last = if source.keeping.ahead { source.days.last } else { source.days.last.min(today) };
            let days = Days::new(source.days.first, last);
            let (mut wanting, mut kept, mut rows) = (0_u64, 0_u64, 0_u64);
            let loading = self.loading(source);
            for day in days.iter().flat_map(|days| days.iter()) {
                let stored = snapshot.days.get(&day);
                let state = rules.state(stored, day, now);
                match state {
                    DayState::Sealed => forecast.sealed += 1,
                    DayState::Fresh => forecast.open += 1,
                    DayState::Expired => forecast.expired += 1,
                    DayState::Missing => forecast.missing += 1,
                }
                if state.is_wanting() {
                    wanting += 1;
                    forecast.loading += usize::from(loading.iter().any(|days| days.contains(&day)));
                }
                if let Some(stored) = stored.filter(|_| state != DayState::Missing) {
                    kept += 1;
                    rows += stored.rows;
                    let read = stored.facts.fetched_at;
                    forecast.as_of = Some(forecast.as_of.map_or(read, |oldest| oldest.min(read)));
                }
            }
            forecast.days += source.days.count();
            forecast.future += source.days.count() - days.map_or(0, |days| days.count());
            forecast.rows += rows;
            // One request opens a walk of a day, the others bring its pages. What no kept day tells of is not guessed.
            let per_day = rows.checked_div(kept).map(|rows| 1 + rows.div_ceil(ROWS_PER_PAGE).max(1));
            calls = match (wanting, per_day, source.question.is_walk()) {
                (0, ..) => calls,
                (days, Some(per_day), true) => calls.map(|calls| calls + days * per_day),
                _ => None,
            };
        }
        let wanting = forecast.expired + forecast.missing;
        forecast.calls = calls;
        forecast.takes = if wanting == 0 { Some(Duration::ZERO) } else { self.usual(plan, wanting) };
        Ok(forecast)
    }

    /// The days of the table's running jobs.
    pub(super) fn loading(&self, source: &Source) -> Vec<Vec<jiff::civil::Date>> {
        let jobs = self.fills.jobs();
        let running = jobs.iter().filter(|job| job.key == source.key && job.progress().state == JobState::Running);
        running.map(|job| job.days.clone()).collect()
    }

    /// What so many days usually take: from jobs of the same tables, else of the same kind of table.
    fn usual(&self, plan: &ReadPlan, days: usize) -> Option<Duration> {
        let keys: Vec<_> = plan.sources.iter().map(|source| &source.question.parent().unwrap_or(source).key).collect();
        let jobs = self.fills.jobs();
        let ended = |is_alike: &dyn Fn(&super::Job) -> bool| {
            let mut walked = 0_usize;
            let mut took = Duration::ZERO;
            for job in jobs.iter().filter(|job| job.account == plan.account && is_alike(job)) {
                let progress = job.progress();
                if let (JobState::Done, Some(end)) = (progress.state, progress.finished_at) {
                    walked += progress.days_total;
                    took += between(job.started_at, end);
                }
            }
            let walked = u32::try_from(walked).ok().filter(|walked| *walked > 0)?;
            Some(took / walked * u32::try_from(days).ok()?)
        };
        ended(&|job| keys.iter().any(|key| **key == job.key))
            .or_else(|| ended(&|job| keys.iter().any(|key| key.table == job.key.table)))
    }
}

fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or_default()
}
