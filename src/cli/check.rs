//! `flattap check`: is the configuration right, and do the accounts answer?

use std::process::ExitCode;

use clap::Args;

use super::ConfigArgs;
use crate::startup;

/// Check the configuration and try each account's credentials with one cheap call
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    startup::check(args.config.load()?)
}
