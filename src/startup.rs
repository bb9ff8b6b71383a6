//! STUB of this branch: the call sites of `cli`. The lead's own version wins when the branches meet.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::Config;

/// Runs the demonstration until it is stopped.
pub fn demo(_listen: SocketAddr, _data_dir: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}

/// Runs the gateway until it is stopped.
pub fn serve(_config: Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}

/// Tries every account; the exit code is 1 when one fails.
pub fn check(_config: Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}

/// Runs the simulated CleverTap until it is stopped.
pub fn simulate(_listen: SocketAddr) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}

/// The OpenAPI document as JSON text.
pub fn openapi() -> anyhow::Result<String> {
    anyhow::bail!("not wired yet")
}
