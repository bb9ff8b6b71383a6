//! What handlers ask of the rooms behind them: plan, make the days be there, read, answer.

mod chart;
mod explain;
pub mod odata;
mod plans;
mod sql;

use std::hash::Hash;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;

use crate::auth::{Cell, Granted};
use crate::catalog::{self, TableSpec};
use crate::encode::Format;
use crate::error::{ApiError, Code};
use crate::freshness::{Job, Origin, Ready};
use crate::http::answer::{self, AnswerFacts, CacheStatus};
use crate::http::fingerprint::Fingerprint;
use crate::http::listing::DescribedColumn;
use crate::http::state::AppState;
use crate::period::day_number;
use crate::plan::{self, PlanError, ReadPlan, View};
use crate::query;
use crate::request::{self, Delivery, OutputOptions, RefreshRequest, Rules, TableRequest};
use crate::store::TableKey;
use crate::telemetry::{ServerTiming, Stage};

use self::plans::Planned;

pub use chart::draw_chart;
pub use explain::{Explanation, explain_table, explain_view};
pub use plans::Plans;
pub use sql::{describe_view, read_view, run_sql};

/// The rows. `spec` is visible to the caller; all else is still to be judged.
pub async fn read_table(
    state: &AppState,
    granted: &Granted,
    spec: &'static TableSpec,
    rules: Rules,
    format: impl FnOnce() -> Result<Format, ApiError>,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let timing = ServerTiming::of(request);
    let query = request.query_string();
    let key = plans::Key::of(granted, spec, query);
    let (planned, format) = match timing.measure(Stage::Plan, state.plans.find(state, &key)).await {
        Some(planned) => {
            let format = format()?;
            planned.output.fit(format)?;
            (planned, format)
        }
        None => {
            let asked = request::parse(query, spec, rules)?;
            let format = format()?;
            asked.output.fit(format)?;
            let planned = timing.time(Stage::Plan, || Planned::new(state, granted, spec, &asked, query))?;
            let planned = Arc::new(planned);
            state.plans.keep(key, &planned).await;
            (planned, format)
        }
    };
    let plan = &planned.plan;
    let ready = timing.measure(Stage::Fetch, state.freshness.ensure(plan)).await?;
    let facts = AnswerFacts { server_timing: timing.header(), ..facts(plan, &ready, format, planned.output) };
    let rows = || async { state.engine.read(plan, &ready.snapshots).await.map_err(ApiError::from) };
    answer::respond(request, &state.answers, facts, rows).await
}

/// What is known of the answer before a row of it is read.
fn facts(plan: &ReadPlan, ready: &Ready, format: Format, output: OutputOptions) -> AnswerFacts {
    AnswerFacts {
        fingerprint: fingerprint(plan, ready),
        format,
        options: output.text,
        last_modified: ready.changed_at.max(plan.moved_at),
        as_of: ready.as_of,
        complete: ready.complete,
        cache_status: cache_status(&ready.origin),
        next: None,
        max_age: ready.max_age,
        download_name: (output.delivery == Delivery::Attachment)
            .then(|| format!("{}.{}", file_name(plan), format.name())),
        server_timing: None,
        entities: None,
    }
}

fn cache_status(origin: &Origin) -> CacheStatus {
    match origin {
        Origin::Store => CacheStatus::Store,
        Origin::Upstream => CacheStatus::Upstream,
        Origin::Stale(why) => CacheStatus::Stale { detail: ApiError::from(why.clone()).code().name().to_owned() },
    }
}

/// Equal for equal rows: what is read (the days' contents, the columns) and in whose view.
fn fingerprint(plan: &ReadPlan, ready: &Ready) -> u128 {
    let mut fingerprint = Fingerprint::default();
    hash_rows(&mut fingerprint, plan, ready);
    fingerprint.finish_128()
}

fn hash_rows(fingerprint: &mut Fingerprint, plan: &ReadPlan, ready: &Ready) {
    (plan.days, plan.window, plan.sum, &plan.view, &plan.selection).hash(fingerprint);
    for (source, snapshot) in plan.sources.iter().zip(&ready.snapshots) {
        snapshot.key.hash(fingerprint);
        snapshot.columns_mark.hash(fingerprint);
        for (day, stored) in snapshot.days.range(source.days.first..=source.days.last) {
            (day_number(*day), stored.facts.content, stored.rows, &stored.facts.zone).hash(fingerprint);
        }
    }
}

