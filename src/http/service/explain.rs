//! What a request would cost and do, without doing it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::sql::{kept, narrowed};
use crate::auth::{Cell, Granted};
use crate::catalog::TableSpec;
use crate::config::PiiMode;
use crate::error::ApiError;
use crate::freshness::Forecast;
use crate::http::state::AppState;
use crate::plan::{self, QueryPlan, ReadPlan, SavedQuery};
use crate::query;
use crate::request::{QueryRequest, TableRequest};
use crate::store::Snapshot;

/// The page of a request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// A view's name begins with `views.`.
    table: String,
    /// Of a view that reads several, all of them. Null when it reads no table at all.
    account: Option<String>,
    /// First day, as far as the condition leaves it. Null when a view reads no table.
    from: Option<String>,
    /// Last day, itself included.
    to: Option<String>,
    days: ExplainedDays,
    upstream: ExpectedCalls,
    policy: AppliedPolicy,
    /// How the kept rows are read.
    plan: String,
}

/// Days of all sources by what they are worth now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ExplainedDays {
    total: usize,
    /// At hand: sealed or fresh.
    warm: usize,
    /// Of the warm ones, those that may still change and will be read again.
    open: usize,
    /// To be loaded: missing, or older than allowed.
    cold: usize,
    /// Of the cold ones, those that are being loaded at this moment.
    loading: usize,
    /// Days to come.
    future: usize,
    /// Rows of the kept days.
    rows: u64,
    /// When the oldest of the kept days was read from CleverTap; null when none is kept.
    #[schema(format = DateTime)]
    as_of: Option<String>,
}

/// What has to be asked of CleverTap.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ExpectedCalls {
    /// Null when nothing is known of such days yet.
    calls: Option<u64>,
    /// Null when no load like it has ended since the server was started.
    seconds: Option<f64>,
}

/// What the caller's key makes of the table.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct AppliedPolicy {
    /// `clear`, `hash` or `drop`.
    pii: &'static str,
    /// Columns that come hashed. A column that the key does not get at all does not exist for it, and is named nowhere.
    hashed: Vec<String>,
}

/// What stands in the place of the plan of a view whose tables the key does not read.
const NOT_SHOWN: &str = "not shown: the key reads the view and not its tables";

pub async fn explain_table(
    state: &AppState,
    granted: &Granted,
    spec: &'static TableSpec,
    asked: &TableRequest,
) -> Result<Explanation, ApiError> {
    let plan = state.in_world(|world| plan::read(world, granted, spec, asked))?;
    let forecast = state.freshness.forecast(&plan).await?;
    let mut snapshots = Vec::with_capacity(plan.sources.len());
    for source in &plan.sources {
        snapshots.push(state.store.table(&source.key).snapshot().await?);
    }
    Ok(Explanation {
        table: spec.name.to_owned(),
        account: Some(plan.account.clone()),
        from: Some(plan.days.first.to_string()),
        to: Some(plan.days.last.to_string()),
        upstream: upstream(&forecast),
        days: days(&forecast),
        policy: policy(granted, hashed(&plan, &snapshots).collect()),
        plan: said(state, &plan, &snapshots).await?,
    })
}

/// The same of a saved query: its days are those of all its tables together.
pub async fn explain_view(
    state: &AppState,
    granted: &Granted,
    view: &SavedQuery,
    asked: &QueryRequest,
) -> Result<Explanation, ApiError> {
    let values = view.values(&asked.values)?;
    let through = granted.through_view();
    let plan = state.in_world(|world| plan::query(world, &through, &view.query, asked, values))?;
    let plan = narrowed(state, &through, plan).await?;
    let mut forecast: Option<Forecast> = None;
    for table in &plan.tables {
        let own = state.freshness.forecast(&table.plan).await?;
        forecast = Some(match forecast {
            Some(before) => before.and(own),
            None => own,
        });
    }
    let forecast = forecast.unwrap_or(Forecast { calls: Some(0), takes: Some(Duration::ZERO), ..Forecast::default() });
    let snapshots = kept(state, &plan).await?;
    let is_seen = plan.tables.iter().all(|table| granted.sees_table(table.plan.spec.name));
    let accounts: BTreeSet<&str> = plan.tables.iter().map(|table| table.plan.account.as_str()).collect();
    let each_hashed = plan.tables.iter().zip(&snapshots).flat_map(|(table, own)| hashed(&table.plan, own));
    let hashed: BTreeSet<String> = if is_seen { each_hashed.collect() } else { BTreeSet::new() };
    Ok(Explanation {
        table: format!("views.{}", view.name),
        account: (!accounts.is_empty()).then(|| Vec::from_iter(accounts).join(", ")),
        from: plan.tables.iter().map(|table| table.plan.days.first).min().map(|day| day.to_string()),
        to: plan.tables.iter().map(|table| table.plan.days.last).max().map(|day| day.to_string()),
        upstream: upstream(&forecast),
        days: days(&forecast),
        policy: policy(granted, hashed.into_iter().collect()),
        plan: match is_seen {
            true => said_of_query(state, &plan, &snapshots).await?,
            false => NOT_SHOWN.to_owned(),
        },
    })
}

fn hashed<'a>(plan: &'a ReadPlan, snapshots: &[Arc<Snapshot>]) -> impl Iterator<Item = String> + use<'a> {
    let columns = query::columns_of(plan.spec, snapshots);
    columns
        .into_iter()
        .filter(|column| matches!(plan.view.treatment(column), Cell::Hashed(_)))
        .map(|column| column.name)
}

fn upstream(forecast: &Forecast) -> ExpectedCalls {
    ExpectedCalls {
        calls: forecast.calls,
        seconds: forecast.takes.map(|takes| (takes.as_secs_f64() * 10.0).round() / 10.0),
    }
}

fn policy(granted: &Granted, hashed: Vec<String>) -> AppliedPolicy {
    let pii = match granted.pii() {
        PiiMode::Clear => "clear",
        PiiMode::Hash => "hash",
        PiiMode::Drop => "drop",
    };
    AppliedPolicy { pii, hashed }
}

fn days(forecast: &Forecast) -> ExplainedDays {
    ExplainedDays {
        total: forecast.days,
        warm: forecast.sealed + forecast.open,
        open: forecast.open,
        cold: forecast.expired + forecast.missing,
        loading: forecast.loading,
        future: forecast.future,
        rows: forecast.rows,
        as_of: forecast.as_of.map(|at| at.to_string()),
    }
}

/// The plan's text. It names columns and conditions of the caller's view, and no file.
async fn said(state: &AppState, plan: &ReadPlan, snapshots: &[Arc<Snapshot>]) -> Result<String, ApiError> {
    match state.engine.explain(plan, snapshots) {
        Ok(text) => Ok(text),
        // A column that only the data can tell of is not known before it is loaded.
        Err(query::QueryError::Selection(error)) if snapshots.iter().all(|snapshot| snapshot.columns.is_empty()) => {
            Ok(format!("not known before the first load: {error}"))
        }
        Err(error) => Err(error.into()),
    }
}

async fn said_of_query(
    state: &AppState,
    plan: &QueryPlan,
    snapshots: &[Vec<Arc<Snapshot>>],
) -> Result<String, ApiError> {
    match state.engine.explain_query(plan, snapshots).await {
        Ok(text) => Ok(text),
        Err(query::QueryError::Sql(error)) if snapshots.iter().flatten().any(|own| own.columns.is_empty()) => {
            Ok(format!("not known before the first load: {error}"))
        }
        Err(error) => Err(error.into()),
    }
}
