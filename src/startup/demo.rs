//! `flattap demo`: a simulated CleverTap account, the gateway in front of it and a key, in one process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use url::Url;

use super::Gateway;
use crate::clevertap::Tuning;
use crate::config::{Account, Config, KeyConfig, sample_views};
use crate::period::Clock;
use crate::simulator::{Rows, Simulator, SimulatorConfig};

/// Open to everybody on purpose: the data behind it is invented.
const DEMO_KEY: &str = "demo-key";

/// Runs until a signal comes. Without `data_dir` the loaded days are thrown away at the end.
pub fn demo(listen: SocketAddr, data_dir: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    actix_web::rt::System::new().block_on(async {
        let simulator = Simulator::start(SimulatorConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            // The real one keeps its callers waiting, and sells more; a newcomer should not have to wait for either.
            first_page_polls: 0,
            count_polls: 0,
            rows: Rows::Scaled(0.2),
            ..SimulatorConfig::default()
        })
        .context("the simulated CleverTap cannot start")?;
        let temporary = tempfile::tempdir().context("no temporary folder for the demo's data")?;
        let config = config(&simulator, listen, data_dir.as_deref().unwrap_or(temporary.path()))?;
        let gateway = Gateway::build(config, Clock::system(), Tuning::default()).await?;
        greet(&gateway, &simulator);
        gateway.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn config(simulator: &Simulator, listen: SocketAddr, store: &std::path::Path) -> anyhow::Result<Config> {
    let mut config = Config::local(store).context("the data folder cannot be used")?;
    config.server.listen = listen;
    // Any free port: a demo must start beside whatever runs on this machine already.
    config.server.admin_listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let base_url: Url = simulator.base_url().parse()?;
    for account in &simulator.config().accounts {
        let zone = account.timezone.clone().unwrap_or_else(|| simulator.config().timezone.clone());
        let passcode = secrecy::ExposeSecret::expose_secret(&account.passcode);
        config.accounts.insert("demo".to_owned(), Account::new(&account.account_id, passcode, zone, base_url.clone()));
    }
    config.views = sample_views()?;
    config.auth.keys.push(KeyConfig::all_seeing("demo", DEMO_KEY));
    config.offered_key = Some(DEMO_KEY.to_owned());
    Ok(config)
}

/// What a newcomer needs to see, and nothing else. Data goes to stdout, so this is stderr's.
fn greet(gateway: &Gateway, simulator: &Simulator) {
    let base = format!("http://{}", gateway.address());
    let events = simulator.event_names().join(", ");
    eprintln!(
        "
flattap demo: a simulated CleverTap shop with the gateway in front of it.

  page      {base}/
  key       {DEMO_KEY}
  events    {events}
  docs      {base}/docs
  metrics   http://{admin}/metrics

Look at it in a browser, or try it here:

  curl -H 'X-API-Key: {DEMO_KEY}' '{base}/v1/events.csv?event=Charged&range=last_7_days'

Stop it with Ctrl-C.
",
        admin = gateway.admin_address(),
    );
}
