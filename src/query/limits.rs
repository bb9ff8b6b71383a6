//! What one query may take: memory, working time, rows.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::error::DataFusionError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::QueryError;

/// Queries that work at the same time, each with its own memory. Others wait their turn.
const QUERIES_AT_ONCE: usize = 4;

/// A bound that a query came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    #[error("the query needs more memory, or more room on disk, than one query may take (`limits.query_memory`)")]
    Memory,
    #[error("the query works longer than the {} s that one query may take (`limits.query_time`)", .0.as_secs())]
    Time(Duration),
    #[error("the query has more than {0} rows (`limits.query_rows`)")]
    Rows(u64),
}

#[derive(Clone, Debug)]
pub struct QueryLimits {
    /// Bytes of one query's sorts, groups and joins. Beyond it sorts and groups go to disk, and joins are refused.
    pub memory: usize,
    /// Bytes of all queries on disk.
    pub disk: u64,
    /// Working time of one query; what it waits for a slow reader does not count.
    pub time: Duration,
    /// Rows of a query in SQL.
    pub rows: u64,
    turns: Arc<Semaphore>,
}

impl QueryLimits {
    pub fn new(memory: u64, disk: u64, time: Duration, rows: u64) -> Self {
        let turns = Arc::new(Semaphore::new(QUERIES_AT_ONCE));
        Self { memory: usize::try_from(memory).unwrap_or(usize::MAX), disk, time, rows, turns }
    }

    /// For the rows of a table: they may be as many as there are, and are streamed as they lie.
    pub(super) fn of_tables(&self) -> Meter {
        Meter { left: None, time: self.time, rows: None, limit: 0, turns: None, is_sql: false }
    }

    /// For a query in SQL.
    pub(super) fn of_queries(&self) -> Meter {
        Meter {
            left: Some(self.time),
            time: self.time,
            rows: Some(self.rows),
            limit: self.rows,
            turns: Some(self.turns.clone()),
            is_sql: true,
        }
    }
}

/// What one running query has left.
pub(super) struct Meter {
    left: Option<Duration>,
    time: Duration,
    rows: Option<u64>,
    limit: u64,
    turns: Option<Arc<Semaphore>>,
    is_sql: bool,
}

impl Meter {
    /// Waits until the query may work, if it has to.
    ///
    /// Errors: the others work, or have slow readers, for too long.
    pub async fn turn(&self) -> Result<Option<OwnedSemaphorePermit>, QueryError> {
        match &self.turns {
            Some(turns) => match tokio::time::timeout(self.time, turns.clone().acquire_owned()).await {
                Ok(turn) => Ok(turn.ok()),
                Err(_) => Err(QueryError::Busy),
            },
            None => Ok(None),
        }
    }

    /// Lets it work, as long as it has time.
    pub async fn work<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Limit> {
        let Some(left) = self.left else { return Ok(work.await) };
        let began = Instant::now();
        let done = tokio::time::timeout(left, work).await.map_err(|_| Limit::Time(self.time))?;
        self.left = Some(left.saturating_sub(began.elapsed()));
        Ok(done)
    }

    pub fn is_sql(&self) -> bool {
        self.is_sql
    }

    pub fn count(&mut self, rows: usize) -> Result<(), Limit> {
        if let Some(left) = self.rows {
            self.rows = Some(left.checked_sub(rows as u64).ok_or(Limit::Rows(self.limit))?);
        }
        Ok(())
    }

    /// Whose fault an error of the engine is.
    pub fn sorted(&self, error: DataFusionError) -> QueryError {
        match self.is_sql {
            true => QueryError::of_query(error),
            false => {
                QueryError::sorted(error, |said| QueryError::Unreadable(Arc::new(DataFusionError::Execution(said))))
            }
        }
    }
}