/// Without its extension.
fn file_name(plan: &ReadPlan) -> String {
    let events: Vec<&str> = plan.sources.iter().filter_map(|source| source.key.event.as_deref()).collect();
    let mut words = vec![plan.spec.name.to_owned()];
    if !events.is_empty() {
        words.push(events.join("+"));
    }
    words.extend(plan.subject());
    words.join("-")
}

/// The columns as the caller gets them, dropped ones absent. No rows are read and CleverTap is not asked.
pub async fn describe_table(
    state: &AppState,
    granted: &Granted,
    spec: &'static TableSpec,
    asked: &TableRequest,
) -> Result<Vec<DescribedColumn>, ApiError> {
    let mut snapshots = Vec::new();
    match state.in_world(|world| plan::read(world, granted, spec, asked)) {
        Ok(plan) => {
            for source in &plan.sources {
                let own = state.store.table(&source.key).snapshot().await?;
                // What was never asked for in this way has the columns of the whole.
                let whole = TableKey { part: None, ..source.key.clone() };
                snapshots.push(match own.columns.is_empty() {
                    true => state.store.table(&whole).snapshot().await?,
                    false => own,
                });
            }
        }
        // Without an account there are still the columns that all tables of this kind have.
        Err(PlanError::NoAccount | PlanError::AccountNeeded { .. }) if asked.events.is_empty() => {}
        Err(refusal) => return Err(refusal.into()),
    }
    let columns = query::columns_of(spec, &snapshots);
    let view = View::of(granted, &state.policy, spec, &asked.own);
    let described: Vec<DescribedColumn> = columns
        .into_iter()
        .filter_map(|column| {
            let kind = match view.treatment(&column) {
                Cell::Clear | Cell::Masked(_) => column.kind,
                Cell::Hashed(rule) => rule.kind(),
                Cell::Dropped => return None,
            };
            Some(DescribedColumn { kind, is_personal: view.is_personal(&column), column })
        })
        .collect();
    let Some(wanted) = &asked.selection.columns else { return Ok(described) };
    let chosen = wanted.iter().map(|name| {
        let names = described.iter().map(|known| known.column.name.as_str());
        let found = described.iter().find(|known| known.column.name == name.name);
        found.cloned().ok_or_else(|| request::unknown_column("select", name, names).into())
    });
    chosen.collect()
}

/// The same once something of the table is known: its days are loaded when nothing of it is kept yet, because without
/// them there are no columns of properties to describe.
pub async fn describe_known_table(
    state: &AppState,
    granted: &Granted,
    spec: &'static TableSpec,
    asked: &TableRequest,
) -> Result<Vec<DescribedColumn>, ApiError> {
    let plan = state.in_world(|world| plan::read(world, granted, spec, asked))?;
    for source in &plan.sources {
        if state.store.table(&source.key).snapshot().await?.columns.is_empty() {
            state.freshness.ensure(&plan).await?;
            break;
        }
    }
    describe_table(state, granted, spec, asked).await
}

/// The jobs whose account, table and event the caller sees, newest first.
pub fn list_jobs(state: &AppState, granted: &Granted) -> Vec<Arc<Job>> {
    state.freshness.fills().jobs().into_iter().filter(|job| is_visible(granted, job)).collect()
}

/// One of those.
pub fn find_job(state: &AppState, granted: &Granted, id: Uuid) -> Option<Arc<Job>> {
    state.freshness.fills().job(id).filter(|job| is_visible(granted, job))
}

fn is_visible(granted: &Granted, job: &Job) -> bool {
    granted.sees_account(&job.account)
        && catalog::shown_by(&job.key.table).any(|table| granted.sees_table(table))
        && job.key.event.as_deref().is_none_or(|event| granted.sees_event(event))
}

/// Starts loading again. `spec` is visible to the caller, who may refresh; accounts and events are still to be judged.
pub async fn refresh(
    state: &AppState,
    granted: &Granted,
    spec: &'static TableSpec,
    asked: RefreshRequest,
) -> Result<Arc<Job>, ApiError> {
    let plan = state.in_world(|world| plan::reload(world, granted, spec, &asked))?;
    let source = plan.sources.first().ok_or_else(|| ApiError::internal("a plan without a source"))?;
    let job = state.freshness.reload(&plan.account, source).await?;
    job.ok_or_else(|| {
        ApiError::new(Code::RequestBadParameter, "The days are in the future: there is nothing to load yet.")
            .parameter("from")
    })
}

/// Whether requests can be answered.
pub async fn ready(state: &AppState) -> Result<(), ApiError> {
    Ok(state.store.ready().await?)
}

/// The metrics in Prometheus' text format.
pub fn metrics(state: &AppState) -> String {
    state.metrics.render()
}
