//! Where our own links lead.
//!
//! The base is `server.public_url` and nothing else: `Host` and `X-Forwarded-*` are written by whoever asks. Without
//! it links are absolute paths.

use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;

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

    /// A link to a path below the base. The path has no leading slash and is already percent-encoded.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The same with an absolute base, for files that are read elsewhere: without a public address that of the
    /// listener, which is right on this machine and nowhere else.
    pub fn absolute(&self, listener: SocketAddr, is_secure: bool) -> Self {
        if !self.0.starts_with('/') {
            return self.clone();
        }
        let scheme = if is_secure { "https" } else { "http" };
        let base = match listener.ip().is_unspecified() {
            true => format!("{scheme}://localhost:{}/", listener.port()),
            false => format!("{scheme}://{listener}/"),
        };
        Self(base.into())
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
        let local = Links::default().absolute("127.0.0.1:8080".parse().unwrap(), false);
        assert_eq!(local.base(), "http://127.0.0.1:8080/");
        let anywhere = Links::default().absolute("[::]:8443".parse().unwrap(), true);
        assert_eq!(anywhere.base(), "https://localhost:8443/");
        let below = "https://example.com/flattap".parse().unwrap();
        assert_eq!(Links::new(Some(&below)).to("docs/"), "https://example.com/flattap/docs/");
        let links = Links::new(Some(&below));
        assert_eq!(links.absolute("127.0.0.1:8080".parse().unwrap(), false), links);
    }
}
