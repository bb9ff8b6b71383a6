//! `flattap demo`: everything in one process, with no configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::startup;

/// Try it: a simulated CleverTap account, the gateway in front of it, and a key
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where to keep loaded days; without it in a folder that is removed at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    startup::demo(args.listen, args.data_dir)
}
