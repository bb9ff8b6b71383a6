//! [`ReadPlan`] + pinned snapshots → the caller's view as a stream of record batches.
//!
//! DataFusion is the one engine: whatever face asks (REST parameters today), one logical plan is built over the
//! caller's *view*, in which personal columns are already dropped or hashed. Rows come in the stored order
//! (`event_time, row_id`) without a sort, because a day's file is sorted and days are read one after another. Bytes are
//! the business of `encode`; which days are there was settled by `freshness`.

mod condition;
mod days;
mod hashed;
mod selection;
mod sum;
mod view;
mod visible;

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
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
use crate::plan::{ReadPlan, Sum};
use crate::request::RequestError;
use crate::store::{Snapshot, Store};
use crate::table::{BatchStream, Column};

pub use view::output_columns;

/// Batches in flight between the scan and the encoder: enough to keep both busy, few enough to bound memory.
const BATCHES_AHEAD: usize = 2;

/// Why a plan could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueryError {
    /// A stored file is missing or unreadable: the answer must not be taken for whole.
    #[error("a stored day could not be read")]
    Unreadable(#[source] Arc<DataFusionError>),
    /// Our own mistake in building the plan.
    #[error("the query could not be planned")]
    Planning(#[source] Arc<DataFusionError>),
    /// The caller asks for columns that there are not, or compares what cannot be compared.
    #[error(transparent)]
    Selection(#[from] RequestError),
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        Self::Planning(Arc::new(error))
    }
}

/// The engine: what all queries share.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    objects: ObjectStoreUrl,
    hasher: PiiHasher,
    store: Store,
}

impl Engine {
    /// Scans run on the store's runtime, so that no web worker waits for a file.
    ///
    /// Errors: none that a configuration can cause.
    pub fn new(store: &Store, hasher: PiiHasher) -> Result<Self, QueryError> {
        let planning = |error| QueryError::Planning(Arc::new(error));
        let runtime = RuntimeEnvBuilder::new().build_arc().map_err(planning)?;
        let objects = ObjectStoreUrl::parse("flattap://store").map_err(planning)?;
        runtime.register_object_store(objects.as_ref(), store.object_store());
        Ok(Self { runtime, objects, hasher, store: store.clone() })
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
        let frame = self.frame(plan, snapshots, &columns)?;
        let (frame, output) = selection::apply(frame, plan, view)?;
        Ok((output, self.stream(frame)))
    }

    fn frame(
        &self,
        plan: &ReadPlan,
        snapshots: &[Arc<Snapshot>],
        columns: &[Column],
    ) -> Result<DataFrame, DataFusionError> {
        // One partition: the stored order is the answer's order, and a scan is not what takes time.
        let config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
        let context = SessionContext::new_with_config_rt(config, self.runtime.clone());
        let mut whole: Option<DataFrame> = None;
        for (source, snapshot) in plan.sources.iter().zip(snapshots) {
            let table = days::DayTable::new(snapshot.clone(), source.days, self.objects.clone(), columns)?;
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
        frame.select(view::expressions(&plan.view, columns, &self.hasher))
    }

    /// Runs the frame on the engine's runtime. Dropping the stream ends the scan.
    fn stream(&self, frame: DataFrame) -> BatchStream<QueryError> {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let scan = self.store.spawn(async move {
            let unreadable = |error| QueryError::Unreadable(Arc::new(error));
            let mut batches = match frame.execute_stream().await {
                Ok(batches) => batches,
                Err(error) => {
                    let _ = sender.send(Err(unreadable(error))).await;
                    return;
                }
            };
            while let Some(batch) = batches.next().await {
                if sender.send(batch.map_err(unreadable)).await.is_err() {
                    return;
                }
            }
        });
        let scan = AbortOnDropHandle::new(scan);
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

fn within(from: DateTime, until: DateTime) -> Expr {
    column("event_time").gt_eq(lit(local_micros(from))).and(column("event_time").lt(lit(local_micros(until))))
}

/// A wall-clock time as Arrow counts it: microseconds as if the wall clock showed UTC.
fn local_micros(time: DateTime) -> ScalarValue {
    let micros = TimeZone::UTC.to_timestamp(time).map_or(i64::MAX, |instant| instant.as_microsecond());
    ScalarValue::TimestampMicrosecond(Some(micros), None)
}

/// A column by its exact name: `col` would read dots and capitals as SQL does.
fn column(name: &str) -> Expr {
    col(datafusion::common::Column::from_name(name))
}
