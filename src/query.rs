//! [`ReadPlan`] + pinned snapshots → the caller's view as a stream of record batches.
//!
//! DataFusion is the one engine: whatever face asks (parameters of an address, SQL), one logical plan is built over the
//! caller's *view*, in which personal columns are already dropped or hashed. Rows come in the stored order
//! (`event_time, row_id`) without a sort, because a day's file is sorted and days are read one after another. Bytes are
//! the business of `encode`; which days are there was settled by `freshness`.

mod barrier;
mod condition;
mod days;
mod entities;
mod error;
mod hashed;
mod limits;
mod masked;
mod numbered;
mod selection;
mod sql;
mod sum;
mod threads;
mod view;
mod visible;

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use futures_util::StreamExt;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::auth::PiiHasher;
use crate::catalog::{FixedColumn, TableSpec};
use crate::encode::OutputColumn;
use crate::period::zone_name;
use crate::plan::{ReadPlan, Sum};
use crate::store::{Snapshot, Store};
use crate::table::{BatchStream, Column};

use barrier::Barrier;
use limits::Meter;
use sql::WeighWindows;
use threads::QueryThreads;

pub use entities::{Choice, Entities, Page};
pub use error::QueryError;
pub use limits::{Limit, QueryLimits};
pub use sql::PlannedQuery;
pub use view::output_columns;

/// Batches between the scan and the encoder, besides those that each has in hand: one keeps both at work.
const BATCHES_AHEAD: usize = 1;

/// Cells of a batch of a table that is read as it lies: with the one ahead, those being written and the one being read,
/// a stream has some six batches at once on two cores, and a text cell alone takes 16 bytes. Twice as many cells, in pieces
/// twice as large, are read up to a tenth faster, and eleven readers take 25 MB more.
const BATCH_CELLS: usize = 32 * 1024;

/// The engine: what all queries share.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    objects: ObjectStoreUrl,
    hasher: PiiHasher,
    store: Store,
    threads: QueryThreads,
    limits: QueryLimits,
}

/// Names under which nobody's tables stand.
const CATALOG: &str = ".";
const SCHEMA: &str = ".";

