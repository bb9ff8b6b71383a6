//! Wires everything. The only room that knows all others.
//!
//! [`Gateway::build`] takes a checked configuration, opens the store, binds both listeners and knows its addresses;
//! [`Gateway::run`] serves until a signal comes and what is in flight is done. What the commands do starts here.

mod check;
mod demo;
mod gateway;
mod house;
mod pii_key;
mod pull;

pub use check::check;
pub use demo::demo;
pub use gateway::{Gateway, StartError};
pub use pull::{PullRequest, pull};

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;

use crate::clevertap::Tuning;
use crate::config::Config;
use crate::http::openapi as document;
use crate::period::Clock;
use crate::simulator::{Simulator, SimulatorConfig};

/// Runs the gateway until it is stopped.
pub fn serve(config: Config) -> anyhow::Result<ExitCode> {
    actix_web::rt::System::new().block_on(async {
        let gateway = Gateway::build(config, Clock::system(), Tuning::default()).await?;
        tracing::info!(listen = %gateway.address(), admin = %gateway.admin_address(), "flattap is serving");
        gateway.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// How long the simulated CleverTap takes for its slowest answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    AtOnce,
    AsMeasured,
}

/// Runs the simulated CleverTap until it is stopped.
pub fn simulate(listen: SocketAddr, pace: Pace) -> anyhow::Result<ExitCode> {
    actix_web::rt::System::new().block_on(async {
        let report_slowness = match pace {
            Pace::AtOnce => 0.0,
            Pace::AsMeasured => 1.0,
        };
        let settings = SimulatorConfig { listen, report_slowness, ..SimulatorConfig::default() };
        let simulator = Simulator::start(settings).with_context(|| format!("cannot listen on {listen}"))?;
        eprintln!("flattap simulate: a CleverTap that does not exist, at {}", simulator.base_url());
        for account in &simulator.config().accounts {
            let passcode = secrecy::ExposeSecret::expose_secret(&account.passcode);
            eprintln!("  account_id = \"{}\", passcode = \"{passcode}\"", account.account_id);
        }
        gateway::stop_signal().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The OpenAPI document as JSON text.
pub fn openapi() -> anyhow::Result<String> {
    Ok(document::pretty()?)
}
