//! Wires everything. The only room that knows all others.
//!
//! [`Gateway::build`] takes a checked configuration, opens the store, binds both listeners and knows its addresses;
//! [`Gateway::run`] serves until a signal comes and what is in flight is done. The commands `serve`, `demo` and
//! `check` start here.

mod check;
mod demo;
mod gateway;
mod pii_key;

pub use check::check;
pub use demo::demo;
pub use gateway::{Gateway, StartError};

use std::path::Path;
use std::process::ExitCode;

use crate::clevertap::Tuning;
use crate::config::Config;
use crate::period::Clock;
use crate::telemetry;

/// `flattap serve`.
pub fn serve(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    actix_web::rt::System::new().block_on(async {
        telemetry::start();
        let gateway = Gateway::build(config, Clock::system(), Tuning::default()).await?;
        tracing::info!(listen = %gateway.address(), admin = %gateway.admin_address(), "flattap is serving");
        gateway.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}
