//! Functions that make text, each with a bound on what a batch may become.
//!
//! Some make much of little. Others only copy, which is enough where a query does it in a hundred columns. Those that point
//! into their argument (`trim`, `substr`, `left`) take nothing.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::made::{Made, exhausted};

/// Bytes of a constant: it is repeated for every row of a batch.
const LONGEST_CONSTANT: u64 = 4 * 1024;
/// Bytes of an element of a list besides its text.
const ELEMENT: u64 = 20;

/// From the sizes of a row's arguments (bytes of a text, the number of a number) to an upper bound of the result's.
pub(super) type Growth = fn(&[u64]) -> u64;

fn at(sizes: &[u64], index: usize) -> u64 {
    sizes.get(index).copied().unwrap_or(0)
}

/// The engine's functions that need one.
pub(super) fn of_functions() -> [(&'static str, Growth); 18] {
    let padded: Growth = |sizes| at(sizes, 1).saturating_mul(4);
    let copied: Growth = |sizes| at(sizes, 0);
    [
        // Few letters become more bytes by that, and those are counted when they are there.
        ("lower", copied),
        ("upper", copied),
        ("initcap", copied),
        ("translate", |sizes| at(sizes, 0).saturating_mul(4)),
        ("reverse", copied),
        ("split_part", copied),
        ("substr_index", copied),
        ("repeat", |sizes| at(sizes, 0).saturating_mul(at(sizes, 1))),
        ("lpad", padded),
        ("rpad", padded),
        ("concat", |sizes| sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size))),
        ("concat_ws", |sizes| {
            sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size).saturating_add(at(sizes, 0)))
        }),
        ("replace", |sizes| {
            let times = at(sizes, 0) / at(sizes, 1).max(1) + 1;
            at(sizes, 0).saturating_add(times.saturating_mul(at(sizes, 2)))
        }),
        // A reference to a group can stand for the whole text.
        ("regexp_replace", |sizes| {
            let times = at(sizes, 0) + 1;
            at(sizes, 0).saturating_add(times.saturating_mul(at(sizes, 2)))
        }),
        ("to_char", |sizes| at(sizes, 1).saturating_mul(16)),
        ("string_to_array", |sizes| {
            let elements = at(sizes, 0) / at(sizes, 1).max(1) + 1;
            at(sizes, 0).saturating_add(elements.saturating_mul(ELEMENT))
        }),
        ("array_to_string", |sizes| {
            let elements = at(sizes, 0) / ELEMENT + 1;
            at(sizes, 0).saturating_add(elements.saturating_mul(at(sizes, 1)))
        }),
        // Not its result grows but its work, with the product.
        ("levenshtein", |sizes| at(sizes, 0).saturating_mul(at(sizes, 1)) / 16),
    ]
}

/// Errors: the batch would become too large, by itself or together with what the query holds already.
pub(super) fn check(growth: Growth, arguments: &[ColumnarValue], rows: usize, made: &Made) -> Result<()> {
    let is_constant = arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
    let (rows, most) = if is_constant { (1, LONGEST_CONSTANT) } else { (rows, made.at_once()) };
    let sizes = arguments.iter().map(|argument| sizes(argument, rows)).collect::<Result<Vec<_>>>()?;
    let mut row = vec![0; sizes.len()];
    let mut whole = 0_u64;
    for index in 0..rows {
        row.iter_mut().zip(&sizes).for_each(|(size, column)| *size = at(column, index));
        whole = whole.saturating_add(growth(&row));
        if whole > most {
            return Err(exhausted(whole));
        }
    }
    if is_constant { Ok(()) } else { made.admit(whole) }
}

/// Those of the arguments that have a value for each row.
pub(super) fn columns(arguments: &[ColumnarValue]) -> Vec<ArrayRef> {
    let column = |argument: &ColumnarValue| match argument {
        ColumnarValue::Array(array) => Some(array.clone()),
        ColumnarValue::Scalar(_) => None,
    };
    arguments.iter().filter_map(column).collect()
}

