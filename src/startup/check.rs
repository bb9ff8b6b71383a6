//! `flattap check`: is the configuration right, do the accounts' credentials work, and which of CleverTap's APIs answer?

use std::process::ExitCode;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use super::gateway::check_settings;
use crate::clevertap::{ApiCheck, CleverTap, EventQuery, Filters, Rank, Tuning, UpstreamError};
use crate::config::{Account, Config};
use crate::period::{Days, compact, zone_name};

/// What was found out about an account.
struct Findings {
    apis: Vec<ApiCheck>,
    warning: Option<String>,
}

/// Tries each account with one cheap call per API. A table of results goes to stdout.
///
/// An account whose credentials or events do not work is exit code 1. Errors: a gateway would not start with this
/// configuration, or nobody could call it; the table is printed before.
pub fn check(config: Config) -> anyhow::Result<ExitCode> {
    let settings = check_settings(&config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = runtime.block_on(async {
        let mut results = Vec::new();
        for (name, account) in &config.accounts {
            results.push((name.as_str(), account, try_account(name, account).await));
        }
        results
    });
    let width = results.iter().map(|(name, ..)| name.len()).max().unwrap_or(0).max("account".len());
    println!("{:width$}  {:8}  {:<24}  result", "account", "region", "time zone");
    let mut all_well = true;
    for (name, account, result) in &results {
        let region = account.region.map_or("-", |region| region.code());
        let line = |what: &str| println!("{name:width$}  {region:8}  {:<24}  {what}", zone_name(&account.timezone));
        let more = |what: &str| println!("{:width$}  {:8}  {:24}  {what}", "", "", "");
        match result {
            Err(error) => {
                all_well = false;
                line(&explain(error));
            }
            Ok(found) => {
                let events = found.apis.iter().find_map(|api| api.events);
                let failed = found.apis.iter().filter(|api| api.result.is_err()).count();
                let catalogue = events.map_or_else(String::new, |events| format!(", {events} events in the catalogue"));
                line(&match failed {
                    0 => format!("ok, all {} APIs answer{catalogue}", found.apis.len()),
                    _ => format!("{} of {} APIs answer{catalogue}", found.apis.len() - failed, found.apis.len()),
                });
                let answering: Vec<&str> =
                    found.apis.iter().filter(|api| api.result.is_ok()).map(|api| api.api).collect();
                if !answering.is_empty() {
                    more(&format!("answering: {}", answering.join(", ")));
                }
                for api in &found.apis {
                    if let Err(error) = &api.result {
                        more(&format!("{}: {}", api.api, explain(error)));
                    }
                }
                if let Some(warning) = &found.warning {
                    more(&format!("warning: {warning}"));
                }
                // Some projects have no campaigns or no schema API; without events there is nothing to serve.
                all_well &= found.apis.iter().all(|api| api.result.is_ok() || api.api != "events");
            }
        }
    }
    // Whoever only pulls needs no caller, and wants to know of the accounts first.
    settings?;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Errors: the credentials are not accepted, or nobody is there.
async fn try_account(name: &str, account: &Account) -> Result<Findings, UpstreamError> {
    let client = CleverTap::new(name, account, Tuning::default())?;
    client.check().await?;
    let today = account.timezone.to_datetime(Timestamp::now()).date();
    Ok(Findings { apis: client.check_apis(today).await, warning: zone_warning(&client, account).await })
}

/// The event that nearly every project has on every day.
const USUAL_EVENT: &str = "App Launched";

#[derive(Deserialize)]
struct Record {
    ts: serde_json::Value,
}

/// Looks at a page of yesterday's and today's rows for times that cannot be if the configured zone is right.
async fn zone_warning(client: &CleverTap, account: &Account) -> Option<String> {
    let now = account.timezone.to_datetime(Timestamp::now());
    let days = Days::new(now.date().yesterday().ok()?, now.date())?;
    let query = EventQuery { event_name: USUAL_EVENT.to_owned(), days, filters: Filters::default() };
    let page = client.walk(query, Rank::Waiting).next_page().await.ok()??;
    let records: Vec<Record> = serde_json::from_slice(page.records()).ok()?;
    disagreement(&records, days, now)
}

/// `now` is the wall clock of the configured zone.
fn disagreement(records: &[Record], days: Days, now: DateTime) -> Option<String> {
    let digits = |record: &Record| record.ts.to_string().trim_matches('"').parse::<i64>().ok();
    let times: Vec<i64> = records.iter().filter_map(digits).collect();
    let outside = |ts: &&i64| {
        let day = **ts / 1_000_000;
        day < i64::from(compact(days.first)) || day > i64::from(compact(days.last))
    };
    let outside = times.iter().filter(outside).count();
    if outside > 0 {
        return Some(format!(
            "{outside} of {} rows lie outside the days that were asked for: is the time zone right?",
            times.len()
        ));
    }
    // Clocks of devices and of CleverTap may differ a little.
    let latest_possible = now.checked_add(10.minutes()).ok()?;
    let ahead = times.iter().filter(|ts| **ts > compact_time(latest_possible)).count();
    (ahead > 0).then(|| {
        format!("{ahead} of {} rows are later than it is now in this time zone: is it the project's?", times.len())
    })
}

/// CleverTap's form of a moment: `YYYYMMDDHHMMSS`.
fn compact_time(time: DateTime) -> i64 {
    let day: Date = time.date();
    i64::from(compact(day)) * 1_000_000
        + i64::from(time.hour()) * 10_000
        + i64::from(time.minute()) * 100
        + i64::from(time.second())
}

fn explain(error: &UpstreamError) -> String {
    let hint = match error {
        UpstreamError::Unauthorized { .. } if error.points_at_ip_restriction() => {
            "an IP restriction: allow this machine's address in the dashboard"
        }
        UpstreamError::Unauthorized { .. } => {
            "wrong passcode, wrong region, or an expired user passcode; rarely an IP restriction in the dashboard"
        }
        UpstreamError::Unavailable { .. } => "no network, a wrong base_url, or CleverTap is down",
        UpstreamError::TimedOut { .. } => "a slow or blocked network",
        UpstreamError::Overloaded { .. } => "other tools use all of the account's slots",
        UpstreamError::Refused { .. }
        | UpstreamError::UnknownEvent { .. }
        | UpstreamError::Malformed { .. }
        | UpstreamError::CursorLost { .. }
        | UpstreamError::BadSettings { .. } => "see the text",
    };
    format!("{error} ({hint})")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn rows_that_cannot_be_are_a_warning() {
        let days = Days::new(date(2026, 11, 22), date(2026, 11, 23)).unwrap();
        let now = date(2026, 11, 23).at(12, 0, 0, 0);
        let warning = |ts: &[i64]| {
            let records: Vec<Record> = ts.iter().map(|ts| Record { ts: (*ts).into() }).collect();
            disagreement(&records, days, now)
        };
        assert_eq!(warning(&[20_261_122_000_000, 20_261_123_115_959, 20_261_123_120_500]), None);
        assert!(warning(&[20_261_123_170_000]).unwrap().contains("1 of 1 rows are later"));
        assert!(warning(&[20_261_123_100_000, 20_261_121_235_959]).unwrap().contains("1 of 2 rows lie outside"));
        assert_eq!(warning(&[]), None);
    }
}
