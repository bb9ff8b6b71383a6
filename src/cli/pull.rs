//! `flattap pull`: tables into files.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::{ConfigArgs, UsageError};
use crate::catalog;
use crate::config::PiiMode;
use crate::encode::Format;
use crate::startup::{self, PullRequest};

/// Write tables to files, one per event and period
#[derive(Args, Debug)]
pub(super) struct PullArgs {
    /// Name of an event; repeat it for several
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// Every event that the account's catalogue has; those that CleverTap does not export are left out
    #[arg(long, conflicts_with = "events")]
    all_events: bool,
    /// First day: 2026-11-01, today, yesterday, -30d
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    from: String,
    /// Last day, itself included
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    to: String,
    /// The folder for the files; made when it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which table
    #[arg(long, value_name = "TABLE", default_value = "events")]
    table: String,
    /// Which account; may be left out when there is one
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// A further parameter of the table, as in its URL
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    #[arg(long, default_value = "csv", value_parser = formats())]
    format: Format,
    /// What becomes of personal columns
    #[arg(long, value_enum, default_value = "hash")]
    pii: Personal,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Personal {
    Hash,
    Drop,
    Clear,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .try_map(|name| Format::from_extension(&name).ok_or("there is no such format"))
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, such as by=day")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn run(args: PullArgs) -> anyhow::Result<ExitCode> {
    let table = catalog::find(&args.table).ok_or_else(|| {
        let names: Vec<&str> = catalog::tables().iter().map(|table| table.name).collect();
        UsageError(format!("there is no table `{}`; there are {}", args.table, names.join(", ")))
    })?;
    let needs_event = table.required.iter().any(|parameter| parameter.name == "event");
    if needs_event && args.events.is_empty() && !args.all_events {
        return Err(UsageError(format!("`{}` needs --event NAME or --all-events", table.name)).into());
    }
    startup::pull(
        args.config.load()?,
        PullRequest {
            table,
            events: args.events,
            all_events: args.all_events,
            from: args.from,
            to: args.to,
            account: args.account,
            set: args.set,
            out: args.out,
            format: args.format,
            pii: match args.pii {
                Personal::Hash => PiiMode::Hash,
                Personal::Drop => PiiMode::Drop,
                Personal::Clear => PiiMode::Clear,
            },
        },
    )
}
