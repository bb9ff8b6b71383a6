//! One walk: records → untyped cells, staged; and the commit: staged cells → sorted, typed days.
//!
//! Memory stays at a few pages: staged cells beyond a small share go to the spill folder, and a walk too large to be
//! sorted at once is cut into ascending stretches of time first (`stretches`).

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

use super::Feed;
use super::job::{FillError, Job};
use super::sources::{Pages, World};
use super::stretches::Stretches;
use crate::allocator::Load;
use crate::catalog;
use crate::clevertap::UpstreamError;
use crate::flatten::{Contract, EventSpec, Flattener, Seen};
use crate::period::{Clock, Days, zone_name};
use crate::plan::{Question, Source, whole_items};
use crate::store::{DayFacts, DayTable, NewDay, Snapshot, Staging, Store, StoredDay, TableKey, TableWriter};

/// How often the walk over some days starts again when CleverTap loses its cursor.
const WALKS_TRIED: usize = 3;
/// Walks that are sorted and written at once, as far as [`SORTED_AT_ONCE`] allows.
const WALKS_AT_ONCE: usize = 2;
/// Bytes of cells of several walks that are sorted at once; a larger walk goes alone.
const SORTED_AT_ONCE: u64 = 48 << 20;
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
    /// What the rows were made of, when they were made of another table's.
    parent: Option<Arc<Snapshot>>,
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
    source: Source,
    spec: Arc<EventSpec>,
    clock: Clock,
}

/// Whose columns a table has.
enum Columns {
    Own,
    /// It begins with those of this table and goes on by itself.
    BegunBy(Arc<DayTable>),
    /// Those of this table, which is nothing but columns: many answers come and go, what they are made of stays.
    HeldBy(Arc<DayTable>),
}

impl Loader {
    pub fn new(
        feed: Arc<Feed>,
        store: &Store,
        table: Arc<DayTable>,
        job: Arc<Job>,
        source: Source,
        clock: Clock,
    ) -> Self {
        let spec = Arc::new(EventSpec {
            account_id: source.key.account_id.clone(),
            event_name: source.key.event.clone().unwrap_or_default(),
            zone: feed.settings.timezone.clone(),
        });
        Self { feed, store: store.clone(), table, job, source, spec, clock }
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
        // Events are the many: reading their records is check enough, until one is not JSON.
        let mut trusting = matches!(self.source.question, Question::Events { .. });
        loop {
            let mut received = 0;
            match self.walk_once(days, trusting, &mut received).await {
                Err(FillError::Upstream(UpstreamError::CursorLost { said })) if tried < WALKS_TRIED => {
                    tracing::info!(first = %days.first, last = %days.last, said, "cursor lost, the walk starts again");
                    tried += 1;
                }
                Err(FillError::Flatten(why)) if trusting && why.is_of_the_text() => {
                    // Checked beforehand, such a page is asked for again by itself.
                    tracing::info!(first = %days.first, last = %days.last, %why, "a broken page, the walk starts again");
                    trusting = false;
                }
                other => return other,
            }
            self.job.discarded(received);
        }
    }

