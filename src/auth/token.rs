//! Tokens of an identity provider: is this one ours, is it genuine, and what does it grant?
//!
//! The library checks signature and times; what it leaves open is closed here: extensions that a token calls
//! critical, issuers written as a list, keys that do not fit the algorithm (see `verifying`), and which key a token
//! may choose.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, decode, decode_header};
use secrecy::ExposeSecret;

use super::claims::Claims;
use super::granted::Granted;
use super::jwks::PublishedKeys;
use super::verifying::{UnusableKey, VerifyingKey};
use crate::config::{JwtConfig, JwtKeys};

/// Why a token opens nothing. Only [`TokenRefusal::KeysUnavailable`] is not the token's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("it is not a token that can be read")]
    Malformed,
    #[error("its algorithm is not one of the configured")]
    Algorithm,
    #[error("it was signed with a key that the issuer does not publish")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it lacks one of `exp`, `iss` and `aud`")]
    MissingClaim,
    #[error("it comes from another issuer")]
    Issuer,
    #[error("it was issued for another audience")]
    Audience,
    #[error("one of its claims has a form or a value that is not known here")]
    Claims,
    #[error("the issuer's keys are not at hand")]
    KeysUnavailable,
}

#[derive(Clone)]
pub(super) struct TokenVerifier {
    issuer: String,
    keys: Keys,
}

#[derive(Clone)]
enum Keys {
    Fixed(Arc<VerifyingKey>),
    Published(Arc<PublishedKeys>),
}

impl TokenVerifier {
    pub fn new(config: &JwtConfig) -> Result<Self, UnusableKey> {
        let keys = match &config.keys {
            JwtKeys::Secret(secret) => {
                Keys::Fixed(Arc::new(VerifyingKey::shared(secret.expose_secret().as_bytes(), config)?))
            }
            JwtKeys::PublicKey { pem } => Keys::Fixed(Arc::new(VerifyingKey::pem(pem, config)?)),
            JwtKeys::Jwks { url } => Keys::Published(PublishedKeys::new(url.clone(), config.clone())),
        };
        Ok(Self { issuer: config.issuer.clone(), keys })
    }

    /// With a key set already fetched.
    #[cfg(test)]
    pub fn holding(config: &JwtConfig, set: &serde_json::Value) -> Self {
        let published = PublishedKeys::holding(config.clone(), set);
        Self { issuer: config.issuer.clone(), keys: Keys::Published(published) }
    }

    /// The published keys, when the keys are published.
    pub fn published(&self) -> Option<&Arc<PublishedKeys>> {
        match &self.keys {
            Keys::Published(keys) => Some(keys),
            Keys::Fixed(_) => None,
        }
    }

    /// Whether a text has the form of a token at all.
    pub fn looks_like_token(text: &str) -> bool {
        text.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Whether fetching the published keys again could turn a refusal of this token into something better.
    pub fn may_need_newer_keys(&self, token: &str) -> bool {
        match (&self.keys, readable_header(token)) {
            (Keys::Published(keys), Ok(header)) => match keys.current() {
                None => true,
                Some(known) => {
                    header.kid.is_some_and(|id| !known.iter().any(|key| key.id.as_deref() == Some(id.as_str())))
                }
            },
            _ => false,
        }
    }

    /// Checks a token with the keys at hand, and reads what it grants.
    pub fn verify(&self, token: &str) -> Result<Granted, TokenRefusal> {
        let header = readable_header(token)?;
        match &self.keys {
            Keys::Fixed(key) => self.verify_with(token, &header, key),
            Keys::Published(published) => {
                let known = published.current().ok_or(TokenRefusal::KeysUnavailable)?;
                let fits =
                    |key: &&VerifyingKey| key.takes(header.alg) && (header.kid.is_none() || key.id == header.kid);
                let fitting: Vec<&VerifyingKey> = known.iter().filter(fits).collect();
                match fitting.as_slice() {
                    [key] => self.verify_with(token, &header, key),
                    // Several keys of one name are the provider's doing.
                    several if header.kid.is_some() => several
                        .iter()
                        .map(|key| self.verify_with(token, &header, key))
                        .reduce(|earlier, this| if earlier == Err(TokenRefusal::Signature) { this } else { earlier })
                        .unwrap_or(Err(TokenRefusal::UnknownKey)),
                    // A token that names no key may not try all of them: that would be work for nothing.
                    _ => Err(TokenRefusal::UnknownKey),
                }
            }
        }
    }

    fn verify_with(&self, token: &str, header: &Header, key: &VerifyingKey) -> Result<Granted, TokenRefusal> {
        if !key.takes(header.alg) {
            return Err(TokenRefusal::Algorithm);
        }
        let claims = decode::<Claims>(token, &key.key, &key.validation).map_err(refusal)?.claims;
        if claims.iss != self.issuer {
            return Err(TokenRefusal::Issuer);
        }
        claims.granted()
    }
}

/// The header, unless it asks for something that we would not do. `none` is no algorithm that can be read.
fn readable_header(token: &str) -> Result<Header, TokenRefusal> {
    let header = decode_header(token).map_err(|_| TokenRefusal::Malformed)?;
    // RFC 7515, 4.1.11: whoever does not understand a critical extension must refuse. We understand none.
    match header.crit {
        None => Ok(header),
        Some(_) => Err(TokenRefusal::Malformed),
    }
}

/// The library looks at the claims after the signature, so whoever learns of a claim holds a genuine token.
fn refusal(error: jsonwebtoken::errors::Error) -> TokenRefusal {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenRefusal::Signature,
        ErrorKind::ExpiredSignature => TokenRefusal::Expired,
        ErrorKind::ImmatureSignature => TokenRefusal::NotYetValid,
        ErrorKind::InvalidIssuer => TokenRefusal::Issuer,
        ErrorKind::InvalidAudience => TokenRefusal::Audience,
        ErrorKind::MissingRequiredClaim(_) => TokenRefusal::MissingClaim,
        ErrorKind::InvalidAlgorithm => TokenRefusal::Algorithm,
        ErrorKind::InvalidClaimFormat(_) | ErrorKind::Json(_) => TokenRefusal::Claims,
        _ => TokenRefusal::Malformed,
    }
}

#[cfg(test)]
mod tests;
