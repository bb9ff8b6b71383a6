//! The request for a table, and the smaller ones beside it.

use std::time::Duration;

use crate::catalog::{API_KEY, FORM, Parameter, TableSpec};
use crate::request::output::{self, OutputOptions};
use crate::request::parameters::{Given, split};
use crate::request::period::{self, PeriodRequest};
use crate::request::{QueryKey, RequestError, Rules, duration};

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRequest {
    pub account: Option<String>,
    /// Event names as given, without repetitions, in the order of first mention.
    pub events: Vec<String>,
    pub period: PeriodRequest,
    /// Accept open days no older than this. Not yet raised to the server's floor.
    pub fresh: Option<Duration>,
    /// How long to wait for loading days. Not yet cut to the server's maximum.
    pub wait: Option<Duration>,
    pub partial: Partial,
    pub output: OutputOptions,
}

/// What to do when not all days are there in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Partial {
    /// Say so instead of answering.
    #[default]
    Refuse,
    /// Answer with the days that are there, marked as incomplete.
    Allow,
}

/// Reads the query string of a table's rows.
pub fn parse(query: &str, spec: &'static TableSpec, rules: Rules) -> Result<TableRequest, RequestError> {
    let given = given(query, spec.parameters(), rules)?;
    given.require(spec.required)?;
    table_request(&given, rules)
}

/// Reads the query string of a table's schema page: that of its rows, in which nothing is required.
pub fn parse_description(query: &str, spec: &'static TableSpec, rules: Rules) -> Result<TableRequest, RequestError> {
    table_request(&given(query, spec.parameters(), rules)?, rules)
}

/// Reads the query string of a list that is about no account and no period, such as the list of tables.
pub fn parse_listing(query: &str, rules: Rules) -> Result<OutputOptions, RequestError> {
    output::read(&given(query, FORM, rules)?)
}

/// Checks that a page without parameters is asked without parameters.
pub fn parse_nothing(query: &str, rules: Rules) -> Result<(), RequestError> {
    given(query, [], rules).map(|_| ())
}

fn given(
    query: &str,
    known: impl IntoIterator<Item = &'static Parameter>,
    rules: Rules,
) -> Result<Given, RequestError> {
    let key = match rules.query_key {
        QueryKey::Known => Some(&API_KEY),
        QueryKey::TurnedOff => None,
    };
    Given::new(split(query)?, known.into_iter().chain(key))
}

fn table_request(given: &Given, rules: Rules) -> Result<TableRequest, RequestError> {
    let mut events: Vec<String> = Vec::new();
    for event in given.all("event") {
        if !events.iter().any(|known| known == event) {
            events.push(event.to_owned());
        }
    }
    let duration = |name| given.one(name).map(|text| duration::parse(name, text)).transpose();
    Ok(TableRequest {
        account: given.one("account").map(str::to_owned),
        events,
        period: period::read(given, rules.longest_days)?,
        fresh: duration("fresh")?,
        wait: duration("wait")?,
        partial: match given.word("partial")? {
            Some("allow") => Partial::Allow,
            _ => Partial::Refuse,
        },
        output: output::read(given)?,
    })
}
