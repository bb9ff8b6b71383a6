//! Comparisons: what may meet what, and what null does.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator as Sql, cast, lit};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{Scope, Typed, TypedAs, as_number};
use crate::query::local_micros;
use crate::request::{Expression, Operator, RequestError};

pub(super) fn is_comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Equal
            | Operator::NotEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual
    )
}

impl Scope<'_> {
    /// True, or else false or null: whoever needs false settles it.
    pub(super) fn comparison(
        &self,
        one: &Expression,
        operator: Operator,
        other: &Expression,
        at: usize,
    ) -> Result<Expr, RequestError> {
        let (one, other) = (self.value(one)?, self.value(other)?);
        match (one.kind, operator, other.kind) {
            (TypedAs::Null, Operator::Equal, _) => return Ok(other.expr.is_null()),
            (_, Operator::Equal, TypedAs::Null) => return Ok(one.expr.is_null()),
            (TypedAs::Null, Operator::NotEqual, _) => return Ok(other.expr.is_not_null()),
            (_, Operator::NotEqual, TypedAs::Null) => return Ok(one.expr.is_not_null()),
            (TypedAs::Null, _, _) | (_, _, TypedAs::Null) => return Ok(lit(false)),
            _ => {}
        }
        let has_value = |typed: &Typed| matches!(typed.expr, Expr::Literal(..));
        let plain = has_value(&one) || has_value(&other);
        let (one, other) = self.meet(one, other, at)?;
        let sql = match operator {
            Operator::Equal if plain => Sql::Eq,
            Operator::Equal => Sql::IsNotDistinctFrom,
            Operator::NotEqual => Sql::IsDistinctFrom,
            Operator::Greater => Sql::Gt,
            Operator::GreaterOrEqual => Sql::GtEq,
            Operator::Less => Sql::Lt,
            _ => Sql::LtEq,
        };
        Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(one), sql, Box::new(other))))
    }

    /// `column in (…)`. Null is in a list that holds it.
    pub(super) fn contained(&self, one: &Expression, several: &[Expression]) -> Result<Expr, RequestError> {
        let mut values = Vec::with_capacity(several.len());
        let mut holds_null = false;
        let mut subject = None;
        for value in several {
            let (typed, value) = (self.value(one)?, self.value(value)?);
            if value.kind == TypedAs::Null {
                holds_null = true;
                subject.get_or_insert(typed.expr);
                continue;
            }
            let at = value.at;
            let (met, value) = self.meet(typed, value, at)?;
            // An integer column beside a decimal is compared as a double throughout.
            if matches!(met, Expr::Cast(_)) || subject.is_none() {
                subject = Some(met);
            }
            values.push(value);
        }
        let subject = match subject {
            Some(subject) => subject,
            None => self.value(one)?.expr,
        };
        if values.is_empty() {
            return Ok(subject.is_null());
        }
        let among = subject.clone().in_list(values, false);
        Ok(if holds_null { among.or(subject.is_null()) } else { among })
    }

    /// Both sides as one type.
    fn meet(&self, one: Typed, other: Typed, at: usize) -> Result<(Expr, Expr), RequestError> {
        use TypedAs::{Boolean, Date, Integer, Local, Number, Text, Time, Utc};
        match (one.kind, other.kind) {
            (Boolean, Boolean)
            | (Integer, Integer)
            | (Number, Number)
            | (Text, Text)
            | (Date, Date)
            | (Local, Local)
            | (Utc, Utc) => Ok((one.expr, other.expr)),
            (Integer | Number, Integer | Number) => Ok((as_number(one), as_number(other))),
            (Local, Time(time, offset)) => Ok((one.expr, self.local(time, offset))),
            (Time(time, offset), Local) => Ok((self.local(time, offset), other.expr)),
            (Utc, Time(time, offset)) => Ok((one.expr, self.utc(time, offset, other.at)?)),
            (Time(time, offset), Utc) => Ok((self.utc(time, offset, one.at)?, other.expr)),
            (Date, Time(time, offset)) => Ok((as_time(one.expr), self.local(time, offset))),
            (Time(time, offset), Date) => Ok((self.local(time, offset), as_time(other.expr))),
            (Time(..), Time(..)) => Err(self.refuse(at, "one side has to be a column")),
            (Local, Date) => Ok((one.expr, as_time(other.expr))),
            (Date, Local) => Ok((as_time(one.expr), other.expr)),
            (Utc, Date) => Ok((one.expr, as_instant(other.expr))),
            (Date, Utc) => Ok((as_instant(one.expr), other.expr)),
            (left, right) => Err(self.refuse(at, strangers(left, right))),
        }
    }

    /// The time on the project's clock.
    fn local(&self, time: DateTime, offset: Option<Offset>) -> Expr {
        let local = offset
            .and_then(|offset| offset.to_timestamp(time).ok())
            .map_or(time, |instant| on_the_clock(instant, self.zone));
        lit(local_micros(local))
    }

    fn utc(&self, time: DateTime, offset: Option<Offset>, at: usize) -> Result<Expr, RequestError> {
        let offset = offset.ok_or_else(|| {
            self.refuse(at, "a time beside a UTC column needs its offset: 2026-11-01T09:30:00Z, or +05:30 at the end")
        })?;
        let instant = offset.to_timestamp(time).map_err(|_| self.refuse(at, "this time is out of bounds"))?;
        Ok(lit(ScalarValue::TimestampMicrosecond(Some(instant.as_microsecond()), Some("UTC".into()))))
    }
}

