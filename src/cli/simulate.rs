//! `flattap simulate`: only the simulated CleverTap.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;

use crate::startup::{self, Pace};

/// Simulate CleverTap's API, to try a configuration against it
#[derive(Args, Debug)]
pub(super) struct SimulateArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9099")]
    listen: SocketAddr,
    /// Let message reports take as long as CleverTap's were measured to: 0.7 s for one day, 109 s for ninety
    #[arg(long)]
    slow: bool,
}

pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    startup::simulate(args.listen, if args.slow { Pace::AsMeasured } else { Pace::AtOnce })
}
