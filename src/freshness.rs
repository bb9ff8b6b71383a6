//! Which days are missing or too old, and how they come: shared fills, jobs, and what to answer meanwhile.
//!
//! In goes a [`ReadPlan`]; out comes [`Ready`] (pinned snapshots that hold every day of the plan, with their age), or
//! the reason why not: still loading, or CleverTap's refusal. A request causes only the upstream calls that its
//! missing or expired days need; interest is registered per day, so any number of overlapping requests share one set
//! of walks. What is read from the snapshots, and in whose view, is `query`'s business.

mod chunks;
mod day_state;
mod fill;
mod fills;
mod forecast;
mod job;
mod kept;
mod known_events;
mod load;
mod sources;
mod stretches;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::{Instant, timeout_at};

use crate::auth::Policy;
use crate::clevertap::CleverTap;
use crate::config::Account;
use crate::period::{Clock, Days};
use crate::plan::{ReadPlan, Source};
use crate::request::Partial;
use crate::store::{DayTable, Snapshot, Store, StoreError, TableKey};

pub use day_state::{DayState, Rules};
pub use fills::Fills;
pub use forecast::Forecast;
pub use job::{FillError, Job, JobState, Occasion, Progress};
pub use kept::{Kept, KeptDay};
pub use known_events::KnownEvents;

use fill::Fill;
use fills::{Found, Interest, Turn};

/// How many times a request goes round the days before we call it our own mistake.
const ROUNDS: usize = 8;
/// An answer made of sealed days alone may still change by `POST /v1/refresh`, so it is not for ever.
const LONGEST_MAX_AGE: Duration = Duration::from_secs(3600);

/// Every day of the plan is at hand (or, when `complete` is false, those that there are).
#[derive(Clone, Debug)]
pub struct Ready {
    /// One per source of the plan.
    pub snapshots: Vec<Arc<Snapshot>>,
    pub complete: bool,
    /// When the oldest part of the answer was last checked against CleverTap.
    pub as_of: Timestamp,
    /// When the data was last changed.
    pub changed_at: Timestamp,
    /// How long this stays fresh.
    pub max_age: Duration,
    pub origin: Origin,
}

/// Where the answer's data came from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Kept days only; CleverTap was not asked.
    Store,
    /// CleverTap was asked for some of it.
    Upstream,
    /// CleverTap could not be asked; the kept days are older than wished.
    Stale(FillError),
}

