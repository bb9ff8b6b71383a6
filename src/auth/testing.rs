//! An identity provider for tests: keys of every kind, made here and now, and tokens signed with them.

use std::sync::LazyLock;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, get_current_timestamp};
use p256::elliptic_curve::bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use p256::elliptic_curve::bigint::{Encoding, NonZero, U1024, U2048};
use rand::RngCore;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use serde_json::{Value, json};
use url::Url;

use crate::config::{JwtConfig, JwtKeys};

pub const ISSUER: &str = "https://login.example.com/";
pub const AUDIENCE: &str = "flattap";
pub const SECRET: &str = "a secret of the test, longer than 32 bytes";

/// A key that signs, its public half as JWK and as PEM.
pub struct Signer {
    pub key: EncodingKey,
    pub jwk: Value,
    pub pem: String,
}

impl Signer {
    fn new(key: EncodingKey, public: &DecodingKey, pem: String) -> Self {
        let jwk = serde_json::to_value(Jwk::from_decoding_key(public, None).unwrap()).unwrap();
        Self { key, jwk, pem }
    }

    pub fn p256() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let public = DecodingKey::from_ec_der(pair.public_key_raw());
        Self::new(EncodingKey::from_ec_der(pair.serialized_der()), &public, pair.public_key_pem())
    }

    pub fn p384() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let public = DecodingKey::from_ec_der(pair.public_key_raw());
        Self::new(EncodingKey::from_ec_der(pair.serialized_der()), &public, pair.public_key_pem())
    }

    pub fn ed25519() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let public = DecodingKey::from_ed_der(pair.public_key_raw());
        Self::new(EncodingKey::from_ed_der(pair.serialized_der()), &public, pair.public_key_pem())
    }

    /// One for all tests: finding the primes takes a moment.
    pub fn rsa() -> &'static Self {
        static RSA: LazyLock<Signer> = LazyLock::new(|| {
            let (pkcs1, pkcs8) = rsa_key();
            let pair = KeyPair::try_from(pkcs8.as_slice()).unwrap();
            let public = DecodingKey::from_rsa_der(pair.public_key_raw());
            Signer::new(EncodingKey::from_rsa_der(&pkcs1), &public, pair.public_key_pem())
        });
        &RSA
    }

    pub fn shared() -> EncodingKey {
        EncodingKey::from_secret(SECRET.as_bytes())
    }

    /// The JWK with further members.
    pub fn jwk_with(&self, members: Value) -> Value {
        let mut jwk = self.jwk.clone();
        let further = members.as_object().unwrap().clone();
        jwk.as_object_mut().unwrap().extend(further);
        jwk
    }
}

/// A configuration that accepts these algorithms, with keys from wherever the test wants them.
pub fn accepting(algorithms: &[Algorithm], keys: JwtKeys) -> JwtConfig {
    JwtConfig { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned(), algorithms: algorithms.to_vec(), keys }
}

pub fn published(url: &str) -> JwtKeys {
    JwtKeys::Jwks { url: Url::parse(url).unwrap() }
}

/// Claims that are good in every respect.
pub fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": get_current_timestamp() + 600,
        "nbf": get_current_timestamp() - 600,
        "sub": "ann",
        "flattap_accounts": ["main"],
        "flattap_tables": "events event_*",
        "flattap_events": ["App Launched"],
        "flattap_pii": "clear",
    })
}

/// The good claims with some changed; null takes one away.
pub fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub fn token(key: &EncodingKey, algorithm: Algorithm, id: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, key).unwrap()
}

/// Base64url without padding, to write tokens that no library would.
pub fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let group = |group: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        (0..=group.len()).map(move |at| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize])).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

/// An RSA key of 2048 bits as PKCS #1 and as PKCS #8. Neither the JWT library nor the TLS one makes keys of this kind.
fn rsa_key() -> (Vec<u8>, Vec<u8>) {
    const E: u64 = 65_537;
    let (p, q) = loop {
        let (p, q) = (prime(), prime());
        if p > q {
            break (p, q);
        }
    };
    let (p_less, q_less) = (p.wrapping_sub(&U1024::ONE), q.wrapping_sub(&U1024::ONE));
    let (n, phi): (U2048, U2048) = (p.mul(&q), p_less.mul(&q_less));
    // d = (1 + k·phi) / e for the one k below e that makes it whole.
    let e = NonZero::new(U2048::from_u64(E)).unwrap();
    let phi_in_e = phi.rem(&e).as_words()[0];
    let k = (1..E).find(|k| (1 + k * phi_in_e) % E == 0).unwrap();
    // phi has 2048 bits and k up to 16 more, so divide first: phi = e·whole + rest.
    let (whole, rest) = phi.div_rem(&e);
    let small = (1 + k * rest.as_words()[0]) / E;
    let d = whole.wrapping_mul(&U2048::from_u64(k)).wrapping_add(&U2048::from_u64(small));
    let in_half = |d: &U2048, modulus: &U1024| {
        let wide: U2048 = U2048::from_be_slice(&[[0; 128], modulus.to_be_bytes()].concat());
        d.rem(&NonZero::new(wide).unwrap()).to_be_bytes()
    };
    let inverse = power(&q, &p.wrapping_sub(&U1024::from_u8(2)), &p);
    let pkcs1 = sequence(&[
        integer(&[0]),
        integer(&n.to_be_bytes()),
        integer(&E.to_be_bytes()),
        integer(&d.to_be_bytes()),
        integer(&p.to_be_bytes()),
        integer(&q.to_be_bytes()),
        integer(&in_half(&d, &p_less)),
        integer(&in_half(&d, &q_less)),
        integer(&inverse.to_be_bytes()),
    ]);
    const RSA_ENCRYPTION: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let algorithm = sequence(&[RSA_ENCRYPTION.to_vec(), vec![0x05, 0x00]]);
    let pkcs8 = sequence(&[integer(&[0]), algorithm, tagged(0x04, &pkcs1)]);
    (pkcs1, pkcs8)
}

fn power(base: &U1024, exponent: &U1024, modulus: &U1024) -> U1024 {
    DynResidue::new(base, DynResidueParams::new(modulus)).pow(exponent).retrieve()
}

/// A probable prime of 1024 bits whose two upper bits are set, and which leaves 2 when divided by 3 … as long as it
/// is fit for e = 65537: that divides p - 1 almost never.
fn prime() -> U1024 {
    const SMALL: [u16; 24] =
        [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];
    let divides = |small: u64, number: &U1024| {
        *number.rem(&NonZero::new(U1024::from_u64(small)).unwrap()).as_words() == *U1024::ZERO.as_words()
    };
    loop {
        let mut bytes = [0u8; 128];
        rand::rng().fill_bytes(&mut bytes);
        bytes[0] |= 0xc0;
        // 3 modulo 4: then one power tells whether 2 is a witness against it.
        bytes[127] |= 0x03;
        let candidate = U1024::from_be_slice(&bytes);
        if SMALL.iter().any(|small| divides(u64::from(*small), &candidate)) {
            continue;
        }
        let less = candidate.wrapping_sub(&U1024::ONE);
        let half = less.shr_vartime(1);
        let is_probable = [2u8, 3, 5, 7, 11].iter().all(|witness| {
            let found = power(&U1024::from_u8(*witness), &half, &candidate);
            found == U1024::ONE || found == less
        });
        if is_probable && !divides(65_537, &less) {
            return candidate;
        }
    }
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head.as_slice(), content].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let bare: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign: &[u8] = if bare.first().is_none_or(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    tagged(0x02, &[sign, &bare].concat())
}
