//! Plans that were made before. A dashboard asks the same all day, and reading and judging its words again takes a
//! sixth of the instructions of an answer from the cache.
//!
//! A plan follows from the words, from what the caller sees, and from two things that change: what day it is for the
//! account, and which events the account is known to have. It is used again as long as all four are the same. Whether
//! its days are at hand is asked every time. Refusals are not kept.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::RandomState;
use jiff::civil::Date;
use moka::future::Cache;
use sha2::{Digest, Sha256};

use crate::auth::Granted;
use crate::catalog::TableSpec;
use crate::http::state::AppState;
use crate::period::start_of_day;
use crate::plan::{self, PlanError, ReadPlan, Source, World};
use crate::request::{OutputOptions, TableRequest};

/// Bytes of all plans together, as far as they can be told.
const MOST: u64 = 8 << 20;
/// Bytes of a plan for each byte of its words, in each of its sources: a short condition makes a tree.
const GROWTH: usize = 32;
/// Bytes of words; more are judged anew each time.
const LONGEST: usize = 2_048;
/// Nobody asks for yesterday's plans.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// The plans of one gateway. A key is a digest: nobody chooses those that collide.
pub struct Plans(Cache<Key, Arc<Planned>, RandomState>);

/// Who asks for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// A digest: a key may stand among the words.
    words: [u8; 32],
    seen_by: SeenBy,
}

/// Callers who see the same are the same to a plan.
#[derive(Clone, Debug)]
struct SeenBy(Granted);

impl PartialEq for SeenBy {
    fn eq(&self, other: &Self) -> bool {
        self.0.view() == other.0.view()
    }
}

impl Eq for SeenBy {}

impl Hash for SeenBy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.view().hash(state);
    }
}

/// A plan, and how its answer is to be written.
#[derive(Debug)]
pub struct Planned {
    pub plan: ReadPlan,
    pub output: OutputOptions,
    words: usize,
    today: Date,
    known_events: Option<Arc<BTreeSet<String>>>,
}

impl Key {
    /// `query` is the raw query string.
    pub fn of(granted: &Granted, spec: &TableSpec, query: &str) -> Self {
        let words = Sha256::new().chain_update(spec.name).chain_update([0]).chain_update(query).finalize();
        Self { words: words.into(), seen_by: SeenBy(granted.clone()) }
    }
}

impl Planned {
    /// Judges a request.
    ///
    /// Errors: those of [`plan::read`].
    pub fn new(
        state: &AppState,
        granted: &Granted,
        spec: &'static TableSpec,
        asked: &TableRequest,
        query: &str,
    ) -> Result<Self, PlanError> {
        // Those that the plan was judged by, whatever is known a moment later.
        let told = Cell::new(None);
        let known_events = |account: &str| {
            let names = state.known_events(account);
            told.set(names.clone());
            names
        };
        let world =
            World { config: &state.config, clock: &state.clock, policy: &state.policy, known_events: &known_events };
        let plan = plan::read(&world, granted, spec, asked)?;
        Ok(Self {
            output: asked.output,
            words: query.len(),
            today: state.clock.today(&plan.zone),
            known_events: told.into_inner(),
            plan,
        })
    }

    fn holds(&self, state: &AppState) -> bool {
        let known_events = state.known_events(&self.plan.account);
        self.today == state.clock.today(&self.plan.zone)
            && match (&self.known_events, &known_events) {
                (None, None) => true,
                (Some(then), Some(now)) => Arc::ptr_eq(then, now),
                _ => false,
            }
    }

    /// Bytes, about.
    fn weight(&self) -> usize {
        size_of::<Self>() + self.plan.sources.len().max(1) * (size_of::<Source>() + GROWTH * self.words)
    }

    /// Not when midnight came between the plan and the look at the clock.
    fn may_be_kept(&self) -> bool {
        self.words <= LONGEST && self.plan.moved_at == start_of_day(self.today, &self.plan.zone)
    }
}

impl Default for Plans {
    fn default() -> Self {
        let kept = Cache::builder()
            .name("plans")
            .max_capacity(MOST)
            .weigher(|key: &Key, planned: &Arc<Planned>| {
                u32::try_from(key.seen_by.0.view().bytes() + planned.weight()).unwrap_or(u32::MAX)
            })
            .time_to_idle(FORGOTTEN_AFTER)
            .build_with_hasher(RandomState::default());
        Self(kept)
    }
}

impl Plans {
    /// The plan that was made before, if it would be made now.
    pub async fn find(&self, state: &AppState, key: &Key) -> Option<Arc<Planned>> {
        self.0.get(key).await.filter(|planned| planned.holds(state))
    }

    pub async fn keep(&self, key: Key, planned: &Arc<Planned>) {
        if planned.may_be_kept() {
            self.0.insert(key, planned.clone()).await;
        }
    }
}
