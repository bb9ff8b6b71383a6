//! Where our own links lead.
//!
//! The base is `server.public_url` and nothing else: `Host` and `X-Forwarded-*` are written by whoever asks. Without
//! it links are absolute paths. OData needs whole addresses: those then have the address at which the connection came
//! in, which nobody can write but which only a caller without a proxy in between can use.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use url::Url;

use crate::config::Server;

/// The address at which a connection came in.
struct ComeInAt(SocketAddr);

/// For `HttpServer::on_connect`.
pub fn note_address(connection: &dyn Any, about: &mut Extensions) {
    // Within TLS the certificate's name counts, and no address has that.
    if let Some(Ok(address)) = connection.downcast_ref::<TcpStream>().map(TcpStream::local_addr) {
        about.insert(ComeInAt(address));
    }
}

/// Whether a path is in a scope such as `/odata`, and does not only begin like it.
pub fn is_below(path: &str, scope: &str) -> bool {
    path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The base of every link we hand out. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links(Arc<str>);

impl Links {
    pub fn new(public_url: Option<&Url>) -> Self {
        let mut base = public_url.map_or("/", Url::as_str).to_owned();
        if !base.ends_with('/') {
            base.push('/');
        }
        Self(base.into())
    }

    /// The base of whole addresses, for this request: `public_url`, or the address at which its connection came in.
    /// Where not even that is known, the links are absolute paths.
    pub fn whole(settings: &Server, request: &HttpRequest) -> Self {
        if settings.public_url.is_some() {
            return Self::new(settings.public_url.as_ref());
        }
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let bound = request.app_config().local_addr();
        let address = request.conn_data::<ComeInAt>().map(|came| came.0);
        match address.or(Some(bound)).filter(|address| !address.ip().is_unspecified()) {
            Some(address) => Self(format!("{scheme}://{address}/").into()),
            None => Self::default(),
        }
    }

    /// The same for texts that are read elsewhere: where no address is known, one that their reader has to replace.
    pub fn for_files(settings: &Server, request: &HttpRequest) -> Self {
        let whole = Self::whole(settings, request);
        match whole.base().starts_with('/') {
            true => Self("https://address-of-flattap/".into()),
            false => whole,
        }
    }

    /// A link to a path below the base. The path has no leading slash and is already percent-encoded.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The base itself, with its final slash.
    pub fn base(&self) -> &str {
        &self.0
    }
}

impl Default for Links {
    fn default() -> Self {
        Self::new(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_paths_unless_the_public_address_is_known() {
        assert_eq!(Links::default().to("v1/jobs/7"), "/v1/jobs/7");
        for url in ["https://bi.example.com", "https://bi.example.com/"] {
            assert_eq!(Links::new(Some(&url.parse().unwrap())).to("v1/"), "https://bi.example.com/v1/");
        }
        let below = "https://example.com/flattap".parse().unwrap();
        assert_eq!(Links::new(Some(&below)).to("docs/"), "https://example.com/flattap/docs/");
    }
}
