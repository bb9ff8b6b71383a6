//! Functions that other engines have and this one calls otherwise. The engine only says that it does not know a name.

use datafusion::execution::SessionState;

use crate::query::QueryError;
use crate::request::nearest;

/// Names elsewhere, and what is written here.
const ELSEWHERE: [(&[&str], &str); 41] = [
    (&["datediff", "date_diff", "timestampdiff", "timestamp_diff", "days_between"], "current_date - event_date"),
    (&["age", "timediff", "seconds_between"], "extract(epoch FROM now() - event_time_utc)"),
    (&["dateadd", "date_add", "adddate", "timestampadd", "timestamp_add"], "event_time + INTERVAL '1 day'"),
    (&["date_sub", "subdate", "timestamp_sub", "datetime_sub"], "event_time - INTERVAL '1 day'"),
    (&["add_months"], "event_time + INTERVAL '1 month'"),
    (&["year"], "extract(year FROM event_time)"),
    (&["quarter"], "extract(quarter FROM event_time)"),
    (&["month"], "extract(month FROM event_time)"),
    (&["week", "weekofyear", "isoweek"], "extract(week FROM event_time)"),
    (&["day", "dayofmonth"], "extract(day FROM event_time)"),
    (&["weekday", "dayofweek"], SUNDAY_IS_0),
    (&["dayofyear"], "extract(doy FROM event_time)"),
    (&["hour"], "extract(hour FROM event_time)"),
    (&["minute"], "extract(minute FROM event_time)"),
    (&["second"], "extract(second FROM event_time)"),
    (&["monthname"], "to_char(event_time, '%B')"),
    (&["dayname"], "to_char(event_time, '%A')"),
    (&["date", "datetime"], "CAST(event_time AS DATE)"),
    (&["convert", "try_convert", "to_number", "to_double"], "CAST(prop_amount AS DOUBLE)"),
    (&["timestamp_trunc", "datetime_trunc"], "date_trunc('month', event_time)"),
    (&["strftime", "format_date", "format_timestamp", "format_datetime"], "to_char(event_time, '%Y-%m')"),
    (&["getdate", "sysdate", "getutcdate", "utcnow", "current_datetime"], "now()"),
    (&["curdate"], "current_date"),
    (&["isnull", "if_null", "zn", "zeroifnull"], "coalesce(prop_amount, 0)"),
    (&["if", "iff", "iif"], "CASE WHEN prop_amount > 0 THEN 'yes' ELSE 'no' END"),
    (&["countif", "count_if"], "count(*) FILTER (WHERE prop_amount > 0)"),
    (&["sumif", "sum_if"], "sum(prop_amount) FILTER (WHERE prop_amount > 0)"),
    (&["countd", "approx_count_distinct", "uniq", "uniqexact"], "count(DISTINCT identity)"),
    (&["max_by", "arg_max", "argmax"], "first_value(identity ORDER BY event_time DESC)"),
    (&["min_by", "arg_min", "argmin"], "first_value(identity ORDER BY event_time)"),
    (&["first"], "first_value(identity ORDER BY event_time)"),
    (&["last"], "last_value(identity ORDER BY event_time)"),
    (&["percentile", "quantile", "percentile_disc"], "percentile_cont(0.9) WITHIN GROUP (ORDER BY prop_amount)"),
    (&["group_concat", "listagg"], "string_agg(identity, ',')"),
    (&["charindex", "locate"], "strpos(identity, 'a')"),
    (&["mid"], "substr(identity, 1, 3)"),
    (&["mod"], "prop_amount % 10"),
    (&["div"], "floor(prop_amount / 10)"),
    (&["variance"], "var_samp(prop_amount)"),
    (&["truncate"], "trunc(prop_amount)"),
    (&["sign"], "signum(prop_amount)"),
];

/// Other engines count otherwise.
const SUNDAY_IS_0: &str = "extract(dow FROM event_time)";

/// As [`ELSEWHERE`], for what takes the same arguments.
const RENAMED: [(&[&str], &str); 7] = [
    (&["len"], "length"),
    (&["ucase"], "upper"),
    (&["lcase"], "lower"),
    (&["ceiling"], "ceil"),
    (&["every", "logical_and"], "bool_and"),
    (&["logical_or"], "bool_or"),
    (&["pow"], "power"),
];
/// Shorter names are a letter or two away from many others.
const SHORTEST_GUESSED: usize = 5;

/// The refusal, with what is written instead if it is about a name that the engine does not know.
pub(super) fn explained(refusal: QueryError, state: &SessionState) -> QueryError {
    let QueryError::Sql(said) = &refusal else { return refusal };
    if said.ends_with("not implemented: TOP") {
        return QueryError::Sql("there is no TOP here; LIMIT at the end of the query takes so many rows".to_owned());
    }
    let Some(name) = unknown_name(said) else { return refusal };
    QueryError::Sql(match instead(&name, state) {
        Some(SUNDAY_IS_0) => {
            format!("there is no function `{name}` here; `{SUNDAY_IS_0}` may be what is meant, in which Sunday is 0")
        }
        Some(instead) => format!("there is no function `{name}` here; `{instead}` may be what is meant"),
        None => format!("there is no function `{name}` here"),
    })
}

/// The function that the refusal is about. For some the parser has words of its own, which the engine prints as they are.
fn unknown_name(said: &str) -> Option<String> {
    if let Some(rest) = said.strip_prefix("Invalid function '") {
        return Some(rest.split_once('\'')?.0.to_owned());
    }
    let node = said.strip_prefix("This feature is not implemented: Unsupported ast node in sqltorel: ")?;
    Some(node.split(|letter: char| !letter.is_alphanumeric()).next()?.to_lowercase())
}

fn instead<'a>(name: &str, state: &'a SessionState) -> Option<&'a str> {
    let lower = name.rsplit('.').next()?.to_lowercase();
    let found = ELSEWHERE.iter().chain(&RENAMED).find(|(names, _)| names.contains(&lower.as_str()));
    if let Some((_, instead)) = found {
        return Some(instead);
    }
    if lower.chars().count() < SHORTEST_GUESSED {
        return None;
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
