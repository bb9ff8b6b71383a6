//! What a request would cost and do, without doing it.

use serde::Serialize;

use crate::auth::{Cell, Granted};
use crate::catalog::TableSpec;
use crate::config::PiiMode;
use crate::error::ApiError;
use crate::freshness::Forecast;
use crate::http::state::AppState;
use crate::plan::{self, ReadPlan};
use crate::query;
use crate::request::TableRequest;

/// The page of a request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    table: &'static str,
    account: String,
    /// First day, as far as the condition leaves it.
    from: String,
    /// Last day, itself included.
    to: String,
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
    let columns = query::columns_of(spec, &snapshots);
    let hashed = columns.iter().filter(|column| matches!(plan.view.treatment(column), Cell::Hashed(_)));
    Ok(Explanation {
        table: spec.name,
        account: plan.account.clone(),
        from: plan.days.first.to_string(),
        to: plan.days.last.to_string(),
        upstream: ExpectedCalls {
            calls: forecast.calls,
            seconds: forecast.takes.map(|takes| (takes.as_secs_f64() * 10.0).round() / 10.0),
        },
        days: days(&forecast),
        policy: AppliedPolicy {
            pii: match granted.pii() {
                PiiMode::Clear => "clear",
                PiiMode::Hash => "hash",
                PiiMode::Drop => "drop",
            },
            hashed: hashed.map(|column| column.name.clone()).collect(),
        },
        plan: said(state, &plan, &snapshots).await?,
    })
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
async fn said(
    state: &AppState,
    plan: &ReadPlan,
    snapshots: &[std::sync::Arc<crate::store::Snapshot>],
) -> Result<String, ApiError> {
    match state.engine.explain(plan, snapshots) {
        Ok(text) => Ok(text),
        // A column that only the data can tell of is not known before it is loaded.
        Err(query::QueryError::Selection(error)) if snapshots.iter().all(|snapshot| snapshot.columns.is_empty()) => {
            Ok(format!("not known before the first load: {error}"))
        }
        Err(error) => Err(error.into()),
    }
}
