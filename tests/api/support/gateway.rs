//! A spawned gateway on a free port, a simulated CleverTap behind it, and a clock that a test moves for both.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::dev::ServerHandle;
use flattap::clevertap::Tuning;
use flattap::config::{Account, Config, PiiMode, TEST_KEY};
use flattap::period::Clock;
use flattap::simulator::{self, Simulator, SimulatorConfig};
use flattap::startup::Gateway;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, RequestBuilder};
use tempfile::TempDir;

use super::Answer;

/// What can be changed before a test's gateway starts.
pub struct Setup {
    pub simulator: SimulatorConfig,
    /// Called with the finished configuration.
    pub config: Box<dyn Fn(&mut Config) + Send + Sync>,
    pub tuning: Tuning,
    /// What time it is at the start, in the project's zone.
    pub now: jiff::civil::DateTime,
    pub zone: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            simulator: SimulatorConfig::for_testing(),
            config: Box::new(|_| {}),
            tuning: Tuning::for_testing(),
            now: date(2026, 11, 23).at(12, 0, 0, 0),
            zone: "Asia/Kolkata",
        }
    }
}

impl Setup {
    pub fn config(mut self, change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        self.config = Box::new(change);
        self
    }

    pub fn account(self, change: impl Fn(&mut Account) + Send + Sync + 'static) -> Self {
        self.config(move |config| config.accounts.values_mut().for_each(&change))
    }
}

/// A gateway, its CleverTap and its clock.
pub struct TestGateway {
    pub simulator: Simulator,
    pub client: Client,
    pub zone: TimeZone,
    pub base: String,
    pub admin: String,
    clock: Arc<AtomicI64>,
    setup: Setup,
    handle: ServerHandle,
    folder: TempDir,
}

impl TestGateway {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(mut setup: Setup) -> Self {
        let zone = TimeZone::get(setup.zone).expect("a known zone");
        let now = zone.to_ambiguous_timestamp(setup.now).compatible().expect("a time of this zone");
        let clock = Arc::new(AtomicI64::new(now.as_millisecond()));
        let shared = clock.clone();
        setup.simulator.timezone = zone.clone();
        setup.simulator.clock = simulator::Clock::from_fn(move || read(&shared));
        let simulator = Simulator::start(setup.simulator.clone()).expect("the simulator starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (base, admin, handle) = serve(&setup, &simulator, &zone, &clock, folder.path()).await;
        let client = Client::builder().no_gzip().tls_certs_only([]).build().expect("a client");
        Self { simulator, client, zone, base, admin, clock, setup, handle, folder }
    }

    /// Stops the gateway and starts another one on the same store.
    pub async fn restart(&mut self) {
        self.handle.stop(true).await;
        let (base, admin, handle) =
            serve(&self.setup, &self.simulator, &self.zone, &self.clock, self.folder.path()).await;
        (self.base, self.admin, self.handle) = (base, admin, handle);
    }

    pub fn store(&self) -> &Path {
        self.folder.path()
    }

    /// Lets time pass, for the gateway and for CleverTap.
    pub fn pass(&self, time: SignedDuration) {
        self.clock.fetch_add(i64::try_from(time.as_millis()).expect("a sane time"), Ordering::SeqCst);
    }

    pub fn today(&self) -> Date {
        self.zone.to_datetime(read(&self.clock)).date()
    }

    /// A request with the all-seeing key.
    pub fn request(&self, method: Method, path_and_query: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path_and_query}", self.base)).header("x-api-key", TEST_KEY)
    }

    pub async fn get(&self, path_and_query: &str) -> Answer {
        self.send(self.request(Method::GET, path_and_query)).await
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// What CleverTap has of an event over these days.
    pub fn records(&self, event: &str, first: Date, last: Date) -> Vec<String> {
        first
            .series(jiff::ToSpan::day(1))
            .take_while(|day| *day <= last)
            .flat_map(|day| self.simulator.records(event, day))
            .collect()
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        let stopping = self.handle.stop(false);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(stopping);
        }
    }
}

async fn serve(
    setup: &Setup,
    simulator: &Simulator,
    zone: &TimeZone,
    clock: &Arc<AtomicI64>,
    store: &Path,
) -> (String, String, ServerHandle) {
    let mut config = Config::for_testing(simulator.base_url().parse().expect("a URL"), store);
    let known = &simulator.config().accounts[0];
    for account in config.accounts.values_mut() {
        account.account_id.clone_from(&known.account_id);
        account.passcode = known.passcode.clone();
        account.timezone = zone.clone();
    }
    // Tests compare with the records themselves; what other keys see is the access tests' subject.
    config.auth.keys[0].pii = PiiMode::Clear;
    (setup.config)(&mut config);
    let shared = clock.clone();
    let gateway = Gateway::build(config, Clock::from_fn(move || read(&shared)), setup.tuning.clone())
        .await
        .expect("the gateway starts");
    let (base, admin) = (format!("http://{}", gateway.address()), format!("http://{}", gateway.admin_address()));
    let handle = gateway.handle();
    tokio::spawn(gateway.run());
    (base, admin, handle)
}

fn read(clock: &AtomicI64) -> Timestamp {
    Timestamp::from_millisecond(clock.load(Ordering::SeqCst)).expect("a sane clock")
}

pub fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}
