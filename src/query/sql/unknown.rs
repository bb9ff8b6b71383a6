//! Functions that other engines have and this one calls otherwise. The engine only says that it does not know a name.

use datafusion::execution::SessionState;

use crate::query::QueryError;
use crate::request::nearest;

/// Names elsewhere, and what is written here.
const ELSEWHERE: [(&[&str], &str); 24] = [
    (&["datediff", "date_diff", "timestampdiff", "timestamp_diff", "days_between"], "current_date - event_date"),
    (&["age", "timediff", "seconds_between"], "extract(epoch FROM now() - event_time)"),
    (
        &["dateadd", "date_add", "adddate", "timestampadd", "timestamp_add", "date_sub", "subdate", "add_months"],
        "event_time + INTERVAL '1 day'",
    ),
    (&["year"], "extract(year FROM event_time)"),
    (&["quarter"], "extract(quarter FROM event_time)"),
    (&["month"], "extract(month FROM event_time)"),
    (&["week", "weekofyear", "isoweek"], "extract(week FROM event_time)"),
    (&["day", "dayofmonth"], "extract(day FROM event_time)"),
    (&["weekday", "dayofweek"], "extract(dow FROM event_time)"),
    (&["dayofyear"], "extract(doy FROM event_time)"),
    (&["hour"], "extract(hour FROM event_time)"),
    (&["minute"], "extract(minute FROM event_time)"),
    (&["second"], "extract(second FROM event_time)"),
    (&["monthname", "dayname"], "to_char(event_time, '%B')"),
    (&["date", "todate", "datetime", "convert", "try_convert", "to_number"], "CAST(event_time AS DATE)"),
    (&["timestamp_trunc", "datetime_trunc", "date_truncate"], "date_trunc('month', event_time)"),
    (&["strftime", "format", "format_date", "format_timestamp", "format_datetime"], "to_char(event_time, '%Y-%m')"),
    (&["getdate", "sysdate", "getutcdate", "utcnow", "current_datetime"], "now()"),
    (&["isnull", "if_null", "zn", "zeroifnull"], "coalesce(prop_amount, 0)"),
    (&["if", "iff", "iif", "decode"], "CASE WHEN prop_amount > 0 THEN 'yes' ELSE 'no' END"),
    (&["countif", "count_if", "sumif", "sum_if"], "count(*) FILTER (WHERE prop_amount > 0)"),
    (&["countd", "approx_count_distinct", "uniq", "uniqexact"], "count(DISTINCT identity)"),
    (&["max_by", "min_by", "arg_max", "arg_min", "argmax", "argmin"], "first_value(identity ORDER BY event_time DESC)"),
    (&["percentile", "quantile", "percentile_disc"], "percentile_cont(0.9) WITHIN GROUP (ORDER BY prop_amount)"),
];

/// As [`ELSEWHERE`], for what takes the same arguments.
const RENAMED: [(&[&str], &str); 6] = [
    (&["len"], "length"),
    (&["charindex", "locate"], "strpos"),
    (&["ucase"], "upper"),
    (&["lcase"], "lower"),
    (&["group_concat", "listagg"], "string_agg"),
    (&["every"], "bool_and"),
];

/// The refusal, with what is written instead if it is about a name that the engine does not know.
pub(super) fn explained(refusal: QueryError, state: &SessionState) -> QueryError {
    let QueryError::Sql(said) = &refusal else { return refusal };
    if said.ends_with("not implemented: TOP") {
        return QueryError::Sql("there is no TOP here; LIMIT 10 at the end of the query says the same".to_owned());
    }
    let Some(name) = said.strip_prefix("Invalid function '").and_then(|rest| rest.split_once('\'')) else {
        return refusal;
    };
    let name = name.0;
    QueryError::Sql(match instead(name, state) {
        Some(instead) => format!("there is no function `{name}` here; `{instead}` may be what is meant"),
        None => format!("there is no function `{name}` here"),
    })
}

fn instead<'a>(name: &str, state: &'a SessionState) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let found = ELSEWHERE.iter().chain(&RENAMED).find(|(names, _)| names.contains(&lower.as_str()));
    if let Some((_, instead)) = found {
        return Some(instead);
    }
    let scalar = state.scalar_functions().keys();
    let mut known: Vec<&str> = scalar
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys())
        .map(String::as_str)
        .filter(|known| super::functions::is_offered(known))
        .collect();
    // The first of equally near ones wins, and the maps have no order.
    known.sort_unstable();
    nearest(&lower, known)
}
