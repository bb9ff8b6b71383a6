//! One walk: pages → untyped cells, staged; and the commit: staged cells → sorted, typed days.
//!
//! Memory stays at a few pages: staged cells beyond a small share go to the spill folder, and a walk too large to be
//! sorted at once is cut into ascending stretches of time first (`stretches`).

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::task::block_in_place;

use super::Feed;
use super::job::{FillError, Job};
use super::stretches::Stretches;
use crate::clevertap::{EventQuery, Filters, UpstreamError};
use crate::flatten::{Contract, EventSpec, Flattener, Seen};
use crate::period::{Clock, Days, zone_name};
use crate::store::{DayFacts, DayTable, NewDay, Staging, Store, StoredDay, TableWriter};

/// Staged cells kept in memory by one fill; what is beyond waits on disk.
const STAGED_IN_MEMORY: usize = 24 << 20;
/// How often the walk over some days starts again when CleverTap loses its cursor.
const WALKS_TRIED: usize = 3;
/// Days of one walk that are sorted and written at once.
const WRITTEN_AT_ONCE: usize = 2;

/// A whole walk, not yet typed.
pub(super) struct Loaded {
    pub days: Days,
    pub seen: Seen,
    pub staged: Staging,
    /// Size of the staged cells when they are all in memory.
    pub bytes: u64,
    /// When the walk began: the data is at least that fresh.
    fetched_at: Timestamp,
}

impl Loaded {
    pub fn rows(&self) -> u64 {
        self.seen.days().map(|(_, day)| day.rows).sum()
    }
}

/// What loading a table's days needs.
pub(super) struct Loader {
    feed: Arc<Feed>,
    store: Store,
    table: Arc<DayTable>,
    job: Arc<Job>,
    spec: Arc<EventSpec>,
    clock: Clock,
}

impl Loader {
    pub fn new(
        feed: Arc<Feed>,
        store: Store,
        table: Arc<DayTable>,
        job: Arc<Job>,
        spec: Arc<EventSpec>,
        clock: Clock,
    ) -> Self {
        Self { feed, store, table, job, spec, clock }
    }

    /// Whether the walk brings nothing that the table has no column for.
    pub async fn fits(&self, loaded: &Loaded) -> Result<bool, FillError> {
        let kept = self.table.snapshot().await?;
        if kept.columns.is_empty() {
            return Ok(false);
        }
        Ok(Contract::from_columns(kept.columns.to_vec()).grow(&loaded.seen)?.added == 0)
    }

    /// Walks these days to the end. Rows of a broken walk are thrown away.
    pub async fn walk(&self, days: Days) -> Result<Loaded, FillError> {
        let mut tried = 1;
        loop {
            let mut received = 0;
            match self.walk_once(days, &mut received).await {
                Err(FillError::Upstream(UpstreamError::CursorLost { said })) if tried < WALKS_TRIED => {
                    tracing::info!(first = %days.first, last = %days.last, said, "cursor lost, the walk starts again");
                    self.job.discarded(received);
                    tried += 1;
                }
                other => return other,
            }
        }
    }

    async fn walk_once(&self, days: Days, received: &mut u64) -> Result<Loaded, FillError> {
        let fetched_at = self.clock.now();
        let query = EventQuery { event_name: self.spec.event_name.clone(), days, filters: Filters::default() };
        let mut walk = self.feed.client.walk(query, self.job.rank.clone());
        let mut flattener = Flattener::new(self.spec.clone());
        let mut staged = Staging::new(self.store.spill_dir(), STAGED_IN_MEMORY / self.job.days.len().max(1));
        let mut bytes = 0;
        while let Some(page) = walk.next_page().await? {
            let rows = block_in_place(|| -> Result<u64, FillError> {
                let raw = flattener.page(page.records())?;
                let rows = raw.rows() as u64;
                bytes += raw.bytes() as u64;
                staged.push(raw.into())?;
                Ok(rows)
            })?;
            *received += rows;
            self.job.received(rows);
        }
        let seen = flattener.finish();
        if let Some((found, _)) = seen.days().find(|(day, _)| !days.contains(*day)) {
            let asked = format!("{} to {}", days.first, days.last);
            return Err(FillError::OutsideWalk { asked, found });
        }
        Ok(Loaded { days, seen, staged, bytes, fetched_at })
    }

    /// Types and sorts whole walks and puts their days into the table, in one commit.
    pub async fn commit(&self, loaded: Vec<Loaded>) -> Result<(), FillError> {
        let mut writer = self.table.lock().await?;
        let kept = writer.snapshot();
        let contract = match kept.columns.is_empty() {
            true => Contract::events(),
            false => Contract::from_columns(kept.columns.to_vec()),
        };
        let mut seen = Seen::default();
        for walk in &loaded {
            seen.merge(&walk.seen);
        }
        let contract = Arc::new(contract.grow(&seen)?.contract);
        let (mut fresh, mut touched) = (Vec::new(), Vec::new());
        for walk in loaded {
            let mut changed = Vec::new();
            for (day, facts, rows) in self.facts(&walk) {
                match kept.days.get(&day).filter(|before| is_same(before, &facts, rows)) {
                    Some(before) => {
                        touched.push((day, DayFacts { changed_at: before.facts.changed_at, ..facts }));
                    }
                    None => changed.push((day, facts)),
                }
            }
            if !changed.is_empty() {
                fresh.extend(self.write(&writer, &contract, &walk, changed).await?);
            }
        }
        writer.commit(contract.columns(), fresh, touched).await?;
        Ok(())
    }

    /// What is known of each day of the walk, also of those that had no rows.
    fn facts(&self, walk: &Loaded) -> Vec<(Date, DayFacts, u64)> {
        let seen: std::collections::BTreeMap<Date, _> = walk.seen.days().collect();
        walk.days
            .iter()
            .map(|day| {
                let (rows, content) = seen.get(&day).map_or((0, 0), |day| (day.rows, day.content));
                let facts = DayFacts {
                    fetched_at: walk.fetched_at,
                    changed_at: walk.fetched_at,
                    content,
                    zone: zone_name(&self.feed.settings.timezone).to_owned(),
                };
                (day, facts, rows)
            })
            .collect()
    }

    async fn write(
        &self,
        writer: &TableWriter,
        contract: &Arc<Contract>,
        walk: &Loaded,
        days: Vec<(Date, DayFacts)>,
    ) -> Result<Vec<(NewDay, DayFacts)>, FillError> {
        let mut stretches = block_in_place(|| Stretches::of(walk, self.store.spill_dir()))?;
        let files: Vec<_> = days
            .into_iter()
            .map(|(day, facts)| {
                let rows = stretches.rows_of(day, contract.clone(), self.spec.clone());
                let file = writer.write_day(contract.columns(), day, futures_util::stream::iter(rows));
                async move { file.await.map(|file: NewDay| (file, facts)) }
            })
            .collect();
        futures_util::stream::iter(files).buffered(WRITTEN_AT_ONCE).try_collect().await
    }
}

/// Whether a day read again brought what is kept already.
fn is_same(before: &StoredDay, facts: &DayFacts, rows: u64) -> bool {
    before.facts.zone == facts.zone && before.rows == rows && before.facts.content == facts.content
}
