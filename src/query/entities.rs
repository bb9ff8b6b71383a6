//! The rows of a table or a query as entities: every column under the name of its property, a key that tells them apart,
//! page by page.
//!
//! It comes on top of the caller's view, so a key is made of what they see, and a condition on it tells no more. Pages of
//! a table in its own order begin behind the last row of the one before, which the days and the statistics of the files
//! find without reading what lies before; in any other order they begin after so many rows.

mod pages;

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, SortExpr, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;
use futures_util::TryStreamExt;
use jiff::tz::TimeZone;

use super::condition::Scope;
use super::limits::Meter;
use super::numbered::Numbered;
use super::sql::PlannedQuery;
use super::{Engine, QueryError, column, columns_of, output_columns};
use crate::encode::OutputColumn;
use crate::odata::{EntityType, Place, Property};
use crate::plan::ReadPlan;
use crate::request::{ColumnName, Direction, Expression, OrderKey, unknown_column};
use crate::store::Snapshot;
use crate::table::BatchStream;

/// The number of a row, in the order in which they lie. No property has such a name.
const ORDINAL: &str = ".ordinal";
/// The key that is made.
const KEY: &str = ".key";
/// The columns that say where in a table's own order a row stands.
const PLACE: [&str; 3] = ["event_time", "row_id", "item_index"];

/// Entities that are understood and not yet read.
pub struct Entities {
    frame: DataFrame,
    properties: Vec<OutputColumn>,
    zone: TimeZone,
    /// Properties in whose order rows come where nothing else is asked, besides the order in which they lie.
    order: Vec<String>,
    /// Whether each row has a number.
    is_numbered: bool,
    meter: Meter,
}

/// What of them is wanted. Names are those of properties.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    pub condition: Option<&'a Expression>,
    pub order: &'a [OrderKey],
    /// `None`: all.
    pub properties: Option<&'a [ColumnName]>,
    /// Where to begin.
    pub place: &'a Place,
    /// Rows at most.
    pub rows: Option<u64>,
}

/// A page under way.
pub struct Page {
    pub columns: Vec<OutputColumn>,
    /// Columns behind those, which say where a row stands; none where it is counted.
    hidden: usize,
    batches: BatchStream<QueryError>,
}

impl Engine {
    /// The rows of a table in the caller's view.
    pub fn entities_of_table(
        &self,
        plan: &ReadPlan,
        snapshots: &[Arc<Snapshot>],
        entity: &EntityType,
    ) -> Result<Entities, QueryError> {
        let columns = columns_of(plan.spec, snapshots);
        let view = output_columns(&plan.view, &columns);
        let context = self.session(None, None)?;
        let frame = self.frame(&context, plan, snapshots, &columns, None)?;
        let order = plan.spec.order.iter().filter_map(|name| property_of(entity, name)).collect();
        entities(&context, frame, &view, entity, (plan.zone.clone(), order, self.limits.of_tables()))
    }

    /// The rows of a query.
    pub fn entities_of_query(
        &self,
        planned: PlannedQuery,
        zone: &TimeZone,
        entity: &EntityType,
    ) -> Result<Entities, QueryError> {
        let columns = planned.columns.clone();
        let context = self.session(Some(zone), None)?;
        let with = (zone.clone(), Vec::new(), self.limits.of_queries());
        entities(&context, planned.into_frame(), &columns, entity, with)
    }

    /// How many rows meet the condition.
    pub async fn count_entities(&self, entities: &Entities, condition: Option<&Expression>) -> Result<u64, QueryError> {
        let frame = entities.filtered(condition)?.aggregate(Vec::new(), vec![count(lit(1_i64))])?;
        let batches: Vec<_> = self.stream(frame, self.limits.of_tables()).try_collect().await?;
        let counted = batches.iter().filter(|batch| batch.num_rows() > 0).find_map(|batch| {
            let cells = batch.column(0).as_primitive_opt::<Int64Type>()?;
            cells.values().first().copied()
        });
        Ok(counted.and_then(|counted| u64::try_from(counted).ok()).unwrap_or(0))
    }

    /// Reads some of them.
    ///
    /// Errors: [`QueryError::Selection`] for properties that there are not, or types that do not meet.
    pub fn read_entities(&self, entities: Entities, choice: Choice<'_>) -> Result<Page, QueryError> {
        let mut frame = entities.filtered(choice.condition)?;
        let own_order = choice.order.is_empty();
        let mut skip = 0;
        match choice.place {
            Place::After { time, row_id, item } => frame = frame.filter(behind(*time, row_id, *item))?,
            Place::Offset(rows) => skip = usize::try_from(*rows).unwrap_or(usize::MAX),
        }
        let keys = entities.sorted_by(choice.order)?;
        if !keys.is_empty() {
            frame = frame.sort(keys)?;
        }
        let rows = choice.rows.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        if skip > 0 || rows.is_some() {
            frame = frame.limit(skip, rows)?;
        }
        let columns = entities.chosen(choice.properties)?;
        let place: Vec<&str> = match own_order && entities.has_place() {
            true => PLACE.into_iter().filter(|name| entities.has(name)).collect(),
            false => Vec::new(),
        };
        let shown = columns.iter().map(|known| column(&known.name));
        let hidden = place.iter().map(|name| column(name).alias(format!(".{name}")));
        let frame = frame.select(shown.chain(hidden).collect::<Vec<_>>())?;
        Ok(Page { columns, hidden: place.len(), batches: self.stream(frame, entities.meter) })
    }
}