impl Engine {
    /// Tables are read on the store's runtime, so that no web worker waits for a file; SQL has threads of its own.
    ///
    /// Errors: the system refuses the threads.
    pub fn new(store: &Store, hasher: PiiHasher, limits: QueryLimits) -> Result<Self, QueryError> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![store.spill_dir().to_owned()]))
            .with_max_temp_directory_size(limits.disk);
        let runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(disk).build_arc()?;
        let objects = ObjectStoreUrl::parse("flattap://store")?;
        runtime.register_object_store(objects.as_ref(), store.object_store());
        let threads = QueryThreads::start().map_err(DataFusionError::IoError)?;
        Ok(Self { runtime, objects, hasher, store: store.clone(), threads, limits })
    }

    /// A session for one query, with memory of its own. `zone` is that of its today, which only SQL knows; `batch_rows`
    /// replaces the engine's 8,192.
    fn session(&self, zone: Option<&TimeZone>, batch_rows: Option<usize>) -> Result<SessionContext, QueryError> {
        let pool = Arc::new(FairSpillPool::new(self.limits.memory));
        let runtime = RuntimeEnvBuilder::from_runtime_env(&self.runtime).with_memory_pool(pool).build_arc()?;
        // One partition: the stored order is the answer's order, and a scan is not what takes time.
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(true)
            .with_default_catalog_and_schema(CATALOG, SCHEMA);
        if let Some(zone) = zone {
            config.options_mut().execution.time_zone = Some(zone_name(zone).to_owned());
        }
        if let Some(rows) = batch_rows {
            config = config.with_batch_size(rows);
        }
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(WeighWindows))
            .build();
        Ok(SessionContext::new_with_state(state))
    }

    /// The columns the caller gets, and their rows.
    ///
    /// `snapshots` are those of `plan.sources`, in that order. A table that does not exist yet has its fixed columns
    /// and no rows.
    pub async fn read(
        &self,
        plan: &ReadPlan,
        snapshots: &[Arc<Snapshot>],
    ) -> Result<(Vec<OutputColumn>, BatchStream<QueryError>), QueryError> {
        let columns = columns_of(plan.spec, snapshots);
        let view = output_columns(&plan.view, &columns);
        // What is sorted first is held anyway, and takes longer in small batches.
        let as_it_lies = snapshots.len() <= 1 && plan.selection.order.is_empty();
        let width = plan.selection.columns.as_ref().map_or(view.len(), Vec::len);
        let context = self.session(None, as_it_lies.then(|| batch_rows(width)))?;
        let frame = self.frame(&context, plan, snapshots, &columns, None)?;
        let (frame, output) = selection::apply(frame, plan, view)?;
        // A table is streamed as it lies; only what has to be sorted first takes time before it begins.
        Ok((output, self.stream(frame, self.limits.of_tables())))
    }

    /// How the rows would be read, as text of several lines.
    pub fn explain(&self, plan: &ReadPlan, snapshots: &[Arc<Snapshot>]) -> Result<String, QueryError> {
        let columns = columns_of(plan.spec, snapshots);
        let view = output_columns(&plan.view, &columns);
        let context = self.session(None, None)?;
        let frame = self.frame(&context, plan, snapshots, &columns, None)?;
        let (frame, _) = selection::apply(frame, plan, view)?;
        // A scan has no name of its own in the engine.
        let text = frame.into_optimized_plan()?.display_indent().to_string();
        Ok(text.replace("?table?", plan.spec.name))
    }

    /// The caller's view of a plan's rows. `number` marks the scans of a table in a query.
    fn frame(
        &self,
        context: &SessionContext,
        plan: &ReadPlan,
        snapshots: &[Arc<Snapshot>],
        columns: &[Column],
        number: Option<usize>,
    ) -> Result<DataFrame, DataFusionError> {
        let mut whole: Option<DataFrame> = None;
        for (source, snapshot) in plan.sources.iter().zip(snapshots) {
            let table =
                days::DayTable::new(snapshot.clone(), source.days, self.objects.clone(), columns)?.numbered(number);
            let part = context.read_table(Arc::new(table))?;
            whole = Some(match whole {
                None => part,
                Some(before) => before.union(part)?,
            });
        }
        let mut frame = match whole {
            Some(frame) => frame,
            None => context.read_empty()?,
        };
        if let Some((from, until)) = plan.window {
            frame = frame.filter(within(from, until))?;
        }
        if let Some(events) = plan.view.visible_events() {
            frame = frame.filter(visible::of(column("event_name"), events.clone()))?;
        }
        if plan.sum == Sum::Counts {
            frame = sum::counts(frame, plan.days)?;
        }
        // An order of the caller's comes on top.
        if snapshots.len() > 1 && plan.selection.order.is_empty() {
            frame = frame.sort(plan.spec.order.iter().map(|name| column(name).sort(true, true)).collect())?;
        }
        let frame = frame.select(view::expressions(&plan.view, columns, &self.hasher))?;
        match plan.view.visible_events() {
            // Nothing of the caller's may be computed on rows that they do not see: it could fail, and so tell of them.
            Some(_) => context.read_table(Arc::new(Barrier::new(frame))),
            None => Ok(frame),
        }
    }

    /// Runs the frame. Dropping the stream ends the scan.
    fn stream(&self, frame: DataFrame, mut meter: Meter) -> BatchStream<QueryError> {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let is_sql = meter.is_sql();
        let work = async move {
            let _turn = match meter.turn().await {
                Ok(turn) => turn,
                Err(busy) => {
                    let _ = sender.send(Err(busy)).await;
                    return;
                }
            };
            let mut batches = match meter.work(frame.execute_stream()).await {
                Ok(Ok(batches)) => batches,
                Ok(Err(error)) => {
                    let _ = sender.send(Err(meter.sorted(error))).await;
                    return;
                }
                Err(limit) => {
                    let _ = sender.send(Err(limit.into())).await;
                    return;
                }
            };
            loop {
                let batch = match meter.work(batches.next()).await {
                    Ok(None) => return,
                    Ok(Some(Ok(batch))) => meter.count(batch.num_rows()).map(|()| batch).map_err(QueryError::Limit),
                    Ok(Some(Err(error))) => Err(meter.sorted(error)),
                    Err(limit) => Err(limit.into()),
                };
                let is_last = batch.is_err();
                if sender.send(batch).await.is_err() || is_last {
                    return;
                }
            }
        };
        let scan = match is_sql {
            true => self.threads.spawn(work),
            false => AbortOnDropHandle::new(self.store.spawn(work)),
        };
        futures_util::stream::unfold((receiver, scan), |(mut receiver, scan)| async move {
            // A scan that panicked closes its channel as a finished one does; only its handle can tell the two apart.
            match receiver.recv().await {
                Some(batch) => Some((batch, (receiver, scan))),
                None => match scan.await {
                    Ok(()) => None,
                    Err(_) => {
                        let broken = DataFusionError::Internal("the scan ended early".to_owned());
                        let (_, closed) = mpsc::channel(1);
                        let done = AbortOnDropHandle::new(tokio::spawn(async {}));
                        Some((Err(QueryError::Unreadable(Arc::new(broken))), (closed, done)))
                    }
                },
            }
        })
        .boxed()
    }
}

/// The columns of several tables of one kind together: those of the first, then what the others add. A table that does
/// not exist yet has the columns that all of its kind have.
pub fn columns_of(spec: &TableSpec, snapshots: &[Arc<Snapshot>]) -> Vec<Column> {
    let all_of_its_kind = || spec.columns.iter().map(FixedColumn::column).collect::<Vec<Column>>();
    if snapshots.is_empty() {
        return all_of_its_kind();
    }
    let columns = view::merged(snapshots.iter().map(|snapshot| match snapshot.columns.is_empty() {
        true => all_of_its_kind(),
        false => snapshot.columns.to_vec(),
    }));
    spec.shown(columns)
}

/// Rows of a batch with so many columns.
fn batch_rows(columns: usize) -> usize {
    (BATCH_CELLS / columns.max(1)).clamp(256, 8_192)
}

fn within(from: DateTime, until: DateTime) -> Expr {
    column("event_time").gt_eq(lit(local_micros(from))).and(column("event_time").lt(lit(local_micros(until))))
}

/// A wall-clock time as Arrow counts it: microseconds as if the wall clock showed UTC.
fn local_micros(time: DateTime) -> ScalarValue {
    let since = time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    ScalarValue::TimestampMicrosecond(Some(since.as_micros().try_into().unwrap_or(i64::MAX)), None)
}

/// A column by its exact name: `col` would read dots and capitals as SQL does.
fn column(name: &str) -> Expr {
    col(datafusion::common::Column::from_name(name))
}