/// What the project's clock shows at this instant, for a comparison with times that it showed.
///
/// In the hour that clocks repeat, a kept time stands for the first of the two. An instant of the second one is later
/// than all of that hour and earlier than what follows it: it is put at its very end, where no kept time is.
fn on_the_clock(instant: Timestamp, zone: &TimeZone) -> DateTime {
    let shown = zone.to_datetime(instant);
    let meant = zone.to_ambiguous_timestamp(shown).compatible().ok();
    if meant.is_none_or(|meant| meant >= instant) {
        return shown;
    }
    let Some(turned) = zone.preceding(instant + SignedDuration::from_micros(1)).next() else { return shown };
    let at = turned.timestamp();
    let back = zone.to_offset(at - SignedDuration::from_micros(1)).duration_since(zone.to_offset(at));
    let end = zone.to_datetime(at).checked_add(back - SignedDuration::from_micros(1));
    end.unwrap_or(shown)
}

/// The midnight at which a day begins.
fn as_time(day: Expr) -> Expr {
    cast(day, DataType::Timestamp(TimeUnit::Microsecond, None))
}

fn as_instant(day: Expr) -> Expr {
    cast(day, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
}

fn strangers(left: TypedAs, right: TypedAs) -> String {
    use TypedAs::{Boolean, Date, Integer, Local, Number, Text, Time, Utc};
    let hint = match (left, right) {
        (Text, Integer | Number) | (Integer | Number, Text) => "; text stands in single quotes, numbers do not",
        (Text, Date | Local | Utc | Time(..)) | (Date | Local | Utc | Time(..), Text) => {
            "; days and times stand without quotes: 2026-11-01, 2026-11-01T09:30:00"
        }
        (Boolean, _) | (_, Boolean) => "; true and false stand without quotes",
        _ => "",
    };
    format!("{} cannot be compared with {}{hint}", left.said(), right.said())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_of_the_repeated_hour_is_at_its_end_and_of_no_other_moved() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (instant, shown) in [
            ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00"),
            ("2026-10-25T01:00:00Z", "2026-10-25T02:59:59.999999"),
            ("2026-10-25T01:30:00Z", "2026-10-25T02:59:59.999999"),
            ("2026-10-25T02:00:00Z", "2026-10-25T03:00:00"),
            ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00"),
            ("2026-07-01T00:00:00Z", "2026-07-01T02:00:00"),
        ] {
            assert_eq!(on_the_clock(instant.parse().unwrap(), &zone).to_string(), shown, "{instant}");
        }
    }
}
