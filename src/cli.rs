//! The command line: what is asked, and the exit code.
//!
//! Codes: 0 done, 1 it failed, 2 the command line or the configuration is wrong. Messages go to stderr, data to
//! stdout. Each command's file reads its arguments and hands them to the room that does the work.

mod check;
mod demo;
mod key;
mod openapi;
mod output;
mod pull;
mod serve;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::plan::PlanError;
use crate::request::RequestError;
use crate::startup::StartError;
use crate::telemetry;

/// CleverTap's events, profiles and campaigns as flat, typed tables for BI tools.
#[derive(Debug, Parser)]
#[command(name = "flattap", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// Whom the log is for.
    pub fn reader_of_the_log(&self) -> telemetry::Reader {
        match self.command {
            Command::Pull(_) => telemetry::Reader::Caller,
            _ => telemetry::Reader::Operator,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Check(check::CheckArgs),
    Pull(pull::PullArgs),
    Simulate(simulate::SimulateArgs),
    /// Keys for callers
    #[command(subcommand)]
    Key(key::KeyCommand),
    Openapi(openapi::OpenapiArgs),
}

/// The configuration that a command reads.
#[derive(Args, Debug)]
struct ConfigArgs {
    /// The configuration file; without it `flattap.toml` of the current folder, if there is one
    #[arg(long, value_name = "FILE", env = "FLATTAP_CONFIG")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Reads it, and says what in it is probably not meant.
    fn load(&self) -> Result<Config, ConfigError> {
        let config = Config::load(self.config.as_deref())?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        Ok(config)
    }
}

/// The command line asks for something that makes no sense, in a way that its grammar cannot tell.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Does what was asked. A failure is told on stderr, with its causes.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Pull(args) => pull::run(args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Key(command) => key::run(command),
        Command::Openapi(args) => openapi::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprint!("{}", told(&error));
        exit_code(&error)
    })
}

/// The error and its causes, a line each.
fn told(error: &anyhow::Error) -> String {
    let mut told = format!("error: {error}\n");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors say their cause themselves.
        if !told.trim_end().ends_with(&cause) {
            told.push_str(&format!("  because: {cause}\n"));
        }
    }
    told
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if is_usage(error) { ExitCode::from(2) } else { ExitCode::FAILURE }
}

fn is_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let is_line = cause.is::<UsageError>() || cause.is::<ConfigError>();
        // The words of a pull are those of a request.
        let is_request = cause.is::<RequestError>() || cause.is::<PlanError>();
        is_line || is_request || cause.downcast_ref().is_some_and(StartError::is_about_settings)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use clap::CommandFactory;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        Cli::command().debug_assert();
    }

    #[rstest]
    #[case("demo")]
    #[case("demo --listen 0.0.0.0:80 --data-dir x")]
    #[case("serve")]
    #[case("serve --config flattap.toml")]
    #[case("check --config flattap.toml")]
    #[case("simulate --listen 127.0.0.1:9099")]
    #[case("simulate --slow")]
    #[case(
        "key new --name a --table events --table event_* --event * --account main --pii drop --refresh --expires 2099-01-01"
    )]
    #[case("pull --event Charged --event App_Launched --from 2026-11-01 --to yesterday --out data")]
    #[case("pull --all-events --from -30d --to today --out data --table event_counts --format json --pii clear")]
    #[case("pull --table campaigns --set id=12 --from -30d --to today --out data --account main --config f.toml")]
    #[case("openapi")]
    fn the_lines_of_the_manual_are_understood(#[case] line: &str) {
        Cli::try_parse_from(["flattap"].into_iter().chain(line.split(' '))).unwrap();
    }

    #[rstest]
    #[case("", "Usage")]
    #[case("serv", "'serve'")]
    #[case("demo --listen localhost", "--listen")]
    #[case("key new", "--name")]
    #[case("key new --name a:b", "letters, digits")]
    #[case("key new --name a --pii none", "`hash`, `drop` or `clear`")]
    #[case("key new --name a --expires 2027-13-01", "2027-01-01")]
    #[case("key new --name a --table=", "empty")]
    #[case("pull --event A --from today --to today", "--out")]
    #[case("pull --event A --all-events --from today --to today --out x", "cannot be used with")]
    #[case("pull --event A --from today --to today --out x --format xml", "csv")]
    #[case("pull --set from --from today --to today --out x", "NAME=VALUE")]
    fn a_wrong_line_names_what_is_right(#[case] line: &str, #[case] expected: &str) {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let error = Cli::try_parse_from(["flattap"].into_iter().chain(words)).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_wrong_configuration_is_2_and_everything_else_1() {
        assert!(is_usage(&anyhow::Error::from(ConfigError::Nothing).context("while starting")));
        assert!(!is_usage(&anyhow::anyhow!("no network")));
    }

    #[test]
    fn a_failure_is_told_with_its_causes() {
        let error = Err::<(), _>(std::io::Error::other("in use")).context("cannot listen").unwrap_err();
        assert_eq!(told(&error), "error: cannot listen\n  because: in use\n");
        let error = anyhow::anyhow!("in use").context("cannot listen: in use");
        assert_eq!(told(&error), "error: cannot listen: in use\n");
    }
}