/// One for each row.
fn sizes(argument: &ColumnarValue, rows: usize) -> Result<Vec<u64>> {
    match argument {
        ColumnarValue::Array(array) => of_array(array),
        ColumnarValue::Scalar(value) => {
            let one = of_array(&value.to_array()?)?;
            Ok(vec![at(&one, 0); rows])
        }
    }
}

fn of_array(array: &ArrayRef) -> Result<Vec<u64>> {
    Ok(match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = cast(array, &DataType::Utf8View)?;
            texts.as_string_view().iter().map(|text| text.map_or(0, |text| text.len() as u64)).collect()
        }
        kind if kind.is_integer() => {
            let numbers = cast(array, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>().iter();
            numbers.map(|number| u64::try_from(number.unwrap_or(0)).unwrap_or(0)).collect()
        }
        kind if kind.is_nested() => {
            let each = array.get_array_memory_size() / array.len().max(1);
            vec![each as u64; array.len()]
        }
        // Numbers and times as text.
        _ => vec![32; array.len()],
    })
}

/// The engine's function, asked only when its result fits.
#[derive(Debug)]
pub(super) struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
    made: Arc<Made>,
}

impl Bounded {
    pub fn new(inner: Arc<ScalarUDF>, growth: Growth, made: Arc<Made>) -> Self {
        Self { inner, growth, made }
    }
}

/// Text of whatever kind as the one kind of which parts can be taken without a copy.
fn without_copies(kind: DataType) -> DataType {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        kind => kind,
    }
}

// The bound is one for all of them.
impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments).map(without_copies)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(arguments)?;
        let kind = without_copies(field.data_type().clone());
        Ok(match kind == *field.data_type() {
            true => field,
            false => Arc::new(field.as_ref().clone().with_data_type(kind)),
        })
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        check(self.growth, &arguments.args, arguments.number_rows, &self.made)?;
        let columns = columns(&arguments.args);
        // It announces, and gives, its own kind of text.
        let kinds: Vec<DataType> = arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let own = self.inner.return_type(&kinds)?;
        let return_field = Arc::new(arguments.return_field.as_ref().clone().with_data_type(own));
        let result = self.inner.invoke_with_args(ScalarFunctionArgs { return_field, ..arguments })?;
        self.made.hold(result, &columns)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;
    use datafusion::scalar::ScalarValue;

    use super::*;

    fn growth_of(name: &str) -> Growth {
        of_functions().into_iter().find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn what_fits_is_made_and_what_does_not_is_refused_before_it_is_made() {
        let texts = ColumnarValue::Array(Arc::new(StringArray::from(vec![Some("abcd"), None, Some("ab")])));
        let number = |value| ColumnarValue::Scalar(ScalarValue::Int64(Some(value)));
        let repeat = growth_of("repeat");
        let check = |growth, arguments: &[ColumnarValue], rows, most: u64| {
            check(growth, arguments, rows, &Made::of(most.saturating_mul(4)))
        };
        let repeated = |times, most| check(repeat, &[texts.clone(), number(times)], 3, most);
        assert!(repeated(10, 60).is_ok());
        assert!(repeated(10, 59).is_err());
        assert!(repeated(-1, 0).is_ok());
        assert!(repeated(i64::MAX, u64::MAX - 1).is_err(), "it does not wrap around");
        let text = |text: &str| ColumnarValue::Scalar(ScalarValue::from(text));
        assert!(check(repeat, &[text("x"), number(4096)], 1, u64::MAX).is_ok());
        assert!(check(repeat, &[text("x"), number(4097)], 1, u64::MAX).is_err(), "constants are shorter");
        assert!(check(growth_of("replace"), &[texts.clone(), text(""), text("0123456789")], 3, 80).is_err());
        assert!(check(growth_of("replace"), &[texts, text("ab"), text("x")], 3, 80).is_ok());
    }
}
