//! `flattap check`: is the configuration right, and do the accounts' credentials work?

use std::process::ExitCode;

use crate::clevertap::{CleverTap, Tuning, UpstreamError};
use crate::config::{Account, Config};
use crate::period::zone_name;

/// Tries each account with one cheap call. A table of results goes to stdout.
///
/// An account that does not answer is exit code 1.
pub fn check(config: Config) -> anyhow::Result<ExitCode> {
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
    for (name, account, result) in &results {
        let region = account.region.map_or("-", |region| region.code());
        let verdict = match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => explain(error),
        };
        println!("{name:width$}  {region:8}  {:<24}  {verdict}", zone_name(&account.timezone));
    }
    Ok(if results.iter().all(|(.., result)| result.is_ok()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn try_account(name: &str, account: &Account) -> Result<(), UpstreamError> {
    CleverTap::new(name, account, Tuning::default())?.check().await
}

fn explain(error: &UpstreamError) -> String {
    let hint = match error {
        UpstreamError::Unauthorized { .. } => {
            "wrong passcode, wrong region, an expired user passcode, or an IP restriction in the dashboard"
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
