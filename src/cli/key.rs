//! `flattap key new`: a new key, and the configuration entry that lets it in.
//!
//! The key itself is printed once and kept nowhere; the entry holds its hash only.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rand::distr::{Alphanumeric, SampleString};
use serde::Serialize;

use super::UsageError;
use super::output::print;
use crate::config::{PiiMode, check_name, hash_of_key, parse_day};
use crate::period::Clock;

/// Letters and digits of a key: 43 of 62 kinds are 256 bits.
const LENGTH: usize = 43;

/// What a key begins with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "ft_";

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    New(NewArgs),
}

/// Make a key: prints it once, and the entry for flattap.toml that holds its hash
///
/// In the globs `*` stands for anything; quote them, or the shell fills them in.
#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// Names the caller in logs
    #[arg(long, value_parser = name)]
    name: String,
    /// Tables that it sees, e.g. 'event_*' (repeatable; default: none)
    #[arg(long = "table", value_name = "GLOB", value_parser = glob)]
    tables: Vec<String>,
    /// Events that it sees (repeatable; default: all)
    #[arg(long = "event", value_name = "GLOB", value_parser = glob)]
    events: Vec<String>,
    /// Accounts that it sees (repeatable; default: none)
    #[arg(long = "account", value_name = "GLOB", value_parser = glob)]
    accounts: Vec<String>,
    /// What it sees of personal columns: hash, drop or clear
    #[arg(long, value_name = "MODE", default_value = "hash", value_parser = str::parse::<PiiMode>)]
    pii: PiiMode,
    /// Lets it have days loaded again
    #[arg(long)]
    refresh: bool,
    /// The last day (UTC) on which it is good, e.g. 2027-01-01
    #[arg(long, value_name = "DATE", value_parser = day)]
    expires: Option<Date>,
}

fn name(text: &str) -> Result<String, &'static str> {
    check_name(text).map(|()| text.to_owned())
}

fn glob(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("expected a name or a glob, found an empty text") } else { Ok(text.to_owned()) }
}

fn day(text: &str) -> Result<Date, &'static str> {
    parse_day(text).ok_or("expected a date such as `2027-01-01`")
}

pub(super) fn run(command: KeyCommand) -> anyhow::Result<ExitCode> {
    let KeyCommand::New(args) = command;
    let today = Clock::system().today(&TimeZone::UTC);
    if args.expires.is_some_and(|last| last < today) {
        return Err(UsageError("--expires: that day has passed; the key would never be good".to_owned()).into());
    }
    let key = format!("{PREFIX}{}", Alphanumeric.sample_string(&mut rand::rng(), LENGTH));
    print(&printed(&key, &args)?)?;
    eprintln!("This is the only time the key is shown. Give it to the caller; put the entry into flattap.toml.");
    for (option, globs) in [("--account", &args.accounts), ("--table", &args.tables)] {
        if globs.is_empty() {
            eprintln!("It sees nothing without {option}: fill in the list, or make it again with {option} '*'.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The key, and under it the entry, both as TOML.
fn printed(key: &str, args: &NewArgs) -> Result<String, toml::ser::Error> {
    #[derive(Serialize)]
    struct Printed<'a> {
        key: &'a str,
        auth: Auth<'a>,
    }
    #[derive(Serialize)]
    struct Auth<'a> {
        keys: [Entry<'a>; 1],
    }
    #[derive(Serialize)]
    struct Entry<'a> {
        name: &'a str,
        hash: String,
        accounts: &'a [String],
        tables: &'a [String],
        events: &'a [String],
        pii: &'static str,
        refresh: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
    }
    let all = ["*".to_owned()];
    let entry = Entry {
        name: &args.name,
        hash: hash_of_key(key),
        accounts: &args.accounts,
        tables: &args.tables,
        events: if args.events.is_empty() { &all } else { &args.events },
        pii: args.pii.name(),
        refresh: args.refresh,
        expires: args.expires.map(|last| last.to_string()),
    };
    toml::to_string(&Printed { key, auth: Auth { keys: [entry] } })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::auth::{Authenticator, Shown};
    use crate::config::{Config, ConfigFile};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: NewArgs,
    }

    fn args(line: &[&str]) -> NewArgs {
        Line::parse_from(["new"].iter().chain(line)).args
    }

    const ACCOUNT: &str =
        "[accounts.main]\nregion = \"in1\"\naccount_id = \"A\"\npasscode = \"p\"\ntimezone = \"UTC\"\n";

    #[test]
    fn the_printed_entry_lets_the_printed_key_in() {
        let words = "--name powerbi --table event_* --account main --pii drop --refresh --expires 2999-12-31";
        let args = args(&words.split(' ').collect::<Vec<_>>());
        let printed = printed("ft_secret", &args).unwrap();
        let (first, entry) = printed.split_once('\n').unwrap();
        assert_eq!(first, "key = \"ft_secret\"");
        assert!(!entry.contains("ft_secret"));
        let file = ConfigFile { path: "flattap.toml".into(), text: format!("{ACCOUNT}{entry}") };
        let config = Config::read(Some(&file), []).unwrap();
        let mut shown = Shown::default();
        shown.api_key(b"ft_secret");
        let granted = Authenticator::new(&config, Clock::system()).unwrap().authenticate(&shown).unwrap();
        assert_eq!((granted.caller(), granted.pii(), granted.may_refresh()), ("powerbi", PiiMode::Drop, true));
        assert!(granted.sees_account("main") && granted.sees_table("event_counts") && !granted.sees_table("events"));
        assert!(granted.sees_event("Charged"));
    }

    #[test]
    fn an_entry_without_lists_sees_every_event_of_no_table() {
        insta::assert_snapshot!(printed("ft_x", &args(&["--name", "a"])).unwrap(), @r#"
        key = "ft_x"

        [[auth.keys]]
        name = "a"
        hash = "sha256:26e313fe2ee07aef087d6d6880b929768b32205b6c4c7373e638a4a1098eb4cf"
        accounts = []
        tables = []
        events = ["*"]
        pii = "hash"
        refresh = false
        "#);
    }
}