/// Why the plan cannot be answered now.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReady {
    #[error("the data is still loading")]
    Loading {
        job: Arc<Job>,
        /// The estimated rest.
        rest: Duration,
    },
    #[error(transparent)]
    Failed(#[from] FillError),
    #[error("the store could not be read")]
    Store(#[source] Arc<StoreError>),
    /// Our own mistake: days went missing again and again after they were loaded.
    #[error("the days did not settle")]
    Unsettled,
}

impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// One account as freshness sees it.
pub struct Feed {
    pub name: String,
    pub settings: Account,
    pub client: CleverTap,
    pub known_events: Arc<KnownEvents>,
    pub policy: Arc<Policy>,
}

/// The room's one value: accounts, store, and the fills that run.
#[derive(Clone)]
pub struct Freshness {
    feeds: Arc<BTreeMap<String, Arc<Feed>>>,
    store: Store,
    clock: Clock,
    fills: Arc<Fills>,
}

impl Freshness {
    pub fn new(feeds: BTreeMap<String, Arc<Feed>>, store: Store, clock: Clock) -> Self {
        Self { feeds: Arc::new(feeds), fills: Arc::new(Fills::new(clock.clone())), store, clock }
    }

    pub fn fills(&self) -> &Fills {
        &self.fills
    }

    pub fn feed(&self, account: &str) -> Option<&Arc<Feed>> {
        self.feeds.get(account)
    }

    /// Makes the plan's days be there, waiting as long as the plan allows.
    ///
    /// Errors: what is missing could not be loaded, or not yet. Kept days that could only not be read *again* are
    /// served with their age instead (`Origin::Stale`).
    pub async fn ensure(&self, plan: &ReadPlan) -> Result<Ready, NotReady> {
        let deadline = Instant::now() + plan.demand.wait;
        let parents: Vec<Source> = plan.sources.iter().filter_map(|source| source.question.parent().cloned()).collect();
        if parents.is_empty() {
            return self.settle(plan, &plan.sources, deadline).await;
        }
        let whole = self.settle(plan, &parents, deadline).await?;
        let made = self.settle(plan, &plan.sources, deadline).await?;
        // What is made of other rows is as old as they are, and CleverTap was asked for those only.
        Ok(Ready { snapshots: made.snapshots, complete: whole.complete && made.complete, ..whole })
    }

    async fn settle(&self, plan: &ReadPlan, sources: &[Source], deadline: Instant) -> Result<Ready, NotReady> {
        let started = self.clock.now();
        let feed = self.feeds.get(&plan.account).ok_or(NotReady::Unsettled)?;
        let today = self.clock.today(&feed.settings.timezone);
        let wanted: Vec<Wanted<'_>> = sources
            .iter()
            .map(|source| Wanted {
                source,
                table: self.store.table(&source.key),
                parent: source.question.parent().map(|parent| self.store.table(&parent.key)),
                days: days_with_rows(source, today),
                rules: Rules::of(&feed.settings, &source.keeping, plan.demand.max_age),
            })
            .collect();
        if let Some(ready) = at_hand(plan, &wanted, started).await? {
            return Ok(ready);
        }
        // Whoever finds all days does not carry the room for waiting.
        Box::pin(self.load(plan, feed, &wanted, deadline, started)).await
    }

    /// Has the days loaded that are wanting, and waits for them.
    async fn load(
        &self,
        plan: &ReadPlan,
        feed: &Arc<Feed>,
        wanted: &[Wanted<'_>],
        deadline: Instant,
        started: Timestamp,
    ) -> Result<Ready, NotReady> {
        for one in wanted {
            self.look(one).await?;
        }
        let mut origin = Origin::Store;
        // Days that a fill brought while this request waited count as fresh, however long that fill took.
        let mut accepted: HashMap<(TableKey, Date), Timestamp> = HashMap::new();
        for _ in 0..ROUNDS {
            let mut found = Vec::with_capacity(wanted.len());
            for one in wanted {
                let held = one.table.snapshot().await?;
                let parent = one.parent().await?;
                let of_one = match one.days {
                    Some(days) => {
                        let interest = Interest {
                            account: &plan.account,
                            days,
                            rules: &one.rules,
                            parent: parent.as_deref(),
                            accepted: &accepted,
                        };
                        // Nothing to load, nothing to register.
                        match interest.is_satisfied(one.table.key(), &held, self.clock.now()) {
                            true => Found::default(),
                            false => self.join(&interest, feed, one, &held),
                        }
                    }
                    None => Found::default(),
                };
                found.push((held, of_one));
            }
            for (one, (_, found)) in wanted.iter().zip(&found) {
                let brought = found.loading.iter().map(|(day, job)| ((one.table.key().clone(), *day), job.started_at));
                accepted.extend(brought);
            }
            if plan.demand.partial == Partial::Refuse
                && let Some(why) = first_lost(wanted, &found)
            {
                return Err(why.into());
            }
            let running: Vec<(&Arc<Job>, Days)> = wanted
                .iter()
                .zip(&found)
                .filter_map(|(one, (_, found))| Some((one.days?, found)))
                .flat_map(|(days, found)| found.jobs.iter().map(move |job| (job, days)))
                .collect();
            if running.is_empty() {
                if let Some((_, why)) = found.iter().flat_map(|(_, found)| &found.failed).next() {
                    origin = Origin::Stale(why.clone());
                }
                return ready(wanted, origin, started).await;
            }
            origin = Origin::Upstream;
            let settled = async {
                for (job, days) in &running {
                    job.settled(*days).await;
                }
            };
            if timeout_at(deadline, settled).await.is_ok() {
                continue;
            }
            if plan.demand.partial == Partial::Allow {
                return ready(wanted, origin, started).await;
            }
            let (slowest, _) = running.into_iter().max_by_key(|(job, _)| job.rest()).ok_or(NotReady::Unsettled)?;
            return Err(NotReady::Loading { job: slowest.clone(), rest: slowest.rest() });
        }
        Err(NotReady::Unsettled)
    }

    /// What is known of data that was made sure of before: later pages of an answer. Nothing is loaded.
    pub fn of_pinned(&self, plan: &ReadPlan, snapshots: Vec<Arc<Snapshot>>) -> Result<Ready, NotReady> {
        let feed = self.feeds.get(&plan.account).ok_or(NotReady::Unsettled)?;
        let now = self.clock.now();
        let today = self.clock.today(&feed.settings.timezone);
        let held = plan.sources.iter().zip(snapshots).map(|(source, snapshot)| Held {
            snapshot,
            days: days_with_rows(source, today),
            rules: Rules::of(&feed.settings, &source.keeping, plan.demand.max_age),
        });
        Ok(facts(held, Origin::Store, now))
    }

    /// Loads days again, sealed or not. Answers at once with the job; `None` when all of them are in the future.
    ///
    /// Of a table that is made of another one's rows, those are loaded again.
    pub async fn reload(&self, account: &str, source: &Source) -> Result<Option<Arc<Job>>, NotReady> {
        let source = source.question.parent().unwrap_or(source);
        let feed = self.feeds.get(account).ok_or(NotReady::Unsettled)?;
        let today = self.clock.today(&feed.settings.timezone);
        let last = if source.keeping.ahead { source.days.last } else { source.days.last.min(today) };
        let Some(days) = Days::new(source.days.first, last) else { return Ok(None) };
        let table = self.store.table(&source.key);
        let held = table.snapshot().await?;
        let start = |job, turn| self.start(feed, &table, source, job, turn);
        Ok(Some(self.fills.start_again(account, &table, days, &held, start)))
    }

    fn join(&self, interest: &Interest<'_>, feed: &Arc<Feed>, one: &Wanted<'_>, held: &Arc<Snapshot>) -> Found {
        let start = |job, turn| self.start(feed, &one.table, one.source, job, turn);
        self.fills.join_or_start(interest, &one.table, held, start)
    }

    fn start(&self, feed: &Arc<Feed>, table: &Arc<DayTable>, source: &Source, job: Arc<Job>, turn: Turn) {
        Fill::new(feed, &self.store, table, source, job, &self.fills, &self.clock).spawn(turn);
    }

    /// Loads the snapshot, and asks the log for other writers' commits when days are wanting.
    async fn look(&self, one: &Wanted<'_>) -> Result<(), StoreError> {
        let snapshot = one.table.snapshot().await?;
        let now = self.clock.now();
        let is_wanting = |day| one.rules.state(snapshot.days.get(&day), day, now).is_wanting();
        if one.days.is_some_and(|days| days.iter().any(is_wanting)) {
            one.table.refresh().await?;
        }
        Ok(())
    }
}

/// One kept table of a request.
struct Wanted<'a> {
    source: &'a Source,
    table: Arc<DayTable>,
    /// The table it is made of.
    parent: Option<Arc<DayTable>>,
    /// `None`: all of them are in the future, where there are no rows.
    days: Option<Days>,
    rules: Rules,
}

impl Wanted<'_> {
    async fn parent(&self) -> Result<Option<Arc<Snapshot>>, StoreError> {
        match &self.parent {
            Some(parent) => parent.snapshot().await.map(Some),
            None => Ok(None),
        }
    }
}

