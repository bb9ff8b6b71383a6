//! The check itself: every credential shown is judged, and all that are valid must be the same caller's.

use std::future::Future;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;

use super::granted::Granted;
use super::keys::{Found, KeyRing};
use super::shown::{Credential, Shown, Unfit, Way};
use super::token::{TokenRefusal, TokenVerifier};
use super::verifying::UnusableKey;
use crate::config::Config;
use crate::period::Clock;

/// Why nobody was let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nothing was shown; or only a key in the query, where those are turned off.
    #[error("no credential was shown")]
    Missing { query_key_ignored: bool },
    /// Something shown opens nothing, whatever else was shown.
    #[error("the credential in {} is not valid: {reason}", way.name())]
    Invalid { way: Way, reason: Refusal },
    /// Valid credentials of different callers, or of one caller with different rights.
    #[error("two credentials were shown, and they are those of different callers")]
    Ambiguous,
    /// A token was shown, and the issuer's keys have never been at hand. Nobody's credential is at fault.
    #[error("the identity provider's keys are not at hand, so no token can be checked")]
    KeysUnavailable,
    /// The server was put together without an [`Authenticator`].
    #[error("this server has no authenticator")]
    NotWired,
}

/// What is wrong with a credential. No more is told than the holder of it may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is empty")]
    Empty,
    #[error("it cannot be read")]
    Unreadable,
    #[error("there are too many credentials")]
    TooMany,
    #[error("no such key is known")]
    UnknownKey,
    #[error("the key expired at the end of {0}")]
    ExpiredKey(Date),
    #[error(transparent)]
    Token(TokenRefusal),
}

/// Why no check can be set up.
#[derive(Debug, thiserror::Error)]
pub enum AuthSetupError {
    #[error("`auth.keys[{0}].hash` is not `sha256:` and 64 hex digits")]
    KeyHash(usize),
    #[error("`auth.jwt`: the key cannot be used: {0}")]
    TokenKey(#[from] UnusableKey),
}

/// Knows all keys, checks tokens. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    keys: KeyRing,
    tokens: Option<TokenVerifier>,
    anonymous: bool,
    query_keys: bool,
    odata_query_keys: bool,
    clock: Clock,
}

impl Authenticator {
    /// Errors: a key hash that is none, or a public key that cannot be used. Both stop the start.
    pub fn new(config: &Config, clock: Clock) -> Result<Self, AuthSetupError> {
        Ok(Self(Arc::new(Inner {
            keys: KeyRing::new(&config.auth.keys).map_err(AuthSetupError::KeyHash)?,
            tokens: config.auth.jwt.as_ref().map(TokenVerifier::new).transpose()?,
            anonymous: config.auth.anonymous,
            query_keys: config.server.key_in_query,
            odata_query_keys: config.server.key_in_query && config.auth.key_in_odata_query,
            clock,
        })))
    }

    /// Whether `?api_key=` is looked at, at this path.
    pub fn takes_query_keys(&self, path: &str) -> bool {
        match path.strip_prefix("/odata").is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            true => self.0.odata_query_keys,
            false => self.0.query_keys,
        }
    }

    /// Judges what was shown, with what is at hand: nothing is waited for.
    pub fn authenticate(&self, shown: &Shown) -> Result<Granted, AuthError> {
        let mut let_in: Option<Granted> = None;
        let mut ambiguous = false;
        for credential in shown.credentials() {
            let granted = self.check(credential)?;
            ambiguous |= let_in.as_ref().is_some_and(|earlier| *earlier != granted);
            let_in = Some(granted);
        }
        match (let_in, shown.credentials().last()) {
            (Some(_), Some(last)) if shown.too_many() => {
                Err(AuthError::Invalid { way: last.way, reason: Refusal::TooMany })
            }
            (Some(_), _) if ambiguous => Err(AuthError::Ambiguous),
            (Some(granted), _) => Ok(granted),
            (None, _) if self.0.anonymous => Ok(Granted::of_anybody()),
            (None, _) => Err(AuthError::Missing { query_key_ignored: shown.query_key_ignored() }),
        }
    }

    /// May be awaited before [`Authenticator::authenticate`]: when a token was signed with a key that is not at hand,
    /// the published keys are fetched first, if it is time for that. Otherwise it returns at once.
    pub async fn prepare(&self, shown: &Shown) {
        let Some(tokens) = &self.0.tokens else { return };
        let Some(published) = tokens.published() else { return };
        let wants_keys = |credential: &Credential| {
            credential.way == Way::Bearer
                && credential.text.as_ref().is_ok_and(|text| {
                    let text = text.expose_secret();
                    TokenVerifier::looks_like_token(text) && tokens.may_need_newer_keys(text)
                })
        };
        if shown.credentials().iter().any(wants_keys) {
            published.renew().await;
        }
    }

    /// Keeps an identity provider's published keys current for as long as it is polled; without such keys it is done
    /// at once. To be spawned by whoever starts the server.
    pub fn keep_current(&self) -> impl Future<Output = ()> + Send + 'static {
        let published = self.0.tokens.as_ref().and_then(TokenVerifier::published).cloned();
        async move {
            if let Some(published) = published {
                published.keep_current().await;
            }
        }
    }

    fn check(&self, credential: &Credential) -> Result<Granted, AuthError> {
        let invalid = |reason| AuthError::Invalid { way: credential.way, reason };
        let text = match &credential.text {
            Ok(text) => text.expose_secret(),
            Err(Unfit::Empty) => return Err(invalid(Refusal::Empty)),
            Err(Unfit::Unreadable) => return Err(invalid(Refusal::Unreadable)),
        };
        let today = self.0.clock.today(&TimeZone::UTC);
        match self.0.keys.find(text, today) {
            Found::Granted(granted) => Ok(granted),
            Found::Expired(last) => Err(invalid(Refusal::ExpiredKey(last))),
            Found::Nothing => match &self.0.tokens {
                Some(tokens) if credential.way == Way::Bearer && TokenVerifier::looks_like_token(text) => {
                    tokens.verify(text).map_err(|refusal| self.token_refused(tokens, refusal))
                }
                _ => Err(invalid(Refusal::UnknownKey)),
            },
        }
    }

    fn token_refused(&self, tokens: &TokenVerifier, refusal: TokenRefusal) -> AuthError {
        if matches!(refusal, TokenRefusal::UnknownKey | TokenRefusal::KeysUnavailable)
            && let Some(published) = tokens.published()
        {
            published.ask();
        }
        match refusal {
            TokenRefusal::KeysUnavailable => AuthError::KeysUnavailable,
            refusal => AuthError::Invalid { way: Way::Bearer, reason: Refusal::Token(refusal) },
        }
    }
}

#[cfg(test)]
mod tests;
