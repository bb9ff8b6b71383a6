//! A query in SQL over the caller's views of its tables.
//!
//! A session of its own knows those views under their names and nothing else: no catalogue of the engine's, no file,
//! no setting. Its memory and its working time are bounded; what sorts and groups goes to disk before it is refused.

mod arguments;
mod bounds;
mod casts;
mod clocks;
mod extent;
mod functions;
mod growth;
mod instants;
mod joined;
mod made;
mod output;
mod seconds;
mod sums;
mod texts;
mod unknown;
mod weighed;
mod whole;

use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, TableReference};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::prelude::{DataFrame, SessionContext};

pub(super) use weighed::WeighWindows;

use super::{Engine, Limit, QueryError, columns_of};
use crate::encode::OutputColumn;
use crate::plan::{Query, QueryPlan, SqlError};
use crate::request::Bounds;
use crate::store::Snapshot;
use crate::table::BatchStream;

/// A query that is understood and has not begun.
pub struct PlannedQuery {
    frame: DataFrame,
    pub columns: Vec<OutputColumn>,
    /// Whether the same rows give the same answer: not so with `now()` or `random()`.
    pub is_repeatable: bool,
}

impl PlannedQuery {
    pub(super) fn into_frame(self) -> DataFrame {
        self.frame
    }
}

impl Engine {
    /// Reads the text of a query.
    ///
    /// Errors: the inner one for what the caller wrote.
    pub async fn parse(&self, text: String) -> Result<Result<Query, SqlError>, QueryError> {
        self.on_threads(async move { Ok(Query::parse(&text)) }).await
    }

    /// Understands a query over these snapshots: for each table those of its plan's sources.
    ///
    /// Errors: [`QueryError::Sql`] for what the caller wrote.
    pub async fn plan_query(
        &self,
        plan: &QueryPlan,
        snapshots: &[Vec<Arc<Snapshot>>],
    ) -> Result<PlannedQuery, QueryError> {
        let (engine, plan, snapshots) = (self.clone(), plan.clone(), snapshots.to_vec());
        self.on_threads(async move {
            let (context, logical) = engine.logical(&plan, &snapshots).await?;
            let is_repeatable = is_repeatable(&logical)?;
            let (logical, columns) = output::fitted(logical)?;
            Ok(PlannedQuery { frame: DataFrame::new(context.state(), logical), columns, is_repeatable })
        })
        .await
    }

    /// Work that walks a query's tree. It may take as long as a query.
    async fn on_threads<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, QueryError> {
        let time = self.limits.time;
        match tokio::time::timeout(time, self.threads.spawn(work)).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(DataFusionError::Internal("planning ended early".to_owned()).into()),
            Err(_) => Err(Limit::Time(time).into()),
        }
    }

    /// How a query would be run, as text of several lines.
    pub async fn explain_query(
        &self,
        plan: &QueryPlan,
        snapshots: &[Vec<Arc<Snapshot>>],
    ) -> Result<String, QueryError> {
        let planned = self.plan_query(plan, snapshots).await?;
        let told = async move { planned.frame.into_optimized_plan().map_err(QueryError::of_query) };
        // Above each scan stands the name of its table.
        let text = self.on_threads(told).await?.display_indent().to_string();
        Ok(text.replace("?table?", "rows"))
    }

    /// Runs it.
    pub fn run_query(&self, planned: PlannedQuery) -> BatchStream<QueryError> {
        self.stream(planned.frame, self.limits.of_queries())
    }

    /// The days of each table that the query can read rows of. `None` when the query cannot be understood over what is
    /// kept so far: a table that was never loaded has only its fixed columns.
    pub async fn days_of_query(&self, plan: &QueryPlan, snapshots: &[Vec<Arc<Snapshot>>]) -> Option<Vec<Bounds>> {
        let (engine, plan, snapshots) = (self.clone(), plan.clone(), snapshots.to_vec());
        let bounds = self.on_threads(async move {
            let (context, logical) = engine.logical(&plan, &snapshots).await?;
            let optimized = context.state().optimize(&logical)?;
            Ok(bounds::of_tables(&optimized, plan.tables.len())?)
        });
        bounds.await.ok()
    }

    async fn logical(
        &self,
        plan: &QueryPlan,
        snapshots: &[Vec<Arc<Snapshot>>],
    ) -> Result<(SessionContext, LogicalPlan), QueryError> {
        let mut context = self.session(Some(&plan.zone), None)?;
        functions::bound(&mut context, self.limits.memory as u64)?;
        for ((number, table), snapshots) in plan.tables.iter().enumerate().zip(snapshots) {
            let columns = columns_of(table.plan.spec, snapshots);
            let view = self.frame(&context, &table.plan, snapshots, &columns, Some(number))?;
            register(&context, &table.name, view)?;
        }
        let state = context.state();
        let said = QueryError::of_query;
        let logical = state.statement_to_plan(plan.query.statement().clone()).await;
        let logical = logical.map_err(|error| unknown::explained(said(error), &state))?;
        // First of all: whatever else goes over a plan goes over every copy of its parts.
        extent::check(&logical)?;
        let reads_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        reads_only.verify_plan(&logical).map_err(said)?;
        functions::check(&logical)?;
        let values: Vec<_> = plan.values.iter().map(|(name, value)| (*name, value.clone())).collect();
        let logical = match values.is_empty() {
            true => logical,
            false => logical.with_param_values(ParamValues::from(values)).map_err(said)?,
        };
        let logical = whole::checked(logical).map_err(said)?;
        let logical = clocks::set(logical, &plan.zone).map_err(said)?;
        // Until types have met, a column has that of its first branch or row alone.
        let typed = state.analyzer().execute_and_check(logical.clone(), state.config_options(), |_, _| {});
        let typed = typed.map_err(said)?;
        clocks::check(&logical, &typed, &plan.zone)?;
        let kept = casts::kept(typed).and_then(|kept| texts::read(kept, &plan.zone));
        Ok((context, kept.map_err(said)?))
    }
}

/// Puts the view under its name, making the schema and the catalogue it stands in.
fn register(context: &SessionContext, name: &TableReference, view: DataFrame) -> Result<(), QueryError> {
    let (catalog, schema) = (name.catalog().unwrap_or(super::CATALOG), name.schema().unwrap_or(super::SCHEMA));
    let catalog: Arc<dyn CatalogProvider> = match context.catalog(catalog) {
        Some(catalog) => catalog,
        None => {
            let made = Arc::new(MemoryCatalogProvider::new());
            context.register_catalog(catalog, made.clone());
            made
        }
    };
    let schema: Arc<dyn SchemaProvider> = match catalog.schema(schema) {
        Some(schema) => schema,
        None => {
            let made = Arc::new(MemorySchemaProvider::new());
            catalog.register_schema(schema, made.clone())?;
            made
        }
    };
    schema.register_table(name.table().to_owned(), view.into_view())?;
    Ok(())
}

fn is_repeatable(plan: &LogicalPlan) -> Result<bool, QueryError> {
    let mut repeatable = true;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(call) = part {
                    repeatable &= call.func.signature().volatility == Volatility::Immutable;
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(repeatable)
}

impl QueryError {
    /// The engine's complaint about what the caller wrote, or about data that it met.
    pub(super) fn of_query(error: DataFusionError) -> Self {
        Self::sorted(error, Self::Sql)
    }
}
