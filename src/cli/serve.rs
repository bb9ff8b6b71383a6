//! `flattap serve`: the gateway.

use std::process::ExitCode;

use clap::Args;

use super::ConfigArgs;
use crate::startup;

/// Serve tables to BI tools
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.config.load()?;
    config.check_callers()?;
    startup::serve(config)
}
