//! Public keys and secrets that signatures are checked with, each with the algorithms that it may be used for.
//!
//! The algorithms of a key are those of the configuration that fit the key's own kind, and, where the provider says
//! so, the key's own `alg`. A token only chooses among them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};

use crate::config::JwtConfig;

/// Shortest and longest RSA modulus in bytes: 2048 bits, and what the RSA implementation verifies at most.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=512;

/// Tolerated difference of clocks, in seconds.
const LEEWAY: u64 = 30;

pub(super) struct VerifyingKey {
    /// The provider's name for it, which tokens repeat.
    pub id: Option<String>,
    pub key: DecodingKey,
    /// Issuer, audience, times and the algorithms of this key.
    pub validation: Validation,
}

/// Why a key is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKey {
    #[error("it is not a public key in PEM (RSA, P-256, P-384 or Ed25519)")]
    NotPublic,
    #[error("it is weaker than RSA with 2048 bits, or longer than 4096")]
    Size,
    #[error("none of the configured algorithms goes with its kind")]
    Algorithms,
    #[error("it is not meant for signatures")]
    Purpose,
}

impl VerifyingKey {
    pub fn shared(secret: &[u8], config: &JwtConfig) -> Result<Self, UnusableKey> {
        Self::new(None, DecodingKey::from_secret(secret), AlgorithmFamily::Hmac.algorithms(), config)
    }

    pub fn pem(text: &str, config: &JwtConfig) -> Result<Self, UnusableKey> {
        let pem = text.as_bytes();
        let key = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem))
            .map_err(|_| UnusableKey::NotPublic)?;
        // As a JWK the key lies open: its curve, and the modulus of RSA without the DER around it.
        let parts = Jwk::from_decoding_key(&key, None).map_err(|_| UnusableKey::NotPublic)?;
        let allowed = algorithms_of(&parts.algorithm)?;
        Self::new(None, key, allowed, config)
    }

    pub fn published(jwk: &Jwk, config: &JwtConfig) -> Result<Self, UnusableKey> {
        let common = &jwk.common;
        let is_for_signatures = common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures {
            return Err(UnusableKey::Purpose);
        }
        let mut allowed = algorithms_of(&jwk.algorithm)?.to_vec();
        if let Some(named) = common.key_algorithm {
            allowed.retain(|algorithm| Algorithm::try_from(named) == Ok(*algorithm));
        }
        let key = DecodingKey::from_jwk(jwk).map_err(|_| UnusableKey::NotPublic)?;
        Self::new(common.key_id.clone(), key, &allowed, config)
    }

    fn new(
        id: Option<String>,
        key: DecodingKey,
        allowed: &[Algorithm],
        config: &JwtConfig,
    ) -> Result<Self, UnusableKey> {
        let algorithms: Vec<Algorithm> =
            config.algorithms.iter().copied().filter(|algorithm| allowed.contains(algorithm)).collect();
        let Some(first) = algorithms.first() else {
            return Err(UnusableKey::Algorithms);
        };
        let mut validation = Validation::new(*first);
        validation.algorithms = algorithms;
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        Ok(Self { id, key, validation })
    }

    pub fn takes(&self, algorithm: Algorithm) -> bool {
        self.validation.algorithms.contains(&algorithm)
    }
}

/// The algorithms that fit this kind of key. The sizes are checked here because the verification relies on them: it
/// would panic on an Ed25519 key of fewer than 32 bytes.
fn algorithms_of(parameters: &AlgorithmParameters) -> Result<&'static [Algorithm], UnusableKey> {
    let size = |part: &str| decoded(part).map(|bytes| bytes.len());
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = decoded(&rsa.n).ok_or(UnusableKey::NotPublic)?;
            if !RSA_MODULUS.contains(&modulus.iter().skip_while(|byte| **byte == 0).count()) {
                return Err(UnusableKey::Size);
            }
            Ok(&[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ])
        }
        AlgorithmParameters::EllipticCurve(point) => match (&point.curve, size(&point.x), size(&point.y)) {
            (EllipticCurve::P256, Some(32), Some(32)) => Ok(&[Algorithm::ES256]),
            (EllipticCurve::P384, Some(48), Some(48)) => Ok(&[Algorithm::ES384]),
            _ => Err(UnusableKey::NotPublic),
        },
        AlgorithmParameters::OctetKeyPair(point) => match (&point.curve, size(&point.x)) {
            (EllipticCurve::Ed25519, Some(32)) => Ok(&[Algorithm::EdDSA]),
            _ => Err(UnusableKey::NotPublic),
        },
        // A shared secret that is published is none.
        _ => Err(UnusableKey::NotPublic),
    }
}

/// Base64url, as it stands in a JWK.
fn decoded(part: &str) -> Option<Vec<u8>> {
    let key = DecodingKey::from_ed_components(part).ok()?;
    key.try_get_as_bytes().ok().map(<[u8]>::to_vec)
}