/// What is kept of these days when all of it is good: most requests end here, and wait for nobody.
async fn at_hand(plan: &ReadPlan, wanted: &[Wanted<'_>], now: Timestamp) -> Result<Option<Ready>, NotReady> {
    let accepted = HashMap::new();
    let mut held = Vec::with_capacity(wanted.len());
    for one in wanted {
        let snapshot = one.table.snapshot().await?;
        let parent = one.parent().await?;
        if let Some(days) = one.days {
            let parent = parent.as_deref();
            let interest = Interest { account: &plan.account, days, rules: &one.rules, parent, accepted: &accepted };
            if !interest.is_satisfied(one.table.key(), &snapshot, now) {
                return Ok(None);
            }
        }
        held.push(Held { snapshot, days: one.days, rules: one.rules.clone() });
    }
    Ok(Some(facts(held.into_iter(), Origin::Store, now)))
}

/// The failure of the first day of which nothing is kept.
fn first_lost(wanted: &[Wanted<'_>], found: &[(Arc<Snapshot>, Found)]) -> Option<FillError> {
    wanted.iter().zip(found).find_map(|(one, (snapshot, found))| {
        let is_kept = |day| snapshot.days.get(day).is_some_and(|stored| one.rules.is_of_this_zone(stored));
        found.failed.iter().find(|(day, _)| !is_kept(day)).map(|(_, why)| why.clone())
    })
}

/// The days of a source that can have rows; `None` when all of them are in the future, where there are none.
fn days_with_rows(source: &Source, today: Date) -> Option<Days> {
    match source.keeping.ahead {
        true => Some(source.days),
        false => Days::new(source.days.first, source.days.last.min(today)),
    }
}

/// What is kept of these days.
async fn ready(wanted: &[Wanted<'_>], origin: Origin, now: Timestamp) -> Result<Ready, NotReady> {
    let mut held = Vec::with_capacity(wanted.len());
    for one in wanted {
        held.push(Held { snapshot: one.table.snapshot().await?, days: one.days, rules: one.rules.clone() });
    }
    Ok(facts(held.into_iter(), origin, now))
}

/// One kept table of an answer.
struct Held {
    snapshot: Arc<Snapshot>,
    days: Option<Days>,
    rules: Rules,
}

/// What the days say of the answer. A day that is not kept makes it incomplete.
fn facts(held: impl Iterator<Item = Held>, origin: Origin, now: Timestamp) -> Ready {
    let mut complete = true;
    // A sealed day is never read again: how long ago it was says nothing of an answer in which other days are.
    let (mut as_of, mut sealed_as_of): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let mut changed_at: Option<Timestamp> = None;
    let mut max_age = LONGEST_MAX_AGE;
    let mut snapshots = Vec::new();
    for Held { snapshot, days, rules } in held {
        for day in days.iter().flat_map(|days| days.iter()) {
            let stored = snapshot.days.get(&day).filter(|stored| rules.is_of_this_zone(stored));
            let Some(stored) = stored else {
                complete = false;
                continue;
            };
            let facts = &stored.facts;
            let stays_fresh = rules.stays_fresh(stored, day, now);
            let oldest = if stays_fresh == Duration::MAX { &mut sealed_as_of } else { &mut as_of };
            *oldest = Some(oldest.map_or(facts.fetched_at, |oldest| oldest.min(facts.fetched_at)));
            changed_at = Some(changed_at.map_or(facts.changed_at, |last| last.max(facts.changed_at)));
            max_age = max_age.min(stays_fresh);
        }
        snapshots.push(snapshot);
    }
    let as_of = as_of.or(sealed_as_of);
    // A period that lies wholly in the future has no rows and needs no call, and tomorrow that may be different.
    if as_of.is_none() || !complete {
        max_age = Duration::ZERO;
    }
    Ready { snapshots, complete, as_of: as_of.unwrap_or(now), changed_at: changed_at.unwrap_or(now), max_age, origin }
}
