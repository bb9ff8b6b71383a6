//! The gateway as a running thing: parts, listeners, and the way it stops.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{HttpServer, web};

use super::house::House;
use crate::auth::{AuthSetupError, Authenticator};
use crate::clevertap::{Tuning, UpstreamError};
use crate::config::{CacheConfig, Config, ConfigError};
use crate::encode::Workers;
use crate::freshness::Feed;
use crate::http::answer::{AnswerCache, AnswerLimits, WRITE_AFTER};
use crate::http::limits::Admission;
use crate::http::links::{self, Links};
use crate::http::service::Plans;
use crate::http::state::AppState;
use crate::http::tls::{self, TlsError};
use crate::http::{Shared, admin_app, public_app};
use crate::period::Clock;
use crate::plan::{ViewError, Views};
use crate::query::QueryError;
use crate::store::{Store, StoreError};

/// What is in flight when a signal comes has this long to finish (contract 2).
const GRACE_SECONDS: u64 = 30;
/// A slow reader is never cut off; a client that does not say what it wants is.
const REQUEST_HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How often it is considered whether an event catalogue should be read again.
const CATALOGUE_LOOKED_AT_EVERY: Duration = Duration::from_secs(60);

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    #[error("account `{account}` cannot be set up")]
    Account { account: String, source: UpstreamError },
    #[error(transparent)]
    Auth(#[from] AuthSetupError),
    #[error("metrics cannot be set up: {0}")]
    Metrics(String),
    #[error("the query engine cannot be set up")]
    Engine(#[from] QueryError),
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    View(#[from] ViewError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{what}")]
    Io { what: &'static str, source: std::io::Error },
}

impl StartError {
    /// Whether the configuration has to be changed before another start can succeed.
    pub fn is_about_settings(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Auth(_) | Self::View(_) | Self::Tls(_))
    }
}

/// What a start would meet of the settings, found out without one: keys, views and certificates that cannot be used.
pub(super) fn check_settings(config: &Config) -> Result<(), StartError> {
    Authenticator::new(config, Clock::system())?;
    Views::new(&config.views)?;
    config.server.tls.as_ref().map_or(Ok(()), tls::check)?;
    Ok(config.check_callers()?)
}

/// A gateway that listens. Nothing is answered before [`Gateway::run`].
pub struct Gateway {
    address: SocketAddr,
    admin_address: SocketAddr,
    servers: Vec<Server>,
    state: web::Data<AppState>,
}

impl Gateway {
    /// Opens the store, makes the clients, binds the listeners.
    pub async fn build(config: Config, clock: Clock, tuning: Tuning) -> Result<Self, StartError> {
        config.check_callers()?;
        let House { config, clock, policy, store, freshness, engine, views, metrics, sealer } =
            House::open(config, clock, tuning).await?;
        for name in config.accounts.keys() {
            if let Some(feed) = freshness.feed(name) {
                keep_catalogue_fresh(&store, feed);
            }
        }
        let authenticator = Authenticator::new(&config, clock.clone())?;
        store.spawn(authenticator.keep_current());
        let workers = Workers::for_this_machine()
            .map_err(|source| StartError::Io { what: "the threads that write answers cannot start", source })?;
        let answers = AnswerCache::new(limits_of(&config.cache), store.spill_dir().to_owned(), workers.clone())
            .map_err(|source| StartError::Io { what: "the folder for large answers cannot be made", source })?;
        let state = web::Data::new(AppState {
            config,
            clock,
            policy,
            store,
            freshness,
            engine,
            views,
            answers,
            plans: Plans::default(),
            metrics,
            sealer,
        });
        let shared = Shared {
            authenticator: web::Data::new(authenticator),
            admission: web::Data::new(Admission::new(&state.config.limits)),
            links: web::Data::new(Links::new(state.config.server.public_url.as_ref())),
            state,
        };
        Self::bind(&shared)
    }

    fn bind(shared: &Shared) -> Result<Self, StartError> {
        let settings = &shared.state.config.server;
        let listener = listen(settings.listen)?;
        let address = local_address(&listener)?;
        let one_for_both = settings.admin_shares_listener();
        let parts = shared.clone();
        let public = HttpServer::new(move || public_app(&parts, one_for_both))
            .shutdown_timeout(GRACE_SECONDS)
            .shutdown_signal(asked_to_stop())
            .on_connect(links::note_address)
            .client_request_timeout(REQUEST_HEAD_WITHIN)
            // An answer is written in slices; the last one is not to wait until the others are acknowledged.
            .tcp_nodelay(true)
            .h1_write_buffer_size(WRITE_AFTER);
        let public = match &settings.tls {
            Some(files) => public.listen_rustls_0_23(listener, tls::server_config(files)?),
            None => public.listen(listener),
        };
        let public = public.map_err(|source| StartError::Listen { address, source })?;
        let mut servers = vec![public.run()];
        let mut admin_address = address;
        if !one_for_both {
            let listener = listen(settings.admin_listen)?;
            admin_address = local_address(&listener)?;
            let parts = shared.clone();
            let admin = HttpServer::new(move || admin_app(&parts)).workers(1).shutdown_timeout(1).disable_signals();
            let admin =
                admin.listen(listener).map_err(|source| StartError::Listen { address: admin_address, source })?;
            servers.push(admin.run());
        }
        Ok(Self { address, admin_address, servers, state: shared.state.clone() })
    }

    /// Where BI tools connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where probes and metrics are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    pub fn state(&self) -> &web::Data<AppState> {
        &self.state
    }

    /// Stops the gateway from elsewhere, as a signal would.
    pub fn handle(&self) -> ServerHandle {
        self.servers[0].handle()
    }

    /// Serves until a signal comes or [`Gateway::handle`] stops it, and what is in flight is done.
    pub async fn run(self) -> std::io::Result<()> {
        let mut servers = self.servers.into_iter();
        let Some(public) = servers.next() else { return Ok(()) };
        let others: Vec<Server> = servers.collect();
        let handles: Vec<ServerHandle> = others.iter().map(Server::handle).collect();
        let others: Vec<_> = others.into_iter().map(tokio::spawn).collect();
        let stopped = public.await;
        for handle in handles {
            handle.stop(false).await;
        }
        for other in others {
            let _ = other.await;
        }
        stopped
    }
}

fn limits_of(cache: &CacheConfig) -> AnswerLimits {
    AnswerLimits { memory: cache.memory, answer: cache.answer, spool: cache.spool }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Io { what: "the listening address is not known", source })
}

/// Reads the event catalogue now and then, beside the requests.
fn keep_catalogue_fresh(store: &Store, feed: &Arc<Feed>) {
    let feed = feed.clone();
    store.spawn(async move {
        loop {
            feed.known_events.keep_fresh(&feed.client).await;
            tokio::time::sleep(CATALOGUE_LOOKED_AT_EVERY).await;
        }
    });
}

/// The framework's own handling of Ctrl-C cuts off what is in flight; ours lets it finish, as for `SIGTERM`.
async fn asked_to_stop() {
    if let Err(error) = stop_signal().await {
        tracing::error!(%error, "signals cannot be received: the gateway can only be killed");
        std::future::pending::<()>().await;
    }
}

/// Returns when the process is asked to stop.
pub(super) async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
