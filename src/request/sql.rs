//! A query in SQL, and what goes with it: the period of its tables, the account, how fresh, which form.

use std::time::Duration;

use crate::catalog::{ACCOUNT, API_KEY, FORM, FRESHNESS, PERIOD, Parameter, SQL};
use crate::request::output::{self, OutputOptions};
use crate::request::parameters::{Given, Pair, split};
use crate::request::period::{self, NamedPeriod, PeriodRequest};
use crate::request::{QueryKey, RequestError, Rules, duration};

/// Bytes of a query in a body. In an address the address' own bound is shorter.
pub const LONGEST_SQL: usize = 64 * 1024;

/// The period of a query that names none.
const DEFAULT_RANGE: PeriodRequest = PeriodRequest::Named(NamedPeriod::LastDays(30));

/// What goes with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    pub account: Option<String>,
    /// Of every table in the query that is about a period.
    pub period: PeriodRequest,
    pub fresh: Option<Duration>,
    pub wait: Option<Duration>,
    pub output: OutputOptions,
    /// The values of a saved query's parameters that were given, in their order.
    pub values: Vec<(&'static str, String)>,
}

/// Where the query itself comes from.
#[derive(Clone, Copy, Debug)]
pub enum SqlBody<'a> {
    /// `q` of the query string.
    None,
    /// The body as it is.
    Text(&'a [u8]),
    /// `{"sql": …}`, with the words of the query string beside it.
    Json(&'a [u8]),
}

/// Reads a query: its SQL and what goes with it.
pub fn parse_sql(query: &str, body: SqlBody<'_>, rules: Rules) -> Result<(String, QueryRequest), RequestError> {
    let mut pairs = split(query)?;
    match body {
        SqlBody::None => {}
        SqlBody::Text(text) => pairs.push((SQL.name.to_owned(), utf8(text)?)),
        SqlBody::Json(json) => pairs.extend(members(json)?),
    }
    let own = std::iter::once(&SQL);
    let given = Given::new(pairs, own.chain(around()).chain(key(rules)))?;
    given.require(std::slice::from_ref(&SQL))?;
    let sql = given.one(SQL.name).unwrap_or_default().to_owned();
    Ok((sql, read(&given, rules, DEFAULT_RANGE, &[])?))
}

/// Reads what is asked of a saved query with these parameters of its own.
pub fn parse_view(
    query: &str,
    own: &'static [Parameter],
    range: Option<PeriodRequest>,
    rules: Rules,
) -> Result<QueryRequest, RequestError> {
    let given = Given::new(split(query)?, own.iter().chain(around()).chain(key(rules)))?;
    read(&given, rules, range.unwrap_or(DEFAULT_RANGE), own)
}

/// Reads a period's name, as in `range=`.
pub fn parse_range(text: &str) -> Result<PeriodRequest, RequestError> {
    period::named(text)
}

/// The words beside the query itself.
pub fn around() -> impl Iterator<Item = &'static Parameter> {
    std::iter::once(&ACCOUNT).chain(PERIOD).chain(FRESHNESS).chain(FORM)
}

fn key(rules: Rules) -> Option<&'static Parameter> {
    (rules.query_key == QueryKey::Known).then_some(&API_KEY)
}

fn read(
    given: &Given,
    rules: Rules,
    range: PeriodRequest,
    own: &'static [Parameter],
) -> Result<QueryRequest, RequestError> {
    let names_a_period = PERIOD.iter().any(|word| given.one(word.name).is_some());
    let duration = |name| given.one(name).map(|text| duration::parse(name, text)).transpose();
    Ok(QueryRequest {
        account: given.one("account").map(str::to_owned),
        period: if names_a_period { period::read(given, rules.longest_days)? } else { range },
        fresh: duration("fresh")?,
        wait: duration("wait")?,
        output: output::read(given)?,
        values: own
            .iter()
            .filter_map(|parameter| given.one(parameter.name).map(|value| (parameter.name, value.to_owned())))
            .collect(),
    })
}

fn utf8(bytes: &[u8]) -> Result<String, RequestError> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| RequestError::BodyEncoding { position: error.valid_up_to() })?;
    Ok(text.to_owned())
}

/// The members of a JSON object as words. `sql` is the query.
fn members(json: &[u8]) -> Result<Vec<Pair>, RequestError> {
    let unreadable = |error: serde_json::Error| RequestError::Body {
        line: error.line(),
        column: error.column(),
        why: "a JSON object is expected, with the SQL as \"sql\"".to_owned(),
    };
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json).map_err(unreadable)?;
    let word = |(name, value): (String, serde_json::Value)| {
        let name = if name == "sql" { SQL.name.to_owned() } else { name };
        let text = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Bool(true) => "1".to_owned(),
            serde_json::Value::Bool(false) => "0".to_owned(),
            other => other.to_string(),
        };
        (name, text)
    };
    Ok(object.into_iter().map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { query_key: QueryKey::Known, longest_days: 800 };

    #[test]
    fn a_query_comes_in_the_address_or_in_a_body() {
        let plain = parse_sql("q=SELECT%0A1&range=today", SqlBody::None, RULES).unwrap();
        assert_eq!(plain.0, "SELECT\n1");
        assert_eq!(parse_sql("range=today", SqlBody::Text(b"SELECT\n1"), RULES).unwrap(), plain);
        let json = br#"{"sql": "SELECT\n1", "range": "today"}"#;
        assert_eq!(parse_sql("", SqlBody::Json(json), RULES).unwrap(), plain);
        let asked = parse_sql("q=SELECT+1", SqlBody::None, RULES).unwrap().1;
        assert_eq!(asked.period, DEFAULT_RANGE);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (query, body) in [
            ("", SqlBody::None),
            ("q=", SqlBody::None),
            ("q=SELECT+1", SqlBody::Text(b"SELECT 1")),
            ("", SqlBody::Text(b"\xff")),
            ("", SqlBody::Json(b"[]")),
            ("", SqlBody::Json(br#"{"sql": "SELECT 1", "rnage": "today"}"#)),
            ("q=SELECT+1&partial=allow", SqlBody::None),
            ("q=SELECT+1&filter=a", SqlBody::None),
        ] {
            assert!(parse_sql(query, body, RULES).is_err(), "{query} {body:?}");
        }
    }
}
