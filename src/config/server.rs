//! `[server]`: where flattap listens and how long a request may wait.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::error::Problem;
use super::value::{Lapse, Listen, WebAddress};

#[derive(Clone, Debug)]
pub struct Server {
    /// BI traffic. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// `/livez`, `/readyz`, `/metrics`. Default `127.0.0.1:8081`.
    pub admin_listen: SocketAddr,
    /// Base of every absolute link; its path ends in `/`. Default: none, links are absolute paths.
    pub public_url: Option<Url>,
    /// HTTPS by itself. Default: plain HTTP.
    pub tls: Option<Tls>,
    /// Origins of pages that may call: `*`, or `https://host[:port]`, in which `*` stands for anything.
    pub cors_origins: Vec<String>,
    /// How long a request may wait for data that is still loading, unless it says so itself. Default 90 s.
    pub default_wait: Duration,
    /// The longest wait that a request may ask for. Default 100 s.
    pub max_wait: Duration,
    /// Whether `?api_key=` proves anything. Default true.
    pub key_in_query: bool,
    /// `fresh` never goes below this. Default 10 s.
    pub fresh_floor: Duration,
}

/// PEM files, read again when they change.
#[derive(Clone, Debug)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Server {
    /// Whether the admin pages are served by the BI listener: only when the two addresses are written equal. Two
    /// port zeros are two ports that the system chooses.
    pub fn admin_shares_listener(&self) -> bool {
        self.listen == self.admin_listen && self.listen.port() != 0
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        let same_port = self.listen.port() == self.admin_listen.port() && self.listen.port() != 0;
        let overlap = self.listen.ip().is_unspecified() || self.admin_listen.ip().is_unspecified();
        if same_port && overlap && !self.admin_shares_listener() {
            return Err(Problem::at(
                "server.admin_listen",
                "takes the port of `server.listen`; choose another port, or write the two equal to serve \
                 /livez, /readyz and /metrics beside the tables",
            ));
        }
        if self.default_wait > self.max_wait {
            return Err(Problem::at("server.default_wait", "must not be longer than `server.max_wait`"));
        }
        for (index, origin) in self.cors_origins.iter().enumerate() {
            if origin != "*" && !is_origin(origin) {
                return Err(Problem::at(
                    format!("server.cors_origins[{index}]"),
                    "expected `*` or an origin such as `https://bi.example.com`, without a path",
                ));
            }
        }
        Ok(())
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            public_url: None,
            tls: None,
            cors_origins: Vec::new(),
            default_wait: Duration::from_secs(90),
            max_wait: Duration::from_secs(100),
            key_in_query: true,
            fresh_floor: Duration::from_secs(10),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '*' | '[' | ']'))
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    listen: Option<Listen>,
    admin_listen: Option<Listen>,
    public_url: Option<WebAddress>,
    tls: Option<WrittenTls>,
    cors_origins: Vec<String>,
    default_wait: Option<Lapse>,
    max_wait: Option<Lapse>,
    key_in_query: Option<bool>,
    fresh_floor: Option<Lapse>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenTls {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Written {
    pub fn resolve(self, folder: &Path) -> Result<Server, Problem> {
        let default = Server::default();
        let max_wait = self.max_wait.map_or(default.max_wait, |lapse| lapse.0);
        let listen = self.listen.map_or(default.listen, |listen| listen.0);
        if self.admin_listen.is_none() && listen == default.admin_listen {
            // Sharing a listener is said by writing it, not by meeting the default.
            return Err(Problem::at(
                "server.listen",
                "is where /livez, /readyz and /metrics are by default; write `server.admin_listen` as well",
            ));
        }
        Ok(Server {
            listen,
            admin_listen: self.admin_listen.map_or(default.admin_listen, |listen| listen.0),
            public_url: self.public_url.map(|address| address.0),
            tls: self.tls.map(|tls| tls.resolve(folder)).transpose()?,
            cors_origins: self.cors_origins,
            // Somebody who only shortens the maximum means both.
            default_wait: self.default_wait.map_or(default.default_wait.min(max_wait), |lapse| lapse.0),
            max_wait,
            key_in_query: self.key_in_query.unwrap_or(default.key_in_query),
            fresh_floor: self.fresh_floor.map_or(default.fresh_floor, |lapse| lapse.0),
        })
    }
}

impl WrittenTls {
    fn resolve(self, folder: &Path) -> Result<Tls, Problem> {
        match (self.cert, self.key) {
            (Some(cert), Some(key)) => Ok(Tls { cert: folder.join(cert), key: folder.join(key) }),
            (None, _) => Err(Problem::at("server.tls.cert", "is missing: HTTPS needs `cert` and `key`")),
            (_, None) => Err(Problem::at("server.tls.key", "is missing: HTTPS needs `cert` and `key`")),
        }
    }
}
