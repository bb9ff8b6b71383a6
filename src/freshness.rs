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
mod job;
mod known_events;
mod load;
mod stretches;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::{Instant, timeout_at};

use crate::clevertap::CleverTap;
use crate::config::Account;
use crate::flatten::EventSpec;
use crate::period::{Clock, Days};
use crate::plan::ReadPlan;
use crate::request::Partial;
use crate::store::{DayTable, Snapshot, Store, StoreError, TableKey};

pub use day_state::{DayState, Rules};
pub use fills::Fills;
pub use job::{FillError, Job, JobState, Progress};
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
        let started = self.clock.now();
        let deadline = Instant::now() + plan.demand.wait;
        let feed = self.feeds.get(&plan.account).ok_or(NotReady::Unsettled)?;
        let today = self.clock.today(&feed.settings.timezone);
        let rules = Rules::of(&feed.settings, plan.demand.max_age);
        let tables: Vec<Arc<DayTable>> = plan.sources.iter().map(|key| self.store.table(key)).collect();
        let Some(days) = Days::new(plan.days.first, plan.days.last.min(today)) else {
            return nothing_to_load(&tables, started).await;
        };
        for table in &tables {
            self.look(table, days, &rules).await?;
        }
        let mut origin = Origin::Store;
        // Days that a fill brought while this request waited count as fresh, however long that fill took.
        let mut accepted: HashMap<(TableKey, Date), Timestamp> = HashMap::new();
        for _ in 0..ROUNDS {
            let held = snapshots_of(&tables).await?;
            let interest = Interest { account: &plan.account, days, rules: &rules, accepted: &accepted };
            let found: Vec<Found> =
                tables.iter().zip(&held).map(|(table, held)| self.join(&interest, feed, table, held)).collect();
            for (table, found) in tables.iter().zip(&found) {
                let brought = found.loading.iter().map(|(day, job)| ((table.key().clone(), *day), job.started_at));
                accepted.extend(brought);
            }
            if plan.demand.partial == Partial::Refuse
                && let Some(why) = first_lost(&held, &found, &rules)
            {
                return Err(why.into());
            }
            let running: Vec<&Arc<Job>> = found.iter().flat_map(|found| &found.jobs).collect();
            if running.is_empty() {
                if let Some((_, why)) = found.iter().flat_map(|found| &found.failed).next() {
                    origin = Origin::Stale(why.clone());
                }
                return Ok(ready(snapshots_of(&tables).await?, days, &rules, origin, started));
            }
            origin = Origin::Upstream;
            let settled = async {
                for job in &running {
                    job.settled(days).await;
                }
            };
            if timeout_at(deadline, settled).await.is_ok() {
                continue;
            }
            if plan.demand.partial == Partial::Allow {
                return Ok(ready(snapshots_of(&tables).await?, days, &rules, origin, started));
            }
            let slowest = running.into_iter().max_by_key(|job| job.rest()).ok_or(NotReady::Unsettled)?;
            return Err(NotReady::Loading { job: slowest.clone(), rest: slowest.rest() });
        }
        Err(NotReady::Unsettled)
    }

    /// Loads days again, sealed or not. Answers at once with the job; `None` when all of them are in the future.
    pub async fn reload(&self, account: &str, key: &TableKey, days: Days) -> Result<Option<Arc<Job>>, NotReady> {
        let feed = self.feeds.get(account).ok_or(NotReady::Unsettled)?;
        let today = self.clock.today(&feed.settings.timezone);
        let Some(days) = Days::new(days.first, days.last.min(today)) else { return Ok(None) };
        let table = self.store.table(key);
        let held = table.snapshot().await?;
        let job = self.fills.start_again(account, &table, days, &held, |job, turn| self.start(feed, &table, job, turn));
        Ok(Some(job))
    }

    fn join(&self, interest: &Interest<'_>, feed: &Arc<Feed>, table: &Arc<DayTable>, held: &Arc<Snapshot>) -> Found {
        self.fills.join_or_start(interest, table, held, |job, turn| self.start(feed, table, job, turn))
    }

    fn start(&self, feed: &Arc<Feed>, table: &Arc<DayTable>, job: Arc<Job>, turn: Turn) {
        Fill::new(feed, &self.store, table, job, &self.fills, &self.clock).spawn(turn);
    }

    /// Loads the snapshot, and asks the log for other writers' commits when days are wanting.
    async fn look(&self, table: &Arc<DayTable>, days: Days, rules: &Rules) -> Result<(), StoreError> {
        let snapshot = table.snapshot().await?;
        let now = self.clock.now();
        if days.iter().any(|day| rules.state(snapshot.days.get(&day), day, now).is_wanting()) {
            table.refresh().await?;
        }
        Ok(())
    }
}

/// A period that lies wholly in the future has no rows and needs no call.
async fn nothing_to_load(tables: &[Arc<DayTable>], now: Timestamp) -> Result<Ready, NotReady> {
    let (snapshots, max_age, origin) = (snapshots_of(tables).await?, Duration::ZERO, Origin::Store);
    Ok(Ready { snapshots, complete: true, as_of: now, changed_at: now, max_age, origin })
}

async fn snapshots_of(tables: &[Arc<DayTable>]) -> Result<Vec<Arc<Snapshot>>, StoreError> {
    let mut snapshots = Vec::with_capacity(tables.len());
    for table in tables {
        snapshots.push(table.snapshot().await?);
    }
    Ok(snapshots)
}

/// The failure of the first day of which nothing is kept.
fn first_lost(snapshots: &[Arc<Snapshot>], found: &[Found], rules: &Rules) -> Option<FillError> {
    snapshots.iter().zip(found).find_map(|(snapshot, found)| {
        let is_kept = |day| snapshot.days.get(day).is_some_and(|stored| rules.is_of_this_zone(stored));
        found.failed.iter().find(|(day, _)| !is_kept(day)).map(|(_, why)| why.clone())
    })
}

/// What the snapshots say of these days. A day that is not kept makes the answer incomplete.
fn ready(snapshots: Vec<Arc<Snapshot>>, days: Days, rules: &Rules, origin: Origin, now: Timestamp) -> Ready {
    let mut complete = true;
    let mut as_of: Option<Timestamp> = None;
    let mut changed_at: Option<Timestamp> = None;
    let mut max_age = LONGEST_MAX_AGE;
    for snapshot in &snapshots {
        for day in days.iter() {
            let Some(stored) = snapshot.days.get(&day).filter(|stored| rules.is_of_this_zone(stored)) else {
                complete = false;
                continue;
            };
            let facts = &stored.facts;
            as_of = Some(as_of.map_or(facts.fetched_at, |oldest| oldest.min(facts.fetched_at)));
            changed_at = Some(changed_at.map_or(facts.changed_at, |last| last.max(facts.changed_at)));
            max_age = max_age.min(rules.stays_fresh(stored, day, now));
        }
    }
    Ready {
        snapshots,
        complete,
        as_of: as_of.unwrap_or(now),
        changed_at: changed_at.unwrap_or(now),
        max_age: if complete { max_age } else { Duration::ZERO },
        origin,
    }
}

/// What flattening must know of the table it fills.
fn event_spec(feed: &Feed, key: &TableKey) -> Arc<EventSpec> {
    Arc::new(EventSpec {
        account_id: key.account_id.clone(),
        event_name: key.event.clone().unwrap_or_default(),
        zone: feed.settings.timezone.clone(),
    })
}
