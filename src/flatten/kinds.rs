//! What a single JSON value is, which column types hold it, and which type a set of kinds settles on.
//!
//! Everything goes by the way a value is written, so the same text is the same kind wherever it stands. The three
//! functions [`Kind::fits`], [`settle`] and the readers of [`super::typing`] must agree: a value that fits is read, a
//! value that does not goes to the sibling, and nothing falls between.

use crate::table::ColumnType;

/// Integers up to this size keep all their digits in every tool (2^53).
pub const WIDEST_INTEGER: u64 = 1 << 53;

/// The kind of a value that is not null. `{}` counts as null; an object above the third level is no value but keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A string that is none of the next three.
    Text = 0,
    /// A string that reads as a JSON integer within ±2^53.
    TextInteger = 1,
    /// A string that reads as a JSON number with a point or an exponent.
    TextFraction = 2,
    /// `$D_<seconds>` within the years 1 to 9999.
    Date = 3,
    /// An integer within ±2^53.
    Integer = 4,
    /// A number written with a point or an exponent, within a double's range.
    Fraction = 5,
    /// A number that no tool holds: an integer beyond ±2^53, a fraction beyond a double's range.
    WideNumber = 6,
    Boolean = 7,
    /// An array, or an object on a level that is not taken apart.
    Json = 8,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::TextInteger,
        Self::TextFraction,
        Self::Date,
        Self::Integer,
        Self::Fraction,
        Self::WideNumber,
        Self::Boolean,
        Self::Json,
    ];

    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether the value is a string, whatever it reads as.
    pub fn is_string(self) -> bool {
        matches!(self, Self::Text | Self::TextInteger | Self::TextFraction | Self::Date)
    }

    /// Whether a column of this type holds such a value unchanged (numeric text counts as a number beside numbers).
    pub fn fits(self, column: ColumnType) -> bool {
        match column {
            ColumnType::Text => true,
            ColumnType::Integer => matches!(self, Self::Integer | Self::TextInteger),
            ColumnType::Number => {
                matches!(self, Self::Integer | Self::TextInteger | Self::Fraction | Self::TextFraction)
            }
            ColumnType::Boolean => self == Self::Boolean,
            ColumnType::TimestampUtc => self == Self::Date,
            ColumnType::Json => self == Self::Json,
            // No property is ever settled as one of these.
            ColumnType::Timestamp | ColumnType::Date => false,
        }
    }
}

/// The type of a new column that holds these kinds.
pub fn settle(kinds: impl IntoIterator<Item = Kind> + Clone) -> ColumnType {
    let all = |column: ColumnType| kinds.clone().into_iter().all(|kind| kind.fits(column));
    let number = kinds.clone().into_iter().any(|kind| matches!(kind, Kind::Integer | Kind::Fraction));
    for column in [ColumnType::Boolean, ColumnType::TimestampUtc, ColumnType::Json] {
        if all(column) {
            return column;
        }
    }
    for column in [ColumnType::Integer, ColumnType::Number] {
        if number && all(column) {
            return column;
        }
    }
    ColumnType::Text
}

/// The kind of a number in JSON's grammar; for an integer within ±2^53 also its value.
pub fn of_number(text: &str) -> (Kind, i64) {
    let negative = text.starts_with('-');
    let mut value = 0i64;
    for digit in text.bytes().skip(usize::from(negative)) {
        if !digit.is_ascii_digit() {
            return of_read_number(text, None);
        }
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
    }
    of_read_number(text, Some(if negative { value.wrapping_neg() } else { value }))
}

/// The same of a number whose value is known if it is an integer; of more than 18 digits only the lower bits.
#[inline]
pub fn of_read_number(text: &str, integer: Option<i64>) -> (Kind, i64) {
    let Some(integer) = integer else { return (of_fraction(text), 0) };
    // So many digits always fit, and without leading zeros more are always too many.
    let digits = text.len() - usize::from(text.starts_with('-'));
    match digits < 18 && integer.unsigned_abs() <= WIDEST_INTEGER {
        true => (Kind::Integer, integer),
        false => (Kind::WideNumber, 0),
    }
}

fn of_fraction(text: &str) -> Kind {
    // Only an exponent or hundreds of digits can leave a double's range; reading the rest is put off.
    let suspicious = text.len() > 300 || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    match suspicious && !text.parse::<f64>().is_ok_and(f64::is_finite) {
        true => Kind::WideNumber,
        false => Kind::Fraction,
    }
}

/// The kind of a string (its escapes already resolved).
#[inline]
pub fn of_string(text: &str) -> Kind {
    match text.as_bytes().first() {
        Some(b'$') if is_date(text) => Kind::Date,
        Some(b'-' | b'0'..=b'9') if is_number(text) => match of_number(text).0 {
            Kind::Integer => Kind::TextInteger,
            Kind::Fraction => Kind::TextFraction,
            _ => Kind::Text,
        },
        _ => Kind::Text,
    }
}

/// Whether the text is a number in JSON's grammar: no plus sign, no leading zeros, digits on both sides of a point.
fn is_number(text: &str) -> bool {
    let skip_digits = |bytes: &mut &[u8]| {
        let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *bytes = bytes.get(count..).unwrap_or_default();
        count
    };
    let mut rest = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let leading_zero = rest.first() == Some(&b'0');
    match skip_digits(&mut rest) {
        0 => return false,
        1 => {}
        _ if leading_zero => return false,
        _ => {}
    }
    if let Some(after) = rest.strip_prefix(b".") {
        rest = after;
        if skip_digits(&mut rest) == 0 {
            return false;
        }
    }
    if let Some(after) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        rest = after.strip_prefix(b"+").or_else(|| after.strip_prefix(b"-")).unwrap_or(after);
        if skip_digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

/// The first second of the year 1 and the last of the year 9999, since the Unix epoch.
const YEARS_1_TO_9999: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Whether [`date_seconds`] has an answer.
fn is_date(text: &str) -> bool {
    // So many digits are within the years, which is how dates are written: no need to know which.
    match text.as_bytes() {
        [b'$', b'D', b'_', digits @ ..]
            if (1..=11).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) =>
        {
            true
        }
        _ => date_seconds(text).is_some(),
    }
}