/// The rows of a frame with these columns under the names of their properties.
fn entities(
    context: &SessionContext,
    mut frame: DataFrame,
    columns: &[OutputColumn],
    entity: &EntityType,
    (zone, order, meter): (TimeZone, Vec<String>, Meter),
) -> Result<Entities, QueryError> {
    if let Some(made) = &entity.made {
        frame = context.read_table(Arc::new(Numbered::new(frame, &made.of, ORDINAL, KEY)))?;
    }
    let mut properties = Vec::with_capacity(entity.properties.len());
    let mut expressions = Vec::with_capacity(entity.properties.len() + 1);
    for property in &entity.properties {
        let Some((expression, known)) = defined(property, columns) else { continue };
        expressions.push(expression.alias(&property.name));
        properties.push(known);
    }
    if entity.made.is_some() {
        expressions.push(column(ORDINAL));
    }
    let frame = frame.select(expressions)?;
    Ok(Entities { frame, properties, zone, order, is_numbered: entity.made.is_some(), meter })
}

impl Entities {
    /// All of their properties.
    pub fn properties(&self) -> &[OutputColumn] {
        &self.properties
    }

    /// Whether a page can begin behind a row that is told by its place in time.
    pub fn has_place(&self) -> bool {
        !self.is_numbered && self.order.first().is_some_and(|name| name == PLACE[0])
    }

    fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|known| known.name == name)
    }

    fn scope(&self, parameter: &'static str) -> Scope<'_> {
        Scope { parameter, columns: &self.properties, zone: &self.zone }
    }

    fn filtered(&self, condition: Option<&Expression>) -> Result<DataFrame, QueryError> {
        let frame = self.frame.clone();
        Ok(match condition {
            Some(condition) => frame.filter(self.scope("filter").condition(condition)?)?,
            None => frame,
        })
    }

    /// The keys of an order in which no two rows stand at one place. None: as they lie.
    fn sorted_by(&self, order: &[OrderKey]) -> Result<Vec<SortExpr>, QueryError> {
        let scope = self.scope("orderby");
        let mut keys = Vec::new();
        for key in order {
            // Null is the smallest.
            let ascending = key.direction == Direction::Ascending;
            keys.push(scope.sorted_by(&key.by)?.sort(ascending, ascending));
        }
        match self.is_numbered {
            _ if keys.is_empty() => {}
            true => keys.push(column(ORDINAL).sort(true, true)),
            false => keys.extend(self.order.iter().map(|name| column(name).sort(true, true))),
        }
        Ok(keys)
    }

    fn chosen(&self, wanted: Option<&[ColumnName]>) -> Result<Vec<OutputColumn>, QueryError> {
        let Some(wanted) = wanted else { return Ok(self.properties.clone()) };
        let find = |name: &ColumnName| {
            let names = self.properties.iter().map(|known| known.name.as_str());
            let found = self.properties.iter().find(|known| known.name == name.name).cloned();
            found.ok_or_else(|| QueryError::Selection(unknown_column("select", name, names)))
        };
        wanted.iter().map(find).collect()
    }
}

/// Behind this place in the order of time. The first part is what files and their statistics are asked for.
fn behind(time: i64, row_id: &str, item: Option<i64>) -> Expr {
    let [at, id, index] = PLACE.map(column);
    let time = lit(ScalarValue::TimestampMicrosecond(Some(time), None));
    let row_id = lit(ScalarValue::Utf8View(Some(row_id.to_owned())));
    let mut later = id.clone().gt(row_id.clone());
    if let Some(item) = item {
        later = later.or(id.eq(row_id).and(index.gt(lit(item))));
    }
    at.clone().gt_eq(time.clone()).and(at.gt(time).or(later))
}

/// What a property is, and how it is shown.
fn defined(property: &Property, columns: &[OutputColumn]) -> Option<(Expr, OutputColumn)> {
    let output =
        |source: &str| OutputColumn { name: property.name.clone(), source: source.to_owned(), kind: property.kind };
    match &property.column {
        Some(name) => {
            let known = columns.iter().find(|known| known.name == *name)?;
            Some((column(name), output(&known.source)))
        }
        None => Some((column(KEY), output(&property.name))),
    }
}

fn property_of(entity: &EntityType, column: &str) -> Option<String> {
    entity.properties.iter().find(|known| known.column.as_deref() == Some(column)).map(|known| known.name.clone())
}
