//! Tokens of an identity provider whose published keys a small server in the test hands out.

use std::sync::{Arc, LazyLock};

use actix_web::{App, HttpResponse, HttpServer, web};
use flattap::config::{JwtConfig, JwtKeys};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, get_current_timestamp};
use parking_lot::Mutex;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use reqwest::Method;
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::DAY;
use crate::support::{Answer, Setup, TestGateway};

const ISSUER: &str = "https://login.example.com/";
const SECRET: &str = "a secret of the test, longer than 32 bytes";

struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    public: Value,
    public_pem: String,
}

impl Signer {
    fn p256() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        Self {
            key: EncodingKey::from_ec_der(pair.serialized_der()),
            algorithm: Algorithm::ES256,
            public: jwk(&DecodingKey::from_ec_der(pair.public_key_raw())),
            public_pem: pair.public_key_pem(),
        }
    }

    fn rsa() -> Self {
        let made = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        let key = EncodingKey::from_rsa_der(made.to_pkcs1_der().unwrap().as_bytes());
        let public = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap()).unwrap();
        Self { key, algorithm: Algorithm::RS256, public, public_pem: String::new() }
    }

    fn named(&self, id: &str) -> Value {
        let mut jwk = self.public.clone();
        jwk["kid"] = id.into();
        jwk
    }

    fn sign(&self, id: &str, claims: &Value) -> String {
        let header = Header { kid: Some(id.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }
}

fn jwk(key: &DecodingKey) -> Value {
    serde_json::to_value(Jwk::from_decoding_key(key, None).unwrap()).unwrap()
}

static P256: LazyLock<Signer> = LazyLock::new(Signer::p256);
static RSA: LazyLock<Signer> = LazyLock::new(Signer::rsa);

/// An identity provider: its address, and the key set that it publishes.
struct Provider {
    url: String,
    published: Arc<Mutex<Value>>,
}

impl Provider {
    fn start(keys: &[Value]) -> Self {
        let published = Arc::new(Mutex::new(json!({"keys": keys})));
        let shown = published.clone();
        let server = HttpServer::new(move || {
            let shown = shown.clone();
            let show = move || {
                let set = shown.lock().clone();
                async move { HttpResponse::Ok().json(set) }
            };
            App::new().route("/jwks.json", web::get().to(show))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a free port");
        let url = format!("http://{}/jwks.json", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, published }
    }

    fn setup(&self, algorithms: &[Algorithm]) -> Setup {
        accepting(algorithms, JwtKeys::Jwks { url: self.url.parse().unwrap() })
    }
}

fn accepting(algorithms: &[Algorithm], keys: JwtKeys) -> Setup {
    let jwt =
        JwtConfig { issuer: ISSUER.to_owned(), audience: "flattap".to_owned(), algorithms: algorithms.to_vec(), keys };
    Setup::default().config(move |config| config.auth.jwt = Some(jwt.clone()))
}

/// Claims that are good in every respect.
fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": "flattap",
        "exp": get_current_timestamp() + 600,
        "sub": "ann",
        "flattap_accounts": ["main"],
        "flattap_tables": "events event_*",
        "flattap_events": ["Charged"],
        "flattap_pii": "clear",
    })
}

/// The good claims with one changed; null takes it away.
fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    claims
}

