//! Counts of days added up to counts of the period.

use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::lit;
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;

use super::column;
use crate::period::{Days, day_number};

/// One row per event: its name, the period asked for, the sum of `count`.
pub fn counts(frame: DataFrame, period: Days) -> Result<DataFrame> {
    let day = |day| lit(ScalarValue::Date32(Some(day_number(day))));
    frame.aggregate(vec![column("event_name")], vec![sum(column("count")).alias("count")])?.select(vec![
        column("event_name"),
        day(period.first).alias("period_start"),
        day(period.last).alias("period_end"),
        column("count"),
    ])
}
