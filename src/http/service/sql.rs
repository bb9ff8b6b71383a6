//! Queries: plan, make the days of all tables be there, run, answer.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use datafusion::scalar::ScalarValue;
use futures_util::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

use super::{cache_status, hash_rows};
use crate::auth::Granted;
use crate::encode::{Format, OutputColumn};
use crate::error::ApiError;
use crate::freshness::{Origin, Ready};
use crate::http::answer::{self, AnswerFacts, CacheStatus};
use crate::http::fingerprint::Fingerprint;
use crate::http::state::AppState;
use crate::plan::{self, Query, QueryPlan, QueryTable, SavedQuery};
use crate::request::{Delivery, QueryRequest};
use crate::store::Snapshot;
use crate::telemetry::{ServerTiming, Stage};

/// A query as somebody wrote it.
pub async fn run_sql(
    state: &AppState,
    granted: &Granted,
    sql: &str,
    asked: QueryRequest,
    format: Format,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let query = state.engine.parse(sql.to_owned()).await?.map_err(plan::PlanError::from)?;
    let asked = Asked { name: "query", query: &query, words: asked, values: Vec::new(), is_own: true };
    run(state, granted, asked, format, request).await
}

/// A saved query. What it reads was decided by whoever saved it, so the caller needs the right to it and not to its
/// tables; accounts, events and personal columns stay the caller's own.
pub async fn read_view(
    state: &AppState,
    granted: &Granted,
    view: &SavedQuery,
    asked: QueryRequest,
    format: Format,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let values = view.values(&asked.values)?;
    let asked = Asked { name: &view.name, query: &view.query, words: asked, values, is_own: false };
    run(state, &granted.through_view(), asked, format, request).await
}

/// The columns of a saved query as the caller gets them. Its days are loaded first, as for its rows: what a query makes
/// of columns that nobody has seen yet cannot be known.
pub async fn describe_view(
    state: &AppState,
    granted: &Granted,
    view: &SavedQuery,
    asked: QueryRequest,
) -> Result<Vec<OutputColumn>, ApiError> {
    let values = view.values(&asked.values)?;
    let granted = granted.through_view();
    let plan = state.in_world(|world| plan::query(world, &granted, &view.query, &asked, values))?;
    let plan = narrowed(state, &granted, plan).await?;
    let ready = loaded(state, &plan, false).await?;
    let snapshots: Vec<_> = ready.into_iter().map(|ready| ready.snapshots).collect();
    Ok(state.engine.plan_query(&plan, &snapshots).await?.columns)
}

struct Asked<'a> {
    /// For the name of a download.
    name: &'a str,
    query: &'a Query,
    words: QueryRequest,
    values: Vec<(&'static str, ScalarValue)>,
    /// The caller wrote it, and may hear of its tables.
    is_own: bool,
}

async fn run(
    state: &AppState,
    granted: &Granted,
    asked: Asked<'_>,
    format: Format,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let timing = ServerTiming::of(request);
    let judge = || state.in_world(|world| plan::query(world, granted, asked.query, &asked.words, asked.values.clone()));
    let plan = timing.time(Stage::Plan, judge)?;
    let plan = narrowed(state, granted, plan).await?;
    let ready = timing.measure(Stage::Fetch, loaded(state, &plan, asked.is_own)).await?;
    let snapshots: Vec<_> = ready.iter().map(|ready| ready.snapshots.clone()).collect();
    let planned = state.engine.plan_query(&plan, &snapshots).await?;
    let facts = AnswerFacts {
        server_timing: timing.header(),
        ..facts(state, &plan, &ready, planned.is_repeatable, &asked, format)
    };
    let rows = || async {
        let columns = planned.columns.clone();
        Ok((columns, state.engine.run_query(planned)))
    };
    answer::respond(request, &state.answers, facts, rows).await
}

/// The days of all tables, at hand. A refusal names the table when the caller may hear of it.
async fn loaded(state: &AppState, plan: &QueryPlan, names_tables: bool) -> Result<Vec<Ready>, ApiError> {
    let loads = join_all(plan.tables.iter().map(async |table| {
        let ready = state.freshness.ensure(&table.plan).await;
        ready.map_err(|refusal| match names_tables {
            true => ApiError::from(refusal).about(said(table)),
            false => refusal.into(),
        })
    }));
    // All of them are set going before the first refusal is said.
    loads.await.into_iter().collect()
}

/// Which table, and which days of it.
fn said(table: &QueryTable) -> String {
    let days = table.plan.days;
    format!("{}, {} to {}", table.name.to_quoted_string(), days.first, days.last)
}

/// The plan over the days that the query's own conditions leave, as far as what is kept lets it be understood.
pub(super) async fn narrowed(state: &AppState, granted: &Granted, plan: QueryPlan) -> Result<QueryPlan, ApiError> {
    let snapshots = kept(state, &plan).await?;
    match state.engine.days_of_query(&plan, &snapshots).await {
        Some(bounds) => Ok(state.in_world(|world| plan.narrowed(world, granted, &bounds))?),
        None => Ok(plan),
    }
}

/// What is there of each table, without asking for more.
pub(super) async fn kept(state: &AppState, plan: &QueryPlan) -> Result<Vec<Vec<Arc<Snapshot>>>, ApiError> {
    let mut snapshots = Vec::with_capacity(plan.tables.len());
    for table in &plan.tables {
        let mut own = Vec::with_capacity(table.plan.sources.len());
        for source in &table.plan.sources {
            own.push(state.store.table(&source.key).snapshot().await?);
        }
        snapshots.push(own);
    }
    Ok(snapshots)
}

fn facts(
    state: &AppState,
    plan: &QueryPlan,
    ready: &[Ready],
    is_repeatable: bool,
    asked: &Asked<'_>,
    format: Format,
) -> AnswerFacts {
    let now = state.clock.now();
    let mut fingerprint = Fingerprint::default();
    (plan.query.text(), &plan.values).hash(&mut fingerprint);
    for (table, ready) in plan.tables.iter().zip(ready) {
        table.name.hash(&mut fingerprint);
        hash_rows(&mut fingerprint, &table.plan, ready);
    }
    if !is_repeatable {
        Uuid::now_v7().hash(&mut fingerprint);
    }
    let changed = ready.iter().map(|ready| ready.changed_at).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let status = |wanted: fn(&Origin) -> bool| ready.iter().map(|ready| &ready.origin).find(|origin| wanted(origin));
    let origin = status(|origin| matches!(origin, Origin::Stale(_)))
        .or_else(|| status(|origin| matches!(origin, Origin::Upstream)));
    let output = asked.words.output;
    AnswerFacts {
        fingerprint: fingerprint.finish_128(),
        format,
        options: output.text,
        last_modified: if is_repeatable { changed.max(plan.moved_at) } else { now },
        as_of: ready.iter().map(|ready| ready.as_of).min().unwrap_or(now),
        complete: ready.iter().all(|ready| ready.complete),
        next: None,
        cache_status: origin.map_or(CacheStatus::Store, cache_status),
        max_age: match is_repeatable {
            true => ready.iter().map(|ready| ready.max_age).min().unwrap_or(Duration::from_secs(3600)),
            false => Duration::ZERO,
        },
        download_name: (output.delivery == Delivery::Attachment).then(|| format!("{}.{}", asked.name, format.name())),
        server_timing: None,
        entities: None,
    }
}
