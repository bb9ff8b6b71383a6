//! `flattap simulate`: only the simulated CleverTap.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;

use crate::startup;

/// Simulate CleverTap's API, to try a configuration against it
#[derive(Args, Debug)]
pub(super) struct SimulateArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9099")]
    listen: SocketAddr,
}

pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    startup::simulate(args.listen)
}