    async fn walk_once(&self, days: Days, trusting: bool, received: &mut u64) -> Result<Loaded, FillError> {
        let fetched_at = self.clock.now();
        let parent = match self.source.question.parent() {
            Some(parent) => Some(self.store.table(&parent.key).snapshot().await?),
            None => None,
        };
        let world = World {
            feed: &self.feed,
            store: &self.store,
            policy: &self.feed.policy,
            source: &self.source,
            parent: parent.as_deref(),
            rank: &self.job.rank,
            occasion: self.job.occasion,
            now: fetched_at,
            today: self.clock.today(&self.feed.settings.timezone),
        };
        let mut pages = Pages::open(&world, days, trusting).await?;
        let mut flattener = match self.source.question {
            Question::Events { .. } => Flattener::new(self.spec.clone()),
            _ => Flattener::for_records(self.spec.clone()),
        };
        let mut staged = self.store.staging();
        let mut bytes = 0;
        while let Some(page) = pages.next().await? {
            let rows = block_in_place(|| -> Result<u64, FillError> {
                let raw = flattener.page(&page.records()?)?;
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
        Ok(Loaded { days, seen, staged, bytes, fetched_at, parent })
    }

    /// Types and sorts whole walks and puts their days into the table, in one commit.
    pub async fn commit(&self, mut loaded: Vec<Loaded>) -> Result<(), FillError> {
        // What is staged may be gone before the last day is written.
        let _load = Load::begin();
        let columns = self.columns();
        // Always the holder first, so that two writers never wait for each other.
        let mut holder = match &columns {
            Columns::HeldBy(table) => Some(table.lock().await?),
            Columns::Own | Columns::BegunBy(_) => None,
        };
        let mut writer = self.table.lock().await?;
        let kept = writer.snapshot();
        let known = match (&columns, &holder) {
            (_, Some(holder)) => holder.snapshot(),
            (Columns::BegunBy(table), None) if kept.columns.is_empty() => table.snapshot().await?,
            _ => kept.clone(),
        };
        let contract = match known.columns.is_empty() {
            true => self.first_columns(),
            false => Contract::from_columns(known.columns.to_vec()),
        };
        // What is in memory makes room for what has to be read again; for a walk that takes all there is, at once.
        loaded.sort_by_key(|walk| walk.staged.is_spilled());
        if loaded.iter().any(Stretches::is_cut) {
            block_in_place(|| loaded.iter_mut().try_for_each(|walk| walk.staged.spill()))?;
        }
        let mut seen = Seen::default();
        for walk in &loaded {
            seen.merge(&walk.seen);
        }
        let contract = Arc::new(contract.grow(&seen)?.contract);
        let (mut writes, mut touched) = (Vec::new(), Vec::new());
        let room = Arc::new(Semaphore::new(Self::permits(u64::MAX) as usize));
        for walk in loaded {
            let mut changed = Vec::new();
            for (day, facts, rows) in self.facts(&walk)? {
                match kept.days.get(&day).filter(|before| is_same(before, &facts, rows)) {
                    Some(before) => {
                        touched.push((day, DayFacts { changed_at: before.facts.changed_at, ..facts }));
                    }
                    None => changed.push((day, facts)),
                }
            }
            if !changed.is_empty() {
                writes.push(self.write(&writer, &contract, walk, changed, room.clone()));
            }
        }
        let fresh: Vec<_> = futures_util::stream::iter(writes).buffer_unordered(WALKS_AT_ONCE).try_collect().await?;
        let fresh = fresh.into_iter().flatten().collect();
        if let Some(holder) = &mut holder {
            holder.commit(contract.columns(), Vec::new(), Vec::new()).await?;
        }
        writer.commit(contract.columns(), fresh, touched).await?;
        Ok(())
    }

    fn columns(&self) -> Columns {
        let key = &self.source.key;
        if key.part.is_none() {
            return Columns::Own;
        }
        let whole = || self.store.table(&TableKey { part: None, ..key.clone() });
        match &self.source.question {
            Question::Events { .. } => Columns::BegunBy(whole()),
            Question::Items { parent, .. } if parent.key.part.is_none() => Columns::Own,
            Question::Items { property, .. } => {
                let part = Some(whole_items(property));
                Columns::BegunBy(self.store.table(&TableKey { part, ..key.clone() }))
            }
            Question::Profiles { .. }
            | Question::Profile(_)
            | Question::CampaignReport { .. }
            | Question::Messages { .. } => Columns::HeldBy(whole()),
            // Their columns are all known beforehand.
            _ => Columns::Own,
        }
    }

    /// The columns of the table before its first load.
    fn first_columns(&self) -> Contract {
        match (&self.source.question, catalog::find(&self.source.key.table)) {
            (Question::Events { .. }, _) | (_, None) => Contract::events(),
            (_, Some(spec)) => Contract::of(spec.kept_columns()),
        }
    }

    /// What is known of each day of the walk, also of those that had no rows.
    fn facts(&self, walk: &Loaded) -> Result<Vec<(Date, DayFacts, u64)>, FillError> {
        let seen: std::collections::BTreeMap<Date, _> = walk.seen.days().collect();
        walk.days
            .iter()
            .map(|day| {
                let (rows, content) = seen.get(&day).map_or((0, 0), |day| (day.rows, day.content));
                if let Some(parent) = &walk.parent {
                    // Who asks whether these rows are still good compares them with the others by these facts.
                    let whole = parent.days.get(&day).ok_or(FillError::Aborted)?;
                    return Ok((day, whole.facts.clone(), rows));
                }
                let facts = DayFacts {
                    fetched_at: walk.fetched_at,
                    changed_at: walk.fetched_at,
                    content,
                    zone: zone_name(&self.feed.settings.timezone).to_owned(),
                };
                Ok((day, facts, rows))
            })
            .collect()
    }

    /// What a walk of so many bytes takes of the room for sorting, in KiB.
    fn permits(bytes: u64) -> u32 {
        (bytes.min(SORTED_AT_ONCE) >> 10) as u32
    }

    async fn write(
        &self,
        writer: &TableWriter,
        contract: &Arc<Contract>,
        walk: Loaded,
        days: Vec<(Date, DayFacts)>,
        room: Arc<Semaphore>,
    ) -> Result<Vec<(NewDay, DayFacts)>, FillError> {
        let _taken = room.acquire_many(Self::permits(walk.bytes)).await.map_err(|_| FillError::Aborted)?;
        let mut stretches = block_in_place(|| Stretches::of(&walk, self.store.spill_dir()))?;
        // What was staged lies in the stretches now: its memory and its file go before the days are written.
        drop(walk);
        let files: Vec<_> = days
            .into_iter()
            .map(|(day, facts)| {
                let rows = stretches.rows_of(day, contract.clone(), self.spec.clone());
                let file = writer.write_day(contract.columns(), day, futures_util::stream::iter(rows));
                async move { file.await.map(|file: NewDay| (file, facts)) }
            })
            .collect();
        futures_util::stream::iter(files).buffer_unordered(WRITTEN_AT_ONCE).try_collect().await
    }
}

/// Whether a day read again brought what is kept already.
fn is_same(before: &StoredDay, facts: &DayFacts, rows: u64) -> bool {
    before.facts.zone == facts.zone && before.rows == rows && before.facts.content == facts.content
}