async fn ask(gateway: &TestGateway, token: &str) -> Answer {
    let path = format!("/v1/events.csv?event=Charged&{DAY}");
    gateway.send(gateway.bare(Method::GET, &path).bearer_auth(token)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_gives_what_its_claims_say() {
    let provider = Provider::start(&[P256.named("ec"), RSA.named("rsa")]);
    let gateway = TestGateway::with(provider.setup(&[Algorithm::ES256, Algorithm::RS256])).await;
    let expected = gateway.get(&format!("/v1/events.csv?event=Charged&{DAY}")).await.good().text();
    for token in [P256.sign("ec", &claims()), RSA.sign("rsa", &claims())] {
        assert_eq!(ask(&gateway, &token).await.good().text(), expected);
        let foreign =
            gateway.bare(Method::GET, &format!("/v1/events.csv?event=App%20Launched&{DAY}")).bearer_auth(&token);
        gateway.send(foreign).await.refused(404, "table_unknown_event");
        let elsewhere = gateway.bare(Method::GET, "/v1/tables").header("x-api-key", &token);
        gateway.send(elsewhere).await.refused(401, "auth_invalid");
        let wish = gateway.bare(Method::POST, "/v1/refresh").bearer_auth(&token);
        gateway.send(wish).await.refused(403, "auth_forbidden");
    }
    let several = but("aud", json!(["else", "flattap"]));
    ask(&gateway, &P256.sign("ec", &several)).await.good();
    let hashed = ask(&gateway, &P256.sign("ec", &but("flattap_pii", Value::Null))).await.good().csv();
    assert!(
        hashed.rows.iter().filter_map(|row| row.get("email")).all(|email| email.len() == 32),
        "hash is the default"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_secret_signs_tokens_too() {
    let gateway = TestGateway::with(accepting(&[Algorithm::HS256], JwtKeys::Secret(SecretString::from(SECRET)))).await;
    let sign = |secret: &str| {
        encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    ask(&gateway, &sign(SECRET)).await.good();
    ask(&gateway, &sign("another secret, longer than 32 bytes!")).await.refused(401, "auth_invalid");
    ask(&gateway, &P256.sign("ec", &claims())).await.refused(401, "auth_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_anything_wrong_is_no_credential() {
    let provider = Provider::start(&[P256.named("ec"), RSA.named("rsa")]);
    let gateway = TestGateway::with(provider.setup(&[Algorithm::ES256, Algorithm::RS256])).await;
    let now = get_current_timestamp();
    let good = P256.sign("ec", &claims());
    ask(&gateway, &good).await.good();
    let parts: Vec<&str> = good.split('.').collect();
    let foreign = Signer::p256();
    let wider = P256.sign("ec", &but("flattap_events", json!(["*"])));
    let other_payload = wider.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"JWT"}
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let by_public_key = |secret: &[u8]| {
        let header = Header { kid: Some("ec".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(), &EncodingKey::from_secret(secret)).unwrap()
    };
    for (what, token) in [
        ("not signed", format!("{unsigned}.{}.", parts[1])),
        ("not signed, with a signature", format!("{unsigned}.{}.{}", parts[1], parts[2])),
        ("signature left away", format!("{}.{}.", parts[0], parts[1])),
        ("another payload", format!("{}.{other_payload}.{}", parts[0], parts[2])),
        ("the public key as a secret", by_public_key(P256.public_pem.as_bytes())),
        ("the published key as a secret", by_public_key(P256.named("ec").to_string().as_bytes())),
        ("another key under a known name", foreign.sign("ec", &claims())),
        ("the key of another kind", P256.sign("rsa", &claims())),
        ("an unknown key", foreign.sign("new", &claims())),
        ("a foreign audience", P256.sign("ec", &but("aud", json!("else")))),
        ("no audience", P256.sign("ec", &but("aud", Value::Null))),
        ("an empty audience", P256.sign("ec", &but("aud", json!([])))),
        ("a foreign issuer", P256.sign("ec", &but("iss", json!("https://login.example.com")))),
        ("no issuer", P256.sign("ec", &but("iss", Value::Null))),
        ("several issuers", P256.sign("ec", &but("iss", json!([ISSUER, "x"])))),
        ("expired", P256.sign("ec", &but("exp", json!(now - 120)))),
        ("no end", P256.sign("ec", &but("exp", Value::Null))),
        ("an end that is no number", P256.sign("ec", &but("exp", json!("tomorrow")))),
        ("not valid yet", P256.sign("ec", &but("nbf", json!(now + 600)))),
        ("an unknown mode", P256.sign("ec", &but("flattap_pii", json!("none")))),
        ("not a token", "a.b.c".to_owned()),
        ("only dots", "..".to_owned()),
    ] {
        let answer = ask(&gateway, &token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        answer.refused(401, "auth_invalid");
        assert!(!answer.text().contains(parts[2]) && answer.header("www-authenticate").starts_with("Basic"), "{what}");
    }
    // Within the leeway of clocks.
    ask(&gateway, &P256.sign("ec", &but("exp", json!(now - 5)))).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_scope_grants_nothing() {
    let provider = Provider::start(&[P256.named("ec")]);
    let gateway = TestGateway::with(provider.setup(&[Algorithm::ES256])).await;
    for (claim, code) in [
        ("flattap_accounts", "table_unknown_account"),
        ("flattap_tables", "table_unknown"),
        ("flattap_events", "table_unknown_event"),
    ] {
        ask(&gateway, &P256.sign("ec", &but(claim, Value::Null))).await.refused(404, code);
        ask(&gateway, &P256.sign("ec", &but(claim, json!("")))).await.refused(404, code);
        ask(&gateway, &P256.sign("ec", &but(claim, json!([])))).await.refused(404, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_of_the_provider_is_taken_and_the_old_one_forgotten() {
    let provider = Provider::start(&[P256.named("old")]);
    let mut gateway = TestGateway::with(provider.setup(&[Algorithm::ES256])).await;
    let new = Signer::p256();
    ask(&gateway, &P256.sign("old", &claims())).await.good();
    ask(&gateway, &new.sign("new", &claims())).await.refused(401, "auth_invalid");
    *provider.published.lock() = json!({"keys": [new.named("new")]});
    // A running gateway asks again for an unknown key after half a minute; a fresh one at once.
    gateway.restart().await;
    ask(&gateway, &new.sign("new", &claims())).await.good();
    ask(&gateway, &P256.sign("old", &claims())).await.refused(401, "auth_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_providers_keys_tokens_wait_and_keys_work() {
    let provider = Provider::start(&[]);
    let gateway = TestGateway::with(provider.setup(&[Algorithm::ES256])).await;
    let answer = ask(&gateway, &P256.sign("ec", &claims())).await;
    answer.refused(503, "auth_unavailable");
    answer.header("retry-after");
    gateway.get("/v1/tables").await.good();
}
