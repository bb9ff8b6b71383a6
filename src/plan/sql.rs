//! A query in SQL → the tables it reads, each planned as a request of its own would be.
//!
//! What a caller may not see is refused here, before a row is read, as what does not exist.

mod cast;
mod form;
mod names;
mod reach;
mod size;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::sqlparser::ast::{
    Expr as SqlExpr, Statement as SqlStatement, Value as SqlValue, visit_expressions,
};
use datafusion::logical_expr::sqlparser::parser::ParserError;
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::{DFParserBuilder, Statement as Parsed};
use datafusion::sql::resolve::resolve_table_references;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{PlanError, ReadPlan, World, read};
use crate::auth::Granted;
use crate::request::{self, Bounds, Expression, QueryKey, QueryRequest, Rules, TableRequest};

use names::Named;
pub use names::sql_name;

/// Brackets and subqueries within each other.
const DEEPEST: usize = 40;
/// Tables of one query. Each costs a snapshot, and perhaps a load.
const MOST_TABLES: usize = 24;
/// Places at which a query reads a table, when its CTEs are written out.
const MOST_COPIES: u64 = 256;

/// Casts within one another.
const MOST_CASTS: usize = 12;

/// Why a text is no query that we run.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SqlError {
    #[error("the SQL cannot be read: {0}")]
    Syntax(String),
    #[error("brackets, subqueries, CASE and NOT stand more than {DEEPEST} deep within one another")]
    TooDeep,
    #[error("the SQL holds {0} statements; exactly one SELECT is run")]
    NotOne(usize),
    #[error("only SELECT is run here, and it can make no table")]
    NotSelect,
    #[error(
        "the query has {parts} operators, joins and selects; at most {most} are run, and a list in `IN (…)` counts as one"
    )]
    TooManyParts { parts: usize, most: usize },
    /// The engine would pass over it.
    #[error("TABLESAMPLE is not done here: `WHERE random() < 0.1` chooses some of the rows")]
    Sample,
    #[error("a text in the query is longer than {most} bytes")]
    LongText { most: usize },
    #[error("the query reads {0} tables; at most {MOST_TABLES} are read at once")]
    TooManyTables(usize),
    #[error("with each CTE written out where it is named the query reads {copies} tables; at most {most} are read")]
    TooManyCopies { copies: u64, most: u64 },
    #[error("{casts} casts stand within one another; at most {most} are run")]
    TooManyCasts { casts: usize, most: usize },
    #[error("there is no table `{asked}`")]
    UnknownTable { asked: String, near: Option<String> },
    /// The table is read for one event, or for one property of an event.
    #[error("`{table}` is read for one {of} at a time: {table}.\"{example}\"")]
    NeedsName { table: &'static str, of: &'static str, example: &'static str },
    #[error("`{0}` looks up one person and cannot be read in SQL; `profiles` can")]
    NotInSql(&'static str),
}

/// One SELECT.
#[derive(Clone, Debug)]
pub struct Query {
    text: Arc<str>,
    statement: Arc<Parsed>,
    tables: Vec<TableReference>,
}

impl Query {
    /// Reads the text. Nothing but one SELECT passes: no other statement, no EXPLAIN, SHOW or SET.
    pub fn parse(text: &str) -> Result<Self, SqlError> {
        let syntax = |error: DataFusionError| match &error {
            DataFusionError::SQL(parser, _) if **parser == ParserError::RecursionLimitExceeded => SqlError::TooDeep,
            _ => SqlError::Syntax(first_line(&error.to_string())),
        };
        let mut parser =
            DFParserBuilder::new(size::words(text)?).with_recursion_limit(DEEPEST).build().map_err(syntax)?;
        let mut statements = parser.parse_statements().map_err(syntax)?;
        let (Some(statement), true) = (statements.pop_front(), statements.is_empty()) else {
            return Err(SqlError::NotOne(statements.len() + usize::from(!statements.is_empty())));
        };
        let query = match &statement {
            Parsed::Statement(inner) => match inner.as_ref() {
                SqlStatement::Query(query) if form::is_select(&query.body) => query,
                _ => return Err(SqlError::NotSelect),
            },
            _ => return Err(SqlError::NotSelect),
        };
        if form::has_sample(query) {
            return Err(SqlError::Sample);
        }
        let copies = reach::of(query);
        if copies > MOST_COPIES {
            return Err(SqlError::TooManyCopies { copies, most: MOST_COPIES });
        }
        let casts = cast::depth(query);
        if casts > MOST_CASTS {
            return Err(SqlError::TooManyCasts { casts, most: MOST_CASTS });
        }
        let (tables, _) = resolve_table_references(&statement, true).map_err(syntax)?;
        if tables.len() > MOST_TABLES {
            return Err(SqlError::TooManyTables(tables.len()));
        }
        Ok(Self { text: text.into(), statement: Arc::new(statement), tables })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn statement(&self) -> &Parsed {
        &self.statement
    }

    /// The names behind `$` in it.
    pub(super) fn placeholders(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if let Parsed::Statement(statement) = self.statement.as_ref() {
            let _ = visit_expressions(statement.as_ref(), |part: &SqlExpr| {
                if let SqlExpr::Value(value) = part
                    && let SqlValue::Placeholder(name) = &value.value
                {
                    found.insert(name.trim_start_matches('$').to_owned());
                }
                ControlFlow::<()>::Continue(())
            });
        }
        found
    }

    /// Checks the names of the tables, as far as nobody's rights are needed for it.
    pub fn check_names(&self) -> Result<(), SqlError> {
        for reference in &self.tables {
            let table = Named::split(reference, |_| true, |_| true)?;
            table.query()?;
        }
        Ok(())
    }
}

/// The first line is the message, the others are ours or the engine's own affairs.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.trim_start_matches("SQL error: ParserError(").trim_end_matches(')').trim_matches('"');
    line.chars().take(300).collect()
}

/// A query with everything it reads.
#[derive(Clone, Debug)]
pub struct QueryPlan {
    pub query: Query,
    /// What stands for `$name` in it.
    pub values: Vec<(&'static str, ScalarValue)>,
    pub tables: Vec<QueryTable>,
    /// The zone in which the query has its today: that of its account.
    pub zone: TimeZone,
    /// The latest midnight of its accounts: a period like `last_30_days` moved then.
    pub moved_at: Timestamp,
}

/// One table of a query.
#[derive(Clone, Debug)]
pub struct QueryTable {
    pub name: TableReference,
    pub plan: ReadPlan,
    request: TableRequest,
}

/// Judges the tables of a query.
///
/// Errors: as [`read`] for each of them.
pub fn query(
    world: &World<'_>,
    granted: &Granted,
    query: &Query,
    asked: &QueryRequest,
    values: Vec<(&'static str, ScalarValue)>,
) -> Result<QueryPlan, PlanError> {
    let is_account = |name: &str| world.accounts().contains_key(name) && granted.sees_account(name);
    let mut tables = Vec::with_capacity(query.tables.len());
    for reference in &query.tables {
        let named = Named::split(reference, |spec| granted.sees_table(spec.name), is_account)?;
        let rules = Rules { query_key: QueryKey::TurnedOff, longest_days: world.config.limits.range_days };
        let mut request = request::parse(&named.query()?, named.spec, rules)?;
        request.account = named.account.or_else(|| asked.account.clone());
        request.period = asked.period;
        (request.fresh, request.wait) = (asked.fresh, asked.wait);
        let plan = read(world, granted, named.spec, &request)?;
        tables.push(QueryTable { name: reference.clone(), plan, request });
    }
    let account = match tables.first() {
        Some(table) => Some(table.plan.account.clone()),
        None => asked.account.clone(),
    };
    let settings = account.and_then(|name| world.accounts().get(&name));
    Ok(QueryPlan {
        query: query.clone(),
        values,
        zone: settings.map_or(TimeZone::UTC, |account| account.timezone.clone()),
        moved_at: tables.iter().map(|table| table.plan.moved_at).max().unwrap_or(Timestamp::UNIX_EPOCH),
        tables,
    })
}

impl QueryPlan {
    /// The same query over fewer days: `bounds` has an entry for each table, outside of which the query reads none of
    /// its rows.
    pub fn narrowed(mut self, world: &World<'_>, granted: &Granted, bounds: &[Bounds]) -> Result<Self, PlanError> {
        for (table, bounds) in self.tables.iter_mut().zip(bounds) {
            if let Some(condition) = Expression::within("event_date", *bounds) {
                let mut request = table.request.clone();
                request.selection.condition = Some(condition);
                table.plan = read(world, granted, table.plan.spec, &request)?;
            }
        }
        Ok(self)
    }
}

impl From<SqlError> for PlanError {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SELECT 1")]
    #[case("WITH a AS (SELECT 1) SELECT * FROM a UNION ALL SELECT 2")]
    #[case("SELECT * FROM (VALUES (1)) v UNION VALUES (2)")]
    #[case("SELECT * FROM events.\"Charged\" e JOIN profiles p ON p.identity = e.identity")]
    #[case("SELECT $a FROM campaigns -- a comment; with a semicolon")]
    #[case("SELECT 1;")]
    fn one_select_is_a_query(#[case] text: &str) {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        query.check_names().unwrap();
    }

    #[test]
    fn what_stands_too_deep_is_told_as_that() {
        let brackets = format!("SELECT {}1{}", "(".repeat(60), ")".repeat(60));
        assert!(matches!(Query::parse(&brackets), Err(SqlError::TooDeep)));
    }

    #[rstest]
    #[case("")]
    #[case(";")]
    #[case("SELECT 1; SELECT 2")]
    #[case("SELEC 1")]
    #[case("EXPLAIN SELECT 1")]
    #[case("SHOW TABLES")]
    #[case("SET a = 1")]
    #[case("DESCRIBE events")]
    #[case("CREATE TABLE a AS SELECT 1")]
    #[case("CREATE EXTERNAL TABLE a STORED AS CSV LOCATION '/etc/passwd'")]
    #[case("INSERT INTO a VALUES (1)")]
    #[case("DELETE FROM a")]
    #[case("COPY (SELECT 1) TO '/tmp/a.csv'")]
    #[case("DROP TABLE a")]
    #[case("BEGIN")]
    #[case("PREPARE a AS SELECT 1")]
    #[case("RESET a")]
    #[case("VALUES (1)")]
    #[case("SELECT * FROM profiles TABLESAMPLE 10")]
    #[case("SELECT 1 FROM (SELECT * FROM profiles) p TABLESAMPLE (10 PERCENT)")]
    #[case("SELECT 1 AS a INTO b")]
    #[case("SELECT 1 UNION (SELECT 1 AS a INTO b)")]
    fn anything_else_is_none(#[case] text: &str) {
        assert!(Query::parse(text).is_err());
    }

    #[test]
    fn deep_texts_are_refused_and_do_not_overflow() {
        let deep = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(Query::parse(&deep).is_err());
        let wide = format!("SELECT 1 FROM {}", ["events.\"A\""; 3].join(" JOIN "));
        let _ = Query::parse(&wide);
    }

    #[rstest]
    #[case("SELECT 1 FROM event", "there is no table `event`")]
    #[case("SELECT 1 FROM events", "`events` is read for one event at a time: events.\"Charged\"")]
    #[case("SELECT 1 FROM event_items.\"Charged\"", "one property of an event")]
    #[case("SELECT 1 FROM profile", "looks up one person")]
    #[case("SELECT 1 FROM campaigns.x", "there is no table `campaigns.x`")]
    #[case("SELECT 1 FROM information_schema.tables", "there is no table")]
    fn names_that_mean_no_table_are_refused(#[case] text: &str, #[case] why: &str) {
        // Whether a first word is an account is only known with the configuration.
        let query = Query::parse(text).unwrap();
        let refused = query
            .tables
            .iter()
            .find_map(|reference| Named::split(reference, |_| true, |_| false).and_then(|named| named.query()).err());
        let said = refused.unwrap().to_string();
        assert!(said.contains(why), "{said}");
    }
}
