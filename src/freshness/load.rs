//! One walk: pages → untyped cells, staged; and the commit: staged cells → sorted, typed days.
//!
//! Memory stays at a few pages: staged cells beyond a small share go to the spill folder, and a day too large to be
//! sorted at once is cut into ascending stretches of time first.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Feed;
use super::job::{FillError, Job};
use crate::clevertap::{EventQuery, UpstreamError};
use crate::flatten::{Contract, EventSpec, Flattener, RawBatch, Seen, assemble};
use crate::period::{Clock, Days};
use crate::store::{DayFacts, DayTable, Staging, Store, TableWriter};
use crate::table::Column;

/// Staged cells kept in memory by one fill; what is beyond waits on disk.
const STAGED_IN_MEMORY: usize = 24 * 1024 * 1024;
/// Untyped cells that are sorted and typed at once.
const ASSEMBLED_AT_ONCE: u64 = 48 * 1024 * 1024;
/// How often the walk over some days starts again when CleverTap loses its cursor.
const WALKS_TRIED: usize = 3;

/// A whole walk, not yet typed.
pub(super) struct Loaded {
    pub days: Days,
    seen: Seen,
    staged: Staging,
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
    pub fn fits(&self, loaded: &Loaded) -> bool {
        let kept = self.table.current();
        !kept.columns.is_empty()
            && Contract::from_columns(kept.columns.to_vec()).grow(&loaded.seen).is_ok_and(|growth| growth.added == 0)
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
        let query = EventQuery { event_name: self.spec.event_name.clone(), days };
        let mut walk = self.feed.client.walk(query, &self.job.rank);
        let mut flattener = Flattener::new(self.spec.clone());
        let mut staged = self.store.staging(STAGED_IN_MEMORY / self.job.days.len().max(1));
        while let Some(page) = walk.next_page().await? {
            let rows = tokio::task::block_in_place(|| -> Result<u64, FillError> {
                let raw = flattener.page(page.records())?;
                let rows = raw.rows() as u64;
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
        Ok(Loaded { days, seen, staged, fetched_at })
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
        let contract = contract.grow(&seen)?.contract;
        let zone = self.feed.settings.zone_name();
        let (mut fresh, mut touched) = (Vec::new(), Vec::new());
        for mut walk in loaded {
            let mut changed = Vec::new();
            for day in walk.days.iter() {
                let (rows, content) = walk.seen.day(day).map_or((0, 0), |day| (day.rows, day.content));
                let mut facts =
                    DayFacts { fetched_at: walk.fetched_at, changed_at: walk.fetched_at, content, zone: zone.into() };
                let before = kept.days.get(&day);
                match before.filter(|before| {
                    before.facts.zone == zone && before.rows == rows && before.facts.content == content
                }) {
                    Some(before) => {
                        facts.changed_at = before.facts.changed_at;
                        touched.push((day, facts));
                    }
                    None => changed.push((day, facts)),
                }
            }
            if !changed.is_empty() {
                fresh.extend(self.write(&writer, &contract, &mut walk, changed).await?);
            }
        }
        writer.commit(contract.columns(), fresh, touched).await?;
        Ok(())
    }

    async fn write(
        &self,
        writer: &TableWriter,
        contract: &Contract,
        walk: &mut Loaded,
        days: Vec<(Date, DayFacts)>,
    ) -> Result<Vec<(crate::store::NewDay, DayFacts)>, FillError> {
        let columns: &[Column] = contract.columns();
        let mut stretches = Stretches::of(self, walk)?;
        let mut written = Vec::with_capacity(days.len());
        for (day, facts) in days {
            let mut file = writer.day(columns, day).await?;
            for stretch in stretches.iter_mut() {
                let raws = stretch.raws()?;
                let batches = tokio::task::block_in_place(|| assemble(contract, &self.spec, &raws, day))?;
                for batch in batches {
                    file.write(batch).await?;
                }
            }
            written.push((file.finish().await?, facts));
        }
        Ok(written)
    }
}

/// A walk's cells in ascending stretches of time, each small enough to be sorted in memory.
enum Stretches {
    Whole(Vec<RawBatch>),
    Cut(Vec<Staging>),
}
