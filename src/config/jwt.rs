//! `[auth.jwt]`: tokens of an identity provider.
//!
//! Which algorithms are accepted is said here and never by a token, and only algorithms that belong to the kind of
//! key given: a public key can then not be passed off as a shared secret.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Host, Url};

use super::error::Problem;
use super::pii::SHORTEST_KEY;
use super::secret::{read_text, secret};
use super::value::DocumentAddress;

#[derive(Clone, Debug)]
pub struct JwtConfig {
    /// The token's `iss` must be this.
    pub issuer: String,
    /// The token's `aud` must be or hold this.
    pub audience: String,
    pub algorithms: Vec<Algorithm>,
    pub keys: JwtKeys,
}

/// What signatures are checked with.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// The provider's published keys, fetched and fetched again.
    Jwks { url: Url },
    /// One public key as PEM text.
    PublicKey { pem: String },
    /// A secret shared with the issuer, at least 32 bytes.
    Secret(SecretString),
}

const KNOWN: &str = "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";

impl JwtConfig {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let refuse = |key: &str, text: &str| Err(Problem::at(format!("auth.jwt.{key}"), text));
        if self.issuer.is_empty() {
            return refuse("issuer", "must not be empty");
        }
        if self.audience.is_empty() {
            return refuse("audience", "must not be empty: a token for any service would be accepted");
        }
        if self.algorithms.is_empty() {
            return refuse("algorithms", "must name at least one algorithm");
        }
        let is_shared = |algorithm: &Algorithm| algorithm.family() == AlgorithmFamily::Hmac;
        match &self.keys {
            JwtKeys::Secret(secret) => {
                if secret.expose_secret().len() < SHORTEST_KEY {
                    return refuse("hs_secret", "is too short: at least 32 bytes, e.g. from `openssl rand -hex 32`");
                }
                if !self.algorithms.iter().all(is_shared) {
                    return refuse("algorithms", "a shared secret goes with HS256, HS384 and HS512 only");
                }
            }
            JwtKeys::Jwks { .. } | JwtKeys::PublicKey { .. } if self.algorithms.iter().any(is_shared) => {
                return refuse("algorithms", "public keys never go with HS256, HS384 or HS512: anybody could sign");
            }
            JwtKeys::Jwks { .. } | JwtKeys::PublicKey { .. } => {}
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    issuer: Option<String>,
    audience: Option<String>,
    jwks_url: Option<DocumentAddress>,
    jwks_allow_http: bool,
    public_key_file: Option<PathBuf>,
    hs_secret: Option<SecretString>,
    hs_secret_file: Option<PathBuf>,
    algorithms: Option<Vec<String>>,
}

impl Written {
    pub fn resolve(self, folder: &Path) -> Result<JwtConfig, Problem> {
        let missing = |name: &str, text: &str| Problem::at(format!("auth.jwt.{name}"), format!("is missing: {text}"));
        let secret = secret("auth.jwt.hs_secret", self.hs_secret, self.hs_secret_file, folder)?;
        let keys = match (self.jwks_url, self.public_key_file, secret) {
            (Some(address), None, None) => JwtKeys::Jwks { url: guarded(address.0, self.jwks_allow_http)? },
            (None, Some(file), None) => {
                let pem = read_text("auth.jwt.public_key_file", &folder.join(file))?;
                JwtKeys::PublicKey { pem: pem.expose_secret().to_owned() }
            }
            (None, None, Some(secret)) => JwtKeys::Secret(secret),
            (None, None, None) => {
                return Err(missing("jwks_url", "one of `jwks_url`, `public_key_file` and `hs_secret`"));
            }
            _ => {
                return Err(Problem::at("auth.jwt", "keep one of `jwks_url`, `public_key_file` and `hs_secret`"));
            }
        };
        let algorithms = match self.algorithms {
            Some(names) => names.iter().enumerate().map(algorithm).collect::<Result<_, _>>()?,
            None if matches!(keys, JwtKeys::Secret(_)) => vec![Algorithm::HS256],
            None => vec![Algorithm::RS256, Algorithm::ES256],
        };
        Ok(JwtConfig {
            issuer: self.issuer.ok_or_else(|| missing("issuer", "the `iss` of your provider's tokens"))?,
            audience: self
                .audience
                .ok_or_else(|| missing("audience", "without it a token for any other service would be accepted"))?,
            algorithms,
            keys,
        })
    }
}

fn algorithm((index, name): (usize, &String)) -> Result<Algorithm, Problem> {
    Algorithm::from_str(name)
        .map_err(|_| Problem::at(format!("auth.jwt.algorithms[{index}]"), format!("expected one of {KNOWN}")))
}

/// Whoever can change the key set on its way can sign any token, so it comes over HTTPS or from this machine.
fn guarded(url: Url, allow_http: bool) -> Result<Url, Problem> {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || is_loopback || allow_http {
        return Ok(url);
    }
    Err(Problem::at(
        "auth.jwt.jwks_url",
        "expected https://; over plain http anybody on the way could exchange the keys \
         (`jwks_allow_http = true` takes that risk)",
    ))
}
