//! `sum` of whole numbers, counted in 128 bits: what does not fit in the 64 of the answer is an error, where the engine's
//! own begins again at the other end. Of all other numbers it is the engine's.

use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
};
use datafusion::scalar::ScalarValue;

/// Room for nineteen digits as often as there can be rows.
const WIDE: DataType = DataType::Decimal128(38, 0);

/// Stands in the place of the engine's own.
pub(super) fn sum() -> AggregateUDF {
    AggregateUDF::new_from_impl(Sum { inner: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    /// Of whole numbers without a sign, such as those of rows, one with a sign: answers have no other.
    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [kind] if kind.is_integer() => Ok(DataType::Int64),
            _ => self.inner.return_type(arguments),
        }
    }

    fn accumulator(&self, asked: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match is_whole(&asked.return_field) {
            true => Ok(Box::new(Wide(self.inner.accumulator(wide(asked))?))),
            false => self.inner.accumulator(asked),
        }
    }

    fn create_sliding_accumulator(&self, asked: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match is_whole(&asked.return_field) {
            true if asked.is_distinct => Ok(Box::<SlidingDistinct>::default()),
            true => Ok(Box::new(Wide(self.inner.create_sliding_accumulator(wide(asked))?))),
            false => self.inner.create_sliding_accumulator(asked),
        }
    }

    fn groups_accumulator_supported(&self, asked: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(asked)
    }

    fn create_groups_accumulator(&self, asked: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match is_whole(&asked.return_field) {
            true => Ok(Box::new(WideGroups(self.inner.create_groups_accumulator(wide(asked))?))),
            false => self.inner.create_groups_accumulator(asked),
        }
    }

    fn state_fields(&self, asked: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        match is_whole(&asked.return_field) {
            true => self.inner.state_fields(StateFieldsArgs { return_field: widened(&asked.return_field), ..asked }),
            false => self.inner.state_fields(asked),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }
}

fn is_whole(field: &Field) -> bool {
    field.data_type().is_integer()
}

fn widened(field: &Field) -> FieldRef {
    Arc::new(field.clone().with_data_type(WIDE))
}

/// The engine's sums go by the type of the result alone.
fn wide(asked: AccumulatorArgs) -> AccumulatorArgs {
    AccumulatorArgs { return_field: widened(&asked.return_field), ..asked }
}

fn all_wide(values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    values.iter().map(|values| Ok(cast(values, &WIDE)?)).collect()
}

/// Errors: one does not fit.
fn narrow(sums: &ArrayRef) -> Result<ArrayRef> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(sums, &DataType::Int64, &strict)?)
}

fn narrowed(sum: &ScalarValue) -> Result<ScalarValue> {
    ScalarValue::try_from_array(&narrow(&sum.to_array()?)?, 0)
}

/// The engine's sum of decimals, fed with whole numbers. What it keeps in between stays wide.
#[derive(Debug)]
struct Wide(Box<dyn Accumulator>);

impl Accumulator for Wide {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(&all_wide(values)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        narrowed(&self.0.evaluate()?)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(&all_wide(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }
}

/// The same for many groups at once.
struct WideGroups(Box<dyn GroupsAccumulator>);

impl GroupsAccumulator for WideGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.update_batch(&all_wide(values)?, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        narrow(&self.0.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.0.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.0.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.0.convert_to_state(&all_wide(values)?, opt_filter)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

/// Of the different numbers in a frame that moves: the engine's own wraps, and knows no decimals.
#[derive(Debug, Default)]
struct SlidingDistinct {
    /// How often each is in the frame.
    counts: HashMap<i64, u64>,
    sum: i128,
}

impl Accumulator for SlidingDistinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in whole_numbers(values)?.as_primitive::<Int64Type>().iter().flatten() {
            let count = self.counts.entry(value).or_default();
            if *count == 0 {
                self.sum += i128::from(value);
            }
            *count += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in whole_numbers(values)?.as_primitive::<Int64Type>().iter().flatten() {
            if let Some(count) = self.counts.get_mut(&value) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&value);
                    self.sum -= i128::from(value);
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (!self.counts.is_empty()).then_some(self.sum);
        narrowed(&ScalarValue::Decimal128(sum, 38, 0))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.counts.capacity() * size_of::<(i64, u64)>()
    }

    /// A frame is one accumulator's from its first row to its last.
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Err(DataFusionError::Internal("a frame that moves has no state".to_owned()))
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        Err(DataFusionError::Internal("a frame that moves has no state".to_owned()))
    }
}

/// Errors: one without a sign is too large for one with.
fn whole_numbers(values: &[ArrayRef]) -> Result<ArrayRef> {
    values.first().map_or_else(|| Err(DataFusionError::Internal("`sum` takes one column".to_owned())), narrow)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, UInt64Array};
    use datafusion::prelude::SessionContext;

    use super::*;

    /// The answer to a query over the rows of `t(g, n, u)`.
    async fn asked(sql: &str) -> Result<String> {
        let context = SessionContext::new();
        context.register_udaf(sum());
        let rows = arrow::record_batch::RecordBatch::try_from_iter([
            ("g", Arc::new(Int64Array::from(vec![1, 1, 2, 2, 3])) as ArrayRef),
            ("n", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(1), Some(-5), None, None]))),
            ("u", Arc::new(UInt64Array::from(vec![1, 1, 2, 3, 4]))),
        ])?;
        context.register_batch("t", rows)?;
        let batches = context.sql(sql).await?.collect().await?;
        let text = arrow::util::pretty::pretty_format_batches(&batches)?.to_string();
        let cells = text.lines().filter(|line| line.starts_with('|')).skip(1);
        Ok(cells.map(|line| line.replace(['|', ' '], "")).collect::<Vec<_>>().join(","))
    }

    #[tokio::test]
    async fn a_sum_is_exact_or_refused() {
        assert_eq!(asked("SELECT sum(n) FROM t WHERE g > 1").await.unwrap(), "-5");
        assert_eq!(asked("SELECT sum(n) FROM t WHERE g > 2").await.unwrap(), "");
        // Too large on the way, and not at the end.
        assert_eq!(asked("SELECT sum(n) FROM t").await.unwrap(), (i64::MAX - 4).to_string());
        assert_eq!(asked("SELECT sum(u) - 20 FROM t").await.unwrap(), "-9");
        assert_eq!(asked("SELECT sum(DISTINCT u) FROM t").await.unwrap(), "10");
        for refused in [
            "SELECT sum(n) FROM t WHERE g = 1",
            "SELECT g, sum(n) FROM t GROUP BY g",
            "SELECT sum(DISTINCT n) FROM t WHERE g = 1",
            "SELECT sum(n) OVER (ORDER BY u, n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WHERE g = 1",
            "SELECT sum(DISTINCT n) OVER (ORDER BY u, n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WHERE g = 1",
        ] {
            let error = asked(refused).await.unwrap_err().to_string();
            assert!(error.contains("out of range Int64"), "{refused}: {error}");
        }
    }

    #[tokio::test]
    async fn a_frame_that_moves_counts_each_number_once() {
        let sql = "SELECT sum(DISTINCT u) OVER (ORDER BY u, n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t";
        assert_eq!(asked(sql).await.unwrap(), "1,1,3,6,9");
    }
}
