//! The wire: one request out, one whole body in.
//!
//! Everything HTTP is here: host, headers, TLS, time limits, the bound on the body. Redirects are not followed,
//! because they would carry the credentials elsewhere. Nothing is tried again here. The errors of the HTTP library
//! name the URL, which may hold a cursor, so only their innermost cause is repeated.

use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect, retry};
use secrecy::ExposeSecret;
use tokio::time::{error::Elapsed, timeout};
use url::{Host, Url};

use super::call::{Call, Query};
use super::error::UpstreamError;
use super::quote::Quoting;
use super::tuning::Tuning;
use super::verdict::Verdict;
use crate::config::Account;

const USER_AGENT: &str = concat!("flattap/", env!("CARGO_PKG_VERSION"));

pub(super) struct Connection {
    http: Client,
    base: Url,
    tuning: Tuning,
}

/// A whole answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    /// Decoded.
    pub(super) body: Bytes,
}

impl Connection {
    pub(super) fn new(account: &Account, tuning: &Tuning) -> Result<Self, UpstreamError> {
        let base = usable(&account.base_url)?;
        // Building a client panics when the process has no TLS provider yet. A second installation does nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(headers(account)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .gzip(true)
            .connect_timeout(tuning.connect)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_keepalive(Duration::from_secs(30));
        if is_loopback(&base) {
            client = client.no_proxy();
        }
        let http = client.build().map_err(|error| bad(format!("no HTTP client: {}", cause(&error))))?;
        Ok(Self { http, base, tuning: tuning.clone() })
    }

    /// Host and port, for people.
    pub(super) fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// Sends the question and reads the whole answer, within all time limits.
    pub(super) async fn exchange(&self, call: &Call<'_>, quoting: &Quoting) -> Result<Reply, Verdict> {
        let whole = self.tuning.whole_answer.min(call.patience.within);
        match timeout(whole, self.send_and_read(call, quoting)).await {
            Ok(result) => result,
            Err(Elapsed { .. }) => Err(late(format!("the whole answer took longer than {}", spoken(whole)))),
        }
    }

    async fn send_and_read(&self, call: &Call<'_>, quoting: &Quoting) -> Result<Reply, Verdict> {
        let mut request = self.http.request(call.method.clone(), self.url(call));
        if !call.body.is_empty() {
            request =
                request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(call.body.clone());
        }
        let broken = |error| fault(error, call, quoting);
        let limit = call.patience.first_byte;
        let response = match timeout(limit, request.send()).await {
            Ok(response) => response.map_err(broken)?,
            Err(Elapsed { .. }) => return Err(late(format!("no answer within {}", spoken(limit)))),
        };
        let status = response.status();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| read_retry_after(value, SystemTime::now()));
        let body = self.read(response, &broken).await?;
        Ok(Reply { status, retry_after, body })
    }

    async fn read(
        &self,
        mut response: Response,
        broken: &impl Fn(reqwest::Error) -> Verdict,
    ) -> Result<Bytes, Verdict> {
        let cap = self.tuning.body_cap;
        let too_large = || {
            Verdict::Final(UpstreamError::malformed(format!("a body of more than {} MiB", cap.div_ceil(1024 * 1024))))
        };
        let announced = response.content_length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced.is_some_and(|length| length > cap) {
            return Err(too_large());
        }
        // The announced length is believed as far as one ordinary page.
        let mut body = Vec::with_capacity(announced.unwrap_or(0).min(8 * 1024 * 1024));
        let limit = self.tuning.between_chunks;
        loop {
            let chunk = match timeout(limit, response.chunk()).await {
                Ok(chunk) => chunk.map_err(broken)?,
                Err(Elapsed { .. }) => return Err(late(format!("the answer stopped for {}", spoken(limit)))),
            };
            let Some(chunk) = chunk else { break };
            if chunk.len() > cap.saturating_sub(body.len()) {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        body.shrink_to_fit();
        Ok(Bytes::from(body))
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{}", self.base.path().trim_end_matches('/'), call.path));
        match &call.query {
            Query::None => url.set_query(None),
            Query::Plain(query) => url.set_query(Some(query)),
            Query::Cursor(cursor) => url.set_query(Some(&cursor.query())),
        }
        url
    }
}

fn usable(base: &Url) -> Result<Url, UpstreamError> {
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        return Err(bad("base_url must be an http or https address".to_owned()));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(bad("base_url must not hold a user name or password".to_owned()));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(bad("base_url must end before any ? or #".to_owned()));
    }
    Ok(base.clone())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn headers(account: &Account) -> Result<HeaderMap, UpstreamError> {
    let secret = |name: &str, text: &str| match HeaderValue::from_str(text) {
        Ok(mut value) if !text.trim().is_empty() => {
            value.set_sensitive(true);
            Ok(value)
        }
        _ => Err(bad(format!("{name} is empty or has characters that cannot be sent"))),
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert("X-CleverTap-Account-Id", secret("account_id", &account.account_id)?);
    headers.insert("X-CleverTap-Passcode", secret("passcode", account.passcode.expose_secret())?);
    Ok(headers)
}

/// What a broken exchange means: the connection, or the body on its way.
fn fault(error: reqwest::Error, call: &Call<'_>, quoting: &Quoting) -> Verdict {
    if error.is_builder() {
        return Verdict::Final(UpstreamError::malformed("an address that cannot be asked"));
    }
    let what = match &error {
        error if error.is_connect() && error.is_timeout() => "no connection in time",
        error if error.is_connect() => "no connection",
        error if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the connection broke",
    };
    let said = quoting.quote(&format!("{what} ({})", cause(&error)), call.cursor());
    Verdict::Again(UpstreamError::Unavailable { said })
}

/// The innermost cause: the outer layers repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = match error.source() {
        Some(source) => source,
        None => return "no further cause".to_owned(),
    };
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(_) => "no further cause".to_owned(),
        None => innermost.to_string(),
    }
}

/// Seconds or a date, as HTTP allows; `None` when it is neither.
fn read_retry_after(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok().map(|at| at.duration_since(now).unwrap_or_default()),
    }
}

fn late(what: String) -> Verdict {
    Verdict::Again(UpstreamError::TimedOut { what })
}

fn bad(what: String) -> UpstreamError {
    UpstreamError::BadSettings { what }
}

fn spoken(limit: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(limit)
}

#[cfg(test)]
mod tests;