/// The seconds since the Unix epoch of CleverTap's date form `$D_<seconds>`, exactly so written.
pub fn date_seconds(text: &str) -> Option<i64> {
    let seconds = text.strip_prefix("$D_")?;
    // `parse` alone would also take a plus sign.
    if seconds.starts_with('+') {
        return None;
    }
    seconds.parse().ok().filter(|seconds| YEARS_1_TO_9999.contains(seconds))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", Kind::Integer)]
    #[case("-0", Kind::Integer)]
    #[case("9007199254740992", Kind::Integer)]
    #[case("-9007199254740992", Kind::Integer)]
    #[case("9007199254740993", Kind::WideNumber)]
    #[case("-9007199254740993", Kind::WideNumber)]
    #[case("99999999999999999999999999999999999999999", Kind::WideNumber)]
    // What 64 bits would take for 0, and what they just hold.
    #[case("18446744073709551616", Kind::WideNumber)]
    #[case("99999999999999999", Kind::WideNumber)]
    #[case("999999999999999999", Kind::WideNumber)]
    #[case("9223372036854775807", Kind::WideNumber)]
    #[case("1.0", Kind::Fraction)]
    #[case("1E2", Kind::Fraction)]
    #[case("1e-400", Kind::Fraction)]
    #[case("1e400", Kind::WideNumber)]
    fn a_number_is_what_it_is_written_as(#[case] text: &str, #[case] kind: Kind) {
        assert_eq!(of_number(text).0, kind);
    }

    #[rstest]
    #[case("308", Kind::TextInteger)]
    #[case("-0", Kind::TextInteger)]
    #[case("12.50", Kind::TextFraction)]
    #[case("1e5", Kind::TextFraction)]
    #[case("9007199254740993", Kind::Text)]
    #[case("1e400", Kind::Text)]
    #[case("007", Kind::Text)]
    #[case("+49", Kind::Text)]
    #[case(" 1", Kind::Text)]
    #[case("1.", Kind::Text)]
    #[case(".5", Kind::Text)]
    #[case("1e", Kind::Text)]
    #[case("-", Kind::Text)]
    #[case("", Kind::Text)]
    #[case("١٢", Kind::Text)]
    #[case("$D_1457308800", Kind::Date)]
    #[case("$D_-1", Kind::Date)]
    #[case("$D_", Kind::Text)]
    #[case("$D_+1", Kind::Text)]
    #[case("$D_1.0", Kind::Text)]
    #[case("$D_1 ", Kind::Text)]
    #[case("$d_1", Kind::Text)]
    #[case("$D_99999999999", Kind::Date)]
    #[case("$D_00000000001", Kind::Date)]
    #[case("$D_100000000000", Kind::Date)]
    #[case("$D_9999999999x", Kind::Text)]
    #[case("$D_253402300799", Kind::Date)]
    #[case("$D_253402300800", Kind::Text)]
    #[case("$D_-62135596800", Kind::Date)]
    #[case("$D_-62135596801", Kind::Text)]
    #[case("$D_1457308800000", Kind::Text)]
    fn a_string_is_text_unless_exactly_something_else(#[case] text: &str, #[case] kind: Kind) {
        assert_eq!(of_string(text), kind);
    }

    #[rstest]
    #[case(&[Kind::Integer], ColumnType::Integer)]
    #[case(&[Kind::Integer, Kind::TextInteger], ColumnType::Integer)]
    #[case(&[Kind::Integer, Kind::Fraction], ColumnType::Number)]
    #[case(&[Kind::Integer, Kind::TextFraction], ColumnType::Number)]
    #[case(&[Kind::TextInteger], ColumnType::Text)]
    #[case(&[Kind::TextInteger, Kind::TextFraction], ColumnType::Text)]
    #[case(&[Kind::Integer, Kind::WideNumber], ColumnType::Text)]
    #[case(&[Kind::Integer, Kind::Text], ColumnType::Text)]
    #[case(&[Kind::Integer, Kind::Boolean], ColumnType::Text)]
    #[case(&[Kind::Boolean], ColumnType::Boolean)]
    #[case(&[Kind::Boolean, Kind::Text], ColumnType::Text)]
    #[case(&[Kind::Date], ColumnType::TimestampUtc)]
    #[case(&[Kind::Date, Kind::Text], ColumnType::Text)]
    #[case(&[Kind::Date, Kind::Integer], ColumnType::Text)]
    #[case(&[Kind::Json], ColumnType::Json)]
    #[case(&[Kind::Json, Kind::Text], ColumnType::Text)]
    fn a_first_load_settles_on_the_narrowest_type_that_holds_everything(
        #[case] kinds: &[Kind],
        #[case] column: ColumnType,
    ) {
        assert_eq!(settle(kinds.iter().copied()), column);
    }

    #[test]
    fn what_a_type_was_settled_from_fits_it() {
        for set in 1u32..1 << Kind::ALL.len() {
            let kinds = Kind::ALL.into_iter().filter(|kind| set & (1 << *kind as u8) != 0);
            let column = settle(kinds.clone());
            assert!(kinds.clone().all(|kind| kind.fits(column)), "{:?}", kinds.collect::<Vec<_>>());
        }
    }
}
